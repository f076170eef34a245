//! What follows from the sizes of the cell and from what runs: planes, weights and where they lie.

use super::CellShape;
use super::entries::{Edge, Entries, Part};
use super::numbering::{INPUTS, STAGES, edge, edges};
use crate::Level;
use crate::chunks::Chunks;
use crate::frame::Frame;
use crate::plane::Geometry;
use crate::stage::Planes;
use crate::window::Window;
use std::ops::Range;

/// Floats of the weights of an edge from `source`.
pub(super) fn edge_weights(shape: &CellShape, source: usize) -> usize {
    let of_stages: usize = STAGES.iter().map(|stage| stage.weights(shape.mixed_channels())).sum();
    reduction_weights(shape, source) + of_stages
}

fn reduction_weights(shape: &CellShape, source: usize) -> usize {
    usize::from(shape.reduction && source < INPUTS) * shape.mixed_channels().pow(2)
}

/// Everything that follows from the sizes and from what runs.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) level: Level,
    pub(super) shape: CellShape,
    pub(super) entries: Entries,
    /// Dense planes of the size of a node, which is also that of a phase of a strided input.
    pub(super) geometry: Geometry,
    pub(super) frame: Frame,
    pub(super) chunks: Chunks,
}

impl Plan {
    /// `runs` is `[edge, operation]`, or empty: then everything runs.
    pub(super) fn new(level: Level, shape: CellShape, runs: &[bool]) -> Plan {
        let (height, width) = (shape.output_height(), shape.output_width());
        Plan {
            level,
            shape,
            entries: Entries::new(runs, shape.reduction, shape.mixed_channels()),
            geometry: Geometry::dense(height, width),
            frame: Frame::new(height, width),
            chunks: Chunks::of(shape.batch),
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

    /// Channels that go through the operations, the first of every state.
    pub(super) fn mixed(&self) -> usize {
        self.shape.mixed_channels()
    }

    /// The other channels, which go around them.
    pub(super) fn bypass(&self) -> Range<usize> {
        self.mixed()..self.shape.channels
    }

    /// Floats of one image of the result of an operation.
    pub(super) fn mixed_node(&self) -> usize {
        self.mixed() * self.geometry.flat
    }

    /// Where a channel, mixed ones first, comes to in a node.
    pub(super) fn shuffled(&self, channel: usize) -> usize {
        let (group, at) = (channel / self.mixed(), channel % self.mixed());
        at * self.shape.partial + group
    }

    /// Whether anything but the output depends on a state.
    pub(super) fn is_read(&self, state: usize) -> bool {
        self.shape.partial > 1 || self.entries.is_read(state)
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

    /// The weights of an edge among those of the cell.
    pub(super) fn edge_weights(&self, source: usize, node: usize) -> Range<usize> {
        let before = edges().take(edge(source, node));
        let first: usize = before.map(|[source, _]| edge_weights(&self.shape, source)).sum();
        first..first + edge_weights(&self.shape, source)
    }

    /// The weights of a part of an edge among those of the cell. Of a stage: depthwise, then 1x1.
    pub(super) fn part_weights(&self, source: usize, node: usize, part: Part) -> Range<usize> {
        let first = self.edge_weights(source, node).start;
        let reduction = reduction_weights(&self.shape, source);
        let Part::Stage(stage) = part else { return first..first + reduction };
        let channels = self.mixed();
        let before: usize = STAGES[..stage].iter().map(|stage| stage.weights(channels)).sum();
        let first = first + reduction + before;
        first..first + STAGES[stage].weights(channels)
    }

    /// Where the sums for the weights of everything that runs on the edges that leave `source` are:
    /// the edge, its part and its place among them, one after another.
    pub(super) fn sums(&self, source: usize) -> Vec<(&Edge, Part, Range<usize>)> {
        let mut sums: Vec<(&Edge, Part, Range<usize>)> = Vec::new();
        for edge in self.entries.leaving(source) {
            for &part in &edge.parts {
                let first = sums.last().map_or(0, |(_, _, place)| place.end);
                let len = self.part_weights(source, edge.node, part).len();
                sums.push((edge, part, first..first + len));
            }
        }
        sums
    }

    /// Where those of one part are; empty for one that does not run.
    pub(super) fn sums_of(&self, source: usize, node: usize, part: Part) -> Range<usize> {
        let mut sums = self.sums(source).into_iter();
        let found = sums.find(|(edge, other, _)| edge.node == node && *other == part);
        found.map_or(0..0, |(_, _, place)| place)
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
