//! A description read once: its steps, each perhaps several layers, and how long every value is needed.
//!
//! ReLU, convolution and batch norm are one step where nothing else reads what lies between them; so are
//! ReLU, depthwise convolution, 1x1 convolution, if there is one, and batch norm. What no wanted output
//! needs is no step. A search cell is one step, too.

use tamis_graph::{Convolution, ConvolutionLayer, Graph, Layer, NodeId};

use crate::mixing::Wants;
use crate::operations::convolution::dense_kernel;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Its layer, by itself.
    Plain,
    /// A dense convolution, after a ReLU if there is one, and its batch norm.
    ConvNorm {
        /// Whether the input goes through a ReLU.
        relu: bool,
        /// Place of the convolution.
        conv: usize,
    },
    /// A depthwise and perhaps a 1x1 convolution, after a ReLU if there is one, and their batch norm.
    Separable {
        /// Whether the input goes through a ReLU.
        relu: bool,
        /// Place of the depthwise convolution.
        depthwise: usize,
        /// Place of the 1x1 convolution, if there is one.
        pointwise: Option<usize>,
    },
    /// All layers of a search cell: a block by its number.
    Cell(usize),
}

/// A step: makes the value of one layer from those of others.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Place of the layer whose value it makes.
    pub(crate) node: usize,
    /// Places of the layers whose values it reads.
    pub(crate) inputs: Vec<usize>,
    pub(crate) operation: Operation,
}

/// How a description is run for some of its outputs.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) graph: Graph,
    pub(crate) outputs: Vec<NodeId>,
    pub(crate) steps: Vec<Step>,
    /// For each layer, the last step that reads its value; absent if none does.
    pub(crate) last_reader: Vec<Option<usize>>,
    /// For each layer, the first step whose backward pass needs its value, if gradients of mixing weights
    /// are wanted (second) or not; absent if none does.
    needed_back_to: [Vec<Option<usize>>; 2],
    /// For each layer, the step that makes its value again on the way back, where it then need not be kept;
    /// absent for most.
    pub(crate) made_again_by: Vec<Option<usize>>,
    /// For each layer, the sum that its value is added to as it is made, instead of being kept; absent for
    /// most.
    pub(crate) summed_into: Vec<Option<usize>>,
    /// For each layer, whether its value depends on weights, and whether on mixing weights.
    depends_on: Vec<[bool; 2]>,
}

impl Program {
    /// A program that gives these outputs of a network, its search cells by their kernels.
    pub fn new(graph: Graph, outputs: &[NodeId]) -> Program {
        let steps = Fusion::new(&graph, outputs, true).steps();
        Program::of_steps(graph, outputs, steps)
    }

    /// The same with search cells layer by layer: slower, and what their kernels are held against.
    pub fn layered(graph: Graph, outputs: &[NodeId]) -> Program {
        let steps = Fusion::new(&graph, outputs, false).steps();
        Program::of_steps(graph, outputs, steps)
    }

    fn of_steps(graph: Graph, outputs: &[NodeId], steps: Vec<Step>) -> Program {
        let mut last_reader = vec![None; graph.nodes().len()];
        let mut needed_back_to = [(); 2].map(|()| vec![None; graph.nodes().len()]);
        for (number, step) in steps.iter().enumerate() {
            step.inputs.iter().for_each(|&input| last_reader[input] = Some(number));
            for (shares, needed) in [false, true].into_iter().zip(&mut needed_back_to) {
                for value in step.needed_backward(&graph, shares) {
                    needed[value].get_or_insert(number);
                }
            }
        }
        let summed_into = vec![None; graph.nodes().len()];
        let made_again_by = summed_into.clone();
        let depends_on = depends_on(&graph, &steps);
        let outputs = outputs.to_vec();
        let mut program = Program {
            graph,
            outputs,
            steps,
            last_reader,
            needed_back_to,
            made_again_by,
            summed_into,
            depends_on,
        };
        program.find_summands();
        program.find_made_again();
        program
    }

