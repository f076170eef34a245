//! Every layer's gradient against finite differences of a loss that sees every value of the output.
//!
//! ReLUs are left out: their kinks lie within most steps of single precision. Whole networks are compared
//! with double precision in `tamis-nn`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use tamis_core::{Key, Purpose};
use tamis_engine::{DropPath, Program};
use tamis_graph::{Activation, Builder, Convolution, Graph, NodeId, Pool};
use tamis_space::nas_bench_201::{Genotype, MacroShape};

const BATCH: usize = 5;

fn normals(count: usize, id: u64) -> Vec<f32> {
    let mut stream = Key::new(1, Purpose::Test).id(id).stream();
    (0..count).map(|_| stream.normal() as f32).collect()
}

/// The sum of the products of every value of all outputs with a fixed one.
struct Loss<'a> {
    program: &'a Program,
    outputs: Vec<NodeId>,
    images: Vec<f32>,
    ids: Vec<u64>,
    rate: f64,
}

impl Loss<'_> {
    fn run(&self, weights: &[f32]) -> (f64, Vec<f32>) {
        let key = Key::new(9, Purpose::DropPath).epoch(1).step(2);
        let drop_path = DropPath { rate: self.rate, key, ids: &self.ids };
        let run = self.program.train(weights, &self.images, Some(drop_path));
        let factors =
            self.outputs.iter().map(|&of| normals(run.output(of).len(), of.index() as u64));
        let factors: Vec<Vec<f32>> = factors.collect();
        let products = self.outputs.iter().zip(&factors).map(|(&output, factors)| {
            let pairs = run.output(output).iter().zip(factors);
            pairs.map(|(&value, &factor)| f64::from(value) * f64::from(factor)).sum::<f64>()
        });
        (products.sum(), run.backward(factors))
    }
}

/// Compares along a random direction in each parameter, where rounding averages out.
fn check(graph: Graph, rate: f64) {
    let outputs: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    let program = Program::new(graph, &outputs);
    let graph = program.graph();
    let each: usize = graph.image().iter().product();
    let loss = Loss {
        program: &program,
        outputs,
        images: normals(BATCH * each, 77),
        ids: (0..BATCH as u64).collect(),
        rate,
    };
    // Scales and shifts away from 1 and 0, so that confusing them shows.
    let mut weights = graph.parameters().init(2);
    let noise = normals(weights.len(), 3);
    weights.iter_mut().zip(noise).for_each(|(weight, noise)| *weight += 0.1 * noise);
    let (_, gradient) = loss.run(&weights);
    for (number, parameter) in graph.parameters().parameters().iter().enumerate() {
        let direction = normals(parameter.length(), 1000 + number as u64);
        let moved = |step: f32| {
            let mut moved = weights.clone();
            let range = parameter.range();
            moved[range].iter_mut().zip(&direction).for_each(|(to, d)| *to += step * d);
            loss.run(&moved).0
        };
        let found: f64 = gradient[parameter.range()]
            .iter()
            .zip(&direction)
            .map(|(&slope, &d)| f64::from(slope) * f64::from(d))
            .sum();
        // Rounding spoils the smallest step, a kink of a maximum perhaps the largest.
        let errors = [4e-3_f32, 1e-3, 2.5e-4].map(|step| {
            let slope = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
            (slope - found).abs() / (1.0 + slope.abs())
        });
        let error = errors.into_iter().fold(f64::INFINITY, f64::min);
        assert!(error < 5e-3, "{}: {error:e}, {found}", parameter.path);
    }
}

/// A network of a 1x1 convolution, whose weights show the gradient of what follows, and a few layers.
fn small(image: [usize; 3], layers: impl Fn(&mut Builder, NodeId) -> NodeId) -> Graph {
    let (mut builder, input) = Builder::new(image);
    let features = builder.convolution("before", input, Convolution::square(6, 1));
    let output = layers(&mut builder, features);
    builder.output("output", output);
    builder.finish("a network").unwrap()
}

#[test]
fn convolutions_with_their_batch_norm_have_the_gradients_of_their_losses() {
    for (side, stride, width) in [(1, 1, 9), (3, 1, 8), (3, 2, 10), (1, 2, 6)] {
        let convolution = Convolution::square(5, side).stride(stride);
        check(small([3, 6, width], |builder, x| builder.conv_norm("conv", x, convolution)), 0.0);
    }
    let halved = |builder: &mut Builder, x| {
        let reduced = builder.factorized_reduction("reduction", x, 7);
        builder.batch_norm("bn", reduced, true)
    };
    check(small([3, 6, 8], halved), 0.0);
}

