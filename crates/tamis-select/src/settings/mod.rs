//! Settings of the policies: what does not stand in a policy's name.
//!
//! Every section has defaults and refuses unknown keys. [`Settings::check`] refuses values out of
//! range; [`build`](crate::build) calls it.

mod bdp;
mod dds;
mod infobatch;
mod k_center;

use serde::{Deserialize, Serialize};

pub use bdp::{Balance, BdpMetric, BdpSettings, Keep};
pub use dds::{
    DdsRule, DdsSettings, FurthestSearch, HardnessRule, InitialSubset, LearningRateAfterUpdate,
    Replacement,
};
pub use infobatch::InfobatchSettings;
pub use k_center::{CenterDistance, KCenterSettings};

use crate::Error;
use crate::histogram::DEFAULT_BIN_WIDTH;

/// Settings of all policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Proxy data: width of the histogram's bins in log10 of nats.
    pub bin_width: f64,
    /// Two-tail: share of the chosen that comes from the low end.
    pub beta: f64,
    /// Greedy k-centre.
    pub k_center: KCenterSettings,
    /// DDS-NAS.
    pub dds: DdsSettings,
    /// BDP-style pruning.
    pub bdp: BdpSettings,
    /// InfoBatch.
    pub infobatch: InfobatchSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bin_width: DEFAULT_BIN_WIDTH,
            beta: 0.5,
            k_center: KCenterSettings::default(),
            dds: DdsSettings::default(),
            bdp: BdpSettings::default(),
            infobatch: InfobatchSettings::default(),
        }
    }
}

impl Settings {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], with the key as it stands in a run's settings.
    pub fn check(&self) -> Result<(), Error> {
        require(
            "policy.bin_width",
            self.bin_width,
            (0.001..=100.0).contains(&self.bin_width),
            "0.001 to 100",
        )?;
        require_share("policy.beta", self.beta)?;
        self.dds.check()?;
        self.bdp.check()?;
        self.infobatch.check()
    }
}

/// Refuses a value that does not hold.
fn require(
    key: &'static str,
    found: impl ToString,
    holds: bool,
    expected: &'static str,
) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Setting { key, found: found.to_string(), expected }) }
}

/// Refuses a value outside 0 to 1.
fn require_share(key: &'static str, found: f64) -> Result<(), Error> {
    require(key, found, (0.0..=1.0).contains(&found), "0 to 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    }

    #[test]
    fn a_share_of_easy_images_is_no_mastery_where_it_is_set() {
        let found = refused(|settings| {
            settings.dds.rule = DdsRule::SubsetEasyFraction;
            settings.dds.hardness_rule = HardnessRule::Quantile;
        });
        assert!(found.contains("policy.dds.rule = subset-easy-fraction"), "{found}");
        let mut settings = Settings::default();
        settings.dds.rule = DdsRule::SubsetEasyFraction;
        assert!(settings.check().is_ok());
        (settings.dds.rule, settings.dds.hardness_rule) = (DdsRule::Always, HardnessRule::Quantile);
        assert!(settings.check().is_ok());
        assert!(
            refused(|settings| settings.dds.easy_share = -0.1).contains("policy.dds.easy_share")
        );
    }

    #[test]
    fn the_defaults_pass_their_own_check() {
        assert!(Settings::default().check().is_ok());
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_key() {
        assert_eq!(
            refused(|settings| settings.beta = 1.5),
            "checking the settings: found policy.beta = 1.5, expected 0 to 1"
        );
        let one = refused(|settings| settings.bdp.least_records = 1);
        assert!(one.contains("policy.bdp.least_records = 1"), "{one}");
        assert!(refused(|settings| settings.bin_width = f64::NAN).contains("policy.bin_width"));
        assert!(refused(|settings| settings.dds.leaf_size = 0).contains("policy.dds.leaf_size"));
        assert!(refused(|settings| settings.dds.mastery = 1.1).contains("policy.dds.mastery"));
        assert!(refused(|settings| settings.bdp.keep = 0.0).contains("policy.bdp.keep"));
        let stop = refused(|settings| settings.infobatch.stop = f64::NAN);
        assert!(stop.contains("policy.infobatch.stop"), "{stop}");
        assert!(refused(|settings| settings.infobatch.prune = 1.0).contains("prune"));
    }

    #[test]
    fn settings_read_back_as_they_were_written_and_unknown_keys_are_refused() {
        let text = serde_json::to_string(&Settings::default()).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), Settings::default());
        for text in [r#"{"colour":1}"#, r#"{"bdp":{"kep":0.5}}"#, r#"{"dds":{"rule":"luck"}}"#] {
            assert!(serde_json::from_str::<Settings>(text).is_err(), "{text}");
        }
    }
}
