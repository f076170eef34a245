//! One stage of a depthwise separable convolution: a depthwise kernel on framed planes, then a 1x1
//! kernel over all channels, if there is one.
//!
//! The ReLU before it is applied by whoever fills the frame, or undone by whoever reads the gradient of
//! what was framed; the normalisation after it by whoever reads the result.

use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::correlate_weights::{Lanes, WeightCorrelation};
use crate::depthwise::{Columns, Depthwise, Tap, taps};
use crate::depthwise_weights::DepthwiseWeights;
use crate::frame::{Frame, Map};
use crate::plane::Geometry;
use crate::plane_products::plane_products;
use crate::simd::{Level, WIDE};
use crate::transpose::planes_to_pixels;

/// Planes of one size, and what works on them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes<'a> {
    pub(crate) level: Level,
    /// Of the results, dense, which is also that of a phase of the source.
    pub(crate) geometry: &'a Geometry,
    /// Around what the depthwise kernel reads.
    pub(crate) frame: &'a Frame,
}

/// Sizes of a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Rows and columns of the depthwise kernel.
    pub(crate) size: usize,
    pub(crate) dilation: usize,
    pub(crate) stride: usize,
    /// Whether there is a 1x1 kernel.
    pub(crate) pointwise: bool,
}

impl StageShape {
    fn taps(&self) -> Vec<Tap> {
        taps(self.size, self.dilation, self.stride)
    }

    /// Floats of the depthwise weights, `[input, tap]`.
    pub(crate) fn depthwise_weights(&self) -> usize {
        self.inputs * self.size * self.size
    }

    /// Planes of a channel of the source: even or odd rows by even or odd columns, or one.
    pub(crate) fn phases(&self) -> usize {
        self.stride * self.stride
    }

    fn depthwise(&self, planes: Planes<'_>, columns: Columns, weights: &[f32]) -> Depthwise {
        Depthwise::new(planes.level, planes.frame, columns, weights, self.size * self.size)
    }

    fn forward(&self, planes: Planes<'_>, weights: &[f32]) -> Depthwise {
        let columns = Columns::forward(planes.frame, &self.taps(), self.phases());
        self.depthwise(planes, columns, weights)
    }

    /// The gradient of one phase of the source.
    fn backward(&self, planes: Planes<'_>, weights: &[f32], phase: usize) -> Depthwise {
        let columns = Columns::backward(planes.frame, &self.taps(), phase);
        self.depthwise(planes, columns, weights)
    }
}

/// The kernels of one stage.
pub(crate) struct StageKernel {
    depthwise: Depthwise,
    pointwise: Option<Correlation>,
    /// Floats of a dense plane.
    flat: usize,
}

impl StageKernel {
    /// Of depthwise weights `[input, tap]` and 1x1 weights `[output, input]`, empty if there is no such
    /// kernel.
    pub(crate) fn new(
        planes: Planes<'_>,
        shape: &StageShape,
        [depthwise, pointwise]: [&[f32]; 2],
    ) -> StageKernel {
        let weight = |output: usize, input: usize| pointwise[output * shape.inputs + input];
        let mixing = || {
            let offsets = planes.geometry.offsets(shape.inputs);
            Correlation::new(planes.level, planes.geometry, offsets, shape.outputs, weight)
        };
        StageKernel {
            depthwise: shape.forward(planes, depthwise),
            pointwise: shape.pointwise.then(mixing),
            flat: planes.geometry.flat,
        }
    }

    /// Writes the dense result of the depthwise kernel of one channel, from its framed planes, into
    /// its plane of `between`. What lies after the pixels there must be zero and stays so.
    pub(crate) fn channel(&self, channel: usize, framed: &[f32], between: &mut [f32]) {
        let between = &mut between[channel * self.flat..][..self.flat];
        self.depthwise.channel(channel, framed, between, false);
    }

    /// Writes the dense planes of one image, once `between` holds all channels.
    pub(crate) fn mix(&self, between: &[f32], to: &mut [f32]) {
        match &self.pointwise {
            Some(pointwise) => pointwise.apply(between, to),
            None => to.copy_from_slice(between),
        }
    }
}

/// The gradients of one stage.
pub(crate) struct StageGradient {
    shape: StageShape,
    depthwise: Depthwise,
    /// Of each phase of the source, unless no tap reads it.
    to_source: Vec<Depthwise>,
    to_between: Option<Correlation>,
    /// Of the 1x1 weights over pixels, if they are whole vectors and planes are small.
    lanes: Option<Lanes>,
}

/// Most floats of a plane whose 1x1 weight gradients are taken pixel by pixel: adding up the lanes of
/// every pair of planes would take as long as the products.
const SMALL_PLANE: usize = 256;

