//! The DARTS supernet: size, gradients, both number types.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{Device, Inputs, Mixing, Mode, Network, Pass, Real, Wants, darts_supernet};
use tamis_space::darts::SuperShape;

const ALL: Wants = Wants { weights: true, shares: true };

/// Of finite differences: so small that no ReLU changes sides on the way, and f64 still resolves it.
const STEP: f64 = 1e-8;

fn shape(channels: usize, cells: usize, side: usize) -> SuperShape {
    SuperShape {
        channels,
        cells,
        classes: 10,
        image_channels: 3,
        image_height: side,
        image_width: side,
        partial: 1,
    }
}

fn small() -> Network {
    darts_supernet(&shape(2, 3, 8), Device::Cpu).unwrap()
}

/// Of which one channel in four is mixed.
fn partial() -> Network {
    darts_supernet(&SuperShape { partial: 4, ..shape(8, 3, 8) }, Device::Cpu).unwrap()
}

/// Mixing weights, and what runs of each matrix.
struct Mix {
    shares: Vec<Vec<f64>>,
    runs: [Vec<bool>; 2],
}

fn pass<E: Real>(network: &Network, weights: &[f64], mix: &Mix, wants: Wants) -> Pass<E> {
    let mut stream = Key::new(1, Purpose::Test).stream();
    let images: Vec<E> = (0..4 * 192).map(|_| E::from_f64(stream.normal() as f32 as f64)).collect();
    let weights: Vec<E> = weights.iter().map(|&weight| E::from_f64(weight)).collect();
    let shares: Vec<Vec<E>> =
        mix.shares.iter().map(|m| m.iter().map(|&share| E::from_f64(share)).collect()).collect();
    let mixing = shares.iter().zip(&mix.runs).map(|(shares, runs)| Mixing { shares, runs });
    let mixing: Vec<_> = mixing.collect();
    let labels = [0, 3, 9, 1];
    let inputs = Inputs { images: &images, labels: &labels, loss_weights: None, mixing: &mixing };
    network.pass(&weights, inputs, Mode::Train, wants).unwrap()
}

fn start(network: &Network) -> (Vec<f64>, Mix) {
    let weights = network.layout().init(3).into_iter().map(f64::from).collect();
    let mut stream = Key::new(2, Purpose::Test).stream();
    let mut share = || f64::from((0.125 + 0.02 * stream.normal()) as f32);
    let shares = (0..2).map(|_| (0..14 * 8).map(|_| share()).collect()).collect();
    (weights, Mix { shares, runs: [Vec::new(), Vec::new()] })
}

/// Half of the operations.
fn random_runs(seed: u64) -> Vec<bool> {
    let mut stream = Key::new(seed, Purpose::Test).id(11).stream();
    (0..14 * 8).map(|_| stream.below(2) == 0).collect()
}

/// One operation an edge.
fn one_hot(seed: u64) -> Vec<bool> {
    let mut stream = Key::new(seed, Purpose::Test).id(12).stream();
    let chosen = (0..14).map(|_| stream.below(8));
    chosen.flat_map(|chosen| (0..8).map(move |operation| operation == chosen)).collect()
}

#[test]
fn the_supernet_has_the_published_number_of_parameters() {
    let network = darts_supernet(&shape(16, 8, 32), Device::Cpu).unwrap();
    assert_eq!(network.layout().length(), 1_930_618);
    let shape = SuperShape { partial: 4, ..shape(16, 8, 32) };
    assert_eq!(darts_supernet(&shape, Device::Cpu).unwrap().layout().length(), 299_578);
}

#[test]
fn gradients_match_finite_differences_in_f64_along_random_directions() {
    for network in [small(), partial()] {
        assert_gradients_are_slopes(&network, [Vec::new(), Vec::new()]);
        assert_gradients_are_slopes(&network, [random_runs(1), random_runs(2)]);
        assert_gradients_are_slopes(&network, [one_hot(3), Vec::new()]);
    }
}

