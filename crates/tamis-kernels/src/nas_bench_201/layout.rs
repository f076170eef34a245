//! Numbering of edges, operations and planes of the cell, and its convolutions as correlations.

use super::CellShape;
use crate::Level;
use crate::chunks::Chunks;
use crate::correlate::{Correlation, Reading};
use crate::correlate_weights::Lanes;
use crate::elementwise::relu;
use crate::plane::Geometry;
use crate::runs::Runs;
use std::ops::{Range, RangeInclusive};

/// Edges of a cell.
pub const EDGES: usize = 6;
/// Operations of an edge.
pub const OPERATIONS: usize = 5;
/// Weights of an edge, in units of `channels * channels`: a 1x1 and a 3x3 kernel.
pub(super) const EDGE_WEIGHTS: usize = 10;
/// Nodes that edges leave: 0, 1, 2.
pub(super) const SOURCES: usize = 3;
/// The output node.
pub(super) const OUTPUT: usize = 3;

pub(super) const NONE: usize = 0;
pub(super) const SKIP: usize = 1;
pub(super) const POOL: usize = 4;

/// A convolution that an edge may run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convolution {
    /// Which of them: 0 or 1.
    pub(super) number: usize,
    /// Its place among the operations of an edge.
    pub(super) operation: usize,
    /// Rows and columns of the kernel.
    pub(super) size: usize,
    /// Where its weights begin in those of an edge, in units of `channels * channels`.
    first_weight: usize,
}

/// The 3x3 convolution. Its results are kept.
pub(super) const SPATIAL: Convolution =
    Convolution { number: 0, operation: 3, size: 3, first_weight: 1 };
/// The 1x1 convolution. Its results are kept from [`KEPT_FROM`] channels on; with less they are computed
/// again where needed, which takes less time than writing and reading them, and halves the memory of a
/// cell.
pub(super) const POINTWISE: Convolution =
    Convolution { number: 1, operation: 2, size: 1, first_weight: 0 };
/// Channels from which on a 1x1 convolution takes longer than writing its results once and reading them
/// thrice.
const KEPT_FROM: usize = 32;
/// In the order of planes.
pub(super) const CONVOLUTIONS: [Convolution; 2] = [SPATIAL, POINTWISE];

/// The number of an edge.
pub(super) fn edge(source: usize, destination: usize) -> usize {
    destination * (destination - 1) / 2 + source
}

/// The nodes that edges from `source` enter.
pub(super) fn destinations(source: usize) -> RangeInclusive<usize> {
    source + 1..=OUTPUT
}

/// The share of one operation on one edge.
pub(super) fn share(shares: &[f32], source: usize, destination: usize, operation: usize) -> f32 {
    shares[edge(source, destination) * OPERATIONS + operation]
}

impl Convolution {
    /// Number of taps: rows times columns.
    pub(super) fn taps(&self) -> usize {
        self.size * self.size
    }

    /// Row and column of each tap in a 3x3 kernel.
    fn places(self) -> impl Iterator<Item = [usize; 2]> {
        let margin = (3 - self.size) / 2;
        (0..self.taps()).map(move |tap| [tap / self.size + margin, tap % self.size + margin])
    }

    /// Place of one weight among all weights of the cell; `tap` counts along rows.
    fn weight(&self, edge: usize, place: [usize; 3], channels: usize) -> usize {
        let [output, input, tap] = place;
        let square = channels * channels;
        (edge * EDGE_WEIGHTS + self.first_weight) * square
            + (output * channels + input) * self.taps()
            + tap
    }

    /// The weights of one edge among all weights of the cell.
    pub(super) fn weights_of(&self, edge: usize, channels: usize) -> Range<usize> {
        let first = self.weight(edge, [0; 3], channels);
        first..first + channels * channels * self.taps()
    }
}

/// Everything that follows from the sizes and from what runs.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) level: Level,
    pub(super) shape: CellShape,
    /// Of what the output depends on: nothing enters a node that nothing leaves.
    runs: Runs,
    pub(super) geometry: Geometry,
    pub(super) chunks: Chunks,
    /// Of the weights of each convolution, over the rectified source stored pixel by pixel.
    pub(super) lanes: [Lanes; 2],
}

