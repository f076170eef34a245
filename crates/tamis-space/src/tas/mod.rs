//! TAS (Dong and Yang: "Network Pruning via Transformable Architecture Search", NeurIPS 2019): widths and
//! depths of residual networks.
//!
//! The unpruned network is a CIFAR ResNet of `6 n + 2` layers: a 3x3 convolution and three stages of `n`
//! basic blocks at C, 2C and 4C channels. Every convolution has a width of its own, of eight shares of its
//! channels, and every stage a depth. A supernet weighs the widths of every convolution, which are its first
//! channels, and what comes out of a stage after each depth.

mod config;
mod configuration;
mod expected;
mod network;
mod parse;
mod supernet;

pub use configuration::{Block, Configuration};
pub use expected::ExpectedMacs;
pub use supernet::{SuperShape, supernet};

/// Stages of a network.
pub const STAGES: usize = 3;

/// The matrices of a supernet, in this order.
pub const MATRICES: [&str; 2] = ["widths", "depths"];

/// Blocks a stage that the unpruned network has at most: ResNet-110.
pub const MOST_BLOCKS: usize = 18;

/// The widths that a convolution of so many channels may have: three to ten tenths of them, rounded down.
pub fn width_candidates(channels: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = (3..=10).map(|tenths| channels * tenths / 10).collect();
    widths.retain(|&width| width > 0);
    widths.dedup();
    widths
}

/// The depths that a stage of so many blocks may have: every one of up to three, of more the odd ones and
/// all.
pub fn depth_candidates(blocks: usize) -> Vec<usize> {
    let step = if blocks > 3 { 2 } else { 1 };
    let mut depths: Vec<usize> = (1..=blocks).step_by(step).collect();
    if depths.last() != Some(&blocks) {
        depths.push(blocks);
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_authors_code() {
        assert_eq!(width_candidates(16), [4, 6, 8, 9, 11, 12, 14, 16]);
        assert_eq!(width_candidates(32), [9, 12, 16, 19, 22, 25, 28, 32]);
        assert_eq!(width_candidates(64), [19, 25, 32, 38, 44, 51, 57, 64]);
        assert_eq!(width_candidates(4), [1, 2, 3, 4], "each once");
        assert_eq!(width_candidates(2), [1, 2], "and none of none");
    }

    #[test]
    fn depths_are_those_of_the_authors_code() {
        assert_eq!(depth_candidates(2), [1, 2]);
        assert_eq!(depth_candidates(3), [1, 2, 3]);
        assert_eq!(depth_candidates(5), [1, 3, 5]);
        assert_eq!(depth_candidates(9), [1, 3, 5, 7, 9]);
        assert_eq!(depth_candidates(18), [1, 3, 5, 7, 9, 11, 13, 15, 17, 18]);
    }
}
