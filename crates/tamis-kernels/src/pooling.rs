//! 3x3 pooling with a border of one: the maximum, or the mean of the pixels that are inside the image.
//!
//! Planes are independent of one another, so nothing is saved and nothing summed over the batch: the
//! backward pass finds the maxima again. As in PyTorch their gradient goes to the first pixel, along
//! rows, that is one. Normalisation after pooling is no part of it.

use crate::average_3x3::Average;
use crate::buffer::Buffer;
use crate::destination::Destination;
use crate::frame::Frame;
use crate::phases::Phase;
use crate::plane::Geometry;
use crate::simd::Level;
use crate::stage::Planes;
use crate::window::{Window, WindowScratch};
use rayon::prelude::*;

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Its largest pixel.
    Maximum,
    /// The mean of its pixels, of which those of the border are none.
    Average,
}

/// Sizes of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Images.
    pub batch: usize,
    /// Channels of the input and of the output.
    pub channels: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Rows and columns from one window to the next: 1 or 2.
    pub stride: usize,
    /// What becomes of a window.
    pub pool: Pool,
}

impl PoolShape {
    /// Floats of the input, `[batch, channels, height, width]`.
    pub fn input_values(&self) -> usize {
        self.batch * self.channels * self.height * self.width
    }

    /// Rows of the output.
    pub fn output_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Columns of the output.
    pub fn output_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    /// Floats of the output, `[batch, channels, output_height, output_width]`.
    pub fn output_values(&self) -> usize {
        self.batch * self.channels * self.output_height() * self.output_width()
    }

    fn check(&self) {
        assert!(matches!(self.stride, 1 | 2), "a stride of {}", self.stride);
        assert!(self.input_values() > 0, "a pooling of no values");
    }

    /// The means that need no frame.
    fn average(&self, level: Level) -> Option<Average> {
        let plain = self.pool == Pool::Average && self.stride == 1;
        plain.then(|| Average::new(level, [self.height, self.width]))
    }
}

/// Planes that a thread takes at least, so that its buffers are worth filling. Changes no bits.
const PLANES: usize = 16;

/// Pools `input`: writes `output`, or adds to it.
///
/// # Panics
/// If a slice does not have the length that `shape` says, `shape` has a zero, or its stride is
/// not one of those named there.
pub fn forward(shape: &PoolShape, input: &[f32], output: Destination<'_>) {
    forward_at(Level::best(), shape, input, output);
}

/// [`forward`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn forward_at(level: Level, shape: &PoolShape, input: &[f32], output: Destination<'_>) {
    shape.check();
    assert_eq!(input.len(), shape.input_values(), "length of the input");
    let (output, keep) = output.open();
    assert_eq!(output.len(), shape.output_values(), "length of the output");
    if let Some(average) = shape.average(level) {
        let pixels = shape.height * shape.width;
        let planes = output.par_chunks_mut(pixels).zip(input.par_chunks(pixels));
        return planes.with_min_len(PLANES).for_each_init(
            || average.scratch(),
            |scratch, (to, from)| average.forward(from, to, keep, scratch),
        );
    }
    let plan = Plan::new(level, shape);
    let input = input.par_chunks(shape.height * shape.width);
    let planes = output.par_chunks_mut(plan.geometry.pixels()).zip(input);
    planes.with_min_len(PLANES).for_each_init(
        || plan.scratch(),
        |scratch, (to, rows)| {
            plan.pool(rows, scratch);
            let from = (plan.geometry.width, &scratch.pooled[..]);
            Phase::WHOLE.scatter(from, (plan.geometry.width, to), keep);
        },
    );
}

/// The gradient of the input, given that of the output: writes `input_gradient`, or adds to it. `input`
/// is that of the forward pass; only maxima read it, for means it may be empty.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    shape: &PoolShape,
    input: &[f32],
    output_gradient: &[f32],
    input_gradient: Destination<'_>,
) {
    backward_at(Level::best(), shape, input, output_gradient, input_gradient);
}

