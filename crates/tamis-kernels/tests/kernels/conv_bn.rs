//! Convolution with batch normalisation against a plain `f64` reference, at every level.

use super::numbers::{assert_close, normals, wide};
use tamis_kernels::conv_bn::{
    Affine, ConvShape, Kernel, Operands, Saved, Wants, again, backward, convolve_backward_at,
    forward_at, scaled_at,
};
use tamis_kernels::{Destination, Level};

/// Which gradients are wanted: of the input, of the weights, of gamma and beta.
type Wanted = [bool; 3];

const ALL: Wanted = [true; 3];

#[derive(Clone)]
struct Case<T> {
    shape: ConvShape,
    input: Vec<T>,
    weights: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
    output_gradient: Vec<T>,
}

/// What both passes give: output, mean and variance, and gradients of input, weights, gamma, beta.
struct Ran {
    outputs: [Vec<f32>; 3],
    gradients: [Option<Vec<f32>>; 4],
}

/// An operand of a case.
type Part = fn(&mut Case<f64>) -> &mut Vec<f64>;

/// Batch, inputs, outputs, height, width, rows of the kernel (2 is the diagonal one), stride.
fn shape(sizes: [usize; 7], relu: bool) -> ConvShape {
    let [batch, inputs, outputs, height, width, rows, stride] = sizes;
    let kernel = match rows {
        1 => Kernel::One,
        2 => Kernel::Diagonal,
        _ => Kernel::Three,
    };
    ConvShape { batch, inputs, outputs, height, width, kernel, stride, relu }
}

fn case(shape: ConvShape) -> Case<f32> {
    let deviation = (1.0 / (shape.inputs * shape.kernel.taps()) as f64).sqrt();
    Case {
        shape,
        input: normals(1, shape.input_values(), 1.0),
        weights: normals(2, shape.weights(), deviation),
        gamma: normals(3, shape.outputs, 1.0),
        beta: normals(4, shape.outputs, 1.0),
        output_gradient: normals(5, shape.output_values(), 1.0),
    }
}

impl Case<f32> {
    fn wide(&self) -> Case<f64> {
        Case {
            shape: self.shape,
            input: wide(&self.input),
            weights: wide(&self.weights),
            gamma: wide(&self.gamma),
            beta: wide(&self.beta),
            output_gradient: wide(&self.output_gradient),
        }
    }

    fn operands(&self) -> Operands<'_> {
        let affine = Some(Affine { gamma: &self.gamma, beta: &self.beta });
        Operands { input: &self.input, weights: &self.weights, affine }
    }

    fn run(&self, level: Level, wanted: Wanted) -> Ran {
        self.run_with(level, &self.operands(), wanted)
    }

    fn run_with(&self, level: Level, operands: &Operands<'_>, wanted: Wanted) -> Ran {
        let mut output = vec![f32::NAN; self.shape.output_values()];
        let to = Destination::Write(&mut output);
        let forward = forward_at(level, &self.shape, operands, to, true);
        let gradients = self.gradients(&forward.saved.unwrap(), operands, wanted);
        Ran { outputs: [output, forward.mean, forward.variance], gradients }
    }

    fn gradients(
        &self,
        saved: &Saved,
        operands: &Operands<'_>,
        [of_input, weights, affine]: Wanted,
    ) -> [Option<Vec<f32>>; 4] {
        let mut input = of_input.then(|| vec![f32::NAN; self.input.len()]);
        let to_input = input.as_deref_mut().map(Destination::Write);
        let wants = Wants { weights, affine };
        let found = backward(saved, operands, &self.output_gradient, to_input, wants);
        [input, found.weights, found.gamma, found.beta]
    }
}

