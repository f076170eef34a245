//! The topology space of NAS-Bench-201: one matrix of six edges by five operations, shared by all
//! cells; each edge keeps its largest alpha, `none` included unless the settings say otherwise.

use tamis_data::ImageShape;
use tamis_nn::{Device, Network, nas_bench_201_supernet};
use tamis_space::nas_bench_201::derive_without_none;
use tamis_space::nas_bench_201::{Genotype, MacroShape, Operation, count_supernet, derive};

use super::{SearchSpace, SpaceEntry};
use crate::config::{Recipe, SpaceConfig};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "nas-bench-201",
    summary: "cells of six edges and five operations, with a table of trained accuracies",
    defaults,
    build: |config, image, classes| {
        let ImageShape { channels: image_channels, height, width } = image;
        Ok(Box::new(NasBench201 {
            derive_none: config.derive_none,
            shape: MacroShape {
                channels: config.channels,
                cells: config.cells,
                classes,
                image_channels,
                image_height: height,
                image_width: width,
            },
        }))
    },
};

/// A small supernet: 8 channels and a cell a stage, where the benchmark's networks have 16 and 5.
/// `quick` takes two cells a stage, and no `none` into the found cell.
fn defaults(recipe: Recipe) -> SpaceConfig {
    let (cells, derive_none) = match recipe {
        Recipe::Darts | Recipe::Autodl => (1, true),
        Recipe::Quick => (2, false),
    };
    SpaceConfig { cells, derive_none, ..SpaceConfig::default() }
}

struct NasBench201 {
    shape: MacroShape,
    derive_none: bool,
}

impl NasBench201 {
    /// The network has one matrix, for all cells.
    fn genotype(&self, alphas: &[Matrix]) -> Genotype {
        let alphas = alphas.first().map(Matrix::to_array).unwrap_or_default();
        if self.derive_none { derive(&alphas) } else { derive_without_none(&alphas) }
    }
}

impl SearchSpace for NasBench201 {
    fn network(&self, device: Device) -> Result<Network, Error> {
        Ok(nas_bench_201_supernet(&self.shape, device)?)
    }

    fn forward_macs(&self) -> u64 {
        count_supernet(&self.shape).macs
    }

    fn operations(&self) -> Vec<&'static str> {
        Operation::ALL.map(Operation::name).to_vec()
    }

    fn derive(&self, alphas: &[Matrix]) -> String {
        self.genotype(alphas).to_string()
    }

    fn is_connected(&self, alphas: &[Matrix]) -> bool {
        self.genotype(alphas).is_connected()
    }

    fn derived_operations(&self, alphas: &[Matrix]) -> Vec<&'static str> {
        self.genotype(alphas).0.map(Operation::name).to_vec()
    }
}
