//! The table: one block a space, one row an arm, every run's figures kept by seed.
//!
//! Speed-ups are those of the search alone; what was spent before it stands beside them. In samples
//! it is what the same settings pass on all data over what was passed; in seconds it is measured
//! against the runs of `full` with the same host and seeds on the same machine.

use std::collections::{BTreeMap, BTreeSet};

use tamis_record::Outcome;
use tamis_search::has_tables;
use tamis_space::nas_bench_201::Table;

use crate::grid::Arm;
use crate::key::Key;
use crate::plan::Plan;
use crate::quantity::Quantity;
use crate::results::Results;
use crate::seed_result::SeedResult;
use crate::statistics::{Difference, Summary, paired, ratio, summary};
use crate::unsearched::{Unsearched, unsearched};

/// Results side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// One a space.
    pub blocks: Vec<Block>,
}

/// The arms of one space.
#[derive(Clone, Debug)]
pub struct Block {
    /// Search space.
    pub space: String,
    /// Training images.
    pub samples: usize,
    /// What all its runs have in common; `policy` and `seed` are those of the first.
    pub key: Key,
    /// Name of the data, if there is a result.
    pub data: Option<String>,
    /// The rows, in the order in which they were named.
    pub arms: Vec<ArmResult>,
    /// What no search gives.
    pub unsearched: Vec<Unsearched>,
}

/// What the runs of an arm gave.
#[derive(Clone, Debug)]
pub struct ArmResult {
    /// The arm.
    pub arm: Arm,
    /// Its finished runs by seed; an arm may have none yet.
    pub runs: Vec<SeedResult>,
}

impl Comparison {
    /// Of the results that the plan asks for. Where a table is given, architectures are looked up
    /// in it; else a result's own lookup counts.
    pub fn of(plan: &Plan, results: &Results, table: Option<&Table>) -> Comparison {
        let mut spaces: Vec<&str> = Vec::new();
        for arm in &plan.arms {
            if !spaces.contains(&arm.space.as_str()) {
                spaces.push(&arm.space);
            }
        }
        let blocks = spaces.into_iter().filter_map(|space| Block::of(space, plan, results, table));
        Comparison { blocks: blocks.collect() }
    }

    /// Every architecture that a run found, each once.
    pub fn genotypes(&self) -> BTreeSet<String> {
        let arms = self.blocks.iter().flat_map(|block| &block.arms);
        arms.flat_map(|arm| &arm.runs).map(|run| run.outcome.genotype.clone()).collect()
    }

    /// Takes in what architectures reached when they were trained on their own.
    pub fn take_retrained(&mut self, accuracies: &BTreeMap<String, f64>) {
        let arms = self.blocks.iter_mut().flat_map(|block| &mut block.arms);
        for run in arms.flat_map(|arm| &mut arm.runs) {
            run.retrained = accuracies.get(&run.outcome.genotype).copied();
        }
    }
}

impl Block {
    fn of(space: &str, plan: &Plan, results: &Results, table: Option<&Table>) -> Option<Block> {
        let table = table.filter(|_| has_tables(space));
        let arms = plan.arms.iter().filter(|arm| arm.space == space);
        let arms: Vec<ArmResult> =
            arms.map(|arm| ArmResult::of(arm, plan, results, table)).collect();
        let first = plan.runs.iter().find(|planned| planned.run.space == space)?;
        let outcomes = || arms.iter().flat_map(|arm| &arm.runs).map(|run| &run.outcome);
        Some(Block {
            space: space.to_owned(),
            samples: plan.samples,
            key: first.key.clone(),
            data: outcomes().next().map(|outcome| outcome.dataset.name.clone()),
            unsearched: table.map_or(Vec::new(), |table| unsearched(outcomes(), table)),
            arms,
        })
    }

    /// The accuracies that the table is about: those of a benchmark's table if there are any,
    /// else the search's own; and those of the architectures trained on their own, if they were.
    pub fn accuracies(&self) -> Vec<Quantity> {
        let runs = || self.arms.iter().flat_map(|arm| &arm.runs);
        let mut accuracies = match self.is_looked_up() {
            true => Quantity::LOOKED_UP.to_vec(),
            false => vec![Quantity::ArchValAccuracy],
        };
        let retrained = runs().any(|run| run.retrained.is_some());
        accuracies.extend(retrained.then_some(Quantity::RetrainedAccuracy));
        accuracies
    }

    fn is_looked_up(&self) -> bool {
        self.arms.iter().flat_map(|arm| &arm.runs).any(|run| run.accuracies.is_some())
    }

    /// The data on which the cells were found, if the accuracies that the table is about are not of
    /// it: a benchmark's are of networks trained on CIFAR-10, whatever was searched on.
    pub fn found_elsewhere(&self) -> Option<&str> {
        let data = self.data.as_deref().filter(|data| *data != "cifar10")?;
        self.is_looked_up().then_some(data)
    }

