//! The search cell of NAS-Bench-201 (Dong and Yang, ICLR 2020), all six edges in one operation.
//!
//! Nodes 0 to 3; node 0 is the input and node 3 the output:
//!
//! `node_j = sum over i < j, k of shares[edge(i, j)][k] * operation_k(node_i)`
//!
//! with edges in the order 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2 and operations in the order `none`
//! (zero), `skip` (identity), `nor_conv_1x1`, `nor_conv_3x3` (ReLU, convolution without bias, batch
//! normalisation without affine part, by the statistics of this batch, biased variance,
//! epsilon 1e-5) and `avg_pool_3x3` (stride 1, border pixels not counted, no normalisation).
//!
//! What is saved by looking at the cell as a whole: one ReLU and one border for each node;
//! the convolutions that leave a node run as one; normalised tensors are never written, because
//! `sum a_k (y_k - mean_k) / deviation_k` is one pass over the `y_k`; pooling is linear and
//! therefore done once for each node; gradients that nobody wants are not computed. Operations that do not
//! run cost nothing, nor does what only enters nodes that nothing leaves.
//!
//! Batch normalisation needs whole-batch sums, so forward and backward are a few passes over the
//! images with a barrier between them. Running statistics are not kept: a search never uses them.

mod backward;
mod forward;
mod layout;
mod mixture;
mod node_gradient;
mod source_gradient;
mod source_image;
mod summation;

use crate::buffer::Buffer;
use crate::statistics::Statistics;
use layout::{EDGE_WEIGHTS, Plan};

pub use backward::backward;
pub use forward::{forward, forward_at};
pub use layout::{EDGES, OPERATIONS};

/// Sizes of a cell: its input and output are `[batch, channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellShape {
    /// Images.
    pub batch: usize,
    /// Channels of every node.
    pub channels: usize,
    /// Rows of every node.
    pub height: usize,
    /// Columns of every node.
    pub width: usize,
}

impl CellShape {
    /// Floats of the input, and of the output.
    pub fn values(&self) -> usize {
        self.batch * self.channels * self.height * self.width
    }

    /// Floats of the weights: for each edge in order the 1x1 kernel, `[out, in]`, then the 3x3
    /// kernel, `[out, in, row, column]`.
    pub fn weights(&self) -> usize {
        EDGES * EDGE_WEIGHTS * self.channels * self.channels
    }
}

/// What a cell is applied to.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// `[batch, channels, height, width]`.
    pub input: &'a [f32],
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
    /// What leaves nodes 0, 1 and 2.
    sources: Vec<Source>,
}

/// A node and the convolutions of it, before normalisation; empty if nothing leaves it.
#[derive(Debug, Default)]
struct Source {
    /// Flat planes, `[image, channel]`.
    value: Buffer,
    /// Flat planes of the convolutions that are kept; see [`Plan::kept_planes`].
    convolved: Buffer,
    /// Planes of one image of them.
    convolved_planes: usize,
    /// Of each plane of both convolutions; see [`Plan::plane`].
    statistics: Vec<Statistics>,
}

impl Source {
    /// One flat plane of the node.
    fn value(&self, plan: &Plan, image: usize, channel: usize) -> &[f32] {
        plan.geometry.plane(&self.value, image * plan.shape.channels + channel)
    }

    /// One flat plane of the convolutions that are kept.
    fn convolved(&self, plan: &Plan, image: usize, plane: usize) -> &[f32] {
        plan.geometry.plane(&self.convolved, image * self.convolved_planes + plane)
    }
}

/// Which gradients to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Of the input.
    pub input: bool,
    /// Of the weights.
    pub weights: bool,
    /// Of the shares.
    pub shares: bool,
}

/// The gradients that were wanted, laid out as the operands.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// Of the input.
    pub input: Option<Buffer>,
    /// Of the weights.
    pub weights: Option<Vec<f32>>,
    /// Of the shares: exactly 0 for `none` where it runs, and for what does not run the sum of the gradient
    /// of the node that the edge enters. That is the straight-through estimate of GDAS (Dong and Yang, CVPR
    /// 2019), whose forward pass adds the share of what does not run to the node as a number of value 0.
    pub shares: Option<Vec<f32>>,
}
