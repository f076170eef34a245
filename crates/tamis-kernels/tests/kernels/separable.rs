//! The separable convolution with batch norm against a plain `f64` reference, at every level.

use super::numbers::{assert_close, dot, normals, wide};
use super::reference::separable::Reference;
use tamis_kernels::separable::{
    Affine, Operands, Saved, SeparableShape, Wants, backward, forward, forward_at, scaled_at,
};
use tamis_kernels::{Destination, Level};

/// Which gradients are wanted: of the input, of the weights, of gamma and beta.
type Wanted = [bool; 3];

const ALL: Wanted = [true; 3];

struct Case {
    shape: SeparableShape,
    input: Vec<f32>,
    depthwise: Vec<f32>,
    pointwise: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    output_gradient: Vec<f32>,
}

/// What both passes give: output, mean and variance, and gradients of input, depthwise weights, 1x1
/// weights, gamma and beta.
struct Ran {
    outputs: [Vec<f32>; 3],
    gradients: [Option<Vec<f32>>; 5],
}

/// Batch, inputs, outputs, height and width; size, dilation and stride of the kernel.
fn shape(sizes: [usize; 5], kernel: [usize; 3], relu: bool) -> SeparableShape {
    let [batch, inputs, outputs, height, width] = sizes;
    let [size, dilation, stride] = kernel;
    let pointwise = true;
    SeparableShape {
        batch,
        inputs,
        outputs,
        height,
        width,
        size,
        dilation,
        stride,
        relu,
        pointwise,
    }
}

/// Without a 1x1 convolution: batch, channels, height and width.
fn depthwise(
    [batch, channels, height, width]: [usize; 4],
    kernel: [usize; 3],
    relu: bool,
) -> SeparableShape {
    let shape = shape([batch, channels, channels, height, width], kernel, relu);
    SeparableShape { pointwise: false, ..shape }
}

fn case(shape: SeparableShape) -> Case {
    Case {
        shape,
        input: normals(1, shape.input_values(), 1.0),
        depthwise: normals(2, shape.depthwise_weights(), 1.0 / shape.size as f64),
        pointwise: normals(3, shape.pointwise_weights(), (1.0 / shape.inputs as f64).sqrt()),
        gamma: normals(4, shape.outputs, 1.0),
        beta: normals(5, shape.outputs, 1.0),
        output_gradient: normals(6, shape.output_values(), 1.0),
    }
}

impl Case {
    fn reference(&self) -> Reference {
        Reference {
            shape: self.shape,
            input: wide(&self.input),
            depthwise: wide(&self.depthwise),
            pointwise: wide(&self.pointwise),
            gamma: wide(&self.gamma),
            beta: wide(&self.beta),
        }
    }

    fn operands(&self) -> Operands<'_> {
        Operands {
            input: &self.input,
            depthwise: &self.depthwise,
            pointwise: &self.pointwise,
            affine: Some(Affine { gamma: &self.gamma, beta: &self.beta }),
        }
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
    ) -> [Option<Vec<f32>>; 5] {
        let mut input = of_input.then(|| vec![f32::NAN; self.input.len()]);
        let to_input = input.as_deref_mut().map(Destination::Write);
        let wants = Wants { weights, affine };
        let found = backward(saved, operands, &self.output_gradient, to_input, wants);
        [input, found.depthwise, found.pointwise, found.gamma, found.beta]
    }
}

/// Size, dilation and stride of every kernel that there is.
fn kernels() -> impl Iterator<Item = [usize; 3]> {
    let sizes = [3, 5, 7].into_iter().flat_map(|size| [[size, 1], [size, 2]]);
    let all = sizes.flat_map(|[size, dilation]| [[size, dilation, 1], [size, dilation, 2]]);
    all.filter(|&kernel| shape([1; 5], kernel, false).is_supported())
}

fn assert_matches_the_reference(case: &Case) {
    let reference = case.reference();
    let outputs = reference.forward();
    let gradients = reference.backward(&wide(&case.output_gradient));
    for level in Level::available() {
        let what = |name| format!("{name} of {:?} at {level:?}", case.shape);
        let ran = case.run(level, ALL);
        let names = ["output", "mean", "variance"].into_iter();
        for (name, (found, expected)) in names.zip(ran.outputs.iter().zip(&outputs)) {
            assert_close(&what(name), found, expected, 2e-5);
        }
        let names = ["input", "depthwise", "1x1", "gamma", "beta"].into_iter();
        for (name, (found, expected)) in names.zip(ran.gradients.into_iter().zip(&gradients)) {
            let largest = expected.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
            // One value in a channel has no gradient but what rounding leaves.
            if largest > 1e-6 {
                assert_close(&what(name), &found.unwrap(), expected, 1e-4);
            }
        }
    }
}

