//! Reports as one HTML page: values in, a string out.
//!
//! [`render`] draws what a search found and how, on which data, what training made of it, how arms
//! compare and what it all cost. The page stands alone: no script, font or image from elsewhere, light
//! and dark, readable on a phone and without scripts. Everything here is pure: no file, no clock, no
//! network. Reading runs and filling the [`Report`] is the caller's work, and so are statistics.
//!
//! What is missing is said to be missing ([`Part`]), what is unknown is written as unknown. Names of
//! classes, files and arms are the user's: all text is escaped where it enters the page.
//!
//! ```
//! use tamis_report::{Head, Report, render};
//!
//! let head = Head { title: "Search on <photos>".to_owned(), ..Head::default() };
//! let page = render(&Report { head, ..Report::default() });
//! assert!(page.contains("<h1>Search on &lt;photos&gt;</h1>"));
//! assert!(page.contains("Not part of this report: search, chosen data"));
//! ```

#![deny(missing_docs)]

mod axis;
mod cell;
mod chart;
mod data_uri;
mod error;
mod figure;
mod markup;
mod model;
mod number;
mod operation;
mod page;
mod pictures;
mod section;
mod svg;
mod table;
mod text;
mod theme;

pub use cell::{CellDrawing, draw};
pub use chart::swarm;
pub use error::Error;
pub use model::{
    ActiveSet, Amounts, Arm, CalibrationBin, CellShares, Comparison, ContactSheet, CostLedger,
    CostPart, Difference, EdgeShares, Estimate, Exchange, Fact, FoundArchitecture, Head, Image,
    KeyFigure, Mistake, Note, NoteKind, Part, Picture, Race, Report, Rung, RungRun, Search,
    SearchEpoch, SeedValue, Selection, Training, TrainingEpoch,
};

/// The report as one HTML page.
pub fn render(report: &Report) -> String {
    page::html(report)
}
