//! Proxy Data against the published CIFAR-10 entropies.
//!
//! The expected figures were computed from the published list by the published rules; the
//! normalised bin mass is also what an independent re-run of the published code logged. The list
//! is read from the folder `TAMIS_DATA`; without it these tests are skipped.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use tamis_core::SampleId;
use tamis_select::histogram::{DEFAULT_BIN_WIDTH, Histogram, Weighting};
use tamis_select::{Context, Pool, ScoreRow, ScoreTable, build};

const LIST: &str = "proxy-entropy/cifar10_resnet20_index_entropy_class.txt.gz";
const SEEDS: u64 = 20;

/// The published scores with the pool of CIFAR-10's labels that they carry.
struct Published {
    pool: Arc<Pool>,
    scores: Arc<ScoreTable>,
    entropies: Vec<f64>,
}

static PUBLISHED: LazyLock<Option<Published>> = LazyLock::new(read);

#[expect(clippy::print_stderr, clippy::expect_used, reason = "a skipped test says so")]
fn read() -> Option<Published> {
    let Ok(folder) = std::env::var("TAMIS_DATA") else {
        eprintln!("skipped: TAMIS_DATA is not set");
        return None;
    };
    let packed = std::fs::read(Path::new(&folder).join(LIST)).expect("TAMIS_DATA holds the list");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let scores = ScoreTable::parse_published(&text).unwrap();
    let labels = scores.rows().iter().map(|row| row.class).collect();
    let pool = Arc::new(Pool::new(labels, 10).unwrap());
    let entropies = scores.aligned(&pool).unwrap();
    Some(Published { pool, scores: Arc::new(scores), entropies })
}

impl Published {
    fn histogram(&self) -> Histogram {
        Histogram::new(&self.entropies, DEFAULT_BIN_WIDTH).unwrap()
    }

    /// The samples that a policy chooses with this seed, both levels together.
    fn chosen(&self, spec: &str, seed: u64) -> Vec<SampleId> {
        let scores = Some(self.scores.clone());
        let context = Context { scores, ..Context::new(self.pool.clone(), seed, 50) };
        let plan = build(spec, &context).unwrap().plan(0).unwrap();
        assert_eq!(plan.weight.len(), plan.arch.len());
        [plan.weight, plan.arch].concat()
    }

    /// Counts of chosen samples by `group`, mean over the seeds.
    fn mean_counts(
        &self,
        spec: &str,
        groups: usize,
        group: impl Fn(SampleId) -> usize,
    ) -> Vec<f64> {
        let mut counts = vec![0.0; groups];
        for seed in 0..SEEDS {
            for id in self.chosen(spec, seed) {
                counts[group(id)] += 1.0 / SEEDS as f64;
            }
        }
        counts
    }

    fn mean_class_counts(&self, spec: &str) -> Vec<f64> {
        self.mean_counts(spec, 10, |id| self.pool.label(id) as usize)
    }
}

#[test]
fn the_histogram_of_cifar_10_has_the_published_edges_and_counts() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    let histogram = published.histogram();
    let edges = histogram.edges();
    assert_eq!((edges.len(), edges[0], edges[43]), (44, -21.0, 0.5));
    let expected = [
        1, 0, 0, 0, 0, 0, 1, 3, 3, 4, 6, 15, 11, 27, 40, 62, 131, 168, 288, 373, 495, 602, 874,
        1057, 1332, 1674, 1940, 2260, 2468, 2655, 2831, 3088, 2989, 3276, 3408, 3439, 3442, 3239,
        2892, 2329, 1600, 949, 28,
    ];
    assert_eq!(histogram.counts(), expected);
}

#[test]
fn the_p1_mass_of_cifar_10_is_the_published_one() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    let mass = published.histogram().mass(Weighting::P1);
    let expected_from_9 = [
        0.0425, 0.0425, 0.0424, 0.0425, 0.0423, 0.0421, 0.0418, 0.0410, 0.0405, 0.0390, 0.0380,
        0.0365, 0.0351, 0.0318, 0.0295, 0.0261, 0.0219, 0.0186, 0.0146, 0.0121, 0.0097, 0.0076,
        0.0044, 0.0056, 0.0021, 0.0004, 0.0000, 0.0000, 0.0025, 0.0068, 0.0138, 0.0228, 0.0309,
        0.0422,
    ];
    let few = [0.0426, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0426, 0.0426, 0.0426];
    for (bin, (found, expected)) in mass.iter().zip(few.iter().chain(&expected_from_9)).enumerate()
    {
        assert!((found - expected).abs() < 1e-4, "bin {bin}: found {found}, expected {expected}");
    }
}

