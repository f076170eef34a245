//! What a policy and a seed made of a panel of networks, and the file that keeps such lines.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tamis_compare::Key;
use tamis_race::{Score, Scores, best, kendall_tau, regret};
use tamis_space::Architecture;
use tamis_space::nas_bench_201::Record;

use super::outcome::RaceOutcome;
use crate::error::Error;

/// Which accuracies the order of a panel is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truth {
    /// CIFAR-10 after 12 epochs, on validation images.
    #[serde(rename = "cifar10_valid_12")]
    Cifar10Valid12,
    /// CIFAR-10 after 200 epochs, on test images.
    #[default]
    #[serde(rename = "cifar10_test_200")]
    Cifar10Test200,
    /// CIFAR-100 after 200 epochs, on test images.
    #[serde(rename = "cifar100_test_200")]
    Cifar100Test200,
    /// ImageNet16-120 after 200 epochs, on test images.
    #[serde(rename = "imagenet16_test_200")]
    ImageNet16Test200,
}

impl Truth {
    /// All, with what they are.
    pub const ALL: [(Truth, &str); 4] = [
        (Truth::Cifar10Valid12, "CIFAR-10 after 12 epochs, on validation images"),
        (Truth::Cifar10Test200, "CIFAR-10 after 200 epochs, on test images"),
        (Truth::Cifar100Test200, "CIFAR-100 after 200 epochs, on test images"),
        (Truth::ImageNet16Test200, "ImageNet16-120 after 200 epochs, on test images"),
    ];

    /// Its name, as a table's column has it.
    pub fn name(self) -> &'static str {
        match self {
            Truth::Cifar10Valid12 => "cifar10_valid_12",
            Truth::Cifar10Test200 => "cifar10_test_200",
            Truth::Cifar100Test200 => "cifar100_test_200",
            Truth::ImageNet16Test200 => "imagenet16_test_200",
        }
    }

    pub(super) fn of(self, record: &Record) -> Option<f64> {
        match self {
            Truth::Cifar10Valid12 => record.cifar10_valid_12,
            Truth::Cifar10Test200 => record.cifar10_test_200,
            Truth::Cifar100Test200 => record.cifar100_test_200,
            Truth::ImageNet16Test200 => record.imagenet16_test_200,
        }
    }
}

impl FromStr for Truth {
    type Err = String;

    fn from_str(text: &str) -> Result<Truth, String> {
        let mut all = Truth::ALL.into_iter().map(|(truth, _)| truth);
        all.find(|truth| truth.name() == text).ok_or_else(|| {
            let names = Truth::ALL.map(|(truth, _)| truth.name()).join(", ");
            format!("found accuracies `{text}`, expected one of {names}")
        })
    }
}

/// What the order of a panel is held against, and what puts it in order.
#[derive(Clone, Copy)]
pub(super) struct Against<'a> {
    pub(super) truth: Truth,
    /// Of each network of the panel.
    pub(super) accuracies: &'a [f64],
    pub(super) score: Score,
}

/// What a policy and a seed made of the panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// What tells it from others: a hash of data, panel, settings, policy and seed.
    pub key: String,
    /// What chose the images.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// What else tells it from others: settings that are not at their defaults, and all of a race; files and
    /// the panel by the hash of their content.
    pub settings: BTreeMap<String, Value>,
    /// Steps that each network was trained.
    pub steps: u32,
    /// What the networks are put in order by.
    pub score: Score,
    /// What the order is held against.
    pub by: Truth,
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
    /// What the policy told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The panel, in its order.
    pub networks: Vec<RankedNetwork>,
}

/// A network of the panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedNetwork {
    /// The architecture.
    pub genotype: String,
    /// What its training found.
    #[serde(flatten)]
    pub scores: Scores,
}

impl Ranked {
    /// Of a race of the whole panel.
    pub(super) fn of(
        outcome: &RaceOutcome,
        key: Key,
        panel: &[Architecture],
        against: Against<'_>,
    ) -> Ranked {
        let networks = panel.iter().map(|architecture| {
            let genotype = architecture.to_string();
            let raced = outcome.standings.iter().find(|raced| raced.genotype == genotype);
            RankedNetwork { scores: raced.map(|raced| raced.scores).unwrap_or_default(), genotype }
        });
        let cost = &outcome.cost;
        let ranked = Ranked {
            key: key.digest(),
            policy: outcome.policy.clone(),
            seed: outcome.seed,
            settings: key.setup.settings,
            steps: outcome.standings.iter().map(|raced| raced.steps).max().unwrap_or(0),
            score: against.score,
            by: against.truth,
            tau: None,
            regret: 0.0,
            top: String::new(),
            samples: cost.samples,
            macs: cost.macs,
            wall_s: cost.wall_s,
            one_off_samples: cost.one_off_samples,
            one_off_macs: cost.one_off_macs,
            notes: outcome.notes.clone(),
            networks: networks.collect(),
        };
        ranked.held_against(against)
    }

    /// The same trainings by this score, held against these accuracies.
    pub(super) fn held_against(self, against: Against<'_>) -> Ranked {
        let Against { truth, accuracies, score } = against;
        let worth = self.networks.iter().map(|network| score.worth(&network.scores));
        let worth: Vec<f64> = worth.collect();
        let top = best(&worth).map(|at| self.networks[at].genotype.clone());
        Ranked {
            score,
            by: truth,
            tau: kendall_tau(&worth, accuracies),
            regret: regret(&worth, accuracies).unwrap_or(0.0),
            top: top.unwrap_or_default(),
            ..self
        }
    }
}

/// The lines of a file, of this ranking and of others.
pub(super) struct Rankings {
    path: PathBuf,
    lines: Vec<Ranked>,
}

impl Rankings {
    /// Reads the file; none yet is an empty one.
    pub(super) fn open(path: &Path) -> Result<Rankings, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(tamis_record::Error::file("the ranking", path)(error).into()),
        };
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let lines = lines.map(|(line, number)| {
            serde_json::from_str(line).map_err(|error| tamis_record::Error::Content {
                what: "the ranking",
                path: path.to_owned(),
                found: format!("{error} in line {number}"),
                expected: "lines that `tamis rank` wrote",
            })
        });
        Ok(Rankings { path: path.to_owned(), lines: lines.collect::<Result<_, _>>()? })
    }

    /// The line of this key, if it is of so many networks.
    pub(super) fn find(&self, key: &str, panel: usize) -> Option<&Ranked> {
        self.lines.iter().find(|line| line.key == key && line.networks.len() == panel)
    }

    /// Puts a line at the place of one with its key, or at the end, and writes the file.
    pub(super) fn put(&mut self, ranked: &Ranked) -> Result<(), Error> {
        match self.lines.iter_mut().find(|line| line.key == ranked.key) {
            Some(line) if line == ranked => return Ok(()),
            Some(line) => *line = ranked.clone(),
            None => self.lines.push(ranked.clone()),
        }
        let expected = "values that JSON can hold";
        let lines = self.lines.iter().map(|line| Ok(serde_json::to_string(line)? + "\n"));
        let lines: Result<String, serde_json::Error> = lines.collect();
        let failed = tamis_record::Error::content("the ranking for", &self.path, expected);
        Ok(tamis_run::write_durably(&self.path, lines.map_err(failed)?.as_bytes())?)
    }
}
