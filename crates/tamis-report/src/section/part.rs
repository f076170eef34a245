//! A section that is being put together, with what it lacks.

use crate::figure::remark;
use crate::markup::{Element, Markup};
use crate::model::Part;

/// A section of the page.
pub(crate) struct Section {
    /// Its anchor.
    pub(crate) id: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    inside: Markup,
    /// Parts that do not belong to the report.
    absent: Vec<&'static str>,
}

impl Section {
    pub(crate) fn new(id: &'static str, title: &'static str) -> Section {
        Section { id, title, inside: Markup::default(), absent: Vec::new() }
    }

    /// Puts more at its end.
    pub(crate) fn push(&mut self, more: impl Into<Markup>) {
        self.inside.push(more);
    }

    /// Shows a part, or why it is missing.
    pub(crate) fn show<T>(
        &mut self,
        name: &'static str,
        part: &Part<T>,
        draw: impl FnOnce(&T) -> Markup,
    ) {
        match part {
            Part::Given(part) => self.push(draw(part)),
            Part::Missing(reason) => self.push(missing(name, reason)),
            Part::Absent => self.absent.push(name),
        }
    }
}

/// Says what is missing and why.
pub(crate) fn missing(name: &str, reason: &str) -> Markup {
    remark(format!("Missing: {name}. {reason}"))
}

impl From<Section> for Markup {
    fn from(section: Section) -> Markup {
        let title = Element::new("h2").attr("id", section.id).text(section.title);
        let mut element = Element::new("section").attr("aria-labelledby", section.id).with(title);
        element = element.with(section.inside);
        if !section.absent.is_empty() {
            element =
                element.with(remark(format!("Not in this report: {}.", section.absent.join(", "))));
        }
        element.into()
    }
}
