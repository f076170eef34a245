//! The sums over pixels that batch normalisation passes back, for the gradient of one node.

use super::Saved;
use super::layout::{CONVOLUTIONS, POINTWISE};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::reduce::{products_of, sum};

/// Sums that belong to each channel of a node: first `sum(g)`, then `sum(g (y - mean))` for each
/// source and convolution.
pub(super) fn sums_of(node: usize) -> usize {
    1 + node * CONVOLUTIONS.len()
}

/// Takes the sums of one node.
pub(super) struct Summation<'a> {
    saved: &'a Saved,
    node: usize,
    /// The 1x1 convolution of each source, where it runs and is not kept.
    kernels: Vec<Option<Correlation>>,
}

/// Flat planes of one 1x1 convolution, of one thread.
pub(super) struct Scratch {
    pointwise: Buffer,
}

impl<'a> Summation<'a> {
    pub(super) fn new(saved: &'a Saved, weights: &[f32], node: usize) -> Self {
        let kernel = |source| saved.plan.pointwise(weights, (source, node), |_| 1.0, false);
        let again = |source| {
            !saved.plan.keeps(POINTWISE) && saved.plan.runs(source, node, POINTWISE.operation)
        };
        let kernels = (0..node).map(|source| again(source).then(|| kernel(source)));
        Summation { saved, node, kernels: kernels.collect() }
    }

    pub(super) fn scratch(&self) -> Scratch {
        Scratch { pointwise: Buffer::take(self.saved.plan.node()) }
    }

    /// Writes the sums of one image's gradient, `[channel, sum]`, but for those of what does not run.
    pub(super) fn image(
        &self,
        image: usize,
        gradient: &[f32],
        sums: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let plan = &self.saved.plan;
        let each = sums_of(self.node);
        let planes = || gradient.chunks_exact(plan.geometry.flat);
        for (gradient, sums) in planes().zip(sums.chunks_exact_mut(each)) {
            sums[0] = sum(plan.level, gradient);
        }
        for (number, kernel) in self.kernels.iter().enumerate() {
            let source = &self.saved.sources[number];
            if let Some(kernel) = kernel {
                let value = plan.image(&source.value, image);
                kernel.apply(value, &mut scratch.pointwise);
            }
            let [spatial, pointwise] = self.places(number);
            let mean = |plane: usize| source.statistics[plane].mean as f32;
            for (channel, gradient) in planes().enumerate() {
                let of_spatial = spatial.map(|first| {
                    (mean(first + channel), source.convolved(plan, image, first + channel))
                });
                let of_pointwise = pointwise.map(|first| {
                    let plane = if kernel.is_none() {
                        source.convolved(plan, image, first + channel)
                    } else {
                        plan.geometry.plane(&scratch.pointwise, channel)
                    };
                    (mean(first + channel), plane)
                });
                let first = channel * each + 1 + number * 2;
                let found = products_of(plan.level, gradient, [of_spatial, of_pointwise]);
                sums[first..first + 2].copy_from_slice(&found);
            }
        }
    }

    /// First planes of the convolutions of one source that run.
    fn places(&self, source: usize) -> [Option<usize>; 2] {
        let plan = &self.saved.plan;
        CONVOLUTIONS.map(|of| {
            let runs = plan.runs(source, self.node, of.operation);
            runs.then(|| plan.plane(source, self.node, of))
        })
    }
}
