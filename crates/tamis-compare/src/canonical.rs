//! Which arms are one: a control that equals another policy is run once and shown twice.
//!
//! Also what a policy's text says without running it: whether it needs scores, which policy is its
//! control, and about how much of the data it passes, which only decides what is run first.

use tamis_search::LearningRateScale;
use tamis_select::{Amount, canonical, requirements};

/// What stands before a policy that is to be matched by random samples.
const CONTROL: &str = "random-like:";

/// A policy and the scale of the architecture's learning rate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArmChoice {
    /// The policy, such as `random:0.1`.
    pub policy: String,
    /// `none` or `steps`.
    pub scale: String,
}

impl ArmChoice {
    /// What is run for this choice, the same for all choices that are one run.
    pub fn canonical(&self, samples: usize) -> ArmChoice {
        let policy = canonical(&self.policy, samples);
        // All images take the steps of all images: the scale is 1 either way.
        let scale = if policy == "full" { "none" } else { &self.scale };
        ArmChoice { policy, scale: scale.to_owned() }
    }

    /// What is run for as many random samples as this choice passes; `None` if that is this choice.
    pub fn control(&self, samples: usize) -> Option<ArmChoice> {
        let own = self.canonical(samples);
        let matched: Vec<String> =
            parts(&own.policy).map(|part| format!("{CONTROL}{part}")).collect();
        let named = ArmChoice { policy: matched.join("+"), scale: own.scale.clone() };
        Some(named.canonical(samples)).filter(|control| *control != own)
    }
}

/// Whether any part of a policy needs scores of the samples, and embeddings.
pub(crate) fn needs(policy: &str) -> [bool; 2] {
    requirements(policy).map_or([false; 2], |needed| [needed.needs_scores, needed.needs_embeddings])
}

/// About which share of the samples a policy passes.
pub(crate) fn expected_share(policy: &str, samples: usize) -> f64 {
    let shares = parts(policy).map(|part| {
        let amount = part.rsplit_once(':').and_then(|(_, text)| text.parse::<Amount>().ok());
        amount.map_or(1.0, |amount| amount.of(samples) as f64 / samples as f64)
    });
    shares.product::<f64>().min(1.0)
}

fn parts(policy: &str) -> impl Iterator<Item = &str> {
    policy.split('+')
}

/// The scale with this name.
pub(crate) fn scale_of(name: &str) -> Result<LearningRateScale, crate::error::Error> {
    match name {
        "none" => Ok(LearningRateScale::None),
        "steps" => Ok(LearningRateScale::Steps),
        _ => Err(crate::error::Error::Scale { found: name.chars().take(40).collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_follows_the_amounts() {
        let share = |policy: &str| expected_share(policy, 1000);
        assert_eq!((share("full"), share("random:0.1"), share("random:250")), (1.0, 0.1, 0.25));
        assert_eq!((share("random-like:proxy:0.5"), share("random:0.5+bdp")), (0.5, 0.5));
    }

    #[test]
    fn scores_are_needed_where_any_part_needs_them() {
        for policy in ["proxy:0.1", "random:0.5+proxy-p2:0.1", "two-tail:0.1"] {
            assert!(needs(policy)[0], "{policy}");
        }
        assert!(!needs("full")[0] && !needs("random:0.5+full")[0]);
    }

    #[test]
    fn the_scale_of_the_alpha_rate_makes_no_second_run_on_all_images() {
        let choice = |policy: &str, scale: &str| ArmChoice {
            policy: policy.to_owned(),
            scale: scale.to_owned(),
        };
        assert_eq!(choice("full", "steps").canonical(100), choice("full", "none"));
        let fewer = choice("random:0.1", "steps");
        assert_eq!(fewer.canonical(100), fewer);
    }

    #[test]
    fn a_control_is_like_every_part_and_has_no_control() {
        let control = |policy: &str| {
            let choice = ArmChoice { policy: policy.to_owned(), scale: "none".to_owned() };
            choice.control(1000).map(|control| control.policy)
        };
        for (policy, expected) in [
            ("infobatch", Some("random-like:infobatch")),
            ("proxy:100", Some("random:0.1")),
            ("proxy:0.3+bdp", Some("random:0.3+random-like:bdp")),
            ("random:0.3+bdp", Some("random:0.3+random-like:bdp")),
            ("random-like:infobatch", None),
            ("random:0.3+random-like:bdp", None),
            ("random:0.1", None),
            ("full", None),
        ] {
            assert_eq!(control(policy).as_deref(), expected, "{policy}");
        }
    }

    #[test]
    fn an_arm_that_equals_another_runs_as_that() {
        let choice =
            |policy: &str| ArmChoice { policy: policy.to_owned(), scale: "none".to_owned() };
        assert_eq!(choice("random-like:proxy:100").canonical(1000), choice("random:0.1"));
    }
}
