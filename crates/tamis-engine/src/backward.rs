//! A batch on its way back: from the gradients of outputs to that of the weights.

use std::sync::Arc;

use tamis_graph::{Layer, Mix};
use tamis_kernels::Buffer;

use crate::forward::{Run, Saved};
use crate::mixing::{Found, product};
use crate::operations::batch_norm::{self, Normalised};
use crate::operations::cell::{self, SearchCell};
use crate::operations::conv_norm::{ConvNorm, add, affine_of};
use crate::operations::convolution::AnyConvolution;
use crate::operations::pooling::AnyPool;
use crate::operations::separable::Separable;
use crate::operations::{WeightGradient, linear, planes, sides};
use crate::program::{Operation, Step};
use crate::values::{Gradients, Shared};

impl Run<'_> {
    /// The gradient of the weights, given that of each output of the program in their order. Parameters
    /// that no output needs get zeros.
    ///
    /// # Panics
    ///
    /// If a gradient does not have the length of its output.
    pub fn backward(self, outputs: Vec<Vec<f32>>) -> Vec<f32> {
        self.backward_mixed(outputs).weights
    }

    /// The gradients that were wanted, given that of each output.
    ///
    /// # Panics
    ///
    /// As [`Run::backward`].
    pub fn backward_mixed(mut self, outputs: Vec<Vec<f32>>) -> Found {
        let program = self.program;
        let mut gradients = Gradients::new(program.wanted(self.wants));
        for (output, gradient) in program.outputs.iter().zip(outputs) {
            assert_eq!(
                gradient.len(),
                self.output(*output).len(),
                "length of an output's gradient"
            );
            gradients.add(output.index(), Arc::new(Buffer::copy(&gradient)));
        }
        let mut of_weights = WeightGradient::new(&program.graph, self.wants.weights);
        let matrices = self.mixing.iter().filter(|_| self.wants.shares);
        let mut of_shares: Vec<Vec<f32>> =
            matrices.map(|matrix| vec![0.0; matrix.shares.len()]).collect();
        for (number, step) in program.steps.iter().enumerate().rev() {
            let saved = std::mem::replace(&mut self.saved[number], Saved::Nothing);
            if let Some(gradient) = gradients.take(step.node) {
                self.make_again(step);
                let of_mixing = (&mut gradients, &mut of_shares[..]);
                match (&saved, program.graph.nodes()[step.node].layer) {
                    (Saved::Cell(saved), _) => {
                        self.cell_back(step, (saved, &gradient), of_mixing, &mut of_weights);
                    }
                    (_, Layer::Mix(mix)) => self.mix_back(step, mix, &gradient, of_mixing),
                    (_, Layer::Weigh { matrix, decision }) => {
                        self.weigh_back(step, [matrix, decision], &gradient, of_mixing);
                    }
                    _ => self.step_back(step, (saved, gradient), &mut gradients, &mut of_weights),
                }
            }
            self.forget(number, step);
        }
        Found { weights: of_weights.flat, shares: of_shares }
    }

    fn mix_back(
        &self,
        step: &Step,
        mix: Mix,
        gradient: &[f32],
        (gradients, of_shares): (&mut Gradients, &mut [Vec<f32>]),
    ) {
        let mixing = &self.mixing[mix.matrix];
        mixing.hand_on(mix, (&step.inputs, &self.alignments(step)), gradient, gradients);
        if let Some(of_shares) = of_shares.get_mut(mix.matrix) {
            self.with_aligned(step, |inputs| {
                mixing.add_gradient(mix, (self.batch, inputs), gradient, of_shares);
            });
        }
    }

    fn weigh_back(
        &self,
        step: &Step,
        [matrix, decision]: [usize; 2],
        gradient: &[f32],
        (gradients, of_shares): (&mut Gradients, &mut [Vec<f32>]),
    ) {
        let (mixing, input) = (&self.mixing[matrix], step.inputs[0]);
        gradients.add(input, Arc::new(planes::scaled(gradient, mixing.total(decision))));
        if let Some(of_shares) = of_shares.get_mut(matrix) {
            let slope = product(self.batch, gradient, self.value(input)) as f32;
            let row = &mut of_shares[decision * mixing.options..][..mixing.options];
            row.iter_mut().for_each(|to| *to += slope);
        }
    }

    fn cell_back(
        &self,
        step: &Step,
        (saved, gradient): (&cell::Saved, &[f32]),
        (gradients, of_shares): (&mut Gradients, &mut [Vec<f32>]),
        of_weights: &mut WeightGradient<'_>,
    ) {
        let graph = &self.program.graph;
        let Operation::Cell(number) = step.operation else { return };
        let block = &graph.blocks()[number];
        let cell = SearchCell::new(self.weights(), block, self.mixing, self.batch);
        let wanted = step.inputs.iter().map(|&input| self.runs[input] && gradients.wants(input));
        let wanted: Vec<bool> = wanted.collect();
        let found = cell.backward(saved, gradient, of_weights, (&wanted, self.wants));
        for (&input, gradient) in step.inputs.iter().zip(found.inputs) {
            if let Some(gradient) = gradient {
                gradients.add(input, Arc::new(gradient));
            }
        }
        if let (Some(to), Some(from)) = (of_shares.get_mut(block.matrix), found.shares) {
            add(to, &from);
        }
    }

    /// Makes what a step needs and nobody kept.
    fn make_again(&mut self, step: &Step) {
        for value in step.needed_backward(&self.program.graph, self.wants.shares) {
            let maker = self.program.made_again_by[value].map(|number| (number, self.program));
            if self.values[value].is_none()
                && let Some((number, program)) = maker
                && let Operation::ConvNorm { relu, conv } = program.steps[number].operation
                && let Saved::Convolved(saved) = &self.saved[number]
            {
                let layer = ConvNorm::new(self.weights(), [conv, value], relu, self.batch);
                self.values[value] = Some(layer.again(saved));
            }
        }
    }

    /// Gives up what no earlier step needs.
    fn forget(&mut self, number: usize, step: &Step) {
        for &value in step.inputs.iter().chain([&step.node]) {
            let first = self.program.needed_back_to(value, self.wants.shares);
            if first.is_none_or(|first| first >= number) {
                self.values[value] = None;
            }
        }
    }

    fn step_back(
        &self,
        step: &Step,
        (saved, gradient): (Saved, Shared),
        gradients: &mut Gradients,
        of_weights: &mut WeightGradient<'_>,
    ) {
        let Some(&first) = step.inputs.first() else { return };
        let input = self.value(first);
        match (step.operation, &saved) {
            (Operation::ConvNorm { relu, conv }, Saved::Convolved(saved)) => {
                let layer = ConvNorm::new(self.weights(), [conv, step.node], relu, self.batch);
                let to = gradients.destination(first, input.len());
                layer.backward((input, saved), &gradient, of_weights, to);
            }
            (Operation::Separable { relu, depthwise, pointwise }, Saved::Separated(saved)) => {
                let places = (depthwise, pointwise);
                let layer = Separable::new(self.weights(), places, step.node, relu, self.batch);
                let to = gradients.destination(first, input.len());
                layer.backward((input, saved), &gradient, of_weights, to);
            }
            (Operation::Plain, Saved::Normalised(saved)) => {
                let found = self.batch_norm_back(step, saved, &gradient, of_weights);
                gradients.add(first, Arc::new(found));
            }
            _ => self.plain_back(step, gradient, gradients, of_weights),
        }
    }

    fn batch_norm_back(
        &self,
        step: &Step,
        saved: &Normalised,
        gradient: &[f32],
        of_weights: &mut WeightGradient<'_>,
    ) -> Buffer {
        let graph = &self.program.graph;
        let scale = affine_of(graph, step.node);
        let weights = self.weights();
        let affine = scale.map(|scale| [weights.of(scale), weights.of(scale + 1)]);
        let [channels, height, width] = sides(graph.nodes()[step.node].shape);
        let of_affine = scale.filter(|_| of_weights.wanted()).map(|scale| {
            let start = graph.parameters().parameters()[scale].offset;
            &mut of_weights.flat[start..][..2 * channels]
        });
        let input = (self.value(step.inputs[0]), saved);
        batch_norm::backward(input, height * width, affine, gradient, of_affine)
    }

    fn plain_back(
        &self,
        step: &Step,
        gradient: Shared,
        gradients: &mut Gradients,
        of_weights: &mut WeightGradient<'_>,
    ) {
        match self.program.graph.nodes()[step.node].layer {
            Layer::Add => {
                step.inputs.iter().for_each(|&input| gradients.add(input, gradient.clone()));
            }
            Layer::ScaleChannels => self.scale_channels_back(step, &gradient, gradients),
            Layer::Concatenate => self.concatenate_back(step, &gradient, gradients),
            Layer::Linear { weight, .. } => {
                self.linear_back(step, weight, &gradient, (gradients, of_weights))
            }
            Layer::Convolution(_) => {
                self.convolution_back(step, &gradient, (gradients, of_weights))
            }
            Layer::MaxPool(pool) => {
                let pool = AnyPool::of(&self.program.graph, step, pool);
                let to = gradients.destination(step.inputs[0], pool.input_values(self.batch));
                if let Some(to) = to {
                    pool.maximum_backward(self.value(step.inputs[0]), &gradient, to);
                }
            }
            Layer::AveragePool(pool) => {
                let pool = AnyPool::of(&self.program.graph, step, pool);
                let to = gradients.destination(step.inputs[0], pool.input_values(self.batch));
                if let Some(to) = to {
                    pool.mean_backward(&gradient, to);
                }
            }
            Layer::Zero { .. } | Layer::Image => {}
            layer => {
                let found = self.moved_back(step, &layer, gradient);
                gradients.add(step.inputs[0], found);
            }
        }
    }

    /// The gradient of the one input of a layer without parameters.
    fn moved_back(&self, step: &Step, layer: &Layer, gradient: Shared) -> Shared {
        let graph = &self.program.graph;
        let from = sides(graph.nodes()[step.inputs[0]].shape);
        let found = match *layer {
            Layer::Relu => {
                let mut own = Arc::unwrap_or_clone(gradient);
                planes::relu_backward(self.value(step.node), &mut own);
                own
            }
            Layer::Activation(activation) => {
                let mut own = Arc::unwrap_or_clone(gradient);
                planes::activation_backward(self.value(step.inputs[0]), activation, &mut own);
                own
            }
            Layer::GlobalAverage => planes::global_average_backward(&gradient, from[1] * from[2]),
            Layer::HalveAndWiden { outputs } => {
                planes::halve_and_widen_backward(&gradient, from, outputs)
            }
            Layer::Channels { first, outputs } => {
                let values = |channels: usize| channels * from[1] * from[2];
                planes::part_backward(&gradient, [outputs, first, from[0]].map(values))
            }
            // What went from groups to their members goes back from members to groups.
            Layer::Shuffle { groups } => {
                planes::shuffle(&gradient, [from[0] / groups, groups], from[1] * from[2])
            }
            Layer::Upsample => planes::upsample_backward(&gradient, from[2]),
            Layer::DropPath { number } => {
                let mut own = Arc::unwrap_or_clone(gradient);
                if let Some(factors) = self.factors(number) {
                    planes::scale_samples(&mut own, &factors);
                }
                own
            }
            // Flatten and its reverse move nothing.
            _ => return gradient,
        };
        Arc::new(found)
    }

    fn scale_channels_back(&self, step: &Step, gradient: &[f32], gradients: &mut Gradients) {
        let [input, scales] = [0, 1].map(|at| self.value(step.inputs[at]));
        let [_, height, width] = sides(self.program.graph.nodes()[step.node].shape);
        let found = planes::scale_channels(gradient, scales, height * width);
        gradients.add(step.inputs[0], Arc::new(found));
        let found = planes::plane_products(gradient, input, height * width);
        gradients.add(step.inputs[1], Arc::new(found));
    }

    fn concatenate_back(&self, step: &Step, gradient: &[f32], gradients: &mut Gradients) {
        let values = |&input: &usize| self.program.graph.nodes()[input].shape.values();
        let all = step.inputs.iter().map(values).sum();
        let mut before = 0;
        for input in &step.inputs {
            let part = planes::part(gradient, [values(input), before, all]);
            gradients.add(*input, Arc::new(part));
            before += values(input);
        }
    }

    fn linear_back(
        &self,
        step: &Step,
        weight: usize,
        gradient: &[f32],
        (gradients, of_weights): (&mut Gradients, &mut WeightGradient<'_>),
    ) {
        let input = self.value(step.inputs[0]);
        let inputs = self.program.graph.nodes()[step.inputs[0]].shape.values();
        if of_weights.wanted() {
            linear::weight_gradient((input, inputs), gradient, of_weights.of(weight));
            linear::bias_gradient(gradient, of_weights.of(weight + 1));
        }
        let found = linear::input_gradient(self.weights().of(weight), inputs, gradient);
        gradients.add(step.inputs[0], Arc::new(found));
    }

    fn convolution_back(
        &self,
        step: &Step,
        gradient: &[f32],
        (gradients, of_weights): (&mut Gradients, &mut WeightGradient<'_>),
    ) {
        let graph = &self.program.graph;
        let Layer::Convolution(layer) = graph.nodes()[step.node].layer else { return };
        let from = sides(graph.nodes()[step.inputs[0]].shape);
        let convolution = AnyConvolution::new(layer, from, sides(graph.nodes()[step.node].shape));
        let operands = (self.value(step.inputs[0]), self.weights().of_convolution(&layer));
        let wanted = of_weights.wanted();
        if let Some(bias) = layer.bias.filter(|_| wanted) {
            convolution.bias_gradient(gradient, of_weights.of(bias));
        }
        let of_weight = wanted.then(|| of_weights.of_convolution(&layer));
        let of_input = gradients.wants(step.inputs[0]);
        if let Some(found) = convolution.backward(operands, gradient, of_weight, of_input) {
            gradients.add(step.inputs[0], Arc::new(found));
        }
    }
}
