//! What figures over epochs share: which curves there are, and the table of their values.

use crate::chart::lines::{self, Line};
use crate::figure::{Figure, details};
use crate::markup::Markup;
use crate::number;
use crate::table::{Cell, Table, numbers};

/// At most so many epochs stand in a table.
const ROWS: usize = 100;

/// A figure of curves; it names those that no epoch has a value of.
pub(super) fn curves(
    title: &str,
    epochs: &[u32],
    lines: &[Line],
    format: impl Fn(f64) -> String,
) -> Figure {
    let empty: Vec<&str> =
        lines.iter().filter(|line| line.is_empty()).map(|line| line.name).collect();
    let figure = if empty.len() == lines.len() {
        Figure::new(title, Markup::default())
    } else {
        Figure::new(title, lines::draw(title, epochs, lines, format))
    };
    match empty.as_slice() {
        [] => figure,
        empty => figure.note(format!("Not recorded: {}.", empty.join(", "))),
    }
}

/// A column of the table: name, value of each epoch, how it is written.
pub(super) type ValueColumn<'a> = (&'a str, Vec<Option<f64>>, fn(f64) -> String);

/// The values epoch by epoch, on demand; where there are too many, every so many and the last.
pub(super) fn values(epochs: &[u32], columns: Vec<ValueColumn<'_>>) -> Markup {
    let every = epochs.len().div_ceil(ROWS).max(1);
    let names = columns.iter().map(|(name, ..)| numbers(*name));
    let names = std::iter::once(numbers("epoch")).chain(names).collect();
    let mut table = Table::new("Values by epoch", names);
    for (at, epoch) in epochs.iter().enumerate() {
        if at % every == 0 || at + 1 == epochs.len() {
            let cells = columns
                .iter()
                .map(|(_, values, format)| Cell::number(values.get(at).copied().flatten(), format));
            let epoch = Cell::count(u64::from(*epoch));
            table.push(std::iter::once(epoch).chain(cells).collect());
        }
    }
    let summary = match every {
        1 => "Values by epoch".to_owned(),
        _ => format!("Values of one epoch in {every}, and of the last"),
    };
    details(&summary, table)
}

/// A share in percent without the sign, for axes and tables that name the unit.
pub(super) fn percentage(percentage: f64) -> String {
    number::fixed(percentage, 1)
}

/// A loss, in nats.
pub(super) fn nats(loss: f64) -> String {
    number::fixed(loss, 3)
}
