//! A confusion matrix as a heat map: with counts where there is room, with names always.
//!
//! Right answers and mistakes have colours of their own: on one scale no mistake would be seen beside
//! nine right answers in ten.

use super::plot::WIDTH;
use crate::markup::Markup;
use crate::number;
use crate::svg::{self, Anchor, Svg, px};
use crate::text;
use crate::theme::Colour;

/// Up to so many classes a cell has room for its count.
pub(crate) const COUNTED: usize = 14;

/// Up to so many classes a matrix is drawn.
pub(crate) const DRAWN: usize = 200;

/// Size of a cell where there is no room for counts.
const SMALL: f64 = 9.0;

/// Room for names at the left and the top.
const NAMES: f64 = 74.0;

/// Colours of right answers and of mistakes.
pub(crate) const RIGHT_WRONG: [Colour; 2] = [Colour::Series(0), Colour::Series(1)];

/// Draws `counts[true][predicted]`; rows must be as long as there are rows.
pub(crate) fn draw(classes: &[String], counts: &[Vec<u64>]) -> Svg {
    let count = counts.len();
    let pitch = if count <= COUNTED { (WIDTH - NAMES - 2.0) / count.max(1) as f64 } else { SMALL };
    let pitch = pitch.min(44.0);
    let size = NAMES + pitch * count as f64 + 2.0;
    let label =
        format!("Confusion matrix of {count} classes, true classes down, predicted ones across");
    let mut svg = Svg::new(size, size, &label);
    for (at, name) in classes.iter().enumerate().take(count) {
        svg.add(names(name, NAMES + pitch * (at as f64 + 0.5), pitch));
    }
    let worst = worst_share(counts);
    for (row, of_row) in counts.iter().enumerate() {
        let total = of_row.iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
        for (column, &count) in of_row.iter().enumerate().filter(|&(_, &count)| count > 0) {
            let share = count as f64 / total as f64;
            let strength = if row == column { share } else { (share / worst).sqrt() };
            let place = (NAMES + pitch * column as f64, NAMES + pitch * row as f64);
            let cell = Cell { place, pitch, count, strength, right: row == column };
            let told = told(classes, row, column, count, share);
            svg.add(cell.drawn(&told));
        }
    }
    let frame =
        svg::rect((NAMES, NAMES), (pitch * count as f64, pitch * count as f64), Colour::Paper);
    svg.add(
        frame.attr("fill-opacity", "0").attr("stroke", Colour::Grid).attr("pointer-events", "none"),
    );
    let corner = svg::text(NAMES - 6.0, NAMES - 20.0, Anchor::End, "true ↓");
    svg.add(corner.attr("fill", Colour::Muted));
    let corner = svg::text(NAMES - 6.0, NAMES - 6.0, Anchor::End, "predicted →");
    svg.add(corner.attr("fill", Colour::Muted));
    svg
}

/// The largest share of a true class that is taken for one other class.
fn worst_share(counts: &[Vec<u64>]) -> f64 {
    let rows = counts.iter().enumerate().map(|(row, of_row)| {
        let total = of_row.iter().fold(0_u64, |sum, &count| sum.saturating_add(count)).max(1);
        let wrong = of_row.iter().enumerate().filter(|&(column, _)| column != row);
        wrong.map(|(_, &count)| count as f64 / total as f64).fold(0.0, f64::max)
    });
    rows.fold(1e-9, f64::max)
}

fn told(classes: &[String], row: usize, column: usize, count: u64, share: f64) -> String {
    let name = |at: usize| classes.get(at).map_or("?", String::as_str);
    let (count, share) = (number::count(count), number::percent(share, 1));
    match row == column {
        true => format!("{}: {count} right, {share}", name(row)),
        false => format!("{} taken for {}: {count}, {share}", name(row), name(column)),
    }
}

/// The name of a class at its row and its column.
fn names(name: &str, middle: f64, pitch: f64) -> Markup {
    let size = (pitch - 1.0).min(svg::TYPE);
    let shown = text::fitting(name, size, NAMES - 8.0);
    let row = svg::text(NAMES - 5.0, middle + size * 0.35, Anchor::End, &shown);
    let turned = format!("translate({} {}) rotate(-90)", px(middle + size * 0.35), px(NAMES - 5.0));
    let column = svg::text(0.0, 0.0, Anchor::Start, &shown).attr("transform", turned);
    let names = [row, column].map(|text| svg::tip(text.attr("font-size", px(size)), name));
    names.into_iter().collect()
}

/// A cell that is not empty.
struct Cell {
    place: (f64, f64),
    pitch: f64,
    count: u64,
    strength: f64,
    right: bool,
}

impl Cell {
    fn drawn(&self, told: &str) -> Markup {
        let colour = if self.right { RIGHT_WRONG[0] } else { RIGHT_WRONG[1] };
        let strength = 0.08 + 0.92 * self.strength;
        let ground = svg::rect(self.place, (self.pitch - 0.6, self.pitch - 0.6), colour)
            .attr("fill-opacity", px(strength));
        let mut markup = Markup::from(svg::tip(ground, told));
        // Above 14 classes the cells are too small.
        if self.pitch > 17.0 {
            let text = if self.count < 10_000 {
                self.count.to_string()
            } else {
                number::short(self.count as f64)
            };
            let size = (self.pitch * 0.36)
                .min((self.pitch - 3.0) / text::width(&text, 1.0))
                .min(svg::TYPE);
            let (x, y) = (self.place.0 + self.pitch / 2.0, self.place.1 + self.pitch / 2.0);
            let colour = if strength > 0.6 { Colour::Paper } else { Colour::Ink };
            let text = svg::text(x, y + size * 0.36, Anchor::Middle, &text).attr("fill", colour);
            markup.push(text.attr("font-size", px(size)).attr("pointer-events", "none"));
        }
        markup
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_classes_go_down_and_the_worst_mistake_has_the_full_colour() {
        let names = ["cat", "dog", "emu"].map(str::to_owned);
        let counts = [vec![60, 40, 0], vec![10, 90, 0], vec![0, 0, 100]];
        let markup = Markup::from(draw(&names, &counts));
        let read = roxmltree::Document::parse(markup.as_str()).unwrap();
        let cell = |told: &str| {
            let titles = |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == "title";
            let mut titles = read.descendants().filter(titles);
            let title = titles.find(|node| node.text() == Some(told)).unwrap();
            let rect = title.parent().unwrap();
            ["x", "y", "fill-opacity"].map(|name| rect.attribute(name).unwrap().parse().unwrap())
        };
        let told = |text: &str| text.replace(" %", "\u{202f}%");
        let [x, y, strength]: [f64; 3] = cell(&told("cat taken for dog: 40, 40.0 %"));
        assert_eq!([x > NAMES, y > NAMES, strength > 0.99], [true, false, true]);
        let [x, y, strength]: [f64; 3] = cell(&told("dog taken for cat: 10, 10.0 %"));
        assert_eq!([x > NAMES, y > NAMES], [false, true]);
        // A quarter of the worst, by its root.
        assert!((strength - (0.08 + 0.92 * 0.5)).abs() < 0.01);
    }
}
