//! What reading finds on its way: problems, which make the data unusable, and things to tell.
//!
//! Readers go on after a problem wherever they can, so that all of them can be listed at once.

use serde::Serialize;

use crate::Error;

/// Names that are spelled out in a list; the others are counted.
const SPELLED_OUT: usize = 5;

/// What reading has found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Error>,
    pub(crate) notes: Vec<String>,
    /// What was counted where images cannot be joined into a data set, and figures of one would be
    /// those of a part.
    pub(crate) tally: Option<Tally>,
}

/// How many images there are of which class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Training images of each class.
    pub train: Vec<usize>,
    /// Test images of each class, if there is a test split.
    pub test: Option<Vec<usize>>,
}

impl Findings {
    /// The value of a result; its error joins the problems.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// Tells about things, with their number and some names; says nothing if there are none.
    pub(crate) fn note_list(&mut self, what: &str, names: &[String]) {
        self.notes.extend(listed(what, names));
    }

    /// The problems as one error, if there are any.
    pub(crate) fn refuse(&mut self) -> Result<(), Error> {
        let mut problems = std::mem::take(&mut self.problems).into_iter();
        match (problems.next(), problems.len()) {
            (None, _) => Ok(()),
            (Some(only), 0) => Err(only),
            (Some(first), more) => Err(Error::Many { first: Box::new(first), more }),
        }
    }
}

/// What there is, how often and the first few names of it; `None` if there is none.
pub(crate) fn listed(what: &str, names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("{what} ({}): {}", names.len(), list(names)))
}

/// The first few names, and how many more there are.
pub(crate) fn list(names: &[String]) -> String {
    let spelled_out = names[..names.len().min(SPELLED_OUT)].join(", ");
    match names.len().saturating_sub(SPELLED_OUT) {
        0 => spelled_out,
        more => format!("{spelled_out} and {more} more"),
    }
}
