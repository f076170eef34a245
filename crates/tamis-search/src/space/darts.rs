//! The DARTS space: two matrices of fourteen edges by eight operations, for normal and reduction
//! cells; each node keeps its two best edges, `none` excluded.

use std::sync::Arc;

use tamis_data::ImageShape;
use tamis_nn::{Device, Network, darts_supernet};
use tamis_space::Architecture;
use tamis_space::darts::{INPUTS, NODES, Operation, SuperShape, derive_weighed, supernet};

use super::{ChoiceSet, NodeEdges, OptionCosts, SearchSpace, SpaceEntry, Stage};
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
            partial: config.partial,
            classes,
            image_channels,
            image_height: height,
            image_width: width,
        };
        supernet(&shape)?;
        Ok(Arc::new(Darts { shape, choices: ["normal", "reduce"].map(choice_set) }))
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
    choices: [ChoiceSet; 2],
}

impl Darts {
    fn shape(&self, stage: &Stage) -> SuperShape {
        SuperShape {
            channels: stage.channels,
            cells: stage.cells,
            partial: stage.partial,
            ..self.shape
        }
    }
}

impl SearchSpace for Darts {
    fn choices(&self) -> &[ChoiceSet] {
        &self.choices
    }

    fn first_stage(&self) -> Stage {
        let SuperShape { channels, cells, partial, .. } = self.shape;
        Stage { number: 0, channels, cells, partial }
    }

    fn network(&self, stage: &Stage, device: Device) -> Result<Network, Error> {
        Ok(darts_supernet(&self.shape(stage), device)?)
    }

    fn costs(&self, stage: &Stage) -> Result<OptionCosts, Error> {
        let shape = self.shape(stage);
        let reductions: Vec<bool> = shape.cells().iter().map(|plan| plan.reduction).collect();
        let set = |path: &str| {
            let cell =
                path.strip_prefix("cells.").and_then(|rest| rest.split('.').next()?.parse().ok());
            usize::from(cell.is_some_and(|number: usize| reductions[number]))
        };
        Ok(OptionCosts::of_graph(&supernet(&shape)?, &self.choices, set))
    }

    fn derive(&self, preferences: &[Matrix]) -> Architecture {
        // The network has two matrices: of normal cells, then of reduction cells.
        let rows = |number| preferences.get(number).map(Matrix::to_array).unwrap_or_default();
        Architecture::Darts(derive_weighed(&rows(0), &rows(1)))
    }
}

/// The edges and operations of one kind of cell.
fn choice_set(name: &'static str) -> ChoiceSet {
    let mut nodes: Vec<NodeEdges> = Vec::new();
    for node in INPUTS..NODES {
        let first = nodes.last().map_or(0, |before| before.edges.end);
        nodes.push(NodeEdges { edges: first..first + node, keeps: 2 });
    }
    let none = Operation::None.index();
    ChoiceSet {
        name,
        options: Operation::ALL.map(Operation::name).to_vec(),
        nodes,
        derived: (0..Operation::ALL.len()).filter(|&option| option != none).collect(),
    }
}
