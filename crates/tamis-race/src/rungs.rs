//! Which rungs a race has: how long each trains, how many it leaves.

use crate::config::RaceConfig;

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    /// Steps that each candidate is trained.
    pub(crate) steps: u32,
    /// Candidates that run in it.
    pub(crate) enter: usize,
    /// Candidates that go on; of the last rung 1, the winner.
    pub(crate) leave: usize,
}

/// The rungs of so many candidates. One that would drop nobody is left out: it decides nothing.
pub(crate) fn rungs(config: &RaceConfig, candidates: usize) -> Vec<Rung> {
    let leave = config.keep.iter().copied().chain([1]);
    let mut enter = candidates;
    let mut rungs = Vec::with_capacity(config.steps.len());
    let last = config.steps.len() - 1;
    for (number, (&steps, leave)) in config.steps.iter().zip(leave).enumerate() {
        if leave < enter || number == last {
            let leave = leave.min(enter);
            rungs.push(Rung { steps, enter, leave });
            enter = leave;
        }
    }
    rungs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(steps: &[u32], keep: &[usize], candidates: usize) -> Vec<[usize; 3]> {
        let config =
            RaceConfig { steps: steps.to_vec(), keep: keep.to_vec(), ..RaceConfig::default() };
        let rungs = rungs(&config, candidates);
        rungs.iter().map(|rung| [rung.steps as usize, rung.enter, rung.leave]).collect()
    }

    #[test]
    fn every_rung_takes_those_that_the_one_before_left_and_the_last_leaves_one() {
        let found = ladder(&[80, 320, 960], &[8, 3], 24);
        assert_eq!(found, [[80, 24, 8], [320, 8, 3], [960, 3, 1]]);
        assert_eq!(ladder(&[80], &[], 5), [[80, 5, 1]]);
    }

    #[test]
    fn rungs_that_would_drop_nobody_are_left_out_but_the_last() {
        assert_eq!(ladder(&[80, 320, 960], &[8, 3], 8), [[320, 8, 3], [960, 3, 1]]);
        assert_eq!(ladder(&[80, 320, 960], &[8, 3], 3), [[960, 3, 1]]);
        assert_eq!(ladder(&[80, 320], &[8], 1), [[320, 1, 1]], "a winner is trained to be told of");
    }
}