#[test]
fn every_kernel_matches_the_reference_on_odd_sizes() {
    assert_eq!(kernels().count(), 11);
    let sizes =
        [[2, 3, 5, 5, 7], [3, 5, 2, 6, 9], [1, 7, 3, 9, 17], [2, 2, 9, 8, 8], [19, 1, 1, 3, 4]];
    for (number, kernel) in kernels().enumerate() {
        for sizes in sizes {
            assert_matches_the_reference(&case(shape(sizes, kernel, number % 3 > 0)));
        }
    }
}

#[test]
fn every_kernel_without_a_1x1_convolution_matches_the_reference() {
    for (number, kernel) in kernels().enumerate() {
        for sizes in [[2, 3, 5, 7], [19, 2, 6, 9], [1, 17, 9, 16], [2, 5, 14, 14]] {
            assert_matches_the_reference(&case(depthwise(sizes, kernel, number % 2 > 0)));
        }
    }
}

#[test]
fn every_width_from_4_to_33_matches_the_reference() {
    for width in 4..=33 {
        for (number, kernel) in kernels().enumerate().filter(|(number, _)| number % 4 == width % 4)
        {
            let sizes = [2, 3, 2, 5 + width % 3, width];
            assert_matches_the_reference(&case(shape(sizes, kernel, number % 2 == 0)));
        }
    }
}

#[test]
fn the_sizes_of_networks_match_the_reference() {
    for (sizes, kernel) in [
        ([1, 36, 36, 32, 32], [3, 1, 1]),
        ([1, 16, 16, 16, 16], [5, 2, 1]),
        ([2, 32, 48, 8, 8], [7, 1, 1]),
        ([2, 16, 32, 16, 16], [5, 1, 2]),
    ] {
        assert_matches_the_reference(&case(shape(sizes, kernel, true)));
    }
}

#[test]
fn sizes_smaller_than_the_kernel_match_the_reference() {
    for kernel in kernels() {
        for sizes in [[3, 2, 2, 1, 1], [4, 3, 4, 2, 1], [2, 2, 3, 1, 3]] {
            assert_matches_the_reference(&case(shape(sizes, kernel, true)));
        }
    }
}

#[test]
fn the_reference_gradients_are_those_of_finite_differences() {
    let mixed =
        [[3, 2, 1], [5, 1, 2], [7, 1, 1]].map(|kernel| shape([2, 2, 3, 5, 4], kernel, true));
    let alone = depthwise([2, 3, 5, 4], [3, 1, 2], true);
    for shape in mixed.into_iter().chain([alone]) {
        let case = case(shape);
        let output_gradient = wide(&case.output_gradient);
        let gradients = case.reference().backward(&output_gradient);
        let parts: [fn(&mut Reference) -> &mut Vec<f64>; 5] = [
            |case| &mut case.input,
            |case| &mut case.depthwise,
            |case| &mut case.pointwise,
            |case| &mut case.gamma,
            |case| &mut case.beta,
        ];
        for (gradient, part) in gradients.iter().zip(parts) {
            for (place, gradient) in gradient.iter().enumerate() {
                let loss = |step: f64| {
                    let mut reference = case.reference();
                    part(&mut reference)[place] += step;
                    dot(&reference.forward()[0], &output_gradient)
                };
                let difference = (loss(1e-6) - loss(-1e-6)) / 2e-6;
                assert!((difference - gradient).abs() < 1e-5 * (1.0 + gradient.abs()));
            }
        }
    }
}

#[test]
fn scale_and_shift_alone_match_the_reference() {
    for kernel in kernels() {
        let case = case(shape([2, 3, 4, 7, 6], kernel, true));
        let reference = case.reference();
        let [mut expected, mean, variance] = reference.normalised();
        for (place, value) in expected.iter_mut().enumerate() {
            let channel = reference.channel(place);
            let convolved = *value * (variance[channel] + 1e-5).sqrt() + mean[channel];
            *value = convolved * reference.gamma[channel] + reference.beta[channel];
        }
        for level in Level::available() {
            let mut found = vec![f32::NAN; case.shape.output_values()];
            scaled_at(level, &case.shape, &case.operands(), Destination::Write(&mut found));
            assert_close(&format!("{:?} at {level:?}", case.shape), &found, &expected, 1e-5);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (sizes, kernel) in [
        ([19, 3, 8, 16, 16], [3, 1, 2]),
        ([33, 4, 5, 7, 8], [5, 2, 1]),
        ([5, 16, 8, 9, 9], [7, 1, 1]),
    ] {
        let case = case(shape(sizes, kernel, true));
        for level in Level::available() {
            let bits = [1, 2, 4].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                all_bits(pool.install(|| case.run(level, ALL)))
            });
            assert!(bits[0] == bits[1] && bits[0] == bits[2], "{sizes:?} at {level:?}");
        }
    }
}

