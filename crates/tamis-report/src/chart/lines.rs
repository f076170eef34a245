//! Curves over epochs, each named at its end.

use super::apart::apart;
use super::plot::{self, WIDTH};
use crate::axis::{self, Axis};
use crate::markup::{Element, Markup};
use crate::svg::{self, Anchor, Svg};
use crate::text;
use crate::theme::Colour;

const HEIGHT: f64 = 206.0;
const LEFT: f64 = 38.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 34.0;

/// At most so many epochs tell their values to a pointer.
const TOLD: usize = 240;

/// A curve.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) colour: Colour,
    /// Its values, as many as the chart has epochs.
    pub(crate) values: Vec<Option<f64>>,
}

impl Line {
    /// A curve; values that are not finite leave gaps.
    pub(crate) fn new(
        name: &'static str,
        colour: Colour,
        values: impl Iterator<Item = Option<f64>>,
    ) -> Line {
        let finite = values.map(|value| value.filter(|value| value.is_finite()));
        Line { name, colour, values: finite.collect() }
    }

    /// Whether there is anything to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    fn last(&self) -> Option<(usize, f64)> {
        let mut backwards = self.values.iter().enumerate().rev();
        backwards.find_map(|(at, value)| Some((at, (*value)?)))
    }
}

/// Draws curves over epochs; those without values are left out.
pub(crate) fn draw(
    title: &str,
    epochs: &[u32],
    lines: &[Line],
    format: impl Fn(f64) -> String,
) -> Svg {
    let lines: Vec<&Line> = lines.iter().filter(|line| !line.is_empty()).collect();
    let room = lines.iter().map(|line| label_width(line, &format)).fold(0.0, f64::max);
    let right = WIDTH - room - 10.0;
    let values = lines.iter().flat_map(|line| line.values.iter().flatten().copied());
    let upward = Axis::round(axis::range(values), (BOTTOM, TOP), 4);
    let numbers = epochs.iter().map(|&epoch| f64::from(epoch));
    let rightward = Axis::whole(axis::range(numbers), (LEFT, right), 5);
    let mut svg = Svg::new(WIDTH, HEIGHT, &label(title, epochs, &lines, &format));
    plot::upward(&mut svg, &upward, (LEFT, right));
    plot::rightward(&mut svg, &rightward, BOTTOM, "epoch");
    let place = |at: usize, value: f64| (rightward.at(f64::from(epochs[at])), upward.at(value));
    for line in &lines {
        draw_line(&mut svg, line, place);
    }
    draw_names(&mut svg, &lines, &upward, right, &format);
    tell(&mut svg, epochs, &lines, &rightward, &format);
    svg
}

/// A curve has gaps where values are missing, unless it has a value every so many epochs only.
fn draw_line(svg: &mut Svg, line: &Line, place: impl Fn(usize, f64) -> (f64, f64)) {
    let points = line.values.iter().enumerate().map(|(at, value)| value.map(|v| place(at, v)));
    let points: Vec<Option<(f64, f64)>> = points.collect();
    let is_gap = |at: Option<usize>| at.and_then(|at| points.get(at)).is_none_or(Option::is_none);
    let is_alone = |at: usize| is_gap(at.checked_sub(1)) && is_gap(Some(at + 1));
    let known: Vec<usize> = (0..points.len()).filter(|&at| points[at].is_some()).collect();
    let alone: Vec<usize> = known.iter().copied().filter(|&at| is_alone(at)).collect();
    let sparse = known.len() > 1 && alone.len() * 2 > known.len();
    let way = match sparse {
        true => svg::way(points.iter().copied().filter(Option::is_some)),
        false => svg::way(points.iter().copied()),
    };
    let way = svg::path(&way, line.colour);
    svg.add(way.attr("stroke-width", "1.8").attr("stroke-linejoin", "round"));
    let dots = if sparse { Vec::new() } else { alone };
    for at in dots.into_iter().chain(known.last().copied()) {
        svg.add(
            points[at]
                .map(|point| svg::circle(point, 2.6, line.colour))
                .map(Markup::from)
                .unwrap_or_default(),
        );
    }
}

/// Names and last values at the right of the curves.
fn draw_names(
    svg: &mut Svg,
    lines: &[&Line],
    upward: &Axis,
    right: f64,
    format: &impl Fn(f64) -> String,
) {
    let lasts: Vec<f64> =
        lines.iter().filter_map(|line| line.last()).map(|(_, value)| value).collect();
    let heights: Vec<f64> = lasts.iter().map(|&value| upward.at(value)).collect();
    let heights = apart(&heights, 27.0, (TOP + 4.0, BOTTOM - 10.0));
    for ((line, value), y) in lines.iter().zip(lasts).zip(heights) {
        let x = right + 8.0;
        let name = svg::text(x, y + 1.0, Anchor::Start, line.name).attr("fill", line.colour);
        svg.add(name.attr("font-weight", "600"));
        svg.add(svg::text(x, y + 14.0, Anchor::Start, &format(value)));
    }
}

/// Invisible columns that tell the values of an epoch.
fn tell(
    svg: &mut Svg,
    epochs: &[u32],
    lines: &[&Line],
    rightward: &Axis,
    format: &impl Fn(f64) -> String,
) {
    let (left, right) = rightward.places();
    let every = epochs.len().div_ceil(TOLD).max(1);
    let width = (right - left) / epochs.len().div_ceil(every).max(2) as f64;
    for (at, epoch) in epochs.iter().enumerate().step_by(every) {
        let values = lines
            .iter()
            .filter_map(|line| Some(format!("\n{} {}", line.name, format(line.values[at]?))));
        let told: String = std::iter::once(format!("epoch {epoch}")).chain(values).collect();
        let x = rightward.at(f64::from(*epoch)) - width / 2.0;
        let column: Element = svg::rect((x, TOP), (width, BOTTOM - TOP), Colour::Ink);
        svg.add(svg::tip(column.attr("class", "hit").attr("fill-opacity", "0"), &told));
    }
}

fn label_width(line: &Line, format: &impl Fn(f64) -> String) -> f64 {
    let value = line.last().map_or(0.0, |(_, value)| text::width(&format(value), svg::TYPE));
    text::bold_width(line.name, svg::TYPE).max(value)
}

fn label(title: &str, epochs: &[u32], lines: &[&Line], format: &impl Fn(f64) -> String) -> String {
    let ends = lines.iter().filter_map(|line| {
        let first = line.values.iter().flatten().next()?;
        let (_, last) = line.last()?;
        Some(format!("; {} from {} to {}", line.name, format(*first), format(last)))
    });
    format!("{title} over {} epochs{}", epochs.len(), ends.collect::<String>())
}