    /// The result of a convolution or a pool that a sum alone reads, and once, goes there at once.
    fn find_summands(&mut self) {
        let mut readers = vec![Vec::new(); self.graph.nodes().len()];
        for step in &self.steps {
            step.inputs.iter().for_each(|&input| readers[input].push(step));
        }
        for step in self.steps.iter().filter(|step| step.adds(&self.graph)) {
            if let [reader] = readers[step.node][..]
                && self.graph.nodes()[reader.node].layer == Layer::Add
                && reader.operation == Operation::Plain
                && !self.leaves(step.node)
            {
                self.summed_into[step.node] = Some(reader.node);
            }
        }
    }

    /// What a convolution's batch norm gave is a factor and a constant away from what the way back keeps.
    fn find_made_again(&mut self) {
        for (number, step) in self.steps.iter().enumerate() {
            let is_convolution = matches!(step.operation, Operation::ConvNorm { .. });
            let stands_alone = self.summed_into[step.node].is_none() && !self.leaves(step.node);
            if is_convolution && stands_alone {
                self.made_again_by[step.node] = Some(number);
            }
        }
    }

    /// The first step whose backward pass needs a value, with gradients of mixing weights or without.
    pub(crate) fn needed_back_to(&self, value: usize, shares: bool) -> Option<usize> {
        self.needed_back_to[usize::from(shares)][value]
    }

    /// Which layers' gradients something that is wanted depends on, by place.
    pub(crate) fn wanted(&self, wants: Wants) -> Vec<bool> {
        let of =
            |&[weights, shares]: &[bool; 2]| wants.weights && weights || wants.shares && shares;
        self.depends_on.iter().map(of).collect()
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The outputs that it gives, in order.
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// Whether a value leaves the network.
    pub(crate) fn leaves(&self, node: usize) -> bool {
        self.outputs.iter().any(|output| output.index() == node)
    }
}

impl Step {
    /// Whether it can add its result to what is there.
    fn adds(&self, graph: &Graph) -> bool {
        let pools =
            matches!(graph.nodes()[self.node].layer, Layer::MaxPool(_) | Layer::AveragePool(_));
        pools || matches!(self.operation, Operation::ConvNorm { .. } | Operation::Separable { .. })
    }

    /// Places of the values that its backward pass reads.
    pub(crate) fn needed_backward(&self, graph: &Graph, shares: bool) -> Vec<usize> {
        match (self.operation, graph.nodes()[self.node].layer) {
            (Operation::Cell(_), _) => Vec::new(),
            (Operation::ConvNorm { .. } | Operation::Separable { .. }, _)
            | (_, Layer::Convolution(_) | Layer::BatchNorm { .. } | Layer::Normalize)
            | (_, Layer::Linear { .. })
            | (_, Layer::FactorizedReduction { .. }) => self.inputs.clone(),
            (_, Layer::Activation(_) | Layer::ScaleChannels) => self.inputs.clone(),
            (_, Layer::Mix(_) | Layer::Weigh { .. }) if shares => self.inputs.clone(),
            (_, Layer::Relu) => vec![self.node],
            (_, Layer::MaxPool(_)) => vec![self.inputs[0]],
            _ => Vec::new(),
        }
    }
}

/// For each layer, whether its value depends on weights, and whether on mixing weights.
fn depends_on(graph: &Graph, steps: &[Step]) -> Vec<[bool; 2]> {
    let mut depends_on = vec![[false; 2]; graph.nodes().len()];
    for step in steps {
        let layer = graph.nodes()[step.node].layer;
        let own = match step.operation {
            Operation::Cell(_) => [true; 2],
            Operation::ConvNorm { .. } | Operation::Separable { .. } => [true, false],
            Operation::Plain => {
                let mixes = matches!(layer, Layer::Mix(_) | Layer::Weigh { .. });
                [!layer.parameters().is_empty(), mixes]
            }
        };
        let inputs = step.inputs.iter().map(|&input| depends_on[input]);
        depends_on[step.node] = inputs.fold(own, |[a, b], [c, d]| [a || c, b || d]);
    }
    depends_on
}

/// Joins layers into steps.
struct Fusion<'a> {
    graph: &'a Graph,
    /// For each layer, the search cell that ends there and is one step, by its number; absent for most.
    cells: Vec<Option<usize>>,
    needed: Vec<bool>,
    readers: Vec<Vec<usize>>,
    leaves: Vec<bool>,
}

