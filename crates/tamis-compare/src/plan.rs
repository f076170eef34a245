//! From a grid to runs with complete settings, before any of them is made.

use tamis_record::{Layers, RunConfig};

use crate::canonical::needs;
use crate::error::Error;
use crate::grid::{Arm, Grid, Run, runs};
use crate::identity::DataIdentity;
use crate::key::Key;
use crate::results::Results;

/// A run that a comparison needs.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Its place in the grid.
    pub run: Run,
    /// What tells it from others.
    pub key: Key,
    /// Its settings, complete.
    pub config: RunConfig,
}

/// All that a comparison needs: the rows of its table and the runs for them, in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rows of the table.
    pub arms: Vec<Arm>,
    /// Runs, in the order in which they are made.
    pub runs: Vec<PlannedRun>,
    /// Training images.
    pub samples: usize,
}

/// Settings that the grid sets, and how.
const GRID_SETTINGS: [(&str, &str); 4] = [
    ("seed", "--seeds"),
    ("space.name", "--spaces"),
    ("host.name", "--hosts"),
    ("policy.name", "--policies"),
];

/// Refuses an assignment of a setting that the grid sets.
///
/// # Errors
///
/// [`Error::GridSetting`].
pub fn refuse_grid_setting(assignment: &str) -> Result<(), Error> {
    let key = assignment.split('=').next().unwrap_or_default().trim();
    match GRID_SETTINGS.into_iter().find(|(grid, _)| *grid == key) {
        Some((key, flag)) => Err(Error::GridSetting { key, flag }),
        None => Ok(()),
    }
}

impl Plan {
    /// The plan of a grid over settings that are common to all runs.
    ///
    /// # Errors
    ///
    /// [`Error::Nothing`] for a grid of nothing, [`tamis_record::Error::Config`] for settings that do
    /// not exist.
    pub fn of(grid: &Grid, base: &Layers, data: &DataIdentity) -> Result<Plan, Error> {
        grid.check()?;
        let arms = grid.arms(data.samples);
        let mut planned = Vec::new();
        for run in runs(&arms, data.samples) {
            let config = settings(base, &run)?;
            let key = Key::of(&config, data)?;
            planned.push(PlannedRun { run, key, config });
        }
        Ok(Plan { runs: planned, arms, samples: data.samples })
    }

    /// The key of an arm's run with one of its seeds.
    pub(crate) fn key(&self, arm: &Arm, seed: u32) -> Option<&Key> {
        let wanted = arm.run(seed);
        self.runs.iter().find(|planned| planned.run == wanted).map(|planned| &planned.key)
    }

    /// The runs that the results lack.
    pub fn missing<'a>(&'a self, results: &'a Results) -> impl Iterator<Item = &'a PlannedRun> {
        self.runs.iter().filter(|planned| results.find(&planned.key).is_none())
    }
}

fn settings(base: &Layers, run: &Run) -> Result<RunConfig, Error> {
    let layers = base
        .clone()
        .value("space.name", run.space.clone())
        .value("host.name", run.host.clone())
        .value("policy.name", run.choice.policy.clone())
        .value("alpha.lr_scale", run.choice.scale.clone())
        .value("seed", run.seed);
    let mut config = layers.resolve()?;
    // Whoever needs no file is not charged for it, nor another run when it changes.
    let [scores, embeddings] = needs(&run.choice.policy);
    let policy = &mut config.search.policy;
    policy.scores = policy.scores.take().filter(|_| scores);
    policy.embeddings = policy.embeddings.take().filter(|_| embeddings);
    let cost = &mut config.search.cost;
    let has_target = cost.target_latency_ms.is_some();
    cost.latency_table = cost.latency_table.take().filter(|_| has_target);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use tamis_search::PolicyConfig;

    use super::*;
    use crate::parse_policies;
    use tamis_record::FILES;

    #[test]
    fn only_who_needs_a_file_has_it() {
        let grid = Grid {
            spaces: vec!["nas-bench-201".to_owned()],
            hosts: vec!["darts".to_owned()],
            policies: parse_policies("full,proxy:0.1,dds:40", &"0".parse().unwrap()).unwrap(),
            scales: vec!["none".to_owned()],
        };
        let files = FILES.map(|key| (key.to_owned(), key.to_owned())).into();
        let data = DataIdentity { fingerprint: "f".to_owned(), order: None, samples: 100, files };
        let base = FILES.iter().fold(Layers::default(), |base, key| base.value(key, "no/file"));
        let plan = Plan::of(&grid, &base, &data).unwrap();
        let files = |policy: &str| {
            let of = |planned: &&PlannedRun| planned.run.choice.policy.starts_with(policy);
            let planned = plan.runs.iter().find(of).unwrap();
            let key = FILES.map(|key| planned.key.setup.settings.contains_key(key));
            let PolicyConfig { scores, embeddings, .. } = &planned.config.search.policy;
            assert_eq!(key, [scores.is_some(), embeddings.is_some(), false]);
            key
        };
        // Nor does one without a target of latency have latencies.
        assert_eq!(files("proxy:"), [true, false, false]);
        assert_eq!(files("dds:"), [false, true, false]);
        assert_eq!(files("full"), [false, false, false]);
    }

    #[test]
    fn settings_of_the_grid_are_refused_with_the_flag_to_use() {
        let refused = |text| refuse_grid_setting(text).unwrap_err().to_string();
        assert!(refused("seed=3").contains("--seeds"));
        assert!(refused(" policy.name = full").contains("--policies"));
        assert!(refuse_grid_setting("policy.beta=0.2").is_ok());
    }
}
