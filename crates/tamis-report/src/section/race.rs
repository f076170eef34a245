//! The section of a race: its ladder, who won, everybody's scores.

use super::part::Section;
use super::search::architecture;
use crate::chart::ladder;
use crate::figure::{Figure, details, legend, patch, remark};
use crate::markup::Markup;
use crate::model::{Race, Rung};
use crate::number;
use crate::table::{Cell, Table, numbers, words};

pub(crate) fn section(race: &Race) -> Section {
    let mut section = Section::new("race", "Race");
    section.show("the winner", &race.winner, architecture);
    section.show("the ladder", &race.rungs, |rungs| rungs_of(&race.score_name, rungs));
    section
}

fn rungs_of(score_name: &str, rungs: &[Rung]) -> Markup {
    if rungs.iter().all(|rung| rung.runs.is_empty()) {
        return remark("No candidate has run yet.");
    }
    let told = [(Some(true), "went on"), (Some(false), "did not"), (None, "not decided yet")];
    let is_there = |kept| rungs.iter().flat_map(|rung| &rung.runs).any(|run| run.kept == kept);
    let told = told.into_iter().filter(|(kept, _)| is_there(*kept));
    let told = told.map(|(kept, words)| (patch(ladder::colour(kept)), words.to_owned()));
    let note = "A dot is a candidate, trained from the beginning in every rung; the further left, the \
                better. Lines follow those that went on.";
    let drawing = ladder::draw(score_name, rungs);
    let figure = Figure::new("The ladder", drawing).note(note);
    figure
        .with(legend(told))
        .with(details("Scores as a table", table(score_name, rungs)))
        .wide()
        .into()
}

fn table(score_name: &str, rungs: &[Rung]) -> Table {
    let columns = vec![
        numbers("rung"),
        numbers("steps"),
        numbers(score_name),
        words("went on"),
        words("architecture"),
    ];
    let mut table = Table::new("Scores of every rung", columns);
    for (number, rung) in (1..).zip(rungs) {
        for run in &rung.runs {
            table.push(vec![
                Cell::count(number),
                Cell::count(u64::from(rung.steps)),
                Cell::number(run.score, |score| number::fixed(score, 4)),
                Cell::words(match run.kept {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "not decided",
                }),
                Cell::words(&run.name),
            ]);
        }
    }
    table
}
