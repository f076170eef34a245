//! Mixed sums: which of their options run, what they give, and what comes back.

use rayon::prelude::*;
use tamis_graph::Mix;
use tamis_kernels::Buffer;
use tamis_kernels::chunks::Chunks;

use crate::operations::channels::Alignment;
use crate::values::{Gradients, PIECE};

/// The mixing weights of one matrix, `[decision, option]` flattened.
#[derive(Clone, Copy, Debug)]
pub struct Mixing<'a, E = f32> {
    /// The weights.
    pub shares: &'a [E],
    /// Which options are computed, or empty: then all are.
    pub runs: &'a [bool],
    /// Options of a decision.
    pub options: usize,
}

/// Which gradients a pass computes. What is not wanted is not computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Gradient of the loss with respect to the weights.
    pub weights: bool,
    /// Gradient of the loss with respect to the mixing weights, a straight-through estimate for those of
    /// options that do not run.
    pub shares: bool,
}

/// What comes back through a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The gradient of the weights; empty if not wanted.
    pub weights: Vec<f32>,
    /// That of each matrix of mixing weights; empty if not wanted. For an option that does not run it is
    /// the sum of the gradient of the sum that it would enter, the estimate of GDAS (Dong and Yang, CVPR
    /// 2019), over all sums of its decision.
    pub shares: Vec<Vec<f32>>,
}

impl Mixing<'_> {
    /// Whether the option in a column runs.
    pub(crate) fn is_run(&self, mix: Mix, option: usize) -> bool {
        self.runs.is_empty() || self.runs[mix.decision * self.options + option]
    }

    /// The sum of all weights of a decision.
    pub(crate) fn total(&self, decision: usize) -> f32 {
        let shares = &self.shares[decision * self.options..][..self.options];
        shares.iter().map(|&share| f64::from(share)).sum::<f64>() as f32
    }

    fn place(&self, mix: Mix, input: usize) -> usize {
        mix.decision * self.options + mix.first + input
    }

    /// The sum of what runs, each times its weight; zeros of so many values if nothing does.
    pub(crate) fn sum(&self, mix: Mix, inputs: &[Option<&[f32]>], values: usize) -> Buffer {
        let terms = self.running(mix, inputs);
        let mut to = Buffer::take(values);
        to.par_chunks_mut(PIECE).enumerate().for_each(|(piece, to)| {
            let mut terms = terms.iter().map(|(share, from)| (share, &from[piece * PIECE..]));
            match terms.next() {
                None => to.fill(0.0),
                Some((share, from)) => {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = share * from);
                }
            }
            for (share, from) in terms {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
            }
        });
        to
    }

    fn running<'a>(&self, mix: Mix, inputs: &[Option<&'a [f32]>]) -> Vec<(f32, &'a [f32])> {
        let numbered = inputs.iter().enumerate();
        let running = numbered.filter(|(number, _)| self.is_run(mix, mix.first + number));
        let weighed = running
            .filter_map(|(number, from)| Some((self.shares[self.place(mix, number)], (*from)?)));
        weighed.collect()
    }

    /// Hands the gradient of a sum on to what ran, by its places and how its channels became the sum's.
    pub(crate) fn hand_on(
        &self,
        mix: Mix,
        (inputs, alignments): (&[usize], &[Alignment]),
        gradient: &[f32],
        gradients: &mut Gradients,
    ) {
        for (number, (&input, alignment)) in inputs.iter().zip(alignments).enumerate() {
            if self.is_run(mix, mix.first + number) && gradients.wants(input) {
                let share = self.shares[self.place(mix, number)];
                match alignment.is_identity() {
                    true => gradients.add_scaled(input, share, gradient),
                    false => gradients.add_scaled(input, share, &alignment.backward(gradient)),
                }
            }
        }
    }

    /// Adds to the gradient of the weights: of what ran its product with the gradient of the sum, of what
    /// did not the sum of that gradient.
    pub(crate) fn add_gradient(
        &self,
        mix: Mix,
        (batch, inputs): (usize, &[Option<&[f32]>]),
        gradient: &[f32],
        of_shares: &mut [f32],
    ) {
        for (number, input) in inputs.iter().enumerate() {
            let slope = match input.filter(|_| self.is_run(mix, mix.first + number)) {
                Some(value) => product(batch, gradient, value),
                None => sum(batch, gradient),
            };
            of_shares[self.place(mix, number)] += slope as f32;
        }
    }
}

/// The sum of the products of two values of a batch.
pub(crate) fn product(batch: usize, a: &[f32], b: &[f32]) -> f64 {
    let each = a.len() / batch;
    let of_sample = |(a, b): (&[f32], &[f32])| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    total(a.par_chunks_exact(each).zip(b.par_chunks_exact(each)).map(of_sample).collect())
}

fn sum(batch: usize, values: &[f32]) -> f64 {
    let of_sample = |sample: &[f32]| -> f64 { sample.iter().map(|value| f64::from(*value)).sum() };
    total(values.par_chunks_exact(values.len() / batch).map(of_sample).collect())
}

/// The sum of a number of each sample.
fn total(of_samples: Vec<f64>) -> f64 {
    Chunks::of(of_samples.len()).total(|sample| of_samples[sample])
}

impl Gradients {
    /// Adds a multiple of a gradient to that of a layer.
    fn add_scaled(&mut self, node: usize, factor: f32, gradient: &[f32]) {
        let (to, keep) = self.open(node, gradient.len());
        to.par_chunks_mut(PIECE).zip(gradient.par_chunks(PIECE)).for_each(|(to, from)| {
            for (to, from) in to.iter_mut().zip(from) {
                *to = if keep { *to + factor * from } else { factor * from };
            }
        });
    }
}
