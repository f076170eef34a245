//! Supernets that are described as values: the engine against the tensor library in double precision, what
//! runs against what does not, gradients against finite differences.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_graph::{Builder, Convolution, Graph, Mix, Pool};
use tamis_nn::{Device, Engine, Inputs, Mixing, Mode, Network, Pass, Real, Wants};

const IMAGE: [usize; 3] = [3, 8, 8];
const SAMPLES: usize = 4;
/// A decision among four operations, one between two sums, the weights of two parts of the output, and a
/// decision among three widths of a convolution.
const CHOICES: [[usize; 2]; 4] = [[2, 4], [1, 2], [1, 2], [1, 3]];
const WIDTHS: [usize; 3] = [2, 3, 5];
const ALL: Wants = Wants { weights: true, shares: true };

/// Two nodes of four operations each; the second reads a mixture of the input and the first; the output is
/// both side by side, each weighed, then a convolution of a mixture of widths.
fn supernet() -> Graph {
    let (mut builder, image) = Builder::new(IMAGE);
    let stem = builder.conv_norm("stem", image, Convolution::square(4, 3));
    let mut nodes = vec![stem];
    for node in 0..2 {
        let input = match node {
            0 => stem,
            _ => builder.mix(Mix { matrix: 1, decision: 0, first: 0 }, nodes.clone()),
        };
        let path = format!("nodes.{node}");
        let convolved =
            builder.relu_conv_norm(&format!("{path}.conv"), input, Convolution::square(4, 3));
        let pooled = builder.max_pool(input, Pool { side: 3, stride: 1, padding: 1 });
        let mean = builder.average_pool(input, Pool { side: 3, stride: 1, padding: 1 });
        let zero = builder.zero(input, 1);
        let mix = Mix { matrix: 0, decision: node, first: 0 };
        nodes.push(builder.mix(mix, vec![convolved, pooled, mean, zero]));
    }
    let parts = [0, 1].map(|part| {
        let mix = Mix { matrix: 2, decision: 0, first: part };
        builder.mix(mix, vec![nodes[1 + part]])
    });
    let features = builder.concatenate(parts.to_vec());
    let prefixes =
        builder.convolution_prefixes("widths", features, Convolution::square(5, 3), &WIDTHS);
    let normed = prefixes
        .into_iter()
        .zip(WIDTHS)
        .map(|(prefix, width)| builder.batch_norm(&format!("widths.bn.{width}"), prefix, true));
    let normed = normed.collect();
    let features = builder.mix(Mix { matrix: 3, decision: 0, first: 0 }, normed);
    let features = builder.relu(features);
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, 5);
    builder.output("logits", logits);
    builder.finish("a supernet").unwrap()
}

fn network() -> Network {
    Network::described(supernet(), CHOICES.to_vec(), Device::Cpu).unwrap()
}

fn normals(id: u64, length: usize) -> Vec<f64> {
    let mut stream = Key::new(1, Purpose::Test).id(id).stream();
    (0..length).map(|_| stream.normal()).collect()
}

struct Case {
    weights: Vec<f64>,
    images: Vec<f64>,
    shares: Vec<Vec<f64>>,
    runs: Vec<Vec<bool>>,
}

impl Case {
    fn new(runs: [&[bool]; 4]) -> Case {
        let network = network();
        let shares = CHOICES.iter().zip(3..).map(|([decisions, options], id)| {
            normals(id, decisions * options).iter().map(|share| share.abs() + 0.1).collect()
        });
        Case {
            weights: network.layout().init(5).iter().map(|weight| f64::from(*weight)).collect(),
            images: normals(2, SAMPLES * IMAGE.iter().product::<usize>()),
            shares: shares.collect(),
            runs: runs.map(<[bool]>::to_vec).to_vec(),
        }
    }

    fn pass<E: Real>(&self, network: &Network, wants: Wants) -> Pass<E> {
        let of =
            |values: &[f64]| values.iter().map(|value| E::from_f64(*value)).collect::<Vec<E>>();
        let shares: Vec<Vec<E>> = self.shares.iter().map(|shares| of(shares)).collect();
        let mixing = shares.iter().zip(&self.runs);
        let mixing: Vec<Mixing<'_, E>> =
            mixing.map(|(shares, runs)| Mixing { shares, runs }).collect();
        let (images, labels) = (of(&self.images), [0, 1, 2, 4]);
        let inputs =
            Inputs { images: &images, labels: &labels, loss_weights: None, mixing: &mixing };
        network.pass(&of(&self.weights), inputs, Mode::Train, wants).unwrap()
    }

    fn loss(&self) -> f64 {
        self.pass::<f64>(&network(), Wants::default()).outputs.loss
    }
}

const EVERYTHING: [&[bool]; 4] = [&[], &[], &[], &[]];
/// The first node is a convolution, the second a mean of the input alone, the first part is left out, and the
/// last convolution has two or three of five channels.
const SOME: [&[bool]; 4] = [
    &[true, false, false, false, false, false, true, false],
    &[true, false],
    &[false, true],
    &[true, true, false],
];

fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3_f64, |most, value| most.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(*found) - expected).abs();
        assert!(difference < 2e-5 * scale, "{what} at {at}: {found} {expected}");
    }
}

#[test]
fn the_engine_finds_what_the_tensor_library_finds_whatever_runs_and_is_wanted() {
    for runs in [EVERYTHING, SOME] {
        let case = Case::new(runs);
        let expected = case.pass::<f64>(&network(), ALL);
        let composed = case.pass::<f32>(&network().with_engine(Engine::Composed), ALL);
        assert!((composed.outputs.loss - expected.outputs.loss).abs() < 1e-5);
        for wants in [ALL, Wants { shares: false, ..ALL }, Wants { weights: false, ..ALL }] {
            let found = case.pass::<f32>(&network(), wants);
            assert!((found.outputs.loss - expected.outputs.loss).abs() < 1e-5);
            assert_eq!(
                [found.weights.is_some(), found.shares.is_some()],
                [wants.weights, wants.shares]
            );
            if let Some(weights) = &found.weights {
                assert_close(weights, expected.weights.as_ref().unwrap(), "weights");
            }
            for (shares, expected) in
                found.shares.iter().flatten().zip(expected.shares.as_ref().unwrap())
            {
                assert_close(shares, expected, "shares");
            }
            let moments =
                |pass: &[f64]| pass.iter().map(|value| *value as f32).collect::<Vec<f32>>();
            let found = moments(&found.statistics.to_values());
            assert_close(&found, &expected.statistics.to_values(), "statistics");
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut case = Case::new(EVERYTHING);
    let found = case.pass::<f64>(&network(), ALL);
    let check =
        |case: &mut Case, place: fn(&mut Case, usize) -> &mut f64, at: usize, slope: f64| {
            let value = *place(case, at);
            let losses = [1e-5, -1e-5].map(|step| {
                *place(case, at) = value + step;
                case.loss()
            });
            *place(case, at) = value;
            let difference = (losses[0] - losses[1]) / 2e-5;
            assert!((difference - slope).abs() < 1e-6, "{at}: {difference} {slope}");
        };
    for (at, slope) in found.shares.as_ref().unwrap()[0].iter().enumerate() {
        check(&mut case, |case, at| &mut case.shares[0][at], at, *slope);
    }
    for (at, slope) in found.shares.as_ref().unwrap()[2].iter().enumerate() {
        check(&mut case, |case, at| &mut case.shares[2][at], at, *slope);
    }
    for (at, slope) in found.shares.as_ref().unwrap()[3].iter().enumerate() {
        check(&mut case, |case, at| &mut case.shares[3][at], at, *slope);
    }
    for (at, slope) in found.weights.as_ref().unwrap().iter().enumerate().step_by(37) {
        check(&mut case, |case, at| &mut case.weights[at], at, *slope);
    }
}

#[test]
fn what_does_not_run_has_no_gradient_and_its_weight_does_not_count() {
    let mut case = Case::new(SOME);
    let before = case.pass::<f32>(&network(), ALL);
    let network = network();
    let gradient = before.weights.unwrap();
    for parameter in network.layout().parameters() {
        let moves = gradient[parameter.range()].iter().any(|slope| *slope != 0.0);
        // The second node reads the input alone and is all that leaves: only the stem and it are trained.
        let trained = ["stem", "classifier", "widths.weight", "widths.bn.2", "widths.bn.3"];
        let runs = trained.iter().any(|path| parameter.path.starts_with(path));
        assert_eq!(moves, runs, "{}", parameter.path);
    }
    let of = |path: &str| {
        let mut parameters = network.layout().parameters().iter();
        gradient[parameters.find(|parameter| parameter.path == path).unwrap().range()].to_vec()
    };
    // Three of five channels: neither is the rest computed nor does the classifier see it.
    let rows: Vec<bool> = of("widths.weight")
        .chunks(8 * 9)
        .map(|row| row.iter().any(|slope| *slope != 0.0))
        .collect();
    assert_eq!(rows, [true, true, true, false, false]);
    for row in of("classifier.weight").chunks(5) {
        assert!(row[..3].iter().all(|slope| *slope != 0.0));
        assert_eq!(row[3..], [0.0, 0.0]);
    }
    case.shares[0][1] += 1.0;
    case.shares[2][0] += 1.0;
    assert_eq!(case.pass::<f32>(&network, ALL).outputs.loss, before.outputs.loss);
}

#[test]
fn a_network_without_logits_is_no_supernet() {
    let (mut builder, image) = Builder::new(IMAGE);
    builder.output("image", image);
    let graph = builder.finish("a network").unwrap();
    let error = Network::described(graph, Vec::new(), Device::Cpu).err().unwrap();
    assert!(error.to_string().contains("logits"), "{error}");
}
