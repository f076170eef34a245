//! The values a report is made of. No drawing, no words of the page.

mod comparison;
mod cost;
mod head;
mod image;
mod part;
mod race;
mod search;
mod selection;
mod training;

pub use comparison::{Arm, Comparison, Difference, Estimate, SeedValue};
pub use cost::{Amounts, CostLedger, CostPart};
pub use head::{Fact, Head, KeyFigure, Note, NoteKind};
pub use image::Image;
pub use part::Part;
pub use race::{Race, Rung, RungRun};
pub use search::{CellShares, EdgeShares, FoundArchitecture, Search, SearchEpoch};
pub use selection::{ActiveSet, ContactSheet, Exchange, Picture, Selection};
pub use training::{CalibrationBin, Mistake, Training, TrainingEpoch};

/// A whole report.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Report {
    /// What it opens with.
    pub head: Head,
    /// The search.
    pub search: Part<Search>,
    /// The data that was chosen.
    pub selection: Part<Selection>,
    /// The race between candidates.
    pub race: Part<Race>,
    /// The training of what was found.
    pub training: Part<Training>,
    /// Arms side by side.
    pub comparison: Part<Comparison>,
    /// What it cost.
    pub cost: Part<CostLedger>,
}
