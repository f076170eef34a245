//! Building the tree: from the root on, halve the points at the median of their widest dimension.
//!
//! Points are moved, not only their indices: what belongs together lies together while it is cut
//! further. Nodes wait on a list instead of calling each other, and halving by rank makes the depth
//! the same whatever the points are, so that a million equal points are no special case.

use std::cmp::Ordering;
use std::ops::Range;

use super::bound::Bounds;
use super::points::Points;
use super::shape::Shape;

/// A tree whose points are in order, leaf by leaf.
pub(super) struct Built {
    /// Coordinates, `[position, dimension]`.
    pub(super) rows: Vec<f32>,
    /// Index of the point at each position.
    pub(super) ids: Vec<u32>,
    /// Least and largest coordinates, `[node, 2, dimension]`; zeros for a node without points.
    pub(super) boxes: Vec<f32>,
    /// Largest distance from the box's centre, a node each.
    pub(super) radii: Vec<f64>,
    /// Lowest index of a node's points; `u32::MAX` for a node without points.
    pub(super) first: Vec<u32>,
}

/// A point's coordinate in the dimension that is cut, its index, and its position.
type CutKey = (f32, u32, u32);

/// Room that is used again at every node.
#[derive(Default)]
struct Scratch {
    keys: Vec<CutKey>,
    rows: Vec<f32>,
}

/// Puts points in the order of a tree of this shape.
pub(super) fn build(points: &Points<'_>, shape: Shape) -> Built {
    let nodes = shape.nodes();
    let mut built = Built {
        rows: points.values().to_vec(),
        ids: (0..points.len() as u32).collect(),
        boxes: vec![0.0; nodes * 2 * points.dimensions()],
        radii: vec![0.0; nodes],
        first: vec![u32::MAX; nodes],
    };
    let mut scratch = Scratch::default();
    let mut waiting = vec![0];
    while let Some(node) = waiting.pop() {
        built.enclose(node, shape.range(node), points.dimensions());
        if shape.leaf(node).is_none() {
            let (left, right) = (2 * node + 1, 2 * node + 2);
            built.cut(node, shape.range(node), shape.range(left).len(), &mut scratch);
            waiting.extend([right, left]);
        }
    }
    built
}

impl Built {
    /// Notes what is known of a node's points together.
    fn enclose(&mut self, node: usize, range: Range<usize>, dimensions: usize) {
        let width = 2 * dimensions;
        let rows = &self.rows[range.start * dimensions..range.end * dimensions];
        let (low, high) = self.boxes[node * width..][..width].split_at_mut(dimensions);
        enclose_box(rows, low, high);
        let centred = Bounds { low, high, radius: 0.0 };
        let squared = rows.chunks_exact(dimensions).map(|row| centred.squared_radius(row));
        self.radii[node] = squared.fold(0.0, f64::max).sqrt();
        self.first[node] = self.ids[range].iter().copied().min().unwrap_or(u32::MAX);
    }

    /// Moves the points of a node: first the `left` of them that come first in its widest
    /// dimension, equal ones by index.
    fn cut(&mut self, node: usize, range: Range<usize>, left: usize, scratch: &mut Scratch) {
        let dimensions = self.boxes.len() / self.radii.len() / 2;
        let sides = &self.boxes[node * 2 * dimensions..][..2 * dimensions];
        let dimension = widest(sides.split_at(dimensions));
        let Scratch { keys, rows } = scratch;
        keys.clear();
        keys.extend(range.clone().map(|position| {
            let x = self.rows[position * dimensions + dimension];
            (x, self.ids[position], position as u32)
        }));
        if left < keys.len() {
            keys.select_nth_unstable_by(left, compare);
        }
        rows.clear();
        for (&(_, id, from), to) in keys.iter().zip(range.clone()) {
            self.ids[to] = id;
            rows.extend_from_slice(&self.rows[from as usize * dimensions..][..dimensions]);
        }
        self.rows[range.start * dimensions..range.end * dimensions].copy_from_slice(rows);
    }
}

/// The tight box of the rows; left as it is where there are none.
fn enclose_box(rows: &[f32], low: &mut [f32], high: &mut [f32]) {
    let mut rows = rows.chunks_exact(low.len());
    let Some(first) = rows.next() else { return };
    low.copy_from_slice(first);
    high.copy_from_slice(first);
    for row in rows {
        for ((low, high), &x) in low.iter_mut().zip(high.iter_mut()).zip(row) {
            *low = if x < *low { x } else { *low };
            *high = if x > *high { x } else { *high };
        }
    }
}

/// The dimension in which a box is widest, the first of equal ones.
fn widest((low, high): (&[f32], &[f32])) -> usize {
    let widths = low.iter().zip(high).map(|(&low, &high)| f64::from(high) - f64::from(low));
    let widest = widths.enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a });
    widest.map_or(0, |(dimension, _)| dimension)
}

fn compare(a: &CutKey, b: &CutKey) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}
