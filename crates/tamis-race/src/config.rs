//! Settings of a race.

use serde::{Deserialize, Serialize};
use tamis_training::rules::{
    is_at_least_two, is_below_one, is_not_negative, is_positive, refuse_first,
};

use crate::score::Score;

/// Section `race`: which candidates, how large their networks are, how long they train, what decides.
///
/// The defaults are SGD with Nesterov's momentum and batches of 32; 60 steps in which the rate rises and
/// then falls along a cosine, the better five again, 120 steps, and the better two, 240 steps. A network
/// has the depth that its space's authors judge it at, and a quarter of their channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RaceConfig {
    /// Who runs: a text as `neighbours`, `random:24`; see [`Proposal`](crate::Proposal).
    pub candidates: String,
    /// Channels of the first stage or cell; absent is a quarter of those by which the space's authors judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Cells, as the space counts them; absent is as many as the space's authors judge by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<usize>,
    /// Steps of each rung, ascending. Every rung trains its candidates from the beginning.
    pub steps: Vec<u32>,
    /// Candidates that each rung but the last leaves, descending.
    pub keep: Vec<usize>,
    /// What decides who goes on.
    pub score: Score,
    /// Images that are held out of the training images for it.
    pub held_out: usize,
    /// Images a batch.
    pub batch: usize,
    /// Highest learning rate.
    pub lr: f64,
    /// Steps in which it first rises to the highest, along a line; then it falls to 0 along a cosine.
    pub warm_up_steps: u32,
    /// Momentum of SGD, by Nesterov's rule.
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Largest Euclidean norm of the gradient; 0 is no limit.
    pub clip_norm: f64,
}

impl Default for RaceConfig {
    fn default() -> RaceConfig {
        RaceConfig {
            candidates: "neighbours".to_owned(),
            channels: None,
            cells: None,
            steps: vec![60, 120, 240],
            keep: vec![5, 2],
            score: Score::TrainingLoss,
            held_out: 0,
            batch: 32,
            lr: 0.1,
            warm_up_steps: 10,
            momentum: 0.9,
            weight_decay: 5e-4,
            clip_norm: 5.0,
        }
    }
}

impl RaceConfig {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`tamis_training::Error::Setting`].
    pub fn check(&self) -> Result<(), tamis_training::Error> {
        refuse_first([
            is_at_least_two("race.batch", self.batch as f64),
            is_positive("race.lr", self.lr),
            is_below_one("race.momentum", self.momentum),
            is_not_negative("race.weight_decay", self.weight_decay),
            is_not_negative("race.clip_norm", self.clip_norm),
        ])?;
        let shortest = self.steps.first().copied().unwrap_or(0);
        let rises = self.steps.windows(2).all(|pair| pair[0] < pair[1]);
        let falls = self.keep.windows(2).all(|pair| pair[0] > pair[1]);
        let least = self.keep.last().copied().unwrap_or(2);
        let holds_out = !self.score.is_held_out() || self.held_out >= 2;
        let rules = [
            (
                "race.steps",
                format!("{:?}", self.steps),
                shortest > self.warm_up_steps && rises,
                "numbers that rise, the first above race.warm_up_steps",
            ),
            (
                "race.keep",
                format!("{:?}", self.keep),
                self.keep.len() + 1 == self.steps.len() && falls && least > 1,
                "numbers that fall, above 1, one fewer than race.steps",
            ),
            (
                "race.held_out",
                self.held_out.to_string(),
                holds_out,
                "at least 2 images where race.score is of held-out images",
            ),
        ];
        match rules.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((key, found, _, expected)) => {
                Err(tamis_training::Error::Setting { key, found, expected })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(change: impl FnOnce(&mut RaceConfig)) -> String {
        let mut config = RaceConfig::default();
        change(&mut config);
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_hold_and_what_makes_no_ladder_is_named() {
        RaceConfig::default().check().unwrap();
        assert!(told(|config| config.steps = vec![]).contains("found race.steps = []"));
        assert!(told(|config| config.steps = vec![80, 80]).contains("[80, 80]"));
        assert!(told(|config| config.steps = vec![10, 80]).contains("above race.warm_up_steps"));
        assert!(told(|config| config.keep = vec![8]).contains("one fewer than race.steps"));
        assert!(told(|config| config.keep = vec![5, 1]).contains("found race.keep = [5, 1]"));
        assert!(told(|config| config.score = Score::HeldOutLoss).contains("race.held_out = 0"));
        assert!(told(|config| config.lr = f64::NAN).contains("race.lr"));
    }

    #[test]
    fn a_single_rung_keeps_nobody() {
        let config = RaceConfig { steps: vec![50], keep: Vec::new(), ..RaceConfig::default() };
        config.check().unwrap();
    }
}
