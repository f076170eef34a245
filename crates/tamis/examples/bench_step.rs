//! Times full search steps (architecture step and weight step) on random data, 3x32x32, ten classes:
//! `bench_step SPACE CHANNELS CELLS BATCH REPS [layered | DEVICE]`. Training steps of single networks are
//! timed as SPACE `resnet-20`, with CELLS blocks a stage, `nas-bench-201-cell` and `darts-v2`, and as a
//! genotype: an architecture string of NAS-Bench-201 with CELLS a stage, or one of the DARTS space with
//! CELLS in all. One warm-up step, then the median; prints `{"median_s": …, "peak_rss_bytes": …,
//! "level": …}`. With `layered` search cells layer by layer; a DEVICE is `wgpu:0`, say, in a build with that
//! feature. `--level=avx2` before all of it has the kernels use what a machine without AVX-512 has.

#![allow(clippy::print_stdout, reason = "the measurement is what it prints")]

use std::error::Error;
use std::time::Instant;

use tamis::core::{Key, Purpose, SampleId};
use tamis::data::{Batch, ImageShape};
use tamis::graph::{Graph, networks::resnet};
use tamis::nn::{Device, Engine, Level, Model, Targets, cross_entropy, keep_freed_memory};
use tamis::run::peak_rss_bytes;
use tamis::search::{
    self, Bilevel, SearchConfig, StepBatches, StepContext, build_host, build_space,
};
use tamis::space::darts::{self, EvalShape};
use tamis::space::nas_bench_201::{self, MacroShape};
use tamis::training::Sgd;

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const CLASSES: usize = 10;

/// Genotypes that have a name here and in `bench/pytorch/step.py`.
const NAMED: [(&str, &str); 2] = [
    (
        "nas-bench-201-cell",
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|\
         +|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    ),
    (
        "darts-v2",
        "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), \
         ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), \
         ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), \
         ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), \
         ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    keep_freed_memory();
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) = arguments.first().and_then(|first| first.strip_prefix("--level=")) {
        Level::choose(name)?;
        arguments.remove(0);
    }
    let [space, numbers @ ..] = arguments.as_slice() else {
        return Err("expected SPACE CHANNELS CELLS BATCH REPS [layered | DEVICE]".into());
    };
    let number = |at: usize| -> Result<usize, Box<dyn Error>> {
        Ok(numbers.get(at).ok_or("expected SPACE CHANNELS CELLS BATCH REPS")?.parse()?)
    };
    let (channels, cells, batch, reps) = (number(0)?, number(1)?, number(2)?, number(3)?);
    let place = match numbers.get(4).map(String::as_str) {
        None => (Device::Cpu, Engine::Fused),
        Some("layered") => (Device::Cpu, Engine::Layered),
        Some(device) => (device.parse()?, Engine::Fused),
    };
    let mut config = SearchConfig::default();
    let (space_name, host) = space.split_once('+').unwrap_or((space, "darts"));
    config.space.name = space_name.to_owned();
    config.host.name = host.to_owned();
    config.space.partial = if host == "pc-darts" { 4 } else { 1 };
    (config.space.channels, config.space.cells) = (channels, cells);
    let mut step = match network(space, channels, cells)? {
        Some(graph) => training_step(graph, batch, place.0)?,
        None => search_step(&config, batch, place)?,
    };
    step()?;
    let mut seconds = Vec::with_capacity(reps);
    for _ in 0..reps {
        let start = Instant::now();
        step()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(reps / 2).ok_or("expected at least one repetition")?;
    // 0 where the system does not tell.
    let peak_rss_bytes = peak_rss_bytes().unwrap_or(0);
    let level = Level::best().name();
    println!(
        "{{\"median_s\": {median:.6}, \"peak_rss_bytes\": {peak_rss_bytes}, \"level\": \"{level}\"}}"
    );
    Ok(())
}

type Step = Box<dyn FnMut() -> Result<(), search::Error>>;

fn search_step(
    config: &SearchConfig,
    batch: usize,
    (device, engine): (Device, Engine),
) -> Result<Step, Box<dyn Error>> {
    let space = build_space(&config.space, SHAPE, CLASSES)?;
    let mut host = build_host(config, space.as_ref())?;
    let mut bilevel = Bilevel::new(config, space, None, device)?.with_engine(engine);
    let (weight, arch) = (random_batch(batch, 0), random_batch(batch, 1));
    Ok(Box::new(move || {
        let batches = StepBatches { weight: Some(&weight), loss_weights: None, arch: Some(&arch) };
        let context = StepContext { seed: 0, epoch: 0, epochs: 1, step: 0 };
        host.step(&mut bilevel, batches, context).map(|_| ())
    }))
}

/// The single network of this name, if it is no search space's.
fn network(name: &str, channels: usize, cells: usize) -> Result<Option<Graph>, Box<dyn Error>> {
    let image = [SHAPE.channels, SHAPE.height, SHAPE.width];
    let named = NAMED.iter().find(|(short, _)| *short == name);
    let name = named.map_or(name, |(_, genotype)| genotype);
    Ok(if name == "resnet-20" {
        Some(resnet(channels, cells, image, CLASSES)?)
    } else if name.starts_with('|') {
        let shape = MacroShape { channels, cells, ..MacroShape::benchmark(CLASSES, image) };
        Some(name.parse::<nas_bench_201::Genotype>()?.network(&shape)?)
    } else if name.contains("normal") {
        let shape = EvalShape { channels, layers: cells, ..EvalShape::cifar(CLASSES) };
        Some(name.parse::<darts::Genotype>()?.network(&shape, false)?)
    } else {
        None
    })
}

fn training_step(graph: Graph, batch: usize, device: Device) -> Result<Step, Box<dyn Error>> {
    let model = Model::new(graph, &["logits"], device)?;
    let mut weights = model.layout().init(0);
    let velocity = vec![0.0; weights.len()];
    let mut sgd = Sgd { momentum: 0.9, weight_decay: 5e-4, nesterov: true, velocity };
    let batch = random_batch(batch, 0);
    Ok(Box::new(move || {
        let pass = model.train(&weights, &batch.images, None, |outputs| {
            let (found, gradient) = cross_entropy(outputs[0], &Targets::of(&batch.labels))?;
            Ok((vec![gradient], found))
        })?;
        sgd.step(&mut weights, &pass.gradient, 0.1);
        Ok(())
    }))
}

fn random_batch(batch: usize, id: u64) -> Batch {
    let mut stream = Key::new(0, Purpose::Test).id(id).stream();
    Batch {
        ids: (0..batch as u32).map(SampleId).collect(),
        labels: (0..batch).map(|_| stream.below(CLASSES as u64) as u32).collect(),
        images: (0..batch * SHAPE.len()).map(|_| stream.normal() as f32).collect(),
        shape: SHAPE,
    }
}
