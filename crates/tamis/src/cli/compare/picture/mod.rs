//! Every run as a dot, as SVG: a line an arm, a column a host, so that spread and chance are seen.
//!
//! Dashed lines are what no search gives. What is too far below to be drawn stands as a triangle at
//! the left edge. On hovering, a dot says which run it is.

mod axis;
mod drawing;

use tamis::compare::{ArmResult, Block, Comparison, SeedResult, Unsearched};

use self::axis::Axis;
use self::drawing::{Anchor, Drawing, LETTER};
use super::figures::{counted, heading, in_percent, note};

/// Width of a host's column, and of the room beside it.
const COLUMN: f64 = 300.0;
const BESIDE: f64 = 30.0;
/// Height of an arm's line.
const LINE: f64 = 18.0;
/// Height above and below the lines of a block.
const ABOVE: f64 = 64.0;
const BELOW: f64 = 64.0;
/// Width of the margin.
const MARGIN: f64 = 10.0;

const DOT: &str = "#4a74b5";
const MEDIAN: &str = "#c07f1e";
const MARK: &str = "#e0e0e0";
const STRIPE: &str = "#f6f6f6";

/// All blocks, one below the other.
pub(super) fn picture(comparison: &Comparison) -> String {
    let mut drawing = Drawing::default();
    for block in &comparison.blocks {
        draw_block(block, &mut drawing);
    }
    drawing.written("Every run of every arm")
}

fn draw_block(block: &Block, drawing: &mut Drawing) {
    let runs = block.arms.iter().flat_map(|arm| &arm.runs);
    let values = runs.filter_map(|run| value(block, run));
    let Some(axis) = Axis::of(values.chain(references(block).map(|(_, value)| value))) else {
        return draw_nothing(block, drawing);
    };
    let (hosts, lines) = (hosts(block), lines(block));
    let top = drawing.height() + ABOVE;
    let bottom = top + lines.len() as f64 * LINE;
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let left = 3.0 * MARGIN + longest as f64 * LETTER;
    let right = left + hosts.len() as f64 * (COLUMN + BESIDE);
    let title = heading(block);
    drawing.text((MARGIN, top - ABOVE + 22.0), Anchor::Start, &title);
    for (number, line) in lines.iter().enumerate() {
        let y = top + number as f64 * LINE;
        if number % 2 == 0 {
            drawing.rectangle((MARGIN, y), (right - 2.0 * MARGIN, LINE), STRIPE);
        }
        drawing.text((left - 1.5 * MARGIN, y + 0.7 * LINE), Anchor::End, line);
    }
    for (number, host) in hosts.iter().enumerate() {
        let left = left + number as f64 * (COLUMN + BESIDE);
        let column = Column { block, axis, left, top, bottom };
        column.draw_frame(host, drawing);
        for arm in block.arms.iter().filter(|arm| arm.arm.host == *host) {
            if let Some(line) = lines.iter().position(|line| *line == name(arm)) {
                column.draw_arm(arm, top + (line as f64 + 0.5) * LINE, drawing);
            }
        }
    }
    let legend = legend(block);
    for (number, line) in legend.iter().enumerate() {
        drawing.text((MARGIN, bottom + 36.0 + 16.0 * number as f64), Anchor::Start, line);
    }
    let below = BELOW.max(32.0 + 16.0 * legend.len() as f64);
    let letters = legend.iter().chain([&title]).map(|line| line.chars().count()).max();
    let text = 2.0 * MARGIN + letters.unwrap_or_default() as f64 * LETTER;
    drawing.grow(right.max(text), bottom + below);
}

/// The place of a block of which no run is finished.
fn draw_nothing(block: &Block, drawing: &mut Drawing) {
    let text = format!("{}: no run is finished", heading(block));
    let y = drawing.height() + 22.0;
    drawing.text((MARGIN, y), Anchor::Start, &text);
    drawing.grow(2.0 * MARGIN + text.chars().count() as f64 * LETTER, y + MARGIN);
}

/// Where the runs of a host are drawn.
struct Column<'a> {
    block: &'a Block,
    axis: Axis,
    left: f64,
    top: f64,
    bottom: f64,
}

