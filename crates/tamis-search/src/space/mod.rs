//! Search spaces as a search sees them: a supernet, a cost, a rule from alphas to architecture.
//!
//! To add one: write its file and name it in [`SPACES`].

mod darts;
mod nas_bench_201;

use tamis_data::ImageShape;
use tamis_nn::{Device, Network};

use crate::config::SpaceConfig;
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

    /// Names of the operations, in the order of the matrices' columns.
    fn operations(&self) -> Vec<&'static str>;

    /// The architecture that these parameters stand for, as text.
    fn derive(&self, alphas: &[Matrix]) -> String;

    /// Whether anything of the input reaches the derived architecture's output.
    fn is_connected(&self, _alphas: &[Matrix]) -> bool {
        true
    }

    /// Operations of the derived architecture, one name per kept edge.
    fn derived_operations(&self, alphas: &[Matrix]) -> Vec<&'static str>;
}

/// A space in the list.
pub struct SpaceEntry {
    /// Its name in the settings.
    pub name: &'static str,
    /// One sentence for help texts.
    pub summary: &'static str,
    build: fn(&SpaceConfig, ImageShape, usize) -> Box<dyn SearchSpace>,
}

/// All spaces.
pub const SPACES: &[SpaceEntry] = &[nas_bench_201::ENTRY, darts::ENTRY];

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
/// [`Error::Planned`] if it is not here yet, [`Error::UnknownName`] if there is no such space.
pub fn build_space(
    config: &SpaceConfig,
    image: ImageShape,
    classes: usize,
) -> Result<Box<dyn SearchSpace>, Error> {
    match SPACES.iter().find(|entry| entry.name == config.name) {
        Some(entry) => Ok((entry.build)(config, image, classes)),
        None => Err(Error::unknown_name(
            "space",
            &config.name,
            SPACES.iter().map(|entry| entry.name),
            PLANNED_SPACES,
        )),
    }
}
