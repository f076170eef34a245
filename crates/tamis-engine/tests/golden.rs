//! Twenty steps of training a derived network of each space, against runs made once by PyTorch from the same
//! weights and batches (`bench/pytorch/golden_derived.py`): loss of every step, final weights, running
//! statistics, and what the network says by them.
//!
//! Networks of NAS-Bench-201 and of the DARTS space, the latter with every operation at strides 1 and 2 and
//! with its auxiliary classifier, are written there once more and from the papers. So these runs catch what
//! the finite differences of `gradients.rs` cannot, since those compare the engine with itself:
//!
//! * a layer that does something else and has the right gradient of that: the wrong pixel of a factorized
//!   reduction, padding counted by an average pool, a ReLU after its batch norm, batch norm with another
//!   epsilon or behind a pool, a stride on the wrong half of a separable convolution;
//! * a layer that reads another than it should, or two parameters of one shape that change places;
//! * values given up or written over too early, where several layers read one, and gradients that are then
//!   lost, counted twice or not added up;
//! * moments with the biased variance (in the auxiliary classifier it is 7/8 of the other), in another order
//!   than that of the batch norms, or evaluation by those of a batch.
//!
//! The script prints what rounding and mistakes amount to: at most 2e-5 of the largest value against a tenth
//! at least. Rounding shows only where it takes an input of a ReLU across zero; the batches keep clear of
//! that.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use safetensors::SafeTensors;
use tamis_engine::{Moments, Program};
use tamis_graph::{Graph, Layer, NodeId};
use tamis_space::{darts, nas_bench_201};

const BATCH: usize = 8;
const CLASSES: usize = 10;
const SIDE: usize = 16;
const STEPS: usize = 20;
const TOLERANCE: f64 = 1e-3;

/// Constants of the runs, as their metadata states them.
const RATE: f64 = 0.05;
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 5e-4;
const STATISTICS_MOMENTUM: f64 = 0.1;
const AUXILIARY_WEIGHT: f64 = 0.4;
const FINAL_STRIDE: usize = 61;

