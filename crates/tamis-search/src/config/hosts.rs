//! Settings of the search algorithms, a section each, and what they may be.

use serde::{Deserialize, Serialize};
use tamis_training::rules::{
    Rule, is_at_least_one, is_at_least_two, is_below_one, is_not_negative, is_positive,
    refuse_first,
};

use crate::error::Error;

/// The search algorithm, and a section for each that has settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Its name.
    pub name: String,
    /// β-DARTS.
    pub beta_darts: BetaDartsSettings,
    /// P-DARTS.
    pub p_darts: PDartsSettings,
    /// SmoothDARTS, random and adversarial.
    pub sdarts: SdartsSettings,
    /// SGAS.
    pub sgas: SgasSettings,
    /// GDAS.
    pub gdas: GdasSettings,
    /// ENAS.
    pub enas: EnasSettings,
    /// EG-NAS.
    pub eg_nas: EgNasSettings,
    /// GAEA.
    pub gaea: GaeaSettings,
    /// DrNAS.
    pub drnas: DrNasSettings,
    /// ProxylessNAS.
    pub proxyless: ProxylessSettings,
    /// TAS.
    pub tas: TasSettings,
    /// Random search and evolution.
    pub trials: TrialsSettings,
}

impl Default for HostConfig {
    fn default() -> Self {
        HostConfig {
            name: "darts".to_owned(),
            beta_darts: BetaDartsSettings::default(),
            p_darts: PDartsSettings::default(),
            sdarts: SdartsSettings::default(),
            sgas: SgasSettings::default(),
            gdas: GdasSettings::default(),
            enas: EnasSettings::default(),
            eg_nas: EgNasSettings::default(),
            gaea: GaeaSettings::default(),
            drnas: DrNasSettings::default(),
            proxyless: ProxylessSettings::default(),
            tas: TasSettings::default(),
            trials: TrialsSettings::default(),
        }
    }
}

/// Settings of β-DARTS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BetaDartsSettings {
    /// What the weight of the penalty grows to, linearly from 0.
    pub lambda: f64,
}

impl Default for BetaDartsSettings {
    fn default() -> Self {
        BetaDartsSettings { lambda: 50.0 }
    }
}

/// Settings of P-DARTS, each by stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PDartsSettings {
    /// Cells of the supernet.
    pub cells: [usize; 3],
    /// Options of an edge.
    pub options: [usize; 3],
    /// Rate at which skips are dropped when the stage begins.
    pub dropout: [f64; 3],
    /// Skips that the normal cell keeps at most.
    pub max_skips: usize,
}

impl Default for PDartsSettings {
    fn default() -> Self {
        PDartsSettings {
            cells: [5, 11, 17],
            options: [8, 5, 3],
            dropout: [0.0, 0.4, 0.7],
            max_skips: 2,
        }
    }
}

/// Settings of SmoothDARTS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SdartsSettings {
    /// Largest change of a share in the first epoch.
    pub epsilon_start: f64,
    /// What it grows to.
    pub epsilon_end: f64,
    /// Steps of the adversary.
    pub steps: u32,
}

impl Default for SdartsSettings {
    fn default() -> Self {
        SdartsSettings { epsilon_start: 0.03, epsilon_end: 0.3, steps: 7 }
    }
}

/// Settings of SGAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgasSettings {
    /// 1: importance and certainty; 2: stability too.
    pub criterion: u32,
    /// Images by which a batch grows with each decision.
    pub batch_growth: usize,
}

impl Default for SgasSettings {
    fn default() -> Self {
        SgasSettings { criterion: 1, batch_growth: 8 }
    }
}

/// Settings of GDAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GdasSettings {
    /// Temperature of the first epoch.
    pub tau_start: f64,
    /// What it falls to.
    pub tau_end: f64,
}

impl Default for GdasSettings {
    fn default() -> Self {
        GdasSettings { tau_start: 10.0, tau_end: 0.1 }
    }
}

/// Settings of ENAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnasSettings {
    /// Steps of the controller after each epoch's weight steps.
    pub steps: u32,
    /// Architectures that it writes in each.
    pub children: u32,
    /// Learning rate of the controller.
    pub lr: f64,
    /// Weight of the entropy in the reward.
    pub entropy: f64,
    /// What of the baseline stays with each reward.
    pub baseline_decay: f64,
}

impl Default for EnasSettings {
    /// Fewer steps than the published 50 of 20 children, for searches of a tenth of the images.
    fn default() -> Self {
        EnasSettings { steps: 10, children: 5, lr: 1e-3, entropy: 1e-4, baseline_decay: 0.99 }
    }
}

/// Settings of EG-NAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EgNasSettings {
    /// Individuals of a generation.
    pub population: usize,
    /// Generations of a restart.
    pub generations: u32,
    /// Restarts an epoch, each on a batch of its own.
    pub restarts: u32,
    /// Weight of the similarity in the fitness.
    pub similarity: f64,
    /// How far the architecture parameters move towards the best.
    pub step: f64,
}

