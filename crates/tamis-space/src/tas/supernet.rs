//! The supernet: every convolution in all of its widths, every stage at all of its depths, as mixed sums.
//!
//! A width is the first channels of the one convolution, with a batch norm of its own. Sums of widths bring
//! them to the widest that runs by averaging neighbouring channels; what is wider then is zeros, to whoever
//! reads it. So a block adds a narrower shortcut, and the classifier reads as much of its weight as there is.

use tamis_graph::{Builder, Convolution, Graph, Mix, NodeId, checks};

use super::network::HALVING;
use super::{Block, Configuration, MOST_BLOCKS, STAGES, depth_candidates, width_candidates};
use crate::Error;

const NAME: &str = "a TAS supernet";

/// The size of a supernet, which is that of its unpruned network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuperShape {
    /// Channels of the first stage; CIFAR ResNets have 16.
    pub channels: usize,
    /// Blocks of each of the three stages: 3 of ResNet-20, 9 of ResNet-56.
    pub blocks: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// `[channel, height, width]` of an image.
    pub image: [usize; 3],
}

impl SuperShape {
    /// Convolutions whose width is chosen, a row each: the stem's, then both of every block.
    pub fn convolutions(&self) -> usize {
        1 + 2 * STAGES * self.blocks
    }

    /// The row of the first convolution of a block; the second's is the next.
    pub(super) fn row(&self, stage: usize, block: usize) -> usize {
        1 + 2 * (stage * self.blocks + block)
    }

    /// The widths that a row chooses between.
    pub fn widths(&self, row: usize) -> Vec<usize> {
        let stage = row.saturating_sub(1) / (2 * self.blocks.max(1));
        width_candidates(self.channels << stage)
    }

    /// The depths that each stage chooses between.
    pub fn depths(&self) -> Vec<usize> {
        depth_candidates(self.blocks)
    }

    /// `[decisions, options]` of each matrix, as [`super::MATRICES`]. A row of widths has as many options as
    /// its convolution has; what is beyond means nothing.
    pub fn choices(&self) -> [[usize; 2]; 2] {
        let widths = (0..self.convolutions()).map(|row| self.widths(row).len());
        [[self.convolutions(), widths.max().unwrap_or(0)], [STAGES, self.depths().len()]]
    }

    /// The network of these preferences, larger is better: of every convolution the widths', of every stage
    /// the depths'. Of equal ones the first wins.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] if there are fewer preferences than decisions.
    pub fn derive(&self, [widths, depths]: [&[Vec<f64>]; 2]) -> Result<Configuration, Error> {
        let width = |row: usize| best(widths.get(row), &self.widths(row));
        let mut stages: [Vec<Block>; STAGES] = Default::default();
        for (number, stage) in stages.iter_mut().enumerate() {
            let depth = best(depths.get(number), &self.depths())?;
            let block = |block: usize| {
                let row = self.row(number, block);
                Ok(Block { inner: width(row)?, outer: width(row + 1)? })
            };
            *stage = (0..depth).map(block).collect::<Result<_, Error>>()?;
        }
        Configuration::new(width(0)?, stages)
    }

    fn check(&self) -> Result<(), tamis_graph::Error> {
        let [image_channels, height, width] = self.image;
        checks::image_sides(NAME, [height, width], 1 << (STAGES - 1))?;
        checks::wide(NAME, &[("space.channels", self.channels)])?;
        checks::at_least_one(
            NAME,
            &[("classes", self.classes), ("image channels", image_channels)],
        )?;
        let refuse = |name, found, expected| {
            Err(tamis_graph::Error::Size { network: NAME, name, found, expected })
        };
        if self.channels < 2 {
            return refuse(
                "space.channels",
                self.channels,
                "at least 2: one has no width to choose",
            );
        }
        if !(2..=MOST_BLOCKS).contains(&self.blocks) {
            let expected = "2 to 18 blocks a stage: one has no depth to choose, 18 is ResNet-110";
            return refuse("space.cells", self.blocks, expected);
        }
        Ok(())
    }
}

