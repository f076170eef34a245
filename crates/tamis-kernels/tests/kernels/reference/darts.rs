//! The DARTS cell in `f64`, written as plainly as possible: a list of steps, each of which can be run
//! and reversed. Shares no code and no layout with the crate.

use std::ops::Range;

use super::places::{
    SQUARE, Tensor, Window, chosen, cropped, every_place, first_largest, moments, places_of,
    products, result_of, shuffled, windows,
};
use crate::numbers::dot;
use tamis_kernels::darts::CellShape;

enum Step {
    Input,
    Relu(usize),
    /// Its input, the place of its weights, outputs; every channel by itself if these are as many.
    Convolution(usize, usize, Window, bool),
    Normalise(usize),
    Maximum(usize, Window),
    Average(usize, Window),
    /// Without the first row and column.
    Crop(usize),
    /// These channels alone.
    Channels(usize, Range<usize>),
    /// Each input times the sum of the shares from a place on.
    Weigh(Vec<(usize, usize)>),
    /// Channels in so many groups, one of each after the other.
    Shuffle(usize, usize),
    Concatenate(Vec<usize>),
    /// Places of shares, and what they weigh; places of shares of what does not run.
    Mix(Vec<(usize, usize)>, Vec<usize>),
}

/// The cell and its operands.
#[derive(Clone)]
pub(crate) struct Reference {
    pub(crate) shape: CellShape,
    pub(crate) states: [Vec<f64>; 2],
    pub(crate) weights: Vec<f64>,
    pub(crate) shares: Vec<f64>,
    /// Everything runs if that is empty.
    pub(crate) runs: Vec<bool>,
    /// What the share of an operation that does not run is counted from.
    pub(crate) anchors: Vec<f64>,
}

/// Gradients of `sum(output * output_gradient)`.
pub(crate) struct ReferenceGradients {
    pub(crate) states: [Vec<f64>; 2],
    pub(crate) weights: Vec<f64>,
    pub(crate) shares: Vec<f64>,
}

/// What has been computed so far, and how.
struct Tape<'a> {
    reference: &'a Reference,
    steps: Vec<Step>,
    values: Vec<Tensor>,
    next_weight: usize,
}

impl Reference {
    pub(crate) fn forward(&self) -> Vec<f64> {
        self.run().values.pop().unwrap().values
    }

    fn run(&self) -> Tape<'_> {
        let CellShape { batch, channels, height, width, partial, .. } = self.shape;
        let mixed = channels / partial;
        let mut tape =
            Tape { reference: self, steps: Vec::new(), values: Vec::new(), next_weight: 0 };
        let mut states = Vec::new();
        for values in &self.states {
            let sizes = [batch, channels, height, width];
            states.push(tape.push(Step::Input, Tensor { sizes, values: values.clone() }));
        }
        let mut edge = 0;
        for _ in 2..6 {
            let (mut terms, mut idle, mut around) = (Vec::new(), Vec::new(), Vec::new());
            for (source, &state) in states.iter().enumerate() {
                let stride = if self.shape.reduction && source < 2 { 2 } else { 1 };
                let state = if partial == 1 {
                    state
                } else {
                    let rest = tape.channels(state, mixed..channels);
                    let rest = if stride == 2 { tape.pool(rest, SQUARE, true) } else { rest };
                    around.push((edge * 8, rest));
                    tape.channels(state, 0..mixed)
                };
                terms.extend(
                    tape.operations(state, stride)
                        .into_iter()
                        .map(|(operation, result)| (edge * 8 + operation, result))
                        .filter(|&(place, _)| self.runs(place)),
                );
                idle.extend((edge * 8..edge * 8 + 8).filter(|&place| !self.runs(place)));
                edge += 1;
            }
            let mut node = tape.mix(terms, idle);
            if partial > 1 {
                let around = tape.weigh(around);
                node = tape.concatenate(vec![node, around]);
                node = tape.shuffle(node, partial);
            }
            states.push(node);
        }
        assert_eq!(tape.next_weight, self.weights.len());
        tape.concatenate(states[2..].to_vec());
        tape
    }

    fn runs(&self, place: usize) -> bool {
        self.runs.is_empty() || self.runs[place]
    }

    pub(crate) fn backward(&self, output_gradient: &[f64]) -> ReferenceGradients {
        self.run().backward(output_gradient)
    }
}