impl Plan {
    /// `runs` is `[edge, operation]`, or empty: then everything runs.
    pub(super) fn new(level: Level, shape: CellShape, runs: &[bool]) -> Plan {
        let geometry = Geometry::new(shape.height, shape.width);
        let chunks = Chunks::of(shape.batch);
        let lanes = CONVOLUTIONS.map(|of| {
            let taps = of.places().map(|[row, column]| geometry.pixel_tap(row, column));
            let offsets: Vec<usize> = taps.map(|tap| tap * shape.channels).collect();
            Lanes::new(&offsets, shape.channels)
        });
        let runs = Runs::new(runs, [EDGES, OPERATIONS]);
        let mut plan = Plan { level, shape, runs, geometry, chunks, lanes };
        plan.drop_unread();
        plan
    }

    /// Drops what enters nodes that nothing leaves, the later ones first.
    fn drop_unread(&mut self) {
        for node in (1..OUTPUT).rev() {
            if !self.is_read(node) {
                (0..node).for_each(|source| self.runs.stop(edge(source, node)));
            }
        }
    }

    /// Whether an operation runs on the edge from `source` to `node`.
    pub(super) fn runs(&self, source: usize, node: usize, operation: usize) -> bool {
        self.runs.of(edge(source, node), operation)
    }

    /// The nodes that an operation of `source` enters.
    pub(super) fn entered(&self, source: usize, operation: usize) -> impl Iterator<Item = usize> {
        destinations(source).filter(move |&node| self.runs(source, node, operation))
    }

    /// Whether anything is computed of `source`.
    pub(super) fn is_read(&self, source: usize) -> bool {
        (NONE + 1..OPERATIONS).any(|operation| self.entered(source, operation).next().is_some())
    }

    /// Floats of one image of a node, in flat planes.
    pub(super) fn node(&self) -> usize {
        self.shape.channels * self.geometry.flat
    }

    /// Convolution planes that leave `source`.
    pub(super) fn planes(&self, source: usize) -> usize {
        CONVOLUTIONS.iter().map(|&of| self.outputs(source, of)).sum()
    }

    /// Output planes of one convolution that leaves `source`.
    pub(super) fn outputs(&self, source: usize, of: Convolution) -> usize {
        self.entered(source, of.operation).count() * self.shape.channels
    }

    /// Whether results of one convolution are kept.
    pub(super) fn keeps(&self, of: Convolution) -> bool {
        of.number == SPATIAL.number || self.shape.channels >= KEPT_FROM
    }

    /// Convolution planes that leave `source` and are kept, the first of all.
    pub(super) fn kept_planes(&self, source: usize) -> usize {
        let kept = CONVOLUTIONS.into_iter().filter(|&of| self.keeps(of));
        kept.map(|of| self.outputs(source, of)).sum()
    }

    /// First of the `channels` planes of one edge and convolution, which runs, among those of its source.
    pub(super) fn plane(&self, source: usize, destination: usize, of: Convolution) -> usize {
        let others = CONVOLUTIONS[..of.number].iter().map(|&other| self.outputs(source, other));
        let before = self.entered(source, of.operation).take_while(|&node| node < destination);
        others.sum::<usize>() + before.count() * self.shape.channels
    }

    /// The convolutions that leave `source` and the nodes they enter, in the order of their planes.
    pub(super) fn convolutions(&self, source: usize) -> impl Iterator<Item = (Convolution, usize)> {
        CONVOLUTIONS.into_iter().flat_map(move |of| {
            self.entered(source, of.operation).map(move |destination| (of, destination))
        })
    }

    /// Offsets of every (input channel, tap) in bordered planes.
    fn offsets(&self, of: Convolution) -> Vec<usize> {
        let planes = 0..self.shape.channels;
        planes
            .flat_map(|plane| (0..of.taps()).map(move |tap| self.offset(of, plane, tap)))
            .collect()
    }

