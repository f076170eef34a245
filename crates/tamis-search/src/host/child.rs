//! One architecture inside the supernet: on each edge one option, several where a row keeps them, or nothing.

use serde::{Deserialize, Serialize};
use tamis_core::Stream;

use crate::bilevel::Choices;
use crate::matrix::Matrix;
use crate::space::ChoiceSet;

/// The options of each edge of each choice set, ascending: as many as its row keeps, none of an edge that is
/// left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Child(pub(super) Vec<Vec<Vec<usize>>>);

impl Child {
    /// A uniformly random architecture: of each node's edges as many as it keeps, on each any option that
    /// an architecture may have.
    pub(super) fn random(sets: &[ChoiceSet], stream: &mut Stream) -> Child {
        let of_set = |set: &ChoiceSet| {
            let mut edges = vec![Vec::new(); set.shape()[0]];
            for node in &set.nodes {
                let mut order: Vec<usize> = node.edges.clone().collect();
                stream.shuffle(&mut order);
                for edge in order.into_iter().take(node.keeps) {
                    edges[edge] = random_options(set, edge, stream);
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
            node.edges.clone().partition(|&edge| !edges[edge].is_empty());
        stream.shuffle(&mut kept);
        stream.shuffle(&mut left);
        let Some(&edge) = kept.first() else { return child };
        match left.first() {
            Some(&other) if stream.chance(0.5) => edges.swap(edge, other),
            _ => {
                let own = &mut edges[edge];
                let others: Vec<usize> =
                    allowed(set, edge).filter(|option| !own.contains(option)).collect();
                if !others.is_empty() {
                    // Where there is one there is nothing to draw.
                    let place = if own.len() == 1 { 0 } else { stream.below(own.len() as u64) };
                    own[place as usize] = others[stream.below(others.len() as u64) as usize];
                    own.sort_unstable();
                }
            }
        }
        child
    }

    /// Share 1 for what the child has, 0 for all else.
    pub(super) fn shares(&self, sets: &[ChoiceSet]) -> Vec<Matrix> {
        let matrix = |(set, edges): (&ChoiceSet, &Vec<Vec<usize>>)| {
            let options = set.options.len();
            Matrix::from_fn(set.shape(), |index| {
                f64::from(u8::from(edges[index / options].contains(&(index % options))))
            })
        };
        sets.iter().zip(&self.0).map(matrix).collect()
    }

    /// Makes the architecture parameters say what the child is: 1 for its options of an edge, and for `none`
    /// where it has no edge, 0 for all else.
    pub(super) fn write(&self, sets: &[ChoiceSet], choices: &mut [Choices]) {
        for ((set, edges), choices) in sets.iter().zip(&self.0).zip(choices) {
            let options = set.options.len();
            choices.alphas.values_mut().fill(0.0);
            for (edge, own) in edges.iter().enumerate() {
                let none = set.option("none").filter(|_| own.is_empty());
                for option in own.iter().copied().chain(none) {
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
/// the rule of DARTS: the best options of each edge, the best edges of each node.
pub(super) fn best_child(sets: &[ChoiceSet], weights: &[Matrix]) -> Child {
    let of_set = |(set, weights): (&ChoiceSet, &Matrix)| {
        let rows: Vec<&[f64]> = weights.rows().collect();
        let mut edges = vec![Vec::new(); rows.len()];
        for node in &set.nodes {
            let mut candidates: Vec<(f64, usize)> =
                node.edges.clone().map(|edge| (best_weight(set, rows[edge], edge), edge)).collect();
            candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
            for &(_, edge) in candidates.iter().take(node.keeps) {
                edges[edge] = best_options(set, rows[edge], edge);
            }
        }
        edges
    };
    Child(sets.iter().zip(weights).map(of_set).collect())
}

/// The options that an architecture may have on an edge.
pub(super) fn allowed(set: &ChoiceSet, edge: usize) -> impl Iterator<Item = usize> + '_ {
    let options = set.row(edge).options;
    set.derived.iter().copied().filter(move |&option| option < options)
}

/// As many of them as the edge keeps, at random.
fn random_options(set: &ChoiceSet, edge: usize, stream: &mut Stream) -> Vec<usize> {
    let mut left: Vec<usize> = allowed(set, edge).collect();
    let keeps = set.row(edge).keeps.min(left.len());
    let mut drawn: Vec<usize> =
        (0..keeps).map(|_| left.remove(stream.below(left.len() as u64) as usize)).collect();
    drawn.sort_unstable();
    drawn
}

/// The largest weight of an option that an architecture may have on an edge.
fn best_weight(set: &ChoiceSet, row: &[f64], edge: usize) -> f64 {
    allowed(set, edge).map(|option| row[option]).fold(f64::NEG_INFINITY, f64::max)
}

/// The options of the largest weights, as many as the edge keeps, ascending; of equal ones the first.
fn best_options(set: &ChoiceSet, row: &[f64], edge: usize) -> Vec<usize> {
    let mut order: Vec<usize> = allowed(set, edge).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    order.truncate(set.row(edge).keeps);
    order.sort_unstable();
    order
}

#[cfg(test)]
pub(super) mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;
    use crate::space::{NodeEdges, Row};

    /// Two nodes: one of two edges that keeps both, one of three that keeps two; option 0 is never derived.
    pub(in crate::host) fn sets() -> Vec<ChoiceSet> {
        let node = |edges, keeps| NodeEdges { edges, keeps };
        vec![ChoiceSet {
            nested: false,
            name: "cell",
            options: ["none", "a", "b", "c"].map(str::to_owned).to_vec(),
            nodes: vec![node(0..2, 2), node(2..5, 2)],
            derived: vec![1, 2, 3],
            rows: Vec::new(),
        }]
    }

    fn kept(child: &Child) -> [usize; 2] {
        let count = |edges: &[Vec<usize>]| edges.iter().filter(|edge| !edge.is_empty()).count();
        [count(&child.0[0][..2]), count(&child.0[0][2..])]
    }

    #[test]
    fn random_children_keep_as_many_edges_as_nodes_do_and_reach_every_option_and_edge() {
        let mut seen = std::collections::BTreeSet::new();
        for id in 0..300 {
            let child = Child::random(&sets(), &mut Key::new(1, Purpose::Test).id(id).stream());
            assert_eq!(kept(&child), [2, 2]);
            seen.extend(child.0[0].iter().cloned().enumerate());
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

    #[test]
    fn a_row_that_keeps_several_has_as_many_of_the_options_that_it_has() {
        let row = |options, keeps| Row { options, keeps };
        let rows = vec![row(3, 2), row(4, 3)];
        let nodes = (0..2).map(|row| NodeEdges { edges: row..row + 1, keeps: 1 }).collect();
        let set = ChoiceSet { derived: (0..4).collect(), nodes, rows, ..sets().remove(0) };
        let sets = vec![set];
        let mut stream = Key::new(4, Purpose::Test).stream();
        let mut seen = std::collections::BTreeSet::new();
        let mut child = Child::random(&sets, &mut stream);
        for _ in 0..300 {
            let [first, second] = [0, 1].map(|edge| child.0[0][edge].clone());
            assert_eq!((first.len(), second.len()), (2, 3), "{child:?}");
            assert!(first.iter().all(|&option| option < 3));
            assert!([&first, &second].iter().all(|of| of.windows(2).all(|pair| pair[0] < pair[1])));
            assert_eq!(best_child(&sets, &child.shares(&sets)), child);
            seen.insert((first, second));
            let mutated = child.mutated(&sets, &mut stream);
            assert_ne!(mutated, child);
            child = mutated;
        }
        assert_eq!(seen.len(), 3 * 4, "every choice of each row");
    }
}
