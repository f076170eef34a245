//! ONNX models, run by a runtime that was written elsewhere, against the plain interpreter.

use tamis_export::{OnnxOptions, onnx};

use crate::interpreter::interpret;
use crate::networks::{Owned, all};
use crate::runtime::run;

const BATCH: usize = 3;

/// Most that single precision may differ from double precision, and a runtime's sums from others in another
/// order.
const TOLERANCE: f64 = 1e-4;

/// What bytes instead of weights may change, relative to the largest output. Measured: 0.0004 to 0.013.
const INT8_TOLERANCE: f64 = 0.03;

/// What each option makes of an input.
fn options() -> Vec<OnnxOptions> {
    let each = [false, true];
    let pairs = each.iter().flat_map(|&fold| each.map(|normalize| (fold, normalize)));
    pairs
        .map(|(fold, normalize)| OnnxOptions { fold, normalize, ..OnnxOptions::default() })
        .collect()
}

/// The main output for every image of a batch of pixels, one after the other.
fn expected(network: &Owned, pixels: &[u8]) -> Vec<f64> {
    let each = network.graph.image().into_iter().product();
    let normalized = network.normalized(pixels);
    normalized.chunks(each).flat_map(|image| interpret(&network.trained(), image)).collect()
}

/// What a model says of a batch of pixels.
fn found(network: &Owned, model: &[u8], options: OnnxOptions, pixels: &[u8]) -> Vec<Vec<f32>> {
    let input: Vec<f32> = match options.normalize {
        true => pixels.iter().map(|&pixel| f32::from(pixel)).collect(),
        false => network.normalized(pixels).iter().map(|&value| value as f32).collect(),
    };
    run(model, network.graph.image(), &input)
}

/// The largest difference, as a part of the largest value if that is more than 1.
fn difference(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
    let pairs = found.iter().zip(expected);
    pairs.map(|(found, expected)| (f64::from(*found) - expected).abs()).fold(0.0, f64::max)
        / largest
}

fn occurrences(model: &[u8], text: &str) -> usize {
    model.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

#[test]
fn every_network_computes_in_onnx_what_its_description_says_one_image_or_three() {
    for network in all() {
        let pixels = network.pixels(BATCH);
        let expected = expected(&network, &pixels);
        for options in options() {
            let model = onnx(&network.trained(), options).unwrap();
            for batch in [1, BATCH] {
                let (pixels, expected) = (
                    &pixels[..pixels.len() / BATCH * batch],
                    &expected[..expected.len() / BATCH * batch],
                );
                let found = found(&network, &model, options, pixels);
                let difference = difference(&found[0], expected);
                assert!(difference < TOLERANCE, "{} {options:?}: {difference}", network.name);
            }
        }
    }
}

#[test]
fn the_networks_of_these_tests_tell_images_apart() {
    for network in
        all().iter().filter(|network| !network.name.contains(r#""none", "none", "none""#))
    {
        let outputs = expected(network, &network.pixels(2));
        let (first, second) = outputs.split_at(outputs.len() / 2);
        let apart = first.iter().zip(second).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart > 20.0 * TOLERANCE, "{}: {apart}", network.name);
    }
}

#[test]
fn weights_as_bytes_change_the_output_a_little_and_the_size_much() {
    for network in all() {
        let pixels = network.pixels(BATCH);
        let expected = expected(&network, &pixels);
        for options in options() {
            let options = OnnxOptions { int8: true, ..options };
            let model = onnx(&network.trained(), options).unwrap();
            let found = found(&network, &model, options, &pixels);
            let difference = difference(&found[0], &expected);
            assert!(difference < INT8_TOLERANCE, "{}: {difference}", network.name);
            assert!(
                difference > 1e-5,
                "{}: {difference}, as if nothing were rounded",
                network.name
            );
        }
    }
    let network = all().into_iter().find(|network| network.name == "unusual").unwrap();
    let size = |int8: bool| {
        let options = OnnxOptions { int8, fold: true, ..OnnxOptions::default() };
        onnx(&network.trained(), options).unwrap().len()
    };
    assert!(size(true) < size(false) / 2);
}

#[test]
fn batch_norms_are_folded_where_a_convolution_alone_is_before_them_and_stay_elsewhere() {
    let expected = [("resnet", 0), ("autoencoder", 0), ("darts Imagenet", 0), ("unusual", 3)];
    for network in all() {
        let Some((_, stay)) = expected.iter().find(|(name, _)| *name == network.name) else {
            continue;
        };
        let model = |fold| {
            let options = OnnxOptions { fold, ..OnnxOptions::default() };
            onnx(&network.trained(), options).unwrap()
        };
        assert_eq!(occurrences(&model(true), "BatchNormalization"), *stay, "{}", network.name);
        assert!(occurrences(&model(false), "BatchNormalization") > *stay, "{}", network.name);
    }
}

#[test]
fn probabilities_are_the_softmax_of_the_logits() {
    for network in all().iter().filter(|network| !network.classes.is_empty()) {
        let options = OnnxOptions { probabilities: true, ..OnnxOptions::default() };
        let model = onnx(&network.trained(), options).unwrap();
        let outputs = found(network, &model, options, &network.pixels(BATCH));
        let [logits, probabilities] = &outputs[..] else { panic!("{} outputs", outputs.len()) };
        let classes = network.classes.len();
        for (logits, probabilities) in logits.chunks(classes).zip(probabilities.chunks(classes)) {
            let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
            let pairs = logits.iter().zip(probabilities);
            assert!(
                pairs.into_iter().all(|(logit, found)| (logit.exp() / sum - found).abs() < 1e-5)
            );
        }
    }
}

#[test]
fn layers_that_only_an_auxiliary_output_needs_are_not_written_and_dropped_paths_are_none() {
    let network = all().into_iter().find(|network| network.name == "darts Cifar").unwrap();
    assert!(network.graph.output("auxiliary").is_some() && network.graph.drop_paths() > 0);
    let model = onnx(&network.trained(), OnnxOptions::default()).unwrap();
    assert_eq!(occurrences(&model, "auxiliary"), 0);
    assert_eq!(occurrences(&model, "drop_path"), 0);
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    let network = &all()[0];
    let model = || onnx(&network.trained(), OnnxOptions::default()).unwrap();
    assert_eq!(model(), model());
}