    fn offset(&self, of: Convolution, plane: usize, tap: usize) -> usize {
        let margin = (3 - of.size) / 2;
        let (row, column) = (tap / of.size + margin, tap % of.size + margin);
        plane * self.geometry.bordered + self.geometry.tap(row, column)
    }

    /// The flat planes of one image of a node.
    pub(super) fn image<'a>(&self, planes: &'a [f32], image: usize) -> &'a [f32] {
        &planes[image * self.node()..][..self.node()]
    }

    /// Writes the ReLU of one image of a node into bordered planes.
    pub(super) fn rectify(&self, value: &[f32], to: &mut [f32]) {
        let bordered = to.chunks_exact_mut(self.geometry.bordered);
        for (to, flat) in bordered.zip(value.chunks_exact(self.geometry.flat)) {
            relu(self.level, self.geometry.inner(to), flat);
        }
    }

    /// One convolution of all edges that leave `source`, as one correlation; absent if it runs on none.
    pub(super) fn forward(
        &self,
        weights: &[f32],
        source: usize,
        of: Convolution,
    ) -> Option<Correlation> {
        let channels = self.shape.channels;
        let firsts = self.entered(source, of.operation).flat_map(|destination| {
            let edge = edge(source, destination);
            (0..channels).map(move |output| of.weight(edge, [output, 0, 0], channels))
        });
        let firsts: Vec<usize> = firsts.collect();
        let weight = |output: usize, k: usize| weights[firsts[output] + k];
        let correlation =
            || Correlation::new(self.level, &self.geometry, self.offsets(of), firsts.len(), weight);
        (!firsts.is_empty()).then(correlation)
    }

    /// The 1x1 convolutions of all edges that leave `source`, from flat planes before their ReLU.
    pub(super) fn pointwise_forward(&self, weights: &[f32], source: usize) -> Option<Correlation> {
        let channels = self.shape.channels;
        let offsets = (0..channels).map(|plane| plane * self.geometry.flat);
        let kernel = self.forward(weights, source, POINTWISE)?;
        Some(kernel.from(offsets.collect()).reading(Reading { relu: true, keep: false }))
    }

    /// The 1x1 convolution of the edge from `source` to `node`, each output times `factor(channel)`,
    /// from flat planes before their ReLU; added to what is there if `keep`.
    pub(super) fn pointwise(
        &self,
        weights: &[f32],
        (source, node): (usize, usize),
        factor: impl Fn(usize) -> f32,
        keep: bool,
    ) -> Correlation {
        let channels = self.shape.channels;
        let offsets = (0..channels).map(|plane| plane * self.geometry.flat);
        let factors: Vec<f32> = (0..channels).map(factor).collect();
        let weights = &weights[POINTWISE.weights_of(edge(source, node), channels)];
        let kernel = Correlation::new(
            self.level,
            &self.geometry,
            offsets.collect(),
            channels,
            |output, input| weights[output * channels + input] * factors[output],
        );
        kernel.reading(Reading { relu: true, keep })
    }

    /// The sum of the input gradients of all convolutions that leave `source`: inputs are the
    /// planes of [`Plan::plane`], taps are mirrored. Absent if there are none.
    pub(super) fn backward(&self, weights: &[f32], source: usize) -> Option<Correlation> {
        let channels = self.shape.channels;
        let mut offsets = Vec::new();
        let mut places = Vec::new();
        for (of, destination) in self.convolutions(source) {
            let first = self.plane(source, destination, of);
            for (output, tap) in pairs(channels, of.taps()) {
                offsets.push(self.offset(of, first + output, of.taps() - 1 - tap));
                let edge = edge(source, destination);
                places.push((of.weight(edge, [output, 0, tap], channels), of.taps()));
            }
        }
        if places.is_empty() {
            return None;
        }
        Some(Correlation::new(self.level, &self.geometry, offsets, channels, |input, k| {
            let (first, taps) = places[k];
            weights[first + input * taps]
        }))
    }
}

/// Every pair of numbers below two limits, the second running faster.
fn pairs(first: usize, second: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..first).flat_map(move |a| (0..second).map(move |b| (a, b)))
}
