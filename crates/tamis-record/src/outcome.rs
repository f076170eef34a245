//! `result.json`: what a finished search found and what it cost.
//!
//! Results files keep it for good: a field that is added later needs a default, so that what earlier
//! versions wrote can still be read.

use serde::{Deserialize, Serialize};
use tamis_data::Dataset;
use tamis_search::{EpochRecord, Ledger, OneOffCost, Search};
use tamis_space::nas_bench_201::Record;
use tamis_space::{Architecture, Flow};

/// Version of the file's layout.
const FORMAT: u32 = 1;

/// Share of the derived architecture's edges from which on skip or none count as a collapse.
const COLLAPSE_SHARE: f64 = 0.75;

/// The contents of `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Version of the layout, 1.
    pub format: u32,
    /// The data searched on.
    pub dataset: DatasetSummary,
    /// Search space.
    pub space: String,
    /// Search algorithm.
    pub host: String,
    /// What chose the samples.
    pub policy: String,
    /// Seed of the run.
    pub seed: u64,
    /// Epochs searched.
    pub epochs: u32,
    /// The last epoch's architecture or, of a run with a finish, the one that won it.
    pub genotype: String,
    /// What the initial parameters stood for: what no search would give.
    pub initial_genotype: String,
    /// The architecture after each epoch.
    pub genotype_history: Vec<GenotypeAt>,
    /// What was spent.
    pub cost: Cost,
    /// What decided after the search, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Whether every edge is decided.
    pub decisive: bool,
    /// Edges whose two largest alphas differ by at least 0.01.
    pub decided_edges: usize,
    /// Edges there are.
    pub edges: usize,
    /// Euclidean distance of the architecture parameters from their start.
    pub alpha_distance: f64,
    /// Whether skip or none took over the architecture.
    pub collapsed: bool,
    /// Whether anything of the input reaches the architecture's output.
    pub connected: bool,
    /// Nodes of a connected architecture that nothing flows through; earlier versions told none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead_nodes: Vec<usize>,
    /// The architecture without them, if there are any: the same network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// What the policy told of the run: things to know before trusting it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the network of the architecture costs, where the search had a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetCost>,
    /// What a benchmark's table says of the architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Lookup>,
}

/// What a found network costs, and what it was to cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetCost {
    /// Whether it is milliseconds of an image, and not multiply-adds.
    pub is_latency: bool,
    /// What it was to cost.
    pub target: f64,
    /// What its parts say.
    pub predicted: f64,
    /// Milliseconds of an image as measured when the search ended, of a target of latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_ms: Option<f64>,
}

/// What a table says of an architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// File name of the table.
    pub table: String,
    /// Accuracies in percent, and the rank among all by `cifar10_test_200`.
    #[serde(flatten)]
    pub record: Record,
}

/// The data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// Name of the data.
    pub name: String,
    /// Hash of all images and classes.
    pub fingerprint: String,
    /// Hash of the training images as they follow on each other; earlier versions wrote none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Training images.
    pub train: usize,
    /// Classes.
    pub classes: usize,
}

impl DatasetSummary {
    /// Of training images of this name and fingerprint.
    pub fn of(name: &str, fingerprint: &str, train: &Dataset) -> DatasetSummary {
        DatasetSummary {
            name: name.to_owned(),
            fingerprint: fingerprint.to_owned(),
            order: Some(train.order()),
            train: train.len(),
            classes: train.classes().len(),
        }
    }
}

/// The architecture after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenotypeAt {
    /// Epoch, from 0.
    pub epoch: u32,
    /// The architecture.
    pub genotype: String,
    /// Share of right answers over the epoch's architecture batches.
    pub arch_val_accuracy: Option<f64>,
}

/// The race that decided after the search: its winner is the run's genotype, and what it spent is part of the
/// ratios to full data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    /// Who ran: the proposal.
    pub candidates: String,
    /// How many.
    pub entrants: usize,
    /// What the search alone had found.
    pub proposed: String,
    /// Passes of one sample.
    pub samples: u64,
    /// Nominal multiply-adds.
    pub macs: u64,
    /// Seconds.
    pub wall_s: f64,
}

/// What a run spent. Unknown figures are `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Forward-and-backward passes of one sample in weight steps.
    pub weight_samples: u64,
    /// The same in architecture steps.
    pub arch_samples: u64,
    /// Passes of one sample before the search.
    pub one_off_samples: Option<u64>,
    /// What the same recipe passes on all data.
    pub full_data_samples: u64,
    /// (weight + arch) / full, the samples of a finish among them: without what was spent before.
    pub sample_ratio: f64,
    /// Nominal multiply-adds of the search alone.
    pub macs: u64,
    /// Nominal multiply-adds before the search.
    pub one_off_macs: Option<u64>,
    /// (search + finish + one-off multiply-adds) / those of full data.
    pub macs_ratio: Option<f64>,
    /// Seconds of the search's steps.
    pub search_wall_s: f64,
    /// Seconds spent before the search.
    pub one_off_wall_s: Option<f64>,
    /// Most memory resident in any sitting of the run, where the system told in each.
    pub peak_rss_bytes: Option<u64>,
}