impl Tape<'_> {
    fn push(&mut self, step: Step, value: Tensor) -> usize {
        self.steps.push(step);
        self.values.push(value);
        self.steps.len() - 1
    }

    /// Results of all operations of an edge but `none`.
    fn operations(&mut self, input: usize, stride: usize) -> Vec<(usize, usize)> {
        let window = Window { size: 3, stride, padding: 1, dilation: 1 };
        let mut results = Vec::new();
        results.push((3, if stride == 1 { input } else { self.reduce(input) }));
        let maximum = self.pool(input, window, true);
        results.push((1, self.normalise(maximum)));
        let average = self.pool(input, window, false);
        results.push((2, self.normalise(average)));
        for (operation, size) in [(4, 3), (5, 5)] {
            let first = Window { size, stride, padding: size / 2, dilation: 1 };
            let hidden = self.stage(input, first);
            results.push((operation, self.stage(hidden, Window { stride: 1, ..first })));
        }
        for (operation, size) in [(6, 3), (7, 5)] {
            let window = Window { size, stride, padding: size - 1, dilation: 2 };
            results.push((operation, self.stage(input, window)));
        }
        results
    }

    /// ReLU, depthwise, pointwise, normalisation.
    fn stage(&mut self, input: usize, window: Window) -> usize {
        let channels = self.values[input].sizes[1];
        let point = Window { size: 1, stride: 1, padding: 0, dilation: 1 };
        let relu = self.relu(input);
        let depthwise = self.convolution(relu, window, channels, true);
        let pointwise = self.convolution(depthwise, point, channels, false);
        self.normalise(pointwise)
    }

    fn reduce(&mut self, input: usize) -> usize {
        let half = self.values[input].sizes[1] / 2;
        let point = Window { size: 1, stride: 2, padding: 0, dilation: 1 };
        let relu = self.relu(input);
        let first = self.convolution(relu, point, half, false);
        let cropped = self.crop(relu);
        let second = self.convolution(cropped, point, half, false);
        let both = self.concatenate(vec![first, second]);
        self.normalise(both)
    }

    fn relu(&mut self, input: usize) -> usize {
        let mut value = self.values[input].clone();
        value.values.iter_mut().for_each(|value| *value = value.max(0.0));
        self.push(Step::Relu(input), value)
    }

    fn convolution(&mut self, input: usize, window: Window, outputs: usize, own: bool) -> usize {
        let first = self.next_weight;
        let from = self.values[input].clone();
        let inputs = if own { 1 } else { from.sizes[1] };
        self.next_weight += outputs * inputs * window.size * window.size;
        let mut to = result_of(&from, window, outputs);
        products(&from, &to.clone(), window, own, |input, output, weight| {
            to.values[output] += from.values[input] * self.reference.weights[first + weight];
        });
        self.push(Step::Convolution(input, first, window, own), to)
    }

    fn normalise(&mut self, input: usize) -> usize {
        let mut value = self.values[input].clone();
        for channel in 0..value.sizes[1] {
            let places = places_of(&value, channel);
            let (mean, deviation) = moments(&value, &places);
            for &place in &places {
                value.values[place] = (value.values[place] - mean) / deviation;
            }
        }
        self.push(Step::Normalise(input), value)
    }

    fn pool(&mut self, input: usize, window: Window, maximum: bool) -> usize {
        let from = &self.values[input];
        let mut to = result_of(from, window, from.sizes[1]);
        for (output, inputs) in windows(from, &to, window) {
            to.values[output] = if maximum {
                from.values[first_largest(from, &inputs)]
            } else {
                inputs.iter().map(|&input| from.values[input]).sum::<f64>() / inputs.len() as f64
            };
        }
        let step =
            if maximum { Step::Maximum(input, window) } else { Step::Average(input, window) };
        self.push(step, to)
    }

    fn crop(&mut self, input: usize) -> usize {
        let from = &self.values[input];
        let [batch, channels, height, width] = from.sizes;
        let mut to = Tensor::zeros([batch, channels, height - 1, width - 1]);
        for (input, output) in cropped(from, &to) {
            to.values[output] = from.values[input];
        }
        self.push(Step::Crop(input), to)
    }

    fn channels(&mut self, input: usize, range: Range<usize>) -> usize {
        let from = &self.values[input];
        let [batch, _, height, width] = from.sizes;
        let mut to = Tensor::zeros([batch, range.len(), height, width]);
        for (place, output) in chosen(from, &to, range.start) {
            to.values[output] = from.values[place];
        }
        self.push(Step::Channels(input, range), to)
    }

    fn weigh(&mut self, terms: Vec<(usize, usize)>) -> usize {
        let mut to = Tensor::zeros(self.values[terms[0].1].sizes);
        for &(first, term) in &terms {
            let factor: f64 = self.reference.shares[first..first + 8].iter().sum();
            let from = &self.values[term].values;
            to.values.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
        }
        self.push(Step::Weigh(terms), to)
    }

    fn shuffle(&mut self, input: usize, groups: usize) -> usize {
        let from = &self.values[input];
        let mut to = Tensor::zeros(from.sizes);
        for (place, output) in shuffled(from, groups) {
            to.values[output] = from.values[place];
        }
        self.push(Step::Shuffle(input, groups), to)
    }

    fn concatenate(&mut self, inputs: Vec<usize>) -> usize {
        let mut sizes = self.values[inputs[0]].sizes;
        sizes[1] = inputs.iter().map(|&input| self.values[input].sizes[1]).sum();
        let mut to = Tensor::zeros(sizes);
        for (input, from, output) in self.joined(&inputs, &to) {
            to.values[output] = self.values[input].values[from];
        }
        self.push(Step::Concatenate(inputs), to)
    }

    /// Input, place in it, and place in their concatenation.
    fn joined(&self, inputs: &[usize], to: &Tensor) -> Vec<(usize, usize, usize)> {
        let mut places = Vec::new();
        let mut first = 0;
        for &input in inputs {
            let from = &self.values[input];
            every_place(from.sizes, |[image, channel, y, x]| {
                let output = to.at(image, first + channel, y, x);
                places.push((input, from.at(image, channel, y, x), output));
            });
            first += from.sizes[1];
        }
        places
    }

    fn mix(&mut self, terms: Vec<(usize, usize)>, idle: Vec<usize>) -> usize {
        let shape = &self.reference.shape;
        let (height, width) = (shape.output_height(), shape.output_width());
        let mixed = shape.channels / shape.partial;
        let mut to = Tensor::zeros([shape.batch, mixed, height, width]);
        for &share in &idle {
            let moved = self.reference.shares[share] - self.reference.anchors[share];
            to.values.iter_mut().for_each(|to| *to += moved);
        }
        for &(share, term) in &terms {
            let share = self.reference.shares[share];
            let from = &self.values[term].values;
            to.values.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
        }
        self.push(Step::Mix(terms, idle), to)
    }

    fn backward(&self, output_gradient: &[f64]) -> ReferenceGradients {
        let mut gradients: Vec<Tensor> =
            self.values.iter().map(|value| Tensor::zeros(value.sizes)).collect();
        gradients.last_mut().unwrap().values.copy_from_slice(output_gradient);
        let mut weights = vec![0.0; self.reference.weights.len()];
        let mut shares = vec![0.0; self.reference.shares.len()];
        for step in (0..self.steps.len()).rev() {
            let gradient = gradients[step].clone();
            if let Step::Mix(terms, idle) = &self.steps[step] {
                idle.iter().for_each(|&share| shares[share] += gradient.values.iter().sum::<f64>());
                for &(share, term) in terms {
                    shares[share] += dot(&gradient.values, &self.values[term].values);
                }
            }
            if let Step::Weigh(terms) = &self.steps[step] {
                for &(first, term) in terms {
                    let product = dot(&gradient.values, &self.values[term].values);
                    shares[first..first + 8].iter_mut().for_each(|share| *share += product);
                }
            }
            self.reverse(step, &gradient, &mut gradients, &mut weights);
        }
        let [first, second] = [0, 1].map(|state| gradients[state].values.clone());
        ReferenceGradients { states: [first, second], weights, shares }
    }

    fn reverse(&self, step: usize, passed: &Tensor, to: &mut [Tensor], weights: &mut [f64]) {
        match &self.steps[step] {
            Step::Input => {}
            &Step::Relu(input) => {
                for (place, value) in self.values[input].values.iter().enumerate() {
                    to[input].values[place] +=
                        if *value > 0.0 { passed.values[place] } else { 0.0 };
                }
            }
            &Step::Convolution(input, first, window, own) => {
                let from = &self.values[input];
                products(from, passed, window, own, |place, output, weight| {
                    let weight = first + weight;
                    weights[weight] += from.values[place] * passed.values[output];
                    to[input].values[place] +=
                        self.reference.weights[weight] * passed.values[output];
                });
            }
            &Step::Normalise(input) => self.reverse_normalise(input, step, passed, &mut to[input]),
            &Step::Maximum(input, window) => {
                let from = &self.values[input];
                for (output, inputs) in windows(from, passed, window) {
                    to[input].values[first_largest(from, &inputs)] += passed.values[output];
                }
            }
            &Step::Average(input, window) => {
                for (output, inputs) in windows(&self.values[input], passed, window) {
                    for &place in &inputs {
                        to[input].values[place] += passed.values[output] / inputs.len() as f64;
                    }
                }
            }
            &Step::Crop(input) => {
                for (place, output) in cropped(&self.values[input], passed) {
                    to[input].values[place] += passed.values[output];
                }
            }
            Step::Concatenate(inputs) => {
                for (input, place, output) in self.joined(inputs, passed) {
                    to[input].values[place] += passed.values[output];
                }
            }
            Step::Channels(input, range) => {
                for (place, output) in chosen(&self.values[*input], passed, range.start) {
                    to[*input].values[place] += passed.values[output];
                }
            }
            Step::Weigh(terms) => {
                for &(first, term) in terms {
                    let factor: f64 = self.reference.shares[first..first + 8].iter().sum();
                    let pairs = to[term].values.iter_mut().zip(&passed.values);
                    pairs.for_each(|(to, passed)| *to += factor * passed);
                }
            }
            &Step::Shuffle(input, groups) => {
                for (place, output) in shuffled(passed, groups) {
                    to[input].values[place] += passed.values[output];
                }
            }
            Step::Mix(terms, _) => {
                for &(share, term) in terms {
                    let share = self.reference.shares[share];
                    let pairs = to[term].values.iter_mut().zip(&passed.values);
                    pairs.for_each(|(to, passed)| *to += share * passed);
                }
            }
        }
    }

    fn reverse_normalise(&self, input: usize, step: usize, passed: &Tensor, to: &mut Tensor) {
        let normalised = &self.values[step].values;
        for channel in 0..passed.sizes[1] {
            let places = places_of(passed, channel);
            let count = places.len() as f64;
            let (_, deviation) = moments(&self.values[input], &places);
            let mean = places.iter().map(|&p| passed.values[p]).sum::<f64>() / count;
            let product = places.iter().map(|&p| passed.values[p] * normalised[p]).sum::<f64>();
            for p in places {
                let centred = passed.values[p] - mean - product / count * normalised[p];
                to.values[p] += centred / deviation;
            }
        }
    }
}
