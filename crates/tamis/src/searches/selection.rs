//! The record of who was active when, in the run folder's `selection/`.
//!
//! `epoch-000003.json` says which sets were active in epoch 3, how many samples and how many of
//! each class; the sets themselves are index files, one sample id a line, named by their content,
//! so that a set that stays is written once. `changes-000003.jsonl` says who came and went with
//! that epoch, and why: a line a sample, no file if there is nothing to say.

use serde::Serialize;
use tamis_core::SampleId;
use tamis_data::Dataset;
use tamis_run::RunFolder;
use tamis_select::{BoundGaveWay, Plan, Report};

use crate::error::Error;

#[derive(Serialize)]
struct EpochSelection<'a> {
    epoch: u32,
    steps: u32,
    weight: Active,
    arch: Active,
    /// Bounds of classes that could not be kept.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bounds: &'a [BoundGaveWay],
    /// What the policy had to tell of it, in whole sentences.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

#[derive(Serialize)]
struct Active {
    file: String,
    samples: usize,
    class_counts: Vec<usize>,
}

/// Writes down the sets of an epoch and what changed.
pub(crate) fn record(
    folder: &RunFolder,
    dataset: &Dataset,
    (epoch, steps): (u32, u32),
    plan: &Plan,
    report: &Report,
) -> Result<(), Error> {
    let weight = active(folder, dataset, "weight", &plan.weight)?;
    let arch = active(folder, dataset, "arch", &plan.arch)?;
    let Report { bounds, notes, .. } = report;
    let line = EpochSelection { epoch, steps, weight, arch, bounds, notes };
    folder.write_lines(&format!("selection/epoch-{epoch:06}.json"), &[line])?;
    if !report.changes.is_empty() {
        folder.write_lines(&format!("selection/changes-{epoch:06}.jsonl"), &report.changes)?;
    }
    Ok(())
}

/// Writes down a set, in a file that is named for what it holds: a set that comes again is there.
fn active(
    folder: &RunFolder,
    dataset: &Dataset,
    level: &str,
    ids: &[SampleId],
) -> Result<Active, Error> {
    let text: String = ids.iter().map(|id| format!("{id}\n")).collect();
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let file = format!("{level}-{}.txt", &hash[..16]);
    let path = format!("selection/{file}");
    if !folder.path().join(&path).exists() {
        folder.write(&path, text.as_bytes())?;
    }
    Ok(Active { file, samples: ids.len(), class_counts: class_counts(dataset, ids) })
}

fn class_counts(dataset: &Dataset, ids: &[SampleId]) -> Vec<usize> {
    let mut counts = vec![0; dataset.classes().len()];
    for id in ids {
        counts[dataset.labels()[id.index()] as usize] += 1;
    }
    counts
}
