//! Each layer in PyTorch: the module that it is, and the expression that applies it.

use tamis_graph::{Convolution, ConvolutionLayer, Layer, Node, Pool, Shape};

/// The modules of a layer: the end of each one's path, and how it is made.
pub(super) fn modules(node: &Node, inputs: Option<Shape>) -> Vec<(&'static str, String)> {
    match node.layer {
        Layer::Convolution(layer) => vec![("", convolution(layer))],
        Layer::FactorizedReduction { inputs, outputs, .. } => {
            let half =
                |outputs: usize| format!("nn.Conv2d({inputs}, {outputs}, 1, stride=2, bias=False)");
            vec![(".conv1", half(outputs / 2)), (".conv2", half(outputs - outputs / 2))]
        }
        Layer::BatchNorm { affine, .. } => {
            let channels = node.shape.channels();
            let affine = if affine.is_some() { "" } else { ", affine=False" };
            vec![("", format!("nn.BatchNorm2d({channels}{affine})"))]
        }
        Layer::Linear { outputs, .. } => {
            let inputs = inputs.map_or(0, Shape::channels);
            vec![("", format!("nn.Linear({inputs}, {outputs})"))]
        }
        _ => Vec::new(),
    }
}

fn convolution(layer: ConvolutionLayer) -> String {
    let Convolution { outputs, kernel, stride, padding, dilation, groups, bias } =
        layer.convolution;
    let mut text = format!("nn.Conv2d({}, {outputs}, {}", layer.inputs, pair(kernel));
    let settings = [
        ("stride", stride != [1, 1], pair(stride)),
        ("padding", padding != [0, 0], pair(padding)),
        ("dilation", dilation != 1, dilation.to_string()),
        ("groups", groups != 1, groups.to_string()),
        ("bias", !bias, "False".to_owned()),
    ];
    for (name, _, value) in settings.into_iter().filter(|(_, given, _)| *given) {
        text.push_str(&format!(", {name}={value}"));
    }
    text.push(')');
    text
}

fn pair([rows, columns]: [usize; 2]) -> String {
    if rows == columns { rows.to_string() } else { format!("({rows}, {columns})") }
}

/// What a layer without modules does to its inputs, or one with them, whose module `module` finds by the end
/// of its path.
pub(super) fn expression(
    node: &Node,
    inputs: &[String],
    read: Option<Shape>,
    module: impl Fn(&str) -> String,
) -> String {
    let x = inputs.first().map_or("", String::as_str);
    match node.layer {
        Layer::Image | Layer::DropPath { .. } => x.to_owned(),
        Layer::Convolution(_) | Layer::BatchNorm { .. } | Layer::Linear { .. } => {
            format!("{}({x})", module(""))
        }
        Layer::FactorizedReduction { .. } => {
            let (first, second) = (module(".conv1"), module(".conv2"));
            format!("torch.cat([{first}({x}), {second}({x}[:, :, 1:, 1:])], dim=1)")
        }
        Layer::Relu => format!("F.relu({x})"),
        Layer::Activation(activation) => {
            format!("F.{}({x})", activation.name().replace("hard_", "hard"))
        }
        Layer::ScaleChannels => format!("{x} * {}[:, :, None, None]", inputs[1]),
        Layer::MaxPool(pool) => format!("F.max_pool2d({x}, {})", window(pool)),
        Layer::AveragePool(pool) => {
            format!("F.avg_pool2d({x}, {}, count_include_pad=False)", window(pool))
        }
        Layer::GlobalAverage => format!("{x}.mean(dim=(2, 3))"),
        // What supernets alone have is refused before anything is written.
        Layer::Add | Layer::Mix(_) | Layer::Weigh { .. } | Layer::Normalize => inputs.join(" + "),
        Layer::Concatenate => format!("torch.cat([{}], dim=1)", inputs.join(", ")),
        Layer::Zero { .. } => format!("{x}.new_zeros({x}.shape[0], {})", sides(node.shape)),
        Layer::HalveAndWiden { outputs } => {
            let more = outputs - read.map_or(outputs, Shape::channels);
            let (before, after) = (more / 2, more - more / 2);
            format!("F.pad({x}[:, :, ::2, ::2], (0, 0, 0, 0, {before}, {after}))")
        }
        Layer::Channels { first: 0, outputs } => format!("{x}[:, :{outputs}]"),
        Layer::Channels { first, outputs } => format!("{x}[:, {first}:{}]", first + outputs),
        Layer::Shuffle { groups } => format!("F.channel_shuffle({x}, {groups})"),
        Layer::Upsample => format!("F.interpolate({x}, scale_factor=2, mode=\"nearest\")"),
        Layer::Flatten => format!("{x}.flatten(1)"),
        Layer::Unflatten(_) => format!("{x}.unflatten(1, ({}))", sides(node.shape)),
    }
}

fn window(Pool { side, stride, padding }: Pool) -> String {
    let padding = if padding == 0 { String::new() } else { format!(", padding={padding}") };
    format!("{side}, stride={stride}{padding}")
}

/// The sides of a shape with commas between.
pub(super) fn sides(shape: Shape) -> String {
    match shape {
        Shape::Planes([channels, height, width]) => format!("{channels}, {height}, {width}"),
        Shape::Features(values) => values.to_string(),
    }
}
