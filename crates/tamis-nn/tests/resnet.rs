//! The residual classifier: size, both number types, both engines, learning.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{Device, Engine, Inputs, Mode, Network, Pass, Real, Wants, resnet};

const WEIGHTS: Wants = Wants { weights: true, shares: false };
const IMAGE: [usize; 3] = [3, 8, 8];

fn small() -> Network {
    resnet(4, 1, IMAGE, 10, Device::Cpu).unwrap()
}

fn pass<E: Real>(network: &Network, weights: &[f32], wants: Wants) -> Pass<E> {
    let mut stream = Key::new(1, Purpose::Test).stream();
    let images: Vec<E> = (0..6 * 192).map(|_| E::from_f64(stream.normal() as f32 as f64)).collect();
    let weights: Vec<E> = weights.iter().map(|&weight| E::from_f64(weight.into())).collect();
    let labels = [0, 3, 9, 1, 1, 4];
    let inputs = Inputs { images: &images, labels: &labels, loss_weights: None, shares: &[] };
    network.pass(&weights, inputs, Mode::Train, wants).unwrap()
}

#[test]
fn resnet_20_has_the_known_number_of_parameters() {
    let network = resnet(16, 3, [3, 32, 32], 10, Device::Cpu).unwrap();
    assert_eq!(network.layout().length(), 269_722);
}

#[test]
fn fused_and_composed_gradients_agree_with_double_precision() {
    let network = small();
    let weights = network.layout().init(2);
    let exact = pass::<f64>(&network, &weights, WEIGHTS);
    let gradient = exact.weights.unwrap();
    let largest = gradient.iter().fold(0.0_f64, |largest, slope| largest.max(slope.abs()));
    for network in [small(), small().with_engine(Engine::Composed)] {
        let single = pass::<f32>(&network, &weights, WEIGHTS);
        assert!((single.outputs.loss - exact.outputs.loss).abs() < 1e-5);
        for (&found, exact) in single.weights.unwrap().iter().zip(&gradient) {
            assert!((f64::from(found) - exact).abs() < 1e-4 * largest, "{found} {exact}");
        }
    }
}

#[test]
fn gradients_match_finite_differences() {
    let network = small();
    let weights = network.layout().init(2);
    let gradient = pass::<f64>(&network, &weights, WEIGHTS).weights.unwrap();
    for parameter in network.layout().parameters() {
        let index = parameter.offset + parameter.length() / 3;
        // Single-precision steps are exact powers of two here, so both sides move alike.
        let loss = |step: f32| {
            let mut moved = weights.clone();
            moved[index] += step;
            let actual = f64::from(moved[index]) - f64::from(weights[index]);
            (pass::<f64>(&network, &moved, Wants::default()).outputs.loss, actual)
        };
        let ((above, up), (below, down)) = (loss(1e-5), loss(-1e-5));
        let slope = (above - below) / (up - down);
        let error = (slope - gradient[index]).abs();
        assert!(error < 1e-5 * (1.0 + slope.abs()), "{}: {error:e}", parameter.path);
    }
}

#[test]
fn sizes_that_cannot_be_built_are_refused() {
    assert!(resnet(4, 1, [3, 30, 32], 10, Device::Cpu).is_err());
    assert!(resnet(3, 1, IMAGE, 10, Device::Cpu).is_err());
    assert!(resnet(4, 0, IMAGE, 10, Device::Cpu).is_err());
}
