//! Values as runs have them, made up from random streams.

mod comparison;
mod images;
mod race;
mod search;
mod selection;
mod training;

use std::error::Error;

use tamis_core::{Key, Purpose, Stream};
use tamis_report::{
    Amounts, CostLedger, CostPart, Fact, Head, KeyFigure, Note, NoteKind, Part, Report,
};

/// A stream for a part of the report.
fn stream(part: u64) -> Stream {
    Key::new(20, Purpose::Test).id(part).stream()
}

/// Names of so many classes.
fn class_names(classes: usize) -> Vec<String> {
    const NAMES: [&str; 10] =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    let name = |class: usize| match NAMES.get(class) {
        Some(name) if classes <= NAMES.len() => (*name).to_owned(),
        _ => format!("{} {class}", NAMES[class % NAMES.len()]),
    };
    (0..classes).map(name).collect()
}

/// A report of everything there can be.
pub(crate) fn report(classes: usize, darts: bool) -> Result<Report, Box<dyn Error>> {
    Ok(Report {
        head: head(darts),
        search: Part::Given(search::search(darts)?),
        selection: Part::Given(selection::selection(classes)?),
        race: Part::Given(race::race()?),
        training: Part::Given(training::training(classes)?),
        comparison: Part::Given(comparison::comparison()),
        cost: Part::Given(cost()),
    })
}

fn head(darts: bool) -> Head {
    let space = if darts { "darts" } else { "nas-bench-201" };
    let figure = |name: &str, value: Option<&str>, detail: &str| KeyFigure {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        detail: Some(detail.to_owned()),
    };
    let facts = [
        ("data set", Some("photos, 50,000 images of 32 \u{d7} 32")),
        ("space", Some(space)),
        ("host", Some("darts-v1")),
        ("policy", Some("dds:5000")),
        ("seed", Some("3")),
        ("recipe", Some("quick: 50 epochs, batch 64, 8 channels")),
        ("started from", Some("commit 0123abc, tamis 0.1.0")),
        ("accelerator", None),
    ];
    Head {
        title: "Example: what a search on chosen data found".to_owned(),
        summary: Some(
            "A search for a cell on 10 % of the images, its training on all of them, and how \
             the policy compares with others."
                .to_owned(),
        ),
        figures: vec![
            figure("test accuracy", Some("93.4 %"), "one training, 200 epochs"),
            figure("against random", Some("+0.45 points"), "same number of samples, 6 seeds"),
            figure("samples passed", Some("12.1 %"), "of what all data take"),
            figure("search time", Some("38 min"), "scorer included"),
            figure("rank in the table", None, "no table was given"),
        ],
        facts: facts
            .map(|(name, value)| Fact { name: name.to_owned(), value: value.map(str::to_owned) })
            .to_vec(),
        notes: vec![
            Note {
                kind: NoteKind::Warning,
                text: "This page is an example: every value on it is made up.".to_owned(),
            },
            Note {
                kind: NoteKind::Note,
                text: "The scores are those of one scorer; another seed would rank samples \
                       differently."
                    .to_owned(),
            },
        ],
    }
}

fn cost() -> CostLedger {
    let part = |name: &str, one_off, samples, macs, wall_s| CostPart {
        name: name.to_owned(),
        one_off,
        amounts: Amounts { samples, macs, wall_s },
    };
    CostLedger {
        parts: vec![
            part("weight steps", false, Some(125_000), Some(2_940_000_000_000), Some(1_130.0)),
            part(
                "architecture steps",
                false,
                Some(125_000),
                Some(2_940_000_000_000),
                Some(1_020.0),
            ),
            part("training the scorer", true, Some(400_000), Some(4_100_000_000_000), Some(210.4)),
            part("embeddings", true, Some(50_000), None, Some(31.2)),
        ],
        full_data: Amounts {
            samples: Some(2_500_000),
            macs: Some(58_800_000_000_000),
            wall_s: None,
        },
        peak_rss_bytes: Some(1_640_000_000),
    }
}
