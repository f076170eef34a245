//! Numbering of edges, operations, weights and planes of the cell.

use super::CellShape;
use crate::Level;
use crate::frame::Frame;
use crate::plane::Geometry;
use crate::schedule::Schedule;
use crate::stage::Planes;
use crate::window::Window;
use std::ops::{Range, RangeInclusive};

/// Edges of a cell.
pub const EDGES: usize = 14;
/// Operations of an edge.
pub const OPERATIONS: usize = 8;
/// States that are given.
pub(super) const INPUTS: usize = 2;
/// States that are formed.
pub(super) const NODES: usize = 4;
/// The state that no edge leaves.
pub(super) const LAST: usize = INPUTS + NODES - 1;

pub(super) const MAX_POOL: usize = 1;
pub(super) const AVERAGE_POOL: usize = 2;
pub(super) const SKIP: usize = 3;
/// The operations whose results the stages of [`SECOND`] are.
const CONVOLUTIONS: [usize; 4] = [4, 5, 6, 7];

/// Pools of a state, whose planes come first in [`super::Kept::first`].
pub(super) const POOLS: [usize; 2] = [MAX_POOL, AVERAGE_POOL];

/// A ReLU, a depthwise and a 1x1 convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) size: usize,
    pub(super) dilation: usize,
}

/// In the order of their weights.
pub(super) const STAGES: [Stage; 6] = [
    Stage { size: 3, dilation: 1 },
    Stage { size: 3, dilation: 1 },
    Stage { size: 5, dilation: 1 },
    Stage { size: 5, dilation: 1 },
    Stage { size: 3, dilation: 2 },
    Stage { size: 5, dilation: 2 },
];
/// First halves of the separable convolutions. Their results are kept.
pub(super) const FIRST: [usize; 2] = [0, 2];
/// Second halves of the separable convolutions, each of which reads the stage of [`FIRST`] at its
/// place, then the dilated convolutions. Their results can be computed again from what is kept.
pub(super) const SECOND: [usize; 4] = [1, 3, 4, 5];

impl Stage {
    pub(super) fn taps(&self) -> usize {
        self.size * self.size
    }

    fn weights(&self, channels: usize) -> usize {
        (self.taps() + channels) * channels
    }
}

/// Source and destination of every edge, in order.
pub(super) fn edges() -> impl Iterator<Item = [usize; 2]> {
    (INPUTS..=LAST).flat_map(|node| (0..node).map(move |source| [source, node]))
}

/// The number of an edge.
pub(super) fn edge(source: usize, node: usize) -> usize {
    node * (node - 1) / 2 - 1 + source
}

/// The nodes that edges from `source` enter.
pub(super) fn destinations(source: usize) -> RangeInclusive<usize> {
    (source + 1).max(INPUTS)..=LAST
}

/// Floats of the weights of an edge from `source`.
pub(super) fn edge_weights(shape: &CellShape, source: usize) -> usize {
    let of_stages: usize = STAGES.iter().map(|stage| stage.weights(shape.channels)).sum();
    reduction_weights(shape, source) + of_stages
}

fn reduction_weights(shape: &CellShape, source: usize) -> usize {
    usize::from(shape.reduction && source < INPUTS) * shape.channels * shape.channels
}

/// The share of one operation on one edge.
pub(super) fn share(shares: &[f32], source: usize, node: usize, operation: usize) -> f32 {
    shares[edge(source, node) * OPERATIONS + operation]
}

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

/// One summand of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) operation: usize,
    pub(super) place: Place,
}

/// Numbers of the entries of an edge: skip, the pools, then [`SECOND`].
pub(super) const SKIP_ENTRY: usize = 0;
pub(super) const POOL_ENTRY: usize = 1;
pub(super) const SECOND_ENTRY: usize = POOL_ENTRY + POOLS.len();

/// Everything that follows from the sizes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) level: Level,
    pub(super) shape: CellShape,
    /// Dense planes of the size of a node, which is also that of a phase of a strided input.
    pub(super) geometry: Geometry,
    pub(super) frame: Frame,
    pub(super) schedule: Schedule,
}

impl Plan {
    pub(super) fn new(level: Level, shape: CellShape) -> Plan {
        let (height, width) = (shape.output_height(), shape.output_width());
        Plan {
            level,
            shape,
            geometry: Geometry::dense(height, width),
            frame: Frame::new(height, width),
            schedule: Schedule::new(shape.batch),
        }
    }

