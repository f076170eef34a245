//! A search, for a report.

use std::path::Path;
use tamis_core::math;

use tamis_record::{Cost, Finish, Outcome};
use tamis_record::{Layers, RunConfig};
use tamis_report::{
    Amounts, CellShares, CostLedger, CostPart, EdgeShares, FoundArchitecture, Head, KeyFigure,
    Part, Report, Search, SearchEpoch,
};
use tamis_search::EpochRecord;
use tamis_space::{darts, nas_bench_201};

use super::{extend, fact, given, lines, percent, race, selection, warning};
use crate::error::Error;
use crate::racing::is_race;
use crate::reporting::summary::Summary;
use crate::searches::FINISH;

pub(super) fn add(report: &mut Report, path: &Path, summary: &Summary) -> Result<(), Error> {
    let config = Layers::default().file(&path.join("config.toml"))?.resolve()?;
    let epochs: Vec<EpochRecord> = lines(&path.join("metrics.jsonl"));
    extend(&mut report.head, head(&config, summary, &epochs));
    report.search = Part::Given(Search {
        epochs: given(epochs.iter().map(epoch).collect(), "No epoch is finished yet."),
        shares: shares(&config.search.space.name, &epochs),
        architectures: architectures(&config, summary, &epochs),
    });
    report.selection = selection::of(path, &config, summary);
    let finish = path.join(FINISH);
    if is_race(&finish) {
        race::finish(report, &finish)?;
    }
    report.cost = match &summary.outcome {
        Some(outcome) => Part::Given(ledger(&outcome.cost, outcome.finish.as_ref())),
        None => Part::Missing("The search is not finished.".to_owned()),
    };
    Ok(())
}

fn head(config: &RunConfig, summary: &Summary, epochs: &[EpochRecord]) -> Head {
    let search = &config.search;
    let data = summary.data.clone().unwrap_or_default();
    let outcome = summary.outcome.as_ref();
    let mut figures = vec![KeyFigure {
        name: "validation accuracy".to_owned(),
        value: summary.arch_val_accuracy.map(percent),
        detail: Some("of the supernet, in its last epoch".to_owned()),
    }];
    if let Some(outcome) = outcome {
        figures.push(KeyFigure {
            name: "decided edges".to_owned(),
            value: Some(format!("{} of {}", outcome.decided_edges, outcome.edges)),
            detail: None,
        });
        figures.push(KeyFigure {
            name: "samples against all data".to_owned(),
            value: Some(percent(outcome.cost.sample_ratio)),
            detail: Some("without what was spent before".to_owned()),
        });
        let looked_up = outcome.lookup.as_ref().and_then(|of| of.record.cifar10_test_200);
        figures.extend(looked_up.map(|accuracy| KeyFigure {
            name: "CIFAR-10, in the benchmark".to_owned(),
            value: Some(format!("{accuracy:.2} %")),
            detail: Some("of the cell, trained for 200 epochs".to_owned()),
        }));
    }
    Head {
        title: format!("Search on {data}"),
        summary: Some(format!(
            "{} on {}, images by {}, {} of {} epochs.",
            search.host.name,
            search.space.name,
            search.policy.name,
            epochs.len(),
            search.train.epochs
        )),
        figures,
        facts: vec![
            fact("data", &data),
            fact("search space", &search.space.name),
            fact("search algorithm", &search.host.name),
            fact("images", &search.policy.name),
            fact("seed", search.seed),
            fact(
                "supernet",
                format!("{} channels, {} cells", search.space.channels, search.space.cells),
            ),
            fact("architecture", summary.genotype.clone().unwrap_or("none yet".to_owned())),
            fact("run folder", &summary.path),
        ],
        notes: outcome.map(warnings).unwrap_or_default(),
    }
}

fn warnings(outcome: &Outcome) -> Vec<tamis_report::Note> {
    let told = [
        (
            !outcome.decisive,
            "Not every edge is decided: another seed may find another architecture.",
        ),
        (outcome.collapsed, "Skip or none took over the architecture."),
        (!outcome.connected, "Nothing of the input reaches the architecture's output."),
    ];
    let mut notes: Vec<_> =
        told.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| warning(text)).collect();
    notes.extend(outcome.notes.iter().map(|note| warning(note)));
    notes
}

