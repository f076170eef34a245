//! The DARTS space: two matrices of fourteen edges by eight operations, for normal and reduction
//! cells; each node keeps its two best edges, `none` excluded.

use std::sync::Arc;

use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_space::Architecture;
use tamis_space::darts::{INPUTS, NODES, Operation, SuperShape};
use tamis_space::darts::{derive_weighed, supernet, supernet_parts};
use tamis_training::rules::{Rule, refuse_first};

use super::costs::Cells;
use super::{ChoiceSet, NodeEdges, OptionCosts, Quick, SearchSpace, SpaceEntry, Stage};
use crate::config::{Recipe, SpaceConfig};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "darts",
    summary: "normal and reduction cells of fourteen edges and eight operations",
    has_tables: false,
    side_px: 32,
    partial_channels: true,
    cells: "cells",
    defaults,
    quick: Quick::SEARCH,
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
        supernet_parts(&shape)?;
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

    fn supernet(&self, stage: &Stage) -> Result<Graph, Error> {
        Ok(supernet(&self.shape(stage))?)
    }

    fn costs(&self, stage: &Stage) -> Result<OptionCosts, Error> {
        let parts = supernet_parts(&self.shape(stage))?;
        let mut costs = Cells::new(&self.choices);
        costs.add(&parts.around, 0, &self.choices[0]);
        for (plan, edges) in &parts.edges {
            let number = usize::from(plan.reduction);
            costs.add(edges, number, &self.choices[number]);
        }
        Ok(OptionCosts::of_cells(costs))
    }

    fn derive(&self, preferences: &[Matrix]) -> Architecture {
        // The network has two matrices: of normal cells, then of reduction cells.
        let rows = |number| preferences.get(number).map(Matrix::to_array).unwrap_or_default();
        Architecture::Darts(derive_weighed(&rows(0), &rows(1)))
    }
}

/// The edges and operations of one kind of cell.
fn choice_set(name: &'static str) -> ChoiceSet {
    let none = Operation::None.index();
    ChoiceSet {
        name,
        options: Operation::ALL.map(|of| of.name().to_owned()).to_vec(),
        nodes: NodeEdges::from_all_before(INPUTS..NODES, |_| 2),
        derived: (0..Operation::ALL.len()).filter(|&option| option != none).collect(),
        rows: Vec::new(),
        nested: false,
    }
}

#[cfg(test)]
mod tests {
    use tamis_space::darts::count_supernet;

    use super::*;
    use crate::space::build_space;

    #[test]
    fn the_options_together_with_what_always_runs_cost_what_the_supernet_costs() {
        for partial in [1, 4] {
            let config = SpaceConfig { channels: 16, cells: 8, partial, ..defaults(Recipe::Darts) };
            let image = ImageShape { channels: 3, height: 32, width: 32 };
            let space = build_space(&config, image, 10).unwrap();
            let costs = space.costs(&space.first_stage()).unwrap();
            let shape = SuperShape { partial, ..SuperShape::paper(10, [3, 32, 32]) };
            assert_eq!(costs.all(), count_supernet(&shape).unwrap().macs);
            let nothing = vec![vec![false; 14 * 8]; 2];
            let skips = vec![(0..14 * 8).map(|at| at % 8 == 3).collect::<Vec<bool>>(); 2];
            // A skip of a reduction cell halves by convolution.
            assert!(costs.of(&nothing) < costs.of(&skips) && costs.of(&skips) < costs.all());
        }
    }
}