impl Column<'_> {
    /// Where a value is drawn; `None` below the axis.
    fn x(&self, value: f64) -> Option<f64> {
        self.axis.place(value).map(|place| self.left + COLUMN * place)
    }

    /// The name, the marks of the axis, and what no search gives.
    fn draw_frame(&self, host: &str, drawing: &mut Drawing) {
        drawing.text((self.left + COLUMN / 2.0, self.top - 14.0), Anchor::Middle, host);
        for mark in self.axis.marks() {
            let Some(x) = self.x(mark) else { continue };
            drawing.path(&format!("M{x:.1} {:.1}V{:.1}", self.top, self.bottom), MARK, "");
            let text = format!("{mark:.*}", self.axis.digits());
            drawing.text((x, self.bottom + 15.0), Anchor::Middle, &text);
        }
        for (_, value) in references(self.block) {
            let Some(x) = self.x(value) else { continue };
            let line = format!("M{x:.1} {:.1}V{:.1}", self.top, self.bottom);
            drawing.path(&line, "#777", " stroke-dasharray=\"5 3\"");
        }
    }

    /// The runs of an arm and their median.
    fn draw_arm(&self, arm: &ArmResult, y: f64, drawing: &mut Drawing) {
        let quantity = counted(self.block);
        for run in &arm.runs {
            let Some(value) = value(self.block, run) else { continue };
            let title = format!("seed {}: {value:.2}, {}", run.seed, run.outcome.genotype);
            match self.x(value) {
                Some(x) => drawing.dot((x, y), DOT, &title),
                None => drawing.triangle((self.left - 2.0, y), DOT, &title),
            }
        }
        let median = arm.summary(quantity).map(|found| in_percent(quantity, found.median));
        if let Some(x) = median.and_then(|median| self.x(median)) {
            drawing.path(&format!("M{x:.1} {:.1}v14", y - 7.0), MEDIAN, " stroke-width=\"2.5\"");
        }
    }
}

/// The accuracy of a run that counts, in percent.
fn value(block: &Block, run: &SeedResult) -> Option<f64> {
    let quantity = counted(block);
    Some(in_percent(quantity, quantity.of(run)?))
}

/// The rows of what no search gives that are one value, not a value a seed.
fn references(block: &Block) -> impl Iterator<Item = (&Unsearched, f64)> {
    let quantity = counted(block);
    block.unsearched.iter().filter(|row| row.by_seed.is_empty()).filter_map(move |row| {
        Some((row, in_percent(quantity, row.summaries.get(&quantity)?.mean)))
    })
}

fn legend(block: &Block) -> Vec<String> {
    let marks = "dots: runs; bars: medians; triangles: runs below the axis";
    let mut lines = vec![format!("{} in percent; {marks}", counted(block).name())];
    let dashed: Vec<String> =
        references(block).map(|(row, value)| format!("{} ({value:.2})", row.name)).collect();
    if !dashed.is_empty() {
        lines.push(format!("dashed: {}", dashed.join(", ")));
    }
    lines.extend(note(block));
    lines
}

fn hosts(block: &Block) -> Vec<&str> {
    let mut hosts: Vec<&str> = Vec::new();
    for arm in &block.arms {
        if !hosts.contains(&arm.arm.host.as_str()) {
            hosts.push(&arm.arm.host);
        }
    }
    hosts
}

/// The names of the arms, each once, without those that are the runs of another of them.
fn lines(block: &Block) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (number, arm) in block.arms.iter().enumerate() {
        let repeated = block.arms[..number]
            .iter()
            .any(|other| other.arm.host == arm.arm.host && other.arm.runs_as == arm.arm.runs_as);
        if !repeated && !lines.contains(&name(arm)) {
            lines.push(name(arm));
        }
    }
    lines
}

/// The policy as it was named, and the scale of the alpha rate if there is one.
fn name(arm: &ArmResult) -> String {
    let named = &arm.arm.named;
    match named.scale.as_str() {
        "none" => named.policy.clone(),
        scale => format!("{}, {scale}", named.policy),
    }
}
