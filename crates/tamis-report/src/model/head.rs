//! What a report opens with: its title, its key figures, what was run, and what to know of it.

/// The head of a report.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Head {
    /// The title, also that of the window.
    pub title: String,
    /// What was run, in a sentence or two.
    pub summary: Option<String>,
    /// A few figures that answer the first questions, the most important first.
    pub figures: Vec<KeyFigure>,
    /// What was run, line by line: data set, space, host, policy, seed, recipe, versions.
    pub facts: Vec<Fact>,
    /// What to know before trusting the report.
    pub notes: Vec<Note>,
}

/// A figure in large type.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFigure {
    /// What it is, such as `test accuracy`.
    pub name: String,
    /// The figure with its unit, such as `94.2 %`; `None` is shown as unknown.
    pub value: Option<String>,
    /// A few words more, such as `mean of 3 seeds`.
    pub detail: Option<String>,
}

/// A line of the table of facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The value; `None` is shown as unknown.
    pub value: Option<String>,
}

/// Something a reader should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// How serious it is.
    pub kind: NoteKind,
    /// Whole sentences.
    pub text: String,
}

/// How serious a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Good to know.
    Note,
    /// The report is not to be trusted without reading it.
    Warning,
}
