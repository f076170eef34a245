//! Mixing matrices as tensors.
//!
//! What does not run is neither computed nor differentiated, and its weights have gradient 0. Its share has
//! the gradient that GDAS gives it (Dong and Yang, "Searching for a robust neural architecture in four GPU
//! hours", CVPR 2019): there the share of every operation that was not drawn is added to the node as a number
//! whose value is 0, so its gradient is the sum of the gradient of that node. This is a straight-through
//! estimate, not the slope of the loss.

use burn::tensor::{Gradients, Tensor};
use tamis_engine::Mixing;

use crate::error::Error;
use crate::real::{Real, dtype, flat_data, read};

/// One matrix in a pass.
pub(crate) struct MixingMatrix {
    /// `[decision, option]`.
    shares: Tensor<2>,
    /// The same flattened, or empty: then everything runs.
    runs: Vec<bool>,
}

impl MixingMatrix {
    pub(crate) fn all<E: Real>(
        mixing: &[Mixing<'_, E>],
        device: &burn::tensor::Device,
        tracked: bool,
    ) -> Vec<MixingMatrix> {
        let of = |mixing: &Mixing<'_, E>| {
            let data = flat_data(mixing.shares.to_vec());
            let shape = [mixing.shares.len() / mixing.options, mixing.options];
            let shares = Tensor::<1>::from_data(data, (device, dtype::<E>())).reshape(shape);
            MixingMatrix { shares: shares.set_require_grad(tracked), runs: mixing.runs.to_vec() }
        };
        mixing.iter().map(of).collect()
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

    /// A sum with what those options of a decision that do not run add to it: 0, whose gradient is theirs.
    pub(crate) fn with_idle(
        &self,
        sum: Tensor<4>,
        decision: usize,
        options: impl Iterator<Item = usize>,
    ) -> Tensor<4> {
        let idle = options.filter(|&option| !self.runs(decision, option));
        let zeros = idle.map(|option| {
            let share = self.share(decision, option);
            Some(share.clone() - share.detach())
        });
        match total(zeros) {
            Some(zero) => sum + zero,
            None => sum,
        }
    }

    /// The sum of the shares of a decision, running or not, shaped to multiply an activation.
    pub(crate) fn sum(&self, decision: usize) -> Tensor<4> {
        let [_, options] = self.shares.dims();
        let row = self.shares.clone().slice([decision..decision + 1, 0..options]);
        row.sum().reshape([1, 1, 1, 1])
    }

    /// The gradient of the shares; zeros if nothing depends on them.
    pub(crate) fn gradient<E: Real>(&self, gradients: &mut Gradients) -> Result<Vec<E>, Error> {
        match self.shares.grad_remove(gradients) {
            Some(found) => Ok(read(found.try_into_data()?)),
            None => Ok(vec![E::default(); self.shares.dims().iter().product()]),
        }
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
