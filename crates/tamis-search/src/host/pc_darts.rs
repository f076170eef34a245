//! PC-DARTS (Xu et al.: "PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture Search",
//! ICLR 2020).
//!
//! The supernet mixes operations on one in `space.partial` channels; the others pass an edge by. Each edge
//! has a weight beside: `gamma`, the softmax of a parameter over the edges that enter its node. The shares
//! that the network sees are `gamma_e * softmax(alpha_e)`, and what passes by is weighed with their sum, so
//! that both kinds of parameter need no tensor. Adam trains both at the same rate, after the weights have
//! trained alone for three tenths of the epochs (15 of 50). The architecture is derived from the products.

use serde_json::{Value, json};
use tamis_core::{Key, Purpose, Snapshot, math};

use super::darts::{arch_step, weight_step};
use super::{Host, HostEntry, StepBatches, StepContext, StepOutcome, state_of};
use crate::alphas::initial_of;
use crate::bilevel::{At, Bilevel, Choices};
use crate::config::SearchConfig;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::{ChoiceSet, SearchSpace, find_space};

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "pc-darts",
    summary: "DARTS on a quarter of the channels, with weights of edges",
    defaults: partial_defaults,
    build: |config, space| {
        if space.first_stage().partial == 1 {
            return Err(Error::Undefined {
                host: "pc-darts",
                space: config.space.name.clone(),
                expected: "darts or nas-bench-1shot1 with space.partial above 1: supernets of other spaces \
                           mix all channels",
            });
        }
        Ok(Box::new(PcDarts { edges: EdgeWeights::new(config, space) }))
    },
};

/// What the authors set: a quarter of the channels, and the weights alone for three tenths of the epochs;
/// with the recipe `darts` also their batch and rates.
pub(super) fn partial_defaults(config: &mut SearchConfig) {
    let space = find_space(&config.space.name);
    if space.is_ok_and(|space| space.partial_channels) {
        config.space.partial = 4;
    }
    config.alpha.first_epoch = config.train.epochs * 3 / 10;
    if config.recipe.is_published() {
        config.train.batch = 256;
        (config.weights.lr, config.weights.lr_min) = (0.1, 0.0);
        config.alpha.lr = 6e-4;
    }
}

struct PcDarts {
    edges: EdgeWeights,
}

impl Host for PcDarts {
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        _: StepContext,
    ) -> Result<StepOutcome, Error> {
        let edges = &mut self.edges;
        let products = edges.weighed(&bilevel.shares());
        let at = At::shares(&products);
        let arch = arch_step(bilevel, batches.arch, at, |bilevel, of_products| {
            let (of_shares, of_edges) = edges.gradients(&bilevel.shares(), of_products);
            edges.step(&of_edges, bilevel.rates.alpha);
            bilevel.step_alphas(&bilevel.through_softmax(&of_shares));
        })?;
        let shares = self.edges.weighed(&bilevel.shares());
        let at = At::shares(&shares);
        Ok(StepOutcome { arch, ..weight_step(bilevel, batches, at)? })
    }

    fn preferences(&self, bilevel: &Bilevel) -> Vec<Matrix> {
        self.edges.log_weighed(&bilevel.log_shares())
    }

    fn save(&self, snapshot: &mut Snapshot) {
        for (number, choices) in self.edges.choices.iter().enumerate() {
            let path = edges_path(number);
            choices.save(snapshot, &path, &format!("{path}/adam"));
        }
    }

    fn state(&self) -> Value {
        let steps = self.edges.choices.iter().map(|choices| choices.adam.steps);
        json!({ "edge_steps": steps.collect::<Vec<_>>() })
    }

    fn restore(&mut self, state: &Value, snapshot: &Snapshot) -> Result<(), Error> {
        let steps: Vec<u32> = state_of(&state["edge_steps"], "the steps of the edges' optimizers")?;
        for ((number, choices), steps) in self.edges.choices.iter_mut().enumerate().zip(steps) {
            let path = edges_path(number);
            choices.restore(snapshot, &path, &format!("{path}/adam"))?;
            choices.adam.steps = steps;
        }
        Ok(())
    }
}

fn edges_path(number: usize) -> String {
    format!("host/edges/{number}")
}

/// Parameters of edges: a row a node, a column an edge that enters it.
struct EdgeWeights {
    sets: Vec<ChoiceSet>,
    choices: Vec<Choices>,
}

impl EdgeWeights {
    fn new(config: &SearchConfig, space: &dyn SearchSpace) -> EdgeWeights {
        let sets = space.choices().to_vec();
        let key = Key::new(config.seed, Purpose::Host);
        let numbered = sets.iter().zip(0..);
        let choices = numbered.map(|(set, number)| {
            let most = set.nodes.iter().map(|node| node.edges.len()).max().unwrap_or(0);
            let alphas = initial_of(key.id(number), [set.nodes.len(), most]);
            let mut choices = Choices::new(alphas, &config.alpha);
            for (row, node) in set.nodes.iter().enumerate() {
                (node.edges.len()..most).for_each(|column| choices.drop_option([row, column]));
            }
            choices
        });
        let choices = choices.collect();
        EdgeWeights { sets, choices }
    }

