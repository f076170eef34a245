//! Search spaces as a search sees them: a supernet, a cost, a rule from alphas to architecture.
//!
//! To add one: write its file and name it in [`SPACES`].

mod choice_set;
mod costs;
mod darts;
mod mobilenet;
mod nas_bench_1shot1;
mod nas_bench_201;
mod tas;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_nn::{Device, Network};
use tamis_space::Architecture;

use crate::config::{Recipe, SpaceConfig};
use crate::cost::{ExpectedCost, Part};
use crate::error::Error;
use crate::matrix::Matrix;

pub use choice_set::{ChoiceSet, NodeEdges, Row};
pub use costs::OptionCosts;

/// Which supernet of a space: most hosts have one, some grow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Names its initial weights; 0 is the first.
    pub number: u32,
    /// Channels of the first stage or cell.
    pub channels: usize,
    /// Cells, as in the settings.
    pub cells: usize,
    /// Mixed operations see one in so many channels, the others pass by; 1 is all.
    pub partial: usize,
}

/// A search space with a supernet of a given size.
pub trait SearchSpace: Send + Sync {
    /// What is chosen between, a set for each mixing matrix.
    fn choices(&self) -> &[ChoiceSet];

    /// The supernet of the settings.
    fn first_stage(&self) -> Stage;

    /// A supernet, whose matrices of mixing weights are the choice sets'.
    ///
    /// # Errors
    ///
    /// [`Error::Space`] if it cannot be built for these images, [`tamis_training::Error::Setting`] if
    /// the space has none such.
    fn supernet(&self, stage: &Stage) -> Result<Graph, Error>;

    /// A supernet on a device.
    ///
    /// # Errors
    ///
    /// As [`SearchSpace::supernet`].
    fn network(&self, stage: &Stage, device: Device) -> Result<Network, Error> {
        let choices = self.choices().iter().map(ChoiceSet::shape).collect();
        Ok(Network::new(self.supernet(stage)?, choices, device)?)
    }

    /// Nominal multiply-adds of one sample's forward pass through a supernet, option by option.
    ///
    /// # Errors
    ///
    /// As [`SearchSpace::supernet`].
    fn costs(&self, stage: &Stage) -> Result<OptionCosts, Error>;

    /// Expected multiply-adds of an image in the network of an architecture drawn by these shares, a matrix a
    /// choice set, at the supernet's size; `None` where that is no function of the shares.
    fn expected_macs(&self, _shares: &[Matrix]) -> Option<ExpectedCost> {
        None
    }

    /// The parts whose costs add up to that of a network, at the supernet's size; none where they do not.
    ///
    /// # Errors
    ///
    /// As [`SearchSpace::supernet`].
    fn parts(&self) -> Result<Vec<Part>, Error> {
        Ok(Vec::new())
    }

    /// The architecture of these preferences, a matrix a choice set: logarithms of what each option weighs,
    /// compared inside an edge and, where a node keeps some of its edges, between them.
    fn derive(&self, preferences: &[Matrix]) -> Architecture;
}

/// A space in the list.
pub struct SpaceEntry {
    /// Its name in the settings.
    pub name: &'static str,
    /// One sentence for help texts.
    pub summary: &'static str,
    /// Whether tables of its trained architectures can be read.
    pub has_tables: bool,
    /// The side, in pixels, of the largest images that it is made for.
    pub(crate) side_px: usize,
    /// Whether operations can see a part of the channels, as PC-DARTS has them.
    pub partial_channels: bool,
    /// What `space.cells` counts.
    pub cells: &'static str,
    /// Its settings under a recipe, where nobody says otherwise.
    pub(crate) defaults: fn(Recipe) -> SpaceConfig,
    /// How the recipe `quick` searches on it.
    pub(crate) quick: Quick,
    build: Build,
}

/// How the recipe `quick` searches on a space, as far as not every space is searched alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quick {
    pub(crate) policy: &'static str,
    pub(crate) epochs: u32,
    /// Share of the epochs, the first, that train weights alone.
    pub(crate) weights_alone: f64,
    /// `alpha.lr`, by as many steps as all images would give.
    pub(crate) alpha_lr: f64,
    /// What decides after the search, `race:neighbours`, say.
    pub(crate) finish: Option<&'static str>,
}

impl Quick {
    /// A supernet that proposes and decides, by a tenth of the images an epoch.
    pub(crate) const SEARCH: Quick = Quick {
        policy: "random-epoch:0.098",
        epochs: 40,
        weights_alone: 0.0,
        alpha_lr: 1e-4,
        finish: None,
    };
}

/// From settings, the shape of the images and the number of classes to a space.
type Build = fn(&SpaceConfig, ImageShape, usize) -> Result<Arc<dyn SearchSpace>, Error>;

