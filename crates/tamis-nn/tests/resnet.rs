//! The residual classifier: size, both number types, both engines, learning.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{
    Device, Engine, Inputs, Mode, Network, Pass, Real, Statistics, Wants, resnet, resnet_macs,
};

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
fn resnet_20_and_56_have_the_known_multiply_adds() {
    // 40.55 and 125.5 million in convolutions, 640 in the classifier.
    assert_eq!(resnet_macs(16, 3, [3, 32, 32], 10), 40_551_040);
    assert_eq!(resnet_macs(16, 9, [3, 32, 32], 10), 125_485_696);
}

fn evaluate<E: Real>(network: &Network, statistics: &Statistics, wants: Wants) -> Pass<E> {
    let weights: Vec<E> = network.layout().init(2).iter().map(|&w| E::from_f64(w.into())).collect();
    let mut stream = Key::new(1, Purpose::Test).stream();
    let images: Vec<E> = (0..6 * 192).map(|_| E::from_f64(stream.normal() as f32 as f64)).collect();
    let labels = [0, 3, 9, 1, 1, 4];
    let inputs = Inputs { images: &images, labels: &labels, loss_weights: None, shares: &[] };
    network.pass(&weights, inputs, Mode::Evaluate(statistics), wants).unwrap()
}

#[test]
fn evaluation_by_a_batchs_own_moments_gives_what_training_mode_gives() {
    let network = small();
    let trained = pass::<f64>(&network, &network.layout().init(2), Wants::default());
    let mut statistics = network.initial_statistics();
    let mut values = trained.statistics.to_values();
    let variances = values.len() / 2;
    // What a pass reports is unbiased; what it normalises by is not. Batch 6 on 64, 16, 4 pixels.
    let counts = [(12, 384.0), (16, 96.0), (32, 24.0)];
    let counts = counts.iter().flat_map(|&(channels, count)| vec![count; channels]);
    for (value, count) in values[variances..].iter_mut().zip(counts) {
        *value *= (count - 1.0) / count;
    }
    statistics.set_values(&values).unwrap();
    let exact = evaluate::<f64>(&network, &statistics, Wants::default());
    assert!((exact.outputs.loss - trained.outputs.loss).abs() < 1e-9);
    // Fused without a gradient, composed with one, composed throughout.
    let composed = small().with_engine(Engine::Composed);
    let singles = [
        evaluate::<f32>(&network, &statistics, Wants::default()),
        evaluate::<f32>(&network, &statistics, WEIGHTS),
        evaluate::<f32>(&composed, &statistics, Wants::default()),
    ];
    for single in singles {
        assert!((single.outputs.loss - trained.outputs.loss).abs() < 1e-5);
    }
    assert!(statistics.set_values(&values[1..]).is_err());
}

#[test]
fn the_classifier_of_the_features_gives_the_evaluated_answer() {
    let network = small();
    let weights = network.layout().init(2);
    let mut stream = Key::new(1, Purpose::Test).stream();
    let images: Vec<f32> = (0..6 * 192).map(|_| stream.normal() as f32).collect();
    let statistics = network.initial_statistics();
    let features = network.features(&weights, &images, &statistics).unwrap();
    assert_eq!(features.len(), 6 * 16);
    let range = |path: &str| {
        let parameters = network.layout().parameters();
        parameters.iter().find(|of| of.path == path).unwrap().range()
    };
    let (matrix, bias) = (&weights[range("classifier.weight")], &weights[range("classifier.bias")]);
    let logit = |class: usize| -> f64 {
        let row = &matrix[class * 16..][..16];
        let sum: f32 = row.iter().zip(&features[..16]).map(|(w, x)| w * x).sum();
        f64::from(sum + bias[class])
    };
    let logits: Vec<f64> = (0..10).map(logit).collect();
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let expected = sum.ln() - logits[0];
    let found = evaluate::<f32>(&network, &statistics, Wants::default()).outputs.samples[0].loss;
    assert!((found - expected).abs() < 1e-5, "{found} {expected}");
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
