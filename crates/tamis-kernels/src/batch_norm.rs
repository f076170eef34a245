//! What a convolution and its normalisation have in common whatever the convolution is: its results
//! before normalisation with the statistics of the batch, the way from there to plain rows, and back
//! from the gradient of these.
//!
//! How an image is convolved, and what becomes of the gradient before normalisation, is the caller's.

use crate::Level;
use crate::buffer::Buffer;
use crate::chunks::Chunks;
use crate::destination::Destination;
use crate::elementwise::combine;
use crate::phases::Phase;
use crate::plane::Geometry;
use crate::reduce::{product, sum};
use crate::statistics::{Moments, Normalisation, Statistics};
use rayon::prelude::*;

/// Scale and shift of each output channel.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// `[outputs]`.
    pub gamma: &'a [f32],
    /// `[outputs]`.
    pub beta: &'a [f32],
}

impl Affine<'_> {
    /// # Panics
    /// If they are not of so many channels.
    pub(crate) fn check(&self, outputs: usize) {
        assert_eq!(self.gamma.len(), outputs, "length of gamma");
        assert_eq!(self.beta.len(), outputs, "length of beta");
    }
}

/// Which gradients to compute besides that of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Of the weights.
    pub weights: bool,
    /// Of gamma and beta.
    pub affine: bool,
}

/// The planes of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) level: Level,
    pub(crate) geometry: &'a Geometry,
    pub(crate) images: usize,
    /// Planes of an image.
    pub(crate) channels: usize,
}

/// Results of a convolution before normalisation.
#[derive(Debug)]
pub(crate) struct Convolved {
    /// Flat planes, `[image, channel]`.
    planes: Buffer,
    statistics: Vec<Statistics>,
}

impl Convolved {
    /// Has `convolve` write the flat planes of each image, given what `scratch` makes for a thread.
    pub(crate) fn new<S>(
        of: Batch<'_>,
        scratch: impl Fn() -> S + Sync,
        convolve: impl Fn(usize, &mut S, &mut [f32]) + Sync,
    ) -> Convolved {
        let Batch { level, geometry, images, channels } = of;
        let chunks = Chunks::of(images);
        let chunk = chunks.size();
        let values = channels * geometry.flat;
        let mut planes = Buffer::take(images * values);
        let mut moments = vec![Moments::default(); images * channels];
        let pieces =
            planes.par_chunks_mut(chunk * values).zip(moments.par_chunks_mut(chunk * channels));
        pieces.enumerate().for_each(|(number, (planes, moments))| {
            let mut scratch = scratch();
            let of_images = planes.chunks_exact_mut(values).zip(moments.chunks_exact_mut(channels));
            for (image, (planes, moments)) in (number * chunk..).zip(of_images) {
                convolve(image, &mut scratch, planes);
                for (moments, plane) in moments.iter_mut().zip(planes.chunks_exact(geometry.flat)) {
                    *moments = Moments::of(level, plane, geometry);
                }
            }
        });
        let statistics = Statistics::of_channels(chunks, &moments, geometry.pixels());
        Convolved { planes, statistics }
    }

    /// Mean and biased variance of each channel.
    pub(crate) fn statistics(&self) -> [Vec<f32>; 2] {
        let values = |value: fn(&Statistics) -> f64| {
            self.statistics.iter().map(|of| value(of) as f32).collect()
        };
        [values(|of| of.mean), values(|of| of.variance)]
    }

    /// Writes or adds the normalised planes, scaled and shifted, as plain rows.
    pub(crate) fn normalise(
        &self,
        of: Batch<'_>,
        affine: Option<Affine<'_>>,
        output: Destination<'_>,
    ) {
        let of_channel = |(channel, of): (usize, &Statistics)| {
            let (gamma, beta) =
                affine.map_or((1.0, 0.0), |of| (of.gamma[channel], of.beta[channel]));
            let factor = f64::from(gamma) * of.inverse_deviation();
            (factor as f32, (f64::from(beta) - factor * of.mean) as f32)
        };
        let scales: Vec<_> = self.statistics.iter().enumerate().map(of_channel).collect();
        self.write(of, &scales, output);
    }

