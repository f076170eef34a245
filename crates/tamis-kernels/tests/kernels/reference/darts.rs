//! The DARTS cell in `f64`, written as plainly as possible: a list of steps, each of which can be run
//! and reversed. Shares no code and no layout with the crate.

use crate::numbers::dot;
use tamis_kernels::darts::CellShape;

/// Batch, channels, height, width.
type Sizes = [usize; 4];

#[derive(Clone)]
struct Tensor {
    sizes: Sizes,
    values: Vec<f64>,
}

impl Tensor {
    fn zeros(sizes: Sizes) -> Tensor {
        Tensor { sizes, values: vec![0.0; sizes.iter().product()] }
    }

    fn at(&self, image: usize, channel: usize, y: usize, x: usize) -> usize {
        let [_, channels, height, width] = self.sizes;
        ((image * channels + channel) * height + y) * width + x
    }
}

/// A kernel and how it moves.
#[derive(Clone, Copy)]
struct Window {
    size: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

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
        let CellShape { batch, channels, height, width, .. } = self.shape;
        let mut tape =
            Tape { reference: self, steps: Vec::new(), values: Vec::new(), next_weight: 0 };
        let mut states = Vec::new();
        for values in &self.states {
            let sizes = [batch, channels, height, width];
            states.push(tape.push(Step::Input, Tensor { sizes, values: values.clone() }));
        }
        let mut edge = 0;
        for _ in 2..6 {
            let (mut terms, mut idle) = (Vec::new(), Vec::new());
            for (source, &state) in states.iter().enumerate() {
                let stride = if self.shape.reduction && source < 2 { 2 } else { 1 };
                terms.extend(
                    tape.operations(state, stride)
                        .into_iter()
                        .map(|(operation, result)| (edge * 8 + operation, result))
                        .filter(|&(place, _)| self.runs(place)),
                );
                idle.extend((edge * 8..edge * 8 + 8).filter(|&place| !self.runs(place)));
                edge += 1;
            }
            states.push(tape.mix(terms, idle));
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
        let mut to = Tensor::zeros([shape.batch, shape.channels, height, width]);
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
                idle.iter().for_each(|&share| shares[share] = gradient.values.iter().sum());
                for &(share, term) in terms {
                    shares[share] = dot(&gradient.values, &self.values[term].values);
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

fn every_place(sizes: Sizes, mut visit: impl FnMut([usize; 4])) {
    for image in 0..sizes[0] {
        for channel in 0..sizes[1] {
            for y in 0..sizes[2] {
                for x in 0..sizes[3] {
                    visit([image, channel, y, x]);
                }
            }
        }
    }
}

fn result_of(from: &Tensor, window: Window, channels: usize) -> Tensor {
    let reach = window.dilation * (window.size - 1);
    let size = |size: usize| (size + 2 * window.padding - reach - 1) / window.stride + 1;
    Tensor::zeros([from.sizes[0], channels, size(from.sizes[2]), size(from.sizes[3])])
}

/// Row, column and tap of the neighbours that exist.
fn neighbours(from: &Tensor, window: Window, y: usize, x: usize) -> Vec<[usize; 3]> {
    let mut found = Vec::new();
    for tap in 0..window.size * window.size {
        let row = y * window.stride + tap / window.size * window.dilation;
        let column = x * window.stride + tap % window.size * window.dilation;
        let inside = |at: usize, size| at >= window.padding && at - window.padding < size;
        if inside(row, from.sizes[2]) && inside(column, from.sizes[3]) {
            found.push([row - window.padding, column - window.padding, tap]);
        }
    }
    found
}

/// Every (place in the input, place in the output, place in the weights) that are multiplied.
fn products(
    from: &Tensor,
    to: &Tensor,
    window: Window,
    own: bool,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let taps = window.size * window.size;
    every_place(to.sizes, |[image, output, y, x]| {
        let place = to.at(image, output, y, x);
        for [row, column, tap] in neighbours(from, window, y, x) {
            if own {
                visit(from.at(image, output, row, column), place, output * taps + tap);
                continue;
            }
            for input in 0..from.sizes[1] {
                let weight = (output * from.sizes[1] + input) * taps + tap;
                visit(from.at(image, input, row, column), place, weight);
            }
        }
    });
}

/// Every place of the output with the places in its window.
fn windows(from: &Tensor, to: &Tensor, window: Window) -> Vec<(usize, Vec<usize>)> {
    let mut found = Vec::new();
    every_place(to.sizes, |[image, channel, y, x]| {
        let inputs = neighbours(from, window, y, x);
        let inputs = inputs.iter().map(|&[row, column, _]| from.at(image, channel, row, column));
        found.push((to.at(image, channel, y, x), inputs.collect()));
    });
    found
}

fn first_largest(from: &Tensor, places: &[usize]) -> usize {
    let mut best = places[0];
    for &place in places {
        if from.values[place] > from.values[best] {
            best = place;
        }
    }
    best
}

/// Pairs of places of a tensor and of what is left without the first row and column.
fn cropped(from: &Tensor, to: &Tensor) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    every_place(to.sizes, |[image, channel, y, x]| {
        pairs.push((from.at(image, channel, y + 1, x + 1), to.at(image, channel, y, x)));
    });
    pairs
}

fn places_of(tensor: &Tensor, channel: usize) -> Vec<usize> {
    let mut places = Vec::new();
    every_place(tensor.sizes, |[image, of, y, x]| {
        if of == channel {
            places.push(tensor.at(image, of, y, x));
        }
    });
    places
}

/// Mean and deviation.
fn moments(tensor: &Tensor, places: &[usize]) -> (f64, f64) {
    let count = places.len() as f64;
    let mean = places.iter().map(|&p| tensor.values[p]).sum::<f64>() / count;
    let variance = places.iter().map(|&p| (tensor.values[p] - mean).powi(2)).sum::<f64>() / count;
    (mean, (variance + 1e-5).sqrt())
}
