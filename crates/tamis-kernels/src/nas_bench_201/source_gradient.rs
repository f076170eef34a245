//! Everything that flows back into one node from the edges that leave it, image by image.

use super::backward::NodeGradient;
use super::layout::{
    CONVOLUTIONS, Convolution, OUTPUT, POINTWISE, POOL, Plan, SKIP, destinations, share,
};
use super::summation::{self, Summation, sums_of};
use super::{Saved, Wants};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::correlate_weights::{Lanes, WeightCorrelation};
use crate::elementwise::{Term, add, add_neighbours, combine, multiply, relu, relu_backward};
use crate::reduce::products;
use crate::schedule::{Pieces, item};
use crate::statistics::Normalisation;
use rayon::prelude::*;
use std::ops::Range;

/// One pass over the images for one source.
pub(super) struct SourceGradient<'a> {
    saved: &'a Saved,
    plan: &'a Plan,
    source: usize,
    /// Gradients of the nodes from the output down to the one after the source.
    nodes: &'a [NodeGradient],
    /// How the gradient of each convolution plane follows from that of its node.
    normalisation: Vec<Normalisation>,
    /// Absent if the gradient of this node is not needed.
    kernel: Option<Correlation>,
    /// The 1x1 convolutions that leave the source.
    pointwise: Correlation,
    /// The sums that the gradient of this node needs.
    summation: Summation<'a>,
    weights_wanted: bool,
    skip: Vec<f32>,
    pool: Vec<f32>,
    shares_wanted: bool,
}

/// What a pass found.
pub(super) struct Results {
    /// Flat planes, `[image, channel]`; empty for node 0.
    pub(super) gradient: Buffer,
    /// See [`Summation`]; empty for node 0.
    pub(super) sums: Vec<f32>,
    /// `[chunk, convolution, output plane, lane]`, or empty.
    pub(super) weights: Buffer,
    /// `[image, destination, (skip, pool)]`, or empty.
    pub(super) shares: Vec<f32>,
}

/// The images of one chunk and where their results go; what is not wanted is empty.
struct Chunk<'a> {
    images: Range<usize>,
    gradient: &'a mut [f32],
    input: &'a mut [f32],
    sums: &'a mut [f32],
    weights: &'a mut [f32],
    shares: &'a mut [f32],
}

impl Plan {
    /// Floats of the sums for the weights of all convolutions that leave `source`.
    pub(super) fn weight_sums(&self, source: usize) -> usize {
        let lanes: usize = self.lanes.iter().map(Lanes::count).sum();
        self.outputs(source) * lanes
    }

    /// Where among them those of some outputs of one convolution are.
    pub(super) fn weight_sums_of(
        &self,
        source: usize,
        of: Convolution,
        outputs: Range<usize>,
    ) -> Range<usize> {
        let before: usize = self.lanes[..of.number].iter().map(Lanes::count).sum();
        let first = before * self.outputs(source);
        let each = self.lanes[of.number].count();
        first + outputs.start * each..first + outputs.end * each
    }
}

impl<'a> SourceGradient<'a> {
    pub(super) fn new(
        saved: &'a Saved,
        source: usize,
        weights: &[f32],
        shares: &[f32],
        nodes: &'a [NodeGradient],
        wants: Wants,
    ) -> Self {
        let plan = &saved.plan;
        let of_operation = |operation| {
            destinations(source).map(|node| share(shares, source, node, operation)).collect()
        };
        let gradient_needed = source > 0 || wants.input;
        SourceGradient {
            saved,
            plan,
            source,
            nodes,
            normalisation: normalisation(saved, source, shares, nodes),
            kernel: gradient_needed.then(|| plan.backward(weights, source)),
            pointwise: plan.forward(weights, source, POINTWISE),
            summation: Summation::new(saved, weights, source),
            weights_wanted: wants.weights,
            skip: of_operation(SKIP),
            pool: of_operation(POOL),
            shares_wanted: wants.shares,
        }
    }