    /// What stages and pools work on.
    pub(super) fn planes(&self) -> Planes<'_> {
        Planes { level: self.level, geometry: &self.geometry, frame: &self.frame }
    }

    /// The pools of `source`.
    pub(super) fn window(&self, source: usize) -> Window {
        let stride = self.stride(source);
        let image = [self.geometry.height, self.geometry.width].map(|size| size * stride);
        Window::new(self.planes(), image, stride)
    }

    /// Floats of one image of a node.
    pub(super) fn node(&self) -> usize {
        self.shape.channels * self.geometry.flat
    }

    /// Whether edges from `source` have stride 2.
    pub(super) fn strided(&self, source: usize) -> bool {
        self.shape.reduction && source < INPUTS
    }

    /// Rows and columns from one output to the next on edges from `source`.
    pub(super) fn stride(&self, source: usize) -> usize {
        1 + usize::from(self.strided(source))
    }

    /// Planes of each channel of `source`: even or odd rows by even or odd columns, or one.
    pub(super) fn phases(&self, source: usize) -> usize {
        self.stride(source) * self.stride(source)
    }

    /// Results of [`super::Kept::first`] for each destination.
    fn firsts(&self, source: usize) -> usize {
        FIRST.len() + usize::from(self.strided(source))
    }

    /// Planes of one image of [`super::Kept::first`].
    pub(super) fn first_planes(&self, source: usize) -> usize {
        let results = POOLS.len() + destinations(source).count() * self.firsts(source);
        results * self.shape.channels
    }

    /// Planes of one image of [`super::Source::second`].
    pub(super) fn second_planes(&self, source: usize) -> usize {
        destinations(source).count() * SECOND.len() * self.shape.channels
    }

    /// First plane of a stage of [`FIRST`], or, one beyond the last, of the reduction.
    pub(super) fn first(&self, source: usize, node: usize, number: usize) -> usize {
        let ordinal = node - destinations(source).start();
        (POOLS.len() + ordinal * self.firsts(source) + number) * self.shape.channels
    }

    /// First plane of a stage of [`SECOND`].
    pub(super) fn second(&self, source: usize, node: usize, number: usize) -> usize {
        let ordinal = node - destinations(source).start();
        (ordinal * SECOND.len() + number) * self.shape.channels
    }

    /// Everything that enters `node` from `source`, in the order of the numbers above.
    pub(super) fn entries(&self, source: usize, node: usize) -> Vec<Entry> {
        let skip = if self.strided(source) {
            Place::First(self.first(source, node, FIRST.len()))
        } else {
            Place::Value
        };
        let mut entries = vec![Entry { operation: SKIP, place: skip }];
        for (number, operation) in POOLS.into_iter().enumerate() {
            entries.push(Entry { operation, place: Place::First(number * self.shape.channels) });
        }
        for (number, operation) in CONVOLUTIONS.into_iter().enumerate() {
            let place = Place::Second(self.second(source, node, number));
            entries.push(Entry { operation, place });
        }
        entries
    }

    /// The weights of an edge among those of the cell.
    pub(super) fn edge_weights(&self, source: usize, node: usize) -> Range<usize> {
        let before = edges().take(edge(source, node));
        let first: usize = before.map(|[source, _]| edge_weights(&self.shape, source)).sum();
        first..first + edge_weights(&self.shape, source)
    }

    /// The weights of a stage, depthwise and 1x1, among those of an edge from `source`.
    pub(super) fn stage_weights(&self, source: usize, stage: usize) -> [Range<usize>; 2] {
        let channels = self.shape.channels;
        let before: usize = STAGES[..stage].iter().map(|stage| stage.weights(channels)).sum();
        let first = reduction_weights(&self.shape, source) + before;
        let middle = first + STAGES[stage].taps() * channels;
        [first..middle, middle..middle + channels * channels]
    }

    /// Copies the rows of one channel of an input into its dense planes.
    pub(super) fn gather(&self, source: usize, rows: &[f32], planes: &mut [f32]) {
        if !self.strided(source) {
            return self.geometry.flatten(rows, planes);
        }
        let geometry = &self.geometry;
        for (phase, plane) in planes.chunks_exact_mut(geometry.flat).enumerate() {
            let rows = rows.chunks_exact(self.shape.width).skip(phase / 2).step_by(2);
            for (row, to) in rows.zip(plane.chunks_exact_mut(geometry.width)) {
                let pixels = row.iter().skip(phase % 2).step_by(2);
                to.iter_mut().zip(pixels).for_each(|(to, pixel)| *to = *pixel);
            }
            geometry.clear_rest(plane);
        }
    }

    /// Copies the dense planes of one channel of an input into its rows.
    pub(super) fn scatter(&self, source: usize, planes: &[f32], rows: &mut [f32]) {
        if !self.strided(source) {
            return self.geometry.unflatten(planes, rows);
        }
        let geometry = &self.geometry;
        for (phase, plane) in planes.chunks_exact(geometry.flat).enumerate() {
            let rows = rows.chunks_exact_mut(self.shape.width).skip(phase / 2).step_by(2);
            for (row, from) in rows.zip(plane.chunks_exact(geometry.width)) {
                let pixels = row.iter_mut().skip(phase % 2).step_by(2);
                pixels.zip(from).for_each(|(pixel, from)| *pixel = *from);
            }
        }
    }
}
