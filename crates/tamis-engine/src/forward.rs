//! One batch on its way through a program.

use tamis_graph::{Layer, Mix, NodeId, Pool};
use tamis_kernels::{Buffer, Destination, conv_bn, separable};

use crate::batch::{DropPath, Moments};
use crate::mixing::{Mixing, Wants};
use crate::operations::batch_norm::{self, Normalised};
use crate::operations::cell::{self, SearchCell};
use crate::operations::channels::Alignment;
use crate::operations::conv_norm::{ConvNorm, affine_of};
use crate::operations::convolution::AnyConvolution;
use crate::operations::pooling::AnyPool;
use crate::operations::separable::Separable;
use crate::operations::{Fused, Weights, linear, planes, sides};
use crate::program::{Operation, Program, Step};
use crate::values::add_all;

/// What a step keeps for its backward pass besides values.
pub(crate) enum Saved {
    Nothing,
    Convolved(conv_bn::Saved),
    Separated(separable::Saved),
    Normalised(Normalised),
    Cell(cell::Saved),
}

/// By what batch norms normalise, and what else differs between training and evaluation.
#[derive(Clone, Copy)]
enum Mode<'a> {
    Train,
    Evaluate(&'a [Moments]),
}

/// What a pass is given beside weights and images.
struct Given<'a> {
    /// Factors of what layers drop, `[sample][layer]`.
    dropped: Option<Vec<Vec<f32>>>,
    mixing: &'a [Mixing<'a>],
    wants: Wants,
}

/// A batch that has gone through a network in training, and can go back.
pub struct Run<'a> {
    pub(crate) program: &'a Program,
    pub(crate) weights: &'a [f32],
    pub(crate) batch: usize,
    /// The values that are outputs or that the backward pass needs, by place.
    pub(crate) values: Vec<Option<Buffer>>,
    /// By step.
    pub(crate) saved: Vec<Saved>,
    /// `[sample, layer]`.
    pub(crate) dropped: Option<Vec<Vec<f32>>>,
    pub(crate) mixing: &'a [Mixing<'a>],
    pub(crate) wants: Wants,
    /// Whether a layer's value is computed, by place: what only options lead to that do not run is not.
    pub(crate) runs: Vec<bool>,
    /// How many of its channels, the first ones, something gives.
    widths: Vec<usize>,
    moments: Vec<Option<Moments>>,
}

impl Program {
    /// Runs a batch of images `[sample, channel, height, width]` forward by its own statistics.
    ///
    /// # Panics
    ///
    /// If the weights or images do not have the length that the network says, or there are no images.
    pub fn train<'a>(
        &'a self,
        weights: &'a [f32],
        images: &[f32],
        drop_path: Option<DropPath<'_>>,
    ) -> Run<'a> {
        let layers = self.graph.drop_paths();
        let dropped = drop_path.filter(|of| of.rate > 0.0).map(|of| of.factors(layers));
        let given = Given { dropped, mixing: &[], wants: Wants { weights: true, shares: false } };
        self.run(weights, images, Mode::Train, given)
    }

    /// As [`Program::train`], with a matrix of mixing weights for each that the network names. What only
    /// options lead to that do not run is not computed.
    ///
    /// # Panics
    ///
    /// As [`Program::train`], and if there are fewer matrices.
    pub fn mix<'a>(
        &'a self,
        weights: &'a [f32],
        images: &[f32],
        mixing: &'a [Mixing<'a>],
        wants: Wants,
    ) -> Run<'a> {
        self.run(weights, images, Mode::Train, Given { dropped: None, mixing, wants })
    }

    /// As [`Program::evaluate`], with mixing weights.
    ///
    /// # Panics
    ///
    /// As both.
    pub fn evaluate_mixed(
        &self,
        weights: &[f32],
        images: &[f32],
        mixing: &[Mixing<'_>],
        moments: &[Moments],
    ) -> Vec<Vec<f32>> {
        let given = Given { dropped: None, mixing, wants: Wants::default() };
        let run = self.run(weights, images, Mode::Evaluate(moments), given);
        self.outputs.iter().map(|&output| run.output(output).to_vec()).collect()
    }

    /// The outputs for a batch of images, by the moments of each batch norm.
    ///
    /// # Panics
    ///
    /// As [`Program::train`], and if moments are missing.
    pub fn evaluate(&self, weights: &[f32], images: &[f32], moments: &[Moments]) -> Vec<Vec<f32>> {
        self.evaluate_mixed(weights, images, &[], moments)
    }

    fn run<'a>(
        &'a self,
        weights: &'a [f32],
        images: &[f32],
        mode: Mode<'_>,
        given: Given<'a>,
    ) -> Run<'a> {
        let each: usize = self.graph.image().iter().product();
        assert!(!images.is_empty() && images.len().is_multiple_of(each), "whole images");
        assert_eq!(weights.len(), self.graph.parameters().length(), "length of the weights");
        let Given { dropped, mixing, wants } = given;
        let is_run = |mix: Mix, option: usize| mixing[mix.matrix].is_run(mix, option);
        let mut run = Run {
            program: self,
            weights,
            batch: images.len() / each,
            values: vec![None; self.graph.nodes().len()],
            saved: Vec::with_capacity(self.steps.len()),
            dropped,
            mixing,
            wants,
            runs: self.graph.needed_where(&self.outputs, is_run),
            widths: self.graph.widths_where(is_run),
            moments: vec![None; self.graph.norms().len()],
        };
        for (number, step) in self.steps.iter().enumerate() {
            let saved = match self.graph.nodes()[step.node].layer {
                _ if !run.runs[step.node] => Saved::Nothing,
                Layer::Image => {
                    run.values[step.node] = Some(Buffer::copy(images));
                    Saved::Nothing
                }
                _ => run.compute(number, step, mode),
            };
            run.saved.push(saved);
            run.release(number, step, matches!(mode, Mode::Train));
        }
        run
    }
}

