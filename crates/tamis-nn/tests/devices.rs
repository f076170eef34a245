//! Networks on a graphics adapter against the same on the processor. Built with the feature `wgpu`;
//! skipped, with a message, where there is no adapter. A software Vulkan is one.

#![cfg(feature = "wgpu")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test says what it ran on, or that it skips")]

use tamis_core::{Key, Purpose};
use tamis_nn::{
    Device, Error, Inputs, Mode, Network, Pass, Wants, darts_supernet, nas_bench_201_derived,
    nas_bench_201_supernet, resnet,
};
use tamis_space::darts::SuperShape;
use tamis_space::nas_bench_201::MacroShape;

const BATCH: usize = 6;
const IMAGE: [usize; 3] = [3, 8, 8];
const STEPS: usize = 10;
const ALL: Wants = Wants { weights: true, shares: true };
const WEIGHTS: Wants = Wants { weights: true, shares: false };

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
        let (matrices, [edges, operations]) = network.shares();
        let mut share = || (1.0 + 0.2 * stream.normal()) as f32 / operations as f32;
        let shares = (0..matrices).map(|_| (0..edges * operations).map(|_| share()).collect());
        let shares = shares.collect();
        Descent { weights: network.layout().init(6), network, shares, images }
    }

    fn pass(&self, mode: Mode<'_>, wants: Wants) -> Pass<f32> {
        let labels = [0, 3, 9, 1, 1, 4];
        let Descent { network, weights, shares, images } = self;
        let inputs = Inputs { images, labels: &labels, loss_weights: None, shares };
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

#[test]
fn ten_steps_of_a_nas_bench_201_supernet_follow_the_processor() {
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
    follows("nas-bench-201", ALL, |device| nas_bench_201_supernet(&shape, device).unwrap());
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
    };
    follows("darts", ALL, |device| darts_supernet(&shape, device).unwrap());
}

#[test]
fn ten_steps_of_a_residual_classifier_follow_the_processor() {
    follows("resnet", WEIGHTS, |device| resnet(4, 1, IMAGE, 10, device).unwrap());
}

#[test]
fn gradients_agree_entry_by_entry() {
    let Some(device) = adapter() else { return };
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
    let [there, here] = [device, Device::Cpu].map(|device| {
        let network = nas_bench_201_supernet(&shape, device).unwrap();
        Descent::new(network).pass(Mode::Train, ALL)
    });
    let flat = |pass: &Pass<f32>| {
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

#[test]
fn running_statistics_are_gathered_and_used_as_on_the_processor() {
    let Some(device) = adapter() else { return };
    let genotype =
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
            .parse()
            .unwrap();
    let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
    let [there, here] = [device, Device::Cpu].map(|device| {
        let network = nas_bench_201_derived(&genotype, &shape, device).unwrap();
        let mut statistics = network.initial_statistics();
        let descent = Descent::new(network);
        statistics.update(&descent.pass(Mode::Train, WEIGHTS).statistics, 0.5);
        descent.pass(Mode::Evaluate(&statistics), Wants::default()).outputs.loss
    });
    assert!((there - here).abs() < 1e-4 * here, "{there} {here}");
}

#[test]
fn double_precision_is_refused_elsewhere_than_on_the_processor() {
    let Some(device) = adapter() else { return };
    let network = resnet(4, 1, IMAGE, 10, device).unwrap();
    let weights: Vec<f64> = network.layout().init(1).into_iter().map(f64::from).collect();
    let images = vec![0.0; IMAGE.iter().product()];
    let inputs = Inputs { images: &images, labels: &[0], loss_weights: None, shares: &[] };
    let error = network.pass(&weights, inputs, Mode::Train, WEIGHTS).unwrap_err();
    assert!(matches!(error, Error::NumberType { .. }), "{error}");
}
