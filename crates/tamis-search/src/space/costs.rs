//! What each option of a supernet costs, so that what runs can be counted.

use tamis_graph::Graph;

use super::ChoiceSet;

/// Multiply-adds of one sample's forward pass through a supernet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionCosts {
    /// Of what always runs.
    fixed: u64,
    /// Of each option on each edge, `[edge, option]` a choice set, in all cells together.
    options: Vec<Vec<u64>>,
}

impl OptionCosts {
    /// Of nothing yet.
    pub(super) fn new(sets: &[ChoiceSet]) -> OptionCosts {
        let shapes = sets.iter().map(ChoiceSet::shape);
        let options = shapes.map(|[edges, options]| vec![0; edges * options]).collect();
        OptionCosts { fixed: 0, options }
    }

    /// Adds a network, or a part of one, whose options lie under `…edges.EDGE.OPTION.…` and are those of
    /// one choice set.
    pub(super) fn add(&mut self, graph: &Graph, number: usize, set: &ChoiceSet) {
        for node in graph.nodes() {
            let macs = node.layer.macs(graph.parameters(), node.shape);
            let parameter = node.layer.parameters().first().copied();
            let path = parameter.map(|at| graph.parameters().parameters()[at].path.as_str());
            let place = path.and_then(|path| {
                let [edge, option] = edge_and_option(path, set)?;
                self.options[number].get_mut(edge * set.options.len() + option)
            });
            *place.unwrap_or(&mut self.fixed) += macs;
        }
    }

    /// Of what runs, `[edge, option]` a choice set; all of a choice set of which nothing is said.
    pub fn of(&self, runs: &[Vec<bool>]) -> u64 {
        let mut sum = self.fixed;
        for (number, options) in self.options.iter().enumerate() {
            let runs = runs.get(number).map(Vec::as_slice).unwrap_or_default();
            let running =
                options.iter().enumerate().filter(|(at, _)| *runs.get(*at).unwrap_or(&true));
            sum += running.map(|(_, macs)| macs).sum::<u64>();
        }
        sum
    }

    /// Of the whole supernet.
    pub fn all(&self) -> u64 {
        self.of(&[])
    }
}

/// From a path such as `cells.3.edges.5.skip_connect.conv1` to edge and option.
fn edge_and_option(path: &str, set: &ChoiceSet) -> Option<[usize; 2]> {
    let mut parts = path.split('.').skip_while(|part| *part != "edges").skip(1);
    let edge = parts.next()?.parse().ok()?;
    Some([edge, set.option(parts.next()?)?])
}
