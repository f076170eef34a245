//! Times full search steps (architecture step and weight step) on random data, 3x32x32, ten
//! classes: `bench_step SPACE CHANNELS CELLS BATCH REPS [composed | DEVICE]`. SPACE `resnet-20` is a
//! plain training step with CELLS blocks a stage. One warm-up step, then the median; prints
//! `{"median_s": …, "peak_rss_bytes": …}`. With `composed` the tensor library's own operations on the
//! processor; a DEVICE is `wgpu:0`, say, in a build with that feature. `--instructions=avx2` before
//! all of it computes as a machine without AVX-512 does.

#![allow(clippy::print_stdout, reason = "the measurement is what it prints")]

use std::error::Error;
use std::time::Instant;

use tamis::core::{Key, Purpose, SampleId};
use tamis::data::{Batch, ImageShape};
use tamis::nn::{Device, Engine, Instructions, keep_freed_memory, resnet};
use tamis::run::peak_rss_bytes;
use tamis::search::{
    self, Bilevel, SearchConfig, StepBatches, StepContext, build_host, build_space,
};

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const CLASSES: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    keep_freed_memory();
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) = arguments.first().and_then(|first| first.strip_prefix("--instructions=")) {
        Instructions::choose(name)?;
        arguments.remove(0);
    }
    let [space, numbers @ ..] = arguments.as_slice() else {
        return Err("expected SPACE CHANNELS CELLS BATCH REPS [composed | DEVICE]".into());
    };
    let number = |at: usize| -> Result<usize, Box<dyn Error>> {
        Ok(numbers.get(at).ok_or("expected SPACE CHANNELS CELLS BATCH REPS")?.parse()?)
    };
    let (channels, cells, batch, reps) = (number(0)?, number(1)?, number(2)?, number(3)?);
    // Where a device has no fused operations, its networks are composed all the same.
    let place = match numbers.get(4).map(String::as_str) {
        None => (Device::Cpu, Engine::Fused),
        Some("composed") => (Device::Cpu, Engine::Composed),
        Some(device) => (device.parse()?, Engine::Fused),
    };
    let mut config = SearchConfig::default();
    config.space.name = space.clone();
    (config.space.channels, config.space.cells) = (channels, cells);
    let mut step = if space == "resnet-20" {
        training_step(&config, batch, place)?
    } else {
        search_step(&config, batch, place)?
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
    println!("{{\"median_s\": {median:.6}, \"peak_rss_bytes\": {peak_rss_bytes}}}");
    Ok(())
}

type Step = Box<dyn FnMut() -> Result<(), search::Error>>;

fn search_step(
    config: &SearchConfig,
    batch: usize,
    (device, engine): (Device, Engine),
) -> Result<Step, Box<dyn Error>> {
    let network = build_space(&config.space, SHAPE, CLASSES)?.network(device)?;
    let mut bilevel = Bilevel::new(config, network.with_engine(engine));
    let mut host = build_host(config)?;
    let (weight, arch) = (random_batch(batch, 0), random_batch(batch, 1));
    Ok(Box::new(move || {
        let batches = StepBatches { weight: &weight, loss_weights: None, arch: Some(&arch) };
        let context = StepContext { seed: 0, epoch: 0, epochs: 1, step: 0 };
        host.step(&mut bilevel, batches, context).map(|_| ())
    }))
}

fn training_step(
    config: &SearchConfig,
    batch: usize,
    (device, engine): (Device, Engine),
) -> Result<Step, Box<dyn Error>> {
    let image = [SHAPE.channels, SHAPE.height, SHAPE.width];
    let network = resnet(config.space.channels, config.space.cells, image, CLASSES, device)?;
    let mut bilevel = Bilevel::new(config, network.with_engine(engine));
    let batch = random_batch(batch, 0);
    Ok(Box::new(move || {
        let (gradient, _) = bilevel.weight_gradient(&batch, None, &[])?;
        bilevel.step_weights(gradient);
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
