//! The factorised reduction of a strided edge: one half of the channels from the pixels of even rows
//! and columns, the other from those of odd rows and columns.

use super::entries::Part;
use super::layout::Plan;
use crate::correlate::Correlation;
use crate::elementwise::{add, relu};
use crate::plane_products::plane_products;

/// The phases that are read.
const PHASES: [usize; 2] = [0, 3];

/// The kernels of one edge and their gradients.
pub(super) struct Reduction {
    halves: [Correlation; PHASES.len()],
    to_phases: [Correlation; PHASES.len()],
}

impl Reduction {
    /// Of the edge from `source` to `node`, of all weights of the cell.
    pub(super) fn new(plan: &Plan, weights: &[f32], source: usize, node: usize) -> Reduction {
        let channels = plan.mixed();
        let edge = &weights[plan.part_weights(source, node, Part::Reduction)];
        let of_half = |half: usize| &edge[half * channels * channels / 2..];
        let halves = [0, 1].map(|half| {
            let weights = of_half(half);
            let offsets = plan.geometry.offsets(channels);
            Correlation::new(plan.level, &plan.geometry, offsets, channels / 2, |output, input| {
                weights[output * channels + input]
            })
        });
        let to_phases = [0, 1].map(|half| {
            let weights = of_half(half);
            let offsets = plan.geometry.offsets(channels / 2);
            Correlation::new(plan.level, &plan.geometry, offsets, channels, |input, output| {
                weights[output * channels + input]
            })
        });
        Reduction { halves, to_phases }
    }

    /// Writes the ReLU of the phases that are read, `[phase, channel]`.
    pub(super) fn rectify(plan: &Plan, value: &[f32], to: &mut [f32]) {
        let flat = plan.geometry.flat;
        for (number, to) in to.chunks_exact_mut(flat).enumerate() {
            let (half, channel) = (number / plan.mixed(), number % plan.mixed());
            let plane = channel * 4 + PHASES[half];
            relu(plan.level, to, &value[plane * flat..][..flat]);
        }
    }

    /// Writes the planes of one image, from the result of [`Reduction::rectify`].
    pub(super) fn apply(&self, plan: &Plan, rectified: &[f32], to: &mut [f32]) {
        let halves = self.halves.iter().zip(rectified.chunks_exact(plan.mixed_node()));
        for ((kernel, source), to) in halves.zip(to.chunks_exact_mut(plan.mixed_node() / 2)) {
            kernel.apply(source, to);
        }
    }

    /// From the gradient of the planes: adds to `sums`, the weights of the reduction, and to the gradient
    /// of the rectified source, `[channel, phase]`; either may be empty. `scratch` is of one result.
    pub(super) fn backward(
        &self,
        plan: &Plan,
        [gradient, rectified]: [&[f32]; 2],
        scratch: &mut [f32],
        sums: &mut [f32],
        to: &mut [f32],
    ) {
        let (flat, square) = (plan.geometry.flat, plan.mixed().pow(2));
        for (half, gradient) in gradient.chunks_exact(plan.mixed_node() / 2).enumerate() {
            if !sums.is_empty() {
                let source = &rectified[half * plan.mixed_node()..][..plan.mixed_node()];
                let sums = &mut sums[half * square / 2..][..square / 2];
                plane_products(plan.level, flat, [gradient, source], sums);
            }
            if to.is_empty() {
                continue;
            }
            self.to_phases[half].apply(gradient, scratch);
            for (channel, plane) in scratch.chunks_exact(flat).enumerate() {
                let to = &mut to[(channel * 4 + PHASES[half]) * flat..][..flat];
                add(plan.level, to, 0.0, &[(1.0, plane)], &plan.geometry.mask);
            }
        }
    }
}
