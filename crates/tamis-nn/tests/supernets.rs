//! Supernets: what is wanted, what runs, what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_graph::{Builder, Convolution, Mix};
use tamis_nn::{Device, Error, Inputs, Mixing, Mode, Network, Pass, Wants};
use tamis_space::darts::{self, SuperShape};
use tamis_space::nas_bench_201::{self, MacroShape};

const ALL: Wants = Wants { weights: true, shares: true };
const IMAGE: [usize; 3] = [3, 8, 8];

struct Case {
    network: Network,
    weights: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u32>,
    shares: Vec<Vec<f32>>,
    runs: Vec<Vec<bool>>,
}

impl Case {
    fn new(network: Network, batch: usize) -> Case {
        let mut stream = Key::new(5, Purpose::Test).stream();
        let pixels = batch * IMAGE.iter().product::<usize>();
        let images = (0..pixels).map(|_| stream.normal() as f32).collect();
        let shares = network.choices().iter().map(|[decisions, options]| {
            (0..decisions * options).map(|_| 0.2 + 0.05 * stream.normal() as f32).collect()
        });
        let (shares, weights) = (shares.collect(), network.layout().init(1));
        let labels = (0..batch as u32).map(|i| i * 7 % 10).collect();
        let runs = vec![Vec::new(); network.choices().len()];
        Case { network, weights, images, labels, shares, runs }
    }

    fn pass(&self, mode: Mode<'_>, wants: Wants) -> Result<Pass, Error> {
        let Case { network, weights, images, labels, shares, runs } = self;
        let mixing = shares.iter().zip(runs).map(|(shares, runs)| Mixing { shares, runs });
        let mixing: Vec<_> = mixing.collect();
        let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
        network.pass(weights, inputs, mode, wants)
    }

    fn train(&self, wants: Wants) -> Pass {
        self.pass(Mode::Train, wants).unwrap()
    }

    fn told(mut self) -> Case {
        let all = |[decisions, options]: &[usize; 2]| vec![true; decisions * options];
        self.runs = self.network.choices().iter().map(all).collect();
        self
    }
}

fn nas_bench_201() -> Network {
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
    let graph = nas_bench_201::supernet(&shape).unwrap();
    Network::new(graph, vec![[6, 5]], Device::Cpu).unwrap()
}

fn darts() -> Network {
    let shape = SuperShape { channels: 2, cells: 3, ..SuperShape::paper(10, IMAGE) };
    Network::new(darts::supernet(&shape).unwrap(), vec![[14, 8]; 2], Device::Cpu).unwrap()
}

#[test]
fn a_pass_in_which_everything_runs_gives_the_same_bits_as_one_that_is_not_told() {
    for network in [nas_bench_201, darts] {
        let untold = Case::new(network(), 4).train(ALL);
        let told = Case::new(network(), 4).told().train(ALL);
        assert_eq!(told.outputs.loss.to_bits(), untold.outputs.loss.to_bits());
        assert_eq!(told.weights, untold.weights);
        assert_eq!(told.shares, untold.shares);
    }
}

#[test]
fn what_is_not_wanted_is_absent_and_what_is_wanted_does_not_depend_on_the_rest() {
    let case = Case::new(nas_bench_201(), 4);
    let all = case.train(ALL);
    let weights = case.train(Wants { weights: true, shares: false });
    let shares = case.train(Wants { weights: false, shares: true });
    let neither = case.train(Wants::default());
    assert!(weights.shares.is_none() && shares.weights.is_none());
    assert!(neither.shares.is_none() && neither.weights.is_none());
    assert_eq!(weights.weights, all.weights);
    assert_eq!(shares.shares, all.shares);
    assert_eq!(neither.outputs, all.outputs);
}

#[test]
fn the_share_of_none_has_no_gradient() {
    let gradient = Case::new(nas_bench_201(), 4).train(ALL).shares.unwrap();
    assert!(gradient[0].chunks(5).all(|edge| edge[0] == 0.0 && edge[1] != 0.0));
    for gradient in Case::new(darts(), 4).train(ALL).shares.unwrap() {
        assert!(gradient.chunks(8).all(|edge| edge[0] == 0.0 && edge[1] != 0.0));
    }
}

