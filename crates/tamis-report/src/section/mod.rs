//! The sections of the page: which figures, in which order, under which words.

mod classes;
mod comparison;
mod cost;
mod epochs;
mod head;
mod part;
mod race;
mod search;
mod selection;
mod training;

pub(crate) use head::markup as head;
pub(crate) use part::Section;

use crate::model::{Part, Report};

/// The sections that belong to a report.
pub(crate) fn sections(report: &Report) -> Vec<Section> {
    let sections = [
        of("search", "Search", &report.search, search::section),
        of("selection", "Chosen data", &report.selection, selection::section),
        of("race", "Race", &report.race, race::section),
        of("training", "Training", &report.training, training::section),
        of("comparison", "Comparison", &report.comparison, comparison::section),
        of("cost", "Cost", &report.cost, cost::section),
    ];
    sections.into_iter().flatten().collect()
}

/// The titles of those that do not.
pub(crate) fn absent(report: &Report) -> Vec<&'static str> {
    let absent = [
        ("search", matches!(report.search, Part::Absent)),
        ("chosen data", matches!(report.selection, Part::Absent)),
        ("race", matches!(report.race, Part::Absent)),
        ("training", matches!(report.training, Part::Absent)),
        ("comparison", matches!(report.comparison, Part::Absent)),
        ("cost", matches!(report.cost, Part::Absent)),
    ];
    absent.into_iter().filter_map(|(title, absent)| absent.then_some(title)).collect()
}

fn of<T>(
    id: &'static str,
    title: &'static str,
    part: &Part<T>,
    section: fn(&T) -> Section,
) -> Option<Section> {
    match part {
        Part::Given(part) => Some(section(part)),
        Part::Missing(reason) => {
            let mut section = Section::new(id, title);
            section.push(part::missing("the whole section", reason));
            Some(section)
        }
        Part::Absent => None,
    }
}

/// So many names of classes; those that are not known are numbered.
fn class_names(names: &[String], count: usize) -> Vec<String> {
    (0..count).map(|at| names.get(at).cloned().unwrap_or_else(|| format!("class {at}"))).collect()
}