fn best(row: Option<&Vec<f64>>, candidates: &[usize]) -> Result<usize, Error> {
    let row = row.map_or(&[][..], Vec::as_slice);
    // From behind, so that of equal ones the first is the last that is looked at.
    let options = row.iter().zip(candidates).rev();
    let best = options.max_by(|a, b| a.0.total_cmp(b.0)).map(|(_, &candidate)| candidate);
    best.ok_or_else(|| Error::Configuration {
        found: "fewer preferences than decisions".to_owned(),
        expected: "one for each option",
    })
}

/// The supernet, with mixed sums by the matrices of [`SuperShape::choices`]. Output: `logits`.
///
/// # Errors
///
/// [`Error::Network`] if the shape cannot be built.
pub fn supernet(shape: &SuperShape) -> Result<Graph, Error> {
    shape.check()?;
    let (builder, image) = Builder::new(shape.image);
    let mut supernet = Supernet { builder, shape };
    let stem = supernet.convolve("stem", image, Convolution::square(shape.channels, 3), 0);
    let mut features = supernet.builder.relu(stem);
    for stage in 0..STAGES {
        features = supernet.stage(stage, features);
    }
    let mut builder = supernet.builder;
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, shape.classes);
    builder.output("logits", logits);
    let graph = builder.finish(NAME)?;
    checks::parameters(NAME, graph.parameters(), "space.channels or space.cells")?;
    Ok(graph)
}

struct Supernet<'a> {
    builder: Builder,
    shape: &'a SuperShape,
}

impl Supernet<'_> {
    /// A convolution in all of its widths, each normalised by itself, weighed by a row of the widths.
    fn convolve(
        &mut self,
        path: &str,
        input: NodeId,
        convolution: Convolution,
        row: usize,
    ) -> NodeId {
        let widths = width_candidates(convolution.outputs);
        let own = format!("{path}.conv");
        let prefixes = self.builder.convolution_prefixes(&own, input, convolution, &widths);
        let normed = prefixes.into_iter().zip(widths).map(|(prefix, width)| {
            self.builder.batch_norm(&format!("{path}.bn.{width}"), prefix, true)
        });
        let normed = normed.collect();
        self.builder.mix(Mix { matrix: 0, decision: row, first: 0 }, normed)
    }

    /// What comes out of a stage after each depth, weighed by its row of the depths.
    fn stage(&mut self, stage: usize, input: NodeId) -> NodeId {
        let mut blocks = Vec::new();
        for block in 0..self.shape.blocks {
            let before = blocks.last().copied().unwrap_or(input);
            blocks.push(self.block(stage, block, before));
        }
        let reached = self.shape.depths().into_iter().map(|depth| blocks[depth - 1]);
        let reached = reached.collect();
        self.builder.mix(Mix { matrix: 1, decision: stage, first: 0 }, reached)
    }

    fn block(&mut self, stage: usize, block: usize, input: NodeId) -> NodeId {
        let path = format!("stages.{stage}.blocks.{block}");
        let (channels, row) = (self.shape.channels << stage, self.shape.row(stage, block));
        let halves = stage > 0 && block == 0;
        let first = Convolution::square(channels, 3).stride(if halves { 2 } else { 1 });
        let main = self.convolve(&format!("{path}.first"), input, first, row);
        let main = self.builder.relu(main);
        let second = Convolution::square(channels, 3);
        let main = self.convolve(&format!("{path}.second"), main, second, row + 1);
        let shortcut = if halves {
            let halved = self.builder.average_pool(input, HALVING);
            let narrow = Convolution::square(channels, 1);
            self.convolve(&format!("{path}.shortcut"), halved, narrow, row + 1)
        } else {
            input
        };
        let sum = self.builder.add(vec![main, shortcut]);
        self.builder.relu(sum)
    }
}

#[cfg(test)]
mod tests {
    use tamis_graph::Layer;

    use super::*;

    const SHAPE: SuperShape =
        SuperShape { channels: 16, blocks: 3, classes: 10, image: [3, 32, 32] };

    fn preferences(shape: &SuperShape) -> [Vec<Vec<f64>>; 2] {
        shape.choices().map(|[rows, options]| vec![vec![0.0; options]; rows])
    }