fn all_bits(ran: Ran) -> Vec<u32> {
    let all = [ran.outputs.concat(), ran.gradients.map(Option::unwrap).concat()].concat();
    all.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn memory_left_by_earlier_calls_does_not_show() {
    let mixed = kernels().map(|kernel| shape([3, 5, 4, 9, 9], kernel, false));
    let alone = kernels().map(|kernel| depthwise([3, 5, 9, 9], kernel, false));
    for shape in mixed.chain(alone) {
        let mut poison = case(shape);
        let clean = all_bits(poison.run(Level::best(), ALL));
        poison.input.fill(f32::NAN);
        poison.run(Level::best(), ALL);
        let again = case(poison.shape).run(Level::best(), ALL);
        assert!(all_bits(again) == clean, "{:?}", poison.shape);
    }
}

#[test]
fn gradients_that_are_not_wanted_are_absent_and_change_nothing() {
    let mixed = [([3, 1, 2], true), ([5, 2, 1], false), ([7, 1, 1], true)]
        .map(|(kernel, relu)| shape([3, 4, 6, 6, 5], kernel, relu));
    let alone = depthwise([3, 4, 6, 5], [5, 1, 1], true);
    for shape in mixed.into_iter().chain([alone]) {
        let case = case(shape);
        let all = case.run(Level::best(), ALL).gradients;
        for bits in 0..8 {
            let [input, weights, affine] = [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0];
            let found = case.run(Level::best(), [input, weights, affine]).gradients;
            let wanted = [input, weights, weights, affine, affine];
            for ((found, all), wanted) in found.iter().zip(&all).zip(wanted) {
                assert_eq!(*found, all.clone().filter(|_| wanted));
            }
        }
    }
}

#[test]
fn what_is_added_comes_on_top_of_what_is_there() {
    for (kernel, relu) in [([3, 1, 1], true), ([5, 1, 2], false), ([3, 2, 2], true)] {
        let case = case(shape([2, 4, 3, 7, 5], kernel, relu));
        let ran = case.run(Level::best(), ALL);
        let before = normals(7, case.shape.output_values(), 1.0);
        let mut output = before.clone();
        let to = Destination::Add(&mut output);
        let forward = forward_at(Level::best(), &case.shape, &case.operands(), to, true);
        assert_sums(&output, &before, &ran.outputs[0]);
        let before = normals(8, case.input.len(), 1.0);
        let mut gradient = before.clone();
        let to = Some(Destination::Add(&mut gradient));
        let wants = Wants { weights: false, affine: false };
        let saved = forward.saved.unwrap();
        backward(&saved, &case.operands(), &case.output_gradient, to, wants);
        assert_sums(&gradient, &before, ran.gradients[0].as_deref().unwrap());
    }
}

/// `sum` is `before + added`, to the bit.
fn assert_sums(sum: &[f32], before: &[f32], added: &[f32]) {
    let terms = before.iter().zip(added);
    assert!(sum.iter().zip(terms).all(|(sum, (before, added))| *sum == before + added));
}

#[test]
fn without_an_affine_part_gamma_is_one_and_beta_zero() {
    let mut case = case(shape([2, 3, 4, 6, 6], [3, 1, 1], false));
    case.gamma.fill(1.0);
    case.beta.fill(0.0);
    let with = case.run(Level::best(), ALL);
    let operands = Operands { affine: None, ..case.operands() };
    let without = case.run_with(Level::best(), &operands, ALL);
    assert_eq!(with.outputs, without.outputs);
    assert_eq!(with.gradients, without.gradients);
}

#[test]
fn a_nan_in_the_input_is_not_hidden_by_the_relu() {
    let mut case = case(shape([2, 3, 4, 4, 4], [3, 1, 1], true));
    case.input[7] = f32::NAN;
    for level in Level::available() {
        let ran = case.run(level, ALL);
        assert!(ran.outputs.concat().iter().all(|value| value.is_nan()));
    }
}

#[test]
#[should_panic(expected = "sizes that there are no kernels for")]
fn kernels_that_reach_beyond_the_margin_are_refused() {
    case(shape([1, 1, 1, 9, 9], [7, 2, 1], false)).run(Level::best(), ALL);
}

#[test]
#[should_panic(expected = "sizes that there are no kernels for")]
fn more_outputs_than_inputs_need_a_1x1_convolution() {
    let shape = SeparableShape { outputs: 3, ..depthwise([1, 2, 4, 4], [3, 1, 1], true) };
    case(shape).run(Level::best(), ALL);
}

#[test]
#[should_panic(expected = "length of the 1x1 weights")]
fn weights_of_another_length_are_refused() {
    let case = case(shape([1, 2, 3, 4, 4], [3, 1, 1], true));
    let operands = Operands { pointwise: &case.pointwise[1..], ..case.operands() };
    let mut output = vec![0.0; case.shape.output_values()];
    forward(&case.shape, &operands, Destination::Write(&mut output), true);
}
