//! Everything that flows back into one node from the edges that leave it: what it needs, and how it
//! is spread over threads. The work on one image is in `source_image`.

use super::layout::{CONVOLUTIONS, Convolution, OUTPUT, POINTWISE, POOL, Plan, SKIP, share};
use super::node_gradient::NodeGradient;
use super::summation::{self, Summation, sums_of};
use super::{Saved, Wants};
use crate::buffer::Buffer;
use crate::correlate::Correlation;
use crate::schedule::{Pieces, item};
use crate::statistics::Normalisation;
use rayon::prelude::*;
use std::ops::Range;

/// One pass over the images for one source.
pub(super) struct SourceGradient<'a> {
    pub(super) saved: &'a Saved,
    pub(super) plan: &'a Plan,
    pub(super) source: usize,
    /// Gradients of the nodes from the output down to the one after the source.
    pub(super) nodes: &'a [NodeGradient],
    /// How the gradient of each convolution plane follows from that of its node.
    pub(super) normalisation: Vec<Normalisation>,
    /// Whether the gradient of this node is needed.
    pub(super) gradient_wanted: bool,
    /// Absent if that is not needed or there are no convolutions.
    pub(super) kernel: Option<Correlation>,
    /// The 1x1 convolutions that leave the source, unless their results are kept.
    pub(super) pointwise: Option<Correlation>,
    /// The sums that the gradient of this node needs.
    pub(super) summation: Summation<'a>,
    weights_wanted: bool,
    /// Nodes that skip connections enter, and their shares.
    pub(super) skip: Vec<(usize, f32)>,
    /// The same of the pool.
    pub(super) pool: Vec<(usize, f32)>,
    pub(super) shares_wanted: bool,
}

/// What a pass found.
pub(super) struct Results {
    /// Flat planes, `[image, channel]`; empty for node 0.
    pub(super) gradient: Buffer,
    /// See [`Summation`]; empty for node 0.
    pub(super) sums: Vec<f32>,
    /// `[chunk, convolution, output plane, lane]`, or empty.
    pub(super) weights: Buffer,
    /// `[image, destination, (skip, pool)]`, 0 for what does not run; or empty.
    pub(super) shares: Vec<f32>,
}

/// The images of one chunk and where their results go; what is not wanted is empty.
pub(super) struct Chunk<'a> {
    pub(super) images: Range<usize>,
    pub(super) gradient: &'a mut [f32],
    pub(super) input: &'a mut [f32],
    pub(super) sums: &'a mut [f32],
    weights: &'a mut [f32],
    shares: &'a mut [f32],
}

impl Plan {
    /// Floats of the sums for the weights of all convolutions that leave `source`.
    pub(super) fn weight_sums(&self, source: usize) -> usize {
        self.weight_sums_before(source, CONVOLUTIONS.len())
    }

    /// Where among them those of one convolution are.
    pub(super) fn weight_sums_of(&self, source: usize, of: Convolution) -> Range<usize> {
        let [start, end] = [0, 1].map(|next| self.weight_sums_before(source, of.number + next));
        start..end
    }

    fn weight_sums_before(&self, source: usize, number: usize) -> usize {
        let each = |of: Convolution| self.outputs(source, of) * self.lanes[of.number].count();
        CONVOLUTIONS.into_iter().take(number).map(each).sum()
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
            let nodes = plan.entered(source, operation);
            nodes.map(|node| (node, share(shares, source, node, operation))).collect()
        };
        let gradient_wanted = source > 0 || wants.input;
        SourceGradient {
            saved,
            plan,
            source,
            nodes,
            normalisation: normalisation(saved, source, shares, nodes),
            gradient_wanted,
            kernel: if gradient_wanted { plan.backward(weights, source) } else { None },
            pointwise: if plan.keeps(POINTWISE) {
                None
            } else {
                plan.pointwise_forward(weights, source)
            },
            summation: Summation::new(saved, weights, source),
            weights_wanted: wants.weights,
            skip: of_operation(SKIP),
            pool: of_operation(POOL),
            shares_wanted: wants.shares,
        }
    }

    /// Runs over all chunks; writes the gradient of node 0 to `input` unless that is empty.
    pub(super) fn run(&self, input: &mut [f32]) -> Results {
        let Plan { shape, chunks, .. } = *self.plan;
        let inner = usize::from(self.source > 0);
        let gradient_values = inner * self.plan.node();
        let input_values = input.len() / shape.batch;
        let sum_values = inner * shape.channels * sums_of(self.source);
        let weight_values =
            if self.weights_wanted { self.plan.weight_sums(self.source) } else { 0 };
        let share_values = if self.shares_wanted { 2 * (OUTPUT - self.source) } else { 0 };

        let mut results = Results {
            gradient: Buffer::take(shape.batch * gradient_values),
            sums: vec![0.0; shape.batch * sum_values],
            weights: Buffer::take(chunks.count() * weight_values),
            shares: vec![0.0; shape.batch * share_values],
        };
        let mut gradient = Pieces(&mut results.gradient, chunks.size() * gradient_values);
        let mut input = Pieces(input, chunks.size() * input_values);
        let mut sums = Pieces(&mut results.sums, chunks.size() * sum_values);
        let mut weights = Pieces(&mut results.weights, weight_values);
        let mut shares = Pieces(&mut results.shares, chunks.size() * share_values);
        let tasks: Vec<Chunk<'_>> = chunks
            .iter()
            .map(|images| Chunk {
                images,
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
            if self.gradient_wanted || self.weights_wanted {
                self.prepare(image, &mut scratch);
            }
            if self.weights_wanted {
                self.add_weights(image, &mut scratch, chunk.weights);
            }
            self.node_gradient(image, &mut scratch, &mut chunk);
            let shares = item(chunk.shares, image - chunk.images.start, 2 * (OUTPUT - self.source));
            self.share_sums(image, &mut scratch, shares);
        }
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
    for (of, destination) in saved.plan.convolutions(source) {
        let share = share(shares, source, destination, of.operation);
        let node = &nodes[OUTPUT - destination];
        for channel in 0..shape.channels {
            let sums = [node.total(channel), node.product(channel, source, of)];
            let statistics = saved.sources[source].statistics[planes.len()];
            planes.push(statistics.backward(share, sums, values));
        }
    }
    planes
}

/// Buffers of one thread; what lies outside the inner planes of bordered ones stays zero.
pub(super) struct Scratch {
    /// Bordered gradients of the convolutions.
    pub(super) convolved: Buffer,
    /// The rectified source pixel by pixel.
    pub(super) pixels: Buffer,
    /// Flat planes of the 1x1 convolutions.
    pub(super) pointwise: Buffer,
    pub(super) summation: summation::Scratch,
    /// Flat planes of the gradient before the ReLU.
    pub(super) passed: Buffer,
    /// One bordered plane.
    pub(super) pooled: Buffer,
    /// One flat plane.
    pub(super) plane: Buffer,
}

impl Scratch {
    fn new(pass: &SourceGradient<'_>) -> Self {
        let Plan { ref geometry, ref shape, .. } = *pass.plan;
        let planes = pass.plan.planes(pass.source);
        let computed_again = planes - pass.plan.kept_planes(pass.source);
        Scratch {
            convolved: geometry.take_bordered(planes),
            pixels: geometry.take_pixels(shape.channels),
            pointwise: Buffer::take(computed_again * geometry.flat),
            summation: pass.summation.scratch(),
            passed: Buffer::take(pass.plan.node()),
            pooled: geometry.take_bordered(1),
            plane: Buffer::take(geometry.flat),
        }
    }
}
