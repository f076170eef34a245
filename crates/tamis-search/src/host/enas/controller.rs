//! The controller of ENAS: an LSTM that writes an architecture, one decision after another.
//!
//! A decision is a token: an option, or, where a node keeps some of its edges only, an edge. The logits are
//! `squash * tanh(z / temperature)` of the LSTM's output, over the tokens that are allowed.

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Stream, math};
use tamis_training::Adam;

use crate::host::child::{Child, allowed};
use crate::space::ChoiceSet;

/// Values of the LSTM's state and of an embedding.
const HIDDEN: usize = 32;
const TEMPERATURE: f64 = 5.0;
const SQUASH: f64 = 2.5;
/// Initial parameters are uniform within this.
const INITIAL: f64 = 0.1;
/// Largest norm of a gradient.
const CLIP: f64 = 5.0;

/// An LSTM over tokens, and its optimizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Controller {
    tokens: usize,
    pub(super) parameters: Vec<f64>,
    adam: Adam,
}

/// Parts of the parameters, one after the other.
struct Layout {
    /// `[token + 1, HIDDEN]`; the last row stands for the beginning.
    embedding: usize,
    /// `[4 HIDDEN, 2 HIDDEN + 1]`: input, state, bias.
    gates: usize,
    /// `[token, HIDDEN]`.
    head: usize,
    end: usize,
}

const GATE_ROW: usize = 2 * HIDDEN + 1;

fn layout(tokens: usize) -> Layout {
    let gates = (tokens + 1) * HIDDEN;
    let head = gates + 4 * HIDDEN * GATE_ROW;
    Layout { embedding: 0, gates, head, end: head + tokens * HIDDEN }
}

/// One step of the LSTM, kept for the way back.
struct Step {
    /// Token that came in.
    token: usize,
    /// Embedding, state, 1.
    input: Vec<f64>,
    /// Input, forget, output gates and candidate, after their functions.
    gates: Vec<f64>,
    /// Memory before and after.
    memory: [Vec<f64>; 2],
    state: Vec<f64>,
    /// `tanh(z / temperature)` of every token.
    squashed: Vec<f64>,
    /// Probability of each token; 0 of those that are not allowed.
    probabilities: Vec<f64>,
    chosen: usize,
}

/// An architecture that the controller wrote.
pub(super) struct Written {
    pub(super) child: Child,
    steps: Vec<Step>,
    /// Sum of the entropies of the decisions, in nats.
    pub(super) entropy: f64,
}

impl Controller {
    pub(super) fn new(sets: &[ChoiceSet], key: Key, rate_betas: [f64; 2]) -> Controller {
        let tokens = sets.iter().map(|set| set.options.len() + most_edges(set)).max().unwrap_or(1);
        let mut stream = key.stream();
        let length = layout(tokens).end;
        let parameters = (0..length).map(|_| stream.uniform(-INITIAL, INITIAL)).collect();
        Controller { tokens, parameters, adam: Adam::new(length, rate_betas, 0.0) }
    }

    /// Writes an architecture.
    pub(super) fn write(&self, sets: &[ChoiceSet], stream: &mut Stream) -> Written {
        let mut steps: Vec<Step> = Vec::new();
        let mut decide = |allowed: &[usize]| {
            let step = self.step(steps.last(), allowed, stream);
            let chosen = step.chosen;
            steps.push(step);
            chosen
        };
        let child = sets.iter().map(|set| write_set(set, &mut decide)).collect();
        let entropy = steps.iter().map(|step| entropy(&step.probabilities)).sum();
        Written { child: Child(child), steps, entropy }
    }

    fn step(&self, before: Option<&Step>, allowed: &[usize], stream: &mut Stream) -> Step {
        let places = layout(self.tokens);
        let token = before.map_or(self.tokens, |step| step.chosen);
        let zeros = vec![0.0; HIDDEN];
        let (state, memory) =
            before.map_or((&zeros, &zeros), |step| (&step.state, &step.memory[1]));
        let embedding = &self.parameters[places.embedding + token * HIDDEN..][..HIDDEN];
        let input = [embedding, state, &[1.0]].concat();
        let gates = self.gates(&input);
        let new = |at: usize| gates[HIDDEN + at] * memory[at] + gates[at] * gates[3 * HIDDEN + at];
        let remembered: Vec<f64> = (0..HIDDEN).map(new).collect();
        let state: Vec<f64> =
            (0..HIDDEN).map(|at| gates[2 * HIDDEN + at] * math::tanh(remembered[at])).collect();
        let head = |token: usize| &self.parameters[places.head + token * HIDDEN..][..HIDDEN];
        let squashed: Vec<f64> = (0..self.tokens)
            .map(|token| math::tanh(dot(head(token), &state) / TEMPERATURE))
            .collect();
        let probabilities = softmax_over(&squashed, allowed);
        let chosen = draw(&probabilities, allowed, stream);
        let memory = [memory.clone(), remembered];
        Step { token, input, gates, memory, state, squashed, probabilities, chosen }
    }

