//! The section of the data that was chosen: active sets, exchanges, contact sheets.

use tamis_core::Level;

use super::epochs;
use super::part::Section;
use super::search::LEVELS;
use crate::chart::lines::Line;
use crate::chart::{classes, exchanges};
use crate::figure::{Figure, details, grid, legend, patch, remark};
use crate::markup::Markup;
use crate::model::{ActiveSet, ContactSheet, Exchange, Part, Picture, Selection};
use crate::number;
use crate::pictures::{self, Shown};
use crate::table::{Cell, Table, numbers};

pub(crate) fn section(selection: &Selection) -> Section {
    let mut section = Section::new("selection", "Chosen data");
    let mut figures = Vec::new();
    section.show("active sets", &selection.sets, |sets| match sets.as_slice() {
        [] => remark("No active set is recorded."),
        sets => {
            figures.push(sizes(&by_level(sets)));
            Markup::default()
        }
    });
    section.show("exchanges", &selection.exchanges, |exchanged| match exchanged.as_slice() {
        [] => remark("No sample came or went during the search."),
        exchanged => {
            figures.push(exchange_figure(exchanged));
            Markup::default()
        }
    });
    section.push(grid(figures));
    if let Some(sets) = selection.sets.given() {
        section.push(class_figures(selection, sets));
    }
    if let Part::Missing(reason) = &selection.class_sizes {
        section.push(super::part::missing("sizes of the classes in all data", reason));
    }
    section.show("contact sheets", &selection.sheets, |sheets| {
        sheets.iter().map(contact_sheet).collect()
    });
    section
}

fn by_level(sets: &[ActiveSet]) -> [Vec<&ActiveSet>; 2] {
    Level::BOTH.map(|level| sets.iter().filter(|set| set.level == level).collect())
}

fn class_figures(selection: &Selection, sets: &[ActiveSet]) -> Markup {
    let levels = by_level(sets);
    let words = ["train the weights", "train the architecture"];
    let levels = levels.iter().zip(words).filter(|(sets, _)| !sets.is_empty());
    grid(levels.map(|(sets, words)| {
        class_figure(selection, sets, &format!("Classes of the samples that {words}"))
    }))
}

/// Sizes of the sets of both levels by epoch.
fn sizes(levels: &[Vec<&ActiveSet>; 2]) -> Figure {
    let mut epochs: Vec<u32> = levels.iter().flatten().map(|set| set.epoch).collect();
    epochs.sort_unstable();
    epochs.dedup();
    let line = |level: usize, name| {
        let size = |epoch: &u32| {
            levels[level].iter().find(|set| set.epoch == *epoch).map(|set| set.samples())
        };
        let sizes: Vec<Option<f64>> =
            epochs.iter().map(|epoch| size(epoch).map(|samples| samples as f64)).collect();
        Line::new(name, LEVELS[level], sizes.into_iter())
    };
    let lines = [line(0, "weights"), line(1, "architecture")];
    let columns: Vec<epochs::ValueColumn<'_>> = vec![
        ("weights", lines[0].values.clone(), number::whole),
        ("architecture", lines[1].values.clone(), number::whole),
    ];
    let values = epochs::values(&epochs, columns);
    epochs::curves("Active samples of each level", &epochs, &lines, number::whole).with(values)
}

fn class_figure(selection: &Selection, sets: &[&ActiveSet], title: &str) -> Figure {
    let count = sets.iter().map(|set| set.class_counts.len()).max().unwrap_or(0);
    let names = super::class_names(&selection.classes, count);
    let sizes = selection.class_sizes.given().filter(|sizes| sizes.len() == count);
    let all: u64 =
        sizes.map_or(0, |sizes| sizes.iter().fold(0, |sum, &size| sum.saturating_add(size)));
    let (expected, against): (Vec<f64>, &str) = match sizes {
        Some(sizes) if all > 0 => {
            (sizes.iter().map(|&size| size as f64 / all as f64).collect(), "its share of all data")
        }
        _ => (vec![1.0 / count.max(1) as f64; count], "an even share"),
    };
    let [more, less] = classes::MORE_LESS;
    let marks = [
        (patch(more), format!("more than {against}")),
        (patch(less), "less; full colour from twice or half on".to_owned()),
    ];
    let chart = classes::draw(title, &names, sets, &expected);
    Figure::new(title, legend(marks)).with(chart).with(class_table(&names, sets))
}

/// First and last count of every class, on demand.
fn class_table(names: &[String], sets: &[&ActiveSet]) -> Markup {
    let (Some(first), Some(last)) = (sets.first(), sets.last()) else { return Markup::default() };
    let columns = vec![
        crate::table::words("class"),
        numbers(format!("epoch {}", first.epoch)),
        numbers(format!("epoch {}", last.epoch)),
    ];
    let mut table = Table::new("Active samples by class, first and last epoch", columns);
    for (class, name) in names.iter().enumerate() {
        let count = |set: &ActiveSet| set.class_counts.get(class).map(|&count| count as f64);
        let cells = [first, last].map(|set| Cell::number(count(set), number::whole));
        table.push(std::iter::once(Cell::words(name)).chain(cells).collect());
    }
    details("Counts of the first and the last epoch", table)
}

fn exchange_figure(exchanged: &[Exchange]) -> Figure {
    let epochs: Vec<u32> = exchanged.iter().map(|exchange| exchange.epoch).collect();
    let of = |pick: fn(&Exchange) -> u64| exchanged.iter().map(|e| Some(pick(e) as f64)).collect();
    let columns: Vec<epochs::ValueColumn<'_>> =
        vec![("came", of(|e| e.came), number::whole), ("went", of(|e| e.went), number::whole)];
    let values = epochs::values(&epochs, columns);
    Figure::new("Samples exchanged with each epoch", exchanges::draw(exchanged)).with(values)
}

fn contact_sheet(sheet: &ContactSheet) -> Markup {
    let pictures = match sheet.pictures.as_slice() {
        [] => remark("No picture."),
        pictures => pictures::sheet(pictures.iter().map(shown)),
    };
    let explanation = sheet.explanation.iter().cloned();
    let lines = format!("Below each picture its id, its class, its {}.", sheet.score_name);
    let scored = sheet.pictures.iter().any(|picture| picture.score.is_some());
    let note: Vec<String> = explanation.chain(scored.then_some(lines)).collect();
    Figure::new(&sheet.title, pictures).wide().note(note.join(" ")).into()
}

fn shown(picture: &Picture) -> Shown<'_> {
    let class = picture.class.clone().unwrap_or_else(|| "class unknown".to_owned());
    let score = picture.score.map(number::short);
    let lines = std::iter::once(class.clone()).chain(score).chain(picture.remark.clone());
    Shown {
        id: picture.id,
        image: picture.image.as_ref(),
        alternative: class,
        lines: lines.collect(),
    }
}
