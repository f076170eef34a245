//! Described networks: what they learn, how they evaluate, what they refuse.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_graph::Graph;
use tamis_graph::networks::resnet;
use tamis_nn::{Device, DropPath, Error, Model, ModelPass, Outputs, Targets, cross_entropy};
use tamis_space::darts::EvalShape;
use tamis_space::nas_bench_201::MacroShape;

const BATCH: usize = 6;
const LABELS: [u32; BATCH] = [0, 3, 9, 1, 1, 4];
const IDS: [u64; BATCH] = [5, 6, 7, 8, 9, 10];

fn nas_bench_201(text: &str) -> Graph {
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [3, 8, 8]) };
    text.parse::<tamis_space::nas_bench_201::Genotype>().unwrap().network(&shape).unwrap()
}

/// A small network of the DARTS space with these operations in both cells, and its auxiliary head.
fn darts(first: &str, second: &str) -> Graph {
    let cell = format!("[('{first}', 0), ('{second}', 1), ('{second}', 0), ('{first}', 2)]");
    let text =
        format!("Genotype(normal={cell}, normal_concat=[2, 3], reduce={cell}, reduce_concat=[3])");
    let genotype: tamis_space::darts::Genotype = text.parse().unwrap();
    let small = EvalShape { channels: 4, layers: 3, ..EvalShape::cifar(10) };
    let shape = EvalShape { image_height: 16, image_width: 16, ..small };
    genotype.network(&shape, true).unwrap()
}

fn graphs() -> Vec<(String, Graph)> {
    let mut graphs = vec![("resnet".to_owned(), resnet(4, 1, [3, 8, 8], 10).unwrap())];
    for text in [
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
        "|none~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|skip_connect~1|nor_conv_3x3~2|",
    ] {
        graphs.push((text.to_owned(), nas_bench_201(text)));
    }
    for [first, second] in [
        ["sep_conv_3x3", "skip_connect"],
        ["sep_conv_5x5", "max_pool_3x3"],
        ["dil_conv_3x3", "avg_pool_3x3"],
        ["dil_conv_5x5", "none"],
        ["sep_conv_7x7", "conv_7x1_1x7"],
    ] {
        graphs.push((format!("{first} {second}"), darts(first, second)));
    }
    graphs
}

fn model(graph: Graph) -> Model {
    let outputs = if graph.output("auxiliary").is_some() {
        &["logits", "auxiliary"][..]
    } else {
        &["logits"]
    };
    Model::new(graph, outputs, Device::Cpu).unwrap()
}

fn images(model: &Model) -> Vec<f32> {
    let mut stream = Key::new(1, Purpose::Test).stream();
    let count = BATCH * model.graph().image().iter().product::<usize>();
    (0..count).map(|_| stream.normal() as f32).collect()
}

/// Away from scales of 1 and shifts of 0, so that confusing them shows.
fn weights(model: &Model) -> Vec<f32> {
    let mut stream = Key::new(4, Purpose::Test).stream();
    let init = model.layout().init(2).into_iter();
    init.map(|weight| weight + 0.1 * stream.normal() as f32).collect()
}

fn pass(model: &Model, weights: &[f32]) -> ModelPass<Vec<Outputs>> {
    let key = Key::new(9, Purpose::DropPath).epoch(1).step(2);
    let drop_path = DropPath { rate: 0.3, key, ids: &IDS };
    let loss = |outputs: &[&[f32]]| {
        let mut found = Vec::new();
        let mut gradients = Vec::new();
        for logits in outputs {
            let (outputs, gradient) = cross_entropy(logits, &Targets::of(&LABELS))?;
            found.push(outputs);
            gradients.push(gradient);
        }
        Ok((gradients, found))
    };
    model.train(weights, &images(model), Some(drop_path), loss).unwrap()
}

fn loss(pass: &ModelPass<Vec<Outputs>>) -> f64 {
    pass.found.iter().map(|outputs| outputs.loss).sum()
}

#[test]
fn evaluation_does_not_depend_on_the_rest_of_the_batch() {
    for (name, graph) in graphs() {
        let network = model(graph);
        let weights = weights(&network);
        let mut statistics = network.initial_statistics();
        statistics.update(&pass(&network, &weights).statistics, 0.6);
        let images = images(&network);
        let each = images.len() / BATCH;
        let together = network.evaluate(&weights, &images, &statistics).unwrap();
        let alone = network.evaluate(&weights, &images[each..2 * each], &statistics).unwrap();
        assert_eq!(together[0][10..20], alone[0], "{name}");
    }
}

#[test]
fn every_network_learns_a_batch_and_evaluates_by_running_statistics() {
    for (name, graph) in graphs() {
        let network = model(graph);
        let mut weights = network.layout().init(2);
        let mut statistics = network.initial_statistics();
        let first = loss(&pass(&network, &weights));
        for _ in 0..40 {
            let pass = pass(&network, &weights);
            statistics.update(&pass.statistics, 0.3);
            weights.iter_mut().zip(pass.gradient).for_each(|(w, g)| *w -= 0.1 * g);
        }
        let last = loss(&pass(&network, &weights));
        assert!(last < 0.6 * first, "{name}: {first} to {last}");
        let logits = network.evaluate(&weights, &images(&network), &statistics).unwrap();
        let (found, _) = cross_entropy(&logits[0], &Targets::of(&LABELS)).unwrap();
        // Six images, of which a third of the paths was dropped at random: far from what knows nothing.
        assert!(found.loss < 10.0_f64.ln(), "{name}: {}", found.loss);
    }
}

#[test]
fn evaluation_by_a_batchs_own_moments_gives_what_training_gives() {
    let network =
        Model::new(resnet(4, 1, [3, 8, 8], 10).unwrap(), &["logits"], Device::Cpu).unwrap();
    let weights = weights(&network);
    let trained = pass(&network, &weights);
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
    let logits = network.evaluate(&weights, &images(&network), &statistics).unwrap();
    let (found, _) = cross_entropy(&logits[0], &Targets::of(&LABELS)).unwrap();
    assert!((found.loss - loss(&trained)).abs() < 1e-5);
    assert!(statistics.set_values(&values[1..]).is_err());
}

#[test]
fn arguments_that_do_not_fit_are_refused_by_name() {
    let graph = resnet(4, 1, [3, 8, 8], 10).unwrap();
    let unknown = Model::new(graph.clone(), &["loss"], Device::Cpu).err().unwrap().to_string();
    assert!(
        unknown.contains("`loss`") || unknown.contains("loss, expected one of: logits, features")
    );
    let network = model(graph);
    let weights = network.layout().init(2);
    let images = images(&network);
    let statistics = network.initial_statistics();
    let refused = |weights: &[f32], images: &[f32]| {
        network.evaluate(weights, images, &statistics).unwrap_err().to_string()
    };
    assert!(refused(&weights[1..], &images).contains("the weights"));
    assert!(refused(&weights, &images[1..]).contains("the images"));
    let stray = |outputs: &[&[f32]]| {
        let (found, gradient) = cross_entropy(outputs[0], &Targets::of(&[0, 10, 0, 0, 0, 0]))?;
        Ok((vec![gradient], found))
    };
    let error = network.train(&weights, &images, None, stray).unwrap_err();
    assert!(matches!(error, Error::Label { position: 1, label: 10, classes: 10 }), "{error}");
}
