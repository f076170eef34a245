//! The space of TAS: the width of every convolution and the depth of every stage of a residual network.

use std::sync::Arc;

use tamis_graph::Graph;
use tamis_space::Architecture;
use tamis_space::tas::{MATRICES, SuperShape, supernet};
use tamis_training::rules::{Rule, refuse_first};

use super::{ChoiceSet, NodeEdges, OptionCosts, Quick, Row, SearchSpace, SpaceEntry, Stage};
use crate::config::{Recipe, SpaceConfig};
use crate::cost::ExpectedCost;
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "tas",
    summary: "widths and depths of a residual network, pruned from ResNet-20 to ResNet-110",
    has_tables: false,
    side_px: 32,
    partial_channels: false,
    cells: "blocks a stage",
    defaults,
    quick: Quick::SEARCH,
    build: |config, image, classes| {
        let image = [image.channels, image.height, image.width];
        let (channels, blocks) = (config.channels, config.cells);
        let shape = SuperShape { channels, blocks, classes, image };
        supernet(&shape)?;
        let space = Tas { shape, choices: choice_sets(&shape) };
        space.shape(&Stage { partial: config.partial, ..space.first_stage() })?;
        Ok(Arc::new(space))
    },
};

/// ResNet-20, the smallest of the paper's; `demo` half as wide, with two blocks a stage.
fn defaults(recipe: Recipe) -> SpaceConfig {
    let (channels, cells) = match recipe {
        Recipe::Darts | Recipe::Autodl | Recipe::Quick => (16, 3),
        Recipe::Demo => (8, 2),
    };
    SpaceConfig { channels, cells, ..SpaceConfig::default() }
}

struct Tas {
    shape: SuperShape,
    choices: [ChoiceSet; 2],
}

impl Tas {
    fn shape(&self, stage: &Stage) -> Result<SuperShape, Error> {
        refuse_first([Rule::new(
            "space.partial",
            stage.partial as f64,
            stage.partial == 1,
            "1 on tas: its blocks mix all channels",
        )])?;
        Ok(SuperShape { channels: stage.channels, blocks: stage.cells, ..self.shape })
    }

    fn zeros(&self) -> Vec<Matrix> {
        self.choices.iter().map(|set| Matrix::zeros(set.shape())).collect()
    }
}

impl SearchSpace for Tas {
    fn choices(&self) -> &[ChoiceSet] {
        &self.choices
    }

    fn first_stage(&self) -> Stage {
        Stage { number: 0, channels: self.shape.channels, cells: self.shape.blocks, partial: 1 }
    }

    fn supernet(&self, stage: &Stage) -> Result<Graph, Error> {
        Ok(supernet(&self.shape(stage)?)?)
    }

    fn costs(&self, stage: &Stage) -> Result<OptionCosts, Error> {
        Ok(OptionCosts::described(supernet(&self.shape(stage)?)?, &self.choices))
    }

    fn expected_macs(&self, shares: &[Matrix]) -> Option<ExpectedCost> {
        let [widths, depths] = [0, 1].map(|matrix| rows(shares.get(matrix)));
        let found = self.shape.expected_macs([&widths, &depths]);
        let gradient = found.slopes.map(|rows| {
            let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
            let values = rows.concat();
            Matrix::from_fn(shape, |index| values[index])
        });
        Some(ExpectedCost { value: found.value, gradient: gradient.to_vec() })
    }

    fn derive(&self, preferences: &[Matrix]) -> Architecture {
        let [widths, depths] = [0, 1].map(|matrix| rows(preferences.get(matrix)));
        let found = self.shape.derive([&widths, &depths]);
        // Without preferences there is nothing to prefer.
        found.map_or_else(|_| self.derive(&self.zeros()), Architecture::Tas)
    }
}

fn rows(matrix: Option<&Matrix>) -> Vec<Vec<f64>> {
    matrix.map(|of| of.rows().map(<[f64]>::to_vec).collect()).unwrap_or_default()
}

/// Of widths and depths.
fn choice_sets(shape: &SuperShape) -> [ChoiceSet; 2] {
    let [widths, depths] = shape.choices();
    let set = |name, what: &str, [decisions, options]: [usize; 2], nested| ChoiceSet {
        name,
        derived: (0..options).collect(),
        options: (1..=options).map(|number| format!("{what} {number}")).collect(),
        nodes: (0..decisions).map(|row| NodeEdges { edges: row..row + 1, keeps: 1 }).collect(),
        rows: Vec::new(),
        nested,
    };
    let own = |row: usize| Row { options: shape.widths(row).len(), keeps: 1 };
    let rows = (0..shape.convolutions()).map(own).collect();
    let [width_name, depth_name] = MATRICES;
    let of_widths = set(width_name, "width", widths, false);
    [ChoiceSet { rows, ..of_widths }, set(depth_name, "depth", depths, true)]
}

