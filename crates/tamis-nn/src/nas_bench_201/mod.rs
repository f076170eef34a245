//! The supernet of the NAS-Bench-201 space: the benchmark's skeleton (see [`skeleton`]) of search cells.

mod cell;
mod skeleton;

use tamis_space::nas_bench_201::{EDGES, MacroShape, Operation};

use crate::device::Device;
use crate::error::Error;
use crate::layers::Builder;
use crate::network::{Network, Signature};
use cell::SearchCell;
use skeleton::Skeleton;

const NAME: &str = "a NAS-Bench-201 network";

/// The supernet: every operation on every edge, weighed by one mixing matrix `[6, 5]` that all
/// cells share. Its cells' batch norms have no parameters.
///
/// # Errors
///
/// [`Error::Description`] when the shape cannot be built.
pub fn supernet(shape: &MacroShape, device: Device) -> Result<Network, Error> {
    let mut builder = Builder::default();
    let body = Skeleton::new(&mut builder, shape, SearchCell::new)?;
    let signature = Signature {
        image: [shape.image_channels, shape.image_height, shape.image_width],
        classes: shape.classes,
        choices: vec![[EDGES.len(), Operation::ALL.len()]],
    };
    Ok(Network::new(builder, signature, Box::new(body), device))
}
