//! Any pooling: the largest or the mean of the pixels of a window that lie in the image.
//!
//! Windows of 3x3 with a border of one, and of 2x2 side by side, go through the kernels.

use std::ops::Range;

use rayon::prelude::*;
use tamis_graph::{Graph, Pool};
use tamis_kernels::pooling::{self, PoolShape};
use tamis_kernels::{Buffer, Destination, average_2x2};

use super::sides;
use crate::program::Step;
use crate::values::add;

/// A pool at its place.
pub(crate) struct AnyPool {
    pool: Pool,
    channels: usize,
    /// `[height, width]` of the input.
    size: [usize; 2],
    /// `[height, width]` of the output.
    output: [usize; 2],
}

impl AnyPool {
    /// The pool of a step.
    pub(crate) fn of(graph: &Graph, step: &Step, pool: Pool) -> AnyPool {
        let [channels, height, width] = sides(graph.nodes()[step.inputs[0]].shape);
        let [_, rows, columns] = sides(graph.nodes()[step.node].shape);
        AnyPool { pool, channels, size: [height, width], output: [rows, columns] }
    }

    /// Values of the result of `batch` images.
    pub(crate) fn output_values(&self, batch: usize) -> usize {
        batch * self.channels * self.output[0] * self.output[1]
    }

    /// Values that `batch` images have before the pool.
    pub(crate) fn input_values(&self, batch: usize) -> usize {
        batch * self.channels * self.size[0] * self.size[1]
    }

    /// The mean of each window.
    pub(crate) fn mean(&self, input: &[f32], output: Destination<'_>) {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Average) {
            return pooling::forward(&shape, input, output);
        }
        if self.is_2x2() {
            return fill(output, |to| average_2x2::forward(input, self.size[1], to));
        }
        self.planes(input, output, |plane, window| {
            let count = window.pixels().count() as f32;
            window.pixels().map(|at| plane[at]).sum::<f32>() / count
        });
    }

    /// Gradient of the input of [`AnyPool::mean`].
    pub(crate) fn mean_backward(&self, gradient: &[f32], to: Destination<'_>) {
        let values = gradient.len() / self.output_values(1) * self.input_values(1);
        if let Some(shape) = self.kernel(values, pooling::Pool::Average) {
            return pooling::backward(&shape, &[], gradient, to);
        }
        if self.is_2x2() {
            return fill(to, |to| average_2x2::backward(gradient, self.size[1], to));
        }
        self.planes_backward(gradient, to, |_, slope, window, to| {
            let share = slope / window.pixels().count() as f32;
            window.pixels().for_each(|at| to[at] += share);
        });
    }

    /// The largest value of each window.
    pub(crate) fn maximum(&self, input: &[f32], output: Destination<'_>) {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Maximum) {
            return pooling::forward(&shape, input, output);
        }
        self.planes(input, output, |plane, window| {
            window.pixels().map(|at| plane[at]).fold(f32::NEG_INFINITY, f32::max)
        });
    }

    /// Gradient of the input of [`AnyPool::maximum`]: it goes to the first of the largest.
    pub(crate) fn maximum_backward(&self, input: &[f32], gradient: &[f32], to: Destination<'_>) {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Maximum) {
            return pooling::backward(&shape, input, gradient, to);
        }
        let area = self.size[0] * self.size[1];
        self.planes_backward(gradient, to, |number, slope, window, to| {
            let plane = &input[number * area..][..area];
            let largest = window.pixels().map(|at| plane[at]).fold(f32::NEG_INFINITY, f32::max);
            if let Some(at) = window.pixels().find(|&at| plane[at] == largest) {
                to[at] += slope;
            }
        });
    }

    /// The kernel's sizes for so many values, if it has this window.
    fn kernel(&self, values: usize, pool: pooling::Pool) -> Option<PoolShape> {
        let (Pool { side, stride, padding }, [height, width]) = (self.pool, self.size);
        let batch = values / (self.channels * height * width);
        let shape = PoolShape { batch, channels: self.channels, height, width, stride, pool };
        (side == 3 && padding == 1 && matches!(stride, 1 | 2)).then_some(shape)
    }

    fn is_2x2(&self) -> bool {
        let even = self.size.iter().all(|side| side.is_multiple_of(2));
        even && self.pool == Pool { side: 2, stride: 2, padding: 0 }
    }

    fn planes(
        &self,
        input: &[f32],
        output: Destination<'_>,
        of: impl Fn(&[f32], Window) -> f32 + Sync,
    ) {
        let (area, windows) = (self.size[0] * self.size[1], self.output[0] * self.output[1]);
        fill(output, |output| {
            let planes = output.par_chunks_mut(windows).zip(input.par_chunks(area));
            planes.for_each(|(output, plane)| {
                for (number, to) in output.iter_mut().enumerate() {
                    *to = of(plane, self.window(number));
                }
            });
        });
    }

    fn planes_backward(
        &self,
        gradient: &[f32],
        to: Destination<'_>,
        add: impl Fn(usize, f32, Window, &mut [f32]) + Sync,
    ) {
        let (area, windows) = (self.size[0] * self.size[1], self.output[0] * self.output[1]);
        fill(to, |to| {
            let planes = to.par_chunks_mut(area).zip(gradient.par_chunks(windows)).enumerate();
            planes.for_each(|(number, (to, gradient))| {
                to.fill(0.0);
                for (window, &slope) in gradient.iter().enumerate() {
                    add(number, slope, self.window(window), to);
                }
            });
        });
    }

    fn window(&self, number: usize) -> Window {
        let side = |at: usize, axis: usize| {
            let start = at * self.pool.stride;
            let end = (start + self.pool.side).saturating_sub(self.pool.padding);
            start.saturating_sub(self.pool.padding)..end.min(self.size[axis])
        };
        let (row, column) = (number / self.output[1], number % self.output[1]);
        Window { rows: side(row, 0), columns: side(column, 1), width: self.size[1] }
    }
}

/// Fills a destination by a loop that can only write.
fn fill(to: Destination<'_>, write: impl FnOnce(&mut [f32])) {
    match to {
        Destination::Write(to) => write(to),
        Destination::Add(to) => {
            let mut own = Buffer::take(to.len());
            write(&mut own);
            add(to, &own);
        }
    }
}

/// The pixels of a window that lie in the image.
struct Window {
    rows: Range<usize>,
    columns: Range<usize>,
    width: usize,
}

impl Window {
    fn pixels(&self) -> impl Iterator<Item = usize> + '_ {
        let starts = self.rows.clone().map(|row| row * self.width);
        starts.flat_map(|start| self.columns.clone().map(move |column| start + column))
    }
}