impl Outcome {
    /// Of a search at its end, or wherever it stands, and of what decided after it and how, of a run that had
    /// so many bytes resident at most.
    pub fn of(
        search: &Search,
        dataset: DatasetSummary,
        finish: Option<(Finish, Architecture)>,
        lookup: Option<Lookup>,
        peak_rss_bytes: Option<u64>,
    ) -> Outcome {
        let config = search.config();
        let last = search.history().last();
        let decided_edges = last.map_or(0, |record| record.decided_edges);
        let edges = last.map_or(0, |record| record.alpha_gaps.len());
        let (finish, winner) = finish.unzip();
        let of_winner = winner.as_ref().map(largest_idle_share);
        let architecture = winner.unwrap_or_else(|| search.architecture());
        let flow = architecture.flow();
        let connected = flow != Flow::Cut;
        let (dead_nodes, left) = match flow {
            Flow::Part { dead_nodes, left } => (dead_nodes, Some(left)),
            Flow::Whole | Flow::Cut => (Vec::new(), None),
        };
        Outcome {
            format: FORMAT,
            dataset,
            space: config.space.name.clone(),
            host: config.host.name.clone(),
            policy: config.policy.name.clone(),
            seed: config.seed,
            epochs: config.train.epochs,
            genotype: architecture.to_string(),
            initial_genotype: search.initial_architecture().to_string(),
            genotype_history: search.history().iter().map(GenotypeAt::of).collect(),
            cost: Cost::of(search, finish.as_ref(), peak_rss_bytes),
            finish,
            decisive: edges > 0 && decided_edges == edges,
            decided_edges,
            edges,
            alpha_distance: last.map_or(0.0, |record| record.alpha_distance),
            collapsed: of_winner
                .or(last.map(|record| record.genotype_skip.max(record.genotype_none)))
                .is_some_and(|share| share >= COLLAPSE_SHARE),
            connected,
            dead_nodes,
            left,
            notes: search.notes().to_vec(),
            target: TargetCost::of(search),
            lookup,
        }
    }

    /// Passes of one sample in the search and in what finished it.
    pub fn samples(&self) -> u64 {
        let of_finish = self.finish.as_ref().map_or(0, |finish| finish.samples);
        self.cost.weight_samples + self.cost.arch_samples + of_finish
    }

    /// Seconds of the search's steps and of what finished it.
    pub fn wall_s(&self) -> f64 {
        self.cost.search_wall_s + self.finish.as_ref().map_or(0.0, |finish| finish.wall_s)
    }

    /// Share of right answers over the architecture batches of the last epoch that had any: a policy
    /// may let the architecture rest. `None` if no epoch had one.
    pub fn arch_val_accuracy(&self) -> Option<f64> {
        self.genotype_history.iter().rev().find_map(|at| at.arch_val_accuracy)
    }
}

/// The larger of the shares of an architecture's operations that are skip and that are none.
fn largest_idle_share(architecture: &Architecture) -> f64 {
    let operations = architecture.operations();
    let share = |name: &str| {
        let count = operations.iter().filter(|operation| *operation == name).count();
        count as f64 / operations.len().max(1) as f64
    };
    share("skip_connect").max(share("none"))
}

impl TargetCost {
    /// Of a search with a target; nothing is measured here.
    fn of(search: &Search) -> Option<TargetCost> {
        let [predicted, target] = search.cost_and_target()?;
        let is_latency = search.config().cost.target_latency_ms.is_some();
        Some(TargetCost { is_latency, target, predicted, measured_ms: None })
    }
}

impl GenotypeAt {
    fn of(record: &EpochRecord) -> GenotypeAt {
        GenotypeAt {
            epoch: record.epoch,
            genotype: record.genotype.clone(),
            arch_val_accuracy: record.arch_val_accuracy,
        }
    }
}

impl Cost {
    fn of(search: &Search, finish: Option<&Finish>, peak_rss_bytes: Option<u64>) -> Cost {
        let ledger = search.ledger();
        let (samples, macs) = finish.map_or((0, 0), |finish| (finish.samples, finish.macs));
        let with_finish = Ledger { macs: ledger.macs + macs, ..ledger.clone() };
        let passed = ledger.weight_samples + ledger.arch_samples + samples;
        let OneOffCost { samples, macs, wall_s } = ledger.one_off;
        Cost {
            weight_samples: ledger.weight_samples,
            arch_samples: ledger.arch_samples,
            one_off_samples: samples,
            full_data_samples: ledger.full_data_samples,
            sample_ratio: passed as f64 / ledger.full_data_samples.max(1) as f64,
            macs: ledger.macs,
            one_off_macs: macs,
            macs_ratio: with_finish.macs_ratio(),
            search_wall_s: ledger.search_wall_s,
            one_off_wall_s: wall_s,
            peak_rss_bytes,
        }
    }
}
