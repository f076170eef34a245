//! Channels brought to another number by averaging neighbours: what mixed sums of unequal widths do first.

use rayon::prelude::*;
use tamis_graph::averaged_channels;
use tamis_kernels::Buffer;

use super::linear::add_scaled;

/// How the channels of an input become those of a mixed sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alignment {
    /// Channels of the input.
    pub(crate) channels: usize,
    /// How many of them, the first ones, are not zeros for want of something wider.
    pub(crate) width: usize,
    /// Channels of the sum.
    pub(crate) outputs: usize,
    /// How many of them, likewise.
    pub(crate) output_width: usize,
    /// Pixels of a channel.
    pub(crate) plane: usize,
}

impl Alignment {
    /// Whether the input stays as it is.
    pub(crate) fn is_identity(&self) -> bool {
        self.channels == self.outputs && self.width == self.output_width
    }

    /// `[sample, output, pixel]` of `[sample, channel, pixel]`: means of neighbours, zeros behind them.
    pub(crate) fn forward(&self, input: &[f32]) -> Buffer {
        let [from, to] = [self.channels, self.outputs].map(|channels| channels * self.plane);
        let mut output = Buffer::zeros(input.len() / from * to);
        let samples = output.par_chunks_mut(to).zip(input.par_chunks(from));
        samples.for_each(|(output, input)| {
            self.each(|number, channel, factor| {
                let from = &input[channel * self.plane..][..self.plane];
                add_scaled(&mut output[number * self.plane..][..self.plane], from, factor);
            });
        });
        output
    }

    /// The gradient of the input.
    pub(crate) fn backward(&self, gradient: &[f32]) -> Buffer {
        let [to, from] = [self.channels, self.outputs].map(|channels| channels * self.plane);
        let mut of_input = Buffer::zeros(gradient.len() / from * to);
        let samples = of_input.par_chunks_mut(to).zip(gradient.par_chunks(from));
        samples.for_each(|(of_input, gradient)| {
            self.each(|number, channel, factor| {
                let from = &gradient[number * self.plane..][..self.plane];
                add_scaled(&mut of_input[channel * self.plane..][..self.plane], from, factor);
            });
        });
        of_input
    }

    /// Calls for every output and every channel that it averages, with the weight of that.
    fn each(&self, mut task: impl FnMut(usize, usize, f32)) {
        for output in 0..self.output_width {
            let window = averaged_channels(output, [self.width, self.output_width]);
            let factor = 1.0 / window.len() as f32;
            window.for_each(|channel| task(output, channel, factor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three of four channels become four of five, on two pixels.
    const ALIGNMENT: Alignment =
        Alignment { channels: 4, width: 3, outputs: 5, output_width: 4, plane: 2 };

    #[test]
    fn channels_are_means_of_their_neighbours_and_the_rest_zeros() {
        let input = [1.0, 10.0, 3.0, 30.0, 7.0, 70.0, 99.0, 99.0];
        let expected = [1.0, 10.0, 2.0, 20.0, 5.0, 50.0, 7.0, 70.0, 0.0, 0.0];
        let two = [input, input].concat();
        assert_eq!(ALIGNMENT.forward(&two)[..], [expected, expected].concat());
    }

    #[test]
    fn the_gradient_is_the_transpose() {
        let input: Vec<f32> = (0..16).map(|at| (at as f32 * 0.7).sin()).collect();
        let gradient: Vec<f32> = (0..20).map(|at| (at as f32 * 1.3).cos()).collect();
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let forward = product(&ALIGNMENT.forward(&input), &gradient);
        let backward = product(&input, &ALIGNMENT.backward(&gradient));
        assert!((forward - backward).abs() < 1e-5, "{forward} {backward}");
    }
}
