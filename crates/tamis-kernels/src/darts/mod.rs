//! The search cell of DARTS (Liu, Simonyan and Yang, ICLR 2019), all 14 edges in one operation.
//!
//! States 0 and 1 are the inputs, states 2 to 5 the nodes, and the output is the nodes' channels one
//! after another:
//!
//! `node_j = sum over i < j, k of shares[edge(i, j)][k] * operation_k(state_i)`
//!
//! with edges node by node, in each by source, and operations in the order `none` (zero),
//! `max_pool_3x3`, `avg_pool_3x3` (border pixels not counted), `skip_connect`, `sep_conv_3x3`,
//! `sep_conv_5x5` (twice ReLU, depthwise, 1x1), `dil_conv_3x3`, `dil_conv_5x5` (once, dilation 2).
//! Batch normalisation without affine part, by the statistics of this batch (biased variance, epsilon
//! 1e-5), follows both pools and every 1x1 convolution. In a reduction cell edges from the inputs
//! have stride 2, and there `skip_connect` is the factorised reduction: ReLU, two 1x1 convolutions of
//! stride 2, the second one pixel to the right and down, half the channels each, normalisation.
//!
//! What is saved by looking at the cell as a whole: pools and ReLU are done once for each state;
//! normalised tensors are never written, because `sum a_k (y_k - mean_k) / deviation_k` is one pass
//! over the `y_k`; of the convolutions only results of 1x1 kernels are kept for the backward pass, of
//! those only the hidden ones after [`Saved::shrink`], and the rest is computed again; gradients of
//! shares are sums that normalisation needs anyway; gradients that nobody wants are not computed.
//! Operations that do not run cost nothing.
//!
//! Where only a part of the channels is mixed (PC-DARTS, Xu et al., ICLR 2020), operations, their planes and
//! their weights have so many channels, and the rest goes around them; see [`CellShape::partial`].
//!
//! Each state takes two passes over the images forward (first and second half of the separable
//! convolutions), and two backward, with a barrier between them for whole-batch sums. Running
//! statistics are not kept: a search never uses them.

mod backward;
mod bypass;
mod edge_sums;
mod entries;
mod forward;
mod hidden;
mod layout;
mod mixture;
mod node_gradient;
mod numbering;
mod reduction;
mod source_gradient;
mod stage;

use crate::buffer::Buffer;
use crate::statistics::Statistics;
use entries::Place;
use layout::Plan;
use numbering::{INPUTS, NODES};
use std::sync::Arc;

pub use backward::backward;
pub use forward::{forward, forward_at};
pub use numbering::{EDGES, OPERATIONS};

/// Sizes of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellShape {
    /// Images.
    pub batch: usize,
    /// Channels of every state; those that are mixed are even in a reduction cell.
    pub channels: usize,
    /// Rows of the two inputs; even in a reduction cell.
    pub height: usize,
    /// Columns of the two inputs; even in a reduction cell.
    pub width: usize,
    /// Whether edges that leave the inputs have stride 2.
    pub reduction: bool,
    /// One in so many channels of a state goes through the operations, 1 being all: PC-DARTS (Xu et al., ICLR
    /// 2020). The others go around them; what an edge gives has them behind the mixed ones, and the channels
    /// of a node are then shuffled in so many groups: channel `group * mixed + at` comes to
    /// `at * partial + group`.
    pub partial: usize,
}

impl CellShape {
    /// Channels of every state that go through the operations.
    pub fn mixed_channels(&self) -> usize {
        self.channels / self.partial
    }

    /// Floats of each input, `[batch, channels, height, width]`.
    pub fn state_values(&self) -> usize {
        self.batch * self.channels * self.height * self.width
    }

    /// Rows of the output.
    pub fn output_height(&self) -> usize {
        self.height.div_ceil(1 + usize::from(self.reduction))
    }

    /// Columns of the output.
    pub fn output_width(&self) -> usize {
        self.width.div_ceil(1 + usize::from(self.reduction))
    }

    /// Floats of the output, `[batch, 4 * channels, output_height, output_width]`.
    pub fn output_values(&self) -> usize {
        self.batch * NODES * self.channels * self.output_height() * self.output_width()
    }

    /// Floats of the weights, `channels` being those that are mixed. For each edge in order: if its
    /// stride is 2, the two kernels of the reduction, `[channels / 2, channels]`; then for each half of
    /// `sep_conv_3x3` and `sep_conv_5x5`, and for `dil_conv_3x3` and `dil_conv_5x5`, the depthwise
    /// kernel, `[channels, 1, size, size]`, and the 1x1 kernel, `[channels, channels]`.
    pub fn weights(&self) -> usize {
        numbering::edges().map(|[source, _]| layout::edge_weights(self, source)).sum()
    }
}

