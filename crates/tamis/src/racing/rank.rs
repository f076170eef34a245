//! Policies judged by how well they preserve an order: a panel of networks is trained on the images of each,
//! and the order of their scores is held against accuracies that somebody else measured.
//!
//! Every policy and seed is a race of a single rung, with a folder of its own. So a ranking stops and goes
//! on as a race does, and what is finished is never made again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tamis_compare::Seeds;
use tamis_race::{Race, RaceEvent, kendall_tau, regret};
use tamis_record::RunConfig;
use tamis_space::Architecture;
use tamis_space::nas_bench_201::{Record, Table};

use super::job::{RaceEnding, RaceJob};
use super::outcome::{RaceOutcome, Raced};
use super::start::RaceStart;
use crate::error::Error;
use crate::ground::Ground;
use crate::scoring::Observer;

/// Where the races of a ranking are, in its folder.
const RUNS: &str = "runs";

/// A line each policy and seed, in the folder of a ranking.
const RANKING: &str = "ranking.jsonl";

/// Which accuracies the order is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truth {
    /// CIFAR-10 after 12 epochs, on validation images.
    Cifar10Valid12,
    /// CIFAR-10 after 200 epochs, on test images.
    #[default]
    Cifar10Test200,
    /// CIFAR-100 after 200 epochs, on test images.
    Cifar100Test200,
    /// ImageNet16-120 after 200 epochs, on test images.
    ImageNet16Test200,
}

impl Truth {
    fn of(self, record: &Record) -> Option<f64> {
        match self {
            Truth::Cifar10Valid12 => record.cifar10_valid_12,
            Truth::Cifar10Test200 => record.cifar10_test_200,
            Truth::Cifar100Test200 => record.cifar100_test_200,
            Truth::ImageNet16Test200 => record.imagenet16_test_200,
        }
    }
}

/// What a ranking is made of.
pub struct RankPlan {
    /// Data, panel (`race.candidates`), size and length of the trainings; policy and seed are the plan's.
    pub config: RunConfig,
    /// What the panel begins at.
    pub start: RaceStart,
    /// What chooses the images, with the seeds of each.
    pub policies: Vec<(String, Seeds)>,
    /// What the order is held against.
    pub truth: Truth,
}

/// What a policy and a seed made of the panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// What chose the images.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// Networks of the panel.
    pub panel: usize,
    /// Steps that each was trained.
    pub steps: u32,
    /// Kendall's tau-b between scores and accuracies; absent if all scores are equal.
    pub tau: Option<f64>,
    /// The best accuracy of the panel minus that of the network that scores best, in points.
    pub regret: f64,
    /// The network that scores best.
    pub top: String,
    /// Passes of one image.
    pub samples: u64,
    /// Nominal multiply-adds.
    pub macs: u64,
    /// Seconds.
    pub wall_s: f64,
    /// Passes of one image before, to choose; `null` if unknown.
    pub one_off_samples: Option<u64>,
    /// Nominal multiply-adds before, to choose; likewise.
    pub one_off_macs: Option<u64>,
}