impl<'a> Run<'a> {
    pub(crate) fn weights(&self) -> Weights<'a> {
        Weights { graph: &self.program.graph, flat: self.weights }
    }

    /// What an output of the program gave, `[sample, value]` flattened.
    pub fn output(&self, node: NodeId) -> &[f32] {
        self.values[node.index()].as_deref().unwrap_or_default()
    }

    /// What each output of the program gave, in their order.
    pub fn outputs(&self) -> Vec<&[f32]> {
        self.program.outputs.iter().map(|&output| self.output(output)).collect()
    }

    /// The moments of each batch norm by its number; absent where no output needs it.
    pub fn moments(&self) -> &[Option<Moments>] {
        &self.moments
    }

    /// What is done with what a mixed sum reads, as far as it was computed: with the sum's channels.
    pub(crate) fn with_aligned<T>(
        &self,
        step: &Step,
        task: impl FnOnce(&[Option<&[f32]>]) -> T,
    ) -> T {
        let own = step.inputs.iter().map(|&input| self.values[input].as_deref());
        let own: Vec<Option<&[f32]>> = own.collect();
        let pairs = own.iter().zip(self.alignments(step));
        let aligned = pairs.map(|(value, alignment)| {
            value.filter(|_| !alignment.is_identity()).map(|value| alignment.forward(value))
        });
        let aligned: Vec<Option<Buffer>> = aligned.collect();
        let inputs = own.iter().zip(&aligned).map(|(own, aligned)| aligned.as_deref().or(*own));
        task(&inputs.collect::<Vec<_>>())
    }

    /// How what a mixed sum reads gets the sum's channels.
    pub(crate) fn alignments(&self, step: &Step) -> Vec<Alignment> {
        let nodes = self.program.graph.nodes();
        let [outputs, height, width] = sides(nodes[step.node].shape);
        let alignment = |&input: &usize| Alignment {
            channels: nodes[input].shape.channels(),
            width: self.widths[input],
            outputs,
            output_width: self.widths[step.node],
            plane: height * width,
        };
        step.inputs.iter().map(alignment).collect()
    }

    pub(crate) fn value(&self, node: usize) -> &[f32] {
        self.values[node].as_deref().unwrap_or_default()
    }

    /// Gives up what nobody reads any more.
    fn release(&mut self, number: usize, step: &Step, training: bool) {
        let program = self.program;
        for &input in &step.inputs {
            let last = program.last_reader[input] == Some(number);
            let needed_back = program.needed_back_to(input, self.wants.shares).is_some();
            let kept = training && needed_back && program.made_again_by[input].is_none();
            if last && !kept && !program.leaves(input) {
                self.values[input] = None;
            }
        }
    }

    fn compute(&mut self, number: usize, step: &Step, mode: Mode<'_>) -> Saved {
        match step.operation {
            Operation::ConvNorm { relu, conv } => {
                let layer = ConvNorm::new(self.weights(), [conv, step.node], relu, self.batch);
                self.fused(step, &layer, mode, Saved::Convolved)
            }
            Operation::Separable { relu, depthwise, pointwise } => {
                let places = (depthwise, pointwise);
                let layer = Separable::new(self.weights(), places, step.node, relu, self.batch);
                self.fused(step, &layer, mode, Saved::Separated)
            }
            Operation::Cell(number) => self.cell(step, number, mode),
            Operation::Plain => match self.program.graph.nodes()[step.node].layer {
                Layer::BatchNorm { .. } | Layer::Normalize => self.batch_norm(step, mode),
                Layer::Add => {
                    self.values[step.node] = Some(self.sum(number, step));
                    Saved::Nothing
                }
                Layer::Mix(mix) => {
                    let values = self.batch * self.program.graph.nodes()[step.node].shape.values();
                    let sum = self.with_aligned(step, |inputs| {
                        self.mixing[mix.matrix].sum(mix, inputs, values)
                    });
                    self.values[step.node] = Some(sum);
                    Saved::Nothing
                }
                Layer::DropPath { number: of_layer } => {
                    let mut value = self.taken(number, step, step.inputs[0]);
                    if let Some(factors) = self.factors(of_layer) {
                        planes::scale_samples(&mut value, &factors);
                    }
                    self.values[step.node] = Some(value);
                    Saved::Nothing
                }
                Layer::MaxPool(pool) => self.pool(step, pool, AnyPool::maximum),
                Layer::AveragePool(pool) => self.pool(step, pool, AnyPool::mean),
                layer => {
                    self.values[step.node] = Some(self.plain(step, &layer));
                    Saved::Nothing
                }
            },
        }
    }

    fn pool(
        &mut self,
        step: &Step,
        pool: Pool,
        run: fn(&AnyPool, &[f32], Destination<'_>),
    ) -> Saved {
        let pool = AnyPool::of(&self.program.graph, step, pool);
        let (mut output, keep) = self.open(step, pool.output_values(self.batch));
        run(&pool, self.value(step.inputs[0]), destination(&mut output, keep));
        self.close(step, output);
        Saved::Nothing
    }

    /// Takes out the memory that a step's result goes to: its own, or that of the sum that takes it in; and
    /// whether something is there to be added to.
    fn open(&mut self, step: &Step, length: usize) -> (Buffer, bool) {
        let place = self.program.summed_into[step.node].unwrap_or(step.node);
        match self.values[place].take() {
            Some(sum) => (sum, true),
            None => (Buffer::take(length), false),
        }
    }

    fn close(&mut self, step: &Step, value: Buffer) {
        let place = self.program.summed_into[step.node].unwrap_or(step.node);
        self.values[place] = Some(value);
    }

    fn fused<L: Fused>(
        &mut self,
        step: &Step,
        layer: &L,
        mode: Mode<'_>,
        kept: fn(L::Saved) -> Saved,
    ) -> Saved {
        let (mut output, keep) = self.open(step, layer.output_values());
        let input = self.value(step.inputs[0]);
        let destination = destination(&mut output, keep);
        let saved = match (mode, self.number(step)) {
            (Mode::Evaluate(moments), Some(number)) => {
                layer.evaluate(input, &moments[number], destination);
                Saved::Nothing
            }
            (_, number) => {
                let (saved, moments) = layer.forward(input, destination);
                self.note(number, moments);
                saved.filter(|_| matches!(mode, Mode::Train)).map_or(Saved::Nothing, kept)
            }
        };
        self.close(step, output);
        saved
    }

    fn cell(&mut self, step: &Step, number: usize, mode: Mode<'_>) -> Saved {
        let block = &self.program.graph.blocks()[number];
        let cell = SearchCell::new(self.weights(), block, self.mixing, self.batch);
        let inputs: Vec<&[f32]> = step.inputs.iter().map(|&input| self.value(input)).collect();
        let keep = matches!(mode, Mode::Train) && self.wants != Wants::default();
        let (output, saved) = cell.forward(&inputs, keep);
        self.values[step.node] = Some(output);
        saved.map_or(Saved::Nothing, Saved::Cell)
    }

    fn batch_norm(&mut self, step: &Step, mode: Mode<'_>) -> Saved {
        let graph = &self.program.graph;
        let weights = self.weights();
        let affine =
            affine_of(graph, step.node).map(|scale| [weights.of(scale), weights.of(scale + 1)]);
        let [channels, height, width] = sides(graph.nodes()[step.node].shape);
        let input = self.value(step.inputs[0]);
        let (output, saved) = match (mode, self.number(step)) {
            (Mode::Evaluate(moments), Some(number)) => {
                let scales = batch_norm::folded(&moments[number], affine);
                (batch_norm::scaled(input, height * width, &scales), Saved::Nothing)
            }
            (_, number) => {
                let (output, saved, moments) =
                    batch_norm::forward(input, [channels, height * width], affine);
                self.note(number, moments);
                (output, Saved::Normalised(saved))
            }
        };
        self.values[step.node] = Some(output);
        saved
    }

    /// The sum: what was summed already as it was made, or else the first term that nobody else needs,
    /// takes in the rest.
    fn sum(&mut self, number: usize, step: &Step) -> Buffer {
        let program = self.program;
        let mut rest: Vec<usize> = step.inputs.clone();
        rest.retain(|&input| program.summed_into[input] != Some(step.node));
        let mut sum = match self.values[step.node].take() {
            Some(sum) => sum,
            None => {
                let first = rest.iter().position(|&input| self.is_free(number, step, input));
                let input = rest.remove(first.unwrap_or(0));
                self.taken(number, step, input)
            }
        };
        let terms: Vec<&[f32]> = rest.iter().map(|&input| self.value(input)).collect();
        add_all(&mut sum, &terms);
        sum
    }

    /// A value to be written over: itself if nobody else needs it, else a copy.
    fn taken(&mut self, number: usize, step: &Step, input: usize) -> Buffer {
        let own = self.is_free(number, step, input).then(|| self.values[input].take()).flatten();
        own.unwrap_or_else(|| Buffer::copy(self.value(input)))
    }

    /// Whether nothing but this step reads a value, now or on the way back, and this one once.
    fn is_free(&self, number: usize, step: &Step, input: usize) -> bool {
        let program = self.program;
        let once = step.inputs.iter().filter(|&&other| other == input).count() == 1;
        let last = program.last_reader[input] == Some(number);
        let needed_back = program.needed_back_to(input, self.wants.shares).is_some();
        once && last && !needed_back && !program.leaves(input)
    }

    fn plain(&self, step: &Step, layer: &Layer) -> Buffer {
        let graph = &self.program.graph;
        let before = graph.nodes()[step.inputs[0]].shape;
        let (from, to) = (sides(before), sides(graph.nodes()[step.node].shape));
        let input = self.value(step.inputs[0]);
        match *layer {
            Layer::Convolution(layer) => {
                let bias = layer.bias.map(|bias| self.weights().of(bias));
                AnyConvolution::new(layer, from, to).forward(
                    input,
                    self.weights().of_convolution(&layer),
                    bias,
                )
            }
            Layer::Relu => planes::relu(input),
            Layer::Activation(activation) => planes::activation(input, activation),
            Layer::ScaleChannels => {
                planes::scale_channels(input, self.value(step.inputs[1]), from[1] * from[2])
            }
            Layer::Weigh { matrix, decision } => {
                planes::scaled(input, self.mixing[matrix].total(decision))
            }
            Layer::GlobalAverage => planes::global_average(input, from[1] * from[2]),
            Layer::Concatenate => {
                let parts = step
                    .inputs
                    .iter()
                    .map(|&input| (self.value(input), graph.nodes()[input].shape.values()));
                planes::concatenate(&parts.collect::<Vec<_>>(), self.batch)
            }
            Layer::Zero { .. } => Buffer::zeros(self.batch * to.iter().product::<usize>()),
            Layer::HalveAndWiden { outputs } => planes::halve_and_widen(input, from, outputs),
            Layer::Channels { first, outputs } => {
                let values = |channels: usize| channels * from[1] * from[2];
                planes::part(input, [outputs, first, from[0]].map(values))
            }
            Layer::Shuffle { groups } => {
                planes::shuffle(input, [groups, from[0] / groups], from[1] * from[2])
            }
            Layer::Upsample => planes::upsample(input, from[2]),
            Layer::Linear { weight, .. } => {
                let weights = self.weights();
                linear::forward(input, weights.of(weight), weights.of(weight + 1))
            }
            _ => Buffer::copy(input),
        }
    }

    /// What each sample is multiplied with by a layer that drops paths, if any are dropped.
    pub(crate) fn factors(&self, number: usize) -> Option<Vec<f32>> {
        let dropped = self.dropped.as_ref()?;
        Some(dropped.iter().map(|of_sample| of_sample[number]).collect())
    }

    /// Number of the batch norm that a step ends in, unless that goes by its batch always.
    fn number(&self, step: &Step) -> Option<usize> {
        match self.program.graph.nodes()[step.node].layer {
            Layer::BatchNorm { number, .. } => Some(number),
            _ => None,
        }
    }

    fn note(&mut self, number: Option<usize>, moments: Moments) {
        if let Some(number) = number {
            self.moments[number] = Some(moments);
        }
    }
}

fn destination(output: &mut [f32], keep: bool) -> Destination<'_> {
    if keep { Destination::Add(output) } else { Destination::Write(output) }
}
