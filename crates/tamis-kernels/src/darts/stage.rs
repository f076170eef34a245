//! One stage of a convolution: a depthwise kernel on framed planes, then a 1x1 kernel.
//!
//! The ReLU before it is applied by whoever fills the frame, the normalisation after it by whoever
//! reads the result.

use super::layout::{Plan, STAGES};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::depthwise::{Columns, Depthwise, Destination, Tap, taps};
use crate::depthwise_weights::DepthwiseWeights;
use crate::frame::Map;
use crate::plane_products::plane_products;

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

    /// Writes the dense planes of one image. `between` takes the depthwise result; what lies after
    /// its pixels must be zero and stays so.
    pub(super) fn apply(&self, plan: &Plan, framed: &[f32], between: &mut [f32], to: &mut [f32]) {
        let flat = plan.geometry.flat;
        self.depthwise.apply(framed, Destination { planes: between, step: flat, keep: false });
        self.pointwise.apply(between, to, flat);
    }
}

/// The gradients of one stage of one edge.
pub(super) struct StageGradient {
    of: StageOf,
    depthwise: Depthwise,
    /// Of each phase of the source, unless no tap reads it.
    to_source: Vec<Depthwise>,
    to_between: Correlation,
}

/// Buffers of one thread.
pub(super) struct StageScratch {
    /// Dense gradients of the results before normalisation.
    pub(super) results: Buffer,
    /// Dense results of the depthwise kernel, zero after the pixels.
    between: Buffer,
    /// Their dense gradients.
    gradient: Buffer,
    /// The same, framed.
    framed: Buffer,
}

impl StageScratch {
    pub(super) fn new(plan: &Plan) -> StageScratch {
        StageScratch {
            results: Buffer::take(plan.node()),
            between: take_zeros(plan.node()),
            gradient: Buffer::take(plan.node()),
            framed: plan.frame.take(plan.shape.channels, 0.0),
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
        let phases = 0..of.stride * of.stride;
        let to_phase = |phase| {
            let columns = Columns::backward(&plan.frame, &of.taps(), phase);
            of.depthwise(plan, columns, depthwise)
        };
        let offsets = offsets(plan, channels);
        StageGradient {
            of,
            depthwise: of.depthwise(plan, of.columns(plan), depthwise),
            to_source: phases.map(to_phase).collect(),
            to_between: Correlation::new(plan.level, offsets, channels, |input, output| {
                pointwise[output * channels + input]
            }),
        }
    }

    /// From `scratch.results` and the framed source: adds to `sums`, the weights of the edge, and
    /// writes or adds (`keep`) the source's gradient, `[channel, phase]`; either may be empty.
    pub(super) fn apply(
        &self,
        plan: &Plan,
        framed: &[f32],
        scratch: &mut StageScratch,
        sums: &mut [f32],
        (to, keep): (&mut [f32], bool),
    ) {
        let flat = plan.geometry.flat;
        self.to_between.apply(&scratch.results, &mut scratch.gradient, flat);
        if !sums.is_empty() {
            self.add_weights(plan, framed, scratch, sums);
        }
        if to.is_empty() {
            return;
        }
        let planes = scratch.framed.chunks_exact_mut(plan.frame.len);
        for (dense, framed) in scratch.gradient.chunks_exact(flat).zip(planes) {
            plan.frame.fill(plan.level, Map::COPY, dense, framed);
        }
        let step = self.to_source.len() * flat;
        for (phase, kernel) in self.to_source.iter().enumerate() {
            let planes = &mut to[phase * flat..];
            kernel.apply(&scratch.framed, Destination { planes, step, keep });
        }
    }

    fn add_weights(
        &self,
        plan: &Plan,
        framed: &[f32],
        scratch: &mut StageScratch,
        sums: &mut [f32],
    ) {
        let plane = plan.geometry.flat;
        let planes = &mut scratch.between;
        self.depthwise.apply(framed, Destination { planes, step: plane, keep: false });
        let [depthwise, pointwise] = plan.stage_weights(self.of.source, self.of.stage);
        plane_products(plan.level, plane, &scratch.results, &scratch.between, &mut sums[pointwise]);
        let job = DepthwiseWeights {
            frame: &plan.frame,
            columns: &self.depthwise.columns,
            taps: STAGES[self.of.stage].taps(),
            source: framed,
            gradient: &scratch.gradient,
            plane,
        };
        job.accumulate(plan.level, &mut sums[depthwise]);
    }
}
