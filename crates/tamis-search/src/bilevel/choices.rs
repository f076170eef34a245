//! What is chosen between: architecture parameters, the options that are still there, their optimizer.

use tamis_core::{Misfit, Snapshot};
use tamis_training::Adam;

use crate::config::AlphaConfig;
use crate::matrix::Matrix;

/// The decisions of one mixing matrix: a row an edge, a column an option.
///
/// An option that was dropped has no share and no gradient; an edge of which one option is left is decided.
/// Rows of different lengths are rows with dropped options.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// Architecture parameters `[edge, option]`.
    pub alphas: Matrix,
    alive: Vec<bool>,
    /// Optimizer of the architecture parameters.
    pub adam: Adam,
}

impl Choices {
    /// Every option alive, an optimizer that has taken no step.
    pub fn new(alphas: Matrix, settings: &AlphaConfig) -> Choices {
        let length = alphas.values().len();
        let adam = Adam::new(length, settings.betas, settings.weight_decay);
        Choices { alive: vec![true; length], alphas, adam }
    }

    /// Mixing weights: in each row the softmax of the parameters of the options that are alive.
    pub fn shares(&self) -> Matrix {
        self.of_alive().softmax()
    }

    /// Logarithms of [`Choices::shares`].
    pub fn log_shares(&self) -> Matrix {
        self.of_alive().log_softmax()
    }

    fn of_alive(&self) -> Matrix {
        let values = self.alphas.values();
        Matrix::from_fn(self.alphas.shape(), |index| {
            if self.alive[index] { values[index] } else { f64::NEG_INFINITY }
        })
    }

    /// From a gradient with respect to [`Choices::shares`] to one with respect to the parameters.
    pub fn gradient(&self, of_shares: &Matrix) -> Matrix {
        self.shares().softmax_gradient(of_shares)
    }

    /// Adam's step on the parameters that still matter: of options alive on edges that are not decided.
    pub fn step(&mut self, gradient: &Matrix, rate: f64) {
        let moves: Vec<bool> = (0..self.alive.len()).map(|index| self.moves(index)).collect();
        self.adam.step_where(self.alphas.values_mut(), gradient.values(), rate, &moves);
    }

    fn moves(&self, index: usize) -> bool {
        self.alive[index] && !self.is_decided(index / self.options())
    }

    fn options(&self) -> usize {
        self.alphas.shape()[1]
    }

    /// Which options are alive, `[edge, option]` flattened.
    pub fn alive(&self) -> &[bool] {
        &self.alive
    }

    /// Whether an option is alive.
    pub fn is_alive(&self, [row, option]: [usize; 2]) -> bool {
        self.alive[row * self.options() + option]
    }

    /// Whether at most one option of an edge is left.
    pub fn is_decided(&self, row: usize) -> bool {
        let options = self.options();
        self.alive[row * options..][..options].iter().filter(|&&alive| alive).count() <= 1
    }

    /// Drops an option for good, unless it is the last one of its edge.
    pub fn drop_option(&mut self, [row, option]: [usize; 2]) {
        if !self.is_decided(row) {
            let options = self.options();
            self.alive[row * options + option] = false;
        }
    }

    /// Decides an edge: `option` is the one that is left.
    pub fn decide(&mut self, [row, option]: [usize; 2]) {
        let options = self.options();
        for (number, alive) in self.alive[row * options..][..options].iter_mut().enumerate() {
            *alive = number == option;
        }
    }

    /// The options of an edge that are alive, by rising value of `by`.
    pub fn weakest_first(&self, row: usize, by: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..by.len()).filter(|&option| self.is_alive([row, option])).collect();
        order.sort_by(|&a, &b| by[a].total_cmp(&by[b]));
        order
    }

    /// Begins again with these parameters and an optimizer that has taken no step; what was dropped stays
    /// so.
    pub fn restart(&mut self, alphas: Matrix) {
        let Adam { betas, weight_decay, .. } = self.adam;
        self.adam = Adam::new(alphas.values().len(), betas, weight_decay);
        self.alphas = alphas;
    }

    /// Takes up which options are alive; false if there are not as many.
    pub(crate) fn restore_alive(&mut self, alive: &[bool]) -> bool {
        let fits = alive.len() == self.alive.len();
        if fits {
            self.alive = alive.to_vec();
        }
        fits
    }

    /// Adds the parameters and what their optimizer remembers to a snapshot, but for its steps.
    pub(crate) fn save(&self, snapshot: &mut Snapshot, alphas: &str, adam: &str) {
        let shape = self.alphas.shape();
        snapshot.put_doubles(alphas.to_owned(), &shape, self.alphas.values());
        snapshot.put_doubles(format!("{adam}/first"), &shape, &self.adam.first);
        snapshot.put_doubles(format!("{adam}/second"), &shape, &self.adam.second);
    }

    /// Reads back what [`Choices::save`] wrote.
    pub(crate) fn restore(
        &mut self,
        snapshot: &Snapshot,
        alphas: &str,
        adam: &str,
    ) -> Result<(), Misfit> {
        let shape = self.alphas.shape();
        let length = shape[0] * shape[1];
        let values = snapshot.doubles(alphas, length)?;
        self.alphas = Matrix::from_fn(shape, |index| values[index]);
        self.adam.first = snapshot.doubles(&format!("{adam}/first"), length)?.to_vec();
        self.adam.second = snapshot.doubles(&format!("{adam}/second"), length)?.to_vec();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> Choices {
        let alphas = Matrix::from_fn([3, 4], |index| (index as f64).sin());
        Choices::new(alphas, &AlphaConfig::default())
    }

    #[test]
    fn a_dropped_option_has_no_share_and_no_gradient_and_the_others_share_what_it_had() {
        let mut choices = choices();
        choices.drop_option([1, 2]);
        let shares = choices.shares();
        assert_eq!(shares.values()[6], 0.0);
        let row: f64 = shares.values()[4..8].iter().sum();
        assert!((row - 1.0).abs() < 1e-12);
        let gradient = choices.gradient(&Matrix::from_fn([3, 4], |index| index as f64));
        assert_eq!(gradient.values()[6], 0.0);
        assert!(gradient.values()[5] != 0.0);
        assert_eq!(choices.log_shares().values()[6], f64::NEG_INFINITY);
    }

    #[test]
    fn a_decided_edge_stands_still_and_the_others_move() {
        let mut choices = choices();
        let before = choices.alphas.clone();
        choices.decide([0, 3]);
        choices.drop_option([2, 0]);
        assert!(choices.is_decided(0) && !choices.is_decided(2));
        let slopes = Matrix::from_fn([3, 4], |_| 1.0);
        choices.step(&slopes, 0.1);
        let moved: Vec<bool> =
            choices.alphas.values().iter().zip(before.values()).map(|(a, b)| a != b).collect();
        let expected = [[false; 4], [true; 4], [false, true, true, true]].concat();
        assert_eq!(moved, expected);
        assert_eq!(choices.shares().values()[..4], [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn the_last_option_of_an_edge_is_never_dropped() {
        let mut choices = choices();
        (0..4).for_each(|option| choices.drop_option([0, option]));
        assert!(choices.is_alive([0, 3]) && choices.is_decided(0));
    }
}