/// [`backward`] with the instructions of `level`.
///
/// # Panics
/// As [`forward`].
pub fn backward_at(
    level: Level,
    shape: &PoolShape,
    input: &[f32],
    output_gradient: &[f32],
    input_gradient: Destination<'_>,
) {
    shape.check();
    let read = shape.pool == Pool::Maximum;
    assert!(!read || input.len() == shape.input_values(), "length of the input");
    let (input_gradient, keep) = input_gradient.open();
    assert_eq!(output_gradient.len(), shape.output_values(), "length of the output gradient");
    assert_eq!(input_gradient.len(), shape.input_values(), "length of the input gradient");
    if let Some(average) = shape.average(level) {
        let pixels = shape.height * shape.width;
        let planes = input_gradient.par_chunks_mut(pixels).zip(output_gradient.par_chunks(pixels));
        return planes.with_min_len(PLANES).for_each_init(
            || average.scratch(),
            |scratch, (to, gradient)| average.backward(gradient, to, keep, scratch),
        );
    }
    let plan = Plan::new(level, shape);
    let pixels = shape.height * shape.width;
    let planes = input_gradient
        .par_chunks_mut(pixels)
        .zip(output_gradient.par_chunks(plan.geometry.pixels()))
        .enumerate();
    planes.with_min_len(PLANES).for_each_init(
        || plan.scratch(),
        |scratch, (number, (to, gradient))| {
            scratch.gradient.fill(0.0);
            plan.geometry.flatten(gradient, &mut scratch.window.plane);
            match shape.pool {
                Pool::Maximum => {
                    plan.maximum_backward(&input[number * pixels..][..pixels], scratch)
                }
                Pool::Average => plan.mean_backward(scratch),
            }
            let phases = scratch.gradient.chunks_exact(plan.geometry.flat);
            for (phase, plane) in plan.phases.iter().zip(phases) {
                phase.scatter((plan.geometry.width, plane), (shape.width, &mut *to), keep);
            }
        },
    );
}

/// Everything that follows from the sizes.
struct Plan<'a> {
    level: Level,
    shape: &'a PoolShape,
    /// Of the output, dense, and of each phase of the input.
    geometry: Geometry,
    frame: Frame,
    phases: Vec<Phase>,
    window: Window,
}

/// Buffers of one thread, for one plane at a time.
struct Scratch {
    window: WindowScratch,
    /// Dense phases of the input.
    value: Buffer,
    /// The dense result.
    pooled: Buffer,
    /// Dense gradients of the phases of the input.
    gradient: Buffer,
}

impl<'a> Plan<'a> {
    fn new(level: Level, shape: &'a PoolShape) -> Plan<'a> {
        let (height, width) = (shape.output_height(), shape.output_width());
        let (geometry, frame) = (Geometry::dense(height, width), Frame::new(height, width));
        let planes = Planes { level, geometry: &geometry, frame: &frame };
        let window = Window::new(planes, [shape.height, shape.width], shape.stride);
        Plan { level, shape, geometry, frame, phases: Phase::all(shape.stride), window }
    }

    fn planes(&self) -> Planes<'_> {
        Planes { level: self.level, geometry: &self.geometry, frame: &self.frame }
    }

    fn scratch(&self) -> Scratch {
        let phases = self.phases.len();
        Scratch {
            window: WindowScratch::new(self.planes(), phases),
            value: Buffer::take(phases * self.geometry.flat),
            pooled: Buffer::take(self.geometry.flat),
            gradient: Buffer::take(phases * self.geometry.flat),
        }
    }

    /// Writes the result of one plane's plain rows to `scratch.pooled`.
    fn pool(&self, rows: &[f32], scratch: &mut Scratch) {
        let Scratch { window, value, pooled, .. } = scratch;
        let border = match self.shape.pool {
            Pool::Maximum => f32::NEG_INFINITY,
            Pool::Average => 0.0,
        };
        for (phase, plane) in self.phases.iter().zip(value.chunks_exact_mut(self.geometry.flat)) {
            let to = (self.geometry.width, plane);
            phase.gather((self.shape.width, rows), to, border, |pixel| pixel);
        }
        match self.shape.pool {
            Pool::Maximum => self.window.maximum(self.planes(), value, window, pooled),
            Pool::Average => self.window.mean(self.planes(), value, window, pooled),
        }
    }

    /// Writes to `scratch.gradient` what comes back through the maxima of one plane, from its plain rows and
    /// the gradient in `scratch.window.plane`.
    fn maximum_backward(&self, rows: &[f32], scratch: &mut Scratch) {
        self.pool(rows, scratch);
        let Scratch { window, value, pooled, gradient } = scratch;
        self.window.maximum_backward(self.planes(), [value, pooled], window, gradient);
    }

    /// The same through the means, which do not depend on the plane.
    fn mean_backward(&self, scratch: &mut Scratch) {
        self.window.mean_backward(self.planes(), &mut scratch.window, &mut scratch.gradient);
    }
}
