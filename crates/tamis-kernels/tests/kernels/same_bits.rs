//! The bits of every operation are those of any other level and of any other number of threads, over sizes
//! drawn at random.

use std::sync::LazyLock;

use super::numbers::{flags, normals};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tamis_core::{Key, Purpose, Stream};
use tamis_kernels::conv_bn::{self, ConvShape, Kernel};
use tamis_kernels::pooling::{self, Pool, PoolShape};
use tamis_kernels::separable::{self, SeparableShape};
use tamis_kernels::{Destination, Level, average_2x2, darts, nas_bench_201};

/// Sizes drawn of each operation.
const CASES: u64 = 24;
/// Floats of the largest planes of a case, of all images together.
const MOST_VALUES: u64 = 1 << 15;

static POOLS: LazyLock<Vec<ThreadPool>> = LazyLock::new(|| {
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    (1..=4).map(pool).collect()
});

/// What an operation gives, one part after another.
type Found = Vec<Vec<f32>>;

fn assert_same_bits(what: &str, run: impl Fn(Level) -> Found + Sync) {
    let bits = |found: Found| -> Vec<Vec<u32>> {
        found.iter().map(|part| part.iter().map(|value| value.to_bits()).collect()).collect()
    };
    let mut expected = None;
    for level in Level::available() {
        for pool in POOLS.iter() {
            let found = bits(pool.install(|| run(level)));
            let expected = expected.get_or_insert_with(|| found.clone());
            let differing =
                found.iter().zip(expected).position(|(found, expected)| found != expected);
            let threads = pool.current_num_threads();
            assert_eq!(differing, None, "part of {what} at {level:?} with {threads} threads");
        }
    }
}

/// Numbers of which some are zeros of either sign, and some alike.
fn values(id: u64, count: usize) -> Vec<f32> {
    let mut stream = Key::new(11, Purpose::Test).id(id).stream();
    let special = [0.0, -0.0, 0.5, -0.5];
    let mut values = normals(id, count, 1.0);
    for value in &mut values {
        if stream.below(8) == 0 {
            *value = special[stream.below(4) as usize];
        }
    }
    values
}

/// Sizes of an operation, drawn for one case.
struct Draw(Stream);

impl Draw {
    /// Of each case in turn; `id` tells operations apart.
    fn cases(id: u64) -> impl Iterator<Item = Draw> {
        (0..CASES).map(move |case| Draw(Key::new(id, Purpose::Test).id(case).stream()))
    }

    fn of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.0.below(options.len() as u64) as usize]
    }

    fn flag(&mut self) -> bool {
        self.0.below(2) == 0
    }

    /// One to `most`.
    fn size(&mut self, most: u64) -> usize {
        1 + self.0.below(most.max(1)) as usize
    }

    /// Height and width: those of networks, or any.
    fn sides(&mut self) -> [usize; 2] {
        let any = [self.size(21), self.size(37)];
        self.of(&[[32, 32], [16, 16], [8, 8], any])
    }

    /// Batch and, at most so many, channels for planes of this size.
    fn batch(&mut self, [height, width]: [usize; 2], channels: u64) -> [usize; 2] {
        let planes = MOST_VALUES / (height * width) as u64;
        let channels = self.size(channels.min(planes));
        [self.size(40.min(planes / channels as u64)), channels]
    }
}

