//! Active sets of 50 epochs and four contact sheets.

use std::error::Error;

use tamis_core::{Level, SampleId};
use tamis_report::{ActiveSet, ContactSheet, Exchange, Part, Picture, Selection};

use super::images::image;

const EPOCHS: u32 = 50;

pub(crate) fn selection(classes: usize) -> Result<Selection, Box<dyn Error>> {
    let names = super::class_names(classes);
    let sheet = |title: &str, explanation: &str, part| sheet(&names, (title, explanation), part);
    let sheets = vec![
        sheet("Hardest samples", "The largest entropy of the scorer's prediction.", 500)?,
        sheet("Easiest samples", "The smallest entropy.", 600)?,
        sheet(
            "Exchanged most often",
            "In and out of the active set; the score is the last one.",
            700,
        )?,
        mislabelled(&names)?,
    ];
    Ok(Selection {
        class_sizes: Part::Given(vec![5000; classes]),
        sets: Part::Given(sets(classes)),
        exchanges: Part::Given((1..EPOCHS).map(exchange).collect()),
        sheets: Part::Given(sheets),
        classes: names,
    })
}

fn sets(classes: usize) -> Vec<ActiveSet> {
    let mut sets = Vec::new();
    for level in Level::BOTH {
        let mut stream = super::stream(400 + level as u64);
        let pulls: Vec<f64> = (0..classes).map(|_| stream.normal()).collect();
        for epoch in 0..EPOCHS {
            let at = f64::from(epoch / 3 * 3) / f64::from(EPOCHS);
            let count = |pull: &f64| (250.0 * (0.55 * pull * at).exp()) as u64;
            sets.push(ActiveSet { epoch, level, class_counts: pulls.iter().map(count).collect() });
        }
    }
    sets
}

fn exchange(epoch: u32) -> Exchange {
    let mut stream = super::stream(450 + u64::from(epoch));
    let most = 900.0 * (-f64::from(epoch) / 18.0).exp() + 20.0;
    let came = if epoch.is_multiple_of(3) { (most * stream.uniform(0.7, 1.0)) as u64 } else { 0 };
    Exchange { epoch, came, went: came.saturating_sub(stream.below(1 + came / 6)) }
}

fn sheet(
    names: &[String],
    (title, explanation): (&str, &str),
    part: u64,
) -> Result<ContactSheet, Box<dyn Error>> {
    let mut pictures = Vec::new();
    for number in 0..16_u32 {
        let mut stream = super::stream(part + u64::from(number));
        let class = stream.below(names.len() as u64) as usize;
        pictures.push(Picture {
            id: SampleId(stream.below(50_000) as u32),
            class: Some(names[class].clone()),
            score: Some((2.3 - f64::from(number) * 0.03) * if part == 600 { 1e-4 } else { 1.0 }),
            remark: None,
            image: Some(image(class, &mut stream)?),
        });
    }
    Ok(ContactSheet {
        title: title.to_owned(),
        explanation: Some(explanation.to_owned()),
        score_name: "entropy".to_owned(),
        pictures,
    })
}

fn mislabelled(names: &[String]) -> Result<ContactSheet, Box<dyn Error>> {
    let mut found =
        sheet(names, ("Probably mislabelled", "Confident that the label is wrong."), 800)?;
    for (number, picture) in found.pictures.iter_mut().enumerate() {
        picture.remark = Some(format!("looks like {}", names[number * 7 % names.len()]));
    }
    found.score_name = "doubt".to_owned();
    found.pictures.truncate(7);
    // An image that could not be read.
    if let Some(picture) = found.pictures.last_mut() {
        picture.image = None;
    }
    Ok(found)
}
