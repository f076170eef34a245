//! The section of a training: curves, classes, calibration, mistakes.

use super::classes;
use super::epochs::{self, nats, percentage};
use super::part::Section;
use crate::chart::lines::Line;
use crate::chart::{confusion, reliability};
use crate::figure::{Figure, details, grid, remark};
use crate::markup::Markup;
use crate::model::{CalibrationBin, Mistake, Training, TrainingEpoch};
use crate::number;
use crate::pictures::{self, Shown};
use crate::table::{Cell, Table, numbers};
use crate::theme::Colour;

pub(crate) fn section(training: &Training) -> Section {
    let mut section = Section::new("training", "Training");
    section.show("epochs", &training.epochs, |epochs| curves(epochs));
    let (mut figures, mut large) = (Vec::new(), Vec::new());
    section.show("predictions by class", &training.confusion, |counts| {
        if let Some(fault) = classes::fault(counts) {
            return remark(fault);
        }
        let is_large = counts.len() > confusion::COUNTED;
        if is_large { &mut large } else { &mut figures }.extend(classes::figures(training, counts));
        Markup::default()
    });
    section.push(large.into_iter().map(Figure::wide).collect::<Markup>());
    section.show("calibration", &training.calibration, |bins| {
        figures.push(calibration(&training.evaluated_on, bins));
        Markup::default()
    });
    if let Some(counts) =
        training.confusion.given().filter(|counts| classes::fault(counts).is_none())
    {
        figures.push(classes::confusions(training, counts));
    }
    section.push(grid(figures));
    section
        .show("mistakes", &training.mistakes, |mistakes| worst(&training.evaluated_on, mistakes));
    section
}

fn curves(epochs: &[TrainingEpoch]) -> Markup {
    if epochs.is_empty() {
        return remark("No epoch of the training is recorded.");
    }
    let numbers: Vec<u32> = epochs.iter().map(|epoch| epoch.epoch).collect();
    let of = |pick: fn(&TrainingEpoch) -> Option<f64>, scale: f64| {
        epochs.iter().map(move |epoch| pick(epoch).map(|value| value * scale))
    };
    let [train, held_out] = [Colour::Series(0), Colour::Series(1)];
    let accuracy = [
        Line::new("training", train, of(|epoch| epoch.train_accuracy, 100.0)),
        Line::new("held out", held_out, of(|epoch| epoch.held_out_accuracy, 100.0)),
    ];
    let loss = [
        Line::new("training", train, of(|epoch| epoch.train_loss, 1.0)),
        Line::new("held out", held_out, of(|epoch| epoch.held_out_loss, 1.0)),
    ];
    let rate = [Line::new("rate", Colour::Series(2), of(|epoch| epoch.learning_rate, 1.0))];
    let figures = [
        epochs::curves("Accuracy, %", &numbers, &accuracy, percentage),
        epochs::curves("Loss, nats", &numbers, &loss, nats),
        epochs::curves("Learning rate", &numbers, &rate, number::short),
    ];
    let columns: Vec<epochs::ValueColumn<'_>> = vec![
        ("training accuracy, %", accuracy[0].values.clone(), percentage),
        ("held-out accuracy, %", accuracy[1].values.clone(), percentage),
        ("training loss, nats", loss[0].values.clone(), nats),
        ("held-out loss, nats", loss[1].values.clone(), nats),
        ("learning rate", rate[0].values.clone(), number::short),
    ];
    Markup::from_iter([grid(figures), epochs::values(&numbers, columns)])
}

fn calibration(evaluated_on: &str, bins: &[CalibrationBin]) -> Figure {
    let columns = vec![
        numbers("from, %"),
        numbers("to, %"),
        numbers("predictions"),
        numbers("confidence, %"),
        numbers("accuracy, %"),
    ];
    let mut table = Table::new("Calibration by bin", columns);
    for bin in bins {
        let share = |share: f64| Cell::number(Some(share * 100.0), percentage);
        let filled =
            |share: f64| Cell::number((bin.samples > 0).then_some(share * 100.0), percentage);
        table.push(vec![
            share(bin.lower),
            share(bin.upper),
            Cell::count(bin.samples),
            filled(bin.confidence),
            filled(bin.accuracy),
        ]);
    }
    let note = match reliability::expected_error(bins) {
        Some(error) => format!(
            "Expected calibration error {}. On the dashed line confidence and accuracy agree; below \
             it the network is too sure.",
            number::percent(error, 2)
        ),
        None => "No prediction is recorded.".to_owned(),
    };
    let title = format!("Calibration, {evaluated_on}");
    Figure::new(title, reliability::draw(bins)).note(note).with(details("Bins as a table", table))
}

fn worst(evaluated_on: &str, mistakes: &[Mistake]) -> Markup {
    let title = format!("Worst mistakes, {evaluated_on}");
    if mistakes.is_empty() {
        return Figure::new(title, remark("There is no mistake.")).wide().into();
    }
    let shown = mistakes.iter().map(|mistake| Shown {
        id: mistake.id,
        image: mistake.image.as_ref(),
        alternative: format!("{} taken for {}", mistake.true_class, mistake.predicted_class),
        lines: vec![
            mistake.true_class.clone(),
            format!("\u{2192} {}", mistake.predicted_class),
            number::percent(mistake.probability, 2),
        ],
    });
    let note = "Below each picture its id, its class, the class it was taken for, and the \
                probability that was given to that.";
    Figure::new(title, pictures::sheet(shown)).note(note).wide().into()
}
