//! What is truly known of the samples picked: the columns of the table.

use std::fmt::{Display, Formatter, Result};

use tamis::core::SampleId;
use tamis::data::{Dataset, Truth};

/// What a policy's samples are, and so many they are. Shares are of them, in percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    images: f64,
    hard: f64,
    easy: f64,
    wrong: f64,
    /// Samples of the largest class, by the labels given, over those of the smallest.
    imbalance: f64,
}

impl Shares {
    /// Of these samples. A quarter is one of all samples of the data by difficulty.
    pub(crate) fn of(ids: &[SampleId], train: &Dataset) -> Shares {
        let truth = train.truth().unwrap_or_default();
        let (low, high) = quartiles(truth);
        let share = |is: &dyn Fn(&Truth) -> bool| {
            let found = ids.iter().filter(|id| is(&truth[id.index()])).count();
            100.0 * found as f64 / ids.len() as f64
        };
        Shares {
            images: ids.len() as f64,
            hard: share(&|truth| truth.difficulty >= high),
            easy: share(&|truth| truth.difficulty < low),
            wrong: share(&|truth| truth.mislabelled),
            imbalance: imbalance(ids, train),
        }
    }

    /// The mean of several.
    pub(crate) fn mean(all: &[Shares]) -> Shares {
        let mean = |of: fn(&Shares) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        Shares {
            images: mean(|shares| shares.images),
            hard: mean(|shares| shares.hard),
            easy: mean(|shares| shares.easy),
            wrong: mean(|shares| shares.wrong),
            imbalance: mean(|shares| shares.imbalance),
        }
    }
}

impl Display for Shares {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let Shares { images, hard, easy, wrong, imbalance } = self;
        write!(out, "{images:.0} | {hard:.1} % | {easy:.1} % | {wrong:.1} % | {imbalance:.2}")
    }
}

/// The difficulties below which a quarter and three quarters of the samples are.
fn quartiles(truth: &[Truth]) -> (f64, f64) {
    let mut difficulties: Vec<f64> = truth.iter().map(|truth| truth.difficulty).collect();
    difficulties.sort_by(f64::total_cmp);
    let at = |quarters: usize| difficulties.get(quarters * truth.len() / 4).copied();
    (at(1).unwrap_or_default(), at(3).unwrap_or_default())
}

fn imbalance(ids: &[SampleId], train: &Dataset) -> f64 {
    let mut counts = vec![0_usize; train.classes().len()];
    ids.iter().for_each(|id| counts[train.labels()[id.index()] as usize] += 1);
    let (most, least) = (counts.iter().max(), counts.iter().min());
    most.map_or(0.0, |&most| most as f64) / least.map_or(1.0, |&least| least.max(1) as f64)
}
