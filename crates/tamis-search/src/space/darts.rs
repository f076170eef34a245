//! The DARTS space: two matrices of fourteen edges by eight operations, for normal and reduction
//! cells; each node keeps its two best edges, `none` excluded.

use tamis_data::ImageShape;
use tamis_nn::{Device, Network, darts_supernet};
use tamis_space::darts::{Genotype, Operation, SuperShape, count_supernet, derive};

use super::{Architecture, Flow, SearchSpace, SpaceEntry};
use crate::config::{Recipe, SpaceConfig};
use crate::error::Error;
use crate::matrix::Matrix;
use crate::rules::{Rule, refuse_first};

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "darts",
    summary: "normal and reduction cells of fourteen edges and eight operations",
    defaults,
    build: |config, image, classes| {
        let ImageShape { channels: image_channels, height, width } = image;
        refuse_first([has_both_kinds(config.cells)])?;
        let shape = SuperShape {
            channels: config.channels,
            cells: config.cells,
            classes,
            image_channels,
            image_height: height,
            image_width: width,
            partial: 1,
        };
        Ok(Box::new(Darts { shape, macs: count_supernet(&shape)?.macs }))
    },
};

/// The supernet of the paper: 16 channels, 8 cells. `quick` takes half of the channels and the fewest
/// cells that have a normal one before, between and behind the two reductions; `demo` the fewest cells.
fn defaults(recipe: Recipe) -> SpaceConfig {
    let (channels, cells) = match recipe {
        Recipe::Darts | Recipe::Autodl => (16, 8),
        Recipe::Quick => (8, 5),
        Recipe::Demo => (8, 3),
    };
    SpaceConfig { name: ENTRY.name.to_owned(), channels, cells, ..SpaceConfig::default() }
}

/// Cells one third and two thirds of the way are reductions (Liu et al., ICLR 2019, 3.1.1). Of one or
/// two cells that is all, and the parameters of the normal cell would have no part in the loss.
fn has_both_kinds(cells: usize) -> Rule {
    let expected = "at least 3 cells: of fewer all are reduction cells, and the normal cell would \
                    never be trained";
    Rule::new("space.cells", cells as f64, cells >= 3, expected)
}

struct Darts {
    shape: SuperShape,
    /// Multiply-adds of the supernet.
    macs: u64,
}

impl SearchSpace for Darts {
    fn network(&self, device: Device) -> Result<Network, Error> {
        Ok(darts_supernet(&self.shape, device)?)
    }

    fn forward_macs(&self) -> u64 {
        self.macs
    }

    fn cells(&self) -> &'static [&'static str] {
        &["normal", "reduce"]
    }

    fn operations(&self) -> Vec<&'static str> {
        Operation::ALL.map(Operation::name).to_vec()
    }

    fn derive(&self, alphas: &[Matrix]) -> Architecture {
        let genotype = genotype(alphas);
        let edges = genotype.normal.edges().iter().chain(genotype.reduce.edges());
        Architecture {
            text: genotype.to_string(),
            operations: edges.map(|edge| edge.operation.name()).collect(),
            // Every node takes two operations that are not `none`, and goes into the output.
            flow: Flow::Whole,
        }
    }
}

/// The network has two matrices: of normal cells, then of reduction cells.
fn genotype(alphas: &[Matrix]) -> Genotype {
    let rows = |number| alphas.get(number).map(Matrix::to_array).unwrap_or_default();
    derive(&rows(0), &rows(1))
}
