//! What predictions counted by class show: accuracies, the confusion matrix, the worst confusions.

use crate::chart::class_bars::{self, ClassAccuracy};
use crate::chart::confusion;
use crate::figure::{Figure, details, legend, patch, remark};
use crate::markup::{Element, Markup};
use crate::model::Training;
use crate::number;
use crate::table::{Cell, Table, numbers, scrolling, words};

use super::epochs::percentage;

/// Most classes in one column of bars.
const COLUMN: usize = 34;

/// Confusions that are listed.
const LISTED: usize = 10;

/// Why counts are no confusion matrix.
pub(super) fn fault(counts: &[Vec<u64>]) -> Option<String> {
    if counts.is_empty() {
        return Some("No predictions are recorded.".to_owned());
    }
    let row = counts.iter().find(|row| row.len() != counts.len())?;
    Some(format!(
        "Predictions by class are not shown: of {} classes one has {} counts, expected as many.",
        counts.len(),
        row.len()
    ))
}

/// Accuracy by class and the confusion matrix.
pub(super) fn figures(training: &Training, counts: &[Vec<u64>]) -> [Figure; 2] {
    let names = super::class_names(&training.classes, counts.len());
    let title = format!("Accuracy by class, %, {}", training.evaluated_on);
    let by_class = Figure::new(title, bars(&names, counts))
        .note("The worst first. The dashed line is the accuracy over all samples.");
    [by_class, matrix(&names, counts)]
}

fn total(row: &[u64]) -> u64 {
    row.iter().fold(0, |sum, &count| sum.saturating_add(count))
}

fn bars(names: &[String], counts: &[Vec<u64>]) -> Markup {
    let mut classes: Vec<ClassAccuracy> = names
        .iter()
        .zip(counts.iter().enumerate())
        .map(|(name, (class, row))| ClassAccuracy {
            name: name.clone(),
            right: row[class],
            samples: total(row),
        })
        .collect();
    let right = classes.iter().map(|class| class.right as f64).sum::<f64>();
    let samples = classes.iter().map(|class| class.samples as f64).sum::<f64>();
    let mean = (samples > 0.0).then(|| right / samples);
    let key = |class: &ClassAccuracy| class.share().unwrap_or(f64::INFINITY);
    classes.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let mut table = Table::new(
        "Accuracy by class",
        vec![words("class"), numbers("right"), numbers("samples"), numbers("accuracy, %")],
    );
    for class in &classes {
        let share = class.share().map(|share| share * 100.0);
        table.push(vec![
            Cell::words(&class.name),
            Cell::count(class.right),
            Cell::count(class.samples),
            Cell::number(share, percentage),
        ]);
    }
    let columns = classes
        .chunks(classes.len().div_ceil(classes.len().div_ceil(COLUMN)))
        .map(|chunk| class_bars::draw(chunk, mean));
    let columns = Element::new("div").attr("class", "columns").with_all(columns);
    Markup::from_iter([columns.into(), details("Accuracies as a table", table)])
}

fn matrix(names: &[String], counts: &[Vec<u64>]) -> Figure {
    let title = "Confusion matrix";
    if counts.len() > confusion::DRAWN {
        let words = format!("Not drawn: more than {} classes.", confusion::DRAWN);
        return Figure::new(title, remark(words));
    }
    let drawing = Markup::from(confusion::draw(names, counts));
    let drawing =
        if counts.len() > confusion::COUNTED { scrolling(title, drawing) } else { drawing };
    let [right, wrong] = confusion::RIGHT_WRONG;
    let marks = [
        (patch(right), "right".to_owned()),
        (patch(wrong), "mistakes, on a scale of their own".to_owned()),
    ];
    Figure::new(title, legend(marks)).with(drawing)
}

/// The most frequent confusions.
pub(super) fn confusions(training: &Training, counts: &[Vec<u64>]) -> Figure {
    let names = super::class_names(&training.classes, counts.len());
    let mut pairs: Vec<(u64, usize, usize)> = counts
        .iter()
        .enumerate()
        .flat_map(|(row, of_row)| {
            of_row.iter().enumerate().map(move |(column, &n)| (n, row, column))
        })
        .filter(|&(count, row, column)| count > 0 && row != column)
        .collect();
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then(a.cmp(b)));
    let columns = vec![
        words("true class"),
        words("taken for"),
        numbers("samples"),
        numbers("of the class, %"),
    ];
    let mut table = Table::new("Most frequent confusions", columns);
    for &(count, row, column) in pairs.iter().take(LISTED) {
        let share = count as f64 / total(&counts[row]) as f64 * 100.0;
        table.push(vec![
            Cell::words(&names[row]),
            Cell::words(&names[column]),
            Cell::count(count),
            Cell::number(Some(share), percentage),
        ]);
    }
    let title = "Most frequent confusions";
    match pairs.len() {
        0 => Figure::new(title, remark("There is no mistake.")),
        n if n <= LISTED => Figure::new(title, table),
        n => Figure::new(title, table)
            .note(format!("The first {LISTED} of {}.", number::count(n as u64))),
    }
}