fn write(len: usize, run: impl FnOnce(Destination<'_>)) -> Vec<f32> {
    let mut output = vec![f32::NAN; len];
    run(Destination::Write(&mut output));
    output
}

#[test]
fn convolutions_give_the_same_bits_at_every_level_and_for_any_number_of_threads() {
    for mut draw in Draw::cases(21) {
        let [height, width] = draw.sides();
        let [batch, inputs] = draw.batch([height, width], 40);
        let shape = ConvShape {
            batch,
            inputs,
            outputs: draw.size(40),
            height,
            width,
            kernel: draw.of(&[Kernel::One, Kernel::Three, Kernel::Three, Kernel::Diagonal]),
            stride: draw.of(&[1, 2]),
            relu: draw.flag(),
        };
        assert_same_bits(&format!("{shape:?}"), |level| convolution(&shape, level));
    }
}

fn convolution(shape: &ConvShape, level: Level) -> Found {
    let (input, weights) = (values(1, shape.input_values()), values(2, shape.weights()));
    let (gamma, beta) = (values(3, shape.outputs), values(4, shape.outputs));
    let affine = Some(conv_bn::Affine { gamma: &gamma, beta: &beta });
    let operands = conv_bn::Operands { input: &input, weights: &weights, affine };
    let outputs = shape.output_values();
    let mut forward = None;
    let output = write(outputs, |output| {
        forward = Some(conv_bn::forward_at(level, shape, &operands, output, true));
    });
    let forward = forward.unwrap();
    let saved = forward.saved.unwrap();
    let again = write(outputs, |output| conv_bn::again(&saved, affine, output));
    let scaled = write(outputs, |output| conv_bn::scaled_at(level, shape, &operands, output));
    let mut gradients = None;
    let wants = conv_bn::Wants { weights: true, affine: true };
    let output_gradient = values(5, outputs);
    let input = write(shape.input_values(), |input| {
        gradients =
            Some(conv_bn::backward(&saved, &operands, &output_gradient, Some(input), wants));
    });
    let of = gradients.unwrap();
    let parts = [of.weights, of.gamma, of.beta].map(Option::unwrap);
    [output, again, scaled, forward.mean, forward.variance, input]
        .into_iter()
        .chain(parts)
        .collect()
}

#[test]
fn separable_convolutions_give_the_same_bits_at_every_level_and_for_any_number_of_threads() {
    for mut draw in Draw::cases(22) {
        let [height, width] = draw.sides();
        let [batch, inputs] = draw.batch([height, width], 20);
        let pointwise = draw.of(&[true, true, false]);
        let mut shape = SeparableShape {
            batch,
            inputs,
            outputs: if pointwise { draw.size(20) } else { inputs },
            height,
            width,
            size: draw.of(&[3, 5, 7]),
            dilation: draw.of(&[1, 2]),
            stride: draw.of(&[1, 2]),
            relu: draw.flag(),
            pointwise,
        };
        if !shape.is_supported() {
            shape.dilation = 1;
        }
        assert_same_bits(&format!("{shape:?}"), |level| separable_convolution(&shape, level));
    }
}

fn separable_convolution(shape: &SeparableShape, level: Level) -> Found {
    let input = values(1, shape.input_values());
    let depthwise = values(2, shape.depthwise_weights());
    let pointwise = values(3, shape.pointwise_weights());
    let operands = separable::Operands {
        input: &input,
        depthwise: &depthwise,
        pointwise: &pointwise,
        affine: None,
    };
    let outputs = shape.output_values();
    let mut forward = None;
    let output = write(outputs, |output| {
        forward = Some(separable::forward_at(level, shape, &operands, output, true));
    });
    let forward = forward.unwrap();
    let saved = forward.saved.unwrap();
    let scaled = write(outputs, |output| separable::scaled_at(level, shape, &operands, output));
    let mut gradients = None;
    let wants = separable::Wants { weights: true, affine: true };
    let output_gradient = values(5, outputs);
    let input = write(shape.input_values(), |input| {
        gradients =
            Some(separable::backward(&saved, &operands, &output_gradient, Some(input), wants));
    });
    let of = gradients.unwrap();
    let parts = [of.depthwise, of.pointwise, of.gamma, of.beta].map(Option::unwrap);
    [output, scaled, forward.mean, forward.variance, input].into_iter().chain(parts).collect()
}

#[test]
fn pools_give_the_same_bits_at_every_level_and_for_any_number_of_threads() {
    for mut draw in Draw::cases(23) {
        let [height, width] = draw.sides();
        let [batch, channels] = draw.batch([height, width], 20);
        let (stride, pool) = (draw.of(&[1, 2]), draw.of(&[Pool::Maximum, Pool::Average]));
        let shape = PoolShape { batch, channels, height, width, stride, pool };
        let (input, gradient) = (values(1, shape.input_values()), values(2, shape.output_values()));
        assert_same_bits(&format!("{shape:?}"), |level| {
            let output = write(shape.output_values(), |output| {
                pooling::forward_at(level, &shape, &input, output);
            });
            let back = write(shape.input_values(), |back| {
                pooling::backward_at(level, &shape, &input, &gradient, back);
            });
            vec![output, back]
        });
    }
}

#[test]
fn means_of_squares_give_the_same_bits_for_any_number_of_threads() {
    let (width, input) = (10, values(1, 37 * 20));
    assert_same_bits("means of squares", |_| {
        let (mut output, mut back) = (vec![f32::NAN; input.len() / 4], vec![f32::NAN; input.len()]);
        average_2x2::forward(&input, width, &mut output);
        average_2x2::backward(&output, width, &mut back);
        vec![output, back]
    });
}

#[test]
fn cells_of_nas_bench_201_give_the_same_bits_at_every_level_and_for_any_number_of_threads() {
    use nas_bench_201::{CellShape, EDGES, OPERATIONS, Operands, Wants, backward, forward_at};
    for (case, mut draw) in Draw::cases(24).enumerate().step_by(2) {
        let [height, width] = draw.sides();
        let [batch, channels] = draw.batch([height, width], 24);
        let shape = CellShape { batch, channels, height, width };
        let runs = if draw.flag() { flags(case as u64, EDGES * OPERATIONS, 50) } else { vec![] };
        let (input, weights) = (values(1, shape.values()), values(2, shape.weights()));
        let (shares, gradient) = (values(3, EDGES * OPERATIONS), values(4, shape.values()));
        let operands = Operands { input: &input, weights: &weights, shares: &shares, runs: &runs };
        let wants = Wants { input: true, weights: true, shares: true };
        assert_same_bits(&format!("{shape:?} of {runs:?}"), |level| {
            let mut output = vec![f32::NAN; shape.values()];
            let saved = forward_at(level, &shape, &operands, &mut output, true).unwrap();
            let of = backward(&saved, &weights, &shares, &gradient, wants);
            vec![output, of.input.unwrap().to_vec(), of.weights.unwrap(), of.shares.unwrap()]
        });
    }
}

#[test]
fn cells_of_darts_give_the_same_bits_at_every_level_and_for_any_number_of_threads() {
    use darts::{CellShape, EDGES, OPERATIONS, Operands, Wants, backward, forward_at};
    for (case, mut draw) in Draw::cases(25).enumerate().step_by(3) {
        let (reduction, partial) = (draw.flag(), draw.of(&[1, 1, 2]));
        let [height, width] =
            draw.sides().map(|side| if reduction { side + side % 2 } else { side });
        let [batch, groups] = draw.batch([height, width], 5);
        let channels = groups * partial * if reduction { 2 } else { 1 };
        let shape = CellShape { batch, channels, height, width, reduction, partial };
        let runs = if draw.flag() { flags(case as u64, EDGES * OPERATIONS, 50) } else { vec![] };
        let states = [1, 2].map(|id| values(id, shape.state_values()));
        let (weights, shares) = (values(3, shape.weights()), values(4, EDGES * OPERATIONS));
        let gradient = values(5, shape.output_values());
        let [first, second] = &states;
        let states = [&first[..], &second[..]];
        let operands = Operands { states, weights: &weights, shares: &shares, runs: &runs };
        let wants = Wants { states: [true; 2], weights: true, shares: true };
        assert_same_bits(&format!("{shape:?} of {runs:?}"), |level| {
            let mut output = vec![f32::NAN; shape.output_values()];
            let saved = forward_at(level, &shape, &operands, &mut output, true).unwrap();
            let of = backward(&saved, &weights, &shares, &gradient, wants);
            let states = of.states.map(|state| state.unwrap().to_vec());
            let rest = [output, of.weights.unwrap(), of.shares.unwrap()];
            states.into_iter().chain(rest).collect()
        });
    }
}
