//! Every run as a dot, as SVG: a panel a host, a row a policy, so that spread and chance are seen.
//!
//! A block is a space, as in the table. Dashed lines are what no search gives. Dots that would hide
//! one another stand above and below each other. What is too far below to be drawn is a triangle at
//! the left edge. On hovering, a dot says which run it is.

mod axis;
mod drawing;
mod legend;
mod rows;
mod words;

use tamis::compare::{Block, Comparison, Unsearched};

use self::axis::Axis;
use self::drawing::{Anchor, Drawing, LETTER, Text};
use self::rows::{BELOW_AXIS, HALF, Lane, PANEL, Row, hosts, rows, value};
use super::figures::{counted, in_percent, note};

/// The title of the whole picture.
const TITLE: &str = "What every search found, by the images it was given";

/// Room beside a panel, in which its runs below the axis stand, too.
const BESIDE: f64 = 46.0;
/// Width of the margin.
const MARGIN: f64 = 16.0;
/// Height of a line of text.
const LINE: f64 = 17.0;
/// What marks of the axis take, above or below the rows.
const MARKS: f64 = 20.0;

/// All blocks, one below the other.
pub(super) fn picture(comparison: &Comparison) -> String {
    let mut drawing = Drawing::default();
    drawing.text((MARGIN, 30.0), Anchor::Start, Text::Title, TITLE);
    drawing.grow(2.0 * MARGIN + TITLE.chars().count() as f64 * 1.6 * LETTER, 38.0);
    for block in &comparison.blocks {
        draw_block(block, &mut drawing);
    }
    drawing.written(TITLE)
}

fn draw_block(block: &Block, drawing: &mut Drawing) {
    let y = drawing.height() + 20.0;
    drawing.text((MARGIN, y), Anchor::Start, Text::Heading, &words::heading(block));
    drawing.grow(0.0, y + 4.0);
    let runs = block.arms.iter().flat_map(|arm| &arm.runs);
    let values = runs.filter_map(|run| value(block, run));
    let Some(axis) = Axis::of(values.chain(references(block).map(|(_, value)| value))) else {
        return draw_lines(drawing, "no run is finished", usize::MAX);
    };
    let rows = rows(block, &axis);
    let longest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    let left = MARGIN + longest as f64 * LETTER + BESIDE / 2.0;
    let right = left + hosts(block).len() as f64 * (PANEL + BESIDE);
    let letters = ((right - MARGIN) / LETTER) as usize;
    draw_lines(drawing, &words::recipe(block), letters);
    if let Some(line) = note(block) {
        draw_lines(drawing, &line, letters);
    }
    draw_lines(drawing, &words::axis(block), letters);
    legend::draw(block, (MARGIN, right), drawing);
    let top = drawing.height() + LINE + 2.0 * MARKS;
    let body = Body { block, axis, rows, left, right, top };
    body.draw(drawing);
    drawing.grow(right + MARGIN, body.bottom() + 2.0 * MARKS);
}

/// Lines of less important text below what is drawn.
fn draw_lines(drawing: &mut Drawing, text: &str, letters: usize) {
    for line in words::wrapped(text, letters) {
        let y = drawing.height() + LINE;
        drawing.text((MARGIN, y), Anchor::Start, Text::Muted, &line);
        let width = 2.0 * MARGIN + line.chars().count() as f64 * LETTER;
        drawing.grow(width, y);
    }
}

/// The panels of a block.
struct Body<'a> {
    block: &'a Block,
    axis: Axis,
    rows: Vec<Row<'a>>,
    left: f64,
    right: f64,
    top: f64,
}

impl Body<'_> {
    fn bottom(&self) -> f64 {
        self.top + self.rows.iter().map(Row::height).sum::<f64>()
    }

    fn draw(&self, drawing: &mut Drawing) {
        self.draw_names(drawing);
        let hosts = hosts(self.block);
        for (number, host) in hosts.iter().enumerate() {
            self.draw_frame(self.panel(number), host, drawing);
        }
        let mut top = self.top;
        for row in &self.rows {
            for (middle, lane) in row.lanes() {
                if let Some(number) = hosts.iter().position(|host| *host == lane.arm.arm.host) {
                    self.draw_lane(lane, (self.panel(number), top + middle), drawing);
                }
            }
            top += row.height();
        }
    }

    /// Where the axis of a host's panel begins.
    fn panel(&self, number: usize) -> f64 {
        self.left + BESIDE / 2.0 + number as f64 * (PANEL + BESIDE)
    }

    /// The policies, every other row on a stripe.
    fn draw_names(&self, drawing: &mut Drawing) {
        let mut top = self.top;
        for (number, row) in self.rows.iter().enumerate() {
            if number % 2 == 0 {
                let size = (self.right - MARGIN, row.height());
                drawing.rectangle((MARGIN / 2.0, top), size, "stripe");
            }
            let place = (self.left - 4.0, top + row.height() / 2.0 + 4.0);
            drawing.text(place, Anchor::End, Text::Plain, row.name);
            top += row.height();
        }
    }

    /// The name, the marks of the axis, and what no search gives.
    fn draw_frame(&self, left: f64, host: &str, drawing: &mut Drawing) {
        let ends = (self.top, self.bottom());
        let above = (left + PANEL / 2.0, self.top - MARKS - 4.0);
        drawing.text(above, Anchor::Middle, Text::Heading, host);
        for mark in self.axis.marks() {
            let Some(x) = self.axis.place(mark).map(|share| left + PANEL * share) else { continue };
            drawing.upright(x, ends, "grid");
            let text = format!("{mark:.*}", self.axis.digits());
            drawing.text((x, ends.0 - 6.0), Anchor::Middle, Text::Muted, &text);
            drawing.text((x, ends.1 + 15.0), Anchor::Middle, Text::Muted, &text);
        }
        for (_, value) in references(self.block) {
            let Some(share) = self.axis.place(value) else { continue };
            drawing.upright(left + PANEL * share, ends, "reference");
        }
    }

    /// The median of an arm and, before it, its runs.
    fn draw_lane(&self, lane: &Lane<'_>, (left, y): (f64, f64), drawing: &mut Drawing) {
        let quantity = counted(self.block);
        let median = lane.arm.summary(quantity).map(|found| in_percent(quantity, found.median));
        if let Some(share) = median.and_then(|median| self.axis.place(median)) {
            drawing.upright(left + PANEL * share, (y - HALF, y + HALF), "median");
        }
        let class = legend::class(lane.scale);
        for (run, value, x, offset) in &lane.dots {
            let title = format!("seed {}: {value:.2}, {}", run.seed, run.outcome.genotype);
            let place = (left + x, y + offset);
            if *x == BELOW_AXIS {
                drawing.triangle(place, class, &title);
            } else {
                drawing.dot(place, class, &title);
            }
        }
    }
}

/// The rows of what no search gives that are one value, not a value a seed.
fn references(block: &Block) -> impl Iterator<Item = (&Unsearched, f64)> {
    let quantity = counted(block);
    block.unsearched.iter().filter(|row| row.by_seed.is_empty()).filter_map(move |row| {
        Some((row, in_percent(quantity, row.summaries.get(&quantity)?.mean)))
    })
}
