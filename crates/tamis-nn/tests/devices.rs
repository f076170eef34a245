//! Networks on a graphics adapter against the same on the processor. Built with the feature `wgpu`;
//! skipped, with a message, where there is no adapter. A software Vulkan is one.

#![cfg(feature = "wgpu")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test says what it ran on, or that it skips")]

use tamis_core::{Key, Purpose};
use tamis_graph::networks::resnet;
use tamis_nn::{
    Device, Error, Inputs, Mixing, Mode, Model, ModelPass, Network, Outputs, Pass, Targets, Wants,
    cross_entropy,
};
use tamis_space::darts::{self, SuperShape};
use tamis_space::nas_bench_201::{self, MacroShape};

const BATCH: usize = 6;
const IMAGE: [usize; 3] = [3, 8, 8];
const STEPS: usize = 10;
const ALL: Wants = Wants { weights: true, shares: true };
const LABELS: [u32; BATCH] = [0, 3, 9, 1, 1, 4];

/// The first adapter of this machine, if it has one.
fn adapter() -> Option<Device> {
    match "wgpu".parse::<Device>() {
        Ok(device) => {
            eprintln!("on {device}: {}", device.hardware().unwrap_or_default());
            Some(device)
        }
        Err(error @ Error::NoAdapter { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Weights and mixing weights on their way down one batch.
struct Descent {
    network: Network,
    weights: Vec<f32>,
    shares: Vec<Vec<f32>>,
    images: Vec<f32>,
}

impl Descent {
    fn new(network: Network) -> Self {
        let mut stream = Key::new(4, Purpose::Test).stream();
        let images = (0..BATCH * IMAGE.iter().product::<usize>()).map(|_| stream.normal() as f32);
        let images = images.collect();
        let shares = network.choices().iter().map(|&[edges, operations]| {
            let mut share = || (1.0 + 0.2 * stream.normal()) as f32 / operations as f32;
            (0..edges * operations).map(|_| share()).collect()
        });
        let shares = shares.collect();
        Descent { weights: network.layout().init(6), network, shares, images }
    }

    fn pass(&self, mode: Mode<'_>, wants: Wants) -> Pass {
        let Descent { network, weights, shares, images } = self;
        let mixing: Vec<_> = shares.iter().map(|shares| Mixing::of_all(shares)).collect();
        let inputs = Inputs { images, labels: &LABELS, loss_weights: None, mixing: &mixing };
        network.pass(weights, inputs, mode, wants).unwrap()
    }

    /// A step of plain gradient descent; the loss before it.
    fn step(&mut self, wants: Wants) -> f64 {
        let pass = self.pass(Mode::Train, wants);
        descend(&mut self.weights, &pass.weights.unwrap(), 0.05);
        for (shares, gradient) in self.shares.iter_mut().zip(pass.shares.unwrap_or_default()) {
            descend(shares, &gradient, 0.05);
        }
        pass.outputs.loss
    }
}

fn descend(values: &mut [f32], gradient: &[f32], rate: f32) {
    values.iter_mut().zip(gradient).for_each(|(value, slope)| *value -= rate * slope);
}

/// Ten steps there and here: every loss agrees, and there is something to agree on.
fn follows(name: &str, wants: Wants, network: impl Fn(Device) -> Network) {
    let Some(device) = adapter() else { return };
    let mut there = Descent::new(network(device));
    let mut here = Descent::new(network(Device::Cpu));
    let mut worst = 0.0_f64;
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let (found, expected) = (there.step(wants), here.step(wants));
        worst = worst.max((found - expected).abs() / expected);
        losses.push(expected);
    }
    eprintln!("{name}: {} to {}, furthest apart {worst:e}", losses[0], losses[STEPS - 1]);
    assert!(losses[STEPS - 1] < 0.9 * losses[0], "{losses:?}");
    assert!(worst < 1e-3, "{worst:e}");
}

fn nas_bench_201(shape: &MacroShape, device: Device) -> Network {
    Network::new(nas_bench_201::supernet(shape).unwrap(), vec![[6, 5]], device).unwrap()
}

#[test]
fn ten_steps_of_a_nas_bench_201_supernet_follow_the_processor() {
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
    follows("nas-bench-201", ALL, |device| nas_bench_201(&shape, device));
}

#[test]
fn ten_steps_of_a_darts_supernet_follow_the_processor() {
    let [image_channels, image_height, image_width] = IMAGE;
    let shape = SuperShape {
        channels: 4,
        cells: 3,
        classes: 10,
        image_channels,
        image_height,
        image_width,
        partial: 1,
    };
    let graph = darts::supernet(&shape).unwrap();
    let network = |device| Network::new(graph.clone(), vec![[14, 8]; 2], device).unwrap();
    follows("darts", ALL, network);
}

/// A described network, its first weights, and images.
struct Classifier {
    model: Model,
    weights: Vec<f32>,
    images: Vec<f32>,
}

impl Classifier {
    fn new(device: Device) -> Classifier {
        let model = Model::new(resnet(4, 1, IMAGE, 10).unwrap(), &["logits"], device).unwrap();
        let mut stream = Key::new(4, Purpose::Test).stream();
        let images = (0..BATCH * IMAGE.iter().product::<usize>()).map(|_| stream.normal() as f32);
        Classifier { weights: model.layout().init(6), images: images.collect(), model }
    }

    fn pass(&self) -> ModelPass<Outputs> {
        let loss = |outputs: &[&[f32]]| {
            let (found, gradient) = cross_entropy(outputs[0], &Targets::of(&LABELS))?;
            Ok((vec![gradient], found))
        };
        self.model.train(&self.weights, &self.images, None, loss).unwrap()
    }
}

#[test]
fn ten_steps_of_a_residual_classifier_follow_the_processor_and_so_does_its_evaluation() {
    let Some(device) = adapter() else { return };
    let [mut there, mut here] = [device, Device::Cpu].map(Classifier::new);
    let mut statistics = [&there, &here].map(|of| of.model.initial_statistics());
    for _ in 0..STEPS {
        let passes = [there.pass(), here.pass()];
        let [found, expected] = [&passes[0], &passes[1]].map(|pass| pass.found.loss);
        assert!((found - expected).abs() < 1e-3 * expected, "{found} {expected}");
        for (of, (pass, statistics)) in
            [&mut there, &mut here].into_iter().zip(passes.iter().zip(&mut statistics))
        {
            descend(&mut of.weights, &pass.gradient, 0.05);
            statistics.update(&pass.statistics, 0.5);
        }
    }
    let evaluated = [&there, &here].into_iter().zip(&statistics);
    let logits = evaluated.map(|(of, statistics)| {
        of.model.evaluate(&of.weights, &of.images, statistics).unwrap().concat()
    });
    let logits: Vec<Vec<f32>> = logits.collect();
    for (found, expected) in logits[0].iter().zip(&logits[1]) {
        assert!((found - expected).abs() < 1e-2 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

#[test]
fn gradients_agree_entry_by_entry() {
    let Some(device) = adapter() else { return };
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
    let [there, here] = [device, Device::Cpu]
        .map(|device| Descent::new(nas_bench_201(&shape, device)).pass(Mode::Train, ALL));
    let flat = |pass: &Pass| {
        let shares = pass.shares.clone().unwrap_or_default().concat();
        [pass.weights.clone().unwrap_or_default(), shares]
    };
    for (found, expected) in flat(&there).iter().zip(flat(&here)) {
        let largest = expected.iter().fold(0.0_f32, |largest, slope| largest.max(slope.abs()));
        assert!(largest > 0.0 && found.len() == expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-3 * largest, "{found} {expected} {largest}");
        }
    }
}