#[cfg(test)]
mod tests {
    use tamis_data::ImageShape;

    use super::*;
    use crate::space::build_space;
    use crate::space::tests::assert_matrices_are_those_of_the_supernet;

    const IMAGE: ImageShape = ImageShape { channels: 3, height: 16, width: 16 };

    fn space(channels: usize, cells: usize) -> Arc<dyn SearchSpace> {
        let config =
            SpaceConfig { name: "tas".to_owned(), channels, cells, ..SpaceConfig::default() };
        build_space(&config, IMAGE, 10).unwrap()
    }

    fn one_hot(space: &dyn SearchSpace, option: impl Fn(usize, usize) -> usize) -> Vec<Matrix> {
        let sets = space.choices().iter().enumerate();
        let matrix = |(matrix, set): (usize, &ChoiceSet)| {
            let options = set.options.len();
            Matrix::from_fn(set.shape(), |index| {
                let row = index / options;
                let chosen = option(matrix, row) % set.row(row).options;
                f64::from(u8::from(chosen == index % options))
            })
        };
        sets.map(matrix).collect()
    }

    #[test]
    fn matrices_are_those_of_the_supernet_whatever_its_depth() {
        for blocks in [2, 3, 5, 18] {
            assert_matrices_are_those_of_the_supernet(space(4, blocks).as_ref());
        }
        let space = space(4, 2);
        let widths = &space.choices()[0];
        assert_eq!([0, 5, 9].map(|row| widths.row(row).options), [4, 7, 8], "of 4, 8 and 16");
        assert!(!widths.nested && space.choices()[1].nested);
    }

    #[test]
    fn what_is_derived_costs_what_is_expected_of_its_shares() {
        let space = space(4, 3);
        for turn in 0..4 {
            let shares = one_hot(space.as_ref(), |matrix, row| matrix + row + turn);
            let Architecture::Tas(found) = space.derive(&shares) else { panic!("another space") };
            let macs = found.network([3, 16, 16], 10).unwrap().counts().macs;
            let expected = space.expected_macs(&shares).unwrap();
            assert_eq!(expected.value, macs as f64, "{found}");
            assert_eq!(expected.gradient[0].shape(), shares[0].shape());
        }
    }

    #[test]
    fn a_width_costs_its_channels_and_a_depth_the_blocks_up_to_it() {
        let space = space(4, 3);
        let costs = space.costs(&space.first_stage()).unwrap();
        let runs = |widths: &[usize], depth: usize| -> u64 {
            let sets = space.choices();
            let of_widths = (0..sets[0].shape()[0] * sets[0].options.len())
                .map(|at| widths.contains(&(at % sets[0].options.len())));
            let of_depths = (0..sets[1].shape()[0] * sets[1].options.len())
                .map(|at| at % sets[1].options.len() == depth);
            costs.of(&[of_widths.collect(), of_depths.collect()])
        };
        // Of the first stage, 16 by 16 pixels: stem and blocks by their width, the reads being four wide.
        let pixels = [16 * 16_u64, 8 * 8, 4 * 4];
        let channels = [4_u64, 8, 16];
        // The third candidate: 3 of 4, 4 of 8, 8 of 16.
        let narrow = [3_u64, 4, 8];
        let mut expected = 9 * pixels[0] * 3 * narrow[0];
        for stage in 0..3 {
            let before = channels[stage.max(1) - 1];
            expected += 9 * pixels[stage] * narrow[stage] * (before + channels[stage]);
            if stage > 0 {
                expected += pixels[stage] * narrow[stage] * before;
            }
        }
        assert_eq!(runs(&[2], 0), expected + 17 * 10);
        let block: u64 =
            (0..3).map(|stage| 18 * pixels[stage] * narrow[stage] * channels[stage]).sum();
        assert_eq!(runs(&[2], 1), expected + 17 * 10 + block);
        assert!(runs(&[1, 2], 2) < costs.all());
    }

    #[test]
    fn partial_channels_are_refused() {
        let config = SpaceConfig { partial: 4, cells: 3, ..defaults(Recipe::Darts) };
        let config = SpaceConfig { name: "tas".to_owned(), ..config };
        let told = build_space(&config, IMAGE, 10).err().unwrap().to_string();
        assert!(told.contains("space.partial = 4"), "{told}");
    }
}
