//! The separable convolution with batch norm in plain `f64` code, forward and backward.

use tamis_kernels::separable::SeparableShape;

/// Operands of the convolution.
#[derive(Clone)]
pub(crate) struct Reference {
    pub(crate) shape: SeparableShape,
    pub(crate) input: Vec<f64>,
    pub(crate) depthwise: Vec<f64>,
    pub(crate) pointwise: Vec<f64>,
    pub(crate) gamma: Vec<f64>,
    pub(crate) beta: Vec<f64>,
}

impl Reference {
    /// Every (place between the convolutions, place of the input, depthwise weight) that are multiplied.
    fn depthwise_products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let SeparableShape { batch, inputs, height, width, size, dilation, stride, .. } =
            self.shape;
        let (rows, columns) = (self.shape.output_height(), self.shape.output_width());
        let border = (size - 1) * dilation / 2;
        for plane in 0..batch * inputs {
            for to in 0..rows * columns {
                for tap in 0..size * size {
                    // Counted from the beginning of the border.
                    let y = to / columns * stride + tap / size * dilation;
                    let x = to % columns * stride + tap % size * dilation;
                    if (border..border + height).contains(&y)
                        && (border..border + width).contains(&x)
                    {
                        let from = (plane * height + y - border) * width + x - border;
                        let weight = plane % inputs * size * size + tap;
                        visit(plane * rows * columns + to, from, weight);
                    }
                }
            }
        }
    }

    /// Every (place of the output, place between the convolutions, 1x1 weight) that are multiplied.
    fn pointwise_products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let SeparableShape { batch, inputs, outputs, .. } = self.shape;
        for image in 0..batch {
            for weight in 0..outputs * inputs {
                let to = (image * outputs + weight / inputs) * self.pixels();
                let from = (image * inputs + weight % inputs) * self.pixels();
                (0..self.pixels()).for_each(|pixel| visit(to + pixel, from + pixel, weight));
            }
        }
    }

    /// A 1x1 weight; without such a convolution 1 from every channel to itself.
    fn mixed(&self, weight: usize) -> f64 {
        let [output, input] = [weight / self.shape.inputs, weight % self.shape.inputs];
        let own = f64::from(u8::from(output == input));
        if self.shape.pointwise { self.pointwise[weight] } else { own }
    }

    fn pixels(&self) -> usize {
        self.shape.output_height() * self.shape.output_width()
    }

    pub(crate) fn channel(&self, place: usize) -> usize {
        place / self.pixels() % self.shape.outputs
    }

    /// Value of the input after the ReLU.
    fn value(&self, place: usize) -> f64 {
        if self.shape.relu { self.input[place].max(0.0) } else { self.input[place] }
    }

    fn between(&self) -> Vec<f64> {
        let mut between = vec![0.0; self.shape.batch * self.shape.inputs * self.pixels()];
        self.depthwise_products(|to, from, weight| {
            between[to] += self.value(from) * self.depthwise[weight];
        });
        between
    }

    fn channel_sums(&self, values: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.shape.outputs];
        let places = 0..self.shape.output_values();
        places.for_each(|place| sums[self.channel(place)] += values(place));
        sums
    }

    /// Both convolutions, normalised; means; variances.
    pub(crate) fn normalised(&self) -> [Vec<f64>; 3] {
        let (between, mut convolved) = (self.between(), vec![0.0; self.shape.output_values()]);
        self.pointwise_products(|to, from, weight| {
            convolved[to] += between[from] * self.mixed(weight);
        });
        let count = (convolved.len() / self.shape.outputs) as f64;
        let mut mean = self.channel_sums(|place| convolved[place]);
        mean.iter_mut().for_each(|mean| *mean /= count);
        let mut variance =
            self.channel_sums(|place| (convolved[place] - mean[self.channel(place)]).powi(2));
        variance.iter_mut().for_each(|variance| *variance /= count);
        for (place, value) in convolved.iter_mut().enumerate() {
            let channel = self.channel(place);
            *value = (*value - mean[channel]) / (variance[channel] + 1e-5).sqrt();
        }
        [convolved, mean, variance]
    }

    /// Output, means, variances.
    pub(crate) fn forward(&self) -> [Vec<f64>; 3] {
        let [mut output, mean, variance] = self.normalised();
        for (place, value) in output.iter_mut().enumerate() {
            let channel = self.channel(place);
            *value = *value * self.gamma[channel] + self.beta[channel];
        }
        [output, mean, variance]
    }

    /// Gradients of input, depthwise weights, 1x1 weights, gamma, beta.
    pub(crate) fn backward(&self, output_gradient: &[f64]) -> [Vec<f64>; 5] {
        let [normalised, _, variance] = self.normalised();
        let count = (normalised.len() / self.shape.outputs) as f64;
        let beta = self.channel_sums(|place| output_gradient[place]);
        let gamma = self.channel_sums(|place| output_gradient[place] * normalised[place]);
        let inner = |place: usize| {
            let channel = self.channel(place);
            let centred = output_gradient[place]
                - beta[channel] / count
                - normalised[place] * gamma[channel] / count;
            centred * self.gamma[channel] / (variance[channel] + 1e-5).sqrt()
        };
        let between = self.between();
        let mut of_between = vec![0.0; between.len()];
        let mut pointwise = vec![0.0; self.pointwise.len()];
        self.pointwise_products(|to, from, weight| {
            if let Some(sum) = pointwise.get_mut(weight) {
                *sum += inner(to) * between[from];
            }
            of_between[from] += inner(to) * self.mixed(weight);
        });
        let mut input = vec![0.0; self.input.len()];
        let mut depthwise = vec![0.0; self.depthwise.len()];
        self.depthwise_products(|to, from, weight| {
            depthwise[weight] += of_between[to] * self.value(from);
            if !self.shape.relu || self.input[from] > 0.0 {
                input[from] += of_between[to] * self.depthwise[weight];
            }
        });
        [input, depthwise, pointwise, gamma, beta]
    }
}
