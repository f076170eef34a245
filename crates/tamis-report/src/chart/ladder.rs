//! The ladder of a race: every candidate of every rung by its score, and the ways of those that went on.

use super::apart::swarm;
use super::plot::WIDTH;
use super::rows;
use crate::axis::{self, Axis};
use crate::model::{Rung, RungRun};
use crate::number;
use crate::svg::{self, Svg};
use crate::theme::Colour;

/// Radius of a candidate's dot.
const DOT: f64 = 3.2;

/// Between the dots of a rung and the words of the next: room for ways.
const BETWEEN: f64 = 14.0;

/// The colour of who went on, of who did not, and of those of whom that is not decided.
pub(crate) fn colour(kept: Option<bool>) -> Colour {
    match kept {
        Some(true) => Colour::Series(0),
        Some(false) => Colour::Series(7),
        None => Colour::Series(1),
    }
}

/// Draws rungs below each other, all to one scale.
pub(crate) fn draw(score_name: &str, rungs: &[Rung]) -> Svg {
    let axis = Axis::round(axis::range(rungs.iter().flat_map(scores)), rows::PLACES, 5);
    let names: Vec<(String, String)> = (1..).zip(rungs).map(words).collect();
    let rungs_and_names = rungs.iter().zip(&names);
    let laid: Vec<Laid<'_>> = rungs_and_names.map(|(rung, of)| Laid::of(rung, of, &axis)).collect();
    let bottom = 4.0 + laid.iter().map(Laid::height).sum::<f64>();
    let label = format!("the ladder of a race of {} rungs, by {score_name}", rungs.len());
    let mut svg = Svg::new(WIDTH, bottom + 34.0, &label);
    rows::ground(&mut svg, &axis, (4.0, bottom), score_name);
    let tops = laid.iter().scan(4.0, |next, row| {
        let top = *next;
        *next += row.height();
        Some(top)
    });
    let tops: Vec<f64> = tops.collect();
    for (at, pair) in laid.windows(2).enumerate() {
        ways(&mut svg, [(&pair[0], tops[at]), (&pair[1], tops[at + 1])]);
    }
    for (row, top) in laid.iter().zip(&tops) {
        row.draw(&mut svg, *top);
    }
    svg
}

fn scores(rung: &Rung) -> impl Iterator<Item = f64> {
    rung.runs.iter().filter_map(|run| run.score)
}

/// `rung 1, 80 steps` and `8 of 19 went on`.
fn words((number, rung): (usize, &Rung)) -> (String, String) {
    let kept = rung.runs.iter().filter(|run| run.kept == Some(true)).count();
    let figures = match rung.runs.iter().any(|run| run.kept.is_none()) {
        true => format!("{} ran so far", rung.runs.len()),
        false => format!("{kept} of {} went on", rung.runs.len()),
    };
    (format!("rung {number}, {} steps", rung.steps), figures)
}

/// A rung's dots, laid out.
struct Laid<'a> {
    head: rows::Head<'a>,
    /// Who has a finite score, with place and offset.
    dots: Vec<(&'a RungRun, f64, f64)>,
    /// How far dots reach up and down.
    reach: f64,
}

impl<'a> Laid<'a> {
    fn of(rung: &'a Rung, (name, figures): &'a (String, String), axis: &Axis) -> Laid<'a> {
        let runs = rung.runs.iter().filter_map(|run| {
            let score = run.score.filter(|score| score.is_finite())?;
            Some((run, axis.at(score)))
        });
        let runs: Vec<(&RungRun, f64)> = runs.collect();
        let places: Vec<f64> = runs.iter().map(|(_, place)| *place).collect();
        let offsets = swarm(&places, DOT + 0.3);
        let reach = offsets.iter().map(|offset| offset.abs() + DOT).fold(7.0, f64::max);
        let dots = runs.into_iter().zip(offsets).map(|((run, place), offset)| (run, place, offset));
        Laid { head: rows::Head::new(2.0, name, figures.clone()), dots: dots.collect(), reach }
    }

    fn height(&self) -> f64 {
        self.head.height() + 2.0 * self.reach + BETWEEN
    }

    /// The height of the dots of a rung that is drawn at `top`.
    fn middle(&self, top: f64) -> f64 {
        top + self.head.height() + self.reach
    }

    fn draw(&self, svg: &mut Svg, top: f64) {
        self.head.draw(svg, top);
        for (run, x, offset) in &self.dots {
            let dot = svg::circle((*x, self.middle(top) + offset), DOT, colour(run.kept));
            let told = format!("{}: {}", run.name, number::fixed(run.score.unwrap_or(f64::NAN), 3));
            svg.add(svg::tip(dot.attr("fill-opacity", "0.8"), &told));
        }
    }
}

/// Draws the ways of those that went on from one rung to the next.
fn ways(svg: &mut Svg, [(from, from_top), (to, to_top)]: [(&Laid<'_>, f64); 2]) {
    for (run, x, offset) in from.dots.iter().filter(|(run, ..)| run.kept == Some(true)) {
        let next = to.dots.iter().find(|(other, ..)| other.candidate == run.candidate);
        if let Some((_, next_x, next_offset)) = next {
            let ends =
                [(*x, from.middle(from_top) + offset), (*next_x, to.middle(to_top) + next_offset)];
            svg.add(svg::line(ends[0], ends[1], Colour::Axis).attr("pointer-events", "none"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Markup;

    fn run(candidate: usize, score: f64, kept: bool) -> RungRun {
        RungRun {
            candidate,
            name: format!("cell {candidate}"),
            score: Some(score),
            kept: Some(kept),
        }
    }

    #[test]
    fn every_candidate_has_a_dot_in_each_rung_it_ran_in_and_a_way_to_the_next() {
        let first = (0..6).map(|at| run(at, 2.0 + 0.01 * at as f64, at < 2)).collect();
        let rungs = [
            Rung { steps: 80, runs: first },
            Rung { steps: 240, runs: vec![run(0, 1.7, false), run(1, 1.6, true)] },
        ];
        let markup = Markup::from(draw("loss", &rungs));
        let read = roxmltree::Document::parse(markup.as_str()).unwrap();
        let named = |name| read.descendants().filter(move |node| node.tag_name().name() == name);
        assert_eq!(named("circle").count(), 8);
        let silent = |node: &roxmltree::Node<'_, '_>| node.attribute("pointer-events").is_some();
        assert_eq!(named("path").filter(silent).count(), 2, "of the two that went on");
        let text = markup.as_str();
        for words in ["rung 1, 80 steps", "2 of 6 went on", "1 of 2 went on", "cell 1: 1.600"] {
            assert!(text.contains(words), "{words}");
        }
    }
}