impl Default for EgNasSettings {
    fn default() -> Self {
        EgNasSettings { population: 50, generations: 1, restarts: 3, similarity: 0.4, step: 0.1 }
    }
}

/// Settings of GAEA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GaeaSettings {
    /// Whether one batch of both levels' samples trains both.
    pub single_level: bool,
}

/// Settings of DrNAS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrNasSettings {
    /// Whether options are dropped and channels widened after half of the epochs.
    pub progressive: bool,
}

/// Settings of ProxylessNAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxylessSettings {
    /// Steps of the weights from one step of the architecture to the next.
    pub interval: u32,
}

impl Default for ProxylessSettings {
    /// A step of each, for searches of few steps; the authors take one of five.
    fn default() -> Self {
        ProxylessSettings { interval: 1 }
    }
}

/// Settings of TAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TasSettings {
    /// Temperature of the first epoch.
    pub tau_start: f64,
    /// What it falls to.
    pub tau_end: f64,
}

impl Default for TasSettings {
    fn default() -> Self {
        TasSettings { tau_start: 5.0, tau_end: 0.1 }
    }
}

/// Settings of searches by trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrialsSettings {
    /// Batches that judge a trial.
    pub batches: u32,
    /// Evolution: the youngest trials that may be parents.
    pub population: usize,
    /// Evolution: how many of them, drawn at random, the parent is the best of.
    pub tournament: usize,
}

impl Default for TrialsSettings {
    fn default() -> Self {
        TrialsSettings { batches: 8, population: 10, tournament: 3 }
    }
}

impl HostConfig {
    /// Refuses values out of range, naming the first.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let HostConfig { sdarts, sgas, gdas, enas, eg_nas, proxyless, trials, .. } = self;
        refuse_first([
            is_not_negative("host.beta_darts.lambda", self.beta_darts.lambda),
            is_not_negative("host.sdarts.epsilon_start", sdarts.epsilon_start),
            is_not_negative("host.sdarts.epsilon_end", sdarts.epsilon_end),
            criterion(sgas.criterion),
            is_positive("host.gdas.tau_start", gdas.tau_start),
            is_positive("host.gdas.tau_end", gdas.tau_end),
            is_at_least_one("host.enas.steps", f64::from(enas.steps)),
            is_at_least_one("host.enas.children", f64::from(enas.children)),
            is_positive("host.enas.lr", enas.lr),
            is_not_negative("host.enas.entropy", enas.entropy),
            is_below_one("host.enas.baseline_decay", enas.baseline_decay),
            is_at_least_two("host.eg_nas.population", eg_nas.population as f64),
            is_at_least_one("host.eg_nas.generations", f64::from(eg_nas.generations)),
            is_at_least_one("host.eg_nas.restarts", f64::from(eg_nas.restarts)),
            is_not_negative("host.eg_nas.similarity", eg_nas.similarity),
            is_positive("host.eg_nas.step", eg_nas.step),
            is_at_least_one("host.proxyless.interval", f64::from(proxyless.interval)),
            is_positive("host.tas.tau_start", self.tas.tau_start),
            is_positive("host.tas.tau_end", self.tas.tau_end),
            is_at_least_one("host.trials.batches", f64::from(trials.batches)),
            is_at_least_two("host.trials.population", trials.population as f64),
            is_at_least_one("host.trials.tournament", trials.tournament as f64),
        ])?;
        stages(&self.p_darts)
    }
}

fn criterion(found: u32) -> Rule {
    Rule::new("host.sgas.criterion", f64::from(found), matches!(found, 1 | 2), "1 or 2")
}

fn stages(settings: &PDartsSettings) -> Result<(), Error> {
    let PDartsSettings { cells, options, dropout, .. } = settings;
    for stage in 0..cells.len() {
        let (cells, options) = (cells[stage] as f64, options[stage] as f64);
        refuse_first([
            Rule::new("host.p_darts.cells", cells, cells >= 3.0, "at least 3 in each stage"),
            is_at_least_one("host.p_darts.options", options),
            is_below_one("host.p_darts.dropout", dropout[stage]),
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_setting_out_of_range_is_named() {
        assert!(HostConfig::default().check().is_ok());
        let refused = |change: fn(&mut HostConfig)| {
            let mut config = HostConfig::default();
            change(&mut config);
            config.check().unwrap_err().to_string()
        };
        assert!(refused(|host| host.sgas.criterion = 3).contains("host.sgas.criterion = 3"));
        assert!(refused(|host| host.gdas.tau_end = 0.0).contains("host.gdas.tau_end"));
        assert!(refused(|host| host.p_darts.cells[2] = 2).contains("host.p_darts.cells = 2"));
        assert!(refused(|host| host.trials.population = 1).contains("host.trials.population"));
    }
}
