//! Any pooling: the largest or the mean of the pixels of a window that lie in the image.
//!
//! Windows of 3x3 with a border of one, and of 2x2 side by side, go through the kernels.

use std::ops::Range;

use rayon::prelude::*;
use tamis_graph::Pool;
use tamis_kernels::pooling::{self, PoolShape};
use tamis_kernels::{Buffer, Destination, average_2x2};

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
    pub(crate) fn new(pool: Pool, input: [usize; 3], output: [usize; 3]) -> AnyPool {
        AnyPool {
            pool,
            channels: input[0],
            size: [input[1], input[2]],
            output: [output[1], output[2]],
        }
    }

    /// The mean of each window.
    pub(crate) fn mean(&self, input: &[f32]) -> Buffer {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Average) {
            return pooled(&shape, input);
        }
        if self.is_2x2() {
            let mut output = Buffer::take(input.len() / 4);
            average_2x2::forward(input, self.size[1], &mut output);
            return output;
        }
        self.planes(input, |plane, window| {
            let count = window.pixels().count() as f32;
            window.pixels().map(|at| plane[at]).sum::<f32>() / count
        })
    }

    /// Gradient of the input of [`AnyPool::mean`].
    pub(crate) fn mean_backward(&self, input: &[f32], gradient: &[f32]) -> Buffer {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Average) {
            return pooled_backward(&shape, input, gradient);
        }
        if self.is_2x2() {
            let mut to = Buffer::take(input.len());
            average_2x2::backward(gradient, self.size[1], &mut to);
            return to;
        }
        self.planes_backward(gradient, |_, slope, window, to| {
            let share = slope / window.pixels().count() as f32;
            window.pixels().for_each(|at| to[at] += share);
        })
    }

    /// The largest value of each window.
    pub(crate) fn maximum(&self, input: &[f32]) -> Buffer {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Maximum) {
            return pooled(&shape, input);
        }
        self.planes(input, |plane, window| {
            window.pixels().map(|at| plane[at]).fold(f32::NEG_INFINITY, f32::max)
        })
    }

    /// Gradient of the input of [`AnyPool::maximum`]: it goes to the first of the largest.
    pub(crate) fn maximum_backward(&self, input: &[f32], gradient: &[f32]) -> Buffer {
        if let Some(shape) = self.kernel(input.len(), pooling::Pool::Maximum) {
            return pooled_backward(&shape, input, gradient);
        }
        let area = self.size[0] * self.size[1];
        self.planes_backward(gradient, |number, slope, window, to| {
            let plane = &input[number * area..][..area];
            let largest = window.pixels().map(|at| plane[at]).fold(f32::NEG_INFINITY, f32::max);
            if let Some(at) = window.pixels().find(|&at| plane[at] == largest) {
                to[at] += slope;
            }
        })
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

    fn planes(&self, input: &[f32], of: impl Fn(&[f32], Window) -> f32 + Sync) -> Buffer {
        let (area, windows) = (self.size[0] * self.size[1], self.output[0] * self.output[1]);
        let mut output = Buffer::zeros(input.len() / area * windows);
        output.par_chunks_mut(windows).zip(input.par_chunks(area)).for_each(|(output, plane)| {
            for (number, to) in output.iter_mut().enumerate() {
                *to = of(plane, self.window(number));
            }
        });
        output
    }

    fn planes_backward(
        &self,
        gradient: &[f32],
        add: impl Fn(usize, f32, Window, &mut [f32]) + Sync,
    ) -> Buffer {
        let (area, windows) = (self.size[0] * self.size[1], self.output[0] * self.output[1]);
        let mut input = Buffer::zeros(gradient.len() / windows * area);
        let planes = input.par_chunks_mut(area).zip(gradient.par_chunks(windows)).enumerate();
        planes.for_each(|(number, (to, gradient))| {
            for (window, &slope) in gradient.iter().enumerate() {
                add(number, slope, self.window(window), to);
            }
        });
        input
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

fn pooled(shape: &PoolShape, input: &[f32]) -> Buffer {
    let mut output = Buffer::take(shape.output_values());
    pooling::forward(shape, input, Destination::Write(&mut output));
    output
}

fn pooled_backward(shape: &PoolShape, input: &[f32], gradient: &[f32]) -> Buffer {
    let mut to = Buffer::take(shape.input_values());
    pooling::backward(shape, input, gradient, Destination::Write(&mut to));
    to
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
