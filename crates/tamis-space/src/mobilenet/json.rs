//! The networks of ProxylessNAS as its code writes them: `ProxylessNASNets` in JSON.
//!
//! Read is what a genotype can say; a network with more (a 1x1 kernel, another shortcut, a dropout) is
//! refused by the place where it says so. The batch norm's epsilon there, 1e-3, is 1e-5 here, as
//! everywhere.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Block, BlockKind, BlockShape, Genotype, Stage, Stem};
use crate::Error;

/// What a network of the format calls itself.
const NAME: &str = "ProxylessNASNets";

/// The parts of the format that say what the network is.
#[derive(Deserialize)]
struct Described {
    name: String,
    first_conv: Convolution,
    blocks: Vec<Residual>,
    feature_mix_layer: Convolution,
}

#[derive(Deserialize)]
struct Convolution {
    out_channels: usize,
    kernel_size: usize,
    #[serde(default = "one")]
    stride: usize,
}

#[derive(Deserialize)]
struct Residual {
    mobile_inverted_conv: Option<Inverted>,
    shortcut: Option<Value>,
}

#[derive(Deserialize, Serialize)]
struct Inverted {
    name: String,
    #[serde(default)]
    in_channels: usize,
    #[serde(default)]
    out_channels: usize,
    #[serde(default)]
    kernel_size: usize,
    #[serde(default = "one")]
    stride: usize,
    #[serde(default = "one")]
    expand_ratio: usize,
}

fn one() -> usize {
    1
}

/// Whether a text says of itself that it is the network of a ProxylessNAS.
pub fn is_json(text: &str) -> bool {
    let named = |value: Value| value["name"] == NAME;
    serde_json::from_str(text).is_ok_and(named)
}

/// A genotype from the JSON text of a `ProxylessNASNets`.
///
/// # Errors
///
/// [`Error::Json`] if it is none, [`Error::Blocks`] if it is a network that is none of the space.
pub fn from_json(text: &str) -> Result<Genotype, Error> {
    let refuse = |found: String, expected| Err(Error::Json { found, expected });
    let described: Described = match serde_json::from_str(text) {
        Ok(described) => described,
        Err(error) => return refuse(error.to_string(), "a network as ProxylessNAS writes it"),
    };
    if described.name != NAME {
        return refuse(format!("name = {}", described.name), NAME);
    }
    let Convolution { out_channels: channels, kernel_size, stride } = described.first_conv;
    if kernel_size != 3 || described.feature_mix_layer.kernel_size != 1 {
        return refuse("other kernels".to_owned(), "3 of first_conv and 1 of feature_mix_layer");
    }
    let stages = stages(&described.blocks, channels)?;
    let features = described.feature_mix_layer.out_channels;
    Genotype::new(BlockKind::PLAIN, Stem { channels, stride }, stages, features)
}

/// Blocks that keep their shape belong to the stage of the one before.
fn stages(blocks: &[Residual], mut inputs: usize) -> Result<Vec<Stage>, Error> {
    let mut stages: Vec<Stage> = Vec::new();
    for (number, residual) in blocks.iter().enumerate() {
        let (shape, block) = block(number, residual, inputs)?;
        match stages.last_mut().filter(|_| shape.keeps()) {
            Some(stage) => stage.blocks.push(block),
            None => stages.push(Stage {
                channels: shape.outputs,
                stride: shape.stride,
                blocks: vec![block],
            }),
        }
        inputs = shape.outputs;
    }
    Ok(stages)
}

fn block(number: usize, of: &Residual, inputs: usize) -> Result<(BlockShape, Block), Error> {
    let refuse = |what: String, expected| {
        Err(Error::Json { found: format!("block {number} with {what}"), expected })
    };
    let shortcut = of.shortcut.as_ref().and_then(|shortcut| shortcut["name"].as_str());
    let shape = match &of.mobile_inverted_conv {
        Some(conv) if conv.name == "MBInvertedConvLayer" => {
            BlockShape { inputs: conv.in_channels, outputs: conv.out_channels, stride: conv.stride }
        }
        Some(conv) if conv.name != "ZeroLayer" => {
            return refuse(conv.name.clone(), "MBInvertedConvLayer or ZeroLayer");
        }
        _ => BlockShape { inputs, outputs: inputs, stride: 1 },
    };
    if shape.inputs != inputs {
        return refuse(format!("in_channels = {}", shape.inputs), "the out_channels before it");
    }
    if shortcut.is_some_and(|name| name != "IdentityLayer") || shortcut.is_some() != shape.keeps() {
        let found = format!("the shortcut {}", shortcut.unwrap_or("none"));
        return refuse(found, "IdentityLayer where the shape is kept, none elsewhere");
    }
    let block = match &of.mobile_inverted_conv {
        Some(conv) if conv.name == "MBInvertedConvLayer" => {
            Block::Inverted { kernel: conv.kernel_size, expansion: conv.expand_ratio }
        }
        _ => Block::Skip,
    };
    Ok((shape, block))
}