/// Buffers of one thread.
pub(crate) struct StageScratch {
    /// Dense gradients of the results before normalisation.
    pub(crate) results: Buffer,
    /// Dense results of the depthwise kernel, zero after the pixels.
    between: Buffer,
    /// Their dense gradients.
    gradient: Buffer,
    /// That of one channel, framed.
    framed: Buffer,
    /// `between`, pixel by pixel.
    pixels: Buffer,
}

impl StageScratch {
    /// For stages of so many channels.
    pub(crate) fn new(planes: Planes<'_>, inputs: usize, outputs: usize) -> StageScratch {
        let flat = planes.geometry.flat;
        StageScratch {
            results: Buffer::take(outputs * flat),
            between: Buffer::zeros(inputs * flat),
            gradient: Buffer::take(inputs * flat),
            framed: planes.frame.take(1, 0.0),
            pixels: Buffer::take(inputs * flat),
        }
    }
}

impl StageGradient {
    /// Of weights as [`StageKernel::new`] has them.
    pub(crate) fn new(
        planes: Planes<'_>,
        shape: StageShape,
        [depthwise, pointwise]: [&[f32]; 2],
    ) -> StageGradient {
        let whole = shape.inputs.is_multiple_of(WIDE) && planes.geometry.flat <= SMALL_PLANE;
        let weight = |input: usize, output: usize| pointwise[output * shape.inputs + input];
        let unmixing = || {
            let offsets = planes.geometry.offsets(shape.outputs);
            Correlation::new(planes.level, planes.geometry, offsets, shape.inputs, weight)
        };
        StageGradient {
            depthwise: shape.forward(planes, depthwise),
            to_source: (0..shape.phases())
                .map(|phase| shape.backward(planes, depthwise, phase))
                .collect(),
            to_between: shape.pointwise.then(unmixing),
            lanes: whole.then(|| Lanes::new(&[0], shape.inputs)),
            shape,
        }
    }

    /// Takes the gradients in `scratch.results` back through the 1x1 kernel. Then follow
    /// [`StageGradient::channel`] for every channel, so that what belongs to a channel is done while
    /// it is in the first-level cache, and [`StageGradient::end`].
    pub(crate) fn begin(&self, scratch: &mut StageScratch) {
        match &self.to_between {
            Some(kernel) => {
                kernel.apply(&scratch.results, &mut scratch.gradient);
            }
            None => scratch.gradient.copy_from_slice(&scratch.results),
        }
    }

    /// From one channel's framed planes of the source: adds to `sums`, the depthwise and then the 1x1
    /// weights of the stage, and writes or adds (`keep`) the source's gradient, all phases of the
    /// channel; either may be empty.
    pub(crate) fn channel(
        &self,
        planes: Planes<'_>,
        (channel, framed): (usize, &[f32]),
        scratch: &mut StageScratch,
        sums: &mut [f32],
        (to, keep): (&mut [f32], bool),
    ) {
        let flat = planes.geometry.flat;
        let gradient = &scratch.gradient[channel * flat..][..flat];
        if !sums.is_empty() {
            if self.to_between.is_some() {
                let between = &mut scratch.between[channel * flat..][..flat];
                self.depthwise.channel(channel, framed, between, false);
            }
            let taps = self.shape.size * self.shape.size;
            let sums = &mut sums[channel * taps..][..taps];
            let job = DepthwiseWeights { frame: planes.frame, columns: &self.depthwise.columns };
            job.channel(planes.level, framed, gradient, sums);
        }
        if to.is_empty() {
            return;
        }
        planes.frame.fill(planes.level, Map::COPY, gradient, &mut scratch.framed);
        for (kernel, to) in self.to_source.iter().zip(to.chunks_exact_mut(flat)) {
            kernel.channel(channel, &scratch.framed, to, keep);
        }
    }

    /// Adds to `sums`, those of [`StageGradient::channel`], the gradient of the 1x1 kernel.
    pub(crate) fn end(&self, planes: Planes<'_>, scratch: &mut StageScratch, sums: &mut [f32]) {
        if sums.is_empty() || self.to_between.is_none() {
            return;
        }
        let (_, sums) = sums.split_at_mut(self.shape.depthwise_weights());
        let (level, plane) = (planes.level, planes.geometry.flat);
        let Some(lanes) = &self.lanes else {
            let factors = [&scratch.results[..], &scratch.between[..]];
            return plane_products(level, plane, factors, sums);
        };
        planes_to_pixels(level, &scratch.between, plane, &mut scratch.pixels);
        let job = WeightCorrelation {
            geometry: planes.geometry,
            lanes,
            source: &scratch.pixels,
            pixel: self.shape.inputs,
            gradient: &scratch.results,
            plane,
            outputs: self.shape.outputs,
        };
        job.accumulate(level, sums);
    }
}
