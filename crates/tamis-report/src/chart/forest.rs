//! A forest plot: differences with their intervals around zero.

use super::plot::WIDTH;
use super::rows;
use crate::axis::{self, Axis};
use crate::markup::Element;
use crate::model::Difference;
use crate::number;
use crate::svg::{self, Svg, px};
use crate::theme::Colour;

/// Height of a difference below its words.
const MARK: f64 = 20.0;

/// Draws differences below each other, in percentage points.
pub(crate) fn draw(title: &str, differences: &[Difference]) -> Svg {
    let bounds = differences.iter().flat_map(|difference| {
        let found = difference.estimate;
        let (low, high) = found.interval.unwrap_or((found.mean, found.mean));
        [low * 100.0, found.mean * 100.0, high * 100.0, 0.0]
    });
    let axis = Axis::round(axis::range(bounds), rows::PLACES, 5);
    let heads = differences.iter().map(|one| rows::Head::new(2.0, &one.name, figures(one)));
    let heads: Vec<rows::Head<'_>> = heads.collect();
    let bottom = 4.0 + heads.iter().map(|head| head.height() + MARK).sum::<f64>();
    let label = format!("{title}: {} differences", differences.len());
    let mut svg = Svg::new(WIDTH, bottom + 34.0, &label);
    rows::ground(&mut svg, &axis, (4.0, bottom), "percentage points");
    let zero = axis.at(0.0);
    svg.add(svg::line((zero, 4.0), (zero, bottom), Colour::Ink).attr("stroke-width", "1.2"));
    let mut top = 4.0;
    for (difference, head) in differences.iter().zip(&heads) {
        head.draw(&mut svg, top);
        top += head.height();
        if difference.estimate.mean.is_finite() {
            svg.add(svg::tip(shape(difference, top + 7.0, &axis), &told(difference)));
        }
        top += MARK;
    }
    svg
}

/// Full where the interval leaves zero out, hollow where it does not.
fn shape(difference: &Difference, y: f64, axis: &Axis) -> Element {
    let found = difference.estimate;
    let x = axis.at(found.mean * 100.0);
    let dot = svg::rect((x - 4.5, y - 4.5), (9.0, 9.0), Colour::Series(0));
    let mut shape = Element::new("g");
    let mut apart = false;
    if let Some((low, high)) = found.interval {
        apart = low > 0.0 || high < 0.0;
        let ends = ((axis.at(low * 100.0), y), (axis.at(high * 100.0), y));
        shape = shape.with(svg::line(ends.0, ends.1, Colour::Series(0)).attr("stroke-width", "2"));
    }
    let hollow = dot.attr("stroke", Colour::Series(0)).attr("stroke-width", px(1.6));
    if apart { shape.with(hollow) } else { shape.with(hollow.attr("style", "fill:var(--paper)")) }
}

/// `+0.42 [−0.10, 0.94], n = 6`.
pub(crate) fn figures(difference: &Difference) -> String {
    let found = difference.estimate;
    let mean = number::signed(found.mean * 100.0, 2);
    let interval = found.interval.map_or_else(String::new, |(low, high)| {
        format!(" [{}, {}]", number::fixed(low * 100.0, 2), number::fixed(high * 100.0, 2))
    });
    format!("{mean}{interval}, n = {}", difference.pairs)
}

fn told(difference: &Difference) -> String {
    format!("{}: {} percentage points", difference.name, figures(difference))
}
