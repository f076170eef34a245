//! A trained network whose parts fit each other, and the layers of it that are written.
//!
//! The layers are those that the main output needs. Paths are not dropped outside of training: who reads such
//! a layer reads what it reads. What no form of this crate can express is refused here, once for all of them.

use tamis_graph::{Graph, Layer, Node, NodeId, Pool, Shape};

use crate::error::Error;
use crate::trained::{Normalization, Trained};

/// A trained network that was found to be sound.
pub(crate) struct Checked<'a> {
    trained: Trained<'a>,
    /// The main output's layer, no path dropped.
    output: NodeId,
    /// The layers it needs, in order.
    layers: Vec<NodeId>,
    /// Which of them read each layer, by place.
    readers: Vec<Vec<NodeId>>,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(trained: &Trained<'a>) -> Result<Checked<'a>, Error> {
        let graph = trained.graph;
        let main = graph.outputs().first().ok_or(Error::NoOutput)?;
        let output = source(graph, main.node);
        let needed = graph.needed(&[output]);
        let written = |id: &NodeId| {
            needed[id.index()] && !matches!(graph.node(*id).layer, Layer::DropPath { .. })
        };
        let layers: Vec<NodeId> = graph.ids().filter(written).collect();
        layers.iter().try_for_each(|&id| expressible(graph, graph.node(id)))?;
        let mut readers = vec![Vec::new(); graph.nodes().len()];
        for &reader in &layers {
            let inputs = graph.node(reader).inputs.iter();
            inputs.for_each(|&input| readers[source(graph, input).index()].push(reader));
        }
        let checked = Checked { trained: *trained, output, layers, readers };
        checked.check_weights()?;
        checked.check_statistics()?;
        checked.check_classes()?;
        trained
            .normalization
            .map_or(Ok(()), |found| check_normalization(found, graph.image()[0]))?;
        Ok(checked)
    }

    pub(crate) fn trained(&self) -> &Trained<'a> {
        &self.trained
    }

    /// The layers that are written, each after what it reads.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (NodeId, &'a Node)> {
        let graph = self.trained.graph;
        self.layers.iter().map(move |&id| (id, graph.node(id)))
    }

    pub(crate) fn node(&self, id: NodeId) -> &'a Node {
        self.trained.graph.node(id)
    }

    /// The layer whose result is the main output.
    pub(crate) fn output(&self) -> NodeId {
        self.output
    }

    /// What the main output is called.
    pub(crate) fn output_name(&self) -> &'a str {
        &self.trained.graph.outputs()[0].name
    }

    /// What a layer reads.
    pub(crate) fn inputs(&self, node: &Node) -> Vec<NodeId> {
        node.inputs.iter().map(|&input| source(self.trained.graph, input)).collect()
    }

    /// The written layers that read another, each as often as it does.
    pub(crate) fn readers(&self, id: NodeId) -> &[NodeId] {
        &self.readers[id.index()]
    }

    /// The values of a parameter.
    pub(crate) fn values(&self, number: usize) -> &'a [f32] {
        &self.trained.weights[self.trained.graph.parameters().parameters()[number].range()]
    }

    /// The shape of a parameter.
    pub(crate) fn shape(&self, number: usize) -> &'a [usize] {
        &self.trained.graph.parameters().parameters()[number].shape
    }

    /// The normalisation, if an input of pixels is wanted.
    pub(crate) fn normalization(&self, wanted: bool) -> Result<Option<&'a Normalization>, Error> {
        match (wanted, self.trained.normalization) {
            (false, _) => Ok(None),
            (true, None) => Err(Error::NoNormalization),
            (true, found) => Ok(found),
        }
    }

    fn check_weights(&self) -> Result<(), Error> {
        let layout = self.trained.graph.parameters();
        length("weights", self.trained.weights.len(), layout.length())?;
        for parameter in layout.parameters() {
            let values =
                self.trained.weights[parameter.range()].iter().map(|&value| f64::from(value));
            numbers(&parameter.path, values, "finite numbers", f64::is_finite)?;
        }
        Ok(())
    }

    fn check_statistics(&self) -> Result<(), Error> {
        let (norms, Trained { means, variances, .. }) = (self.trained.graph.norms(), self.trained);
        length("means of batch norms", means.len(), norms.len())?;
        length("variances of batch norms", variances.len(), norms.len())?;
        for (number, &channels) in norms.iter().enumerate() {
            let (mean, variance) = (&means[number], &variances[number]);
            length(&format!("means of batch norm {number}"), mean.len(), channels)?;
            length(&format!("variances of batch norm {number}"), variance.len(), channels)?;
            let place = |what: &str| format!("the running {what} of batch norm {number}");
            let usable = |value: f64| value.is_finite() && value >= 0.0;
            numbers(&place("mean"), mean.iter().copied(), "finite numbers", f64::is_finite)?;
            numbers(&place("variance"), variance.iter().copied(), "numbers of at least 0", usable)?;
        }
        Ok(())
    }

    /// Classes have names, or none of them has.
    fn check_classes(&self) -> Result<(), Error> {
        let classes = self.trained.classes.len();
        match self.node(self.output).shape {
            _ if classes == 0 => Ok(()),
            Shape::Features(logits) => length("names of classes", classes, logits),
            Shape::Planes(_) => length("names of classes", classes, 0),
        }
    }
}

