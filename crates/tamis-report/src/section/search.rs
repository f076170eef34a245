//! The section of a search: what was found, how it came about.

use super::epochs::{self, nats, percentage};
use super::part::Section;
use crate::cell;
use crate::chart::lines::Line;
use crate::chart::shares;
use crate::data_uri;
use crate::figure::{Figure, grid, legend, patch, remark};
use crate::markup::{Element, Markup};
use crate::model::{CellShares, FoundArchitecture, Search, SearchEpoch};
use crate::operation;
use crate::table::scrolling;
use crate::theme::Colour;

/// Colours of what trains the weights and what trains the architecture.
pub(super) const LEVELS: [Colour; 2] = [Colour::Series(0), Colour::Series(1)];

pub(crate) fn section(search: &Search) -> Section {
    let mut section = Section::new("search", "Search");
    section.show("architectures", &search.architectures, |found| {
        Element::new("div").attr("class", "cells").with_all(found.iter().map(architecture)).into()
    });
    section.show("epochs", &search.epochs, |epochs| curves(epochs));
    section.show("shares of operations", &search.shares, |cells| {
        cells.iter().map(cell_shares).collect()
    });
    section
}

pub(super) fn architecture(found: &FoundArchitecture) -> Markup {
    let text = found.architecture.to_string();
    let drawings = cell::draw(&found.architecture);
    let alone = drawings.len() == 1;
    let drawings = drawings.iter().map(|drawing| {
        let file = format!("{}.svg", drawing.name.replace(' ', "-"));
        let link = Element::new("a")
            .attr("class", "download")
            .attr("download", file)
            .attr("href", data_uri::svg(&drawing.to_file()))
            .text("drawing as a file");
        let name = Element::new("p").attr("class", "cell-name");
        let name = if alone { name } else { name.text(drawing.name).text(" \u{b7} ") };
        // A drawing of two cells is too wide for a phone; the small one only becomes smaller.
        let drawn = match alone {
            true => Element::new("div").attr("class", "scroll fit").with(drawing.markup()).into(),
            false => scrolling(drawing.name, drawing.markup()),
        };
        Element::new("div").attr("class", "cell").with(drawn).with(name.with(link))
    });
    let drawings = drawings.collect::<Markup>();
    let text = Element::new("code").attr("class", "genotype").text(text);
    let figure = Figure::new(&found.title, drawings).with(text);
    if alone { figure.into() } else { figure.wide().into() }
}

fn curves(epochs: &[SearchEpoch]) -> Markup {
    if epochs.is_empty() {
        return remark("No epoch of the search is recorded.");
    }
    let numbers: Vec<u32> = epochs.iter().map(|epoch| epoch.epoch).collect();
    let of = |pick: fn(&SearchEpoch) -> Option<f64>, scale: f64| {
        epochs.iter().map(move |epoch| pick(epoch).map(|value| value * scale))
    };
    let [weights, arch] = LEVELS;
    let accuracy = [
        Line::new("weights", weights, of(|epoch| epoch.weight_accuracy, 100.0)),
        Line::new("architecture", arch, of(|epoch| epoch.arch_val_accuracy, 100.0)),
    ];
    let loss = [
        Line::new("weights", weights, of(|epoch| epoch.weight_loss, 1.0)),
        Line::new("architecture", arch, of(|epoch| epoch.arch_loss, 1.0)),
    ];
    let taken = [
        Line::new(
            "skip",
            operation::colour("skip_connect", 0),
            of(|epoch| epoch.share_skip, 100.0),
        ),
        Line::new("none", operation::colour("none", 0), of(|epoch| epoch.share_none, 100.0)),
    ];
    let figures = [
        epochs::curves("Accuracy in the batches of each level, %", &numbers, &accuracy, percentage),
        epochs::curves("Loss in the batches of each level, nats", &numbers, &loss, nats),
        epochs::curves("Mean share of skip and none, %", &numbers, &taken, percentage),
    ];
    let [a, b, c] = [accuracy, loss, taken];
    let values = |line: &Line| line.values.clone();
    let columns: Vec<epochs::ValueColumn<'_>> = vec![
        ("weight accuracy, %", values(&a[0]), percentage),
        ("architecture accuracy, %", values(&a[1]), percentage),
        ("weight loss, nats", values(&b[0]), nats),
        ("architecture loss, nats", values(&b[1]), nats),
        ("skip, %", values(&c[0]), percentage),
        ("none, %", values(&c[1]), percentage),
    ];
    Markup::from_iter([grid(figures), epochs::values(&numbers, columns)])
}

/// Panels of the edges of one kind of cell.
fn cell_shares(cell: &CellShares) -> Markup {
    let title = match cell.cell.as_str() {
        "" => "Shares of operations, edge by edge".to_owned(),
        kind => format!("Shares of operations in the {kind} cell, edge by edge"),
    };
    if let Some(fault) = fault(cell) {
        return Figure::new(title, remark(fault)).wide().into();
    }
    let largest = shares::largest(cell);
    let panels = cell.edges.iter().map(|edge| shares::draw(cell, edge, largest));
    let panels = Element::new("div").attr("class", "panels").with_all(panels);
    let names = cell
        .operations
        .iter()
        .enumerate()
        .map(|(at, name)| (patch(shares::colour(cell, at)), operation::title(name).to_owned()));
    let note = "Above each panel the edge and the operation with the largest share at the end; \
                shares in percent, all panels to the same scale, over epochs.";
    Figure::new(title, legend(names)).note(note).with(panels).wide().into()
}

/// Why shares cannot be drawn.
fn fault(cell: &CellShares) -> Option<String> {
    if cell.epochs.is_empty() || cell.edges.is_empty() {
        return Some("No shares are recorded.".to_owned());
    }
    let wrong = cell.edges.iter().find(|edge| {
        edge.shares.len() != cell.epochs.len()
            || edge.shares.iter().any(|shares| shares.len() != cell.operations.len())
    })?;
    Some(format!(
        "Not drawn: the edge {} \u{2192} {} has not one share for each of {} operations in each of \
         {} epochs.",
        wrong.source,
        wrong.target,
        cell.operations.len(),
        cell.epochs.len()
    ))
}
