//! Samples that came and went, epoch by epoch: bars up and down.

use super::plot::{self, WIDTH};
use crate::axis::{self, Axis};
use crate::model::Exchange;
use crate::number;
use crate::svg::{self, Anchor, Svg};
use crate::theme::Colour;

const HEIGHT: f64 = 190.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = WIDTH - 44.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 34.0;

const CAME: Colour = Colour::Series(2);
const WENT: Colour = Colour::Series(3);

/// Draws the exchanges of a search.
pub(crate) fn draw(exchanges: &[Exchange]) -> Svg {
    let most = exchanges.iter().map(|exchange| exchange.came.max(exchange.went)).max().unwrap_or(0);
    let most = (most as f64).max(1.0);
    let range = axis::range(exchanges.iter().map(|exchange| f64::from(exchange.epoch)));
    let range = range.map(|(low, high)| (low - 0.5, high + 0.5));
    let rightward = Axis::whole(range, (LEFT, RIGHT), 5);
    let middle = f64::midpoint(TOP, BOTTOM);
    let up = Axis::round(Some((0.0, most)), (middle, TOP), 2);
    let down = Axis::round(Some((0.0, most)), (middle, BOTTOM), 2);
    let label =
        format!("Samples that came and went; at most {} in an epoch", number::count(most as u64));
    let mut svg = Svg::new(WIDTH, HEIGHT, &label);
    plot::upward(&mut svg, &up, (LEFT, RIGHT));
    plot::upward(&mut svg, &down, (LEFT, RIGHT));
    let epochs = range.map_or(1.0, |(low, high)| high - low);
    let width = ((RIGHT - LEFT) / epochs * 0.8).clamp(0.5, 14.0);
    for exchange in exchanges {
        let left = rightward.at(f64::from(exchange.epoch)) - width / 2.0;
        let (above, below) = (up.at(exchange.came as f64), down.at(exchange.went as f64));
        svg.add(svg::rect((left, above), (width, middle - above), CAME));
        svg.add(svg::rect((left, middle), (width, below - middle), WENT));
        let column = svg::rect((left, TOP), (width, BOTTOM - TOP), Colour::Ink)
            .attr("class", "hit")
            .attr("fill-opacity", "0");
        let (came, went) = (number::count(exchange.came), number::count(exchange.went));
        svg.add(svg::tip(column, &format!("epoch {}\n{came} came\n{went} went", exchange.epoch)));
    }
    svg.add(svg::line((LEFT, middle), (RIGHT, middle), Colour::Axis));
    for (y, name, colour) in [(TOP + 12.0, "came", CAME), (BOTTOM - 6.0, "went", WENT)] {
        let name = svg::text(RIGHT + 6.0, y, Anchor::Start, name).attr("fill", colour);
        svg.add(name.attr("font-weight", "600"));
    }
    plot::rightward(&mut svg, &rightward, BOTTOM, "epoch");
    svg
}
