//! The networks of the DARTS space, described: that of a genotype, and the supernet layer by layer.
//!
//! Stem, cells that read the two cells before them, global average pool, linear classifier; for training an
//! auxiliary classifier after the second reduction cell, on request. In the network of a genotype pools
//! have no batch norm; in the supernet each has one. Papers often count more multiply-adds (DARTS_V2 on
//! ImageNet is 530 million here and 574 million in the paper), tools that leave out the classifier's bias
//! count less by the number of classes.

mod auxiliary;
mod operation;

use tamis_graph::{Builder, Convolution, Counts, Graph, NodeId, checks};

use super::{
    CellOperation, CellPlan, EDGES, EvalShape, Genotype, INPUTS, NODES, Operation, Stem, SuperShape,
};
use crate::Error;
use operation::Place;

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
        let outputs = cells_of(&mut builder, states, &plans, &kinds, true);
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

/// The supernet layer by layer: every operation on every edge, batch norm without scale and shift inside
/// the cells, and no mixing weights. What it costs; it is run as fused cells.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built, or if not all channels go through the operations: no
/// layer takes a part of them.
pub fn supernet(shape: &SuperShape) -> Result<Graph, Error> {
    shape.check()?;
    if shape.partial != 1 {
        let (name, found) = ("space.partial", shape.partial);
        let expected = "1, since no layer takes a part of the channels";
        return Err(tamis_graph::Error::Size { network: NAME, name, found, expected }.into());
    }
    with_operations(shape, &Operation::ALL)
}

/// Parameters and multiply-adds of the supernet. What goes around the operations costs none.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn count_supernet(shape: &SuperShape) -> Result<Counts, Error> {
    shape.check()?;
    if shape.partial == 1 {
        return Ok(supernet(shape)?.counts());
    }
    let parts = supernet_parts(shape)?;
    Ok(parts.around.counts() + parts.edges.iter().map(|(_, graph)| graph.counts()).sum())
}

/// A supernet in parts, by which each of its operations can be counted.
#[derive(Clone, Debug)]
pub struct SupernetParts {
    /// The network without operations.
    pub around: Graph,
    /// Each cell, and its edges alone: `edges.EDGE.OPERATION.…`.
    pub edges: Vec<(CellPlan, Graph)>,
}

/// The supernet in parts, whatever part of the channels goes through the operations.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn supernet_parts(shape: &SuperShape) -> Result<SupernetParts, Error> {
    shape.check()?;
    let edges = shape.cell_plans().map(|plan| Ok((plan, edges_of(&plan, shape.partial)?)));
    let edges = edges.collect::<Result<_, Error>>()?;
    Ok(SupernetParts { around: with_operations(shape, &[Operation::None])?, edges })
}

/// The edges of one cell alone, on those channels of its inputs that go through the operations.
fn edges_of(plan: &CellPlan, partial: usize) -> Result<Graph, Error> {
    let [height, width] = plan.input_size;
    let (mut builder, input) = Builder::new([plan.channels / partial, height, width]);
    let inner = if plan.reduction { builder.zero(input, 2) } else { input };
    let mut results = Vec::new();
    for (edge, (source, _)) in EDGES.into_iter().enumerate() {
        let (input, stride) = match source {
            0 | 1 => (input, 1 + usize::from(plan.reduction)),
            _ => (inner, 1),
        };
        for operation in Operation::ALL {
            let path = format!("edges.{edge}.{}", operation.name());
            let place = Place { path: &path, input, stride, affine: false };
            results.push(place.operation(&mut builder, operation.into()));
        }
    }
    let sum = builder.add(results);
    builder.output("sum", sum);
    finish(builder, "space.channels or space.cells")
}

/// The supernet with these operations on every edge.
fn with_operations(shape: &SuperShape, operations: &[Operation]) -> Result<Graph, Error> {
    let all: Vec<_> = operations.iter().copied().map(CellOperation::from).collect();
    let kind = || Kind {
        edges: EDGES.map(|(source, target)| (source, target, all.clone())).to_vec(),
        nodes: NODES,
        concat: (INPUTS..NODES).collect(),
    };
    let (mut builder, image) = Builder::new(shape.image());
    let convolution = Convolution::square(shape.stem_channels(), 3);
    let stem = builder.conv_norm("stem", image, convolution);
    let plans = shape.cells();
    let outputs = cells_of(&mut builder, [stem; 2], &plans, &[kind(), kind()], false);
    finish_outputs(&mut builder, &outputs, shape.classes);
    finish(builder, "space.channels or space.cells")
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
    affine: bool,
) -> Vec<NodeId> {
    let mut outputs = Vec::with_capacity(plans.len());
    for (number, plan) in plans.iter().enumerate() {
        let path = format!("cells.{number}");
        let output =
            cell(builder, &path, states, plan, &kinds[usize::from(plan.reduction)], affine);
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
    affine: bool,
) -> NodeId {
    let halves = [plan.previous_reduction, false];
    let mut nodes: Vec<NodeId> = Vec::with_capacity(kind.nodes);
    for (number, (state, halves)) in states.into_iter().zip(halves).enumerate() {
        let path = format!("{path}.preprocess{number}");
        nodes.push(preprocess(builder, &path, state, plan.channels, halves, affine));
    }
    for target in INPUTS..kind.nodes {
        let mut terms = Vec::new();
        for (edge, (source, _, operations)) in
            kind.edges.iter().enumerate().filter(|(_, edge)| edge.1 == target)
        {
            let stride = 1 + usize::from(plan.reduction && *source < INPUTS);
            for &operation in operations {
                let path = format!("{path}.edges.{edge}.{operation}");
                let place = Place { path: &path, input: nodes[*source], stride, affine };
                terms.push(place.operation(builder, operation));
            }
        }
        nodes.push(builder.add(terms));
    }
    builder.concatenate(kind.concat.iter().map(|&node| nodes[node]).collect())
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
    builder.batch_norm(&format!("{path}.bn"), convolved, affine)
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
