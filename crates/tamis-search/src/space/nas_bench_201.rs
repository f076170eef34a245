//! The topology space of NAS-Bench-201: one matrix of six edges by five operations, shared by all
//! cells; each edge keeps its largest alpha, `none` included unless the settings say otherwise.

use std::sync::Arc;

use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_space::Architecture;
use tamis_space::nas_bench_201::{MacroShape, NODES, Operation};
use tamis_space::nas_bench_201::{derive, derive_without_none, supernet};
use tamis_training::rules::{Rule, refuse_first};

use super::costs::Cells;
use super::{ChoiceSet, NodeEdges, OptionCosts, Quick, SearchSpace, SpaceEntry, Stage};
use crate::config::{Recipe, SpaceConfig};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "nas-bench-201",
    summary: "cells of six edges and five operations, with a table of trained accuracies",
    has_tables: true,
    side_px: 32,
    partial_channels: false,
    cells: "cells a stage",
    defaults,
    quick: QUICK,
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
        supernet(&shape)?;
        let derive_none = config.derive_none;
        let space = NasBench201 { shape, choices: [choice_set(derive_none)], derive_none };
        space.shape(&Stage { partial: config.partial, ..space.first_stage() })?;
        Ok(Arc::new(space))
    },
};

/// A cheap supernet proposes, and a race decides: what pays at the depth of fifteen cells alone, a skip
/// around the cell, no supernet of three sees. Its weights go ahead for a quarter of the epochs; without
/// that small kernels, which learn sooner, and pools win.
const QUICK: Quick = Quick {
    epochs: 20,
    weights_alone: 0.25,
    alpha_lr: 3e-4,
    finish: Some("race:neighbours"),
    ..Quick::SEARCH
};

/// A small supernet: 8 channels and a cell a stage, where the benchmark's networks have 16 and 5.
/// `quick` and `demo` take no `none` into the found cell.
fn defaults(recipe: Recipe) -> SpaceConfig {
    let derive_none = matches!(recipe, Recipe::Darts | Recipe::Autodl);
    SpaceConfig { derive_none, ..SpaceConfig::default() }
}

struct NasBench201 {
    shape: MacroShape,
    choices: [ChoiceSet; 1],
    derive_none: bool,
}

impl NasBench201 {
    fn shape(&self, stage: &Stage) -> Result<MacroShape, Error> {
        refuse_first([Rule::new(
            "space.partial",
            stage.partial as f64,
            stage.partial == 1,
            "1 on nas-bench-201: its cells mix all channels",
        )])?;
        Ok(MacroShape { channels: stage.channels, cells: stage.cells, ..self.shape })
    }
}

impl SearchSpace for NasBench201 {
    fn choices(&self) -> &[ChoiceSet] {
        &self.choices
    }

    fn first_stage(&self) -> Stage {
        Stage { number: 0, channels: self.shape.channels, cells: self.shape.cells, partial: 1 }
    }

    fn supernet(&self, stage: &Stage) -> Result<Graph, Error> {
        Ok(supernet(&self.shape(stage)?)?)
    }

    fn costs(&self, stage: &Stage) -> Result<OptionCosts, Error> {
        let mut costs = Cells::new(&self.choices);
        costs.add(&supernet(&self.shape(stage)?)?, 0, &self.choices[0]);
        Ok(OptionCosts::of_cells(costs))
    }

    fn derive(&self, preferences: &[Matrix]) -> Architecture {
        // The network has one matrix, for all cells.
        let rows = preferences.first().map(Matrix::to_array).unwrap_or_default();
        let genotype = if self.derive_none { derive(&rows) } else { derive_without_none(&rows) };
        Architecture::NasBench201(genotype)
    }
}

fn choice_set(derive_none: bool) -> ChoiceSet {
    let none = Operation::None.index();
    let derived = (0..Operation::ALL.len()).filter(|&option| derive_none || option != none);
    ChoiceSet {
        name: "cell",
        options: Operation::ALL.map(|of| of.name().to_owned()).to_vec(),
        nodes: NodeEdges::from_all_before(1..NODES, |node| node),
        derived: derived.collect(),
        rows: Vec::new(),
        nested: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::build_space;

    /// Operations of the architecture of alphas in which `none` leads on the first edge.
    fn derived(derive_none: bool) -> Vec<String> {
        let config = SpaceConfig { derive_none, ..SpaceConfig::default() };
        let image = ImageShape { channels: 3, height: 8, width: 8 };
        let space = build_space(&config, image, 10).unwrap();
        let leading = [0, 3, 2, 3, 1, 3];
        let alphas =
            Matrix::from_fn(
                [6, 5],
                |index| {
                    if leading[index / 5] == index % 5 { 0.5 } else { 0.1 }
                },
            );
        space.derive(&[alphas]).operations()
    }

    #[test]
    fn none_is_derived_unless_the_settings_say_otherwise() {
        assert_eq!(derived(true)[..2], ["none", "nor_conv_3x3"]);
        assert_eq!(derived(false)[..2], ["skip_connect", "nor_conv_3x3"]);
    }
}
