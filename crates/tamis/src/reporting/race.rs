//! A race, for a report.

use std::path::Path;

use tamis_race::{Score, TrialRecord};
use tamis_record::{Layers, RunConfig};
use tamis_report::{
    Amounts, CostLedger, CostPart, FoundArchitecture, Head, KeyFigure, Part, Race, Report, Rung,
    RungRun,
};

use super::{extend, fact, given, lines, warning};
use crate::error::Error;
use crate::folder::TrainingSpent;
use crate::racing::{CANDIDATES, RaceOutcome};
use crate::reporting::summary::{Summary, summarize};

pub(super) fn add(report: &mut Report, path: &Path, summary: &Summary) -> Result<(), Error> {
    let config = Layers::default().file(&path.join("config.toml"))?.resolve()?;
    let trials: Vec<TrialRecord> = lines(&path.join("trials.jsonl"));
    let outcome = summary.race.as_ref();
    extend(&mut report.head, head(&config, summary));
    report.race = Part::Given(raced(&config, &trials, outcome));
    if report.cost == Part::Absent {
        report.cost = match outcome {
            Some(outcome) => Part::Given(ledger(&outcome.cost)),
            None => Part::Missing("The race is not finished.".to_owned()),
        };
    }
    Ok(())
}

/// The race that finishes a search, in a folder of its own inside the run's.
pub(super) fn finish(report: &mut Report, path: &Path) -> Result<(), Error> {
    let config = Layers::default().file(&path.join("config.toml"))?.resolve()?;
    let trials: Vec<TrialRecord> = lines(&path.join("trials.jsonl"));
    report.race = Part::Given(raced(&config, &trials, summarize(path)?.race.as_ref()));
    Ok(())
}

fn raced(config: &RunConfig, trials: &[TrialRecord], outcome: Option<&RaceOutcome>) -> Race {
    let winner = outcome
        .and_then(|outcome| outcome.genotype.parse().ok())
        .map(|architecture| FoundArchitecture { title: "The winner".to_owned(), architecture });
    Race {
        score_name: score_name(config.race.score).to_owned(),
        rungs: given(rungs(config, trials, outcome), "No candidate has run yet."),
        winner: Part::from_option(winner, "The race is not finished."),
    }
}

fn score_name(score: Score) -> &'static str {
    match score {
        Score::TrainingLoss => "training loss, nats",
        Score::HeldOutLoss => "held-out loss, nats",
        Score::HeldOutAccuracy => "held-out error",
    }
}

/// What a candidate is drawn by: the lower the better.
fn score(record: &TrialRecord, score: Score) -> Option<f64> {
    let scores = &record.scores;
    match score {
        Score::TrainingLoss => scores.training_loss,
        Score::HeldOutLoss => scores.held_out_loss,
        Score::HeldOutAccuracy => scores.held_out_accuracy.map(|accuracy| 1.0 - accuracy),
    }
}

fn rungs(config: &RunConfig, trials: &[TrialRecord], outcome: Option<&RaceOutcome>) -> Vec<Rung> {
    let last = trials.iter().map(|trial| trial.rung).max();
    let rungs = (0..=last.unwrap_or(0)).filter(|_| last.is_some()).map(|rung| {
        let of_rung = |trial: &&TrialRecord| trial.rung == rung;
        let is_next = |trial: &TrialRecord, of: usize| trial.rung > rung && trial.candidate == of;
        let kept = |trial: &TrialRecord| match outcome {
            Some(outcome) => {
                let goes_on = trials.iter().any(|next| is_next(next, trial.candidate));
                Some(goes_on || outcome.genotype == trial.genotype)
            }
            // Who goes on is known once they run again.
            None => trials.iter().any(|next| is_next(next, trial.candidate)).then_some(true),
        };
        let run = |trial: &TrialRecord| RungRun {
            candidate: trial.candidate,
            name: trial.genotype.clone(),
            score: score(trial, config.race.score),
            kept: kept(trial),
        };
        Rung {
            steps: trials.iter().filter(of_rung).map(|trial| trial.steps).max().unwrap_or(0),
            runs: trials.iter().filter(of_rung).map(run).collect(),
        }
    });
    rungs.collect()
}

fn head(config: &RunConfig, summary: &Summary) -> Head {
    let data = summary.data.clone().unwrap_or_default();
    let outcome = summary.race.as_ref();
    let all =
        std::fs::read_to_string(Path::new(&summary.path).join(CANDIDATES)).unwrap_or_default();
    let candidates = all.lines().count();
    let mut figures = vec![KeyFigure {
        name: "candidates".to_owned(),
        value: Some(candidates.to_string()),
        detail: Some(config.race.candidates.clone()),
    }];
    let looked_up = outcome.and_then(|of| of.lookup.as_ref());
    let accuracy = looked_up.and_then(|of| of.record.cifar10_test_200);
    figures.extend(accuracy.map(|accuracy| KeyFigure {
        name: "CIFAR-10, in the benchmark".to_owned(),
        value: Some(format!("{accuracy:.2} %")),
        detail: Some("of the winner, trained for 200 epochs".to_owned()),
    }));
    Head {
        title: format!("Race on {data}"),
        summary: Some(format!(
            "{} candidates as single networks, images by {}.",
            candidates, config.search.policy.name
        )),
        figures,
        facts: vec![
            fact("raced on", &data),
            fact("images by", &config.search.policy.name),
            fact("seed of the race", config.search.seed),
            fact("winner", summary.genotype.clone().unwrap_or("none yet".to_owned())),
            fact("folder of the race", &summary.path),
        ],
        notes: outcome
            .map(|of| of.notes.iter().map(|note| warning(note)).collect())
            .unwrap_or_default(),
    }
}

fn ledger(cost: &TrainingSpent) -> CostLedger {
    let amounts = |samples, macs, wall_s| Amounts { samples, macs, wall_s };
    let part = |name: &str, one_off, amounts| CostPart { name: name.to_owned(), one_off, amounts };
    CostLedger {
        parts: vec![
            part(
                "trials of the race",
                false,
                amounts(Some(cost.samples), Some(cost.macs), Some(cost.wall_s)),
            ),
            part(
                "before the race",
                true,
                amounts(cost.one_off_samples, cost.one_off_macs, cost.one_off_wall_s),
            ),
        ],
        full_data: Amounts::default(),
        peak_rss_bytes: cost.peak_rss_bytes,
    }
}
