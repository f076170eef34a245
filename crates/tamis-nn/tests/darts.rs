//! The DARTS supernet: size, gradients, both number types.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{Device, Inputs, Mode, Network, Pass, Real, Wants, darts_supernet};
use tamis_space::darts::SuperShape;

const ALL: Wants = Wants { weights: true, shares: true };

fn shape(channels: usize, cells: usize, side: usize) -> SuperShape {
    SuperShape {
        channels,
        cells,
        classes: 10,
        image_channels: 3,
        image_height: side,
        image_width: side,
    }
}

fn small() -> Network {
    darts_supernet(&shape(2, 3, 8), Device::Cpu).unwrap()
}

fn pass<E: Real>(network: &Network, weights: &[f64], shares: &[Vec<f64>], wants: Wants) -> Pass<E> {
    let mut stream = Key::new(1, Purpose::Test).stream();
    let images: Vec<E> = (0..4 * 192).map(|_| E::from_f64(stream.normal() as f32 as f64)).collect();
    let weights: Vec<E> = weights.iter().map(|&weight| E::from_f64(weight)).collect();
    let shares: Vec<Vec<E>> =
        shares.iter().map(|m| m.iter().map(|&share| E::from_f64(share)).collect()).collect();
    let labels = [0, 3, 9, 1];
    let inputs = Inputs { images: &images, labels: &labels, loss_weights: None, shares: &shares };
    network.pass(&weights, inputs, Mode::Train, wants).unwrap()
}

fn start(network: &Network) -> (Vec<f64>, Vec<Vec<f64>>) {
    let weights = network.layout().init(3).into_iter().map(f64::from).collect();
    let mut stream = Key::new(2, Purpose::Test).stream();
    let mut share = || f64::from((0.125 + 0.02 * stream.normal()) as f32);
    (weights, (0..2).map(|_| (0..14 * 8).map(|_| share()).collect()).collect())
}

#[test]
fn the_supernet_has_the_published_number_of_parameters() {
    let network = darts_supernet(&shape(16, 8, 32), Device::Cpu).unwrap();
    assert_eq!(network.layout().length(), 1_930_618);
}

#[test]
fn gradients_match_finite_differences_in_f64_along_random_directions() {
    let network = small();
    let (weights, shares) = start(&network);
    let exact = pass::<f64>(&network, &weights, &shares, ALL);
    let (of_weights, of_shares) = (exact.weights.unwrap(), exact.shares.unwrap());
    for seed in 0..3 {
        let mut stream = Key::new(seed, Purpose::Test).id(9).stream();
        let along: Vec<f64> = weights.iter().map(|_| stream.normal()).collect();
        let loss = |h: f64| {
            let moved: Vec<f64> = weights.iter().zip(&along).map(|(w, d)| w + h * d).collect();
            pass::<f64>(&network, &moved, &shares, Wants::default()).outputs.loss
        };
        let slope: f64 = of_weights.iter().zip(&along).map(|(g, d)| g * d).sum();
        assert_slope(loss(1e-7) - loss(-1e-7), slope);
        for matrix in 0..2 {
            let along: Vec<f64> = (0..14 * 8).map(|_| stream.normal()).collect();
            let loss = |h: f64| {
                let mut moved = shares.clone();
                moved[matrix].iter_mut().zip(&along).for_each(|(share, d)| *share += h * d);
                pass::<f64>(&network, &weights, &moved, Wants::default()).outputs.loss
            };
            let slope: f64 = of_shares[matrix].iter().zip(&along).map(|(g, d)| g * d).sum();
            assert_slope(loss(1e-7) - loss(-1e-7), slope);
        }
    }
}

fn assert_slope(difference: f64, slope: f64) {
    let error = (difference / 2e-7 - slope).abs() / slope.abs();
    assert!(error < 1e-6, "{} against {slope}, off by {error:e}", difference / 2e-7);
}

#[test]
fn single_precision_gradients_agree_with_double_precision() {
    let network = small();
    let (weights, shares) = start(&network);
    let single = pass::<f32>(&network, &weights, &shares, ALL);
    let double = pass::<f64>(&network, &weights, &shares, ALL);
    assert!((single.outputs.loss - double.outputs.loss).abs() < 1e-5);
    let check = |single: &[f32], double: &[f64]| {
        let largest = double.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        for (&s, d) in single.iter().zip(double) {
            assert!((f64::from(s) - d).abs() < 1e-3 * largest, "{s} {d}, largest {largest}");
        }
    };
    check(&single.weights.unwrap(), &double.weights.unwrap());
    for (single, double) in single.shares.unwrap().iter().zip(double.shares.unwrap()) {
        check(single, &double);
    }
}

#[test]
fn sizes_that_cannot_be_built_are_refused() {
    for wrong in [shape(3, 3, 8), shape(2, 0, 8), shape(2, 3, 6), shape(0, 3, 8)] {
        assert!(darts_supernet(&wrong, Device::Cpu).is_err());
    }
}
