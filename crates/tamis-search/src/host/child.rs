//! One architecture inside the supernet: on each edge one option or nothing.

use serde::{Deserialize, Serialize};
use tamis_core::Stream;

use crate::bilevel::Choices;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

/// An option for each edge of each choice set; nothing on an edge that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Child(pub(super) Vec<Vec<Option<usize>>>);

impl Child {
    /// A uniformly random architecture: of each node's edges as many as it keeps, on each any option that
    /// an architecture may have.
    pub(super) fn random(sets: &[ChoiceSet], stream: &mut Stream) -> Child {
        Child::from_options(sets, stream, |set, stream| {
            set.derived[stream.below(set.derived.len() as u64) as usize]
        })
    }

    /// Random edges, options as given.
    fn from_options(
        sets: &[ChoiceSet],
        stream: &mut Stream,
        mut option: impl FnMut(&ChoiceSet, &mut Stream) -> usize,
    ) -> Child {
        let of_set = |set: &ChoiceSet| {
            let mut edges = vec![None; set.shape()[0]];
            for node in &set.nodes {
                let mut order: Vec<usize> = node.edges.clone().collect();
                stream.shuffle(&mut order);
                for edge in order.into_iter().take(node.keeps) {
                    edges[edge] = Some(option(set, stream));
                }
            }
            edges
        };
        Child(sets.iter().map(of_set).collect())
    }

    /// With one random change: another option on an edge, or, where a node keeps some of its edges only and
    /// chance says so, another edge.
    pub(super) fn mutated(&self, sets: &[ChoiceSet], stream: &mut Stream) -> Child {
        let mut child = self.clone();
        let number = stream.below(sets.len() as u64) as usize;
        let (set, edges) = (&sets[number], &mut child.0[number]);
        let node = &set.nodes[stream.below(set.nodes.len() as u64) as usize];
        let (mut kept, mut left): (Vec<usize>, Vec<usize>) =
            node.edges.clone().partition(|&edge| edges[edge].is_some());
        stream.shuffle(&mut kept);
        stream.shuffle(&mut left);
        let Some(&edge) = kept.first() else { return child };
        match left.first() {
            Some(&other) if stream.chance(0.5) => edges.swap(edge, other),
            _ => {
                let others: Vec<usize> =
                    set.derived.iter().copied().filter(|&of| Some(of) != edges[edge]).collect();
                if !others.is_empty() {
                    edges[edge] = Some(others[stream.below(others.len() as u64) as usize]);
                }
            }
        }
        child
    }

    /// Share 1 for what the child has, 0 for all else.
    pub(super) fn shares(&self, sets: &[ChoiceSet]) -> Vec<Matrix> {
        let matrix = |(set, edges): (&ChoiceSet, &Vec<Option<usize>>)| {
            let options = set.options.len();
            Matrix::from_fn(set.shape(), |index| {
                f64::from(u8::from(edges[index / options] == Some(index % options)))
            })
        };
        sets.iter().zip(&self.0).map(matrix).collect()
    }

    /// Makes the architecture parameters say what the child is: 1 for its option of an edge, and for `none`
    /// where it has no edge, 0 for all else.
    pub(super) fn write(&self, sets: &[ChoiceSet], choices: &mut [Choices]) {
        for ((set, edges), choices) in sets.iter().zip(&self.0).zip(choices) {
            let options = set.options.len();
            choices.alphas.values_mut().fill(0.0);
            for (edge, option) in edges.iter().enumerate() {
                if let Some(option) = option.or_else(|| set.option("none")) {
                    choices.alphas.values_mut()[edge * options + option] = 1.0;
                }
            }
        }
    }

    /// Whether the child has each option.
    pub(super) fn runs(&self, sets: &[ChoiceSet]) -> Vec<Vec<bool>> {
        let runs = |shares: Matrix| shares.values().iter().map(|&share| share > 0.0).collect();
        self.shares(sets).into_iter().map(runs).collect()
    }
}

/// The child that these weights of options (`[edge, option]` a choice set, larger is better) stand for, by
/// the rule of DARTS: the best option of each edge, the best edges of each node.
pub(super) fn best_child(sets: &[ChoiceSet], weights: &[Matrix]) -> Child {
    let of_set = |(set, weights): (&ChoiceSet, &Matrix)| {
        let rows: Vec<&[f64]> = weights.rows().collect();
        let mut edges = vec![None; rows.len()];
        for node in &set.nodes {
            let mut candidates: Vec<(f64, usize, usize)> =
                node.edges.clone().map(|edge| best_option(set, rows[edge], edge)).collect();
            candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
            for &(_, edge, option) in candidates.iter().take(node.keeps) {
                edges[edge] = Some(option);
            }
        }
        edges
    };
    Child(sets.iter().zip(weights).map(of_set).collect())
}

/// The largest weight of an edge that an architecture may have, the edge, and the option.
fn best_option(set: &ChoiceSet, row: &[f64], edge: usize) -> (f64, usize, usize) {
    let first = (f64::NEG_INFINITY, edge, set.derived.first().copied().unwrap_or(0));
    let better = |best: (f64, usize, usize), &option: &usize| match row[option] > best.0 {
        true => (row[option], edge, option),
        false => best,
    };
    set.derived.iter().fold(first, better)
}

#[cfg(test)]
pub(super) mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;
    use crate::space::NodeEdges;

    /// Two nodes: one of two edges that keeps both, one of three that keeps two; option 0 is never derived.
    pub(in crate::host) fn sets() -> Vec<ChoiceSet> {
        let node = |edges, keeps| NodeEdges { edges, keeps };
        vec![ChoiceSet {
            name: "cell",
            options: vec!["none", "a", "b", "c"],
            nodes: vec![node(0..2, 2), node(2..5, 2)],
            derived: vec![1, 2, 3],
        }]
    }

    fn kept(child: &Child) -> [usize; 2] {
        let count = |edges: &[Option<usize>]| edges.iter().flatten().count();
        [count(&child.0[0][..2]), count(&child.0[0][2..])]
    }

    #[test]
    fn random_children_keep_as_many_edges_as_nodes_do_and_reach_every_option_and_edge() {
        let mut seen = std::collections::BTreeSet::new();
        for id in 0..300 {
            let child = Child::random(&sets(), &mut Key::new(1, Purpose::Test).id(id).stream());
            assert_eq!(kept(&child), [2, 2]);
            seen.extend(child.0[0].iter().copied().enumerate());
        }
        // Five edges of three options, and the three that may be left out.
        assert_eq!(seen.len(), 5 * 3 + 3, "{seen:?}");
    }

    #[test]
    fn a_mutation_changes_one_edge_or_swaps_two_and_keeps_the_form() {
        let mut stream = Key::new(2, Purpose::Test).stream();
        let mut child = Child::random(&sets(), &mut stream);
        for _ in 0..200 {
            let mutated = child.mutated(&sets(), &mut stream);
            let pairs = child.0[0].iter().zip(&mutated.0[0]);
            let changes = pairs.filter(|(a, b)| a != b).count();
            assert!((1..=2).contains(&changes), "{child:?} {mutated:?}");
            assert_eq!(kept(&mutated), [2, 2]);
            child = mutated;
        }
    }

    #[test]
    fn the_best_child_of_its_own_shares_is_itself() {
        for id in 0..50 {
            let child = Child::random(&sets(), &mut Key::new(3, Purpose::Test).id(id).stream());
            assert_eq!(best_child(&sets(), &child.shares(&sets())), child);
            let runs = child.runs(&sets());
            assert_eq!(runs[0].iter().filter(|runs| **runs).count(), 4);
        }
    }
}
