//! The backward pass: for each of nodes 2, 1, 0 the gradients of what leaves it, and their sum,
//! the gradient of the node, with the sums over the batch that the next node down needs.

use super::layout::{CONVOLUTIONS, EDGE_WEIGHTS, OUTPUT, POOL, Plan, SKIP, SOURCES};
use super::layout::{destinations, edge};
use super::node_gradient::NodeGradient;
use super::source_gradient::{Results, SourceGradient};
use super::{EDGES, Gradients, OPERATIONS, Saved, Wants};
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
        input: wants.input.then(|| vec![0.0; shape.values()]),
        weights: wants.weights.then(|| vec![0.0; shape.weights()]),
        shares: wants.shares.then(|| vec![0.0; EDGES * OPERATIONS]),
    };
    let mut nodes = vec![NodeGradient::of_output(saved, weights, output_gradient)];
    for source in (0..SOURCES).rev() {
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
    gradients
}

/// Adds the partial sums of the chunks, in order, to the gradients of the edges of `source`.
fn add_weights(plan: &Plan, source: usize, results: &Results, gradient: &mut [f32]) {
    let channels = plan.shape.channels;
    let each = EDGE_WEIGHTS * channels * channels;
    gradient.par_chunks_mut(each).enumerate().for_each(|(number, gradient)| {
        for destination in destinations(source).filter(|&node| edge(source, node) == number) {
            let first = (destination - source - 1) * channels;
            for of in CONVOLUTIONS {
                let place = plan.weight_sums_of(source, of, first..first + channels);
                for sums in results.weights.chunks_exact(plan.weight_sums(source)) {
                    let weights = &mut gradient[of.weights_of(0, channels)];
                    plan.lanes[of.number].add_to(weights, &sums[place.clone()]);
                }
            }
        }
    });
}

/// Writes the gradients of the shares of the edges of `source`.
fn write_shares(
    saved: &Saved,
    source: usize,
    nodes: &[NodeGradient],
    results: &Results,
    shares: &mut [f32],
) {
    let channels = saved.plan.shape.channels;
    for (number, destination) in destinations(source).enumerate() {
        let gradient = &mut shares[edge(source, destination) * OPERATIONS..][..OPERATIONS];
        let sums = results.shares.chunks_exact(2 * (OUTPUT - source));
        let total = |at: usize| sums.clone().map(|sums| f64::from(sums[2 * number + at])).sum();
        let (skip, pool): (f64, f64) = (total(0), total(1));
        gradient[SKIP] = skip as f32;
        gradient[POOL] = pool as f32;
        for of in CONVOLUTIONS {
            let first = saved.plan.plane(source, destination, of);
            let of_channels = (0..channels).map(|channel| {
                let statistics = saved.sources[source].statistics[first + channel];
                let product = nodes[OUTPUT - destination].product(channel, source, of);
                product * statistics.inverse_deviation()
            });
            gradient[of.operation] = of_channels.sum::<f64>() as f32;
        }
    }
}
