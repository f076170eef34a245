//! Accuracy against cost: means with their seeds, and the arms that no other beats in both.

use super::apart::{apart, swarm};
use super::labels::{self, Area};
use super::marker;
use super::plot;
use crate::axis::{self, Axis};
use crate::markup::{Element, Markup};
use crate::model::{Arm, SeedValue};
use crate::number;
use crate::svg::{self, Svg};
use crate::theme::Colour;

const LEFT: f64 = 40.0;
const TOP: f64 = 10.0;

/// Radii of a mean's mark and of a seed's.
const MEAN: f64 = 4.6;
const SEED: f64 = 2.2;

/// An arm that has a place in the chart.
pub(crate) struct Placed<'a> {
    pub(crate) arm: &'a Arm,
    pub(crate) cost: f64,
    pub(crate) accuracy: f64,
}

/// The arms whose mean cost and accuracy are known.
pub(crate) fn placed(arms: &[Arm]) -> Vec<Placed<'_>> {
    let known = arms.iter().filter_map(|arm| {
        let (cost, accuracy) = (arm.cost?, arm.accuracy?.mean);
        (cost.is_finite() && accuracy.is_finite()).then_some(Placed { arm, cost, accuracy })
    });
    known.collect()
}

/// Which arms no other beats: none is as cheap and better, none as good and cheaper.
pub(crate) fn front(placed: &[Placed<'_>]) -> Vec<bool> {
    let beats = |other: &Placed<'_>, one: &Placed<'_>| {
        other.cost <= one.cost
            && other.accuracy >= one.accuracy
            && (other.cost < one.cost || other.accuracy > one.accuracy)
    };
    placed.iter().map(|one| !placed.iter().any(|other| beats(other, one))).collect()
}

/// Draws the arms in a chart of so much room.
pub(crate) fn draw(title: &str, cost_name: &str, arms: &[Arm], (width, height): (f64, f64)) -> Svg {
    let placed = placed(arms);
    let front = front(&placed);
    let chart = Chart::of(arms, &placed, (width, height));
    let mut svg =
        Svg::new(width, height, &format!("{title} against {cost_name}, {} arms", placed.len()));
    plot::upward(&mut svg, &chart.upward, (LEFT, chart.rightward.places().1));
    plot::rightward(
        &mut svg,
        &chart.rightward,
        chart.upward.places().0,
        &axis_name(cost_name, &chart),
    );
    svg.add(chart.front_line(&placed, &front));
    let groups = marker::groups(arms);
    let mut taken = Vec::new();
    for (at, one) in placed.iter().enumerate() {
        let group = marker::group_of(one.arm, &groups);
        for (shape, area) in chart.seeds(one, at, group) {
            svg.add(shape);
            taken.push(area);
        }
    }
    for (at, one) in placed.iter().enumerate() {
        let (shape, areas) = chart.mean(one, at, marker::group_of(one.arm, &groups));
        svg.add(shape);
        taken.extend(areas);
    }
    chart.names(&mut svg, &placed, &front, &taken);
    svg
}

fn axis_name(cost_name: &str, chart: &Chart) -> String {
    let scale = if chart.rightward.is_logarithmic() { " (logarithmic)" } else { "" };
    format!("{cost_name}{scale}")
}

struct Chart {
    upward: Axis,
    rightward: Axis,
    /// Where each placed arm is drawn: arms of equal cost stand beside each other.
    columns: Vec<f64>,
}

impl Chart {
    fn of(arms: &[Arm], placed: &[Placed<'_>], (width, height): (f64, f64)) -> Chart {
        let (right, bottom) = (width - 12.0, height - 36.0);
        let seeds = || arms.iter().flat_map(|arm| &arm.seeds);
        let costs = placed.iter().map(|one| one.cost).chain(seeds().filter_map(|seed| seed.cost));
        let wanted = if width > 500.0 { 7 } else { 4 };
        let rightward = Axis::cost(axis::range(costs), (LEFT + 8.0, right - 4.0), wanted);
        let bounds = placed.iter().filter_map(|one| one.arm.accuracy?.interval);
        let means = placed.iter().map(|one| one.accuracy);
        let shares = means.chain(bounds.flat_map(|(low, high)| [low, high]));
        let shares = shares.chain(seeds().filter_map(|seed| seed.accuracy));
        let upward = Axis::round(axis::range(shares.map(|share| share * 100.0)), (bottom, TOP), 5);
        let exact: Vec<f64> = placed.iter().map(|one| rightward.at(one.cost)).collect();
        let columns = apart(&exact, 10.0, (LEFT + 8.0, right - 4.0));
        Chart { upward, rightward, columns }
    }

    fn centre(&self, one: &Placed<'_>, at: usize) -> (f64, f64) {
        (self.columns[at], self.upward.at(one.accuracy * 100.0))
    }

    /// The steps between the arms that no other beats, from cheap to dear.
    fn front_line(&self, placed: &[Placed<'_>], front: &[bool]) -> Element {
        let on_front = (0..placed.len()).filter(|&at| front[at]);
        let mut points: Vec<(f64, f64)> = on_front.map(|at| self.centre(&placed[at], at)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut steps = Vec::new();
        for (rank, &point) in points.iter().enumerate() {
            if let Some(before) = rank.checked_sub(1).and_then(|before| points.get(before)) {
                steps.push(Some((point.0, before.1)));
            }
            steps.push(Some(point));
        }
        svg::path(&svg::way(steps), Colour::Axis).attr("stroke-dasharray", "4 3")
    }

    /// The seeds of an arm beside its mean.
    fn seeds(&self, one: &Placed<'_>, at: usize, group: usize) -> Vec<(Element, Area)> {
        let known = |seed: &&SeedValue| seed.accuracy.is_some_and(f64::is_finite);
        let seeds: Vec<&SeedValue> = one.arm.seeds.iter().filter(known).collect();
        let height = |seed: &SeedValue| self.upward.at(seed.accuracy.unwrap_or(f64::NAN) * 100.0);
        let heights: Vec<f64> = seeds.iter().map(|seed| height(seed)).collect();
        let shift = self.columns[at] - self.rightward.at(one.cost);
        let offsets = swarm(&heights, SEED + 0.2);
        let drawn = seeds.iter().zip(heights).zip(offsets).map(|((seed, y), offset)| {
            let cost = seed.cost.filter(|cost| cost.is_finite()).unwrap_or(one.cost);
            let x = self.rightward.at(cost) + shift + offset;
            let dot = svg::circle((x, y), SEED, marker::colour(group)).attr("fill-opacity", "0.5");
            let told =
                told(&one.arm.name, Some(seed.seed), cost, seed.accuracy.unwrap_or(f64::NAN));
            (svg::tip(dot, &told), Area::around((x, y), SEED, SEED))
        });
        drawn.collect()
    }

    fn mean(&self, one: &Placed<'_>, at: usize, group: usize) -> (Element, Vec<Area>) {
        let (x, y) = self.centre(one, at);
        let mut shape = Element::new("g");
        let mut areas = vec![Area::around((x, y), MEAN + 1.0, MEAN + 1.0)];
        if let Some((low, high)) = one.arm.accuracy.and_then(|found| found.interval) {
            let (low, high) = (self.upward.at(low * 100.0), self.upward.at(high * 100.0));
            let line = svg::line((x, low), (x, high), marker::colour(group));
            shape = shape.with(line.attr("stroke-width", "1.6"));
            areas.push(Area { left: x - 1.5, top: high, right: x + 1.5, bottom: low });
        }
        let mark = marker::mark(group, (x, y), MEAN).attr("stroke", Colour::Paper);
        let told = told(&one.arm.name, None, one.cost, one.accuracy);
        (svg::tip(shape.with(mark), &told), areas)
    }

    /// Names, first of the arms that no other beats.
    fn names(&self, svg: &mut Svg, placed: &[Placed<'_>], front: &[bool], taken: &[Area]) {
        let mut order: Vec<usize> = (0..placed.len()).collect();
        order.sort_by_key(|&at| !front[at]);
        let names: Vec<(&str, (f64, f64))> = order
            .iter()
            .map(|&at| (placed[at].arm.name.as_str(), self.centre(&placed[at], at)))
            .collect();
        let (right, bottom) = (self.rightward.places().1 + 14.0, self.upward.places().0);
        let frame = Area { left: LEFT, top: TOP - 8.0, right, bottom };
        for ((label, (name, _)), &at) in
            labels::place(&names, taken, &frame).iter().zip(&names).zip(&order)
        {
            let Some(label) = label else { continue };
            svg.add(leader(self.centre(&placed[at], at), (label.x, label.y - 4.0)));
            let shown = svg::text(label.x, label.y, label.anchor, name);
            let shown = if front[at] { shown.attr("font-weight", "600") } else { shown };
            svg.add(shown.attr("class", "halo"));
        }
    }
}

/// A thin line to a name that is not beside its mark.
fn leader(mark: (f64, f64), name: (f64, f64)) -> Markup {
    let (dx, dy) = (name.0 - mark.0, name.1 - mark.1);
    if dx.hypot(dy) < 20.0 {
        return Markup::default();
    }
    svg::line(mark, name, Colour::Axis).attr("stroke-width", "0.8").into()
}

fn told(name: &str, seed: Option<u64>, cost: f64, accuracy: f64) -> String {
    let seed = seed.map_or_else(|| "mean".to_owned(), |seed| format!("seed {seed}"));
    format!("{name}, {seed}: {} at {}", number::percent(accuracy, 2), number::short(cost))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_has_the_arms_that_no_other_beats() {
        let arm = Arm::default();
        let one = |cost, accuracy| Placed { arm: &arm, cost, accuracy };
        let arms = [one(1.0, 0.8), one(2.0, 0.9), one(2.0, 0.85), one(3.0, 0.9), one(4.0, 0.95)];
        assert_eq!(front(&arms), [true, true, false, false, true]);
        // Equals do not beat each other.
        assert_eq!(front(&[one(1.0, 0.8), one(1.0, 0.8)]), [true, true]);
    }

    #[test]
    fn arms_of_equal_cost_stand_apart_each_with_its_seeds() {
        let seed = |accuracy| SeedValue { seed: 0, accuracy: Some(accuracy), cost: Some(7.0) };
        let arm = |mean: f64| Arm {
            seeds: vec![seed(mean - 0.01), seed(mean + 0.01)],
            accuracy: Some(crate::model::Estimate { mean, interval: None }),
            cost: Some(7.0),
            ..Arm::default()
        };
        let arms = [arm(0.9), arm(0.9), arm(0.5)];
        let placed = placed(&arms);
        let chart = Chart::of(&arms, &placed, (340.0, 320.0));
        let mut columns = chart.columns.clone();
        columns.sort_by(f64::total_cmp);
        assert!(columns.windows(2).all(|pair| pair[1] - pair[0] > 9.99), "{columns:?}");
        for (at, one) in placed.iter().enumerate() {
            for (_, area) in chart.seeds(one, at, 0) {
                let x = f64::midpoint(area.left, area.right);
                assert!((x - chart.columns[at]).abs() < 1e-9);
            }
        }
    }
}
