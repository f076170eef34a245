//! Times steps of supernets of which only a part is computed beside those of whole ones: `bench_runs SPACE
//! CHANNELS CELLS BATCH REPS` on random images, 3x32x32, ten classes. SPACE is `nas-bench-201` or `darts`.
//! `one` runs one operation an edge, others each time; `partial` (of `darts`) mixes a quarter of the
//! channels. A step is a pass for the gradient of the shares and one for that of the weights. The kinds
//! take turns; prints the least seconds of each, and how many times as long a whole one takes in the
//! median turn: some operations cost less than others, so that the least of `one` is a lucky draw.

#![allow(clippy::print_stdout, reason = "the measurement is what it prints")]

use std::error::Error;
use std::time::Instant;

use tamis_core::{Key, Purpose};
use tamis_nn::{Device, Inputs, Mixing, Mode, Network, Wants, keep_freed_memory};
use tamis_space::darts::{self, SuperShape};
use tamis_space::nas_bench_201::{self, MacroShape};

const IMAGE: [usize; 3] = [3, 32, 32];
const CLASSES: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [space, numbers @ ..] = arguments.as_slice() else {
        return Err("expected SPACE CHANNELS CELLS BATCH REPS".into());
    };
    let number = |at: usize| -> Result<usize, Box<dyn Error>> {
        Ok(numbers.get(at).ok_or("expected SPACE CHANNELS CELLS BATCH REPS")?.parse()?)
    };
    let (channels, cells, batch, reps) = (number(0)?, number(1)?, number(2)?, number(3)?);
    let networks = networks(space, channels, cells)?;
    let kinds = kinds(&networks, batch);
    let mut seconds = vec![Vec::with_capacity(reps); kinds.len()];
    for rep in 0..=reps {
        for ((_, steps, one), seconds) in kinds.iter().zip(&mut seconds) {
            let runs = if *one { one_hot(steps.network, rep) } else { Vec::new() };
            let start = Instant::now();
            steps.step(&runs)?;
            // The first of each warms up.
            if rep > 0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    for ((name, ..), of_kind) in kinds.iter().zip(&seconds) {
        let least = of_kind.iter().copied().fold(f64::INFINITY, f64::min);
        let ratio = median_ratio(&seconds[0], of_kind).ok_or("expected at least one repetition")?;
        println!("{name}: {least:.4} s, whole / {name} = {ratio:.2}");
    }
    Ok(())
}

/// The median over the turns.
fn median_ratio(whole: &[f64], other: &[f64]) -> Option<f64> {
    let mut ratios: Vec<f64> =
        whole.iter().zip(other).map(|(whole, other)| whole / other).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied()
}

/// The whole supernet, and one of partial channels if the space has such.
fn networks(space: &str, channels: usize, cells: usize) -> Result<Vec<Network>, Box<dyn Error>> {
    match space {
        "darts" => {
            let whole = SuperShape { channels, cells, ..SuperShape::paper(CLASSES, IMAGE) };
            let shapes = [whole, SuperShape { partial: 4, ..whole }];
            let networks = shapes.iter().map(|shape| {
                let graph = darts::supernet(shape)?;
                Ok(Network::new(graph, vec![[14, 8]; 2], Device::Cpu)?)
            });
            networks.collect()
        }
        "nas-bench-201" => {
            let shape = MacroShape { channels, cells, ..MacroShape::benchmark(CLASSES, IMAGE) };
            let graph = nas_bench_201::supernet(&shape)?;
            Ok(vec![Network::new(graph, vec![[6, 5]], Device::Cpu)?])
        }
        other => Err(format!("no space {other}").into()),
    }
}

/// What takes turns: its name, its network, and whether only one operation an edge runs.
fn kinds(networks: &[Network], batch: usize) -> Vec<(&'static str, Steps<'_>, bool)> {
    let mut kinds = Vec::new();
    for (network, names) in networks.iter().zip([["whole", "one"], ["partial", "partial one"]]) {
        for (name, one) in names.into_iter().zip([false, true]) {
            kinds.push((name, Steps::new(network, batch), one));
        }
    }
    kinds
}

/// For each matrix and decision one option that runs.
fn one_hot(network: &Network, rep: usize) -> Vec<Vec<bool>> {
    let mut stream = Key::new(0, Purpose::Test).step(rep as u32).stream();
    let mut of_matrix = |&[decisions, options]: &[usize; 2]| {
        let mut runs = vec![false; decisions * options];
        for decision in runs.chunks_exact_mut(options) {
            decision[stream.below(options as u64) as usize] = true;
        }
        runs
    };
    network.choices().iter().map(&mut of_matrix).collect()
}

/// A network and what it is run on.
struct Steps<'a> {
    network: &'a Network,
    weights: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u32>,
    shares: Vec<Vec<f32>>,
}

impl<'a> Steps<'a> {
    fn new(network: &'a Network, batch: usize) -> Self {
        let mut stream = Key::new(1, Purpose::Test).stream();
        let pixels = batch * IMAGE.iter().product::<usize>();
        let shares = network.choices().iter();
        Steps {
            network,
            weights: network.layout().init(0),
            images: (0..pixels).map(|_| stream.normal() as f32).collect(),
            labels: (0..batch).map(|at| (at % CLASSES) as u32).collect(),
            shares: shares.map(|of| vec![1.0 / of[1] as f32; of[0] * of[1]]).collect(),
        }
    }

    fn step(&self, runs: &[Vec<bool>]) -> Result<(), Box<dyn Error>> {
        let mixing = self.shares.iter().enumerate().map(|(matrix, shares)| Mixing {
            shares,
            runs: runs.get(matrix).map(Vec::as_slice).unwrap_or_default(),
        });
        let mixing: Vec<_> = mixing.collect();
        let Steps { images, labels, .. } = self;
        for weights in [false, true] {
            let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
            let wants = Wants { weights, shares: !weights };
            self.network.pass(&self.weights, inputs, Mode::Train, wants)?;
        }
        Ok(())
    }
}
