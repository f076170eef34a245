//! What each option of a supernet costs, so that what runs can be counted.

use tamis_graph::{Graph, Mix, NodeId};

use super::ChoiceSet;

/// Multiply-adds of one sample's forward pass through a supernet.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionCosts(Costs);

#[derive(Clone, Debug, PartialEq)]
enum Costs {
    /// Of cells whose options stand side by side.
    Cells(Cells),
    /// Of a supernet that is described as a value: those of the layers that its output needs.
    Described {
        graph: Box<Graph>,
        /// Options of each matrix.
        widths: Vec<usize>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cells {
    /// Of what always runs.
    fixed: u64,
    /// Of each option on each edge, `[edge, option]` a choice set, in all cells together.
    options: Vec<Vec<u64>>,
}

impl OptionCosts {
    /// Of cells.
    pub(super) fn of_cells(cells: Cells) -> OptionCosts {
        OptionCosts(Costs::Cells(cells))
    }

    /// Of a supernet with mixed sums.
    pub(super) fn described(graph: Graph, sets: &[ChoiceSet]) -> OptionCosts {
        let widths = sets.iter().map(|set| set.options.len()).collect();
        OptionCosts(Costs::Described { graph: Box::new(graph), widths })
    }

    /// Of what runs, `[edge, option]` a choice set; all of a choice set of which nothing is said.
    pub fn of(&self, runs: &[Vec<bool>]) -> u64 {
        match &self.0 {
            Costs::Cells(cells) => cells.of(runs),
            Costs::Described { graph, widths } => of_graph(graph, widths, runs),
        }
    }

    /// Of the whole supernet.
    pub fn all(&self) -> u64 {
        self.of(&[])
    }
}

fn of_graph(graph: &Graph, widths: &[usize], runs: &[Vec<bool>]) -> u64 {
    let is_run = |mix: Mix, option: usize| {
        let of_matrix = runs.get(mix.matrix).map(Vec::as_slice).unwrap_or_default();
        *of_matrix.get(mix.decision * widths[mix.matrix] + option).unwrap_or(&true)
    };
    let outputs: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    let needed = graph.nodes().iter().zip(graph.needed_where(&outputs, is_run));
    let macs = needed
        .filter(|(_, needed)| *needed)
        .map(|(node, _)| node.layer.macs(graph.parameters(), node.shape));
    macs.fold(0, u64::saturating_add)
}

impl Cells {
    /// Of nothing yet.
    pub(super) fn new(sets: &[ChoiceSet]) -> Cells {
        let shapes = sets.iter().map(ChoiceSet::shape);
        let options = shapes.map(|[edges, options]| vec![0; edges * options]).collect();
        Cells { fixed: 0, options }
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

    fn of(&self, runs: &[Vec<bool>]) -> u64 {
        let mut sum = self.fixed;
        for (number, options) in self.options.iter().enumerate() {
            let runs = runs.get(number).map(Vec::as_slice).unwrap_or_default();
            let running =
                options.iter().enumerate().filter(|(at, _)| *runs.get(*at).unwrap_or(&true));
            sum += running.map(|(_, macs)| macs).sum::<u64>();
        }
        sum
    }
}

/// From a path such as `cells.3.edges.5.skip_connect.conv1` to edge and option.
fn edge_and_option(path: &str, set: &ChoiceSet) -> Option<[usize; 2]> {
    let mut parts = path.split('.').skip_while(|part| *part != "edges").skip(1);
    let edge = parts.next()?.parse().ok()?;
    Some([edge, set.option(parts.next()?)?])
}
