//! The head of the page: title, key figures, notes, facts.

use crate::markup::{Element, Markup};
use crate::model::{Fact, Head, KeyFigure, Note, NoteKind};

/// The title and what follows it.
pub(crate) fn markup(head: &Head) -> Markup {
    let mut markup = Markup::from(Element::new("h1").text(&head.title));
    if let Some(summary) = &head.summary {
        markup.push(Element::new("p").attr("class", "summary").text(summary));
    }
    markup.push(head.notes.iter().map(note).collect::<Markup>());
    if !head.figures.is_empty() {
        markup.push(
            Element::new("dl").attr("class", "figures").with_all(head.figures.iter().map(figure)),
        );
    }
    if !head.facts.is_empty() {
        markup
            .push(Element::new("dl").attr("class", "facts").with_all(head.facts.iter().map(fact)));
    }
    markup
}

fn note(note: &Note) -> Element {
    let (class, word) = match note.kind {
        NoteKind::Note => ("note", "Note"),
        NoteKind::Warning => ("note warning", "Warning"),
    };
    let word = Element::new("strong").text(word);
    Element::new("p").attr("class", class).with(word).text(" ").text(&note.text)
}

fn figure(figure: &KeyFigure) -> Element {
    let mut value = value(figure.value.as_deref());
    if let Some(detail) = &figure.detail {
        value = value.with(Element::new("small").text(detail));
    }
    Element::new("div").with(Element::new("dt").text(&figure.name)).with(value)
}

fn fact(fact: &Fact) -> Element {
    let name = Element::new("dt").text(&fact.name);
    Element::new("div").with(name).with(value(fact.value.as_deref()))
}

fn value(value: Option<&str>) -> Element {
    match value {
        Some(value) => Element::new("dd").text(value),
        None => Element::new("dd").attr("class", "unknown").text("unknown"),
    }
}
