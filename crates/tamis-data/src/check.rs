//! Plain reports for `tamis data stats` and `tamis data check`. Printing is the binary's work.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::duplicates::{Duplicate, Leak, duplicates, leaks};
use crate::findings::{Findings, Tally, list};
use crate::open::load;
use crate::verify::verify;
use crate::watch::Watch;
use crate::{ChannelStatistics, DataConfig, Dataset, Error, ImageShape, Loaded, doubts};

/// What is in a data set.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Name of the data; see [`Loaded::name`].
    pub name: String,
    /// Fingerprint of both splits; see [`Loaded::fingerprint`].
    pub fingerprint: String,
    /// Shape of every image.
    pub shape: ImageShape,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The label that the files use for each class.
    pub file_labels: Vec<u32>,
    /// The training split.
    pub train: SplitStats,
    /// The test split.
    pub test: Option<SplitStats>,
    /// Test images that are in the training split too.
    pub leaks: Vec<Leak>,
}

/// What is in a split.
#[derive(Clone, Debug, Serialize)]
pub struct SplitStats {
    /// Number of samples.
    pub samples: usize,
    /// Number of samples of each class.
    pub class_counts: Vec<usize>,
    /// Mean and deviation of each channel.
    pub channels: ChannelStatistics,
    /// Groups of equal images.
    pub duplicates: Vec<Duplicate>,
}

/// Counts classes, measures channels, finds duplicates.
///
/// # Errors
///
/// As [`Dataset::pixels`].
pub fn stats(loaded: &Loaded) -> Result<Stats, Error> {
    let train = &loaded.train;
    let test = loaded.test.as_ref();
    Ok(Stats {
        name: loaded.name.clone(),
        fingerprint: loaded.fingerprint.clone(),
        shape: train.shape(),
        classes: train.classes().to_vec(),
        file_labels: train.file_labels().to_vec(),
        train: split_stats(train)?,
        test: test.map(split_stats).transpose()?,
        leaks: test.map(|test| leaks(train, test)).unwrap_or_default(),
    })
}

fn split_stats(split: &Dataset) -> Result<SplitStats, Error> {
    Ok(SplitStats {
        samples: split.len(),
        class_counts: split.class_counts(),
        channels: ChannelStatistics::of(split)?,
        duplicates: duplicates(split),
    })
}

/// Everything that is wrong or doubtful about some data, one sentence each.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckReport {
    /// What was checked, as the settings name it.
    pub source: String,
    /// Figures of what could be read. Without those of a split whose images are of several shapes.
    pub stats: Option<Stats>,
    /// How many images of which class could be read, whatever their shapes.
    pub tally: Option<Tally>,
    /// Files that cannot be read, images in both splits, images under two labels. The data should
    /// not be used; [`crate::open`] refuses it for the first of these kinds.
    pub problems: Vec<String>,
    /// Data that can be used and may disappoint; see [`Loaded::warnings`].
    pub warnings: Vec<String>,
    /// Things to know; see [`Loaded::notes`].
    pub notes: Vec<String>,
}

impl CheckReport {
    /// Whether there are no problems.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Reads everything and lists all problems rather than the first.
pub fn check(config: &DataConfig) -> CheckReport {
    check_watched(config, &mut |_| ControlFlow::Continue(()))
}

/// Reads everything and lists all problems rather than the first. `watch` is told how far the reading is;
/// that it broke is listed as a problem, too.
pub fn check_watched(config: &DataConfig, watch: &mut Watch) -> CheckReport {
    let mut findings = Findings::default();
    let loaded = load(config, watch, &mut findings);
    if let Some(loaded) = &loaded {
        let changed = verify(loaded, watch);
        findings.problems.extend(changed);
    }
    let measured = loaded.and_then(|loaded| Some((findings.keep(stats(&loaded))?, loaded)));
    let mut report = CheckReport {
        source: config.source.clone(),
        problems: findings.problems.iter().map(ToString::to_string).collect(),
        notes: findings.notes,
        tally: findings.tally,
        ..CheckReport::default()
    };
    if report.tally.is_some() {
        let text = "equal images are looked for only where all images are of one shape";
        report.notes.push(text.to_owned());
    }
    if let Some((stats, loaded)) = measured {
        report.look_for_copies(&loaded, &stats);
        report.warnings.extend(doubts::of_one_class(config, &loaded.train));
        report.tally.get_or_insert_with(|| stats.tally());
        report.stats = Some(stats);
    }
    report.warnings.extend(report.tally.iter().flat_map(doubts::of_counts));
    report
}

impl Stats {
    fn tally(&self) -> Tally {
        Tally {
            classes: self.classes.clone(),
            train: self.train.class_counts.clone(),
            test: self.test.as_ref().map(|test| test.class_counts.clone()),
        }
    }
}

impl CheckReport {
    fn look_for_copies(&mut self, loaded: &Loaded, stats: &Stats) {
        self.look_for_copies_in("training", &loaded.train, &stats.train);
        if let (Some(test), Some(test_stats)) = (&loaded.test, &stats.test) {
            self.look_for_copies_in("test", test, test_stats);
            self.look_at_leaks(&loaded.train, test, &stats.leaks);
        }
    }

    fn look_for_copies_in(&mut self, name: &str, split: &Dataset, stats: &SplitStats) {
        self.warnings.extend(doubts::of_copies(name, split, &stats.duplicates));
        for Duplicate { ids, classes } in
            stats.duplicates.iter().filter(|copies| copies.classes.len() > 1)
        {
            let samples: Vec<String> = ids.iter().map(|&id| split.sample_name(id)).collect();
            let classes: Vec<String> =
                classes.iter().map(|&class| split.classes()[class as usize].clone()).collect();
            let classes = list(&classes);
            let samples = list(&samples);
            let problem =
                format!("the same {name} image is under the classes {classes}: {samples}");
            self.problems.push(problem);
        }
    }

    fn look_at_leaks(&mut self, train: &Dataset, test: &Dataset, leaks: &[Leak]) {
        for leak in leaks {
            let other = if leak.same_class { "" } else { " under another class" };
            let (in_train, in_test) = (train.sample_name(leak.train), test.sample_name(leak.test));
            self.problems.push(format!(
                "the test image {in_test} is in the training split too{other}: {in_train}"
            ));
        }
    }
}
