//! Mixing matrices: as callers hand them to a pass, and as the cells of a network see them.
//!
//! What does not run is neither computed nor differentiated, and its weights have gradient 0. Its share has
//! the gradient that GDAS gives it (Dong and Yang, "Searching for a robust neural architecture in four GPU
//! hours", CVPR 2019): there the share of every operation that was not drawn is added to the node as a number
//! whose value is 0, so its gradient is the sum of the gradient of that node. This is a straight-through
//! estimate, not the slope of the loss.

use std::sync::Arc;

use burn::tensor::Tensor;

use crate::real::{Real, dtype, flat_data};

/// Mixing weights of one matrix and which of its options run.
#[derive(Clone, Copy, Debug)]
pub struct Mixing<'a, E> {
    /// `[decision, option]` flattened.
    pub shares: &'a [E],
    /// Which options are computed, `[decision, option]` flattened, or empty: then all are.
    pub runs: &'a [bool],
}

impl<'a, E> Mixing<'a, E> {
    /// Every option runs.
    pub fn of_all(shares: &'a [E]) -> Self {
        Mixing { shares, runs: &[] }
    }
}

/// One matrix in a pass.
#[derive(Clone)]
pub(crate) struct MixingMatrix {
    /// `[decision, option]`.
    pub(crate) shares: Tensor<2>,
    /// The same flattened, or empty: then everything runs.
    pub(crate) runs: Arc<[bool]>,
}

impl MixingMatrix {
    pub(crate) fn new<E: Real>(
        mixing: &Mixing<'_, E>,
        shape: [usize; 2],
        device: &burn::tensor::Device,
        tracked: bool,
    ) -> Self {
        let data = flat_data(mixing.shares.to_vec());
        let shares = Tensor::<1>::from_data(data, (device, dtype::<E>())).reshape(shape);
        MixingMatrix { shares: shares.set_require_grad(tracked), runs: mixing.runs.into() }
    }

    pub(crate) fn runs(&self, decision: usize, option: usize) -> bool {
        let [_, options] = self.shares.dims();
        self.runs.is_empty() || self.runs[decision * options + option]
    }

    /// A result times its share if its option runs, else nothing and no result is asked for.
    pub(crate) fn weigh(
        &self,
        decision: usize,
        option: usize,
        result: impl FnOnce() -> Tensor<4>,
    ) -> Option<Tensor<4>> {
        self.runs(decision, option).then(|| result() * self.share(decision, option))
    }

    /// A node with what the options of decisions that do not run add to it: 0, whose gradient is theirs.
    pub(crate) fn with_idle(
        &self,
        node: Tensor<4>,
        decisions: impl Iterator<Item = usize>,
    ) -> Tensor<4> {
        let [_, options] = self.shares.dims();
        self.with_idle_of(
            node,
            decisions.flat_map(|decision| (0..options).map(move |option| (decision, option))),
        )
    }

    /// The same, of these decisions and options.
    pub(crate) fn with_idle_of(
        &self,
        node: Tensor<4>,
        options: impl Iterator<Item = (usize, usize)>,
    ) -> Tensor<4> {
        let idle = options.filter(|&(decision, option)| !self.runs(decision, option));
        let zeros = idle.map(|(decision, option)| {
            let share = self.share(decision, option);
            Some(share.clone() - share.detach())
        });
        match total(zeros) {
            Some(zero) => node + zero,
            None => node,
        }
    }

    /// The sum of the shares of a decision, running or not, shaped to multiply an activation.
    pub(crate) fn sum(&self, decision: usize) -> Tensor<4> {
        let [_, options] = self.shares.dims();
        let row = self.shares.clone().slice([decision..decision + 1, 0..options]);
        row.sum().reshape([1, 1, 1, 1])
    }

    /// One mixing weight, shaped to multiply an activation.
    fn share(&self, decision: usize, option: usize) -> Tensor<4> {
        let share = self.shares.clone().slice([decision..decision + 1, option..option + 1]);
        share.reshape([1, 1, 1, 1])
    }
}

/// The sum of what there is, in order.
pub(crate) fn total(terms: impl IntoIterator<Item = Option<Tensor<4>>>) -> Option<Tensor<4>> {
    terms.into_iter().flatten().reduce(|sum, term| sum + term)
}