    /// Writes or adds the planes themselves, scaled and shifted, as plain rows.
    pub(crate) fn scale(&self, of: Batch<'_>, affine: Option<Affine<'_>>, output: Destination<'_>) {
        let channels = 0..of.channels;
        let scales: Vec<_> = match affine {
            Some(Affine { gamma, beta }) => channels.map(|of| (gamma[of], beta[of])).collect(),
            None => vec![(1.0, 0.0); of.channels],
        };
        self.write(of, &scales, output);
    }

    /// Writes or adds every channel times its factor plus its constant.
    fn write(&self, of: Batch<'_>, scales: &[(f32, f32)], output: Destination<'_>) {
        let Batch { level, geometry, images, channels } = of;
        let (output, keep) = output.open();
        let values = channels * geometry.pixels();
        assert_eq!(output.len(), images * values, "length of the output");
        output.par_chunks_mut(values).enumerate().for_each(|(image, output)| {
            let mut plane = Buffer::take(geometry.flat);
            for (channel, rows) in output.chunks_exact_mut(geometry.pixels()).enumerate() {
                let (factor, constant) = scales[channel];
                let convolved = geometry.plane(&self.planes, image * channels + channel);
                combine(level, &mut plane, constant, &[(factor, convolved)], &geometry.mask);
                let from = (geometry.stride, &plane[..]);
                Phase::WHOLE.scatter(from, (geometry.width, rows), keep);
            }
        });
    }
}

/// The gradient of an output, and how that before normalisation follows.
pub(crate) struct OutputGradient<'a> {
    of: Batch<'a>,
    convolved: &'a Convolved,
    /// Flat planes, `[image, channel]`.
    planes: Buffer,
    /// `sum(g)` and `sum(g (y - mean))` of each channel.
    totals: Vec<[f64; 2]>,
    normalisations: Vec<Normalisation>,
}

impl<'a> OutputGradient<'a> {
    /// From plain rows.
    ///
    /// # Panics
    /// If there are not as many values as the output has.
    pub(crate) fn new(
        of: Batch<'a>,
        convolved: &'a Convolved,
        affine: Option<Affine<'_>>,
        rows: &[f32],
    ) -> OutputGradient<'a> {
        let Batch { level, geometry, images, channels } = of;
        let pixels = geometry.pixels();
        assert_eq!(rows.len(), images * channels * pixels, "length of the output gradient");
        let mut planes = Buffer::take(images * channels * geometry.flat);
        let mut sums = vec![0.0; images * channels * 2];
        let of_planes = planes.par_chunks_mut(geometry.flat).zip(sums.as_chunks_mut().0);
        of_planes.enumerate().for_each(|(number, (plane, sums))| {
            geometry.flatten(&rows[number * pixels..][..pixels], plane);
            let mean = convolved.statistics[number % channels].mean as f32;
            let value = geometry.plane(&convolved.planes, number);
            *sums = [sum(level, plane), product(level, plane, (mean, value))];
        });
        let totals = Chunks::of(images).totals(&sums, channels * 2).as_chunks().0.to_vec();
        let normalisation = |channel: usize| {
            let scale = affine.map_or(1.0, |affine| affine.gamma[channel]);
            convolved.statistics[channel].backward(scale, totals[channel], images * pixels)
        };
        let normalisations = (0..channels).map(normalisation).collect();
        OutputGradient { of, convolved, planes, totals, normalisations }
    }

    /// Writes the gradient before normalisation of one image into bordered planes.
    pub(crate) fn before(&self, image: usize, bordered: &mut [f32]) {
        let Batch { level, geometry, channels, .. } = self.of;
        for (channel, to) in bordered.chunks_exact_mut(geometry.bordered).enumerate() {
            let plane = image * channels + channel;
            let of_planes =
                [&self.planes, &self.convolved.planes].map(|of| geometry.plane(of, plane));
            self.normalisations[channel].apply(level, geometry, of_planes, to);
        }
    }

    /// Of the scales.
    pub(crate) fn gamma(&self) -> Vec<f32> {
        let channels = self.totals.iter().zip(&self.convolved.statistics);
        channels.map(|(total, of)| (total[1] * of.inverse_deviation()) as f32).collect()
    }

    /// Of the shifts.
    pub(crate) fn beta(&self) -> Vec<f32> {
        self.totals.iter().map(|total| total[0] as f32).collect()
    }
}
