//! The networks of the DARTS space, described: that of a genotype, and the supernet.
//!
//! Stem, cells that read the two cells before them, global average pool, linear classifier; for training an
//! auxiliary classifier after the second reduction cell, on request. In the network of a genotype pools
//! have no batch norm; in the supernet each has one. Papers often count more multiply-adds (DARTS_V2 on
//! ImageNet is 530 million here and 574 million in the paper), tools that leave out the classifier's bias
//! count less by the number of classes.

mod auxiliary;
mod operation;
mod supernet;

use tamis_graph::{Builder, Convolution, Counts, Graph, NodeId, checks};

use super::{CellOperation, CellPlan, EvalShape, Genotype, INPUTS, Stem, SuperShape};
use crate::Error;
use operation::Place;
pub use supernet::{SupernetParts, count_supernet, supernet, supernet_parts};

const NAME: &str = "a network of the DARTS space";

impl Genotype {
    /// The network of this genotype, batch norm with scale and shift everywhere, paths dropped before sums
    /// as the paper does (not those of the identity). Outputs: `logits` and, if `auxiliary`, the logits
    /// `auxiliary` of a second classifier.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the shape cannot be built; [`Error::Untrainable`] if the genotype has an
    /// operation that is no layer.
    pub fn network(&self, shape: &EvalShape, auxiliary: bool) -> Result<Graph, Error> {
        let cells = [&self.normal, &self.reduce];
        let edges = cells.iter().flat_map(|cell| cell.edges());
        if edges.into_iter().any(|edge| edge.operation == CellOperation::Noise) {
            return Err(Error::Untrainable { operation: CellOperation::Noise.name() });
        }
        let kinds = cells.map(|cell| Kind {
            edges: cell
                .edges()
                .iter()
                .enumerate()
                .map(|(at, edge)| (edge.source, INPUTS + at / 2, vec![edge.operation]))
                .collect(),
            nodes: INPUTS + cell.edges().len() / 2,
            concat: cell.concat().to_vec(),
        });
        shape.check()?;
        let (mut builder, image) = Builder::new(shape.image());
        let states = stem(&mut builder, image, shape);
        let plans = shape.cells(self);
        let outputs = cells_of(&mut builder, states, &plans, &kinds);
        if auxiliary {
            let at = outputs[2 * plans.len() / 3];
            let logits = auxiliary::head(&mut builder, at, shape);
            finish_outputs(&mut builder, &outputs, shape.classes);
            builder.output("auxiliary", logits);
        } else {
            finish_outputs(&mut builder, &outputs, shape.classes);
        }
        finish(builder, "network.channels or network.cells")
    }
}

/// Parameters and multiply-adds of [`Genotype::network`].
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built; [`Error::Untrainable`] if the genotype has an operation
/// that is no layer.
pub fn count_derived(genotype: &Genotype, shape: &EvalShape) -> Result<Counts, Error> {
    Ok(genotype.network(shape, false)?.counts())
}

impl EvalShape {
    /// `[channel, height, width]` of an image.
    pub fn image(&self) -> [usize; 3] {
        [self.image_channels, self.image_height, self.image_width]
    }

    fn check(&self) -> Result<(), tamis_graph::Error> {
        checks::even_channels(NAME, "network.channels", self.channels)?;
        checks::deep(NAME, "network.cells", self.layers)?;
        let sizes = [("classes", self.classes), ("image channels", self.image_channels)];
        checks::at_least_one(NAME, &sizes)?;
        // Two reductions, and three more before them in the stem for large images, each of which needs even
        // sides.
        let divisor = if self.stem == Stem::Cifar { 4 } else { 32 };
        checks::image_sides(NAME, [self.image_height, self.image_width], divisor)
    }
}

impl SuperShape {
    /// `[channel, height, width]` of an image.
    pub fn image(&self) -> [usize; 3] {
        [self.image_channels, self.image_height, self.image_width]
    }

    fn check(&self) -> Result<(), tamis_graph::Error> {
        checks::even_channels(NAME, "space.channels", self.channels)?;
        checks::divides(NAME, ("space.partial", self.partial), ("space.channels", self.channels))?;
        checks::deep(NAME, "space.cells", self.cells)?;
        let sizes = [("classes", self.classes), ("image channels", self.image_channels)];
        checks::at_least_one(NAME, &sizes)?;
        checks::image_sides(NAME, [self.image_height, self.image_width], 4)
    }
}

