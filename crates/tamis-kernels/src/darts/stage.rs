//! The stages of a cell's edges: which of [`crate::stage`] they are, and where their weights lie.

use super::entries::Part;
use super::layout::Plan;
use super::numbering::STAGES;
use crate::stage::{self, StageKernel, StageScratch, StageShape};
use std::ops::Range;

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
    fn shape(&self, plan: &Plan) -> StageShape {
        let channels = plan.mixed();
        let of = STAGES[self.stage];
        StageShape {
            inputs: channels,
            outputs: channels,
            size: of.size,
            dilation: of.dilation,
            stride: self.stride,
            pointwise: true,
        }
    }

    /// Depthwise and 1x1 weights, of all weights of the cell.
    fn weights<'a>(&self, plan: &Plan, weights: &'a [f32]) -> [&'a [f32]; 2] {
        let part = plan.part_weights(self.source, self.node, Part::Stage(self.stage));
        let (depthwise, pointwise) =
            weights[part].split_at(STAGES[self.stage].taps() * plan.mixed());
        [depthwise, pointwise]
    }

    pub(super) fn kernel(&self, plan: &Plan, weights: &[f32]) -> StageKernel {
        StageKernel::new(plan.planes(), &self.shape(plan), self.weights(plan, weights))
    }

    pub(super) fn gradient(&self, plan: &Plan, weights: &[f32]) -> StageGradient {
        let kernel =
            stage::StageGradient::new(plan.planes(), self.shape(plan), self.weights(plan, weights));
        let sums = plan.sums_of(self.source, self.node, Part::Stage(self.stage));
        StageGradient { kernel, sums }
    }
}

/// Buffers of one thread, for any stage of the cell.
pub(super) fn scratch(plan: &Plan) -> StageScratch {
    StageScratch::new(plan.planes(), plan.mixed(), plan.mixed())
}

/// The gradients of one stage of one edge, whose sums are those of all weights of its source or nothing.
pub(super) struct StageGradient {
    kernel: stage::StageGradient,
    /// Of the stage, among those of the source.
    sums: Range<usize>,
}

impl StageGradient {
    /// See [`stage::StageGradient::begin`].
    pub(super) fn begin(&self, scratch: &mut StageScratch) {
        self.kernel.begin(scratch);
    }

    /// See [`stage::StageGradient::channel`].
    pub(super) fn channel(
        &self,
        plan: &Plan,
        of_channel: (usize, &[f32]),
        scratch: &mut StageScratch,
        sums: &mut [f32],
        to: (&mut [f32], bool),
    ) {
        self.kernel.channel(plan.planes(), of_channel, scratch, self.own(sums), to);
    }

    /// See [`stage::StageGradient::end`].
    pub(super) fn end(&self, plan: &Plan, scratch: &mut StageScratch, sums: &mut [f32]) {
        self.kernel.end(plan.planes(), scratch, self.own(sums));
    }

    fn own<'a>(&self, sums: &'a mut [f32]) -> &'a mut [f32] {
        if sums.is_empty() { sums } else { &mut sums[self.sums.clone()] }
    }
}