impl Case<f64> {
    /// Every (output place, input place, weight) that are multiplied.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let ConvShape { batch, inputs, outputs, height, width, kernel, stride, .. } = self.shape;
        let (rows, columns) = (self.shape.output_height(), self.shape.output_width());
        // Rows and columns of each tap from the output's own place.
        let taps: &[(isize, isize)] = match kernel {
            Kernel::One => &[(0, 0)],
            Kernel::Three => &pairs(3, 3)
                .map(|(row, column)| (row as isize - 1, column as isize - 1))
                .collect::<Vec<_>>(),
            Kernel::Diagonal => &[(0, 0), (1, 1)],
        };
        for image in 0..batch {
            for (output, input) in pairs(outputs, inputs) {
                for (y, x) in pairs(rows, columns) {
                    for (number, &(row, column)) in taps.iter().enumerate() {
                        let from = |at: usize, tap: isize| (at * stride).wrapping_add_signed(tap);
                        let (from_y, from_x) = (from(y, row), from(x, column));
                        if from_y < height && from_x < width {
                            visit(
                                ((image * outputs + output) * rows + y) * columns + x,
                                ((image * inputs + input) * height + from_y) * width + from_x,
                                (output * inputs + input) * taps.len() + number,
                            );
                        }
                    }
                }
            }
        }
    }

    fn channel(&self, place: usize) -> usize {
        let pixels = self.shape.output_height() * self.shape.output_width();
        place / pixels % self.shape.outputs
    }

    /// Value of the input after the ReLU.
    fn value(&self, place: usize) -> f64 {
        if self.shape.relu { self.input[place].max(0.0) } else { self.input[place] }
    }

    fn channel_sums(&self, values: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.shape.outputs];
        (0..self.shape.output_values())
            .for_each(|place| sums[self.channel(place)] += values(place));
        sums
    }

    /// Normalised convolution, means, variances.
    fn normalised(&self) -> [Vec<f64>; 3] {
        let mut convolved = vec![0.0; self.shape.output_values()];
        self.products(|to, from, weight| convolved[to] += self.value(from) * self.weights[weight]);
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

    fn forward(&self) -> [Vec<f64>; 3] {
        let [mut output, mean, variance] = self.normalised();
        for (place, value) in output.iter_mut().enumerate() {
            let channel = self.channel(place);
            *value = *value * self.gamma[channel] + self.beta[channel];
        }
        [output, mean, variance]
    }

    /// Gradients of input, weights, gamma, beta.
    fn backward(&self) -> [Vec<f64>; 4] {
        let [normalised, _, variance] = self.normalised();
        let count = (normalised.len() / self.shape.outputs) as f64;
        let beta = self.channel_sums(|place| self.output_gradient[place]);
        let gamma = self.channel_sums(|place| self.output_gradient[place] * normalised[place]);
        let inner = |place: usize| {
            let channel = self.channel(place);
            let centred = self.output_gradient[place]
                - beta[channel] / count
                - normalised[place] * gamma[channel] / count;
            centred * self.gamma[channel] / (variance[channel] + 1e-5).sqrt()
        };
        let mut input = vec![0.0; self.input.len()];
        let mut weights = vec![0.0; self.weights.len()];
        self.products(|to, from, weight| {
            weights[weight] += inner(to) * self.value(from);
            if !self.shape.relu || self.input[from] > 0.0 {
                input[from] += inner(to) * self.weights[weight];
            }
        });
        [input, weights, gamma, beta]
    }
}

fn pairs(first: usize, second: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..first).flat_map(move |a| (0..second).map(move |b| (a, b)))
}

fn shapes() -> Vec<ConvShape> {
    let sizes = [
        [2, 3, 16, 8, 8],
        [3, 3, 5, 5, 7],
        [1, 8, 8, 9, 9],
        [2, 5, 3, 6, 5],
        [9, 4, 8, 8, 7],
        [2, 16, 32, 32, 32],
        [3, 2, 2, 1, 1],
        [7, 3, 4, 2, 1],
    ];
    let mut shapes = Vec::new();
    for [batch, inputs, outputs, height, width] in sizes {
        for (rows, stride) in [(1, 1), (1, 2), (3, 1), (3, 2), (2, 1), (2, 2)] {
            let relu = (rows + stride + batch) % 2 == 0;
            shapes.push(shape([batch, inputs, outputs, height, width, rows, stride], relu));
        }
    }
    shapes
}

#[test]
fn every_kernel_and_stride_matches_the_reference() {
    for shape in shapes() {
        let case = case(shape);
        let wide = case.wide();
        let ([output, mean, variance], gradients) = (wide.forward(), wide.backward());
        for level in Level::available() {
            let what = |name| format!("{name} of {shape:?} at {level:?}");
            let ran = case.run(level, ALL);
            let expected = [("output", &output), ("mean", &mean), ("variance", &variance)];
            for (found, (name, expected)) in ran.outputs.iter().zip(expected) {
                assert_close(&what(name), found, expected, 1e-5);
            }
            let found = ran.gradients.map(Option::unwrap);
            for (number, name) in ["input", "weights", "gamma", "beta"].into_iter().enumerate() {
                let largest = gradients[number].iter().fold(0.0, |most: f64, v| most.max(v.abs()));
                // One value in a channel has no gradient but what rounding leaves.
                if largest > 1e-6 {
                    assert_close(&what(name), &found[number], &gradients[number], 3e-5);
                }
            }
        }
    }
}