/// A genotype as the JSON text of a `ProxylessNASNets` of so many image channels and classes.
///
/// # Errors
///
/// [`Error::Json`] if its blocks have another activation than ReLU6, or gate their channels: the format has
/// no words for that.
pub fn to_json(
    genotype: &Genotype,
    image_channels: usize,
    classes: usize,
) -> Result<String, Error> {
    if genotype.block_kind != BlockKind::PLAIN {
        let found = format!("blocks with {}", genotype.block_kind);
        return Err(Error::Json { found, expected: "relu6 alone, which the format has words for" });
    }
    let convolution = |kernel: usize, stride: usize, inputs: usize, outputs: usize| {
        json!({
            "name": "ConvLayer", "kernel_size": kernel, "stride": stride, "dilation": 1, "groups": 1,
            "bias": false, "has_shuffle": false, "in_channels": inputs, "out_channels": outputs,
            "use_bn": true, "act_func": "relu6", "dropout_rate": 0, "ops_order": "weight_bn_act",
        })
    };
    let stem = genotype.stem;
    let last = genotype.stages.last().map_or(stem.channels, |stage| stage.channels);
    let network = json!({
        "name": NAME,
        "bn": { "momentum": 0.1, "eps": 1e-5 },
        "first_conv": convolution(3, stem.stride, image_channels, stem.channels),
        "blocks": genotype.blocks().map(written).collect::<Vec<_>>(),
        "feature_mix_layer": convolution(1, 1, last, genotype.features),
        "classifier": {
            "name": "LinearLayer", "in_features": genotype.features, "out_features": classes,
            "bias": true, "use_bn": false, "act_func": null, "dropout_rate": 0,
            "ops_order": "weight_bn_act",
        },
    });
    Ok(format!("{network:#}\n"))
}

fn written((shape, block): (BlockShape, Block)) -> Value {
    let BlockShape { inputs, outputs, stride } = shape;
    let conv = match block {
        Block::Skip => json!({ "name": "ZeroLayer", "stride": 1 }),
        Block::Inverted { kernel, expansion } => json!({
            "name": "MBInvertedConvLayer", "in_channels": inputs, "out_channels": outputs,
            "kernel_size": kernel, "stride": stride, "expand_ratio": expansion,
        }),
    };
    let shortcut = shape.keeps().then(|| {
        json!({
            "name": "IdentityLayer", "in_channels": [inputs], "out_channels": [outputs],
            "use_bn": false, "act_func": null, "dropout_rate": 0, "ops_order": "weight_bn_act",
        })
    });
    json!({
        "name": "MobileInvertedResidualBlock", "mobile_inverted_conv": conv, "shortcut": shortcut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mobilenet::{PUBLISHED, published};

    #[test]
    fn networks_are_written_and_read_back() {
        let skipping = "mobilenet(relu6) 8/1 16/1(3x3_MBConv1) 24/2(5x5_MBConv3,skip_connect) 64";
        let skipping: Genotype = skipping.parse().unwrap();
        for genotype in
            PUBLISHED.map(|(name, _)| published(name).unwrap()).into_iter().chain([skipping])
        {
            let text = to_json(&genotype, 3, 10).unwrap();
            assert_eq!(from_json(&text).unwrap(), genotype);
        }
    }

    #[test]
    fn what_the_space_has_no_words_for_is_refused_with_its_place() {
        let text = to_json(&published("mobilenet-v2").unwrap(), 3, 10).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let changed = |pointer: &str, to: Value| {
            let mut value = value.clone();
            *value.pointer_mut(pointer).unwrap() = to;
            from_json(&value.to_string()).unwrap_err().to_string()
        };
        for (pointer, to, part) in [
            ("/name", json!("MobileNet"), "name = MobileNet"),
            (
                "/blocks/3/shortcut",
                json!({ "name": "ConvLayer" }),
                "block 3 with the shortcut ConvLayer",
            ),
            (
                "/blocks/3/mobile_inverted_conv/in_channels",
                json!(7),
                "block 3 with in_channels = 7",
            ),
            ("/blocks/3/mobile_inverted_conv/name", json!("Other"), "block 3 with Other"),
            ("/blocks/3/mobile_inverted_conv/kernel_size", json!(9), "9x9_MBConv6"),
            ("/first_conv/kernel_size", json!(5), "other kernels"),
            ("/blocks", json!(1), "expected a network as ProxylessNAS writes it"),
        ] {
            let told = changed(pointer, to);
            assert!(told.contains(part), "{pointer}: {told}");
        }
        let gated: Genotype = "mobilenet(h-swish) 8/1 16/1(3x3_MBConv1) 64".parse().unwrap();
        assert!(to_json(&gated, 3, 10).unwrap_err().to_string().contains("h-swish"));
    }
}
