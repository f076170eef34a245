//! A pruned network: its widths and its depths.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::STAGES;
use crate::Error;

/// Channels of the two convolutions of a basic block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    /// Of the first.
    pub inner: usize,
    /// Of the second, which are the block's.
    pub outer: usize,
}

/// A residual network by the widths of its convolutions; a stage has as many blocks as it keeps.
///
/// Its text form is `stem(WIDTH)` and of each stage `stage(INNER-OUTER,…)`. Serialized as that text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Configuration {
    stem: usize,
    stages: [Vec<Block>; STAGES],
}

impl Configuration {
    /// A network of these channels.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] if a convolution has no channels or a stage no blocks.
    pub fn new(stem: usize, stages: [Vec<Block>; STAGES]) -> Result<Configuration, Error> {
        if stages.iter().any(Vec::is_empty) {
            let (found, expected) =
                ("a stage without blocks".to_owned(), "at least one block a stage");
            return Err(Error::Configuration { found, expected });
        }
        let narrow = |block: &Block| block.inner == 0 || block.outer == 0;
        if stem == 0 || stages.iter().flatten().any(narrow) {
            let found = "a convolution without channels".to_owned();
            return Err(Error::Configuration { found, expected: "at least one channel each" });
        }
        Ok(Configuration { stem, stages })
    }

    /// Channels of the first convolution.
    pub fn stem(&self) -> usize {
        self.stem
    }

    /// The blocks of each stage.
    pub fn stages(&self) -> &[Vec<Block>; STAGES] {
        &self.stages
    }

    /// Blocks of the deepest stage.
    pub fn most_blocks(&self) -> usize {
        self.stages.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Channels of the first stage's widest convolution, the stem's among them.
    pub fn widest_first(&self) -> usize {
        let blocks = self.stages[0].iter().map(|block| block.inner.max(block.outer));
        blocks.max().unwrap_or(0).max(self.stem)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.inner, self.outer)
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stem({})", self.stem)?;
        for stage in &self.stages {
            let blocks: Vec<String> = stage.iter().map(Block::to_string).collect();
            write!(f, " stage({})", blocks.join(","))?;
        }
        Ok(())
    }
}

impl From<Configuration> for String {
    fn from(configuration: Configuration) -> String {
        configuration.to_string()
    }
}

impl TryFrom<String> for Configuration {
    type Error = Error;

    fn try_from(text: String) -> Result<Configuration, Error> {
        text.parse()
    }
}
