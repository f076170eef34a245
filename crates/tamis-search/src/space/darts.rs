//! The DARTS space: two matrices of fourteen edges by eight operations, for normal and reduction
//! cells; each node keeps its two best edges, `none` excluded.

use tamis_data::ImageShape;
use tamis_nn::{Device, Network, darts_supernet};
use tamis_space::darts::{Genotype, Operation, SuperShape, count_supernet, derive};

use super::{SearchSpace, SpaceEntry};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "darts",
    summary: "normal and reduction cells of fourteen edges and eight operations",
    build: |config, image, classes| {
        let ImageShape { channels: image_channels, height, width } = image;
        Box::new(Darts {
            shape: SuperShape {
                channels: config.channels,
                cells: config.cells,
                classes,
                image_channels,
                image_height: height,
                image_width: width,
            },
        })
    },
};

struct Darts {
    shape: SuperShape,
}

impl SearchSpace for Darts {
    fn network(&self, device: Device) -> Result<Network, Error> {
        Ok(darts_supernet(&self.shape, device)?)
    }

    fn forward_macs(&self) -> u64 {
        count_supernet(&self.shape).macs
    }

    fn operations(&self) -> Vec<&'static str> {
        Operation::ALL.map(Operation::name).to_vec()
    }

    fn derive(&self, alphas: &[Matrix]) -> String {
        genotype(alphas).to_string()
    }

    fn derived_operations(&self, alphas: &[Matrix]) -> Vec<&'static str> {
        let Genotype { normal, reduce } = genotype(alphas);
        let edges = normal.edges().iter().chain(reduce.edges());
        edges.map(|edge| edge.operation.name()).collect()
    }
}

/// The network has two matrices: of normal cells, then of reduction cells.
fn genotype(alphas: &[Matrix]) -> Genotype {
    let rows = |number| alphas.get(number).map(Matrix::to_array).unwrap_or_default();
    derive(&rows(0), &rows(1))
}
