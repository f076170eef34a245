//! The supernet of the DARTS space: stem, cells that read the two cells before them, global
//! average pool, linear classifier.
//!
//! Two mixing matrices `[14, 8]`, one for normal and one for reduction cells, shared by all cells
//! of their kind. Batch norms in cells have no parameters.

mod cell;
mod operations;

use burn::tensor::Tensor;
use tamis_graph::checks;
use tamis_space::darts::{EDGES, Operation, SuperShape};

use crate::device::Device;
use crate::error::Error;
use crate::layers::{Builder, ConvNorm, Forward, Linear, global_average};
use crate::network::{Network, Signature};
use crate::pass::Body;
use cell::{OUTPUTS, SearchCell};

const NAME: &str = "a DARTS supernet";

/// The stem has three times the channels of the first cells.
const STEM_MULTIPLIER: usize = 3;

/// The supernet: every operation on every edge. Where not all channels go through the operations (PC-DARTS,
/// Xu et al., ICLR 2020), the shares of an edge come multiplied with its edge weight: what goes around the
/// operations is multiplied with their sum.
///
/// # Errors
///
/// [`Error::Description`] when the shape cannot be built.
pub fn supernet(shape: &SuperShape, device: Device) -> Result<Network, Error> {
    check(shape)?;
    let mut builder = Builder::default();
    let channels = STEM_MULTIPLIER * shape.channels;
    let stem = builder.conv_norm("stem", [channels, shape.image_channels, 3, 3], 1);
    let plans = shape.cells();
    let cells: Vec<SearchCell> = plans
        .iter()
        .enumerate()
        .map(|(number, plan)| SearchCell::new(&mut builder, number, plan, shape.partial))
        .collect();
    let features = plans.last().map_or(channels, |plan| OUTPUTS * plan.channels);
    let classifier = builder.linear("classifier", features, shape.classes);
    checks::parameters(NAME, &builder.layout, "space.channels or space.cells")?;
    let signature = Signature {
        image: [shape.image_channels, shape.image_height, shape.image_width],
        classes: shape.classes,
        choices: vec![[EDGES.len(), Operation::ALL.len()]; 2],
    };
    Ok(Network::new(builder, signature, Box::new(Supernet { stem, cells, classifier }), device))
}

fn check(shape: &SuperShape) -> Result<(), Error> {
    // Two reductions, each of which needs even sides.
    checks::image_sides(NAME, [shape.image_height, shape.image_width], 4)?;
    checks::even_channels(NAME, "space.channels", shape.channels)?;
    checks::divides(NAME, ("space.partial", shape.partial), ("space.channels", shape.channels))?;
    checks::deep(NAME, "space.cells", shape.cells)?;
    let sizes = [("classes", shape.classes), ("image channels", shape.image_channels)];
    Ok(checks::at_least_one(NAME, &sizes)?)
}

struct Supernet {
    stem: ConvNorm,
    cells: Vec<SearchCell>,
    classifier: Linear,
}

impl Body for Supernet {
    fn forward(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2> {
        let stem = self.stem.forward(images, pass);
        let mut states = [stem.clone(), stem];
        for cell in &self.cells {
            let [before, last] = states;
            states = [last.clone(), cell.forward([before, last], pass)];
        }
        let [_, last] = states;
        self.classifier.forward(global_average(last), pass)
    }
}
