//! The maximum and the mean over 3x3 windows with a border of one, and their gradients, channel by
//! channel.
//!
//! A channel comes as the dense planes of its phases. Pixels that an image of an odd size does not
//! have, which its phases do, are minus infinity there for the maximum and zero for the mean.

use crate::buffer::Buffer;
use crate::depthwise::{Columns, Depthwise, Tap, taps};
use crate::elementwise::multiply;
use crate::frame::Map;
use crate::plane::Geometry;
use crate::pool::{first_maximum, max_pool, max_pool_backward};
use crate::stage::Planes;

/// Both pools of one channel.
pub(crate) struct Window {
    /// Place of each tap for the first pixel.
    offsets: Vec<usize>,
    /// For each phase, tap and window of the first pixel.
    windows: Vec<Vec<(usize, usize)>>,
    /// The sum over the taps.
    sum: Depthwise,
    /// Its gradient, for each phase.
    to_phases: Vec<Depthwise>,
    /// One over the number of taps inside the image.
    inverse_count: Vec<f32>,
}

/// Buffers of one thread.
pub(crate) struct WindowScratch {
    /// The phases of one channel, in a frame of minus infinity.
    lowest: Buffer,
    /// The same in a frame of zeros.
    zero: Buffer,
    /// Numbers of the maxima, framed.
    numbers: Buffer,
    /// A framed plane of a gradient.
    gradient: Buffer,
    /// A dense plane.
    pub(crate) plane: Buffer,
}

impl WindowScratch {
    pub(crate) fn new(planes: Planes<'_>, phases: usize) -> WindowScratch {
        WindowScratch {
            lowest: planes.frame.take(phases, f32::NEG_INFINITY),
            zero: planes.frame.take(phases, 0.0),
            numbers: planes.frame.take(1, -1.0),
            gradient: planes.frame.take(1, 0.0),
            plane: Buffer::take(planes.geometry.flat),
        }
    }
}

impl Window {
    /// Of images of `image` rows and columns, whose pooled planes are `planes`.
    pub(crate) fn new(planes: Planes<'_>, image: [usize; 2], stride: usize) -> Window {
        let (phases, frame) = (stride * stride, planes.frame);
        let taps = taps(3, 1, stride);
        let place = |tap: &Tap| tap.phase * frame.len + frame.place(tap.row, tap.column);
        let windows = |phase| {
            let of_phase = taps.iter().enumerate().filter(|(_, tap)| tap.phase == phase);
            of_phase.map(|(number, tap)| (number, frame.place(-tap.row, -tap.column))).collect()
        };
        let ones = [1.0; 9];
        let sum = |columns| Depthwise::new(planes.level, frame, columns, &ones, ones.len());
        Window {
            offsets: taps.iter().map(place).collect(),
            windows: (0..phases).map(windows).collect(),
            sum: sum(Columns::forward(frame, &taps, phases)),
            to_phases: (0..phases)
                .map(|phase| sum(Columns::backward(frame, &taps, phase)))
                .collect(),
            inverse_count: inverse_count(planes.geometry, image, stride),
        }
    }

    /// Writes the maxima of one channel.
    pub(crate) fn maximum(
        &self,
        planes: Planes<'_>,
        value: &[f32],
        scratch: &mut WindowScratch,
        to: &mut [f32],
    ) {
        frame_phases(planes, value, &mut scratch.lowest);
        max_pool(planes.level, planes.frame, &self.offsets, &scratch.lowest, to);
        planes.geometry.clear_rest(to);
    }

    /// Writes the means of one channel.
    pub(crate) fn mean(
        &self,
        planes: Planes<'_>,
        value: &[f32],
        scratch: &mut WindowScratch,
        to: &mut [f32],
    ) {
        frame_phases(planes, value, &mut scratch.zero);
        self.sum.channel(0, &scratch.zero, to, false);
        planes.geometry.clear_rest(to);
        multiply(planes.level, to, &self.inverse_count);
    }

    /// Adds what comes back through the maximum, of gradient `scratch.plane`, to all phases `to` of
    /// one channel.
    pub(crate) fn maximum_backward(
        &self,
        planes: Planes<'_>,
        [value, maximum]: [&[f32]; 2],
        scratch: &mut WindowScratch,
        to: &mut [f32],
    ) {
        let Planes { level, geometry, frame } = planes;
        frame_phases(planes, value, &mut scratch.lowest);
        let sources = [&scratch.lowest[..], maximum];
        first_maximum(level, frame, &self.offsets, sources, &mut scratch.numbers);
        frame.fill(level, Map::COPY, &scratch.plane, &mut scratch.gradient);
        let sources = [&scratch.gradient[..], &scratch.numbers[..]];
        for (windows, to) in self.windows.iter().zip(to.chunks_exact_mut(geometry.flat)) {
            max_pool_backward(level, frame, windows, sources, to);
        }
    }

    /// As [`Window::maximum_backward`], through the mean.
    pub(crate) fn mean_backward(
        &self,
        planes: Planes<'_>,
        scratch: &mut WindowScratch,
        to: &mut [f32],
    ) {
        let Planes { level, geometry, frame } = planes;
        multiply(level, &mut scratch.plane, &self.inverse_count);
        frame.fill(level, Map::COPY, &scratch.plane, &mut scratch.gradient);
        for (kernel, to) in self.to_phases.iter().zip(to.chunks_exact_mut(geometry.flat)) {
            kernel.channel(0, &scratch.gradient, to, true);
        }
    }
}

fn frame_phases(planes: Planes<'_>, value: &[f32], to: &mut [f32]) {
    let framed = to.chunks_exact_mut(planes.frame.len);
    for (dense, framed) in value.chunks_exact(planes.geometry.flat).zip(framed) {
        planes.frame.fill(planes.level, Map::COPY, dense, framed);
    }
}

/// Counts the taps that lie in the image, by rows times columns.
fn inverse_count(geometry: &Geometry, [height, width]: [usize; 2], stride: usize) -> Vec<f32> {
    let reach = |at: usize, size: usize| {
        (0..3).filter(|tap| (1..=size).contains(&(at * stride + tap))).count()
    };
    let mut inverse = vec![0.0; geometry.flat];
    for (at, inverse) in inverse.iter_mut().enumerate().take(geometry.pixels()) {
        let rows = reach(at / geometry.width, height);
        let columns = reach(at % geometry.width, width);
        *inverse = 1.0 / (rows * columns) as f32;
    }
    inverse
}