/// A stored run.
struct Golden(SafeTensors<'static>);

impl Golden {
    fn open(file: &'static [u8], auxiliary_weight: f64) -> Golden {
        let (_, header) = SafeTensors::read_metadata(file).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        for (name, value) in [
            ("learning_rate", RATE),
            ("momentum", MOMENTUM),
            ("weight_decay", WEIGHT_DECAY),
            ("statistics_momentum", STATISTICS_MOMENTUM),
            ("auxiliary_weight", auxiliary_weight),
            ("final_stride", FINAL_STRIDE as f64),
        ] {
            assert_eq!(metadata[name].parse::<f64>().unwrap(), value, "{name}");
        }
        assert_eq!(metadata["nesterov"], "True");
        Golden(SafeTensors::deserialize(file).unwrap())
    }

    fn bytes(&self, name: &str) -> &[u8] {
        self.0.tensor(name).unwrap().data()
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let values = self.bytes(name).as_chunks::<4>().0.iter();
        values.map(|&bytes| f32::from_le_bytes(bytes)).collect()
    }

    fn numbers(&self, name: &str) -> Vec<usize> {
        let values = self.bytes(name).as_chunks::<8>().0.iter();
        values.map(|&bytes| usize::try_from(i64::from_le_bytes(bytes)).unwrap()).collect()
    }

    /// The starting weights; a long parameter repeats what is stored of it.
    fn weights(&self, graph: &Graph) -> Vec<f32> {
        let mut weights = Vec::with_capacity(graph.parameters().length());
        for parameter in graph.parameters().parameters() {
            let stored = self.floats(&format!("init/{}", parameter.path));
            weights.extend(stored.iter().cycle().take(parameter.length()));
        }
        weights
    }

    /// Images `[image, channel, height, width]`.
    fn images(&self) -> Vec<f32> {
        self.bytes("images").iter().map(|&byte| (f32::from(byte) - 127.5) / 64.0).collect()
    }
}

/// Fails if a value is further from the stored one than a thousandth of the largest.
fn compare(found: &[f64], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest =
        expected.iter().fold(0.0_f64, |largest, &value| largest.max(f64::from(value).abs()));
    for (place, (found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - f64::from(expected)).abs();
        assert!(error <= TOLERANCE * largest, "{what} {place}: {found}, {expected} of {largest}");
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// Mean cross-entropy and its gradient, times a weight.
fn cross_entropy(logits: &[f32], labels: &[usize], weight: f64) -> (f64, Vec<f32>) {
    let scale = weight / labels.len() as f64;
    let mut loss = 0.0;
    let mut gradient = Vec::with_capacity(logits.len());
    for (logits, &label) in logits.chunks_exact(CLASSES).zip(labels) {
        let exponentials: Vec<f64> = logits.iter().map(|&logit| f64::from(logit).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        loss += scale * (sum.ln() - f64::from(logits[label]));
        let slopes = exponentials.iter().enumerate().map(|(class, exponential)| {
            scale * (exponential / sum - f64::from(u8::from(class == label)))
        });
        gradient.extend(slopes.map(|slope| slope as f32));
    }
    (loss, gradient)
}

/// Weights with their velocities, and running statistics, as PyTorch's.
struct Training {
    weights: Vec<f32>,
    velocity: Vec<f32>,
    running: Vec<Moments>,
}

impl Training {
    fn new(golden: &Golden, graph: &Graph) -> Training {
        let weights = golden.weights(graph);
        let initial = |&channels: &usize| Moments {
            mean: vec![0.0; channels],
            variance: vec![1.0; channels],
        };
        let running = graph.norms().iter().map(initial).collect();
        Training { velocity: vec![0.0; weights.len()], weights, running }
    }

    /// Takes a step and returns its loss; `outputs` come with the weights of their cross-entropies.
    fn step(
        &mut self,
        program: &Program,
        outputs: &[(NodeId, f64)],
        images: &[f32],
        labels: &[usize],
    ) -> f64 {
        let run = program.train(&self.weights, images, None);
        let losses = outputs
            .iter()
            .map(|&(output, weight)| cross_entropy(run.output(output), labels, weight));
        let (losses, gradients): (Vec<f64>, Vec<Vec<f32>>) = losses.unzip();
        for (running, batch) in self.running.iter_mut().zip(run.moments()) {
            let batch = batch.as_ref().unwrap();
            follow(&mut running.mean, &batch.mean);
            follow(&mut running.variance, &batch.variance);
        }
        let gradient = run.backward(gradients);
        self.descend(&gradient);
        losses.iter().sum()
    }

    /// SGD with weight decay and Nesterov momentum.
    fn descend(&mut self, gradient: &[f32]) {
        let [rate, momentum, decay] =
            [RATE, MOMENTUM, WEIGHT_DECAY].map(|constant| constant as f32);
        for ((weight, velocity), gradient) in
            self.weights.iter_mut().zip(&mut self.velocity).zip(gradient)
        {
            let slope = gradient + decay * *weight;
            *velocity = momentum * *velocity + slope;
            *weight -= rate * (slope + momentum * *velocity);
        }
    }
}

fn follow(running: &mut [f64], batch: &[f64]) {
    for (running, batch) in running.iter_mut().zip(batch) {
        *running += STATISTICS_MOMENTUM * (batch - *running);
    }
}

/// Plays a run and compares everything with what is stored of it.
fn play(golden: &Golden, graph: Graph, outputs: &[(&str, f64)]) {
    let outputs: Vec<(NodeId, f64)> =
        outputs.iter().map(|&(name, weight)| (graph.output(name).unwrap(), weight)).collect();
    let nodes: Vec<NodeId> = outputs.iter().map(|output| output.0).collect();
    let program = Program::new(graph, &nodes);
    let mut training = Training::new(golden, program.graph());
    let stored = golden.0.names().iter().filter(|name| name.starts_with("init/")).count();
    assert_eq!(stored, program.graph().parameters().parameters().len(), "parameters of both");
    let (images, labels) = (golden.images(), golden.numbers("labels"));
    let image = 3 * SIDE * SIDE;
    let batches = golden.numbers("batches");
    let mut losses = Vec::with_capacity(STEPS);
    for chosen in batches.chunks_exact(BATCH) {
        let of_batch: Vec<f32> =
            chosen.iter().flat_map(|&at| &images[at * image..][..image]).copied().collect();
        let labels: Vec<usize> = chosen.iter().map(|&at| labels[at]).collect();
        losses.push(training.step(&program, &outputs, &of_batch, &labels));
    }
    assert_eq!(losses.len(), STEPS);
    compare(&losses, &golden.floats("loss"), "loss");
    compare_weights(golden, program.graph(), &training.weights);
    compare_statistics(golden, program.graph(), &training.running);
    let logits = Program::new(program.graph().clone(), &nodes[..1]);
    let logits = logits.evaluate(&training.weights, &images, &training.running);
    compare(&wide(&logits[0]), &golden.floats("logits"), "logits");
}

/// Of a parameter of which not all is stored, every 61st value.
fn compare_weights(golden: &Golden, graph: &Graph, weights: &[f32]) {
    for parameter in graph.parameters().parameters() {
        let name = format!("final/{}", parameter.path);
        let expected = golden.floats(&name);
        let stride = if expected.len() == parameter.length() { 1 } else { FINAL_STRIDE };
        let found: Vec<f32> = weights[parameter.range()].iter().copied().step_by(stride).collect();
        compare(&wide(&found), &expected, &name);
    }
}

fn compare_statistics(golden: &Golden, graph: &Graph, running: &[Moments]) {
    for node in graph.nodes() {
        if let Layer::BatchNorm { number, .. } = node.layer {
            let Moments { mean, variance } = &running[number];
            for (kind, found) in [("mean", mean), ("var", variance)] {
                let name = format!("final/{}.running_{kind}", node.path);
                compare(found, &golden.floats(&name), &name);
            }
        }
    }
}

#[test]
fn twenty_steps_of_a_derived_nas_bench_201_network_follow_pytorch() {
    let golden =
        Golden::open(include_bytes!("golden/nas-bench-201-derived-twenty-steps.safetensors"), 0.0);
    let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|\
                +|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|";
    let shape = nas_bench_201::MacroShape::benchmark(CLASSES, [3, SIDE, SIDE]);
    let shape = nas_bench_201::MacroShape { channels: 4, cells: 1, ..shape };
    let genotype: nas_bench_201::Genotype = text.parse().unwrap();
    play(&golden, genotype.network(&shape).unwrap(), &[("logits", 1.0)]);
}

#[test]
fn twenty_steps_of_a_derived_darts_network_and_its_auxiliary_classifier_follow_pytorch() {
    let file = include_bytes!("golden/darts-derived-twenty-steps.safetensors");
    let golden = Golden::open(file, AUXILIARY_WEIGHT);
    let text = "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ('sep_conv_5x5', 1), \
                ('max_pool_3x3', 2), ('dil_conv_3x3', 2), ('avg_pool_3x3', 0), ('dil_conv_5x5', 3), \
                ('skip_connect', 0)], normal_concat=range(2, 6), reduce=[('sep_conv_3x3', 0), \
                ('max_pool_3x3', 1), ('sep_conv_5x5', 1), ('skip_connect', 0), ('dil_conv_3x3', 0), \
                ('avg_pool_3x3', 1), ('dil_conv_5x5', 1), ('skip_connect', 2)], \
                reduce_concat=range(2, 6))";
    let shape = darts::EvalShape { channels: 4, layers: 5, ..darts::EvalShape::cifar(CLASSES) };
    let shape = darts::EvalShape { image_height: SIDE, image_width: SIDE, ..shape };
    let genotype: darts::Genotype = text.parse().unwrap();
    let outputs = [("logits", 1.0), ("auxiliary", AUXILIARY_WEIGHT)];
    play(&golden, genotype.network(&shape, true).unwrap(), &outputs);
}