    /// Runs over all chunks; writes the gradient of node 0 to `input` unless that is empty.
    pub(super) fn run(&self, input: &mut [f32]) -> Results {
        let Plan { shape, schedule, .. } = *self.plan;
        let inner = usize::from(self.source > 0);
        let gradient_values = inner * self.plan.node();
        let input_values = input.len() / shape.batch;
        let sum_values = inner * shape.channels * sums_of(self.source);
        let weight_values =
            if self.weights_wanted { self.plan.weight_sums(self.source) } else { 0 };
        let share_values = if self.shares_wanted { 2 * (OUTPUT - self.source) } else { 0 };

        let chunks = shape.batch.div_ceil(schedule.chunk);
        let mut results = Results {
            gradient: Buffer::take(shape.batch * gradient_values),
            sums: vec![0.0; shape.batch * sum_values],
            weights: Buffer::take(chunks * weight_values),
            shares: vec![0.0; shape.batch * share_values],
        };
        let mut gradient = Pieces(&mut results.gradient, schedule.chunk * gradient_values);
        let mut input = Pieces(input, schedule.chunk * input_values);
        let mut sums = Pieces(&mut results.sums, schedule.chunk * sum_values);
        let mut weights = Pieces(&mut results.weights, weight_values);
        let mut shares = Pieces(&mut results.shares, schedule.chunk * share_values);
        let tasks: Vec<Chunk<'_>> = (0..chunks)
            .map(|chunk| Chunk {
                images: schedule.images(chunk, shape.batch),
                gradient: gradient.next(),
                input: input.next(),
                sums: sums.next(),
                weights: weights.next(),
                shares: shares.next(),
            })
            .collect();
        tasks.into_par_iter().for_each(|chunk| self.run_chunk(chunk));
        results
    }

    fn run_chunk(&self, mut chunk: Chunk<'_>) {
        let mut scratch = Scratch::new(self);
        chunk.weights.fill(0.0);
        for image in chunk.images.clone() {
            if self.kernel.is_some() || self.weights_wanted {
                self.prepare(image, &mut scratch);
            }
            if self.weights_wanted {
                self.add_weights(image, &mut scratch, chunk.weights);
            }
            self.node_gradient(image, &mut scratch, &mut chunk);
            let shares = item(chunk.shares, image - chunk.images.start, 2 * self.skip.len());
            self.share_sums(image, &mut scratch, shares);
        }
    }

    /// Fills the bordered planes of one image: rectified source, gradients of the convolutions.
    fn prepare(&self, image: usize, scratch: &mut Scratch) {
        let Plan { level, ref geometry, ref shape, .. } = *self.plan;
        let source = &self.saved.sources[self.source];
        self.plan.rectify(self.plan.image(&source.value, image), &mut scratch.rectified);
        self.pointwise.apply(&scratch.rectified, &mut scratch.pointwise, geometry.flat);

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
    fn add_weights(&self, image: usize, scratch: &mut Scratch, sums: &mut [f32]) {
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
    fn node_gradient(&self, image: usize, scratch: &mut Scratch, chunk: &mut Chunk<'_>) {
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
    fn share_sums(&self, image: usize, scratch: &mut Scratch, sums: &mut [f32]) {
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

/// Of every convolution plane that leaves `source`.
fn normalisation(
    saved: &Saved,
    source: usize,
    shares: &[f32],
    nodes: &[NodeGradient],
) -> Vec<Normalisation> {
    let Plan { ref shape, ref geometry, .. } = saved.plan;
    let values = shape.batch * geometry.pixels();
    let mut planes = Vec::with_capacity(saved.plan.planes(source));
    for of in CONVOLUTIONS {
        for destination in destinations(source) {
            let share = share(shares, source, destination, of.operation);
            let node = &nodes[OUTPUT - destination];
            for channel in 0..shape.channels {
                let sums = [node.total(channel), node.product(channel, source, of)];
                let statistics = saved.sources[source].statistics[planes.len()];
                planes.push(statistics.backward(share, sums, values));
            }
        }
    }
    planes
}

/// Buffers of one thread; what lies outside the inner planes of bordered ones stays zero.
struct Scratch {
    /// Bordered gradients of the convolutions.
    convolved: Buffer,
    /// Bordered rectified source.
    rectified: Buffer,
    /// The rectified source pixel by pixel.
    pixels: Buffer,
    /// Flat planes of the 1x1 convolutions.
    pointwise: Buffer,
    summation: summation::Scratch,
    /// Flat planes of the gradient before the ReLU.
    passed: Buffer,
    /// One bordered plane.
    pooled: Buffer,
    /// One flat plane.
    plane: Buffer,
}

impl Scratch {
    fn new(pass: &SourceGradient<'_>) -> Self {
        let Plan { ref geometry, ref shape, .. } = *pass.plan;
        Scratch {
            convolved: geometry.take_bordered(pass.plan.planes(pass.source)),
            rectified: geometry.take_bordered(shape.channels),
            pixels: geometry.take_pixels(shape.channels),
            pointwise: Buffer::take(pass.plan.outputs(pass.source) * geometry.flat),
            summation: pass.summation.scratch(),
            passed: Buffer::take(pass.plan.node()),
            pooled: geometry.take_bordered(1),
            plane: Buffer::take(geometry.flat),
        }
    }
}
