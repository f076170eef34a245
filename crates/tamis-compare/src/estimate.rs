//! How long runs will take, judged by those that are finished.

use serde_json::Value;

use crate::canonical::expected_share;
use crate::plan::PlannedRun;
use crate::results::Results;

/// Measured seconds of finished runs on one machine.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    samples: usize,
    measured: Vec<Measured>,
}

#[derive(Clone, Debug)]
struct Measured {
    space: String,
    host: String,
    policy: String,
    epochs: u32,
    wall_s: f64,
}

impl Estimate {
    /// From the results that were made on this machine, on so many samples.
    pub fn of(results: &Results, machine: &Value, samples: usize) -> Estimate {
        let here = results.records().iter().filter(|record| record.section.machine == *machine);
        let measured = here.map(|record| Measured {
            space: record.key.space.clone(),
            host: record.key.host.clone(),
            policy: record.key.policy.clone(),
            epochs: record.key.epochs,
            wall_s: record.outcome.wall_s(),
        });
        Estimate { samples, measured: measured.collect() }
    }

    /// Seconds that a run will take: as runs of its arm did, or else in proportion to the samples
    /// as runs of its host or its space did; `None` if nothing like it is finished.
    pub fn wall_s(&self, planned: &PlannedRun) -> Option<f64> {
        let run = &planned.run;
        let epochs = f64::from(planned.key.epochs);
        let space = |other: &Measured| other.space == run.space;
        let host = |other: &Measured| space(other) && other.host == run.host;
        let share = expected_share(&run.choice.policy, self.samples);
        let same = self.median(
            |other| host(other) && other.policy == run.choice.policy,
            |other| other.wall_s / f64::from(other.epochs.max(1)),
        );
        let per_share = |other: &Measured| {
            let share = expected_share(&other.policy, self.samples);
            other.wall_s / f64::from(other.epochs.max(1)) / share.max(f64::MIN_POSITIVE)
        };
        let wall_s = same.or_else(|| {
            let like = self.median(host, per_share).or_else(|| self.median(space, per_share));
            like.map(|wall_s| wall_s * share)
        });
        wall_s.map(|wall_s| wall_s * epochs)
    }

    /// One run that waited for others on the machine makes no forecast.
    fn median(
        &self,
        holds: impl Fn(&Measured) -> bool,
        wall_s: impl Fn(&Measured) -> f64,
    ) -> Option<f64> {
        let mut found: Vec<f64> =
            self.measured.iter().filter(|&other| holds(other)).map(wall_s).collect();
        found.sort_by(f64::total_cmp);
        found.get(found.len().checked_sub(1)? / 2).copied()
    }
}