fn assert_gradients_are_slopes(network: &Network, runs: [Vec<bool>; 2]) {
    let (weights, mix) = start(network);
    let mix = Mix { runs, ..mix };
    let exact = pass::<f64>(network, &weights, &mix, ALL);
    let (of_weights, of_shares) = (exact.weights.unwrap(), exact.shares.unwrap());
    for seed in 0..3 {
        let mut stream = Key::new(seed, Purpose::Test).id(9).stream();
        let along: Vec<f64> = weights.iter().map(|_| stream.normal()).collect();
        let loss = |h: f64| {
            let moved: Vec<f64> = weights.iter().zip(&along).map(|(w, d)| w + h * d).collect();
            pass::<f64>(network, &moved, &mix, Wants::default()).outputs.loss
        };
        let slope: f64 = of_weights.iter().zip(&along).map(|(g, d)| g * d).sum();
        assert_slope(loss(STEP) - loss(-STEP), slope);
        for (matrix, gradient) in of_shares.iter().enumerate() {
            let mut along: Vec<f64> = (0..14 * 8).map(|_| stream.normal()).collect();
            // What the share of an operation that does not run has is no slope.
            let idle = along.iter_mut().zip(&mix.runs[matrix]).filter(|(_, runs)| !**runs);
            idle.for_each(|(along, _)| *along = 0.0);
            let loss = |h: f64| {
                let mut moved = Mix { shares: mix.shares.clone(), runs: mix.runs.clone() };
                moved.shares[matrix].iter_mut().zip(&along).for_each(|(share, d)| *share += h * d);
                pass::<f64>(network, &weights, &moved, Wants::default()).outputs.loss
            };
            let slope: f64 = gradient.iter().zip(&along).map(|(g, d)| g * d).sum();
            assert_slope(loss(STEP) - loss(-STEP), slope);
        }
    }
}

fn assert_slope(difference: f64, slope: f64) {
    let error = (difference / (2.0 * STEP) - slope).abs() / slope.abs();
    assert!(error < 1e-6, "{} against {slope}, off by {error:e}", difference / (2.0 * STEP));
}

#[test]
fn single_precision_gradients_agree_with_double_precision() {
    [small(), partial()].iter().for_each(assert_engines_agree);
}

fn assert_engines_agree(network: &Network) {
    let (weights, mix) = start(network);
    let nothing = || vec![false; 14 * 8];
    let patterns = [
        [Vec::new(), Vec::new()],
        [random_runs(1), random_runs(2)],
        [random_runs(3), one_hot(3)],
        [one_hot(4), random_runs(4)],
        [one_hot(5), one_hot(6)],
        [nothing(), random_runs(7)],
        [random_runs(8), nothing()],
    ];
    for runs in patterns {
        let mix = Mix { shares: mix.shares.clone(), runs };
        let single = pass::<f32>(network, &weights, &mix, ALL);
        let double = pass::<f64>(network, &weights, &mix, ALL);
        assert!((single.outputs.loss - double.outputs.loss).abs() < 1e-5);
        assert_close(&single.weights.unwrap(), &double.weights.unwrap());
        for (single, double) in single.shares.unwrap().iter().zip(double.shares.unwrap()) {
            assert_close(single, &double);
        }
    }
}

fn assert_close(single: &[f32], double: &[f64]) {
    let largest = double.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (&s, d) in single.iter().zip(double) {
        assert!((f64::from(s) - d).abs() <= 1e-3 * largest, "{s} {d}, largest {largest}");
    }
}

#[test]
fn a_pass_in_which_everything_runs_gives_the_same_bits_as_one_that_is_not_told() {
    let network = small();
    let (weights, untold) = start(&network);
    let told =
        Mix { shares: untold.shares.clone(), runs: [vec![true; 14 * 8], vec![true; 14 * 8]] };
    let [untold, told] = [untold, told].map(|mix| pass::<f32>(&network, &weights, &mix, ALL));
    assert_eq!(told.outputs.loss.to_bits(), untold.outputs.loss.to_bits());
    assert_eq!(told.weights, untold.weights);
    assert_eq!(told.shares, untold.shares);
}

#[test]
fn sizes_that_cannot_be_built_are_refused() {
    for wrong in [shape(3, 3, 8), shape(2, 0, 8), shape(2, 3, 6), shape(0, 3, 8)] {
        assert!(darts_supernet(&wrong, Device::Cpu).is_err());
    }
    let wrong = SuperShape { partial: 3, ..shape(8, 3, 8) };
    let error = darts_supernet(&wrong, Device::Cpu).err().unwrap().to_string();
    assert!(
        error.contains("space.partial = 3, expected a divisor of space.channels = 8"),
        "{error}"
    );
}
