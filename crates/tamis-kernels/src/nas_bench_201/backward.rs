//! The backward pass: for each of nodes 2, 1, 0 the gradients of what leaves it, and their sum,
//! the gradient of the node, with the sums over the batch that the next node down needs.

use super::layout::{EDGE_WEIGHTS, OUTPUT, POOL, Plan, SKIP, SOURCES};
use super::layout::{destinations, edge};
use super::node_gradient::NodeGradient;
use super::source_gradient::{Results, SourceGradient};
use super::{EDGES, Gradients, OPERATIONS, Saved, Wants};
use crate::buffer::Buffer;
use crate::chunks;
use rayon::prelude::*;

/// Gradients of a loss, given that of the output, `[batch, channels, height, width]`.
///
/// `weights` and `shares` are those of the forward pass.
///
/// # Panics
/// If a slice does not have the length that the forward pass had.
pub fn backward(
    saved: &Saved,
    weights: &[f32],
    shares: &[f32],
    output_gradient: &[f32],
    wants: Wants,
) -> Gradients {
    let shape = saved.plan.shape;
    assert_eq!(weights.len(), shape.weights(), "length of the weights");
    assert_eq!(shares.len(), EDGES * OPERATIONS, "length of the shares");
    assert_eq!(output_gradient.len(), shape.values(), "length of the output gradient");
    let mut gradients = Gradients {
        input: wants.input.then(|| Buffer::zeros(shape.values())),
        weights: wants.weights.then(|| vec![0.0; shape.weights()]),
        shares: wants.shares.then(|| vec![0.0; EDGES * OPERATIONS]),
    };
    let mut nodes = vec![NodeGradient::of_output(saved, weights, output_gradient)];
    for source in (0..SOURCES).rev() {
        if !saved.plan.is_read(source) {
            nodes.push(NodeGradient::none(saved, source));
            continue;
        }
        let input = gradients.input.as_deref_mut().filter(|_| source == 0).unwrap_or_default();
        let pass = SourceGradient::new(saved, source, weights, shares, &nodes, wants);
        let results = pass.run(input);
        if let Some(weights) = &mut gradients.weights {
            add_weights(&saved.plan, source, &results, weights);
        }
        if let Some(shares) = &mut gradients.shares {
            write_shares(saved, source, &nodes, &results, shares);
        }
        nodes.push(NodeGradient::new(saved, source, results.gradient, &results.sums));
    }
    if let Some(shares) = &mut gradients.shares {
        write_idle_shares(&saved.plan, &nodes, shares);
    }
    gradients
}

/// Adds the partial sums of the chunks up to the gradients of the edges of `source`.
fn add_weights(plan: &Plan, source: usize, results: &Results, gradient: &mut [f32]) {
    let (channels, each) = (plan.shape.channels, plan.weight_sums(source));
    if each == 0 {
        return;
    }
    let of_edge = EDGE_WEIGHTS * channels * channels;
    gradient.par_chunks_mut(of_edge).enumerate().for_each(|(number, gradient)| {
        let convolutions = plan.convolutions(source);
        for (of, destination) in convolutions.filter(|&(_, node)| edge(source, node) == number) {
            let others = plan.entered(source, of.operation).take_while(|&node| node < destination);
            let (lanes, before) = (&plan.lanes[of.number], others.count() * channels);
            let first = plan.weight_sums_of(source, of).start + before * lanes.count();
            let mut sums = Buffer::take(channels * lanes.count());
            chunks::add(&results.weights, each, first, &mut sums);
            lanes.add_to(&mut gradient[of.weights_of(0, channels)], &sums);
        }
    });
}

/// Writes the gradients of the shares of what runs on the edges of `source`.
fn write_shares(
    saved: &Saved,
    source: usize,
    nodes: &[NodeGradient],
    results: &Results,
    shares: &mut [f32],
) {
    let plan = &saved.plan;
    for (number, operation) in [SKIP, POOL].into_iter().enumerate() {
        for destination in plan.entered(source, operation) {
            let place = 2 * (destination - source - 1) + number;
            let each = 2 * (OUTPUT - source);
            let of_image = |image: usize| f64::from(results.shares[image * each + place]);
            let total = plan.chunks.total(of_image);
            shares[edge(source, destination) * OPERATIONS + operation] = total as f32;
        }
    }
    for (of, destination) in plan.convolutions(source) {
        let first = plan.plane(source, destination, of);
        let of_channels = (0..plan.shape.channels).map(|channel| {
            let statistics = saved.sources[source].statistics[first + channel];
            let product = nodes[OUTPUT - destination].product(channel, source, of);
            product * statistics.inverse_deviation()
        });
        let place = edge(source, destination) * OPERATIONS + of.operation;
        shares[place] = of_channels.sum::<f64>() as f32;
    }
}

/// Writes the gradients of the shares of what does not run, from `nodes`, the last first.
fn write_idle_shares(plan: &Plan, nodes: &[NodeGradient], shares: &mut [f32]) {
    for source in 0..SOURCES {
        for destination in destinations(source) {
            let totals = (0..plan.shape.channels).map(|c| nodes[OUTPUT - destination].total(c));
            let total = totals.sum::<f64>() as f32;
            for operation in 0..OPERATIONS {
                if !plan.runs(source, destination, operation) {
                    shares[edge(source, destination) * OPERATIONS + operation] = total;
                }
            }
        }
    }
}
