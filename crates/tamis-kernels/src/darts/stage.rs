//! One stage of a convolution: a depthwise kernel on framed planes, then a 1x1 kernel.
//!
//! The ReLU before it is applied by whoever fills the frame, the normalisation after it by whoever
//! reads the result.

use super::layout::{Plan, STAGES};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::correlate_weights::{Lanes, WeightCorrelation};
use crate::depthwise::{Columns, Depthwise, Tap, taps};
use crate::depthwise_weights::DepthwiseWeights;
use crate::frame::Map;
use crate::plane_products::plane_products;
use crate::simd::WIDE;
use crate::transpose::planes_to_pixels;

/// The kernels of one stage of one edge.
pub(super) struct StageKernel {
    depthwise: Depthwise,
    pointwise: Correlation,
}

/// Which stage of which edge.
#[derive(Clone, Copy)]
pub(super) struct StageOf {
    pub(super) source: usize,
    pub(super) node: usize,
    /// Place in [`STAGES`].
    pub(super) stage: usize,
    /// Of its depthwise kernel.
    pub(super) stride: usize,
}

impl StageOf {
    fn taps(&self) -> Vec<Tap> {
        taps(STAGES[self.stage].size, STAGES[self.stage].dilation, self.stride)
    }

    /// Depthwise and 1x1 weights, of all weights of the cell.
    fn weights<'a>(&self, plan: &Plan, weights: &'a [f32]) -> [&'a [f32]; 2] {
        let edge = &weights[plan.edge_weights(self.source, self.node)];
        plan.stage_weights(self.source, self.stage).map(|range| &edge[range])
    }

    fn depthwise(&self, plan: &Plan, columns: Columns, weights: &[f32]) -> Depthwise {
        Depthwise::new(plan.level, &plan.frame, columns, weights, STAGES[self.stage].taps())
    }

    fn columns(&self, plan: &Plan) -> Columns {
        Columns::forward(&plan.frame, &self.taps(), self.stride * self.stride)
    }
}

/// Offsets of dense planes.
pub(super) fn offsets(plan: &Plan, planes: usize) -> Vec<usize> {
    (0..planes).map(|plane| plane * plan.geometry.flat).collect()
}

impl StageKernel {
    pub(super) fn new(plan: &Plan, weights: &[f32], of: StageOf) -> StageKernel {
        let channels = plan.shape.channels;
        let [depthwise, pointwise] = of.weights(plan, weights);
        let offsets = offsets(plan, channels);
        StageKernel {
            depthwise: of.depthwise(plan, of.columns(plan), depthwise),
            pointwise: Correlation::new(plan.level, offsets, channels, |output, input| {
                pointwise[output * channels + input]
            }),
        }
    }

    /// Writes the dense result of the depthwise kernel of one channel, from its framed planes, into
    /// its plane of `between`. What lies after the pixels there must be zero and stays so.
    pub(super) fn channel(&self, plan: &Plan, channel: usize, framed: &[f32], between: &mut [f32]) {
        let between = &mut between[channel * plan.geometry.flat..][..plan.geometry.flat];
        self.depthwise.channel(channel, framed, between, false);
    }

    /// Writes the dense planes of one image, once `between` holds all channels.
    pub(super) fn mix(&self, plan: &Plan, between: &[f32], to: &mut [f32]) {
        self.pointwise.apply(between, to, plan.geometry.flat);
    }
}

/// The gradients of one stage of one edge.
pub(super) struct StageGradient {
    of: StageOf,
    depthwise: Depthwise,
    /// Of each phase of the source, unless no tap reads it.
    to_source: Vec<Depthwise>,
    to_between: Correlation,
    /// Of the 1x1 weights over pixels, if they are whole vectors and planes are small.
    lanes: Option<Lanes>,
}

/// Most floats of a plane whose 1x1 weight gradients are taken pixel by pixel: adding up the lanes of
/// every pair of planes would take as long as the products.
const SMALL_PLANE: usize = 256;

/// Buffers of one thread.
pub(super) struct StageScratch {
    /// Dense gradients of the results before normalisation.
    pub(super) results: Buffer,
    /// Dense results of the depthwise kernel, zero after the pixels.
    between: Buffer,
    /// Their dense gradients.
    gradient: Buffer,
    /// That of one channel, framed.
    framed: Buffer,
    /// `between`, pixel by pixel.
    pixels: Buffer,
}