    fn gates(&self, input: &[f64]) -> Vec<f64> {
        let weights = &self.parameters[layout(self.tokens).gates..];
        let sums = weights.chunks(GATE_ROW).take(4 * HIDDEN).map(|row| dot(row, input));
        let gates = sums.enumerate().map(|(at, sum)| match at < 3 * HIDDEN {
            true => 1.0 / (1.0 + math::exp(-sum)),
            false => math::tanh(sum),
        });
        gates.collect()
    }

    /// Adds to `gradient` that of `-advantage * log P(child) - entropy_weight * entropy`.
    pub(super) fn add_gradient(
        &self,
        written: &Written,
        [advantage, entropy_weight]: [f64; 2],
        gradient: &mut [f64],
    ) {
        let (mut of_state, mut of_memory) = (vec![0.0; HIDDEN], vec![0.0; HIDDEN]);
        for step in written.steps.iter().rev() {
            self.head_backward(step, [advantage, entropy_weight], gradient, &mut of_state);
            self.cell_backward(step, gradient, &mut of_state, &mut of_memory);
        }
    }

    fn head_backward(
        &self,
        step: &Step,
        [advantage, entropy_weight]: [f64; 2],
        gradient: &mut [f64],
        of_state: &mut [f64],
    ) {
        let first = layout(self.tokens).head;
        let all = entropy(&step.probabilities);
        for (token, &probability) in step.probabilities.iter().enumerate() {
            if probability == 0.0 {
                continue;
            }
            let chosen = f64::from(u8::from(token == step.chosen));
            let of_entropy = -probability * (math::ln(probability) + all);
            let of_logit = advantage * (probability - chosen) - entropy_weight * of_entropy;
            let squashed = step.squashed[token];
            let slope = of_logit * SQUASH * (1.0 - squashed * squashed) / TEMPERATURE;
            let place = first + token * HIDDEN;
            for at in 0..HIDDEN {
                gradient[place + at] += slope * step.state[at];
                of_state[at] += slope * self.parameters[place + at];
            }
        }
    }

    /// Through the cell; leaves the gradients of the state and the memory before.
    fn cell_backward(
        &self,
        step: &Step,
        gradient: &mut [f64],
        of_state: &mut [f64],
        of_memory: &mut [f64],
    ) {
        let places = layout(self.tokens);
        let [before, after] = &step.memory;
        let mut of_sums = vec![0.0; 4 * HIDDEN];
        for at in 0..HIDDEN {
            let gate = |number: usize| step.gates[number * HIDDEN + at];
            let (input, forget, output, candidate) = (gate(0), gate(1), gate(2), gate(3));
            let squashed = math::tanh(after[at]);
            let of_after = of_memory[at] + of_state[at] * output * (1.0 - squashed * squashed);
            of_sums[at] = of_after * candidate * input * (1.0 - input);
            of_sums[HIDDEN + at] = of_after * before[at] * forget * (1.0 - forget);
            of_sums[2 * HIDDEN + at] = of_state[at] * squashed * output * (1.0 - output);
            of_sums[3 * HIDDEN + at] = of_after * input * (1.0 - candidate * candidate);
            of_memory[at] = of_after * forget;
        }
        let mut of_input = vec![0.0; GATE_ROW];
        for (row, slope) in of_sums.iter().enumerate() {
            let place = places.gates + row * GATE_ROW;
            for at in 0..GATE_ROW {
                gradient[place + at] += slope * step.input[at];
                of_input[at] += slope * self.parameters[place + at];
            }
        }
        let embedding = places.embedding + step.token * HIDDEN;
        for at in 0..HIDDEN {
            gradient[embedding + at] += of_input[at];
        }
        of_state.copy_from_slice(&of_input[HIDDEN..2 * HIDDEN]);
    }

    /// Clips the gradient and takes Adam's step.
    pub(super) fn descend(&mut self, mut gradient: Vec<f64>, rate: f64) {
        let norm = gradient.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
        let factor = (CLIP / (norm + 1e-6)).min(1.0);
        gradient.iter_mut().for_each(|slope| *slope *= factor);
        self.adam.step(&mut self.parameters, &gradient, rate);
    }
}

fn most_edges(set: &ChoiceSet) -> usize {
    set.nodes.iter().map(|node| node.edges.len()).max().unwrap_or(0)
}

/// The decisions of one kind of cell: for each node its edges, if it keeps some only, and their options.
fn write_set(set: &ChoiceSet, decide: &mut impl FnMut(&[usize]) -> usize) -> Vec<Vec<usize>> {
    let mut edges = vec![Vec::new(); set.shape()[0]];
    let first_edge = set.options.len();
    for node in &set.nodes {
        for number in 0..node.keeps {
            let is_open = |at: &usize| edges[node.edges.start + at].is_empty();
            let open: Vec<usize> = (0..node.edges.len()).filter(is_open).collect();
            let at = match node.keeps == node.edges.len() {
                true => number,
                false => {
                    let allowed: Vec<usize> = open.iter().map(|at| first_edge + at).collect();
                    decide(&allowed) - first_edge
                }
            };
            let edge = node.edges.start + at;
            edges[edge] = decide_options(set, edge, decide);
        }
    }
    edges
}