/// What a cell is applied to.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// The inputs, already of the cell's channels: `[batch, channels, height, width]` each.
    pub states: [&'a [f32]; INPUTS],
    /// See [`CellShape::weights`].
    pub weights: &'a [f32],
    /// `[edge, operation]`.
    pub shares: &'a [f32],
    /// Which operations run, `[edge, operation]`, or empty: then all do.
    pub runs: &'a [bool],
}

/// What the backward pass needs of a forward pass. Memory returns to the crate's pool on drop.
#[derive(Debug)]
pub struct Saved {
    plan: Plan,
    /// Of states 0 to 4.
    sources: Vec<Arc<Kept>>,
    /// The rest of these states; empty after [`Saved::shrink`].
    seconds: Vec<Arc<Results>>,
}

impl Saved {
    /// Gives up more than half of the memory. The backward pass computes it again, to the same bits,
    /// which takes about as long as half a forward pass.
    pub fn shrink(&mut self) {
        self.seconds.clear();
    }
}

/// A state, and what cannot be computed from less than the states before it; empty if nothing reads it.
#[derive(Debug, Default)]
struct Kept {
    /// Dense planes, `[image, channel, phase]`.
    value: Buffer,
    /// Of an input that is halved the planes that go around the operations, `[image, channel]`.
    halved: Buffer,
    /// Pools, first halves, and reductions, before normalisation; see [`Place::First`].
    first: Results,
}

/// A state and everything that is computed of it.
#[derive(Default)]
struct Source {
    kept: Arc<Kept>,
    /// Second halves and dilated convolutions, before normalisation; see [`Place::Second`].
    second: Arc<Results>,
}

/// A cell in the midst of a pass.
struct Cell {
    plan: Plan,
    /// States 0 to 4, as far as they are known.
    sources: Vec<Source>,
}

/// Dense planes, `[image, plane]`, and the batch statistics of each plane.
#[derive(Debug, Default)]
struct Results {
    planes: Buffer,
    statistics: Vec<Statistics>,
}

impl Results {
    fn plane(&self, plan: &Plan, image: usize, plane: usize) -> &[f32] {
        plan.geometry.plane(&self.planes, image * self.statistics.len() + plane)
    }
}

impl Source {
    /// The plane of one channel of what enters a node.
    fn plane(&self, plan: &Plan, image: usize, place: Place, channel: usize) -> &[f32] {
        match place {
            Place::Value => {
                plan.geometry.plane(&self.kept.value, image * plan.shape.channels + channel)
            }
            Place::First(first) => self.kept.first.plane(plan, image, first + channel),
            Place::Second(first) => self.second.plane(plan, image, first + channel),
        }
    }

    /// The plane of one channel that goes around the operations.
    fn bypass(&self, plan: &Plan, image: usize, channel: usize) -> &[f32] {
        if self.kept.halved.is_empty() {
            return self.plane(plan, image, Place::Value, channel);
        }
        let bypass = plan.bypass();
        let plane = image * bypass.len() + channel - bypass.start;
        plan.geometry.plane(&self.kept.halved, plane)
    }

    /// Its batch statistics, unless it is not normalised.
    fn statistics(&self, place: Place, channel: usize) -> Option<Statistics> {
        match place {
            Place::Value => None,
            Place::First(first) => Some(self.kept.first.statistics[first + channel]),
            Place::Second(first) => Some(self.second.statistics[first + channel]),
        }
    }
}

/// Which gradients to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Of each input.
    pub states: [bool; INPUTS],
    /// Of the weights.
    pub weights: bool,
    /// Of the shares.
    pub shares: bool,
}

/// The gradients that were wanted, laid out as the operands.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// Of each input.
    pub states: [Option<Buffer>; INPUTS],
    /// Of the weights.
    pub weights: Option<Vec<f32>>,
    /// Of the shares: exactly 0 for `none` where it runs, and for what does not run the sum of the gradient
    /// of the mixed channels of the node that the edge enters. That is the straight-through estimate of GDAS
    /// (Dong and Yang, CVPR 2019), whose forward pass adds the share of what does not run to them as a number
    /// of value 0. What goes around an edge adds to all its shares, since their sum is its factor.
    pub shares: Option<Vec<f32>>,
}