impl StageScratch {
    pub(super) fn new(plan: &Plan) -> StageScratch {
        StageScratch {
            results: Buffer::take(plan.node()),
            between: take_zeros(plan.node()),
            gradient: Buffer::take(plan.node()),
            framed: plan.frame.take(1, 0.0),
            pixels: Buffer::take(plan.node()),
        }
    }
}

/// A buffer of zeros.
pub(super) fn take_zeros(len: usize) -> Buffer {
    let mut buffer = Buffer::take(len);
    buffer.fill(0.0);
    buffer
}

impl StageGradient {
    pub(super) fn new(plan: &Plan, weights: &[f32], of: StageOf) -> StageGradient {
        let channels = plan.shape.channels;
        let [depthwise, pointwise] = of.weights(plan, weights);
        let to_source = (0..of.stride * of.stride).map(|phase| {
            let columns = Columns::backward(&plan.frame, &of.taps(), phase);
            of.depthwise(plan, columns, depthwise)
        });
        let offsets = offsets(plan, channels);
        StageGradient {
            of,
            depthwise: of.depthwise(plan, of.columns(plan), depthwise),
            to_source: to_source.collect(),
            lanes: (channels.is_multiple_of(WIDE) && plan.geometry.flat <= SMALL_PLANE)
                .then(|| Lanes::new(&[0], channels)),
            to_between: Correlation::new(plan.level, offsets, channels, |input, output| {
                pointwise[output * channels + input]
            }),
        }
    }

    /// Takes the gradients in `scratch.results` back through the 1x1 kernel. Then follow
    /// [`StageGradient::channel`] for every channel, so that what belongs to a channel is done while
    /// it is in the first-level cache, and [`StageGradient::end`].
    pub(super) fn begin(&self, plan: &Plan, scratch: &mut StageScratch) {
        self.to_between.apply(&scratch.results, &mut scratch.gradient, plan.geometry.flat);
    }

    /// From one channel's framed planes of the source: adds to `sums`, the weights of the edge, and
    /// writes or adds (`keep`) the source's gradient, all phases of the channel; either may be empty.
    pub(super) fn channel(
        &self,
        plan: &Plan,
        (channel, framed): (usize, &[f32]),
        scratch: &mut StageScratch,
        sums: &mut [f32],
        (to, keep): (&mut [f32], bool),
    ) {
        let flat = plan.geometry.flat;
        let gradient = &scratch.gradient[channel * flat..][..flat];
        if !sums.is_empty() {
            let between = &mut scratch.between[channel * flat..][..flat];
            self.depthwise.channel(channel, framed, between, false);
            let [depthwise, _] = plan.stage_weights(self.of.source, self.of.stage);
            let taps = STAGES[self.of.stage].taps();
            let sums = &mut sums[depthwise][channel * taps..][..taps];
            let job = DepthwiseWeights { frame: &plan.frame, columns: &self.depthwise.columns };
            job.channel(plan.level, framed, gradient, sums);
        }
        if to.is_empty() {
            return;
        }
        plan.frame.fill(plan.level, Map::COPY, gradient, &mut scratch.framed);
        for (kernel, to) in self.to_source.iter().zip(to.chunks_exact_mut(flat)) {
            kernel.channel(channel, &scratch.framed, to, keep);
        }
    }

    /// Adds to `sums`, unless it is empty, the gradient of the 1x1 kernel.
    pub(super) fn end(&self, plan: &Plan, scratch: &mut StageScratch, sums: &mut [f32]) {
        if sums.is_empty() {
            return;
        }
        let [_, pointwise] = plan.stage_weights(self.of.source, self.of.stage);
        let (sums, plane) = (&mut sums[pointwise], plan.geometry.flat);
        let Some(lanes) = &self.lanes else {
            let planes = [&scratch.results[..], &scratch.between[..]];
            return plane_products(plan.level, plane, planes, sums);
        };
        planes_to_pixels(plan.level, &scratch.between, plane, &mut scratch.pixels);
        let job = WeightCorrelation {
            geometry: &plan.geometry,
            lanes,
            source: &scratch.pixels,
            pixel: plan.shape.channels,
            gradient: &scratch.results,
            plane,
            outputs: plan.shape.channels,
        };
        job.accumulate(plan.level, sums);
    }
}