/// What a ranking did.
pub enum RankEvent<'a> {
    /// A policy and a seed begin, or go on: which of how many, from 1.
    Begun(usize, usize, &'a str, u64),
    /// Its race.
    Race(&'a RaceEvent, &'a Race),
    /// It is over.
    Ended(&'a Ranked),
}

/// How a ranking ended.
#[derive(Debug)]
pub enum RankEnding {
    /// All that was planned, in the order in which it was made.
    Finished(Vec<Ranked>),
    /// Stopped on request with so many done.
    Stopped(usize),
}

/// Makes what of a ranking is not made yet, in this folder, and writes its lines to `ranking.jsonl` there.
/// All policies get their first seed before any gets its second.
///
/// # Errors
///
/// Whatever does not fit together, a network of the panel that the table does not have, and what a race can
/// meet.
pub fn rank(
    plan: &RankPlan,
    out: &Path,
    observer: &mut dyn Observer,
    stop: impl Fn() -> bool,
    mut observe: impl FnMut(RankEvent<'_>),
) -> Result<RankEnding, Error> {
    plan.config.race.check()?;
    refuse_rungs(&plan.config)?;
    let ground = Ground::of(&plan.config, observer)?;
    let panel = plan.start.candidates(&plan.config, &ground.train)?;
    let truth = truth(&panel, &ground, plan)?;
    let order = plan.order();
    for (policy, _) in &plan.policies {
        // Mistakes show before anything is trained.
        tamis_select::requirements(policy)?;
    }
    let mut done = Vec::with_capacity(order.len());
    for (number, (policy, seed)) in (1..).zip(&order) {
        observe(RankEvent::Begun(number, order.len(), policy, *seed));
        let (config, path) = (plan.of(policy, *seed), out.join(RUNS).join(folder(policy, *seed)));
        let race = RaceJob::open(config, ground.clone(), panel.clone(), &path, observer)?;
        let Some(mut race) = race else { return Ok(RankEnding::Stopped(done.len())) };
        match race.run(&stop, |event, race| observe(RankEvent::Race(event, race)))? {
            RaceEnding::Finished(outcome) => {
                let ranked = Ranked::of(&outcome, (&panel, &truth));
                observe(RankEvent::Ended(&ranked));
                done.push(ranked);
                write(out, &done)?;
            }
            RaceEnding::Stopped(..) => return Ok(RankEnding::Stopped(done.len())),
        }
    }
    Ok(RankEnding::Finished(done))
}

impl RankPlan {
    /// Policies and seeds in the order in which they are made.
    fn order(&self) -> Vec<(String, u64)> {
        let all = self.policies.iter().flat_map(|(policy, seeds)| {
            seeds.iter().enumerate().map(move |(at, seed)| (at, policy.clone(), u64::from(seed)))
        });
        let mut order: Vec<(usize, String, u64)> = all.collect();
        order.sort_by_key(|(at, ..)| *at);
        order.into_iter().map(|(_, policy, seed)| (policy, seed)).collect()
    }

    fn of(&self, policy: &str, seed: u64) -> RunConfig {
        let mut config = self.config.clone();
        policy.clone_into(&mut config.search.policy.name);
        config.search.seed = seed;
        config
    }
}

/// A ranking is of all networks after the same training.
fn refuse_rungs(config: &RunConfig) -> Result<(), Error> {
    let steps = &config.race.steps;
    if steps.len() == 1 {
        return Ok(());
    }
    let (found, expected) = (format!("{steps:?}"), "one number: every network is trained as long");
    Err(tamis_training::Error::Setting { key: "race.steps", found, expected }.into())
}

/// The accuracy of each network of the panel.
fn truth(panel: &[Architecture], ground: &Ground, plan: &RankPlan) -> Result<Vec<f64>, Error> {
    let Some(table) = &ground.table else { return Err(Error::NoTable) };
    let of = |architecture: &Architecture| {
        accuracy(architecture, table, plan.truth).ok_or_else(|| Error::NotInTable {
            table: plan.config.place.table.clone().unwrap_or_default(),
            found: format!("no accuracy of {architecture}"),
            expected: "all networks of the panel".to_owned(),
        })
    };
    panel.iter().map(of).collect()
}

fn accuracy(architecture: &Architecture, table: &Table, truth: Truth) -> Option<f64> {
    let Architecture::NasBench201(genotype) = architecture else { return None };
    truth.of(&table.find(genotype)?)
}

/// `POLICY-seedN`, as a file name.
fn folder(policy: &str, seed: u64) -> PathBuf {
    let name = policy.replace(|c: char| !c.is_alphanumeric() && !"-._+".contains(c), "-");
    PathBuf::from(format!("{name}-seed{seed}"))
}

fn write(out: &Path, done: &[Ranked]) -> Result<(), Error> {
    let path = out.join(RANKING);
    let expected = "values that JSON can hold";
    let lines = done.iter().map(|ranked| Ok(serde_json::to_string(ranked)? + "\n"));
    let lines: Result<String, serde_json::Error> = lines.collect();
    let text = lines.map_err(tamis_record::Error::content("the ranking for", &path, expected))?;
    Ok(tamis_run::write_durably(&path, text.as_bytes())?)
}

impl Ranked {
    /// Of a race of the whole panel, whose accuracies these are.
    fn of(outcome: &RaceOutcome, (panel, truth): (&[Architecture], &[f64])) -> Ranked {
        let worth = panel.iter().map(|architecture| {
            let text = architecture.to_string();
            let raced = outcome.standings.iter().find(|raced| raced.genotype == text);
            raced.map_or(f64::NAN, |raced| outcome.score.worth(&scores(raced)))
        });
        let worth: Vec<f64> = worth.collect();
        let cost = &outcome.cost;
        Ranked {
            policy: outcome.policy.clone(),
            seed: outcome.seed,
            panel: panel.len(),
            steps: outcome.standings.iter().map(|raced| raced.steps).max().unwrap_or(0),
            tau: kendall_tau(&worth, truth),
            regret: regret(&worth, truth).unwrap_or(0.0),
            top: outcome.genotype.clone(),
            samples: cost.samples,
            macs: cost.macs,
            wall_s: cost.wall_s,
            one_off_samples: cost.one_off_samples,
            one_off_macs: cost.one_off_macs,
        }
    }
}

fn scores(raced: &Raced) -> tamis_race::Scores {
    tamis_race::Scores {
        training_loss: raced.training_loss,
        held_out_loss: raced.held_out_loss,
        held_out_accuracy: raced.held_out_accuracy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_policies_get_their_first_seed_before_any_gets_its_second() {
        let plan = RankPlan {
            config: RunConfig::default(),
            start: RaceStart::default(),
            policies: vec![
                ("full".to_owned(), "3,5".parse().unwrap()),
                ("random:0.1".to_owned(), "0..3".parse().unwrap()),
            ],
            truth: Truth::default(),
        };
        let order: Vec<String> =
            plan.order().into_iter().map(|(policy, seed)| format!("{policy}@{seed}")).collect();
        assert_eq!(order, ["full@3", "random:0.1@0", "full@5", "random:0.1@1", "random:0.1@2"]);
        assert_eq!(folder("proxy:0.3+bdp", 7), PathBuf::from("proxy-0.3+bdp-seed7"));
    }
}