#[test]
fn depthwise_and_1x1_convolutions_have_the_gradients_of_their_losses() {
    for (side, dilation, stride) in
        [(3, 1, 1), (5, 1, 2), (7, 1, 1), (7, 1, 2), (3, 2, 1), (5, 2, 2)]
    {
        let layers = |builder: &mut Builder, x| {
            let depthwise = Convolution::depthwise(6, side, dilation).stride(stride);
            let features = builder.convolution("depthwise", x, depthwise);
            builder.conv_norm("pointwise", features, Convolution::square(5, 1))
        };
        check(small([2, 12, 10], layers), 0.0);
    }
}

#[test]
fn depthwise_convolutions_with_their_batch_norm_have_the_gradients_of_their_losses() {
    for (side, stride) in [(3, 1), (5, 2), (7, 1)] {
        let layers = |builder: &mut Builder, x| {
            builder.conv_norm("conv", x, Convolution::depthwise(6, side, 1).stride(stride))
        };
        check(small([2, 12, 10], layers), 0.0);
    }
}

#[test]
fn a_gate_of_channels_has_the_gradient_of_its_loss() {
    let layers = |builder: &mut Builder, x| {
        let normalised = builder.batch_norm("bn", x, true);
        let mean = builder.global_average(normalised);
        let gate = builder.linear("squeeze", mean, 6);
        // Inside its slope.
        let gate = builder.activation(gate, Activation::HardSigmoid);
        let smooth = builder.activation(normalised, Activation::HardSwish);
        builder.scale_channels(smooth, gate)
    };
    check(small([2, 6, 5], layers), 0.0);
}

#[test]
fn sums_pools_and_moved_planes_have_the_gradients_of_their_losses() {
    let layers = |builder: &mut Builder, x| {
        let normalised = builder.batch_norm("bn", x, true);
        let mean = builder.average_pool(x, Pool { side: 3, stride: 1, padding: 1 });
        let largest = builder.max_pool(normalised, Pool { side: 3, stride: 1, padding: 1 });
        let sum = builder.add(vec![normalised, mean, largest, x, x]);
        let dropped = builder.drop_path(sum);
        let wide = builder.concatenate(vec![dropped, mean, normalised]);
        let widened = builder.halve_and_widen(wide, 21);
        let zero = builder.zero(wide, 2);
        let zero = builder.concatenate(vec![zero, zero]);
        let pooled = builder.average_pool(wide, Pool { side: 2, stride: 2, padding: 0 });
        let all = builder.concatenate(vec![widened, zero, pooled]);
        let average = builder.global_average(all);
        builder.linear("linear", average, 3)
    };
    check(small([2, 8, 6], layers), 0.4);
}

#[test]
fn layers_that_no_network_has_yet_have_the_gradients_of_their_losses() {
    let (mut builder, image) = Builder::new([3, 9, 7]);
    let features = builder.convolution(
        "first",
        image,
        Convolution { bias: true, ..Convolution::square(6, 3) },
    );
    let grouped = Convolution {
        groups: 3,
        stride: [2, 1],
        padding: [0, 2],
        dilation: 2,
        kernel: [2, 3],
        ..Convolution::square(9, 3)
    };
    let features = builder.convolution("second", features, grouped);
    let features = builder.max_pool(features, Pool { side: 2, stride: 2, padding: 1 });
    let features = builder.channels(features, 2, 6);
    let features = builder.shuffle(features, 3);
    let features = builder.truncate(features, 4);
    let features = builder.upsample(features);
    let features = builder.flatten(features);
    let features = builder.linear("third", features, 4);
    builder.output("all", features);
    check(builder.finish("a network").unwrap(), 0.0);
}

#[test]
fn threads_change_no_bit() {
    let shape = MacroShape { channels: 5, cells: 2, ..MacroShape::benchmark(10, [3, 12, 8]) };
    let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|\
                +|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|";
    let graph = text.parse::<Genotype>().unwrap().network(&shape).unwrap();
    let logits = graph.output("logits").unwrap();
    let program = Program::new(graph, &[logits]);
    let weights = program.graph().parameters().init(2);
    let images = normals(21 * 288, 5);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let run = program.train(&weights, &images, None);
            let output = run.output(logits).to_vec();
            let gradient = run.backward(vec![normals(output.len(), 8)]);
            (output, gradient)
        })
    };
    assert_eq!(run(1), run(3));
}
