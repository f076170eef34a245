//! `tamis show` and `tamis runs`: what is there, what it found, what it cost.

use std::path::Path;

use tamis::{Kind, Spent, State, Summary, summarize, summarize_all};

use super::arguments::{RunsArguments, ShowArguments};
use super::output::{print_json, print_text, tell, visible};
use super::table::{self, Row, thousands};
use super::{ExitCode, Failure};

pub(super) fn show(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let summary = summarize(&arguments.run)?;
    if arguments.json {
        print_json(&summary)?;
    } else {
        print_text(&table::aligned(&rows(&summary)))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn runs(arguments: &RunsArguments) -> Result<ExitCode, Failure> {
    let (found, foreign) = summarize_all(&arguments.folder)?;
    if arguments.json {
        found.iter().try_for_each(print_json)?;
    } else if !found.is_empty() {
        print_text(&listed(&found))?;
    }
    if found.is_empty() {
        let folder = arguments.folder.display();
        tell(format_args!("note: {folder} holds no run; `tamis show` shows a run folder itself"));
    }
    if !foreign.is_empty() {
        let names: Vec<String> = foreign.iter().map(|path| path.display().to_string()).collect();
        tell(format_args!("note: folders that are none of a run: {}", names.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(summary: &Summary) -> Vec<Row> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        row("kind", kind(summary.kind).to_owned()),
        row("state", format!("{}{}", state(summary.state), progress(summary))),
    ];
    rows.extend(summary.problem.iter().map(|problem| row("problem", problem.clone())));
    let genotype_of = match (summary.kind, summary.state) {
        (Kind::Training, _) => "network",
        (_, State::Finished) => "genotype",
        _ => "genotype so far",
    };
    let is_told_below = summary.training.is_some();
    let genotype = summary.genotype.iter().filter(|_| !is_told_below);
    rows.extend(genotype.map(|genotype| row(genotype_of, genotype.clone())));
    let path = Path::new(&summary.path);
    if let Some(outcome) = &summary.outcome {
        rows.extend(table::outcome_rows(outcome, path));
    } else if let Some(outcome) = &summary.race {
        rows.extend(table::standings(outcome));
        rows.extend(table::race_rows(outcome, path));
    } else if let Some(outcome) = &summary.training {
        rows.extend(table::training_rows(outcome, path));
    } else {
        rows.extend(unfinished_rows(summary));
        rows.push(row("run folder", summary.path.clone()));
    }
    rows.extend(summary.next.iter().map(|next| row("go on with", next.clone())));
    rows
}

fn unfinished_rows(summary: &Summary) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
    if let Some(data) = &summary.data {
        row("data", data.clone());
    }
    if let (Some(space), Some(host), Some(policy)) =
        (&summary.space, &summary.host, &summary.policy)
    {
        row("search", format!("{host} on {space}, {policy}"));
    }
    if let Some(seed) = summary.seed {
        row("seed", seed.to_string());
    }
    if let Some(accuracy) = summary.arch_val_accuracy {
        row("validation accuracy", percent(accuracy));
    }
    if let Some(Spent { weight_samples, arch_samples, search_wall_s, .. }) = &summary.cost {
        let known = |value: Option<u64>| value.map_or("unknown".to_owned(), thousands);
        row("samples, weights", known(*weight_samples));
        row("samples, architecture", known(*arch_samples));
        row("time in the search", seconds(*search_wall_s));
    }
    rows
}

/// How far it is, behind its state.
fn progress(summary: &Summary) -> String {
    let finished = summary.runs_finished;
    match (summary.epochs_done, summary.epochs) {
        (Some(done), Some(epochs)) if summary.state != State::Finished => {
            format!(", {done} of {epochs} epochs done")
        }
        _ => finished.map_or(String::new(), |finished| format!(", {finished} runs finished")),
    }
}

/// A table with a line a run, the genotype last because it is long.
fn listed(found: &[Summary]) -> String {
    const HEADER: [&str; 7] =
        ["run", "kind", "state", "epochs", "accuracy", "samples / full", "seconds"];
    let mut lines = vec![(HEADER.map(str::to_owned), "genotype")];
    for summary in found {
        lines.push((cells(summary), summary.genotype.as_deref().unwrap_or("-")));
    }
    let widths = (0..HEADER.len()).map(|column| {
        lines.iter().map(|(cells, _)| cells[column].chars().count()).max().unwrap_or(0)
    });
    let widths: Vec<usize> = widths.collect();
    let lines = lines.iter().map(|(cells, genotype)| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        format!("{}{}\n", cells.collect::<String>(), visible(genotype))
    });
    lines.collect()
}

/// What a line says of a run, without the genotype.
fn cells(summary: &Summary) -> [String; 7] {
    let dash = || "-".to_owned();
    let cost = summary.cost.as_ref();
    let epochs = match (summary.epochs_done, summary.epochs) {
        (Some(done), Some(epochs)) => format!("{done}/{epochs}"),
        _ => dash(),
    };
    let ratio = cost.and_then(|cost| cost.sample_ratio);
    let wall_s = cost.and_then(|cost| cost.search_wall_s);
    [
        visible(&summary.path).into_owned(),
        kind(summary.kind).to_owned(),
        state(summary.state).to_owned(),
        epochs,
        summary.test_accuracy.or(summary.arch_val_accuracy).map_or_else(dash, percent),
        ratio.map_or_else(dash, |ratio| format!("{ratio:.3}")),
        wall_s.map_or_else(dash, |wall_s| format!("{wall_s:.1}")),
    ]
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Search => "search",
        Kind::Race => "race",
        Kind::Training => "training",
        Kind::Scorer => "scorer",
        Kind::Autoencoder => "autoencoder",
        Kind::Comparison => "comparison",
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Finished => "finished",
        State::Running => "running",
        State::Stopped => "stopped",
        State::Damaged => "damaged",
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn seconds(wall_s: Option<f64>) -> String {
    wall_s.map_or("unknown".to_owned(), |wall_s| format!("{wall_s:.1} s"))
}
