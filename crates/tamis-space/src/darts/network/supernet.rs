//! The supernet of the DARTS space: every operation on every edge, weighed.
//!
//! Two matrices of mixing weights `[14, 8]`, of normal and of reduction cells, which all cells of a kind
//! share. Batch norms in cells have no scale and shift and go by their batch always. Of partial channels
//! (PC-DARTS, Xu et al., ICLR 2020) only the first of every node go through the operations. The others go
//! around them, through a 2x2 maximum where the image is halved, times the sum of the edge's shares, which
//! come multiplied with its edge weight; behind the mixed ones they make the node, whose channels are then
//! shuffled.

use tamis_graph::{Builder, Cell, Convolution, Counts, Graph, Mix, NodeId, Pool};

use super::super::{CellPlan, EDGES, INPUTS, NODES, Operation, SuperShape};
use super::operation::Place;
use super::{finish, finish_outputs, preprocessed};
use crate::Error;

const SETTINGS: &str = "space.channels or space.cells";

/// The supernet.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn supernet(shape: &SuperShape) -> Result<Graph, Error> {
    describe(shape, |builder, path, inputs, plan| {
        let CellPlan { reduction, .. } = *plan;
        let (partial, matrix) = (shape.partial, usize::from(reduction));
        let cell = SearchCell { path, reduction, partial, matrix };
        let kind = (Cell::Darts { reduction, partial }, matrix);
        builder.block(kind, inputs.to_vec(), |builder| cell.describe(builder, inputs))
    })
}

/// Parameters and multiply-adds of the supernet. What goes around the operations costs none.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn count_supernet(shape: &SuperShape) -> Result<Counts, Error> {
    Ok(supernet(shape)?.counts())
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
    let around = describe(shape, |builder, _, [input, _], plan| {
        let node = builder.zero(input, 1 + usize::from(plan.reduction));
        builder.concatenate(vec![node; NODES - INPUTS])
    })?;
    let edges = shape.cell_plans().map(|plan| Ok((plan, edges_of(&plan, shape.partial)?)));
    Ok(SupernetParts { around, edges: edges.collect::<Result<_, Error>>()? })
}

/// Stem, preprocessed inputs of cells of any kind, and the head.
fn describe(
    shape: &SuperShape,
    cell: impl Fn(&mut Builder, &str, [NodeId; 2], &CellPlan) -> NodeId,
) -> Result<Graph, Error> {
    shape.check()?;
    let (mut builder, image) = Builder::new(shape.image());
    let convolution = Convolution::square(shape.stem_channels(), 3);
    let stem = builder.conv_norm("stem", image, convolution);
    let (mut states, mut outputs) = ([stem; 2], Vec::new());
    for (number, plan) in shape.cells().iter().enumerate() {
        let path = format!("cells.{number}");
        let inputs = preprocessed(&mut builder, &path, states, plan, false);
        let output = cell(&mut builder, &path, inputs, plan);
        states = [states[1], output];
        outputs.push(output);
    }
    finish_outputs(&mut builder, &outputs, shape.classes);
    finish(builder, SETTINGS)
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
            let place = Place { path: &path, input, activated: None, stride, affine: false };
            results.push(place.operation(&mut builder, operation.into()));
        }
    }
    let sum = builder.add(results);
    builder.output("sum", sum);
    finish(builder, SETTINGS)
}

/// The edges of a cell.
struct SearchCell<'a> {
    path: &'a str,
    reduction: bool,
    partial: usize,
    matrix: usize,
}

/// What is mixed of a state, and what edges that leave it share.
struct State {
    value: NodeId,
    /// What goes around the operations, if anything does.
    around: Option<NodeId>,
    activated: NodeId,
    zero: NodeId,
    maximum: NodeId,
    mean: NodeId,
    stride: usize,
}

impl SearchCell<'_> {
    fn describe(&self, builder: &mut Builder, inputs: [NodeId; 2]) -> NodeId {
        let stride = 1 + usize::from(self.reduction);
        let mut states: Vec<State> =
            inputs.iter().map(|&input| self.state(builder, input, stride)).collect();
        let mut nodes = Vec::new();
        for target in INPUTS..NODES {
            let node = self.node(builder, &states, target);
            nodes.push(node);
            if target + 1 < NODES {
                states.push(self.state(builder, node, 1));
            }
        }
        builder.concatenate(nodes)
    }

    fn state(&self, builder: &mut Builder, input: NodeId, stride: usize) -> State {
        let channels = builder.shape(input).channels();
        let mixed = channels / self.partial;
        let value = builder.truncate(input, mixed);
        let around = (self.partial > 1).then(|| {
            let around = builder.channels(input, mixed, channels - mixed);
            let halving = Pool { side: 2, stride: 2, padding: 0 };
            if stride == 1 { around } else { builder.max_pool(around, halving) }
        });
        let window = Pool { side: 3, stride, padding: 1 };
        let maximum = builder.max_pool(value, window);
        let mean = builder.average_pool(value, window);
        State {
            value,
            around,
            activated: builder.relu(value),
            zero: builder.zero(value, stride),
            maximum: builder.normalize(maximum),
            mean: builder.normalize(mean),
            stride,
        }
    }

    fn node(&self, builder: &mut Builder, states: &[State], target: usize) -> NodeId {
        let entering = || EDGES.iter().enumerate().filter(move |(_, edge)| edge.1 == target);
        let mixed =
            entering().map(|(edge, &(source, _))| self.edge(builder, &states[source], edge));
        let mixed = mixed.collect();
        let mixed = builder.add(mixed);
        let around = entering().filter_map(|(edge, &(source, _))| {
            Some(builder.weigh(states[source].around?, [self.matrix, edge]))
        });
        let around: Vec<NodeId> = around.collect();
        if around.is_empty() {
            return mixed;
        }
        let around = builder.add(around);
        let all = builder.concatenate(vec![mixed, around]);
        builder.shuffle(all, self.partial)
    }

    fn edge(&self, builder: &mut Builder, state: &State, edge: usize) -> NodeId {
        let options = Operation::ALL.map(|operation| match operation {
            Operation::None => state.zero,
            Operation::MaxPool3x3 => state.maximum,
            Operation::AvgPool3x3 => state.mean,
            _ => {
                let path = format!("{}.edges.{edge}.{operation}", self.path);
                let (input, activated) = (state.value, Some(state.activated));
                let place =
                    Place { path: &path, input, activated, stride: state.stride, affine: false };
                place.operation(builder, operation.into())
            }
        });
        builder.mix(Mix { matrix: self.matrix, decision: edge, first: 0 }, options.to_vec())
    }
}