#[test]
fn a_fifth_by_p1_has_the_published_share_of_hard_images() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    let histogram = published.histogram();
    let counts =
        published.mean_counts("proxy:0.2", 43, |id| histogram.bin(published.entropies[id.index()]));
    // 2,310 of 10,000 in the one run that was published.
    let hard: f64 = counts[37..].iter().sum();
    assert!((hard - 2_310.0).abs() < 60.0, "{hard}");
    assert!((counts.iter().sum::<f64>() - 10_000.0).abs() < 1e-6);
}

#[test]
fn a_tenth_by_p1_includes_the_expected_share_of_every_bin() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    let histogram = published.histogram();
    let bin = |id: SampleId| histogram.bin(published.entropies[id.index()]);
    let counts = published.mean_counts("proxy:0.1", 43, bin);
    let share = |bin: usize| counts[bin] / histogram.counts()[bin] as f64;
    let expected = [
        (16, 0.988),
        (17, 0.968),
        (18, 0.856),
        (19, 0.766),
        (20, 0.651),
        (22, 0.405),
        (25, 0.170),
        (30, 0.037),
        (35, 0.0),
        (36, 0.0),
        (39, 0.081),
        (40, 0.184),
        (41, 0.371),
        (42, 1.0),
    ];
    for (bin, expected) in expected {
        let found = share(bin);
        assert!((found - expected).abs() < 0.02, "bin {bin}: found {found}, expected {expected}");
    }
    for bin in (0..=15).filter(|&bin| histogram.counts()[bin] > 0) {
        assert!(share(bin) > 0.98, "bin {bin}: found {}, expected all", share(bin));
    }
}

#[test]
fn a_tenth_by_p1_has_the_known_imbalance_of_classes() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    let expected = [294.0, 601.0, 631.0, 396.0, 536.0, 419.0, 630.0, 470.0, 463.0, 559.0];
    let found = published.mean_class_counts("proxy:0.1");
    for (class, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 15.0, "class {class}: {found}, expected {expected}");
    }
}

#[test]
fn a_tenth_by_p2_and_p3_has_the_known_range_of_classes() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    for (spec, least, most) in [("proxy-p2:0.1", 399.0, 584.0), ("proxy-p3:0.1", 308.0, 640.0)] {
        let found = published.mean_class_counts(spec);
        let range = found.iter().fold((f64::MAX, 0.0), |(low, high): (f64, f64), &count| {
            (low.min(count), high.max(count))
        });
        assert!(
            (range.0 - least).abs() < 15.0 && (range.1 - most).abs() < 15.0,
            "{spec} {found:?}"
        );
    }
}

#[test]
fn two_tails_meet_nothing_of_the_middle() {
    let Some(published) = PUBLISHED.as_ref() else { return };
    let mut sorted = published.entropies.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let chosen = published.chosen("two-tail:0.1", 0);
    let low = chosen.iter().filter(|id| published.entropies[id.index()] <= sorted[2_499]).count();
    let high = chosen.iter().filter(|id| published.entropies[id.index()] >= sorted[47_500]).count();
    assert_eq!((low, high), (2_500, 2_500));
}

/// The notes and figures of a choice by these entropies.
fn told(entropies: impl Iterator<Item = f64>) -> tamis_select::Report {
    let rows =
        (0..).zip(entropies).map(|(id, score)| ScoreRow { id: SampleId(id), class: 0, score });
    let rows: Vec<ScoreRow> = rows.collect();
    let pool = Arc::new(Pool::new(vec![0; rows.len()], 1).unwrap());
    let scores = Some(Arc::new(ScoreTable::new(rows).unwrap()));
    let context = Context { scores, ..Context::new(pool, 1, 10) };
    let mut policy = build("proxy:0.1", &context).unwrap();
    policy.plan(0).unwrap();
    policy.report()
}

#[test]
fn entropies_of_a_short_training_are_warned_of_and_those_of_a_long_one_are_not() {
    // Half a decade apart: a bin each.
    let spread =
        |bins: i32| (0..1000).map(move |id| 10_f64.powf(-0.5 * f64::from(id % bins) - 0.1));
    let short = told(spread(7));
    assert_eq!((short.metrics["filled_bins"], short.metrics["decades"]), (7.0, 3.5));
    assert!(short.notes[0].contains("fill 7 bins") && short.notes[0].contains("score.epochs"));
    assert!(told(spread(20)).notes.is_empty());
    assert_eq!(told(spread(19)).notes.len(), 1);
}
