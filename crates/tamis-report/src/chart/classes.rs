//! Active samples of each class over epochs, against the class's share of all data: a heat map.

use crate::axis::{self, Axis};
use crate::markup::Markup;
use crate::model::ActiveSet;
use crate::number;
use crate::svg::{self, Anchor, Svg};
use crate::text;
use crate::theme::Colour;

use super::plot::{self, WIDTH};

const LEFT: f64 = 86.0;
const RIGHT: f64 = WIDTH - 46.0;
const TOP: f64 = 16.0;

/// Twice its share or more, half of it or less: drawn in full colour.
const FULL: f64 = 2.0;

/// Colours of what is more and less than its share.
pub(crate) const MORE_LESS: [Colour; 2] = [Colour::Series(1), Colour::Series(0)];

/// Draws the sets of one level; `expected` is the share of each class in all data.
pub(crate) fn draw(title: &str, classes: &[String], sets: &[&ActiveSet], expected: &[f64]) -> Svg {
    let pitch = (520.0 / classes.len().max(1) as f64).clamp(5.0, 17.0);
    let bottom = TOP + pitch * classes.len() as f64;
    let range = axis::range(sets.iter().map(|set| f64::from(set.epoch)));
    // An epoch is as wide as the way to the next.
    let axis = Axis::exact(range.map(|(low, high)| (low, high + 1.0)), (LEFT, RIGHT), 4);
    let mut svg = Svg::new(WIDTH, bottom + 34.0, &format!("{title}, by class and epoch"));
    svg.add(svg::text(RIGHT + 6.0, 10.0, Anchor::Start, "last").attr("fill", Colour::Muted));
    for (class, name) in classes.iter().enumerate() {
        let top = TOP + pitch * class as f64;
        let last = sets.last().and_then(|set| set.class_counts.get(class));
        svg.add(words(name, last.copied(), top, pitch));
        for run in runs(sets, class) {
            let (colour, strength) = shade(run.share, expected.get(class).copied());
            let (left, right) = (axis.at(f64::from(run.from)), axis.at(f64::from(run.until) + 1.0));
            let cell = svg::rect((left, top + 0.5), (right - left, pitch - 1.0), colour)
                .attr("fill-opacity", svg::px(strength))
                .attr("shape-rendering", "crispEdges");
            svg.add(svg::tip(cell, &run.told(name)));
        }
    }
    plot::rightward(&mut svg, &axis, bottom + 1.0, "epoch");
    svg
}

/// The name of a class and its last count.
fn words(class: &str, last: Option<u64>, top: f64, pitch: f64) -> Markup {
    let size = pitch.min(svg::TYPE);
    let y = top + pitch / 2.0 + size * 0.35;
    let name = svg::text(LEFT - 6.0, y, Anchor::End, &text::fitting(class, size, LEFT - 8.0));
    let count = last.map_or_else(String::new, number::count);
    let count = svg::text(RIGHT + 6.0, y, Anchor::Start, &count).attr("fill", Colour::Muted);
    let shapes = [svg::tip(name, class), count];
    shapes.into_iter().map(|shape| shape.attr("font-size", svg::px(size))).collect()
}

/// Epochs in which a class has as many samples of as many.
struct Run {
    count: u64,
    share: f64,
    from: u32,
    until: u32,
}

impl Run {
    fn told(&self, class: &str) -> String {
        let Run { count, share, from, until } = self;
        let epochs = if from == until {
            format!("epoch {from}")
        } else {
            format!("epochs {from} to {until}")
        };
        let (count, share) = (number::count(*count), number::percent(*share, 1));
        format!("{class}, {epochs}: {count} samples, {share}")
    }
}

fn runs(sets: &[&ActiveSet], class: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, set) in sets.iter().enumerate() {
        let Some(&count) = set.class_counts.get(class) else { continue };
        let share = count as f64 / set.samples().max(1) as f64;
        let until =
            sets.get(at + 1).map_or(set.epoch, |next| next.epoch.saturating_sub(1).max(set.epoch));
        match runs.last_mut() {
            Some(run) if run.count == count && run.share == share => run.until = until,
            _ => runs.push(Run { count, share, from: set.epoch, until }),
        }
    }
    runs
}

/// Colour and strength of a share against the one expected.
fn shade(share: f64, expected: Option<f64>) -> (Colour, f64) {
    let ratio = share / expected.unwrap_or(share);
    let [more, less] = MORE_LESS;
    let strength = if ratio.is_nan() { 0.0 } else { (ratio.ln() / FULL.ln()).abs().min(1.0) };
    (if ratio > 1.0 { more } else { less }, 0.06 + 0.94 * strength)
}

#[cfg(test)]
mod tests {
    use tamis_core::Level;

    use super::*;

    #[test]
    fn epochs_of_equal_sets_are_one_run_and_others_are_not() {
        let set = |epoch, counts: &[u64]| ActiveSet {
            epoch,
            level: Level::Weight,
            class_counts: counts.to_vec(),
        };
        let sets = [set(0, &[2, 2]), set(1, &[2, 2]), set(5, &[3, 1]), set(6, &[3, 3])];
        let found: Vec<(u64, u32, u32)> = runs(&sets.iter().collect::<Vec<_>>(), 0)
            .iter()
            .map(|run| (run.count, run.from, run.until))
            .collect();
        assert_eq!(found, [(2, 0, 4), (3, 5, 5), (3, 6, 6)]);
    }

    #[test]
    fn a_class_at_its_share_is_pale_and_far_from_it_strong() {
        assert_eq!(shade(0.1, Some(0.1)).1, 0.06);
        assert_eq!(shade(0.3, Some(0.1)), (MORE_LESS[0], 1.0));
        assert_eq!(shade(0.0, Some(0.1)), (MORE_LESS[1], 1.0));
        assert_eq!(shade(0.0, Some(0.0)).1, 0.06);
    }
}
