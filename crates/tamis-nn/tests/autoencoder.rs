//! The autoencoder: its loss, learning, what it refuses.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{Autoencoder, AutoencoderPass, AutoencoderShape, Device, Triplet};

const SHAPE: AutoencoderShape = AutoencoderShape { image: [3, 8, 8], width: 4, latent: 5 };

const TRIPLETS: [Triplet; 3] = [
    Triplet { anchor: 0, positive: 1, negative: 2 },
    Triplet { anchor: 1, positive: 0, negative: 3 },
    Triplet { anchor: 5, positive: 4, negative: 0 },
];

fn small() -> Autoencoder {
    Autoencoder::new(SHAPE, Device::Cpu).unwrap()
}

fn images(count: usize) -> Vec<f32> {
    let mut stream = Key::new(1, Purpose::Test).stream();
    (0..count * 192).map(|_| stream.normal() as f32).collect()
}

fn run(network: &Autoencoder, weights: &[f32], weight: f64) -> AutoencoderPass {
    network.pass(weights, &images(6), &TRIPLETS, weight).unwrap()
}

#[test]
fn codes_do_not_depend_on_the_rest_of_the_batch() {
    let network = small();
    let weights = network.layout().init(2);
    let mut statistics = network.initial_statistics();
    statistics.update(&run(&network, &weights, 1.0).statistics, 0.6);
    let together = network.encode(&weights, &images(6), &statistics).unwrap();
    let alone = network.encode(&weights, &images(6)[192..384], &statistics).unwrap();
    assert_eq!(together[5..10], alone);
}

#[test]
fn the_triplets_loss_of_known_codes_is_what_its_formula_says() {
    let network = small();
    let weights = network.layout().init(2);
    let pass = run(&network, &weights, 1.0);
    // By the batch's own moments, as the training pass has it: biased, unlike those it reports.
    let mut statistics = network.initial_statistics();
    let mut values = pass.statistics.to_values();
    let variances = values.len() / 2;
    // Channels 4 on 4 x 4, 8 on 2 x 2, 16 on 1 x 1 pixels, in a batch of 6; then the decoder's.
    let counts = [(4, 96.0), (8, 24.0), (16, 6.0), (8, 24.0), (4, 96.0), (3, 384.0)];
    let counts = counts.iter().flat_map(|&(channels, count)| vec![count; channels]);
    for (value, count) in values[variances..].iter_mut().zip(counts) {
        *value *= (count - 1.0) / count;
    }
    statistics.set_values(&values).unwrap();
    let codes = network.encode(&weights, &images(6), &statistics).unwrap();
    let code = |at: usize| &codes[5 * at..5 * at + 5];
    let distance = |a: usize, b: usize| -> f64 {
        code(a).iter().zip(code(b)).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let hinge = |of: &Triplet| {
        (1.0 + distance(of.anchor, of.positive) - distance(of.anchor, of.negative)).max(0.0)
    };
    let expected = TRIPLETS.iter().map(hinge).sum::<f64>() / 3.0;
    assert!((pass.triplet_loss - expected).abs() < 1e-5, "{} {expected}", pass.triplet_loss);
}

#[test]
fn it_learns_to_reconstruct_a_batch_and_to_part_classes() {
    let network = small();
    let mut weights = network.layout().init(2);
    let first = run(&network, &weights, 1.0);
    for _ in 0..60 {
        let gradient = run(&network, &weights, 1.0).gradient;
        weights.iter_mut().zip(gradient).for_each(|(weight, slope)| *weight -= 0.2 * slope);
    }
    let last = run(&network, &weights, 1.0);
    assert!(last.reconstruction_loss < 0.8 * first.reconstruction_loss, "{first:?} {last:?}");
    assert!(last.triplet_loss < 0.5 * first.triplet_loss);
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let network = small();
    let weights = network.layout().init(2);
    let stray = [Triplet { anchor: 0, positive: 1, negative: 6 }];
    assert!(network.pass(&weights, &images(6), &stray, 1.0).is_err());
    assert!(network.pass(&weights, &images(6)[1..], &[], 1.0).is_err());
    assert!(network.pass(&weights[1..], &images(6), &[], 1.0).is_err());
}
