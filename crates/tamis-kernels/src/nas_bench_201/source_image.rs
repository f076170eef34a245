//! One image of the backward pass of one source.

use super::layout::{CONVOLUTIONS, OUTPUT, Plan};
use super::source_gradient::{Chunk, Scratch, SourceGradient};
use super::summation::sums_of;
use crate::buffer::Buffer;
use crate::correlate_weights::WeightCorrelation;
use crate::elementwise::{Term, add, add_neighbours, combine, multiply, relu, relu_backward};
use crate::reduce::products;
use crate::schedule::item;

impl<'a> SourceGradient<'a> {
    /// Fills the bordered planes of one image: gradients of the convolutions.
    pub(super) fn prepare(&self, image: usize, scratch: &mut Scratch) {
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        let source = &self.saved.sources[self.source];
        let value = self.plan.image(&source.value, image);
        self.pointwise.apply(value, &mut scratch.pointwise, geometry.flat);

        let outputs = self.plan.outputs(self.source);
        for (plane, to) in scratch.convolved.chunks_exact_mut(geometry.bordered).enumerate() {
            let (destination, channel) = (plane % outputs / shape.channels, plane % shape.channels);
            let convolved = if plane < outputs {
                source.convolved(self.plan, image, plane)
            } else {
                self.plan.geometry.plane(&scratch.pointwise, plane - outputs)
            };
            let gradient = self.gradient(destination, image, channel);
            self.normalisation[plane].apply(level, geometry, [gradient, convolved], to);
        }
    }

    /// Adds the weight gradients of one prepared image.
    pub(super) fn add_weights(&self, image: usize, scratch: &mut Scratch, sums: &mut [f32]) {
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        let value = self.plan.image(&self.saved.sources[self.source].value, image);
        relu(level, &mut scratch.passed, value);
        geometry.fill_pixels(level, &scratch.passed, &mut scratch.pixels);
        let outputs = self.plan.outputs(self.source);
        for of in CONVOLUTIONS {
            let first = of.number * outputs * geometry.bordered + geometry.front;
            let job = WeightCorrelation {
                geometry,
                lanes: &self.plan.lanes[of.number],
                source: &scratch.pixels,
                pixel: shape.channels,
                gradient: &scratch.convolved[first..],
                plane: geometry.bordered,
                outputs,
            };
            let place = self.plan.weight_sums_of(self.source, of, 0..outputs);
            job.accumulate(level, &mut sums[place]);
        }
    }

    /// Forms the gradient of the source for one prepared image, and its sums.
    pub(super) fn node_gradient(&self, image: usize, scratch: &mut Scratch, chunk: &mut Chunk<'_>) {
        let Some(kernel) = &self.kernel else { return };
        let geometry = &self.plan.geometry;
        kernel.apply(&scratch.convolved, &mut scratch.passed, geometry.flat);
        let local = image - chunk.images.start;
        if self.source > 0 {
            let gradient = item(chunk.gradient, local, self.plan.node());
            for (channel, plane) in gradient.chunks_exact_mut(geometry.flat).enumerate() {
                self.node_plane(image, channel, plane, scratch);
            }
            let sums = self.plan.shape.channels * sums_of(self.source);
            let sums = item(chunk.sums, local, sums);
            self.summation.image(image, gradient, sums, &mut scratch.summation);
        } else {
            let mut plane = Buffer::take(geometry.flat);
            let input = item(chunk.input, local, self.plan.shape.channels * geometry.pixels());
            for (channel, rows) in input.chunks_exact_mut(geometry.pixels()).enumerate() {
                self.node_plane(image, channel, &mut plane, scratch);
                geometry.unflatten(&plane, rows);
            }
        }
    }

    /// Adds up one plane of the node's gradient: through ReLU, skip and pooling.
    fn node_plane(&self, image: usize, channel: usize, to: &mut [f32], scratch: &mut Scratch) {
        let Plan { level, ref geometry, .. } = *self.plan;
        to.copy_from_slice(geometry.plane(&scratch.passed, channel));
        let value = self.saved.sources[self.source].value(self.plan, image, channel);
        relu_backward(level, to, value);
        let mut terms: [Term; OUTPUT] = [(0.0, &[]); OUTPUT];
        let count = self.skip.len();
        for (destination, term) in terms.iter_mut().enumerate().take(count) {
            *term = (self.skip[destination], self.gradient(destination, image, channel));
        }
        add(level, to, 0.0, &terms[..count], &geometry.mask);
        for (term, &share) in terms.iter_mut().zip(&self.pool) {
            term.0 = share;
        }
        let pooled = geometry.inner(&mut scratch.pooled);
        combine(level, pooled, 0.0, &terms[..count], &geometry.mask);
        multiply(level, pooled, &geometry.inverse_count);
        let corner = &scratch.pooled[geometry.tap(0, 0)..];
        add_neighbours(level, to, &geometry.ones, corner, geometry.stride);
    }

    /// Sums of products for the shares of skip and pooling: `[destination, (skip, pool)]`.
    pub(super) fn share_sums(&self, image: usize, scratch: &mut Scratch, sums: &mut [f32]) {
        if !self.shares_wanted {
            return;
        }
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        for channel in 0..shape.channels {
            let value = self.saved.sources[self.source].value(self.plan, image, channel);
            geometry.inner(&mut scratch.pooled).copy_from_slice(value);
            let pooled = &mut scratch.plane;
            pooled.fill(0.0);
            let corner = &scratch.pooled[geometry.tap(0, 0)..];
            add_neighbours(level, pooled, &geometry.inverse_count, corner, geometry.stride);
            for (destination, sums) in sums.chunks_exact_mut(2).enumerate() {
                let gradient = self.gradient(destination, image, channel);
                let [skip, pool] = products(level, gradient, [(0.0, value), (0.0, pooled)]);
                sums[0] += skip;
                sums[1] += pool;
            }
        }
    }

    /// One plane of the gradient of a destination, counted from the source.
    fn gradient(&self, destination: usize, image: usize, channel: usize) -> &'a [f32] {
        let node = &self.nodes[OUTPUT - self.source - 1 - destination];
        let plane = image * self.plan.shape.channels + channel;
        self.plan.geometry.plane(&node.planes, plane)
    }
}
