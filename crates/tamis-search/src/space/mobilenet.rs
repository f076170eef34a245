//! ProxylessNAS's space of inverted residuals: kernel and expansion of every block, and which blocks there
//! are.

use std::sync::Arc;

use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_space::Architecture;
use tamis_space::mobilenet::{BlockKind, OPTIONS, SuperShape, Unit, supernet};
use tamis_training::rules::{Rule, refuse_first};

use super::{ChoiceSet, NodeEdges, OptionCosts, Quick, Row, SearchSpace, SpaceEntry, Stage};
use crate::config::{Recipe, SpaceConfig};
use crate::cost::{ExpectedCost, LinearCost, Part};
use crate::error::Error;
use crate::matrix::Matrix;

pub(super) const ENTRY: SpaceEntry = SpaceEntry {
    name: "mobilenet",
    summary: "inverted residuals: kernel and expansion of every block, and which there are",
    has_tables: false,
    side_px: 224,
    partial_channels: false,
    cells: "blocks a stage",
    defaults,
    quick: Quick::SEARCH,
    build,
};

/// Half of the authors' width and depth; they search with 32 channels and 4 blocks a stage.
fn defaults(recipe: Recipe) -> SpaceConfig {
    let (channels, cells) = match recipe {
        Recipe::Darts | Recipe::Autodl | Recipe::Quick => (16, 2),
        Recipe::Demo => (8, 1),
    };
    SpaceConfig { channels, cells, ..SpaceConfig::default() }
}

fn build(
    config: &SpaceConfig,
    image: ImageShape,
    classes: usize,
) -> Result<Arc<dyn SearchSpace>, Error> {
    let block_kind = BlockKind::named(&config.activation, config.squeeze_excitation);
    let block_kind = block_kind.ok_or_else(|| tamis_training::Error::Setting {
        key: "space.activation",
        found: config.activation.clone(),
        expected: "relu6 or h-swish",
    })?;
    let image = [image.channels, image.height, image.width];
    let (channels, cells) = (config.channels, config.cells);
    let shape = SuperShape { block_kind, channels, cells, classes, image };
    supernet(&shape)?;
    let choices = [choice_set(&shape)];
    let macs = LinearCost::macs(&choices.each_ref().map(ChoiceSet::shape), &parts(&shape)?)?;
    let space = MobileNet { shape, choices, macs };
    space.shape(&Stage { partial: config.partial, ..space.first_stage() })?;
    Ok(Arc::new(space))
}

struct MobileNet {
    shape: SuperShape,
    choices: [ChoiceSet; 1],
    macs: LinearCost,
}

impl MobileNet {
    fn shape(&self, stage: &Stage) -> Result<SuperShape, Error> {
        refuse_first([Rule::new(
            "space.partial",
            stage.partial as f64,
            stage.partial == 1,
            "1 on mobilenet: its blocks see all channels",
        )])?;
        Ok(SuperShape { channels: stage.channels, cells: stage.cells, ..self.shape })
    }
}

impl SearchSpace for MobileNet {
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
        Ok(OptionCosts::described(supernet(&self.shape(stage)?)?, &self.choices))
    }

    fn expected_macs(&self, shares: &[Matrix]) -> Option<ExpectedCost> {
        Some(self.macs.expected(shares))
    }

    fn parts(&self) -> Result<Vec<Part>, Error> {
        parts(&self.shape)
    }

    fn derive(&self, preferences: &[Matrix]) -> Architecture {
        let rows = preferences.first().map(|of| of.rows().map(<[f64]>::to_vec).collect());
        let rows: Vec<Vec<f64>> = rows.unwrap_or_default();
        Architecture::MobileNet(self.shape.derive(&rows))
    }
}

fn choice_set(shape: &SuperShape) -> ChoiceSet {
    let places = shape.places();
    let row = |place| Row { options: SuperShape::options(place), keeps: 1 };
    ChoiceSet {
        name: "blocks",
        options: OPTIONS.map(|option| option.to_string()).to_vec(),
        nodes: (0..places.len()).map(|at| NodeEdges { edges: at..at + 1, keeps: 1 }).collect(),
        derived: (0..OPTIONS.len()).collect(),
        rows: places.iter().map(row).collect(),
        nested: false,
    }
}

/// The parts of its networks.
fn parts(shape: &SuperShape) -> Result<Vec<Part>, Error> {
    let part = |unit: &Unit, option: Option<[usize; 3]>| -> Result<Part, Error> {
        Ok(Part { name: unit.to_string(), network: unit.network()?, option })
    };
    let (fixed, places) = shape.units();
    let mut parts: Vec<Part> =
        fixed.iter().map(|unit| part(unit, None)).collect::<Result<_, Error>>()?;
    for (row, units) in places.iter().enumerate() {
        for (option, unit) in units.iter().enumerate() {
            parts.push(part(unit, Some([0, row, option]))?);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::build_space;

    fn space() -> Arc<dyn SearchSpace> {
        let config = SpaceConfig { name: ENTRY.name.to_owned(), ..defaults(Recipe::Quick) };
        build_space(&config, ImageShape { channels: 3, height: 32, width: 32 }, 10).unwrap()
    }

    #[test]
    fn the_expected_cost_of_one_architecture_is_that_of_its_network() {
        let space = space();
        let [set] = space.choices() else { panic!("one set") };
        for turn in 0..9 {
            let chosen = |row: usize| (row * 5 + turn) % set.row(row).options;
            let columns = set.options.len();
            let shares = Matrix::from_fn(set.shape(), |index| {
                f64::from(u8::from(chosen(index / columns) == index % columns))
            });
            let expected = space.expected_macs(std::slice::from_ref(&shares)).unwrap();
            let found = space.derive(&[shares]);
            let [channels, cells] = found.usual_size();
            let size = tamis_space::NetworkShape {
                channels,
                cells,
                stem: tamis_space::darts::Stem::Cifar,
                auxiliary: false,
                image: [3, 32, 32],
                classes: 10,
            };
            let counts = found.network(&size).unwrap().counts();
            assert_eq!(expected.value, counts.macs as f64, "{found}");
        }
    }

    #[test]
    fn an_activation_that_no_block_has_is_refused_by_its_setting() {
        let config = SpaceConfig {
            name: ENTRY.name.to_owned(),
            activation: "swish".to_owned(),
            ..defaults(Recipe::Quick)
        };
        let image = ImageShape { channels: 3, height: 32, width: 32 };
        let told = build_space(&config, image, 10).err().unwrap().to_string();
        assert!(told.contains("space.activation = swish") && told.contains("h-swish"), "{told}");
    }
}
