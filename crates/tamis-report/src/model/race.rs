//! What is shown of a race: its ladder, and who won.

use super::{FoundArchitecture, Part};

/// A race between single networks.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Race {
    /// What decided, such as `training loss, nats`; the lower the better.
    pub score_name: String,
    /// Its rungs, in order.
    pub rungs: Part<Vec<Rung>>,
    /// The architecture that won.
    pub winner: Part<FoundArchitecture>,
}

/// A rung of a race.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rung {
    /// Steps that each candidate was trained.
    pub steps: u32,
    /// Who ran.
    pub runs: Vec<RungRun>,
}

/// A candidate in a rung.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RungRun {
    /// Its number among all candidates: what tells it in other rungs.
    pub candidate: usize,
    /// Its architecture, as text.
    pub name: String,
    /// What it was judged by; `None` if it gave no finite number.
    pub score: Option<f64>,
    /// Whether it went on, or won; `None` while that is not decided.
    pub kept: Option<bool>,
}
