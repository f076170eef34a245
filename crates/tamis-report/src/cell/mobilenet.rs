//! A network of inverted residuals, stage below stage: a frame a block, named by its
//! kernel and expansion.

use tamis_space::mobilenet::{Block, Genotype, Stage};

use super::part::{Bend, Flow, TYPE, caption, frame, frame_width};
use crate::svg::{Anchor, Svg};

/// Room for the words before a stage.
const WORDS: f64 = 118.0;
/// From the middle of a stage to that of the next.
const PITCH: f64 = 34.0;
/// Room between two blocks.
const GAP: f64 = 24.0;
const MARGIN: f64 = 8.0;

pub(super) fn draw(genotype: &Genotype) -> Svg {
    let widest = genotype.stages.iter().map(width).fold(0.0, f64::max);
    let height = 2.0 * MARGIN + PITCH * genotype.stages.len() as f64;
    let label = format!("network: {genotype}");
    let mut svg = Svg::with_type((WORDS + widest + MARGIN, height), &label, TYPE);
    for (number, stage) in genotype.stages.iter().enumerate() {
        let line = MARGIN + PITCH * (number as f64 + 0.5);
        let half = if stage.stride == 2 { ", halved" } else { "" };
        let words = format!("{} channels{half}", stage.channels);
        svg.add(caption(MARGIN, line + 4.0, Anchor::Start, &words));
        let mut left = WORDS;
        for (place, block) in stage.blocks.iter().enumerate() {
            let name = block.to_string();
            let flow = if *block == Block::Skip { Flow::Nothing } else { Flow::Alive };
            if place > 0 {
                svg.add(Bend::across((left - GAP, line), (left, line)).arrow(Flow::Alive));
            }
            svg.add(frame((left + frame_width(&name) / 2.0, line), &name, flow));
            left += frame_width(&name) + GAP;
        }
    }
    svg
}

fn width(stage: &Stage) -> f64 {
    let blocks = stage.blocks.iter().map(|block| frame_width(&block.to_string()) + GAP);
    blocks.sum::<f64>() - GAP
}