impl<'a> Fusion<'a> {
    fn new(graph: &'a Graph, outputs: &[NodeId], cells: bool) -> Fusion<'a> {
        let needed = graph.needed(outputs);
        let mut readers = vec![Vec::new(); graph.nodes().len()];
        for (place, node) in graph.nodes().iter().enumerate().filter(|(place, _)| needed[*place]) {
            node.inputs.iter().for_each(|input| readers[input.index()].push(place));
        }
        let mut leaves = vec![false; graph.nodes().len()];
        outputs.iter().for_each(|output| leaves[output.index()] = true);
        let mut ends = vec![None; graph.nodes().len()];
        for (number, block) in graph.blocks().iter().enumerate().filter(|_| cells) {
            ends[block.output()].get_or_insert(number);
        }
        let cells = ends;
        Fusion { graph, cells, needed, readers, leaves }
    }

    fn steps(&self) -> Vec<Step> {
        let places = (0..self.graph.nodes().len()).filter(|&place| self.needed[place]);
        let mut steps: Vec<Step> = places.map(|place| self.step(place)).collect();
        // What was joined into others is made only if somebody still reads it.
        loop {
            let mut read = self.leaves.clone();
            steps.iter().flat_map(|step| &step.inputs).for_each(|&input| read[input] = true);
            let before = steps.len();
            steps.retain(|step| read[step.node]);
            if steps.len() == before {
                break steps;
            }
        }
    }

    fn step(&self, node: usize) -> Step {
        self.cell(node).or_else(|| self.joined(node)).unwrap_or_else(|| Step {
            node,
            inputs: self.inputs(node),
            operation: Operation::Plain,
        })
    }

    /// The step that is a search cell, if that ends here.
    fn cell(&self, node: usize) -> Option<Step> {
        let number = self.cells[node]?;
        let inputs = self.graph.blocks()[number].inputs.iter().map(|input| input.index());
        Some(Step { node, inputs: inputs.collect(), operation: Operation::Cell(number) })
    }

    /// The step that ends in a batch norm, if its convolution is one that a kernel takes with it.
    fn joined(&self, node: usize) -> Option<Step> {
        let layer = self.graph.nodes()[node].layer;
        if !matches!(layer, Layer::BatchNorm { .. } | Layer::Normalize) {
            return None;
        }
        let conv = self.only_input(node)?;
        if self.is_pointwise(conv)
            && let Some(depthwise) = self.only_input(conv)
            && self.is_depthwise(depthwise)
        {
            let (relu, input) = self.before(depthwise);
            let operation = Operation::Separable { relu, depthwise, pointwise: Some(conv) };
            return Some(Step { node, inputs: vec![input], operation });
        }
        let (relu, input) = self.before(conv);
        let operation = if self.is_dense(conv) {
            Operation::ConvNorm { relu, conv }
        } else if self.is_depthwise(conv) {
            Operation::Separable { relu, depthwise: conv, pointwise: None }
        } else {
            return None;
        };
        Some(Step { node, inputs: vec![input], operation })
    }

    fn inputs(&self, node: usize) -> Vec<usize> {
        self.graph.nodes()[node].inputs.iter().map(|input| input.index()).collect()
    }

    /// The layer before, if this one alone reads it and it is no output.
    fn only_input(&self, node: usize) -> Option<usize> {
        let input = self.graph.nodes()[node].inputs.first()?.index();
        (self.readers[input].len() == 1 && !self.leaves[input]).then_some(input)
    }

    /// What a convolution reads, and whether through a ReLU.
    fn before(&self, conv: usize) -> (bool, usize) {
        let input = self.inputs(conv)[0];
        match self.graph.nodes()[input].layer {
            Layer::Relu => (true, self.inputs(input)[0]),
            _ => (false, input),
        }
    }

    fn convolution(&self, node: usize) -> Option<ConvolutionLayer> {
        match self.graph.nodes()[node].layer {
            Layer::Convolution(layer) if layer.bias.is_none() => Some(layer),
            _ => None,
        }
    }

    fn is_dense(&self, node: usize) -> bool {
        if matches!(self.graph.nodes()[node].layer, Layer::FactorizedReduction { .. }) {
            return true;
        }
        self.convolution(node).is_some_and(|layer| dense_kernel(&layer.convolution).is_some())
    }

    fn is_pointwise(&self, node: usize) -> bool {
        self.convolution(node).is_some_and(|layer| {
            layer.convolution == Convolution::square(layer.convolution.outputs, 1)
        })
    }

    fn is_depthwise(&self, node: usize) -> bool {
        self.convolution(node).is_some_and(|layer| {
            let Convolution { kernel, dilation, stride, .. } = layer.convolution;
            let same = Convolution::depthwise(layer.inputs, kernel[0], dilation).stride(stride[0]);
            let known = matches!((kernel[0], dilation), (3 | 5 | 7, 1) | (3 | 5, 2));
            known && stride[0] <= 2 && layer.convolution == same
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tamis_space::nas_bench_201::{Genotype, MacroShape};

    fn program(text: &str) -> Program {
        let genotype: Genotype = text.parse().unwrap();
        let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [3, 8, 8]) };
        let graph = genotype.network(&shape).unwrap();
        let logits = graph.output("logits").unwrap();
        Program::new(graph, &[logits])
    }

    #[test]
    fn a_cells_convolutions_are_one_step_each_and_dead_ones_none() {
        let text =
            "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|skip_connect~1|none~2|";
        let program = program(text);
        let fused = |step: &&Step| step.operation != Operation::Plain;
        // The stem, two a cell, two a reduction; the one into node 2 leads nowhere.
        assert_eq!(program.steps.iter().filter(fused).count(), 1 + 3 * 2 + 2 * 2);
        let relus = program
            .steps
            .iter()
            .filter(|step| program.graph.nodes()[step.node].layer == Layer::Relu);
        assert_eq!(relus.count(), 1, "the head's alone: all others are part of convolutions");
    }

    #[test]
    fn a_value_is_kept_for_the_first_step_that_needs_it_on_the_way_back() {
        let program = program("|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|");
        let (number, step) = program
            .steps
            .iter()
            .enumerate()
            .find(|(_, step)| {
                step.inputs.len() == 1
                    && matches!(step.operation, Operation::ConvNorm { relu: true, .. })
            })
            .unwrap();
        assert_eq!(program.needed_back_to(step.inputs[0], false), Some(number));
        assert_eq!(program.needed_back_to(program.steps.last().unwrap().node, false), None);
    }

    #[test]
    fn the_one_term_of_a_node_is_made_again_and_what_others_add_to_is_not() {
        let program = program(
            "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|none~0|none~1|skip_connect~2|",
        );
        let cell = |node: &usize| program.graph.nodes()[*node].layer;
        for (value, maker) in program.made_again_by.iter().enumerate() {
            let Some(maker) = maker else { continue };
            assert_eq!(program.steps[*maker].node, value);
            assert!(matches!(cell(&value), Layer::BatchNorm { .. }));
            assert_eq!(program.summed_into[value], None);
        }
        // The stem and node 1 of three cells; of a reduction the first of its convolutions.
        assert_eq!(program.made_again_by.iter().flatten().count(), 1 + 3 + 2);
    }

    #[test]
    fn means_go_straight_into_a_sum_and_need_nothing_on_the_way_back() {
        let program = program(
            "|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|skip_connect~1|avg_pool_3x3~2|",
        );
        let layer = |node: usize| program.graph.nodes()[node].layer;
        let is_mean =
            |step: &&Step| matches!(layer(step.node), Layer::AveragePool(pool) if pool.side == 3);
        let means: Vec<&Step> = program.steps.iter().filter(is_mean).collect();
        let summed = means.iter().filter(|mean| program.summed_into[mean.node].is_some()).count();
        assert_eq!((means.len(), summed), (3 * 5, 3 * 4), "the first node of a cell has one term");
        for mean in means.iter().filter(|mean| layer(mean.inputs[0]) == Layer::Add) {
            let needed = program.needed_back_to(mean.inputs[0], false);
            assert_eq!(needed, None, "of {:?}", mean.inputs);
        }
    }
}
