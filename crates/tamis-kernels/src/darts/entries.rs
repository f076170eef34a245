//! What runs on the edges of the cell, and where its results, gradients and sums for weights lie.

use super::numbering::{CONVOLUTIONS, EDGES, FIRST, LAST, OPERATIONS, POOLS, SKIP, STAGES};
use super::numbering::{INPUTS, destinations, edge};
use crate::runs::Runs;

/// Where the planes of one operation are, before normalisation; `channels` planes from a first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// The state itself, which is not normalised.
    Value,
    /// In [`super::Kept::first`].
    First(usize),
    /// In [`super::Source::second`].
    Second(usize),
}

/// The first half of a separable convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    /// First plane of its result, in [`super::Kept::first`].
    pub(super) first: usize,
    /// First plane of the gradient of that; see [`super::hidden::Hidden`].
    pub(super) gradient: usize,
}

/// One summand of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) operation: usize,
    pub(super) place: Place,
    pub(super) half: Option<Half>,
}

impl Entry {
    /// Its place in [`super::numbering::SECOND`], if it is a convolution.
    pub(super) fn convolution(&self) -> Option<usize> {
        CONVOLUTIONS.iter().position(|&operation| operation == self.operation)
    }

    /// Its first plane, if it is a factorised reduction.
    pub(super) fn reduction(&self) -> Option<usize> {
        match self.place {
            Place::First(first) if self.operation == SKIP => Some(first),
            _ => None,
        }
    }
}

/// Weights of one edge that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of the factorised reduction.
    Reduction,
    /// A place in [`STAGES`].
    Stage(usize),
}

/// What runs on one edge.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) source: usize,
    pub(super) node: usize,
    /// What enters the node: skip, the pools, then the convolutions.
    pub(super) entries: Vec<Entry>,
    /// What has weights, in their order.
    pub(super) parts: Vec<Part>,
    /// Entries of the node from earlier sources.
    pub(super) slot: usize,
}

/// What is computed of one state.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    /// First planes of the [`POOLS`], in [`super::Kept::first`].
    pub(super) pools: [Option<usize>; POOLS.len()],
    /// Planes of one image of [`super::Kept::first`].
    pub(super) first: usize,
    /// Planes of one image of [`super::Source::second`].
    pub(super) second: usize,
    /// Planes of one image of [`super::hidden::Hidden`].
    pub(super) hidden: usize,
}

/// What runs in a cell.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    runs: Runs,
    /// In order.
    edges: Vec<Edge>,
    /// Of states 0 to 4.
    results: Vec<Results>,
}

impl Entries {
    /// Of cells of so many channels; `runs` is `[edge, operation]`, or empty: then everything runs.
    pub(super) fn new(runs: &[bool], reduction: bool, channels: usize) -> Entries {
        let runs = Runs::new(runs, [EDGES, OPERATIONS]);
        let mut edges = Vec::with_capacity(EDGES);
        let mut results = Vec::with_capacity(LAST);
        for source in 0..LAST {
            let strided = reduction && source < INPUTS;
            let mut layout = Layout::new(&runs, source, strided, channels);
            edges.extend(destinations(source).map(|node| layout.edge(node)));
            results.push(layout.results);
        }
        edges.sort_by_key(|of| edge(of.source, of.node));
        let mut entered = [0; LAST + 1];
        for edge in &mut edges {
            edge.slot = entered[edge.node];
            entered[edge.node] += edge.entries.len();
        }
        Entries { runs, edges, results }
    }

    /// Whether an operation runs.
    pub(super) fn runs(&self, source: usize, node: usize, operation: usize) -> bool {
        self.runs.of(edge(source, node), operation)
    }

    /// The edges that leave `source`, by node.
    pub(super) fn leaving(&self, source: usize) -> impl Iterator<Item = &Edge> {
        destinations(source).map(move |node| &self.edges[edge(source, node)])
    }

    /// The edges that enter `node`, by source.
    pub(super) fn entering(&self, node: usize) -> impl Iterator<Item = &Edge> {
        (0..node).map(move |source| &self.edges[edge(source, node)])
    }

    /// Everything that enters `node`, with its sources.
    pub(super) fn summands(&self, node: usize) -> Vec<(usize, Entry)> {
        let edges = self.entering(node);
        edges.flat_map(|edge| edge.entries.iter().map(|&entry| (edge.source, entry))).collect()
    }

    /// What is computed of `source`.
    pub(super) fn results(&self, source: usize) -> &Results {
        &self.results[source]
    }

    /// Whether anything is computed of `source`.
    pub(super) fn is_read(&self, source: usize) -> bool {
        self.leaving(source).any(|edge| !edge.entries.is_empty())
    }
}

/// Lays out the results of one state, edge by edge.
struct Layout<'a> {
    runs: &'a Runs,
    source: usize,
    strided: bool,
    channels: usize,
    results: Results,
}

impl Layout<'_> {
    fn new(runs: &Runs, source: usize, strided: bool, channels: usize) -> Layout<'_> {
        let results = Results::default();
        let mut layout = Layout { runs, source, strided, channels, results };
        for (pool, operation) in POOLS.into_iter().enumerate() {
            if destinations(source).any(|node| runs.of(edge(source, node), operation)) {
                layout.results.pools[pool] = Some(take(&mut layout.results.first, channels));
            }
        }
        layout
    }

    fn edge(&mut self, node: usize) -> Edge {
        let edge = edge(self.source, node);
        let runs = |operation| self.runs.of(edge, operation);
        let mut parts = Vec::new();
        if self.strided && runs(SKIP) {
            parts.push(Part::Reduction);
        }
        let mut convolutions = Vec::new();
        for (number, operation) in CONVOLUTIONS.into_iter().enumerate().filter(|of| runs(of.1)) {
            let half = (number < FIRST.len()).then(|| Half {
                first: take(&mut self.results.first, self.channels),
                gradient: take(&mut self.results.hidden, self.channels),
            });
            let place = Place::Second(take(&mut self.results.second, self.channels));
            convolutions.push(Entry { operation, place, half });
            parts.extend(stages(number).map(Part::Stage));
        }
        let skip = runs(SKIP).then(|| {
            let first = self.strided.then(|| take(&mut self.results.first, self.channels));
            let place = first.map_or(Place::Value, Place::First);
            Entry { operation: SKIP, place, half: None }
        });
        let pools = POOLS.into_iter().zip(self.results.pools);
        let pools =
            pools.filter(|&(operation, _)| runs(operation)).filter_map(|(operation, first)| {
                Some(Entry { operation, place: Place::First(first?), half: None })
            });
        let entries = skip.into_iter().chain(pools).chain(convolutions).collect();
        Edge { source: self.source, node, entries, parts, slot: 0 }
    }
}

/// The places in [`STAGES`] of a convolution.
fn stages(convolution: usize) -> std::ops::Range<usize> {
    let first = 2 * convolution.min(FIRST.len()) + convolution.saturating_sub(FIRST.len());
    let count = if convolution < FIRST.len() { 2 } else { 1 };
    debug_assert!(first + count <= STAGES.len(), "stages of convolution {convolution}");
    first..first + count
}

/// The first of so many more planes.
fn take(planes: &mut usize, count: usize) -> usize {
    *planes += count;
    *planes - count
}