    /// The row of this arm's control: as many random samples.
    pub fn control(&self, arm: &ArmResult) -> Option<&ArmResult> {
        let control = arm.arm.named.control(self.samples)?;
        self.row(arm, |other| other.runs_as == control)
    }

    /// The row of all images with the same host.
    fn full(&self, arm: &ArmResult) -> Option<&ArmResult> {
        self.row(arm, |other| other.runs_as.policy == "full")
    }

    fn row(&self, beside: &ArmResult, holds: impl Fn(&Arm) -> bool) -> Option<&ArmResult> {
        self.arms.iter().find(|other| other.arm.host == beside.arm.host && holds(&other.arm))
    }

    /// The row of all data in as many steps: of those of `full-steps` with the same host and alpha
    /// rate the one whose samples are nearest, if they differ by less than a twentieth.
    pub fn equal_steps(&self, arm: &ArmResult) -> Option<&ArmResult> {
        let samples = |arm: &ArmResult| Some(arm.summary(Quantity::SampleRatio)?.mean);
        let own = samples(arm).filter(|_| !arm.is_full_steps())?;
        self.arms
            .iter()
            .filter(|other| other.is_full_steps() && other.arm.host == arm.arm.host)
            .filter(|other| other.arm.runs_as.scale == arm.arm.runs_as.scale)
            .filter_map(|other| {
                let off = (samples(other)? / own - 1.0).abs();
                (off < 0.05).then_some((off, other))
            })
            .min_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, nearest)| nearest)
    }

    /// Differences to the arm's control, over the seeds that both have.
    pub fn difference(&self, arm: &ArmResult, quantity: Quantity) -> Option<Difference> {
        paired(&arm.values(quantity), &self.control(arm)?.values(quantity))
    }

    /// Differences to all data in as many steps, over the seeds that both have.
    pub fn steps_difference(&self, arm: &ArmResult, quantity: Quantity) -> Option<Difference> {
        paired(&arm.values(quantity), &self.equal_steps(arm)?.values(quantity))
    }

    /// Seconds that `full` takes over the seconds of this arm, over the seeds that both have from
    /// the same machine with as many threads: seconds of different machines say nothing.
    pub fn speed_up_wall(&self, arm: &ArmResult) -> Option<f64> {
        let quantity = Quantity::WallS;
        let full = self.full(arm)?;
        let comparable = arm.runs.iter().filter(|run| {
            full.runs.iter().any(|other| other.seed == run.seed && other.made == run.made)
        });
        ratio(&full.values(quantity), &by_seed(comparable, quantity))
    }

    /// Finished runs and runs that the rows ask for, each run counted once a row.
    pub fn progress(&self) -> (usize, usize) {
        let finished = self.arms.iter().map(|arm| arm.runs.len()).sum();
        (finished, self.arms.iter().map(|arm| arm.arm.seeds.len()).sum())
    }
}

impl ArmResult {
    /// What is finished of an arm.
    fn of(arm: &Arm, plan: &Plan, results: &Results, table: Option<&Table>) -> ArmResult {
        let records = arm.seeds.iter().filter_map(|seed| results.find(plan.key(arm, seed)?));
        ArmResult {
            runs: records.map(|record| SeedResult::of(record, table)).collect(),
            arm: arm.clone(),
        }
    }

    fn is_full_steps(&self) -> bool {
        let policy = &self.arm.runs_as.policy;
        policy.starts_with("full-steps:") && !policy.contains('+')
    }

    /// The known figures by seed.
    pub fn values(&self, quantity: Quantity) -> BTreeMap<u64, f64> {
        by_seed(self.runs.iter(), quantity)
    }

    /// The figures summed up; `None` if there are none, or if a cost of a run is unknown.
    pub fn summary(&self, quantity: Quantity) -> Option<Summary> {
        let values: Vec<f64> = self.values(quantity).into_values().collect();
        let whole = quantity.is_accuracy() || values.len() == self.runs.len();
        summary(&values).filter(|_| whole)
    }

    /// Samples that the same settings pass on all data over the samples of this arm.
    pub fn speed_up_samples(&self) -> Option<f64> {
        let sum = |of: fn(&Outcome) -> u64| self.runs.iter().map(|run| of(&run.outcome)).sum();
        let full: u64 = sum(|outcome| outcome.cost.full_data_samples);
        let own: u64 = sum(Outcome::samples);
        (own > 0).then(|| full as f64 / own as f64)
    }
}

/// The known figures of runs by seed.
fn by_seed<'a>(
    runs: impl Iterator<Item = &'a SeedResult>,
    quantity: Quantity,
) -> BTreeMap<u64, f64> {
    runs.filter_map(|run| Some((run.seed, quantity.of(run)?))).collect()
}
