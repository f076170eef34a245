//! A search cell by the kernel that computes all its layers at once.

use tamis_graph::{Block, Cell, NodeId};
use tamis_kernels::{Buffer, darts, nas_bench_201};

use super::conv_norm::add;
use super::{WeightGradient, Weights, sides};
use crate::mixing::{Mixing, Wants};

/// What a cell keeps for its way back.
pub(crate) enum Saved {
    NasBench201(nas_bench_201::Saved),
    Darts(darts::Saved),
}

/// A cell at its place.
pub(crate) struct SearchCell<'a> {
    block: &'a Block,
    weights: Weights<'a>,
    mixing: Mixing<'a>,
    batch: usize,
}

/// The gradients of what a cell reads and of the mixing weights, as far as they were wanted.
pub(crate) struct CellGradients {
    pub(crate) inputs: Vec<Option<Buffer>>,
    pub(crate) shares: Option<Vec<f32>>,
}

impl<'a> SearchCell<'a> {
    pub(crate) fn new(
        weights: Weights<'a>,
        block: &'a Block,
        mixing: &[Mixing<'a>],
        batch: usize,
    ) -> SearchCell<'a> {
        SearchCell { block, weights, mixing: mixing[block.matrix], batch }
    }

    /// The result, and what the way back needs if `keep`. An input that nothing runs on may be empty.
    pub(crate) fn forward(&self, inputs: &[&[f32]], keep: bool) -> (Buffer, Option<Saved>) {
        let is_missing = inputs.iter().any(|input| input.is_empty());
        let values = self.batch * self.sides().iter().product::<usize>();
        let zeros = Buffer::zeros(if is_missing { values } else { 0 });
        let state = |number: usize| if inputs[number].is_empty() { &zeros } else { inputs[number] };
        let (weights, Mixing { shares, runs, .. }) = (self.own_weights(), self.mixing);
        match self.block.cell {
            Cell::NasBench201 => {
                let shape = self.nas_bench_201();
                let operands = nas_bench_201::Operands { input: state(0), weights, shares, runs };
                let mut output = Buffer::take(shape.values());
                let saved = nas_bench_201::forward(&shape, &operands, &mut output, keep);
                (output, saved.map(Saved::NasBench201))
            }
            Cell::Darts { reduction, partial } => {
                let shape = self.darts(reduction, partial);
                let states = [state(0), state(1)];
                let operands = darts::Operands { states, weights, shares, runs };
                let mut output = Buffer::take(shape.output_values());
                let saved = darts::forward(&shape, &operands, &mut output, keep);
                (output, saved.map(Saved::Darts))
            }
        }
    }

    /// Adds to the gradients of its parameters; returns the others, of those inputs that are wanted.
    pub(crate) fn backward(
        &self,
        saved: &Saved,
        gradient: &[f32],
        of_weights: &mut WeightGradient<'_>,
        (inputs, wants): (&[bool], Wants),
    ) -> CellGradients {
        let (weights, shares) = (self.own_weights(), self.mixing.shares);
        let (found, of_cell) = match saved {
            Saved::NasBench201(saved) => {
                let Wants { weights: of_weights, shares: of_shares } = wants;
                let wants = nas_bench_201::Wants {
                    input: inputs[0],
                    weights: of_weights,
                    shares: of_shares,
                };
                let found = nas_bench_201::backward(saved, weights, shares, gradient, wants);
                let inputs = vec![found.input];
                (CellGradients { inputs, shares: found.shares }, found.weights)
            }
            Saved::Darts(saved) => {
                let states = [inputs[0], inputs[1]];
                let Wants { weights: of_weights, shares: of_shares } = wants;
                let wants = darts::Wants { states, weights: of_weights, shares: of_shares };
                let found = darts::backward(saved, weights, shares, gradient, wants);
                let inputs = found.states.into();
                (CellGradients { inputs, shares: found.shares }, found.weights)
            }
        };
        if let Some(of_cell) = of_cell {
            let own = &mut of_weights.flat[self.weights.range(&self.block.parameters)];
            add(own, &of_cell);
        }
        found
    }

    fn own_weights(&self) -> &'a [f32] {
        &self.weights.flat[self.weights.range(&self.block.parameters)]
    }

    fn nas_bench_201(&self) -> nas_bench_201::CellShape {
        let [channels, height, width] = self.sides();
        nas_bench_201::CellShape { batch: self.batch, channels, height, width }
    }

    fn darts(&self, reduction: bool, partial: usize) -> darts::CellShape {
        let [channels, height, width] = self.sides();
        darts::CellShape { batch: self.batch, channels, height, width, reduction, partial }
    }

    /// Of every input.
    fn sides(&self) -> [usize; 3] {
        let shape = |input: NodeId| self.weights.graph.node(input).shape;
        self.block.inputs.first().map_or([0; 3], |&input| sides(shape(input)))
    }
}
