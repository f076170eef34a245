//! The convolution and its gradients as correlations over the phases of the input that taps read.

use super::ConvShape;
use crate::Level;
use crate::batch_norm::Batch;
use crate::correlate::Correlation;
use crate::correlate_weights::Lanes;
use crate::phases::Phase;
use crate::plane::Geometry;

/// Everything that follows from the sizes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) level: Level,
    pub(super) shape: ConvShape,
    /// Of the output, and of each phase of the input.
    pub(super) geometry: Geometry,
    taps: Vec<Tap>,
    /// The phases that some tap reads.
    pub(super) phases: Vec<Phase>,
}

/// What one tap of the kernel reads.
#[derive(Clone, Copy, Debug)]
struct Tap {
    phase: usize,
    /// Row and column of a 3x3 kernel on that phase.
    place: [usize; 2],
}

impl Plan {
    pub(super) fn new(level: Level, shape: ConvShape) -> Plan {
        let geometry = Geometry::new(shape.output_height(), shape.output_width());
        let mut phases = Vec::new();
        let mut taps = Vec::new();
        for &[row, column] in shape.kernel.places() {
            let ([row_phase, row], [column_phase, column]) =
                (split(row, &shape), split(column, &shape));
            let phase = Phase { row: row_phase, column: column_phase, stride: shape.stride };
            let number = phases.iter().position(|&known| known == phase).unwrap_or_else(|| {
                phases.push(phase);
                phases.len() - 1
            });
            taps.push(Tap { phase: number, place: [row, column] });
        }
        Plan { level, shape, geometry, taps, phases }
    }

    /// The planes of the output.
    pub(super) fn outputs(&self) -> Batch<'_> {
        Batch {
            level: self.level,
            geometry: &self.geometry,
            images: self.shape.batch,
            channels: self.shape.outputs,
        }
    }

    /// Planes of one image of the input.
    pub(super) fn input_planes(&self) -> usize {
        self.shape.inputs * self.phases.len()
    }

    /// The lanes of the weights over the input stored pixel by pixel.
    pub(super) fn lanes(&self) -> Lanes {
        let offset = |tap: &Tap| {
            let pixels = self.geometry.pixel_tap(tap.place[0], tap.place[1]);
            pixels * self.input_planes() + tap.phase * self.shape.inputs
        };
        let offsets: Vec<usize> = self.taps.iter().map(offset).collect();
        Lanes::new(&offsets, self.shape.inputs)
    }

    /// Offsets of every (input channel, tap) in bordered planes of the input.
    fn offsets(&self) -> Vec<usize> {
        let channels = 0..self.shape.inputs;
        let of_channel = |channel| self.taps.iter().map(move |tap| self.offset(channel, tap));
        channels.flat_map(of_channel).collect()
    }

    fn offset(&self, channel: usize, tap: &Tap) -> usize {
        let plane = tap.phase * self.shape.inputs + channel;
        plane * self.geometry.bordered + self.geometry.tap(tap.place[0], tap.place[1])
    }

    /// The convolution.
    pub(super) fn forward(&self, weights: &[f32]) -> Correlation {
        let offsets = self.offsets();
        let each = offsets.len();
        Correlation::new(self.level, &self.geometry, offsets, self.shape.outputs, |output, k| {
            weights[output * each + k]
        })
    }

    /// The gradient of each phase of the input, from bordered planes of the output: taps mirrored.
    pub(super) fn backward(&self, weights: &[f32]) -> Vec<Correlation> {
        (0..self.phases.len()).map(|phase| self.backward_phase(weights, phase)).collect()
    }

    fn backward_phase(&self, weights: &[f32], phase: usize) -> Correlation {
        let mut offsets = Vec::new();
        let mut places = Vec::new();
        for output in 0..self.shape.outputs {
            for (number, tap) in self.taps.iter().enumerate().filter(|(_, tap)| tap.phase == phase)
            {
                let mirrored = self.geometry.tap(2 - tap.place[0], 2 - tap.place[1]);
                offsets.push(output * self.geometry.bordered + mirrored);
                places.push((output, number));
            }
        }
        Correlation::new(self.level, &self.geometry, offsets, self.shape.inputs, |input, k| {
            let (output, tap) = places[k];
            weights[(output * self.shape.inputs + input) * self.taps.len() + tap]
        })
    }

    /// Writes the phases of one image, `[phase, channel]`, into flat `planes`, through the ReLU if there
    /// is one.
    pub(super) fn gather<'a>(
        &self,
        input: &[f32],
        image: usize,
        planes: impl Iterator<Item = &'a mut [f32]>,
    ) {
        let ConvShape { inputs, height, width, relu, .. } = self.shape;
        let image = &input[image * inputs * height * width..][..inputs * height * width];
        let channels = |phase| image.chunks_exact(height * width).map(move |rows| (phase, rows));
        let sources = self.phases.iter().flat_map(channels);
        for ((phase, rows), plane) in sources.zip(planes) {
            let (rows, plane) = ((width, rows), (self.geometry.stride, plane));
            if relu {
                // A NaN stays a NaN.
                phase.gather(rows, plane, 0.0, |pixel| if pixel < 0.0 { 0.0 } else { pixel });
            } else {
                phase.gather(rows, plane, 0.0, |pixel| pixel);
            }
        }
    }
}

/// Phase and place on that phase, 0 to 2, of one coordinate of a tap.
fn split(tap: usize, shape: &ConvShape) -> [usize; 2] {
    // Counted from one stride before the output's own pixel, so as to stay positive.
    let position = shape.stride + tap - shape.kernel.border();
    [position % shape.stride, position / shape.stride]
}
