//! A supernet that is described as a value, by `tamis-engine` or in operations of the tensor library.

use burn::tensor::Tensor;
use tamis_engine::{Mixing as EngineMixing, Program};
use tamis_graph::{Graph, NodeId};

use crate::error::Error;
use crate::layers::Forward;
use crate::mixing::Mixing;
use crate::model::composed::{Batch, Composed};
use crate::model::{moments_of, output, statistics_of};
use crate::outputs::{Targets, cross_entropy};
use crate::pass::{Body, Inputs, Pass, Wants};
use crate::real::Real;
use crate::statistics::{Mode, Statistics};

/// The name of the output.
const LOGITS: &str = "logits";

/// The description, and where its output stands.
pub(crate) struct Described {
    graph: Graph,
    output: NodeId,
}

impl Described {
    pub(crate) fn new(graph: Graph) -> Result<Described, Error> {
        let output = output(&graph, LOGITS)?;
        Ok(Described { graph, output })
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn output(&self) -> NodeId {
        self.output
    }
}

impl Body for Described {
    fn forward(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2> {
        let statistics = match pass.mode {
            Mode::Train => None,
            Mode::Evaluate(statistics) => Some(statistics),
        };
        let batch = Batch { statistics, factors: None };
        let composed = Composed::new(&self.graph, &pass.leaves, batch, &pass.mixing);
        let samples = images.dims()[0];
        let logits = composed.outputs(images, &[self.output]).remove(0);
        let noted = composed.into_noted().all(self.graph.norms(), &pass.leaves);
        pass.moments.borrow_mut().extend(noted);
        logits.reshape([samples, self.graph.node(self.output).shape.values()])
    }
}

/// A pass by the engine, in single precision. `weights`, the batch, and the shapes of its mixing matrices.
pub(crate) fn run_program<E: Real>(
    program: &Program,
    (weights, inputs, choices): (&[E], Inputs<'_, E>, &[[usize; 2]]),
    mode: Mode<'_>,
    wants: Wants,
) -> Result<Pass<E>, Error> {
    let weights = E::singles(weights).unwrap_or_default();
    let images = E::singles(inputs.images).unwrap_or_default();
    let matrices = inputs.mixing.iter().zip(choices);
    let mixing: Vec<EngineMixing<'_>> =
        matrices.map(|(of, shape)| engine_mixing(of, shape)).collect();
    let targets = Targets { loss_weights: inputs.loss_weights, ..Targets::of(inputs.labels) };
    let norms = program.graph().norms();
    if let Mode::Evaluate(statistics) = mode {
        let moments = moments_of(statistics, norms.len());
        let logits = program.evaluate_mixed(weights, images, &mixing, &moments).remove(0);
        let (outputs, _) = cross_entropy(&E::of_singles(logits), &targets)?;
        let statistics = Statistics::initial(norms);
        return Ok(Pass { outputs, weights: None, shares: None, statistics });
    }
    let run = program.mix(weights, images, &mixing, wants);
    let logits = run.outputs().remove(0).to_vec();
    let (outputs, seed) = cross_entropy(&E::of_singles(logits), &targets)?;
    let statistics = statistics_of(run.moments(), norms);
    if wants == Wants::default() {
        return Ok(Pass { outputs, weights: None, shares: None, statistics });
    }
    let found = run.backward_mixed(vec![E::singles(&seed).unwrap_or_default().to_vec()]);
    Ok(Pass {
        outputs,
        weights: wants.weights.then(|| E::of_singles(found.weights)),
        shares: wants.shares.then(|| found.shares.into_iter().map(E::of_singles).collect()),
        statistics,
    })
}

fn engine_mixing<'a, E: Real>(of: &Mixing<'a, E>, [_, options]: &[usize; 2]) -> EngineMixing<'a> {
    let shares = E::singles(of.shares).unwrap_or_default();
    EngineMixing { shares, runs: of.runs, options: *options }
}