/// All spaces.
pub const SPACES: &[SpaceEntry] = &[
    nas_bench_201::ENTRY,
    darts::ENTRY,
    nas_bench_1shot1::ONE,
    nas_bench_1shot1::TWO,
    nas_bench_1shot1::THREE,
    mobilenet::ENTRY,
    tas::ENTRY,
];

/// The space of this name.
///
/// # Errors
///
/// [`Error::Planned`] if it is not here yet, [`Error::UnknownName`] if there is none.
pub(crate) fn find_space(name: &str) -> Result<&'static SpaceEntry, Error> {
    let found = SPACES.iter().find(|entry| entry.name == name);
    found.ok_or_else(|| {
        let names = SPACES.iter().map(|entry| entry.name);
        Error::unknown_name("space", name, names, PLANNED_SPACES)
    })
}

/// Whether tables of the trained architectures of this space can be read; false if there is no such space.
pub fn has_tables(space: &str) -> bool {
    SPACES.iter().any(|entry| entry.name == space && entry.has_tables)
}

/// What to tell of images larger than those that a space is made for: a step costs as many times more as they
/// have pixels. `None` for others, and if there is no such space.
pub fn warn_of_size(space: &str, image: ImageShape) -> Option<String> {
    let side = SPACES.iter().find(|entry| entry.name == space)?.side_px;
    let ImageShape { height, width, .. } = image;
    let times = (height * width) as f64 / (side * side) as f64;
    (height.max(width) > side && times > 1.0).then(|| {
        let times = (times * 10.0).round() / 10.0;
        format!(
            "images of {height} x {width} pixels are larger than the {side} x {side} that the space \
             `{space}` is made for: each takes {times} times the work; hint: `--set data.size={side}`"
        )
    })
}

/// Spaces that are planned, by the names that they will have.
const PLANNED_SPACES: &[&str] = &["darts:s1", "darts:s2", "darts:s3", "darts:s4", "darts:s5"];

/// The space that the settings name, for images of this shape and so many classes.
///
/// # Errors
///
/// [`Error::Planned`] or [`Error::UnknownName`] if there is no such space,
/// [`tamis_training::Error::Setting`] if its supernet cannot be of the size that the settings say.
pub fn build_space(
    config: &SpaceConfig,
    image: ImageShape,
    classes: usize,
) -> Result<Arc<dyn SearchSpace>, Error> {
    (find_space(&config.name)?.build)(config, image, classes)
}

#[cfg(test)]
pub(crate) mod tests {
    use tamis_graph::{Layer, Mix};

    use super::*;

    /// Rows and columns of a matrix that some mixed sum of a supernet reads.
    fn matrix_of(graph: &Graph, number: usize) -> [usize; 2] {
        let sums = graph.nodes().iter().filter_map(|node| match node.layer {
            Layer::Mix(Mix { matrix, decision, first }) if matrix == number => {
                Some([decision + 1, first + node.inputs.len()])
            }
            _ => None,
        });
        sums.fold([0; 2], |[rows, columns], [row, column]| [rows.max(row), columns.max(column)])
    }

    /// A space's choice sets are as large as the matrices that its supernet mixes by.
    pub(crate) fn assert_matrices_are_those_of_the_supernet(space: &dyn SearchSpace) {
        let graph = space.supernet(&space.first_stage()).unwrap();
        for (number, set) in space.choices().iter().enumerate() {
            assert_eq!(matrix_of(&graph, number), set.shape(), "matrix {number}");
        }
        assert_eq!(matrix_of(&graph, space.choices().len()), [0; 2], "one more");
    }

    #[test]
    fn images_beyond_what_a_space_is_made_for_are_warned_of_with_their_cost() {
        let of =
            |space, height, width| warn_of_size(space, ImageShape { channels: 3, height, width });
        let text = of("nas-bench-201", 224, 224).unwrap();
        assert!(text.contains("32 x 32") && text.contains("49 times the work"), "{text}");
        assert!(of("darts", 32, 48).unwrap().contains("1.5 times"));
        for (space, height, width) in [
            ("nas-bench-201", 32, 32),
            ("darts", 16, 40),
            ("mobilenet", 224, 224),
            ("none", 999, 9),
        ] {
            assert_eq!(of(space, height, width), None, "{space}");
        }
    }

    #[test]
    fn every_space_has_a_choice_set_for_each_matrix_of_its_supernet() {
        for entry in SPACES {
            let config =
                SpaceConfig { name: entry.name.to_owned(), ..(entry.defaults)(Recipe::Darts) };
            let image = ImageShape { channels: 3, height: 32, width: 32 };
            let space = build_space(&config, image, 10).unwrap();
            assert_matrices_are_those_of_the_supernet(space.as_ref());
        }
    }
}