    /// For each edge, in the order of the network's rows, its place among the parameters.
    fn places(set: &ChoiceSet) -> impl Iterator<Item = [usize; 2]> + '_ {
        let nodes = set.nodes.iter().enumerate();
        nodes.flat_map(|(row, node)| (0..node.edges.len()).map(move |column| [row, column]))
    }

    /// The weight of each edge, by the network's rows.
    fn gammas(set: &ChoiceSet, choices: &Choices) -> Vec<f64> {
        let shares = choices.shares();
        let columns = shares.shape()[1];
        EdgeWeights::places(set)
            .map(|[row, column]| shares.values()[row * columns + column])
            .collect()
    }

    fn each<'a>(&'a self, matrices: &'a [Matrix]) -> impl Iterator<Item = (Vec<f64>, &'a Matrix)> {
        let own = self.sets.iter().zip(&self.choices);
        own.zip(matrices).map(|((set, choices), of)| (EdgeWeights::gammas(set, choices), of))
    }

    /// Shares times the weights of their edges.
    fn weighed(&self, shares: &[Matrix]) -> Vec<Matrix> {
        let product = |(gammas, shares): (Vec<f64>, &Matrix)| {
            let options = shares.shape()[1];
            Matrix::from_fn(shares.shape(), |index| {
                shares.values()[index] * gammas[index / options]
            })
        };
        self.each(shares).map(product).collect()
    }

    /// The logarithms of the same.
    fn log_weighed(&self, log_shares: &[Matrix]) -> Vec<Matrix> {
        let product = |(gammas, shares): (Vec<f64>, &Matrix)| {
            let options = shares.shape()[1];
            Matrix::from_fn(shares.shape(), |index| {
                shares.values()[index] + math::ln(gammas[index / options])
            })
        };
        self.each(log_shares).map(product).collect()
    }

    /// From a gradient with respect to the products to those with respect to the shares and to the
    /// parameters of the edges.
    fn gradients(&self, shares: &[Matrix], of_products: &[Matrix]) -> (Vec<Matrix>, Vec<Matrix>) {
        let of_shares = self.weighed(of_products);
        let own = self.sets.iter().zip(&self.choices).zip(shares.iter().zip(of_products));
        let of_edges = own.map(|((set, choices), (shares, gradient))| {
            let sums: Vec<f64> = shares
                .rows()
                .zip(gradient.rows())
                .map(|(row, slopes)| {
                    row.iter().zip(slopes).map(|(share, slope)| share * slope).sum()
                })
                .collect();
            let mut of_gammas = Matrix::zeros(choices.alphas.shape());
            let columns = of_gammas.shape()[1];
            for ([row, column], sum) in EdgeWeights::places(set).zip(sums) {
                of_gammas.values_mut()[row * columns + column] = sum;
            }
            choices.gradient(&of_gammas)
        });
        (of_shares, of_edges.collect())
    }

    fn step(&mut self, gradients: &[Matrix], rate: f64) {
        for (choices, gradient) in self.choices.iter_mut().zip(gradients) {
            choices.step(gradient, rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AlphaConfig;
    use crate::host::child::tests::sets;

    fn edges() -> EdgeWeights {
        let alphas = Matrix::from_fn([2, 3], |index| (index as f64 * 0.8).sin());
        let mut choices = Choices::new(alphas, &AlphaConfig::default());
        choices.drop_option([0, 2]);
        EdgeWeights { sets: sets(), choices: vec![choices] }
    }

    fn alphas() -> Choices {
        let alphas = Matrix::from_fn([5, 4], |index| (index as f64 * 1.3).cos());
        Choices::new(alphas, &AlphaConfig::default())
    }

    #[test]
    fn the_weights_of_the_edges_into_a_node_sum_to_one() {
        let products = edges().weighed(&[alphas().shares()]);
        let sums: Vec<f64> = products[0].rows().map(|row| row.iter().sum()).collect();
        assert!((sums[..2].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((sums[2..].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let logs = edges().log_weighed(&[alphas().log_shares()]);
        for (log, product) in logs[0].values().iter().zip(products[0].values()) {
            assert!((log.exp() - product).abs() < 1e-12);
        }
    }

    #[test]
    fn both_gradients_are_the_slopes_of_the_products() {
        let slopes = Matrix::from_fn([5, 4], |index| (index as f64 * 0.7).sin());
        let value = |edges: &EdgeWeights, alphas: &Choices| -> f64 {
            let products = edges.weighed(&[alphas.shares()]);
            products[0].values().iter().zip(slopes.values()).map(|(a, b)| a * b).sum()
        };
        let (edges, alphas) = (edges(), alphas());
        let (of_shares, of_edges) =
            edges.gradients(&[alphas.shares()], std::slice::from_ref(&slopes));
        let of_alphas = alphas.gradient(&of_shares[0]);
        for index in 0..20 {
            let moved = |by: f64| {
                let mut moved = alphas.clone();
                moved.alphas.values_mut()[index] += by;
                value(&edges, &moved)
            };
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((difference - of_alphas.values()[index]).abs() < 1e-8);
        }
        for index in (0..6).filter(|&index| index != 2) {
            let moved = |by: f64| {
                let mut choices = edges.choices.clone();
                choices[0].alphas.values_mut()[index] += by;
                value(&EdgeWeights { sets: sets(), choices }, &alphas)
            };
            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((difference - of_edges[0].values()[index]).abs() < 1e-8);
        }
    }
}
