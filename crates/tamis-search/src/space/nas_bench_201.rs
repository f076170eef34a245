//! The topology space of NAS-Bench-201: one matrix of six edges by five operations, shared by all
//! cells; each edge keeps its largest alpha, `none` included unless the settings say otherwise.

use tamis_data::ImageShape;
use tamis_nn::{Device, Network, nas_bench_201_supernet};
use tamis_space::nas_bench_201::derive_without_none;
use tamis_space::nas_bench_201::{Genotype, MacroShape, Operation, derive, supernet};

use super::{Architecture, Flow, SearchSpace, SpaceEntry};
use crate::config::{Recipe, SpaceConfig};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "nas-bench-201",
    summary: "cells of six edges and five operations, with a table of trained accuracies",
    defaults,
    build: |config, image, classes| {
        let ImageShape { channels: image_channels, height, width } = image;
        let shape = MacroShape {
            channels: config.channels,
            cells: config.cells,
            classes,
            image_channels,
            image_height: height,
            image_width: width,
        };
        let macs = supernet(&shape)?.counts().macs;
        Ok(Box::new(NasBench201 { shape, macs, derive_none: config.derive_none }))
    },
};

/// A small supernet: 8 channels and a cell a stage, where the benchmark's networks have 16 and 5.
/// `quick` takes two cells a stage, and no `none` into the found cell; `demo` no `none` either.
fn defaults(recipe: Recipe) -> SpaceConfig {
    let (cells, derive_none) = match recipe {
        Recipe::Darts | Recipe::Autodl => (1, true),
        Recipe::Quick => (2, false),
        Recipe::Demo => (1, false),
    };
    SpaceConfig { cells, derive_none, ..SpaceConfig::default() }
}

struct NasBench201 {
    shape: MacroShape,
    /// Multiply-adds of the supernet.
    macs: u64,
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
        self.macs
    }

    fn cells(&self) -> &'static [&'static str] {
        &["cell"]
    }

    fn operations(&self) -> Vec<&'static str> {
        Operation::ALL.map(Operation::name).to_vec()
    }

    fn derive(&self, alphas: &[Matrix]) -> Architecture {
        let genotype = self.genotype(alphas);
        Architecture {
            text: genotype.to_string(),
            operations: genotype.0.map(Operation::name).to_vec(),
            flow: flow(&genotype),
        }
    }
}

fn flow(genotype: &Genotype) -> Flow {
    let dead_nodes = genotype.dead_nodes();
    if !genotype.is_connected() {
        Flow::Cut
    } else if dead_nodes.is_empty() {
        Flow::Whole
    } else {
        Flow::Part { dead_nodes, left: genotype.alive_part().to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::build_space;

    /// The architecture of alphas in which an operation leads on each edge.
    fn derived(leading: [usize; 6], derive_none: bool) -> Architecture {
        let config = SpaceConfig { derive_none, ..SpaceConfig::default() };
        let image = ImageShape { channels: 3, height: 8, width: 8 };
        let space = build_space(&config, image, 10).unwrap();
        space.derive(&[Matrix::from_fn([6, 5], |index| {
            if leading[index / 5] == index % 5 { 0.5 } else { 0.1 }
        })])
    }

    #[test]
    fn an_architecture_says_what_of_it_is_dead_and_what_is_left() {
        assert_eq!(derived([3, 3, 2, 3, 1, 3], true).flow, Flow::Whole);
        assert_eq!(derived([0, 3, 0, 0, 0, 0], true).flow, Flow::Cut);
        let part = derived([3, 0, 0, 2, 0, 3], true);
        assert_eq!(part.operations[0], "nor_conv_3x3", "what was found is told as it is");
        let left = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|".to_owned();
        assert_eq!(part.flow, Flow::Part { dead_nodes: vec![1, 2], left });
        assert_eq!(derived([3, 0, 0, 2, 0, 3], false).flow, Flow::Whole);
    }
}
