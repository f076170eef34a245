//! Sizes of every amount: built or refused, never a panic, a wrapped number or a full memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use tamis_graph::networks::{autoencoder, resnet};
use tamis_graph::{Error as Description, Graph};
use tamis_nn::{Autoencoder, AutoencoderShape, Device, Inputs, Mixing, Mode, Network, Wants};
use tamis_space::darts::{self, SuperShape};
use tamis_space::nas_bench_201::{self, MacroShape};

/// Small ones, those around the bounds, and those whose products are more than all numbers.
const SIZES: [usize; 12] = [
    0,
    1,
    2,
    1000,
    1001,
    20_000,
    1 << 20,
    (1 << 20) + 2,
    100_000_000,
    1 << 32,
    1 << 62,
    usize::MAX - 1,
];

const IMAGE: [usize; 3] = [3, 32, 32];

fn macro_shape(channels: usize, cells: usize) -> MacroShape {
    MacroShape { channels, cells, ..MacroShape::benchmark(10, IMAGE) }
}

/// What a space says of a size that it does not describe.
fn refused(error: tamis_space::Error) -> Description {
    match error {
        tamis_space::Error::Network(error) => error,
        other => panic!("{other}"),
    }
}

fn described(channels: usize, depth: usize) -> [Result<Graph, Description>; 4] {
    let super_shape = SuperShape { channels, cells: depth, ..SuperShape::paper(10, IMAGE) };
    let shape = AutoencoderShape { image: IMAGE, width: channels, latent: depth };
    [
        nas_bench_201::supernet(&macro_shape(channels, depth)).map_err(refused),
        darts::supernet(&super_shape).map_err(refused),
        resnet(channels, depth, IMAGE, 10),
        autoencoder(&shape),
    ]
}

#[test]
fn a_network_of_any_size_is_described_with_its_true_length_or_refused() {
    for (channels, depth) in SIZES.iter().flat_map(|&a| SIZES.map(|b| (a, b))) {
        for network in described(channels, depth) {
            match network {
                Ok(graph) => {
                    let layout = graph.parameters();
                    let lengths = layout.parameters().iter().map(|one| one.length() as u128);
                    assert_eq!(lengths.sum::<u128>(), layout.length() as u128);
                    assert!(layout.length() <= 1 << 28, "{channels} {depth}");
                }
                Err(Description::Size { found, .. }) => {
                    assert!([channels, depth].contains(&found))
                }
                Err(Description::Parameters { found, limit, .. }) => assert!(found > limit),
                Err(other) => panic!("{channels} {depth}: {other}"),
            }
        }
    }
}

#[test]
fn too_many_parameters_are_counted_and_the_settings_to_lower_are_named() {
    let shape = macro_shape(20_000, 1);
    let error = nas_bench_201::supernet(&shape).unwrap_err().to_string();
    let hint = "parameters, expected at most 268435456; hint: lower space.channels or space.cells";
    assert!(error.starts_with("building a NAS-Bench-201 network: found ") && error.ends_with(hint));
    let error = resnet(20_000, 3, IMAGE, 10).err().unwrap().to_string();
    assert!(error.contains("lower score.channels or score.blocks"), "{error}");
    let error = nas_bench_201::supernet(&macro_shape(8, 1001)).unwrap_err();
    assert!(error.to_string().contains("space.cells = 1001, expected 1 to 1000"), "{error}");
}

#[test]
fn what_is_of_use_on_a_processor_is_far_from_the_bounds() {
    assert!(nas_bench_201::supernet(&macro_shape(64, 20)).is_ok());
    let paper = SuperShape { channels: 64, cells: 20, ..SuperShape::paper(1000, [3, 224, 224]) };
    assert!(darts::supernet(&paper).is_ok());
    assert!(resnet(160, 9, [3, 224, 224], 1000).is_ok());
    let large = AutoencoderShape { image: [3, 1024, 1024], width: 32, latent: 32 };
    assert!(Autoencoder::new(large, Device::Cpu).is_ok());
}

#[test]
fn the_deepest_network_that_is_described_also_runs() {
    let image = [1, 4, 4];
    let shape = MacroShape { channels: 1, cells: 1000, ..MacroShape::benchmark(2, image) };
    let graph = nas_bench_201::supernet(&shape).unwrap();
    let network = Network::new(graph, vec![[6, 5]], Device::Cpu).unwrap();
    let weights = network.layout().init(1);
    let images: Vec<f32> = (0..32).map(|at| (at % 7) as f32 - 3.0).collect();
    let mixing = [Mixing::of_all(&[0.2; 30])];
    let inputs = Inputs { images: &images, labels: &[0, 1], loss_weights: None, mixing: &mixing };
    let wants = Wants { weights: true, shares: true };
    let pass = network.pass(&weights, inputs, Mode::Train, wants).unwrap();
    assert_eq!(pass.weights.unwrap().len(), weights.len());
}

#[test]
fn errors_call_every_network_by_its_article() {
    let shape = AutoencoderShape { image: [3, 5, 4], width: 4, latent: 4 };
    let error = Autoencoder::new(shape, Device::Cpu).err().unwrap().to_string();
    assert!(error.starts_with("building an autoencoder: found images of 5 x 4"), "{error}");
    let error = resnet(4, 1, [3, 5, 4], 10).err().unwrap().to_string();
    assert!(error.starts_with("building a residual network: "), "{error}");
}
