//! Policies judged by how well they preserve an order: a panel of networks is trained on the images of each,
//! and the order of their scores is held against accuracies that somebody else measured.
//!
//! Every policy and seed is a race of a single rung, with a folder of its own. So a ranking stops and goes
//! on as a race does. What is finished is a line of the results file, and never made again.

use std::path::{Path, PathBuf};

use tamis_compare::{DataIdentity, Key, Seeds};
use tamis_race::{Race, RaceEvent, Score};
use tamis_record::{RunConfig, content_hash};
use tamis_space::Architecture;
use tamis_space::nas_bench_201::Table;

use super::job::{RaceEnding, RaceJob};
use super::ranked::{Against, Ranked, Rankings, Truth};
use super::start::RaceStart;
use crate::error::Error;
use crate::ground::Ground;
use crate::scoring::Observer;

/// Where the races of a ranking are, in its folder.
const RUNS: &str = "runs";

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
    /// Where the lines are kept: what is in it is not made again.
    pub results: PathBuf,
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

/// Makes what of a ranking is not in its results file yet, in this folder, and writes its lines there.
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
    let accuracies = accuracies(&panel, &ground, plan)?;
    let against =
        Against { truth: plan.truth, accuracies: &accuracies, score: plan.config.race.score };
    let order = plan.order();
    for (policy, _) in &plan.policies {
        // Mistakes show before anything is trained.
        tamis_select::requirements(policy)?;
    }
    let (fingerprint, order_of_images) = (ground.fingerprint.clone(), ground.train.order());
    let data = DataIdentity::of(fingerprint, order_of_images, ground.train.len(), &plan.config)?;
    let mut results = Rankings::open(&plan.results)?;
    let mut done = Vec::with_capacity(order.len());
    for (number, (policy, seed)) in (1..).zip(&order) {
        let config = plan.of(policy, *seed);
        let key = key(&config, &panel, &data)?;
        if let Some(line) = results.find(&key.digest(), panel.len()) {
            let ranked = line.clone().held_against(against);
            results.put(&ranked)?;
            done.push(ranked);
            continue;
        }
        observe(RankEvent::Begun(number, order.len(), policy, *seed));
        let path = out.join(RUNS).join(folder(policy, *seed));
        let race = RaceJob::open(config, ground.clone(), panel.clone(), &path, observer)?;
        let Some(mut race) = race else { return Ok(RankEnding::Stopped(done.len())) };
        match race.run(&stop, |event, race| observe(RankEvent::Race(event, race)))? {
            RaceEnding::Finished(outcome) => {
                let ranked = Ranked::of(&outcome, key, &panel, against);
                results.put(&ranked)?;
                observe(RankEvent::Ended(&ranked));
                done.push(ranked);
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
fn accuracies(panel: &[Architecture], ground: &Ground, plan: &RankPlan) -> Result<Vec<f64>, Error> {
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

/// What tells a policy and a seed on this panel from others: what tells runs of a comparison apart, and the
/// networks themselves for whatever proposed them. Not by which score they are put in order, since every line
/// has them all.
fn key(config: &RunConfig, panel: &[Architecture], data: &DataIdentity) -> Result<Key, Error> {
    let mut config = config.clone();
    let panel: Vec<String> = panel.iter().map(Architecture::to_string).collect();
    config.race.candidates = content_hash(panel.join("\n").as_bytes());
    // All settings of a race count, whatever its defaults are or once were.
    config.finish = Some("race".to_owned());
    config.race.score = Score::default();
    Ok(Key::of(&config, data)?)
}

/// `POLICY-seedN`, as a file name.
fn folder(policy: &str, seed: u64) -> PathBuf {
    let name = policy.replace(|c: char| !c.is_alphanumeric() && !"-._+".contains(c), "-");
    PathBuf::from(format!("{name}-seed{seed}"))
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
            results: PathBuf::new(),
        };
        let order: Vec<String> =
            plan.order().into_iter().map(|(policy, seed)| format!("{policy}@{seed}")).collect();
        assert_eq!(order, ["full@3", "random:0.1@0", "full@5", "random:0.1@1", "random:0.1@2"]);
        assert_eq!(folder("proxy:0.3+bdp", 7), PathBuf::from("proxy-0.3+bdp-seed7"));
    }
}
