//! The two pools of a state: 3x3, border of one.

use super::layout::{POOLS, Plan};
use crate::buffer::Buffer;
use crate::depthwise::{Columns, Depthwise, taps};
use crate::elementwise::multiply;
use crate::frame::Map;
use crate::pool::{first_maximum, max_pool, max_pool_backward};

/// Both pools of one channel of a source.
pub(super) struct Pooling {
    /// Place of each tap for the first pixel.
    offsets: Vec<usize>,
    /// For each phase, tap and window of the first pixel.
    windows: Vec<Vec<(usize, usize)>>,
    /// The sum over the taps.
    sum: Depthwise,
    /// Its gradient, for each phase.
    to_phases: Vec<Depthwise>,
    /// One over the number of taps inside the image.
    inverse_count: Vec<f32>,
}

/// Buffers of one thread.
pub(super) struct PoolScratch {
    /// The phases of one channel, in a frame of minus infinity.
    lowest: Buffer,
    /// The same in a frame of zeros.
    zero: Buffer,
    /// Numbers of the maxima, framed.
    numbers: Buffer,
    /// A framed plane of a gradient.
    gradient: Buffer,
    /// A dense plane.
    pub(super) plane: Buffer,
}

impl PoolScratch {
    pub(super) fn new(plan: &Plan, source: usize) -> PoolScratch {
        let phases = plan.phases(source);
        PoolScratch {
            lowest: plan.frame.take(phases, f32::NEG_INFINITY),
            zero: plan.frame.take(phases, 0.0),
            numbers: plan.frame.take(1, -1.0),
            gradient: plan.frame.take(1, 0.0),
            plane: Buffer::take(plan.geometry.flat),
        }
    }
}

impl Pooling {
    pub(super) fn new(plan: &Plan, source: usize) -> Pooling {
        let (phases, frame) = (plan.phases(source), &plan.frame);
        let taps = taps(3, 1, plan.stride(source));
        let offsets =
            taps.iter().map(|tap| tap.phase * frame.len + frame.place(tap.row, tap.column));
        let windows = (0..phases).map(|phase| {
            let of_phase = taps.iter().enumerate().filter(|(_, tap)| tap.phase == phase);
            of_phase.map(|(number, tap)| (number, frame.place(-tap.row, -tap.column))).collect()
        });
        let ones = [1.0; 9];
        let sum = |columns| Depthwise::new(plan.level, frame, columns, &ones, ones.len());
        Pooling {
            offsets: offsets.collect(),
            windows: windows.collect(),
            sum: sum(Columns::forward(frame, &taps, phases)),
            to_phases: (0..phases)
                .map(|phase| sum(Columns::backward(frame, &taps, phase)))
                .collect(),
            inverse_count: inverse_count(plan, source),
        }
    }

    /// Writes the maximum and the mean of one channel.
    pub(super) fn apply(
        &self,
        plan: &Plan,
        value: &[f32],
        scratch: &mut PoolScratch,
        [maximum, mean]: [&mut [f32]; POOLS.len()],
    ) {
        self.frame(plan, value, &mut scratch.lowest);
        self.frame(plan, value, &mut scratch.zero);
        max_pool(plan.level, &plan.frame, &self.offsets, &scratch.lowest, maximum);
        plan.clear_rest(maximum);
        self.sum.channel(0, &scratch.zero, mean, false);
        plan.clear_rest(mean);
        multiply(plan.level, mean, &self.inverse_count);
    }

    fn frame(&self, plan: &Plan, value: &[f32], to: &mut [f32]) {
        let framed = to.chunks_exact_mut(plan.frame.len);
        for (dense, framed) in value.chunks_exact(plan.geometry.flat).zip(framed) {
            plan.frame.fill(plan.level, Map::COPY, dense, framed);
        }
    }

    /// Adds what comes back through the maximum, of gradient `scratch.plane`, to all phases `to` of
    /// one channel.
    pub(super) fn maximum_backward(
        &self,
        plan: &Plan,
        [value, maximum]: [&[f32]; 2],
        scratch: &mut PoolScratch,
        to: &mut [f32],
    ) {
        self.frame(plan, value, &mut scratch.lowest);
        let planes = [&scratch.lowest[..], maximum];
        first_maximum(plan.level, &plan.frame, &self.offsets, planes, &mut scratch.numbers);
        plan.frame.fill(plan.level, Map::COPY, &scratch.plane, &mut scratch.gradient);
        let planes = [&scratch.gradient[..], &scratch.numbers[..]];
        for (windows, to) in self.windows.iter().zip(to.chunks_exact_mut(plan.geometry.flat)) {
            max_pool_backward(plan.level, &plan.frame, windows, planes, to);
        }
    }

    /// As [`Pooling::maximum_backward`], through the mean.
    pub(super) fn mean_backward(&self, plan: &Plan, scratch: &mut PoolScratch, to: &mut [f32]) {
        multiply(plan.level, &mut scratch.plane, &self.inverse_count);
        plan.frame.fill(plan.level, Map::COPY, &scratch.plane, &mut scratch.gradient);
        for (kernel, to) in self.to_phases.iter().zip(to.chunks_exact_mut(plan.geometry.flat)) {
            kernel.channel(0, &scratch.gradient, to, true);
        }
    }
}

/// Counts the taps that lie in the image, by rows times columns.
fn inverse_count(plan: &Plan, source: usize) -> Vec<f32> {
    let stride = plan.stride(source);
    let reach = |at: usize, size: usize| {
        (0..3).filter(|tap| (1..=size).contains(&(at * stride + tap))).count()
    };
    let geometry = &plan.geometry;
    let mut inverse = vec![0.0; geometry.flat];
    for (at, inverse) in inverse.iter_mut().enumerate().take(geometry.pixels()) {
        let rows = reach(at / geometry.width, geometry.height * stride);
        let columns = reach(at % geometry.width, geometry.width * stride);
        *inverse = 1.0 / (rows * columns) as f32;
    }
    inverse
}
