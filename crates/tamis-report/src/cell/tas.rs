//! A pruned residual network: a bar for every convolution, as high as it is wide, stage by stage.

use tamis_space::tas::Configuration;

use super::part::{TYPE, caption};
use crate::markup::Markup;
use crate::svg::{self, Anchor, Svg};
use crate::theme::Colour;

/// Width of a bar, and room behind it and behind a stage.
const BAR: f64 = 9.0;
const GAP: f64 = 2.0;
const BETWEEN: f64 = 26.0;
/// Height of the highest bar.
const HIGHEST: f64 = 90.0;
const MARGIN: f64 = 8.0;

pub(super) fn draw(configuration: &Configuration) -> Svg {
    let groups = groups(configuration);
    let bars: usize = groups.iter().map(|(_, channels)| channels.len()).sum();
    let width = 2.0 * MARGIN + bars as f64 * (BAR + GAP) + groups.len() as f64 * BETWEEN;
    let ground = MARGIN + HIGHEST;
    let label = format!("channels of every convolution: {configuration}");
    let mut svg = Svg::with_type((width, ground + 2.0 * TYPE), &label, TYPE);
    let widest = groups.iter().flat_map(|(_, channels)| channels).max().copied().unwrap_or(1);
    let mut left = MARGIN;
    for (name, channels) in &groups {
        svg.add(caption(left, ground + 1.4 * TYPE, Anchor::Start, name));
        for &channels in channels {
            svg.add(bar((left, ground), HIGHEST * channels as f64 / widest as f64, channels));
            left += BAR + GAP;
        }
        left += BETWEEN;
    }
    svg
}

/// The stem and every stage by name, with the channels of their convolutions.
fn groups(configuration: &Configuration) -> Vec<(String, Vec<usize>)> {
    let stages = (1..).zip(configuration.stages()).map(|(number, blocks)| {
        let channels = blocks.iter().flat_map(|block| [block.inner, block.outer]);
        (format!("stage {number}"), channels.collect())
    });
    [("stem".to_owned(), vec![configuration.stem()])].into_iter().chain(stages).collect()
}

fn bar((left, ground): (f64, f64), height: f64, channels: usize) -> Markup {
    let bar = svg::rect((left, ground - height), (BAR, height), Colour::Ink);
    Markup::from_iter([svg::tip(bar, &format!("{channels} channels"))])
}
