//! What the marks of a block mean, each beside its meaning.

use tamis::compare::Block;

use super::drawing::{Anchor, Drawing, LETTER, Text};
use super::rows::scales;
use super::{LINE, references};

/// A mark, as it stands in the panels.
#[derive(Clone, Copy)]
enum Mark {
    Dot(&'static str),
    Triangle,
    Median,
    Dashed,
}

/// Width of a mark and the room behind it.
const MARK: f64 = 16.0;

/// The class of the runs with a scale of the alpha rate, by its number.
pub(super) fn class(scale: usize) -> &'static str {
    if scale == 0 { "first" } else { "second" }
}

/// Below what is drawn, in as many lines as it needs between left and right.
pub(super) fn draw(block: &Block, (left, right): (f64, f64), drawing: &mut Drawing) {
    let (mut x, mut y) = (left, drawing.height() + LINE + 4.0);
    for (mark, text) in entries(block) {
        let width = MARK + text.chars().count() as f64 * LETTER;
        if x > left && x + width > right {
            (x, y) = (left, y + LINE);
        }
        draw_mark(mark, (x + 5.0, y - 4.0), drawing);
        drawing.text((x + MARK, y), Anchor::Start, Text::Plain, &text);
        x += width + MARK;
    }
    drawing.grow(right, y);
}

fn draw_mark(mark: Mark, (x, y): (f64, f64), drawing: &mut Drawing) {
    match mark {
        Mark::Dot(class) => drawing.dot((x, y), class, ""),
        Mark::Triangle => drawing.triangle((x, y), "first", ""),
        Mark::Median => drawing.upright(x, (y - 7.0, y + 7.0), "median"),
        Mark::Dashed => drawing.upright(x, (y - 7.0, y + 7.0), "reference"),
    }
}

fn entries(block: &Block) -> Vec<(Mark, String)> {
    let scales = scales(block);
    let mut entries: Vec<(Mark, String)> = match scales[..] {
        [] | [_] => vec![(Mark::Dot(class(0)), "a run".to_owned())],
        _ => scales
            .iter()
            .enumerate()
            .map(|(number, scale)| (Mark::Dot(class(number)), rate(scale)))
            .collect(),
    };
    entries.push((Mark::Median, "median".to_owned()));
    entries.push((Mark::Triangle, "a run below the axis".to_owned()));
    let found = references(block);
    let found = found.map(|(row, value)| (Mark::Dashed, format!("{}: {value:.2}", row.name)));
    entries.extend(found);
    entries
}

/// What the runs with a scale of the alpha rate are.
fn rate(scale: &str) -> String {
    match scale {
        "none" => "a run at this alpha rate".to_owned(),
        "steps" => "a run, alpha rate times the steps that its images save".to_owned(),
        other => format!("a run, scale {other}"),
    }
}
