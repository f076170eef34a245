//! A trained network as a Python module for PyTorch.
//!
//! The file stands by itself: the class, its classes' names, how to load it. Its modules are nested as the
//! paths of the network are, so that the tensors of [`crate::safetensors()`] load strictly, and it computes
//! the same.

mod forward;
mod layers;
mod names;
mod tree;

use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::checked::Checked;
use crate::error::Error;
use crate::trained::{Normalization, Trained};
use forward::Forward;
use layers::sides;
use tree::Module;

/// How a network is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PytorchOptions {
    /// The input is pixels as they are, 0 to 255 say, and the network normalises them. Without it, the input
    /// is normalised images.
    pub normalize: bool,
}

/// A network as a Python module: a class `Network`, and `load`, which gives it the weights of the file that
/// [`crate::safetensors()`] writes.
///
/// # Errors
///
/// [`Error`] if the parts of `trained` do not fit each other, a layer or name cannot be expressed, or pixels
/// are to be read whose normalisation is not known.
pub fn pytorch(trained: &Trained<'_>, options: PytorchOptions) -> Result<String, Error> {
    let network = Checked::new(trained)?;
    let normalization = network.normalization(options.normalize)?;
    let tree = modules(&network)?;
    let forward = Forward::new(&network, &tree);
    let [buffers, method, call] = normalizing(normalization.is_some());
    let (members, body, methods) = (tree.statements()?, forward.body(), forward.methods());
    let (opening, constants) = (docstring(&network, options), constants(&network));
    let (output, shape) = (network.output_name(), sides(network.node(network.output()).shape));
    Ok(format!(
        "{opening}{IMPORTS}{constants}{GROUP}{CLASS}{buffers}{members}\n    \
         def forward(self, images: torch.Tensor) -> torch.Tensor:\n        \
         \"\"\"From images [batch, {}] to {output} [batch, {shape}].\"\"\"\n\
         {call}{body}{method}{methods}{LOAD}",
        comma_separated(&trained.graph.image()),
    ))
}

fn modules(network: &Checked<'_>) -> Result<Module, Error> {
    let mut tree = Module::Group(Vec::new());
    for (_, node) in network.layers() {
        let read = network.inputs(node).first().map(|&input| network.node(input).shape);
        for (end, constructor) in layers::modules(node, read) {
            tree.insert(&format!("{}{end}", node.path), constructor)?;
        }
    }
    Ok(tree)
}

fn docstring(network: &Checked<'_>, options: PytorchOptions) -> String {
    let About { producer, producer_version, image, output, written, parameters_left_out, .. } =
        About::of(network);
    let shape = sides(network.node(network.output()).shape);
    let input = if options.normalize {
        "pixels as they are stored, 0 to 255 say; the network normalises them"
    } else {
        "normalised, channel by channel: (pixel * PIXEL_SCALE - MEAN) / DEVIATION"
    };
    let left_out = match parameters_left_out {
        0 => "It has all parameters of the network that was trained.".to_owned(),
        count => format!(
            "{count} more parameters of the network that was trained belong to layers that the\n\
             output does not need, an auxiliary classifier say. They are not here."
        ),
    };
    format!(
        "\"\"\"A trained network, written by {producer} {producer_version}.\n\n\
         Input: images [batch, {}], {input}.\n\
         Output: {output} [batch, {shape}].\n\
         {} parameters, {} multiply-adds for one image. Paths are never dropped.\n\
         {left_out}\n\n\
         With the weights beside it, in a file network.safetensors, and this file as network.py:\n\n    \
         import network\n    model = network.load(\"network.safetensors\")\n    \
         {output} = model(images)\n\"\"\"\n\n",
        comma_separated(&image),
        written.params,
        written.macs,
    )
}

const IMPORTS: &str =
    "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n";

const GROUP: &str = "

class Group(nn.Module):
    \"\"\"Modules under their names.\"\"\"

    def __init__(self, **modules):
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)
";

const CLASS: &str = "

class Network(nn.Module):
    \"\"\"The network; see above.\"\"\"

    def __init__(self):
        super().__init__()
";

const LOAD: &str = "

def load(path):
    \"\"\"The network with the weights of a safetensors file, for prediction.\"\"\"
    from safetensors.torch import load_file

    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
";

fn constants(network: &Checked<'_>) -> String {
    let trained = network.trained();
    let classes: Vec<String> = trained.classes.iter().map(|name| literal(name)).collect();
    let mut text = format!("CLASSES = [{}]\n", classes.join(", "));
    if let Some(Normalization { mean, deviation, pixel_scale }) = trained.normalization {
        text.push_str(&format!(
            "MEAN = {mean:?}\nDEVIATION = {deviation:?}\nPIXEL_SCALE = {pixel_scale:?}\n"
        ));
    }
    text
}

/// What a network that reads pixels has besides: its buffers, which are not among the weights, the method
/// that normalises, and its call.
fn normalizing(wanted: bool) -> [&'static str; 3] {
    if !wanted {
        return [""; 3];
    }
    [
        "        mean = torch.tensor(MEAN, dtype=torch.float64).view(1, -1, 1, 1)
        deviation = torch.tensor(DEVIATION, dtype=torch.float64).view(1, -1, 1, 1)
        self.register_buffer(\"pixel_factor\", (PIXEL_SCALE / deviation).float(), persistent=False)
        self.register_buffer(\"pixel_offset\", (-mean / deviation).float(), persistent=False)
",
        "
    def normalize(self, images):
        \"\"\"Pixels to what the layers read.\"\"\"
        return images * self.pixel_factor + self.pixel_offset
",
        "        images = self.normalize(images)\n",
    ]
}

/// A text as Python writes it, which is as JSON does.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn comma_separated(sides: &[usize]) -> String {
    sides.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
