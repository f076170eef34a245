//! Figures of a page: a title, what to know for reading it, a drawing, a legend.

use crate::markup::{Element, Markup};
use crate::svg::{self, px};
use crate::theme::Colour;

/// A figure that is being put together.
pub(crate) struct Figure {
    title: String,
    note: Option<String>,
    class: &'static str,
    inside: Markup,
}

impl Figure {
    /// A figure with a drawing.
    pub(crate) fn new(title: impl Into<String>, drawing: impl Into<Markup>) -> Figure {
        Figure { title: title.into(), note: None, class: "figure", inside: drawing.into() }
    }

    /// With words that tell how to read it.
    pub(crate) fn note(self, note: impl Into<String>) -> Figure {
        Figure { note: Some(note.into()), ..self }
    }

    /// As wide as the page.
    pub(crate) fn wide(self) -> Figure {
        Figure { class: "figure wide", ..self }
    }

    /// With more below the drawing.
    pub(crate) fn with(mut self, more: impl Into<Markup>) -> Figure {
        self.inside.push(more);
        self
    }
}

impl From<Figure> for Markup {
    fn from(figure: Figure) -> Markup {
        let title = Element::new("h3").text(&figure.title);
        let mut caption = Element::new("figcaption").with(title);
        if let Some(note) = &figure.note {
            caption = caption.with(Element::new("p").text(note));
        }
        let element = Element::new("figure").attr("class", figure.class);
        element.with(caption).with(figure.inside).into()
    }
}

/// Figures side by side.
pub(crate) fn grid<M: Into<Markup>>(figures: impl IntoIterator<Item = M>) -> Markup {
    Element::new("div").attr("class", "grid").with_all(figures).into()
}

/// What is shown on demand.
pub(crate) fn details(summary: &str, inside: impl Into<Markup>) -> Markup {
    let summary = Element::new("summary").text(summary);
    Element::new("details").with(summary).with(inside).into()
}

/// Marks with their meaning.
pub(crate) fn legend(entries: impl IntoIterator<Item = (Element, String)>) -> Markup {
    let entries = entries.into_iter().map(|(mark, meaning)| {
        Element::new("li").with(mark).with(Element::new("span").text(meaning))
    });
    Element::new("ul").attr("class", "legend").with_all(entries).into()
}

/// A patch of colour for a legend.
pub(crate) fn patch(colour: Colour) -> Element {
    let size = px(11.0);
    Element::new("svg")
        .attr("viewBox", format!("0 0 {size} {size}"))
        .attr("width", &size)
        .attr("height", &size)
        .attr("aria-hidden", "true")
        .with(svg::rect((0.0, 0.0), (11.0, 11.0), colour).attr("rx", "2"))
}

/// A sentence in the place of a drawing.
pub(crate) fn remark(words: impl AsRef<str>) -> Markup {
    Element::new("p").attr("class", "missing").text(words.as_ref()).into()
}