/// The layer whose result arrives where this one's would, if it drops paths.
fn source(graph: &Graph, mut id: NodeId) -> NodeId {
    while let Node { layer: Layer::DropPath { .. }, inputs, .. } = graph.node(id) {
        id = inputs[0];
    }
    id
}

fn expressible(graph: &Graph, node: &Node) -> Result<(), Error> {
    let refuse =
        |found: String, expected| Err(Error::Layer { layer: node.path.clone(), found, expected });
    match node.layer {
        Layer::MaxPool(Pool { side, padding, .. })
        | Layer::AveragePool(Pool { side, padding, .. })
            if 2 * padding > side =>
        {
            let found = format!("a window of {side} with a padding of {padding}");
            refuse(found, "a padding of at most half the window")
        }
        Layer::FactorizedReduction { outputs, .. } if outputs < 2 => {
            refuse(format!("a factorized reduction to {outputs} channel"), "at least 2 channels")
        }
        Layer::HalveAndWiden { outputs } => {
            let inputs = graph.node(node.inputs[0]).shape.channels();
            let found = format!("a widening from {inputs} to {outputs} channels");
            if outputs < inputs { refuse(found, "at least as many channels") } else { Ok(()) }
        }
        Layer::Convolution(layer)
            if graph.parameters().parameters()[layer.weight].length() > layer.weight_values() =>
        {
            let found = "a convolution by a part of a shared weight".to_owned();
            refuse(found, "convolutions with weights of their own")
        }
        Layer::Mix(_) | Layer::Weigh { .. } | Layer::Normalize => {
            refuse("a mixed sum".to_owned(), "a network, not the supernet that it was found in")
        }
        Layer::Add | Layer::Concatenate if node.inputs.is_empty() => {
            refuse(format!("{} of nothing", node.layer.kind()), "at least one input")
        }
        _ => Ok(()),
    }
}

fn check_normalization(found: &Normalization, channels: usize) -> Result<(), Error> {
    let Normalization { mean, deviation, pixel_scale } = found;
    length("means of image channels", mean.len(), channels)?;
    length("deviations of image channels", deviation.len(), channels)?;
    let positive = |value: f64| value.is_finite() && value > 0.0;
    let place = |what: &str| format!("the {what} of the normalisation");
    numbers(&place("mean"), mean.iter().copied(), "finite numbers", f64::is_finite)?;
    numbers(&place("deviation"), deviation.iter().copied(), "positive numbers", positive)?;
    numbers(&place("pixel scale"), std::iter::once(*pixel_scale), "a positive number", positive)
}

fn length(what: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Length { what: what.to_owned(), found, expected })
}

fn numbers(
    place: &str,
    mut values: impl Iterator<Item = f64>,
    expected: &'static str,
    usable: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    match values.find(|&value| !usable(value)) {
        Some(found) => Err(Error::Number { place: place.to_owned(), found, expected }),
        None => Ok(()),
    }
}
