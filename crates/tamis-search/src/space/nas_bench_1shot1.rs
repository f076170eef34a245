//! The three spaces of NAS-Bench-1shot1: what each block does, what it reads, what the output reads; what is
//! found is a cell of NAS-Bench-101.

use std::sync::Arc;

use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_space::Architecture;
use tamis_space::nas_bench_1shot1::{MATRICES, OPERATIONS, Subspace, SuperShape, supernet};

use super::{ChoiceSet, NodeEdges, OptionCosts, Quick, Row, SearchSpace, SpaceEntry, Stage};
use crate::config::SpaceConfig;
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ONE: SpaceEntry = entry(
    "nas-bench-1shot1:1",
    "cells of NAS-Bench-101: four blocks that read 1, 2, 2 and 2 vertices",
    |config, image, classes| build(Subspace::One, config, image, classes),
);
pub(super) const TWO: SpaceEntry = entry(
    "nas-bench-1shot1:2",
    "cells of NAS-Bench-101: four blocks that read 1, 1, 2 and 2 vertices",
    |config, image, classes| build(Subspace::Two, config, image, classes),
);
pub(super) const THREE: SpaceEntry = entry(
    "nas-bench-1shot1:3",
    "cells of NAS-Bench-101: five blocks that read 1, 1, 1, 2 and 2 vertices",
    |config, image, classes| build(Subspace::Three, config, image, classes),
);

const fn entry(name: &'static str, summary: &'static str, build: super::Build) -> SpaceEntry {
    SpaceEntry {
        name,
        summary,
        has_tables: false,
        side_px: 32,
        partial_channels: true,
        cells: "cells a stage",
        // A small supernet: the benchmark searches with 16 channels and 3 cells a stage.
        defaults: |_| SpaceConfig { cells: 1, ..SpaceConfig::default() },
        quick: Quick::SEARCH,
        build,
    }
}

fn build(
    subspace: Subspace,
    config: &SpaceConfig,
    image: ImageShape,
    classes: usize,
) -> Result<Arc<dyn SearchSpace>, Error> {
    let image = [image.channels, image.height, image.width];
    let SpaceConfig { channels, cells, partial, .. } = *config;
    let shape = SuperShape { subspace, channels, cells, partial, classes, image };
    supernet(&shape)?;
    Ok(Arc::new(NasBench1Shot1 { shape, choices: choice_sets(subspace) }))
}

struct NasBench1Shot1 {
    shape: SuperShape,
    choices: Vec<ChoiceSet>,
}

impl NasBench1Shot1 {
    fn shape(&self, stage: &Stage) -> SuperShape {
        let Stage { channels, cells, partial, .. } = *stage;
        SuperShape { channels, cells, partial, ..self.shape }
    }
}

impl SearchSpace for NasBench1Shot1 {
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
        Ok(OptionCosts::described(supernet(&self.shape(stage))?, &self.choices))
    }

    fn derive(&self, preferences: &[Matrix]) -> Architecture {
        let rows = |matrix: usize| -> Vec<Vec<f64>> {
            let of = preferences.get(matrix);
            of.map(|of| of.rows().map(<[f64]>::to_vec).collect()).unwrap_or_default()
        };
        let [operations, inputs, outputs] = [rows(0), rows(1), rows(2)];
        let found = self.shape.subspace.derive([&operations, &inputs, &outputs]);
        // Without preferences there is nothing to prefer.
        found.map_or_else(|_| self.derive(&self.zeros()), Architecture::NasBench101)
    }
}

impl NasBench1Shot1 {
    fn zeros(&self) -> Vec<Matrix> {
        self.choices.iter().map(|set| Matrix::zeros(set.shape())).collect()
    }
}

/// Names of so many vertices.
fn vertices(count: usize) -> Vec<String> {
    (0..count).map(|vertex| format!("vertex {vertex}")).collect()
}

/// Of operations, inputs and outputs.
fn choice_sets(space: Subspace) -> Vec<ChoiceSet> {
    let [operations, inputs, outputs] = space.choices();
    let reads = |block: usize| Row { options: block, keeps: space.reads()[block - 1] };
    let rows = [
        Vec::new(),
        space.choosing_blocks().map(reads).collect(),
        vec![Row { options: outputs[1], keeps: space.output_reads() }],
    ];
    let options = [
        OPERATIONS.map(|operation| operation.name().to_owned()).to_vec(),
        vertices(inputs[1]),
        vertices(outputs[1]),
    ];
    let decisions = [operations[0], inputs[0], outputs[0]];
    let sets = MATRICES.into_iter().zip(decisions).zip(options.into_iter().zip(rows));
    let set = |((name, decisions), (options, rows)): ((_, usize), (Vec<_>, _))| ChoiceSet {
        name,
        derived: (0..options.len()).collect(),
        options,
        nodes: (0..decisions).map(|row| NodeEdges { edges: row..row + 1, keeps: 1 }).collect(),
        rows,
        nested: false,
    };
    sets.map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{SPACES, build_space};

    fn space(name: &str) -> Arc<dyn SearchSpace> {
        let config = SpaceConfig { name: name.to_owned(), channels: 2, ..SpaceConfig::default() };
        build_space(&config, ImageShape { channels: 3, height: 16, width: 16 }, 10).unwrap()
    }

    #[test]
    fn the_cell_of_any_preferences_is_one_of_the_space() {
        for name in SPACES.iter().map(|entry| entry.name).filter(|name| name.contains("1shot1")) {
            let space = space(name);
            let shapes: Vec<[usize; 2]> = space.choices().iter().map(ChoiceSet::shape).collect();
            let preferences: Vec<Matrix> = shapes
                .iter()
                .map(|&shape| Matrix::from_fn(shape, |at| (at as f64).sin()))
                .collect();
            let found = space.derive(&preferences);
            assert_eq!(found.space(), "nas-bench-101");
            assert_eq!(found.operations().len(), shapes[0][0]);
        }
    }

    #[test]
    fn what_runs_costs_what_its_layers_cost() {
        let space = space("nas-bench-1shot1:1");
        let costs = space.costs(&space.first_stage()).unwrap();
        let all: Vec<Vec<bool>> =
            space.choices().iter().map(|set| vec![true; set.shape().iter().product()]).collect();
        assert_eq!(costs.of(&all), costs.all());
        let mut pooled = all.clone();
        // The first block pools: neither of its convolutions runs, in any of three cells.
        (pooled[0][1], pooled[0][2]) = (false, false);
        let convolutions: u64 = [(2_u64, 16_u64), (4, 9), (8, 5)]
            .map(|(channels, side)| 10 * channels * channels * side * side)
            .iter()
            .sum();
        assert_eq!(costs.all() - costs.of(&pooled), convolutions);
        // A vertex that the output does not read runs for the vertices that read it.
        let mut unread = all;
        unread[2][1] = false;
        assert_eq!(costs.of(&unread), costs.all());
    }
}