/// As many options as an edge keeps, one decision each, ascending.
fn decide_options(
    set: &ChoiceSet,
    edge: usize,
    decide: &mut impl FnMut(&[usize]) -> usize,
) -> Vec<usize> {
    let mut left: Vec<usize> = allowed(set, edge).collect();
    let keeps = set.row(edge).keeps.min(left.len());
    let mut chosen = Vec::with_capacity(keeps);
    for _ in 0..keeps {
        let option = decide(&left);
        left.retain(|&other| other != option);
        chosen.push(option);
    }
    chosen.sort_unstable();
    chosen
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The softmax of the squashed logits over the allowed tokens.
fn softmax_over(squashed: &[f64], allowed: &[usize]) -> Vec<f64> {
    let mut probabilities = vec![0.0; squashed.len()];
    allowed.iter().for_each(|&token| probabilities[token] = math::exp(SQUASH * squashed[token]));
    let sum: f64 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|probability| *probability /= sum);
    probabilities
}

fn draw(probabilities: &[f64], allowed: &[usize], stream: &mut Stream) -> usize {
    let mut left = stream.unit();
    for &token in allowed {
        left -= probabilities[token];
        if left < 0.0 {
            return token;
        }
    }
    allowed.last().copied().unwrap_or(0)
}

fn entropy(probabilities: &[f64]) -> f64 {
    let present = probabilities.iter().filter(|probability| **probability > 0.0);
    present.map(|probability| -probability * math::ln(*probability)).sum()
}

#[cfg(test)]
mod tests {
    use tamis_core::Purpose;

    use super::*;
    use crate::host::child::tests::sets;

    const BETAS: [f64; 2] = [0.0, 0.999];

    fn key(id: u64) -> Key {
        Key::new(0, Purpose::Test).id(id)
    }

    /// The loss of the same decisions under other parameters.
    fn loss(controller: &Controller, written: &Written, [advantage, weight]: [f64; 2]) -> f64 {
        let mut before: Option<Step> = None;
        let mut sum = 0.0;
        for step in &written.steps {
            let allowed: Vec<usize> =
                (0..controller.tokens).filter(|&token| step.probabilities[token] > 0.0).collect();
            let mut again = controller.step(before.as_ref(), &allowed, &mut key(9).stream());
            again.chosen = step.chosen;
            sum -= advantage * again.probabilities[step.chosen].ln();
            sum -= weight * entropy(&again.probabilities);
            before = Some(again);
        }
        sum
    }

    #[test]
    fn the_gradient_goes_through_all_decisions() {
        let controller = Controller::new(&sets(), key(1), BETAS);
        let written = controller.write(&sets(), &mut key(2).stream());
        assert_eq!(written.steps.len(), 2 + 2 * 2, "two options; two edges with an option each");
        let weights = [0.7, 0.3];
        let mut gradient = vec![0.0; controller.parameters.len()];
        controller.add_gradient(&written, weights, &mut gradient);
        for index in (0..gradient.len()).step_by(17) {
            let moved = |by: f64| {
                let mut moved = controller.clone();
                moved.parameters[index] += by;
                loss(&moved, &written, weights)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((difference - gradient[index]).abs() < 1e-8, "{index}");
        }
    }

    #[test]
    fn the_controller_comes_to_prefer_a_planted_architecture() {
        let planted = [vec![1], vec![2], vec![3], vec![], vec![1]];
        let mut controller = Controller::new(&sets(), key(1), BETAS);
        let same = |written: &Written| {
            written.child.0[0].iter().zip(&planted).filter(|(a, b)| a == b).count() as f64 / 5.0
        };
        let mean = |controller: &Controller| -> f64 {
            let written = |id: u64| controller.write(&sets(), &mut key(1_000 + id).stream());
            (0..200).map(|id| same(&written(id))).sum::<f64>() / 200.0
        };
        let first = mean(&controller);
        let mut baseline = 0.4;
        for id in 0..400 {
            let mut gradient = vec![0.0; controller.parameters.len()];
            for number in 0..5 {
                let written = controller.write(&sets(), &mut key(5_000 + 5 * id + number).stream());
                let reward = same(&written);
                baseline += 0.05 * (reward - baseline);
                controller.add_gradient(&written, [(reward - baseline) / 5.0, 1e-4], &mut gradient);
            }
            controller.descend(gradient, 5e-3);
        }
        let last = mean(&controller);
        assert!(first < 0.5 && last > 0.8, "{first} {last}");
    }
}