    #[test]
    fn every_convolution_chooses_a_width_and_every_stage_a_depth() {
        assert_eq!(SHAPE.choices(), [[19, 8], [3, 3]]);
        assert_eq!(SuperShape { blocks: 9, ..SHAPE }.choices(), [[55, 8], [3, 5]]);
        let graph = supernet(&SHAPE).unwrap();
        let mixes: Vec<Mix> = graph
            .nodes()
            .iter()
            .filter_map(|node| match node.layer {
                Layer::Mix(mix) => Some(mix),
                _ => None,
            })
            .collect();
        for row in 0..19 {
            // The second convolutions of the blocks that halve share their row with the shortcut.
            let sums = mixes.iter().filter(|mix| mix.matrix == 0 && mix.decision == row).count();
            assert_eq!(sums, if matches!(row, 8 | 14) { 2 } else { 1 }, "{row}");
        }
        assert_eq!(mixes.iter().filter(|mix| mix.matrix == 1).count(), 3);
    }

    #[test]
    fn widths_share_one_convolution_and_have_batch_norms_of_their_own() {
        let graph = supernet(&SHAPE).unwrap();
        let unpruned = SHAPE.derive(unpruned(&SHAPE).each_ref().map(Vec::as_slice)).unwrap();
        let unpruned = unpruned.network(SHAPE.image, SHAPE.classes).unwrap();
        // Of each convolution, shortcuts among them, scale and shift of every width but the last.
        let narrower = |channels: usize| -> u64 {
            let widths = width_candidates(channels);
            2 * widths[..widths.len() - 1].iter().sum::<usize>() as u64
        };
        let norms = 7 * narrower(16) + 7 * narrower(32) + 7 * narrower(64) + 2 * (32 + 64);
        assert_eq!(graph.counts().params, unpruned.counts().params + norms);
    }

    /// Preferences for the widest and deepest.
    fn unpruned(shape: &SuperShape) -> [Vec<Vec<f64>>; 2] {
        let mut preferences = preferences(shape);
        for (at, row) in preferences[0].iter_mut().enumerate() {
            row[shape.widths(at).len() - 1] = 1.0;
        }
        preferences[1].iter_mut().for_each(|row| row[shape.depths().len() - 1] = 1.0);
        preferences
    }

    #[test]
    fn the_preferred_widths_and_depths_are_derived() {
        let mut preferences = preferences(&SHAPE);
        preferences[0][0][1] = 1.0;
        preferences[0][7][7] = 1.0;
        preferences[0][8][2] = 1.0;
        preferences[1][0][1] = 1.0;
        let derived = |of: &[Vec<Vec<f64>>; 2]| SHAPE.derive([&of[0], &of[1]]).unwrap().to_string();
        assert_eq!(derived(&preferences), "stem(6) stage(4-4,4-4) stage(32-16) stage(19-19)");
        let whole = derived(&unpruned(&SHAPE));
        assert!(whole.ends_with("stage(64-64,64-64,64-64)"), "{whole}");
        assert!(SHAPE.derive([&preferences[0][..18], &preferences[1]]).is_ok(), "of what is kept");
        assert!(SHAPE.derive([&[], &preferences[1]]).is_err());
        // Of a narrow convolution what stands beyond its widths means nothing.
        let small = SuperShape { channels: 4, ..SHAPE };
        let mut beyond = self::preferences(&small);
        beyond[0][0][7] = 9.0;
        assert_eq!(small.derive([&beyond[0], &beyond[1]]).unwrap().stem(), 1);
    }

    #[test]
    fn a_size_that_cannot_be_is_refused_by_its_setting() {
        for (shape, told) in [
            (SuperShape { blocks: 1, ..SHAPE }, "space.cells = 1, expected 2 to 18"),
            (SuperShape { blocks: 19, ..SHAPE }, "space.cells = 19"),
            (SuperShape { channels: 1, ..SHAPE }, "space.channels = 1, expected at least 2"),
            (SuperShape { channels: 0, ..SHAPE }, "space.channels = 0"),
        ] {
            let error = supernet(&shape).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
