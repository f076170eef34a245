//! Search spaces as a search sees them: a supernet, a cost, a rule from alphas to architecture.
//!
//! To add one: write its file and name it in [`SPACES`].

mod darts;
mod nas_bench_201;

use tamis_data::ImageShape;
use tamis_nn::{Device, Network};

use crate::config::{Recipe, SpaceConfig};
use crate::error::Error;
use crate::matrix::Matrix;

/// A search space with a supernet of a given size.
pub trait SearchSpace: Send + Sync {
    /// The supernet.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if it cannot be built for these images.
    fn network(&self, device: Device) -> Result<Network, Error>;

    /// Nominal multiply-adds of one sample's forward pass through the supernet.
    fn forward_macs(&self) -> u64;

    /// Names of the kinds of cell that have parameters of their own, in the order of the matrices.
    fn cells(&self) -> &'static [&'static str];

    /// Names of the operations, in the order of the matrices' columns.
    fn operations(&self) -> Vec<&'static str>;

    /// The architecture that these parameters stand for.
    fn derive(&self, alphas: &[Matrix]) -> Architecture;
}

/// What architecture parameters stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Its text form.
    pub text: String,
    /// Names of its operations, one per kept edge.
    pub operations: Vec<&'static str>,
    /// What of it works.
    pub flow: Flow,
}

/// What of an architecture works: where anything flows from the input to the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// All of it.
    Whole,
    /// A part: some nodes get nothing, or lead nowhere.
    Part {
        /// Those nodes, by their numbers in the cell.
        dead_nodes: Vec<usize>,
        /// The text of the architecture without what is dead: the same network.
        left: String,
    },
    /// Nothing: no path leads to the output.
    Cut,
}

/// A space in the list.
pub struct SpaceEntry {
    /// Its name in the settings.
    pub name: &'static str,
    /// One sentence for help texts.
    pub summary: &'static str,
    /// Its settings under a recipe, where nobody says otherwise.
    pub(crate) defaults: fn(Recipe) -> SpaceConfig,
    build: Build,
}

/// From settings, the shape of the images and the number of classes to a space.
type Build = fn(&SpaceConfig, ImageShape, usize) -> Result<Box<dyn SearchSpace>, Error>;

/// All spaces.
pub const SPACES: &[SpaceEntry] = &[nas_bench_201::ENTRY, darts::ENTRY];

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

/// Spaces that are planned, by the names that they will have.
const PLANNED_SPACES: &[&str] = &[
    "darts:s1",
    "darts:s2",
    "darts:s3",
    "darts:s4",
    "darts:s5",
    "nas-bench-1shot1",
    "nas-bench-1shot1:1",
    "nas-bench-1shot1:2",
    "nas-bench-1shot1:3",
    "mobilenet",
    "tas",
];

/// The space that the settings name, for images of this shape and so many classes.
///
/// # Errors
///
/// [`Error::Planned`] or [`Error::UnknownName`] if there is no such space, [`Error::Setting`] if its
/// supernet cannot be of the size that the settings say.
pub fn build_space(
    config: &SpaceConfig,
    image: ImageShape,
    classes: usize,
) -> Result<Box<dyn SearchSpace>, Error> {
    (find_space(&config.name)?.build)(config, image, classes)
}
