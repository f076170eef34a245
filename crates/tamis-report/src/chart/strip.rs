//! Every seed of every arm: dots that do not hide each other, with mean and interval.

use super::apart::swarm;
use super::marker;
use super::plot::WIDTH;
use super::rows;
use crate::axis::{self, Axis};
use crate::model::{Arm, Estimate};
use crate::number;
use crate::svg::{self, Svg};
use crate::theme::Colour;

/// Radius of a seed's dot.
const DOT: f64 = 2.8;

/// Draws the accuracies of arms below each other.
pub(crate) fn draw(title: &str, arms: &[Arm]) -> Svg {
    let groups = marker::groups(arms);
    let seeds = arms.iter().flat_map(accuracies);
    let bounds = arms.iter().filter_map(|arm| arm.accuracy).flat_map(ends);
    let range = axis::range(seeds.chain(bounds).map(|share| share * 100.0));
    let axis = Axis::round(range, rows::PLACES, 5);
    let laid: Vec<Row<'_>> = arms.iter().map(|arm| Row::of(arm, &axis)).collect();
    let bottom = 4.0 + laid.iter().map(Row::height).sum::<f64>();
    let mut svg =
        Svg::new(WIDTH, bottom + 34.0, &format!("{title}: every seed of {} arms", arms.len()));
    rows::ground(&mut svg, &axis, (4.0, bottom), "%");
    let mut top = 4.0;
    for (arm, row) in arms.iter().zip(&laid) {
        let group = marker::group_of(arm, &groups);
        svg.add(marker::mark(group, (7.0, top + 9.0), 4.2));
        row.head.draw(&mut svg, top);
        row.draw(&mut svg, arm, top + row.head.height() + row.reach, group, &axis);
        top += row.height();
    }
    svg
}

fn accuracies(arm: &Arm) -> impl Iterator<Item = f64> {
    arm.seeds.iter().filter_map(|seed| seed.accuracy).filter(|accuracy| accuracy.is_finite())
}

fn ends(estimate: Estimate) -> [f64; 3] {
    let (low, high) = estimate.interval.unwrap_or((estimate.mean, estimate.mean));
    [low, estimate.mean, high]
}

/// `93.21 %, n = 5`.
fn figures(arm: &Arm) -> String {
    let mean =
        arm.accuracy.map_or_else(|| "unknown".to_owned(), |found| number::percent(found.mean, 2));
    format!("{mean}, n = {}", accuracies(arm).count())
}

/// An arm's dots, laid out.
struct Row<'a> {
    head: rows::Head<'a>,
    /// Place and offset of each seed that has an accuracy.
    dots: Vec<(f64, f64)>,
    /// How far dots or mean reach up and down.
    reach: f64,
}

impl<'a> Row<'a> {
    fn of(arm: &'a Arm, axis: &Axis) -> Row<'a> {
        let places: Vec<f64> = accuracies(arm).map(|share| axis.at(share * 100.0)).collect();
        let offsets = swarm(&places, DOT + 0.3);
        let reach = offsets.iter().map(|offset| offset.abs() + DOT).fold(7.0, f64::max);
        let head = rows::Head::new(17.0, &arm.name, figures(arm));
        Row { head, dots: places.into_iter().zip(offsets).collect(), reach }
    }

    fn height(&self) -> f64 {
        self.head.height() + 2.0 * self.reach + 8.0
    }

    fn draw(&self, svg: &mut Svg, arm: &Arm, y: f64, group: usize, axis: &Axis) {
        let seeds = arm.seeds.iter().filter(|seed| seed.accuracy.is_some_and(f64::is_finite));
        for (seed, (x, offset)) in seeds.zip(&self.dots) {
            let dot = svg::circle((*x, y + offset), DOT, marker::colour(group));
            let accuracy = number::percent(seed.accuracy.unwrap_or(f64::NAN), 2);
            let told = format!("{}, seed {}: {accuracy}", arm.name, seed.seed);
            svg.add(svg::tip(dot.attr("fill-opacity", "0.55"), &told));
        }
        let Some(estimate) = arm.accuracy.filter(|found| found.mean.is_finite()) else { return };
        let [low, mean, high] = ends(estimate).map(|share| axis.at(share * 100.0));
        let interval = svg::line((low, y), (high, y), Colour::Ink).attr("stroke-width", "1.4");
        svg.add(interval.attr("pointer-events", "none"));
        let mean =
            svg::line((mean, y - 7.0), (mean, y + 7.0), Colour::Ink).attr("stroke-width", "2.6");
        svg.add(mean.attr("pointer-events", "none"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Markup;
    use crate::model::SeedValue;

    #[test]
    fn every_seed_has_a_dot_of_its_own_inside_the_drawing() {
        let accuracies = (0..60).map(|seed| 0.9 + f64::from(seed % 4) * 0.002);
        let seeds = (0..).zip(accuracies).map(|(seed, accuracy)| SeedValue {
            seed,
            accuracy: Some(accuracy),
            cost: None,
        });
        let arm = Arm { name: "full".to_owned(), seeds: seeds.collect(), ..Arm::default() };
        let markup = Markup::from(draw("accuracy", &[arm.clone(), arm]));
        let read = roxmltree::Document::parse(markup.as_str()).unwrap();
        let number = |node: roxmltree::Node<'_, '_>, name| -> f64 {
            node.attribute(name).unwrap().parse().unwrap()
        };
        let dots = read.descendants().filter(|node| node.tag_name().name() == "circle");
        let dots = dots.filter(|node| node.has_children());
        let dots: Vec<(f64, f64)> =
            dots.map(|node| (number(node, "cx"), number(node, "cy"))).collect();
        assert_eq!(dots.len(), 120);
        let height = number(read.root_element(), "height");
        for (at, dot) in dots.iter().enumerate() {
            assert!((0.0..WIDTH).contains(&dot.0) && (0.0..height).contains(&dot.1));
            let apart = |other: &(f64, f64)| (dot.0 - other.0).hypot(dot.1 - other.1);
            assert!(dots[..at].iter().all(|other| apart(other) > 2.0 * DOT));
        }
    }
}
