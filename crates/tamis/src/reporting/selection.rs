//! Which images a search looked at, for a report.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tamis_core::{Level, SampleId};
use tamis_data::Dataset;
use tamis_record::RunConfig;
use tamis_record::hash_of_file;
use tamis_report::{ActiveSet, ContactSheet, Exchange, Part, Picture, Selection};
use tamis_select::{Change, ScoreRow, What};

use super::images::{Images, class_of, image};
use super::{given, lines};
use crate::choosing::Samples;
use crate::choosing::load_scores;
use crate::reporting::summary::Summary;
use crate::scoring::TABLES;

/// Pictures of a sheet.
const PICTURES: usize = 24;

/// What `selection/epoch-N.json` says, as far as it is shown.
#[derive(Deserialize)]
struct Planned {
    epoch: u32,
    weight: Active,
    arch: Active,
}

#[derive(Deserialize)]
struct Active {
    class_counts: Vec<u64>,
}

pub(super) fn of(path: &Path, config: &RunConfig, summary: &Summary) -> Part<Selection> {
    let planned = planned(path);
    let fingerprint = summary.outcome.as_ref().map(|of| of.dataset.fingerprint.as_str());
    let images = Images::of(&config.data, fingerprint);
    let classes = match &images {
        Ok(images) => images.train.classes().to_vec(),
        Err(_) => planned
            .first()
            .map(|of| (0..of.weight.class_counts.len()).map(|class| class.to_string()).collect())
            .unwrap_or_default(),
    };
    let sets = planned.iter().flat_map(|of| {
        let levels = [(Level::Weight, &of.weight), (Level::Arch, &of.arch)];
        levels.map(|(level, active)| ActiveSet {
            epoch: of.epoch,
            level,
            class_counts: active.class_counts.clone(),
        })
    });
    let mut sets: Vec<ActiveSet> = sets.filter(|set| set.samples() > 0).collect();
    sets.sort_by_key(|set| (set.level == Level::Arch, set.epoch));
    let changes = changes(path);
    // What is chosen for the first epoch comes for nobody.
    let exchanges = changes.iter().map(|(epoch, changes)| exchange(*epoch, changes));
    let exchanges = exchanges.filter(|of| of.epoch > 0 || of.went > 0);
    Part::Given(Selection {
        classes,
        class_sizes: match &images {
            Ok(images) => {
                Part::Given(images.train.class_counts().into_iter().map(|n| n as u64).collect())
            }
            Err(reason) => Part::Missing(reason.clone()),
        },
        sets: given(sets, "No epoch was planned yet."),
        exchanges: given(exchanges.collect(), "No image came or went."),
        sheets: match images {
            Ok(images) => sheets(&images.train, path, config, &changes),
            Err(reason) => Part::Missing(reason),
        },
    })
}

fn planned(path: &Path) -> Vec<Planned> {
    let files = files(path, "epoch-", ".json");
    files.into_iter().flat_map(|(_, path)| lines(&path)).collect()
}

/// Who came and went, epoch by epoch; what was chosen for the first is no exchange.
fn changes(path: &Path) -> Vec<(u32, Vec<Change>)> {
    let files = files(path, "changes-", ".jsonl");
    files.into_iter().map(|(epoch, path)| (epoch, lines(&path))).collect()
}

/// Files of the selection by the epoch in their names.
fn files(path: &Path, prefix: &str, ending: &str) -> Vec<(u32, std::path::PathBuf)> {
    let entries = std::fs::read_dir(path.join("selection")).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let epoch = name.strip_prefix(prefix)?.strip_suffix(ending)?.parse().ok()?;
            Some((epoch, entry.path()))
        })
        .collect();
    found.sort();
    found
}

fn exchange(epoch: u32, changes: &[Change]) -> Exchange {
    let mut exchange = Exchange { epoch, came: 0, went: 0 };
    for change in changes {
        match change.what {
            What::Chosen => exchange.came += 1,
            What::ReplacedBy(_) => {
                (exchange.came, exchange.went) = (exchange.came + 1, exchange.went + 1)
            }
            _ => exchange.went += 1,
        }
    }
    exchange
}

/// The scores that a run chose by: those that its settings name, or those that were made for it beside
/// its folder, where they are known by the hash of their content.
fn scores_of(run: &Path, config: &RunConfig) -> Option<PathBuf> {
    if let Some(named) = &config.search.policy.scores {
        return Some(named.clone());
    }
    let text = std::fs::read(run.join("run.json")).ok()?;
    let record: Value = serde_json::from_slice(&text).ok()?;
    let hash = record["files"]["policy.scores"].as_str()?.to_owned();
    let tables = std::fs::read_dir(run.with_file_name(TABLES)).ok()?.flatten();
    let mut files = tables.map(|entry| entry.path()).filter(|path| path.is_file());
    files.find(|path| hash_of_file(path).is_ok_and(|found| found == hash))
}

fn sheets(
    train: &Dataset,
    run: &Path,
    config: &RunConfig,
    changes: &[(u32, Vec<Change>)],
) -> Part<Vec<ContactSheet>> {
    let mut sheets = Vec::new();
    if let Some(path) = scores_of(run, config)
        && let Ok((scores, _)) = load_scores(&path, &Samples::of(train, &config.data))
    {
        let mut rows = scores.rows().to_vec();
        rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        sheets.push(sheet(train, "highest scores", rows.iter().take(PICTURES)));
        sheets.push(sheet(train, "lowest scores", rows.iter().rev().take(PICTURES)));
    }
    sheets.extend(exchanged(train, changes));
    given(sheets, "The run looked at no scores, and no image was exchanged.")
}

fn sheet<'a>(
    train: &Dataset,
    title: &str,
    rows: impl Iterator<Item = &'a ScoreRow>,
) -> ContactSheet {
    ContactSheet {
        title: title.to_owned(),
        explanation: Some("By the scores that the policy chose by.".to_owned()),
        score_name: "score".to_owned(),
        pictures: rows.map(|row| picture(train, row.id, Some(row.score), None)).collect(),
    }
}

/// Pairs of images of which one came for the other.
fn exchanged(train: &Dataset, changes: &[(u32, Vec<Change>)]) -> Option<ContactSheet> {
    let mut pictures = Vec::new();
    for (epoch, changes) in changes {
        for change in changes {
            if let What::ReplacedBy(other) = change.what
                && pictures.len() < PICTURES
            {
                let went = format!("went in epoch {}", epoch + 1);
                pictures.push(picture(train, change.id, None, Some(went)));
                pictures.push(picture(train, other, None, Some(format!("came for {}", change.id))));
            }
        }
    }
    (!pictures.is_empty()).then(|| ContactSheet {
        title: "exchanged".to_owned(),
        explanation: Some("An easy image, and the one that came in its place.".to_owned()),
        score_name: "score".to_owned(),
        pictures,
    })
}

fn picture(train: &Dataset, id: SampleId, score: Option<f64>, remark: Option<String>) -> Picture {
    Picture { id, class: class_of(train, id), score, remark, image: image(train, id) }
}
