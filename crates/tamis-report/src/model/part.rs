//! A part of a report that may be there, be missing, or not belong to it.

/// A part of a report.
///
/// A report never fills a gap by itself: what is missing is named on the page with the reason, and
/// what does not belong to the report is listed at its end.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Part<T> {
    /// It is there.
    Given(T),
    /// It should be there and is not; why, as a whole sentence for the reader.
    Missing(String),
    /// It does not belong to this report.
    #[default]
    Absent,
}

impl<T> Part<T> {
    /// The part, or the reason why it is missing.
    pub fn from_option(part: Option<T>, reason: impl Into<String>) -> Part<T> {
        part.map_or_else(|| Part::Missing(reason.into()), Part::Given)
    }

    /// The part, if it is there.
    pub fn given(&self) -> Option<&T> {
        match self {
            Part::Given(part) => Some(part),
            Part::Missing(_) | Part::Absent => None,
        }
    }
}