#[test]
fn scale_and_shift_alone_match_the_reference() {
    for shape in shapes() {
        let case = case(shape);
        let wide = case.wide();
        let [mut expected, mean, variance] = wide.normalised();
        for (place, value) in expected.iter_mut().enumerate() {
            let channel = wide.channel(place);
            let convolved = *value * (variance[channel] + 1e-5).sqrt() + mean[channel];
            *value = convolved * wide.gamma[channel] + wide.beta[channel];
        }
        for level in Level::available() {
            let mut found = vec![f32::NAN; shape.output_values()];
            scaled_at(level, &shape, &case.operands(), Destination::Write(&mut found));
            assert_close(&format!("{shape:?} at {level:?}"), &found, &expected, 1e-5);
        }
    }
}

#[test]
fn the_reference_gradients_are_those_of_finite_differences() {
    let case = case(shape([2, 2, 3, 5, 4, 3, 2], true)).wide();
    let gradients = case.backward();
    let parts: [Part; 4] = [
        |case| &mut case.input,
        |case| &mut case.weights,
        |case| &mut case.gamma,
        |case| &mut case.beta,
    ];
    for (gradient, part) in gradients.iter().zip(parts) {
        for (place, gradient) in gradient.iter().enumerate() {
            let loss = |step: f64| {
                let mut case = case.clone();
                part(&mut case)[place] += step;
                let [output, ..] = case.forward();
                output.iter().zip(&case.output_gradient).map(|(a, b)| a * b).sum::<f64>()
            };
            let difference = (loss(1e-6) - loss(-1e-6)) / 2e-6;
            assert!((difference - gradient).abs() < 1e-6 * (1.0 + gradient.abs()));
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for sizes in [
        [19, 3, 8, 16, 16, 3, 2],
        [33, 4, 5, 7, 8, 3, 1],
        [5, 8, 8, 32, 32, 1, 1],
        [9, 8, 6, 16, 16, 2, 2],
    ] {
        let case = case(shape(sizes, true));
        let bits = [1, 2, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let ran = pool.install(|| case.run(Level::best(), ALL));
            let all = [ran.outputs.concat(), ran.gradients.map(Option::unwrap).concat()].concat();
            all.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        });
        assert!(bits[0] == bits[1] && bits[0] == bits[2], "{sizes:?}");
    }
}

#[test]
fn gradients_that_are_not_wanted_are_absent_and_change_nothing() {
    let case = case(shape([3, 4, 6, 6, 5, 3, 2], true));
    let all = case.run(Level::best(), ALL).gradients;
    for bits in 0..8 {
        let [input, weights, affine] = [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0];
        let found = case.run(Level::best(), [input, weights, affine]).gradients;
        for ((found, all), wanted) in found.iter().zip(&all).zip([input, weights, affine, affine]) {
            assert_eq!(*found, all.clone().filter(|_| wanted));
        }
    }
}

#[test]
fn without_an_affine_part_gamma_is_one_and_beta_zero() {
    let mut case = case(shape([2, 3, 4, 6, 6, 3, 1], false));
    case.gamma.fill(1.0);
    case.beta.fill(0.0);
    let with = case.run(Level::best(), ALL);
    let operands = Operands { affine: None, ..case.operands() };
    let without = case.run_with(Level::best(), &operands, ALL);
    assert_eq!(with.outputs, without.outputs);
    assert_eq!(with.gradients, without.gradients);
}

#[test]
fn what_is_added_comes_on_top_of_what_is_there() {
    for sizes in [[2, 4, 3, 6, 5, 3, 1], [2, 4, 3, 7, 5, 1, 2], [2, 3, 4, 5, 7, 2, 2]] {
        for relu in [false, true] {
            let case = case(shape(sizes, relu));
            let operands = case.operands();
            let ran = case.run(Level::best(), ALL);
            let before = normals(6, case.shape.output_values(), 1.0);
            let mut output = before.clone();
            let to = Destination::Add(&mut output);
            let forward = forward_at(Level::best(), &case.shape, &operands, to, true);
            assert_sums(&output, &before, &ran.outputs[0]);
            let (saved, mut second) =
                (forward.saved.as_ref().unwrap(), vec![f32::NAN; output.len()]);
            again(saved, operands.affine, Destination::Write(&mut second));
            assert_eq!(second, ran.outputs[0], "made again from what the pass left");

            let mut scaled = [vec![0.0; output.len()], before.clone()];
            let [alone, sum] = &mut scaled;
            scaled_at(Level::best(), &case.shape, &operands, Destination::Write(alone));
            scaled_at(Level::best(), &case.shape, &operands, Destination::Add(sum));
            assert_sums(sum, &before, alone);

            let before = normals(7, case.input.len(), 1.0);
            let expected = ran.gradients[0].as_deref().unwrap();
            for weights in [false, true] {
                let mut gradient = before.clone();
                let to = Some(Destination::Add(&mut gradient));
                let wants = Wants { weights, affine: false };
                let saved = forward.saved.as_ref().unwrap();
                backward(saved, &operands, &case.output_gradient, to, wants);
                assert_sums(&gradient, &before, expected);
            }
        }
    }
}

/// `sum` is `before + added`, to the bit.
fn assert_sums(sum: &[f32], before: &[f32], added: &[f32]) {
    let terms = before.iter().zip(added);
    assert!(sum.iter().zip(terms).all(|(sum, (before, added))| *sum == before + added));
}

#[test]
#[should_panic(expected = "length of the input gradient")]
fn an_input_gradient_of_another_length_is_refused() {
    let case = case(shape([1, 2, 2, 4, 4, 3, 1], true));
    let (operands, mut output) = (case.operands(), vec![0.0; case.shape.output_values()]);
    let to = Destination::Write(&mut output);
    let saved = forward_at(Level::best(), &case.shape, &operands, to, true).saved.unwrap();
    let to = Some(Destination::Write(&mut []));
    let wants = Wants { weights: true, affine: true };
    backward(&saved, &operands, &case.output_gradient, to, wants);
}

#[test]
#[should_panic(expected = "a stride of 3")]
fn other_strides_are_refused() {
    let case = case(shape([1, 1, 1, 4, 4, 1, 3], false));
    case.run(Level::best(), ALL);
}

/// The convolution alone at one level.
fn convolved(level: Level, shape: &ConvShape, input: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut output = vec![0.0; shape.output_values()];
    let operands = Operands { input, weights, affine: None };
    scaled_at(level, shape, &operands, Destination::Write(&mut output));
    output
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// One at a place, zeros elsewhere.
fn unit(length: usize, at: usize) -> Vec<f32> {
    let mut unit = vec![0.0; length];
    unit[at] = 1.0;
    unit
}

#[test]
fn gradients_of_the_convolution_alone_are_what_it_makes_of_each_weight_and_each_pixel() {
    for sizes in
        [[2, 2, 3, 5, 4, 3, 1], [2, 3, 2, 5, 6, 3, 2], [3, 2, 4, 4, 4, 1, 1], [2, 2, 2, 6, 5, 1, 2]]
    {
        let shape = shape(sizes, false);
        let Case { input, weights, output_gradient, .. } = case(shape);
        let operands = Operands { input: &input, weights: &weights, affine: None };
        for level in Level::available() {
            let mut of_input = vec![f32::NAN; input.len()];
            let to = Some(Destination::Write(&mut of_input));
            let found = convolve_backward_at(level, &shape, &operands, &output_gradient, to, true);
            // The convolution is linear in both: the slope of each is what it makes of a one there.
            for (at, slope) in found.unwrap().into_iter().enumerate() {
                let made = convolved(level, &shape, &input, &unit(weights.len(), at));
                assert!(
                    (dot(&made, &output_gradient) - f64::from(slope)).abs() < 1e-4,
                    "{sizes:?}"
                );
            }
            for (at, &slope) in of_input.iter().enumerate() {
                let made = convolved(level, &shape, &unit(input.len(), at), &weights);
                assert!(
                    (dot(&made, &output_gradient) - f64::from(slope)).abs() < 1e-4,
                    "{sizes:?}"
                );
            }
            let mut added = vec![1.0; input.len()];
            let to = Some(Destination::Add(&mut added));
            let none = convolve_backward_at(level, &shape, &operands, &output_gradient, to, false);
            assert!(none.is_none());
            assert!(added.iter().zip(&of_input).all(|(added, slope)| *added == 1.0 + slope));
        }
    }
}
