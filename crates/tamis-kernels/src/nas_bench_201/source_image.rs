//! One image of the backward pass of one source.

use super::layout::{CONVOLUTIONS, OUTPUT, POOL, Plan, SKIP};
use super::source_gradient::{Chunk, Scratch, SourceGradient};
use super::summation::sums_of;
use crate::buffer::Buffer;
use crate::correlate_weights::WeightCorrelation;
use crate::elementwise::{Term, add, add_neighbours, combine, multiply, relu, relu_backward};
use crate::reduce::products_of;
use crate::schedule::item;

impl<'a> SourceGradient<'a> {
    /// Fills the bordered planes of one image: gradients of the convolutions.
    pub(super) fn prepare(&self, image: usize, scratch: &mut Scratch) {
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        let source = &self.saved.sources[self.source];
        let value = self.plan.image(&source.value, image);
        if let Some(kernel) = &self.pointwise {
            kernel.apply(value, &mut scratch.pointwise);
        }
        let kept = self.plan.kept_planes(self.source);
        let mut planes = scratch.convolved.chunks_exact_mut(geometry.bordered).enumerate();
        for (_, destination) in self.plan.convolutions(self.source) {
            for (channel, (plane, to)) in planes.by_ref().take(shape.channels).enumerate() {
                let convolved = if plane < kept {
                    source.convolved(self.plan, image, plane)
                } else {
                    self.plan.geometry.plane(&scratch.pointwise, plane - kept)
                };
                let gradient = self.gradient(destination, image, channel);
                self.normalisation[plane].apply(level, geometry, [gradient, convolved], to);
            }
        }
    }

    /// Adds the weight gradients of one prepared image.
    pub(super) fn add_weights(&self, image: usize, scratch: &mut Scratch, sums: &mut [f32]) {
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        if sums.is_empty() {
            return;
        }
        let value = self.plan.image(&self.saved.sources[self.source].value, image);
        relu(level, &mut scratch.passed, value);
        geometry.fill_pixels(level, &scratch.passed, &mut scratch.pixels);
        let mut first = geometry.front;
        for of in CONVOLUTIONS {
            let outputs = self.plan.outputs(self.source, of);
            if outputs == 0 {
                continue;
            }
            let job = WeightCorrelation {
                geometry,
                lanes: &self.plan.lanes[of.number],
                source: &scratch.pixels,
                pixel: shape.channels,
                gradient: &scratch.convolved[first..],
                plane: geometry.bordered,
                outputs,
            };
            job.accumulate(level, &mut sums[self.plan.weight_sums_of(self.source, of)]);
            first += outputs * geometry.bordered;
        }
    }

    /// Forms the gradient of the source for one prepared image, and its sums.
    pub(super) fn node_gradient(&self, image: usize, scratch: &mut Scratch, chunk: &mut Chunk<'_>) {
        if !self.gradient_wanted {
            return;
        }
        let geometry = &self.plan.geometry;
        if let Some(kernel) = &self.kernel {
            kernel.apply(&scratch.convolved, &mut scratch.passed);
        }
        let local = image - chunk.images.start;
        if self.source > 0 {
            let gradient = item(chunk.gradient, local, self.plan.node());
            for (channel, plane) in gradient.chunks_exact_mut(geometry.flat).enumerate() {
                self.node_plane(image, channel, plane, scratch);
            }
            let sums = self.plan.shape.channels * sums_of(self.source);
            let sums = item(chunk.sums, local, sums);
            self.summation.image(image, gradient, sums, &mut scratch.summation);
        } else {
            let mut plane = Buffer::take(geometry.flat);
            let input = item(chunk.input, local, self.plan.shape.channels * geometry.pixels());
            for (channel, rows) in input.chunks_exact_mut(geometry.pixels()).enumerate() {
                self.node_plane(image, channel, &mut plane, scratch);
                geometry.unflatten(&plane, rows);
            }
        }
    }

    /// Adds up one plane of the node's gradient: through ReLU, skip and pooling.
    fn node_plane(&self, image: usize, channel: usize, to: &mut [f32], scratch: &mut Scratch) {
        let Plan { level, ref geometry, .. } = *self.plan;
        let mut terms: [Term; OUTPUT] = [(0.0, &[]); OUTPUT];
        let skips = self.terms(&self.skip, [image, channel], &mut terms);
        if self.kernel.is_some() {
            to.copy_from_slice(geometry.plane(&scratch.passed, channel));
            let value = self.saved.sources[self.source].value(self.plan, image, channel);
            relu_backward(level, to, value);
            add(level, to, 0.0, skips, &geometry.mask);
        } else {
            combine(level, to, 0.0, skips, &geometry.mask);
        }
        if self.pool.is_empty() {
            return;
        }
        let pools = self.terms(&self.pool, [image, channel], &mut terms);
        let pooled = geometry.inner(&mut scratch.pooled);
        combine(level, pooled, 0.0, pools, &geometry.mask);
        multiply(level, pooled, &geometry.inverse_count);
        let corner = &scratch.pooled[geometry.tap(0, 0)..];
        add_neighbours(level, to, &geometry.ones, corner, geometry.stride);
    }

    /// The gradients of nodes, times shares.
    fn terms<'b>(
        &self,
        nodes: &[(usize, f32)],
        [image, channel]: [usize; 2],
        terms: &'b mut [Term<'a>; OUTPUT],
    ) -> &'b [Term<'a>] {
        for (term, &(destination, share)) in terms.iter_mut().zip(nodes) {
            *term = (share, self.gradient(destination, image, channel));
        }
        &terms[..nodes.len()]
    }

    /// Sums of products for the shares of skip and pooling: `[destination, (skip, pool)]`.
    pub(super) fn share_sums(&self, image: usize, scratch: &mut Scratch, sums: &mut [f32]) {
        if !self.shares_wanted {
            return;
        }
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        for channel in 0..shape.channels {
            let value = self.saved.sources[self.source].value(self.plan, image, channel);
            let pooled = &mut scratch.plane;
            if !self.pool.is_empty() {
                geometry.inner(&mut scratch.pooled).copy_from_slice(value);
                pooled.fill(0.0);
                let corner = &scratch.pooled[geometry.tap(0, 0)..];
                add_neighbours(level, pooled, &geometry.inverse_count, corner, geometry.stride);
            }
            for (destination, sums) in (self.source + 1..).zip(sums.chunks_exact_mut(2)) {
                let runs = |operation| self.plan.runs(self.source, destination, operation);
                let skip = runs(SKIP).then_some((0.0, value));
                let pool = runs(POOL).then_some((0.0, &pooled[..]));
                if skip.is_some() || pool.is_some() {
                    let gradient = self.gradient(destination, image, channel);
                    let [skip, pool] = products_of(level, gradient, [skip, pool]);
                    sums[0] += skip;
                    sums[1] += pool;
                }
            }
        }
    }

    /// One plane of the gradient of a destination.
    fn gradient(&self, destination: usize, image: usize, channel: usize) -> &'a [f32] {
        let plane = image * self.plan.shape.channels + channel;
        self.plan.geometry.plane(&self.nodes[OUTPUT - destination].planes, plane)
    }
}