fn epoch(record: &EpochRecord) -> SearchEpoch {
    SearchEpoch {
        epoch: record.epoch,
        weight_accuracy: record.weight_accuracy,
        arch_val_accuracy: record.arch_val_accuracy,
        weight_loss: record.weight_loss,
        arch_loss: record.arch_loss,
        share_skip: Some(record.share_skip),
        share_none: Some(record.share_none),
    }
}

/// The softmax of every edge's alphas, epoch by epoch.
fn shares(space: &str, epochs: &[EpochRecord]) -> Part<Vec<CellShares>> {
    let (edges, operations): (Vec<(usize, usize)>, Vec<&str>) = match space {
        "darts" => (darts::EDGES.to_vec(), darts::Operation::ALL.map(|of| of.name()).to_vec()),
        _ => (
            nas_bench_201::EDGES.to_vec(),
            nas_bench_201::Operation::ALL.map(|of| of.name()).to_vec(),
        ),
    };
    let told: Vec<&EpochRecord> = epochs.iter().filter(|of| !of.alphas.is_empty()).collect();
    let Some(last) = told.last() else {
        return Part::Missing("The run did not write down its architecture parameters.".to_owned());
    };
    let cells = last.alphas.keys().map(|cell| CellShares {
        cell: if last.alphas.len() > 1 { cell.clone() } else { String::new() },
        operations: operations.iter().map(|&name| name.to_owned()).collect(),
        epochs: told.iter().map(|of| of.epoch).collect(),
        edges: edges
            .iter()
            .enumerate()
            .map(|(edge, &(source, target))| EdgeShares {
                source,
                target,
                shares: told.iter().map(|of| softmax_of(of, cell, edge)).collect(),
            })
            .collect(),
    });
    Part::Given(cells.collect())
}

fn softmax_of(record: &EpochRecord, cell: &str, edge: usize) -> Vec<f64> {
    let row = record.alphas.get(cell).and_then(|rows| rows.get(edge));
    let row = row.map(Vec::as_slice).unwrap_or_default();
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = row.iter().map(|alpha| math::exp(alpha - largest)).collect();
    let all: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / all).collect()
}

fn architectures(
    config: &RunConfig,
    summary: &Summary,
    epochs: &[EpochRecord],
) -> Part<Vec<FoundArchitecture>> {
    let found = summary.genotype.as_deref().and_then(|text| text.parse().ok());
    let title = match &summary.outcome {
        Some(Outcome { finish: Some(finish), .. }) => {
            format!("the winner of {} candidates", finish.entrants)
        }
        Some(_) => format!("found after {} epochs", config.search.train.epochs),
        None => format!("after {} of {} epochs", epochs.len(), config.search.train.epochs),
    };
    let found = found.map(|architecture| FoundArchitecture { title, architecture });
    given(found.into_iter().collect(), "No epoch is finished yet.")
}

fn ledger(cost: &Cost, finish: Option<&Finish>) -> CostLedger {
    let part = |name: &str, one_off: bool, amounts: Amounts| CostPart {
        name: name.to_owned(),
        one_off,
        amounts,
    };
    let before = Amounts {
        samples: cost.one_off_samples,
        macs: cost.one_off_macs,
        wall_s: cost.one_off_wall_s,
    };
    let all = cost.weight_samples + cost.arch_samples;
    // Multiply-adds and seconds are counted of both together: a step has one of each.
    let of_search =
        Amounts { samples: Some(all), macs: Some(cost.macs), wall_s: Some(cost.search_wall_s) };
    let mut parts = vec![part("search, weights and architecture", false, of_search)];
    if before != (Amounts { samples: Some(0), macs: Some(0), wall_s: Some(0.0) }) {
        parts.insert(0, part("scores and embeddings", true, before));
    }
    parts.extend(finish.map(|finish| {
        let Finish { samples, macs, wall_s, .. } = *finish;
        let amounts = Amounts { samples: Some(samples), macs: Some(macs), wall_s: Some(wall_s) };
        part("race", false, amounts)
    }));
    let full = Amounts { samples: Some(cost.full_data_samples), ..Amounts::default() };
    CostLedger { parts, full_data: full, peak_rss_bytes: cost.peak_rss_bytes }
}
