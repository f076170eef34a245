//! What is measured of a run, by name and unit.

use tamis_space::nas_bench_201::Record as Accuracies;

use crate::seed_result::SeedResult;

/// A figure that every run has, or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Looked up, percent.
    Cifar10Valid12,
    /// Looked up, percent.
    Cifar10Test200,
    /// Looked up, percent.
    Cifar100Test200,
    /// Looked up, percent.
    Imagenet16Test200,
    /// Share of right answers over the architecture batches of the last epoch that had any.
    ArchValAccuracy,
    /// Share of right answers on the test split, of the found architecture trained by a recipe.
    RetrainedAccuracy,
    /// Samples of the search over those of full data.
    SampleRatio,
    /// Multiply-adds, one-off ones included, over those of full data.
    MacsRatio,
    /// Samples passed before the search.
    OneOffSamples,
    /// Multiply-adds before the search.
    OneOffMacs,
    /// Seconds before the search.
    OneOffWallS,
    /// Seconds of the search's steps, and of what finished it.
    WallS,
    /// Most memory of the run's process, bytes.
    PeakRssBytes,
    /// 1 if every edge is decided, else 0.
    Decisive,
    /// Share of the edges that are decided.
    DecidedShare,
    /// 1 if the search ends at the argmax of its initial parameters, else 0.
    InitialArgmax,
    /// 1 if skip or none took over, else 0.
    Collapsed,
    /// 1 if nothing of the input reaches the architecture's output, else 0.
    CutOff,
}

impl Quantity {
    /// The accuracies of a benchmark's table.
    pub const LOOKED_UP: [Quantity; 4] = [
        Quantity::Cifar10Valid12,
        Quantity::Cifar10Test200,
        Quantity::Cifar100Test200,
        Quantity::Imagenet16Test200,
    ];

    /// All, in the order in which they are listed.
    pub const ALL: [Quantity; 18] = [
        Quantity::Cifar10Valid12,
        Quantity::Cifar10Test200,
        Quantity::Cifar100Test200,
        Quantity::Imagenet16Test200,
        Quantity::ArchValAccuracy,
        Quantity::RetrainedAccuracy,
        Quantity::SampleRatio,
        Quantity::MacsRatio,
        Quantity::OneOffSamples,
        Quantity::OneOffMacs,
        Quantity::OneOffWallS,
        Quantity::WallS,
        Quantity::PeakRssBytes,
        Quantity::Decisive,
        Quantity::DecidedShare,
        Quantity::InitialArgmax,
        Quantity::Collapsed,
        Quantity::CutOff,
    ];

    /// Its name, as files have it.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Cifar10Valid12 => "cifar10_valid_12",
            Quantity::Cifar10Test200 => "cifar10_test_200",
            Quantity::Cifar100Test200 => "cifar100_test_200",
            Quantity::Imagenet16Test200 => "imagenet16_test_200",
            Quantity::ArchValAccuracy => "arch_val_accuracy",
            Quantity::RetrainedAccuracy => "retrained_accuracy",
            Quantity::SampleRatio => "sample_ratio",
            Quantity::MacsRatio => "macs_ratio",
            Quantity::OneOffSamples => "one_off_samples",
            Quantity::OneOffMacs => "one_off_macs",
            Quantity::OneOffWallS => "one_off_wall_s",
            Quantity::WallS => "wall_s",
            Quantity::PeakRssBytes => "peak_rss_bytes",
            Quantity::Decisive => "decisive",
            Quantity::DecidedShare => "decided_share",
            Quantity::InitialArgmax => "initial_argmax",
            Quantity::Collapsed => "collapsed",
            Quantity::CutOff => "cut_off",
        }
    }

    /// Whether it is an accuracy: of accuracies the known ones are averaged, of anything else the
    /// mean is unknown as soon as one run's figure is.
    pub fn is_accuracy(self) -> bool {
        let own = [Quantity::ArchValAccuracy, Quantity::RetrainedAccuracy];
        own.contains(&self) || Quantity::LOOKED_UP.contains(&self)
    }

    /// The figure of a run.
    pub fn of(self, run: &SeedResult) -> Option<f64> {
        let outcome = &run.outcome;
        let cost = &outcome.cost;
        let flag = |holds: bool| Some(f64::from(u8::from(holds)));
        let count = |count: Option<u64>| count.map(|count| count as f64);
        match self {
            Quantity::ArchValAccuracy => outcome.arch_val_accuracy(),
            Quantity::RetrainedAccuracy => run.retrained,
            Quantity::SampleRatio => Some(cost.sample_ratio),
            Quantity::MacsRatio => cost.macs_ratio,
            Quantity::OneOffSamples => count(cost.one_off_samples),
            Quantity::OneOffMacs => count(cost.one_off_macs),
            Quantity::OneOffWallS => cost.one_off_wall_s,
            Quantity::WallS => Some(outcome.wall_s()),
            Quantity::PeakRssBytes => count(cost.peak_rss_bytes),
            Quantity::Decisive => flag(outcome.decisive),
            Quantity::DecidedShare => {
                Some(outcome.decided_edges as f64 / outcome.edges.max(1) as f64)
            }
            Quantity::InitialArgmax => flag(outcome.genotype == outcome.initial_genotype),
            Quantity::Collapsed => flag(outcome.collapsed),
            Quantity::CutOff => flag(!outcome.connected),
            _ => self.of_table(run.accuracies.as_ref()?),
        }
    }

    /// The figure of a cell in a benchmark's table, if it is one of those.
    pub fn of_table(self, accuracies: &Accuracies) -> Option<f64> {
        match self {
            Quantity::Cifar10Valid12 => accuracies.cifar10_valid_12,
            Quantity::Cifar10Test200 => accuracies.cifar10_test_200,
            Quantity::Cifar100Test200 => accuracies.cifar100_test_200,
            Quantity::Imagenet16Test200 => accuracies.imagenet16_test_200,
            _ => None,
        }
    }
}
