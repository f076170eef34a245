//! Accuracy class by class: bars, the worst first.

use super::plot::WIDTH;
use crate::axis::Axis;
use crate::number;
use crate::svg::{self, Anchor, Svg};
use crate::text;
use crate::theme::Colour;

const PITCH: f64 = 18.0;
const LEFT: f64 = 104.0;
const RIGHT: f64 = WIDTH - 52.0;
const TOP: f64 = 6.0;

/// Accuracy on a class.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClassAccuracy {
    pub(crate) name: String,
    pub(crate) right: u64,
    pub(crate) samples: u64,
}

impl ClassAccuracy {
    /// Share of right answers; `None` of a class without samples.
    pub(crate) fn share(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.right as f64 / self.samples as f64)
    }
}

/// Draws classes below each other; `mean` is the accuracy over all samples.
pub(crate) fn draw(classes: &[ClassAccuracy], mean: Option<f64>) -> Svg {
    let bottom = TOP + PITCH * classes.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 18.0, "Accuracy of each class, the worst first");
    let axis = Axis::round(Some((0.0, 100.0)), (LEFT, RIGHT), 4);
    for (x, label) in axis.ticks() {
        svg.add(svg::line((x, TOP), (x, bottom), Colour::Grid));
        let label = svg::text(x, bottom + 14.0, Anchor::Middle, &label);
        svg.add(label.attr("fill", Colour::Muted));
    }
    for (row, class) in classes.iter().enumerate() {
        let top = TOP + PITCH * row as f64;
        let name = svg::text(
            LEFT - 8.0,
            top + 13.0,
            Anchor::End,
            &text::fitting(&class.name, svg::TYPE, LEFT - 10.0),
        );
        svg.add(svg::tip(name, &class.name));
        let value = class
            .share()
            .map_or_else(|| "no samples".to_owned(), |share| number::percent(share, 1));
        let end = axis.at(class.share().unwrap_or(0.0) * 100.0);
        let bar = svg::rect((LEFT, top + 4.0), (end - LEFT, PITCH - 8.0), Colour::Series(0))
            .attr("rx", "1");
        let (right, samples) = (number::count(class.right), number::count(class.samples));
        svg.add(svg::tip(bar, &format!("{}: {right} of {samples} right", class.name)));
        svg.add(svg::text(RIGHT + 6.0, top + 13.0, Anchor::Start, &value));
    }
    if let Some(mean) = mean {
        let x = axis.at(mean * 100.0);
        let line = svg::line((x, TOP), (x, bottom), Colour::Ink).attr("stroke-dasharray", "3 3");
        svg.add(svg::tip(line, &format!("all classes: {}", number::percent(mean, 1))));
    }
    svg
}
