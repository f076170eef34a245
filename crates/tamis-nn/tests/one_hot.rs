//! The network of an architecture is what a supernet computes by one-hot shares.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{Device, Inputs, Mixing, Mode, Network, Wants};
use tamis_space::nas_bench_201::{EDGES, Genotype, MacroShape, Operation, supernet};

const SHAPE: MacroShape = MacroShape {
    channels: 4,
    cells: 2,
    classes: 3,
    image_channels: 3,
    image_height: 8,
    image_width: 8,
};
const BATCH: usize = 6;

fn inputs<'a>(images: &'a [f32], labels: &'a [u32], mixing: &'a [Mixing<'a>]) -> Inputs<'a> {
    Inputs { images, labels, loss_weights: None, mixing }
}

#[test]
fn one_hot_shares_give_loss_and_gradients_of_the_derived_network() {
    let mut stream = Key::new(1, Purpose::Test).stream();
    let images: Vec<f32> = (0..BATCH * 3 * 64).map(|_| stream.normal() as f32).collect();
    let labels: Vec<u32> = (0..BATCH as u32).map(|sample| sample % 3).collect();
    let of_all = Network::new(supernet(&SHAPE).unwrap(), vec![[6, 5]], Device::Cpu).unwrap();
    let weights = of_all.layout().init(5);
    let wants = Wants { weights: true, shares: false };
    for operations in [[3; 6], [3, 1, 2, 1, 3, 4], [0, 3, 4, 1, 2, 3], [2, 4, 1, 3, 0, 1]] {
        let genotype = Genotype(operations.map(|index| Operation::ALL[index]));
        let mut shares = [0.0; 6 * 5];
        (0..EDGES.len()).for_each(|edge| shares[5 * edge + operations[edge]] = 1.0);
        let runs = shares.map(|share| share == 1.0);
        let mixing = [Mixing { shares: &shares, runs: &runs }];
        let whole = inputs(&images, &labels, &mixing);
        let expected = of_all.pass(&weights, whole, Mode::Train, wants).unwrap();

        let graph = genotype.network(&SHAPE).unwrap();
        let derived = Network::new(graph, Vec::new(), Device::Cpu).unwrap();
        // Scales of 1 and shifts of 0, which search cells do not have; all else is the supernet's.
        let mut own = derived.layout().init(0);
        let mut shared = Vec::new();
        for parameter in derived.layout().parameters() {
            let all = of_all.layout().parameters().iter();
            // A search cell's convolution has no batch norm's weights beside its own.
            let path = match parameter.path.contains(".edges.") {
                true => parameter.path.replace(".conv.weight", ".weight"),
                false => parameter.path.clone(),
            };
            if let Some(same) = all.into_iter().find(|other| other.path == path) {
                own[parameter.range()].copy_from_slice(&weights[same.range()]);
                shared.push((parameter.range(), same.range()));
            }
        }
        let of_cells = |operation: &&usize| matches!(operation, 2 | 3);
        let convolutions = operations.iter().filter(of_cells).count();
        assert!(shared.len() > 6 * convolutions, "{genotype}: {}", shared.len());
        let plain = inputs(&images, &labels, &[]);
        let found = derived.pass(&own, plain, Mode::Train, wants).unwrap();
        assert!((found.outputs.loss - expected.outputs.loss).abs() < 1e-5, "{genotype}");
        let [found, expected] = [found, expected].map(|pass| pass.weights.unwrap());
        let largest = expected.iter().fold(0.0_f32, |most, slope| most.max(slope.abs()));
        for (own, same) in shared {
            for (found, expected) in found[own].iter().zip(&expected[same]) {
                assert!(
                    (found - expected).abs() < 1e-4 * largest,
                    "{genotype}: {found} {expected}"
                );
            }
        }
    }
}
