//! The grid: which arms there are, which runs they need, and in which order these are made.

use std::collections::BTreeSet;

use crate::canonical::{ArmChoice, expected_share, scale_of};
use crate::error::Error;
use crate::seeds::Seeds;

/// What is compared: every space with every host, policy and scale of the alpha rate.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Search spaces.
    pub spaces: Vec<String>,
    /// Search algorithms.
    pub hosts: Vec<String>,
    /// Policies, each with its seeds.
    pub policies: Vec<(String, Seeds)>,
    /// Scales of the architecture's learning rate, `none` or `steps`.
    pub scales: Vec<String>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// Search space.
    pub space: String,
    /// Search algorithm.
    pub host: String,
    /// The choice as it was named.
    pub named: ArmChoice,
    /// What is run for it.
    pub runs_as: ArmChoice,
    /// Its seeds.
    pub seeds: Seeds,
}

/// One run of the grid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Search space.
    pub space: String,
    /// Search algorithm.
    pub host: String,
    /// What is run.
    pub choice: ArmChoice,
    /// Seed.
    pub seed: u32,
}

impl Grid {
    /// Refuses a grid that names nothing, something twice, or a scale that does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Nothing`] or [`Error::Scale`].
    pub fn check(&self) -> Result<(), Error> {
        let lists = [
            ("spaces", self.spaces.is_empty()),
            ("hosts", self.hosts.is_empty()),
            ("policies", self.policies.is_empty()),
            ("scales of the alpha rate", self.scales.is_empty()),
        ];
        if let Some((what, _)) = lists.into_iter().find(|(_, empty)| *empty) {
            return Err(Error::Nothing { what });
        }
        self.scales.iter().try_for_each(|scale| scale_of(scale).map(|_| ()))
    }

    /// The rows of the table, in the order in which they were named, for so many samples.
    pub fn arms(&self, samples: usize) -> Vec<Arm> {
        let mut arms: Vec<Arm> = Vec::new();
        for space in &self.spaces {
            for host in &self.hosts {
                for (policy, seeds) in &self.policies {
                    for scale in &self.scales {
                        let named = ArmChoice { policy: policy.clone(), scale: scale.clone() };
                        arms.push(Arm {
                            space: space.clone(),
                            host: host.clone(),
                            runs_as: named.canonical(samples),
                            named,
                            seeds: seeds.clone(),
                        });
                    }
                }
            }
        }
        let mut seen = Vec::new();
        arms.retain(|arm| {
            let new = !seen.contains(arm);
            seen.push(arm.clone());
            new
        });
        arms
    }
}

/// Every run that the arms need, once. Seeds are outermost, so that a table of half the runs has
/// something of every arm; within a seed the runs on few samples come first.
pub fn runs(arms: &[Arm], samples: usize) -> Vec<Run> {
    let mut seen = BTreeSet::new();
    let mut runs = Vec::new();
    for arm in arms {
        for seed in arm.seeds.iter() {
            let run = arm.run(seed);
            if seen.insert(run.clone()) {
                runs.push(run);
            }
        }
    }
    let share = |run: &Run| expected_share(&run.choice.policy, samples);
    // Stable: what is equal stays in the order of the table.
    runs.sort_by(|a, b| a.seed.cmp(&b.seed).then(share(a).total_cmp(&share(b))));
    runs
}

impl Arm {
    /// What is run for one of its seeds.
    pub fn run(&self, seed: u32) -> Run {
        let Arm { space, host, runs_as, .. } = self.clone();
        Run { space, host, choice: runs_as, seed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_policies;

    fn grid(policies: &str, scales: &[&str]) -> Grid {
        Grid {
            spaces: vec!["nas-bench-201".to_owned()],
            hosts: vec!["darts".to_owned(), "beta-darts".to_owned()],
            policies: parse_policies(policies, &"0..2".parse().unwrap()).unwrap(),
            scales: scales.iter().map(|&scale| scale.to_owned()).collect(),
        }
    }

    fn order(grid: &Grid) -> Vec<(u32, String, String)> {
        let runs = runs(&grid.arms(1000), 1000);
        runs.into_iter().map(|run| (run.seed, run.choice.policy, run.host)).collect()
    }

    #[test]
    fn seeds_are_outermost_and_few_samples_come_first() {
        let names = order(&grid("full,random:0.5@0..3,random:100", &["none"]));
        let names: Vec<(u32, &str)> = names.iter().map(|(s, p, _)| (*s, p.as_str())).collect();
        let seed = |s| [(s, "random:0.1"), (s, "random:0.5"), (s, "full")];
        let mut expected: Vec<(u32, &str)> = Vec::new();
        for each in [0, 1] {
            expected.extend(seed(each).into_iter().flat_map(|run| [run, run]));
        }
        expected.extend([(2, "random:0.5"), (2, "random:0.5")]);
        assert_eq!(names, expected);
    }

    #[test]
    fn arms_that_are_one_run_are_run_once_and_shown_twice() {
        let grid = grid("full,random:0.5", &["none", "steps"]);
        assert_eq!(grid.arms(1000).len(), 8);
        // `full` is the same at both scales.
        assert_eq!(order(&grid).len(), 2 * 2 * 3);
    }

    #[test]
    fn what_is_named_twice_is_one_arm() {
        let mut grid = grid("full", &["none"]);
        grid.hosts.push("darts".to_owned());
        assert_eq!(grid.arms(1000).len(), 2);
    }

    #[test]
    fn a_grid_of_nothing_and_unknown_scales_are_refused() {
        assert!(grid("full", &["none"]).check().is_ok());
        assert!(grid("full", &["steep"]).check().is_err());
        assert!(grid("full", &[]).check().is_err());
    }
}