/// What cells of one kind are made of.
struct Kind {
    /// Source, target and operations of each edge, by target.
    edges: Vec<(usize, usize, Vec<CellOperation>)>,
    /// Nodes, the two inputs among them.
    nodes: usize,
    /// The nodes that come out.
    concat: Vec<usize>,
}

fn stem(builder: &mut Builder, image: NodeId, shape: &EvalShape) -> [NodeId; 2] {
    match shape.stem {
        Stem::Cifar => {
            let convolution = Convolution::square(shape.stem_channels(), 3);
            [builder.conv_norm("stem", image, convolution); 2]
        }
        Stem::Imagenet => {
            let halving = |outputs: usize| Convolution::square(outputs, 3).stride(2);
            let first = builder.conv_norm("stem0.first", image, halving(shape.channels / 2));
            let second = builder.relu_conv_norm("stem0.second", first, halving(shape.channels));
            [second, builder.relu_conv_norm("stem1", second, halving(shape.channels))]
        }
    }
}

/// The cells, first to last; returns what each gives.
fn cells_of(
    builder: &mut Builder,
    mut states: [NodeId; 2],
    plans: &[CellPlan],
    kinds: &[Kind; 2],
) -> Vec<NodeId> {
    let mut outputs = Vec::with_capacity(plans.len());
    for (number, plan) in plans.iter().enumerate() {
        let path = format!("cells.{number}");
        let output = cell(builder, &path, states, plan, &kinds[usize::from(plan.reduction)]);
        states = [states[1], output];
        outputs.push(output);
    }
    outputs
}

fn cell(
    builder: &mut Builder,
    path: &str,
    states: [NodeId; 2],
    plan: &CellPlan,
    kind: &Kind,
) -> NodeId {
    let mut nodes: Vec<NodeId> = preprocessed(builder, path, states, plan, true).to_vec();
    for target in INPUTS..kind.nodes {
        let mut terms = Vec::new();
        for (edge, (source, _, operations)) in
            kind.edges.iter().enumerate().filter(|(_, edge)| edge.1 == target)
        {
            let stride = 1 + usize::from(plan.reduction && *source < INPUTS);
            for &operation in operations {
                let path = format!("{path}.edges.{edge}.{operation}");
                let (input, activated) = (nodes[*source], None);
                let place = Place { path: &path, input, activated, stride, affine: true };
                terms.push(place.operation(builder, operation));
            }
        }
        nodes.push(builder.add(terms));
    }
    builder.concatenate(kind.concat.iter().map(|&node| nodes[node]).collect())
}

/// The inputs of a cell, with its channels and of its size.
fn preprocessed(
    builder: &mut Builder,
    path: &str,
    [before, last]: [NodeId; 2],
    plan: &CellPlan,
    affine: bool,
) -> [NodeId; 2] {
    let path = |number: usize| format!("{path}.preprocess{number}");
    let halves = plan.previous_reduction;
    let before = preprocess(builder, &path(0), before, plan.channels, halves, affine);
    [before, preprocess(builder, &path(1), last, plan.channels, false, affine)]
}

/// Brings an input to the cell's channels, and to its size if it is twice as large.
fn preprocess(
    builder: &mut Builder,
    path: &str,
    input: NodeId,
    channels: usize,
    halves: bool,
    affine: bool,
) -> NodeId {
    let activated = builder.relu(input);
    let convolved = if halves {
        builder.factorized_reduction(path, activated, channels)
    } else {
        builder.convolution(&format!("{path}.conv"), activated, Convolution::square(channels, 1))
    };
    normed(builder, &format!("{path}.bn"), convolved, affine)
}

/// Batch norm: of a supernet without scale and shift, and by its batch always.
fn normed(builder: &mut Builder, path: &str, input: NodeId, affine: bool) -> NodeId {
    if affine { builder.batch_norm(path, input, true) } else { builder.normalize(input) }
}

fn finish_outputs(builder: &mut Builder, outputs: &[NodeId], classes: usize) {
    if let Some(&last) = outputs.last() {
        let features = builder.global_average(last);
        let logits = builder.linear("classifier", features, classes);
        builder.output("logits", logits);
        builder.output("features", features);
    }
}

fn finish(builder: Builder, settings: &'static str) -> Result<Graph, Error> {
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), settings)?;
    Ok(graph)
}

#[cfg(test)]
mod tests;
