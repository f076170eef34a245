//! Networks trained on Fashion-MNIST and exported to ONNX: a runtime that was written elsewhere answers to
//! real test images what Tamis answers. Skipped where the folder that `TAMIS_DATA` names has none.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use rten::Model;
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use serde_json::Value;
use tamis::TrainedNetwork;
use tamis::core::SampleId;
use tamis::data::{DataConfig, Dataset};
use tamis::nn::Device;

use common::{tamis, text};

/// Images that are compared.
const IMAGES: usize = 100;

/// Sides of an image.
const SIDE: usize = 28;

/// Largest difference of a logit or a probability.
const TOLERANCE: f32 = 1e-4;

fn fashion_mnist() -> Option<PathBuf> {
    let folder =
        std::env::var_os("TAMIS_DATA").map(|data| PathBuf::from(data).join("fashion-mnist"));
    let found = folder.filter(|folder| folder.exists());
    if found.is_none() {
        eprintln!("skipped: TAMIS_DATA names no folder with fashion-mnist");
    }
    found
}

fn succeed(arguments: &[&str]) -> String {
    let output = tamis(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The output of that name of a model, flat.
fn run(model: &Path, output: &str, pixels: Vec<f32>) -> Vec<f32> {
    let model = Model::load(fs::read(model).unwrap()).unwrap();
    let input = Tensor::from_data(&[IMAGES, 1, SIDE, SIDE][..], pixels);
    let inputs = vec![(model.node_id("images").unwrap(), input.view().into())];
    let found = model.run(inputs, &[model.node_id(output).unwrap()], None).unwrap();
    let values: Tensor<f32> = found.into_iter().next().unwrap().try_into().unwrap();
    values.to_vec()
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let most = differences.fold(0.0, f32::max);
    assert!(most <= TOLERANCE, "{what}: {most}");
    let chosen = |row: &[f32]| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
    let answers: std::collections::BTreeSet<usize> = expected.chunks(10).map(chosen).collect();
    assert!(answers.len() > 2, "{what}: the network has learned nothing: {answers:?}");
}

/// What `tamis predict` says of the images as files, each image's classes in order.
fn predicted(run: &Path, images: &Dataset, folder: &Path) -> Vec<f32> {
    fs::create_dir(folder).unwrap();
    for id in images.ids().take(IMAGES) {
        let side = SIDE as u32;
        let image = image::GrayImage::from_raw(side, side, images.pixels(id).unwrap().into_owned())
            .unwrap();
        image.save(folder.join(format!("{:03}.png", id.index()))).unwrap();
    }
    let (run, folder) = (run.to_str().unwrap(), folder.to_str().unwrap());
    let printed = succeed(&["predict", run, folder, "--top=10", "--format=json"]);
    let of_line = |line: &str| -> Vec<f32> {
        let line: Value = serde_json::from_str(line).unwrap();
        let found = line["classes"].as_array().unwrap();
        let class = |class: &String| found.iter().find(|of| of["class"] == **class).unwrap();
        let classes = images.classes().iter().map(class);
        classes.map(|class| class["probability"].as_f64().unwrap() as f32).collect()
    };
    printed.lines().flat_map(of_line).collect()
}

/// Trains a network shortly and compares: the logits of the plain model, and the probabilities of one that
/// takes pixels and whose batch norms are part of its convolutions.
fn compare(name: &str, network: &[&str]) {
    let Some(data) = fashion_mnist() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let run_folder = path("run");
    let run_text = run_folder.to_str().unwrap();
    let own = ["train", "--data", data.to_str().unwrap(), "--out", run_text, "--progress=none"];
    let small = ["--set=data.train=1500", "--channels=4", "--batch=32", "--epochs=2"];
    succeed(&[&own[..], &small, network].concat());

    let source = data.to_str().unwrap().to_owned();
    let loaded = tamis::data::open(&DataConfig { source, ..DataConfig::default() }).unwrap();
    let images = loaded.test.unwrap();
    let ids: Vec<SampleId> = images.ids().take(IMAGES).collect();
    let pixels = ids.iter().flat_map(|id| images.pixels(*id).unwrap().into_owned()).map(f32::from);
    let pixels: Vec<f32> = pixels.collect();
    let trained = TrainedNetwork::read(&run_folder).unwrap();
    let (mean, deviation) = (trained.normalization.mean[0], trained.normalization.deviation[0]);
    let normalised = |pixel: &f32| ((f64::from(*pixel) / 255.0 - mean) / deviation) as f32;
    let normalised: Vec<f32> = pixels.iter().map(normalised).collect();

    let export = |out: &str, more: &[&str]| {
        let out = path(out);
        let own = ["export", run_text, "--to=onnx", "--out", out.to_str().unwrap()];
        succeed(&[&own[..], more].concat());
        out
    };
    let model = trained.model(Device::Cpu).unwrap();
    let logits = model.evaluate(&trained.weights, &normalised, &trained.statistics).unwrap();
    let found = run(&export("plain.onnx", &[]), "logits", normalised);
    assert_near(&found, &logits.concat(), &format!("{name}, logits"));
    let whole = export("whole.onnx", &["--normalize", "--fold", "--probabilities"]);
    let probabilities = predicted(&run_folder, &images, &path("images"));
    let found = run(&whole, "probabilities", pixels);
    assert_near(&found, &probabilities, &format!("{name}, probabilities"));
}

#[test]
fn a_trained_cell_of_nas_bench_201_answers_the_same_as_onnx() {
    let cell = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|\
                +|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
    compare("nas-bench-201", &["--genotype", cell, "--cells=1"]);
}

#[test]
fn a_trained_network_of_the_darts_space_answers_the_same_as_onnx() {
    let normal =
        "[('sep_conv_3x3', 0), ('sep_conv_5x5', 1), ('dil_conv_3x3', 0), ('skip_connect', 2)]";
    let reduce =
        "[('max_pool_3x3', 0), ('dil_conv_5x5', 1), ('avg_pool_3x3', 0), ('sep_conv_3x3', 2)]";
    let cell = format!(
        "Genotype(normal={normal}, normal_concat=range(2, 4), reduce={reduce}, \
         reduce_concat=range(2, 4))"
    );
    compare("darts", &["--genotype", &cell, "--cells=4"]);
}

#[test]
fn a_trained_resnet_answers_the_same_as_onnx() {
    compare("resnet20", &["--network=resnet20"]);
}