#[test]
fn an_evaluation_goes_by_the_given_statistics_and_has_no_gradients() {
    let case = Case::new(nas_bench_201(), 4);
    let mut statistics = case.network.initial_statistics();
    let loss = |mode: Mode<'_>| case.pass(mode, Wants::default()).unwrap().outputs.loss;
    let before = loss(Mode::Evaluate(&statistics));
    statistics.update(&case.train(ALL).statistics, 1.0);
    assert_ne!(loss(Mode::Evaluate(&statistics)), before);
    let refused = case.pass(Mode::Evaluate(&statistics), ALL).unwrap_err();
    assert_eq!(refused, Error::Gradients);
}

#[test]
fn arguments_that_do_not_fit_are_refused_by_name() {
    let case = Case::new(nas_bench_201(), 2);
    let run = |images: &[f32], labels: &[u32], shares: &[Vec<f32>]| {
        let mixing: Vec<_> = shares.iter().map(|shares| Mixing::of_all(shares)).collect();
        let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
        case.network.pass(&case.weights, inputs, Mode::Train, ALL).unwrap_err().to_string()
    };
    assert!(run(&case.images[1..], &case.labels, &case.shares).contains("the images"));
    assert!(run(&case.images, &[0, 10], &case.shares).contains("label 10 at batch position 1"));
    assert!(run(&case.images, &case.labels, &[]).contains("0 matrices"));
    let short = run(&case.images, &case.labels, &[vec![0.2; 29]]);
    assert!(short.contains("29 values of a mixing matrix"), "{short}");
    let mixing = [Mixing { shares: &case.shares[0], runs: &[true; 31] }];
    let Case { images, labels, .. } = &case;
    let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
    let error = case.network.pass(&case.weights, inputs, Mode::Train, ALL).unwrap_err().to_string();
    assert!(error.contains("31 values of what runs of a mixing matrix, expected 30"), "{error}");
}

/// A convolution in three widths, then a classifier.
fn widths() -> Network {
    let (mut builder, image) = Builder::new(IMAGE);
    let stem = builder.conv_norm("stem", image, Convolution::square(4, 3));
    let prefixes =
        builder.convolution_prefixes("widths", stem, Convolution::square(5, 3), &[2, 3, 5]);
    let normed = prefixes
        .into_iter()
        .zip([2, 3, 5])
        .map(|(prefix, width)| builder.batch_norm(&format!("widths.bn.{width}"), prefix, true));
    let normed = normed.collect();
    let features = builder.mix(Mix { matrix: 0, decision: 0, first: 0 }, normed);
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, 10);
    builder.output("logits", logits);
    let graph = builder.finish("a supernet").unwrap();
    Network::new(graph, vec![[1, 3]], Device::Cpu).unwrap()
}

#[test]
fn what_does_not_run_has_no_gradient_and_its_weight_does_not_count() {
    let mut case = Case::new(widths(), 4);
    case.runs[0] = vec![true, true, false];
    let before = case.train(ALL);
    let gradient = before.weights.unwrap();
    let of = |path: &str| {
        let mut parameters = case.network.layout().parameters().iter();
        gradient[parameters.find(|parameter| parameter.path == path).unwrap().range()].to_vec()
    };
    assert!(of("widths.bn.5.weight").iter().all(|slope| *slope == 0.0));
    // Three of five channels: neither is the rest computed nor does the classifier see it.
    let rows = of("widths.weight");
    let rows: Vec<bool> =
        rows.chunks(4 * 9).map(|row| row.iter().any(|slope| *slope != 0.0)).collect();
    assert_eq!(rows, [true, true, true, false, false]);
    for row in of("classifier.weight").chunks(5) {
        assert!(row[..3].iter().all(|slope| *slope != 0.0));
        assert_eq!(row[3..], [0.0, 0.0]);
    }
    case.shares[0][2] += 1.0;
    assert_eq!(case.train(ALL).outputs.loss, before.outputs.loss);
}

#[test]
fn a_network_without_logits_is_no_supernet() {
    let (mut builder, image) = Builder::new(IMAGE);
    builder.output("image", image);
    let graph = builder.finish("a network").unwrap();
    let error = Network::new(graph, Vec::new(), Device::Cpu).err().unwrap();
    assert!(error.to_string().contains("logits"), "{error}");
}
