//! Text of a network: `mobilenet(relu6) 32/2 16/1(3x3_MBConv1) 24/2(5x5_MBConv3,skip_connect) … 1280`.
//!
//! What its blocks have in common; channels and stride of the stem; channels, stride and blocks of each
//! stage; channels before the classifier.

use std::fmt;
use std::str::FromStr;

use tamis_graph::Activation;

use super::{Block, BlockKind, Genotype, Stage, Stem};
use crate::Error;
use crate::words::{Form, Word, words};

const FORM: Form = Form {
    space: "mobilenet",
    example: "mobilenet(relu6) 32/2 16/1(3x3_MBConv1) 24/2(5x5_MBConv3,skip_connect) 1280",
};

/// Names of the activations that blocks have.
const ACTIVATIONS: [(&str, Activation); 2] =
    [("relu6", Activation::Relu6), ("h-swish", Activation::HardSwish)];

impl BlockKind {
    /// The activation of this name, and whether channels are gated.
    pub fn named(activation: &str, squeeze: bool) -> Option<BlockKind> {
        let found = ACTIVATIONS.into_iter().find(|(name, _)| *name == activation);
        found.map(|(_, activation)| BlockKind { activation, squeeze })
    }
}

impl fmt::Display for BlockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ACTIVATIONS.into_iter().find(|(_, activation)| *activation == self.activation);
        f.write_str(name.map_or("relu6", |(name, _)| name))?;
        f.write_str(if self.squeeze { ",se" } else { "" })
    }
}

impl fmt::Display for Genotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mobilenet({}) {}/{}", self.block_kind, self.stem.channels, self.stem.stride)?;
        for Stage { channels, stride, blocks } in &self.stages {
            let blocks: Vec<String> = blocks.iter().map(Block::to_string).collect();
            write!(f, " {channels}/{stride}({})", blocks.join(","))?;
        }
        write!(f, " {}", self.features)
    }
}

impl FromStr for Genotype {
    type Err = Error;

    fn from_str(text: &str) -> Result<Genotype, Error> {
        let mut words = words(text);
        let mut next = |expected: &str| words.next().ok_or_else(|| FORM.refuse_end(text, expected));
        let block_kind = block_kind(&next("`mobilenet(…)`")?)?;
        let stem = next("channels and stride of the stem")?;
        let (channels, stride) = size(&stem, stem.text)?;
        let stem = Stem { channels, stride };
        let mut stages = Vec::new();
        let features = loop {
            let word = next("a stage, or channels before the classifier")?;
            match word.text.split_once('(') {
                Some((size, blocks)) => stages.push(stage(&word, size, blocks)?),
                None => break number(&word, word.text)?,
            }
        };
        match words.next() {
            Some(word) => Err(FORM.refuse(&word, "the end")),
            None => Genotype::new(block_kind, stem, stages, features),
        }
    }
}

fn block_kind(word: &Word<'_>) -> Result<BlockKind, Error> {
    let inside = word.text.strip_prefix("mobilenet(").and_then(|text| text.strip_suffix(')'));
    let block_kind = inside.and_then(|inside| match inside.split_once(',') {
        Some((activation, "se")) => BlockKind::named(activation, true),
        Some(_) => None,
        None => BlockKind::named(inside, false),
    });
    let expected = "`mobilenet(relu6)` or `mobilenet(h-swish)`, perhaps with `,se`";
    block_kind.ok_or_else(|| FORM.refuse(word, expected))
}

fn stage(word: &Word<'_>, sizes: &str, blocks: &str) -> Result<Stage, Error> {
    let (channels, stride) = size(word, sizes)?;
    let blocks = blocks.strip_suffix(')').ok_or_else(|| FORM.refuse(word, "a `)` at its end"))?;
    let blocks: Result<Vec<Block>, Error> = blocks.split(',').map(str::parse).collect();
    Ok(Stage { channels, stride, blocks: blocks? })
}

fn size(word: &Word<'_>, text: &str) -> Result<(usize, usize), Error> {
    let pair = text.split_once('/');
    let (channels, stride) =
        pair.ok_or_else(|| FORM.refuse(word, "channels/stride, such as `32/2`"))?;
    Ok((number(word, channels)?, number(word, stride)?))
}

fn number(word: &Word<'_>, text: &str) -> Result<usize, Error> {
    text.parse().map_err(|_| FORM.refuse(word, "a number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mobilenet::{PUBLISHED, published};

    #[test]
    fn a_text_is_read_and_written_back() {
        let published = PUBLISHED.map(|(name, _)| published(name).unwrap().to_string());
        let gated = FORM.example.replace("relu6", "h-swish,se");
        for text in published.into_iter().chain([FORM.example.to_owned(), gated]) {
            assert_eq!(text.parse::<Genotype>().unwrap().to_string(), text);
        }
        let gated = BlockKind { activation: Activation::HardSwish, squeeze: true };
        assert_eq!(
            FORM.example.replace("relu6", "h-swish,se").parse::<Genotype>().unwrap().block_kind,
            gated
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, part) in [
            ("mobilenet(swish) 32/2 16/1(3x3_MBConv1) 64", "character 1 found `mobilenet(swish)`"),
            (
                "mobilenet(relu6) 32 16/1(3x3_MBConv1) 64",
                "character 18 found `32`, expected channels/stride",
            ),
            ("mobilenet(relu6) 32/2 16/1(3x3_MBConv1)", "character 40 found the end"),
            ("mobilenet(relu6) 32/2 16/1(3x3_MBConv1 64", "a `)` at its end"),
            ("mobilenet(relu6) 32/2 16/1(3x5_MBConv1) 64", "found `3x5_MBConv1`"),
            ("mobilenet(relu6) 32/2 16/1(3x3_MBConv1) 64 1", "expected the end"),
            ("mobilenet(relu6) 32/2 16/2(skip_connect) 64", "keeps its shape"),
        ] {
            let told = text.parse::<Genotype>().unwrap_err().to_string();
            assert!(told.contains(part), "{told}");
        }
    }
}
