//! The backward pass: for each of states 4 to 0 what flows back into it from the nodes after it.

use super::edge_sums::EdgeSums;
use super::forward::second_pass;
use super::hidden::Hidden;
use super::node_gradient::NodeGradient;
use super::numbering::{INPUTS, LAST};
use super::source_gradient::SourceGradient;
use super::{Cell, EDGES, Gradients, OPERATIONS, Saved, Source, Wants};
use crate::buffer::Buffer;
use std::sync::Arc;

/// Gradients of a loss, given that of the output,
/// `[batch, 4 * channels, output_height, output_width]`.
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
    assert_eq!(output_gradient.len(), shape.output_values(), "length of the output gradient");
    let mut gradients = Gradients {
        states: wants.states.map(|wanted| wanted.then(|| Buffer::zeros(shape.state_values()))),
        weights: wants.weights.then(|| vec![0.0; shape.weights()]),
        shares: wants.shares.then(|| vec![0.0; EDGES * OPERATIONS]),
    };
    let cell = saved.restore(weights);
    let mut nodes = vec![NodeGradient::of_output(&cell, LAST, output_gradient, wants.shares)];
    for source in (0..LAST).rev() {
        if !saved.plan.is_read(source) {
            if source >= INPUTS {
                nodes.push(NodeGradient::of_output(&cell, source, output_gradient, wants.shares));
            }
            continue;
        }
        let wanted = source >= INPUTS || wants.states[source];
        if !wanted && !wants.weights {
            continue;
        }
        let mut sums = EdgeSums::new(&saved.plan, source, wants.weights);
        let hidden = Hidden::new(&cell, source, [weights, shares], &nodes, &mut sums);
        let operands = [weights, shares, output_gradient];
        let pass = SourceGradient::new(&cell, source, operands, &nodes, (&hidden, wanted));
        if source >= INPUTS {
            let node = pass.node(&mut sums, wants.shares);
            nodes.push(node);
        } else {
            let input = gradients.states[source].as_deref_mut().unwrap_or_default();
            pass.input(input, &mut sums);
        }
        if let Some(weights) = &mut gradients.weights {
            sums.write_to(&saved.plan, weights);
        }
    }
    if let Some(shares) = &mut gradients.shares {
        nodes.iter().for_each(|node| node.write_shares(&cell, shares));
    }
    gradients
}

impl Saved {
    /// Everything that the forward pass computed; again, if it was given up.
    fn restore(&self, weights: &[f32]) -> Cell {
        let sources = self.sources.iter().enumerate().map(|(state, kept)| {
            let second = self.seconds.get(state).cloned();
            let second =
                second.unwrap_or_else(|| Arc::new(second_pass(&self.plan, weights, state, kept)));
            Source { kept: Arc::clone(kept), second }
        });
        Cell { plan: self.plan.clone(), sources: sources.collect() }
    }
}
