//! `proxy:0.1`, `proxy-p2:0.1`, `proxy-p3:0.1`: few samples of common entropy, many of rare.
//!
//! Na, Mok, Choe and Yoon, Accelerating Neural Architecture Search via Proxy Data, IJCAI 2021. The
//! score is the entropy of a trained classifier's output on each training image without
//! augmentation. P_j(x) = W_j(b) / n_b over the histogram of log10 entropies, normalised, with
//! W_1 = max n - n_b + 1, W_2 = 1, W_3 = 1 / n_b; samples are drawn successively without
//! replacement. There is no class balancing, as published.
//!
//! Differences: those of `histogram`; the draw is made by sample keys, which has the same
//! distribution; the number is not rounded to thousands on ImageNet.

use tamis_core::{Key, SampleId};

use super::fixed::Fixed;
use super::{Argument, Entry, Request, Scores};
use crate::histogram::{Histogram, Weighting};
use crate::report::{Report, Why};
use crate::{Error, Policy, draw};

pub(super) const P1: Entry = entry(
    "proxy",
    "Proxy Data, P1: samples of rare entropy preferred (the paper's choice)",
    |request| build(request, Weighting::P1),
);

pub(super) const P2: Entry =
    entry("proxy-p2", "Proxy Data, P2: all entropies preferred alike", |request| {
        build(request, Weighting::P2)
    });

pub(super) const P3: Entry =
    entry("proxy-p3", "Proxy Data, P3: samples of the rarest entropy preferred most", |request| {
        build(request, Weighting::P3)
    });

const fn entry(
    name: &'static str,
    summary: &'static str,
    build: fn(&Request<'_>) -> Result<Box<dyn Policy>, Error>,
) -> Entry {
    Entry {
        name,
        summary,
        argument: Argument::Amount,
        scores: Some(Scores::Of("entropy")),
        needs_embeddings: false,
        needs_search: false,
        is_balanced: false,
        build,
    }
}

fn build(request: &Request<'_>, weighting: Weighting) -> Result<Box<dyn Policy>, Error> {
    let count = request.count()?;
    let scores = request.scores()?;
    let width = request.settings().bin_width;
    let chosen = drawn(&scores, width, weighting, count, request.key())?;
    Ok(Fixed::telling(request, &chosen, range(request, &scores)?))
}

/// Bins below which the histogram tells few entropies apart. The published scores of CIFAR-10, of a
/// network trained for 200 epochs, fill 38 of 43 over 21.5 decades.
const FEW_BINS: usize = 20;

/// How far the entropies reach, and a warning where they do not reach far.
pub(super) fn range(request: &Request<'_>, scores: &[(SampleId, f64)]) -> Result<Report, Error> {
    let entropies: Vec<f64> = scores.iter().map(|(_, entropy)| *entropy).collect();
    let (bins, decades) = Histogram::new(&entropies, request.settings().bin_width)?.filled();
    let mut report = Report::default();
    report.metrics.insert("filled_bins".to_owned(), bins as f64);
    report.metrics.insert("decades".to_owned(), decades);
    if bins < FEW_BINS {
        report.notes.push(format!(
            "`{}`: the entropies fill {bins} bins of the histogram over {decades:.1} decades, where the \
             paper's fill 38 over 21.5: below {FEW_BINS} the choice is hardly that of the paper; a \
             scorer that trains for more epochs (score.epochs) reaches further",
            request.spec()
        ));
    }
    Ok(report)
}

/// `count` of the samples, drawn by the histogram of their own entropies, ascending by id.
pub(super) fn drawn(
    scores: &[(SampleId, f64)],
    bin_width: f64,
    weighting: Weighting,
    count: usize,
    key: Key,
) -> Result<Vec<(SampleId, Why)>, Error> {
    let entropies: Vec<f64> = scores.iter().map(|(_, entropy)| *entropy).collect();
    let histogram = Histogram::new(&entropies, bin_width)?;
    let probabilities = histogram.probabilities(weighting);
    let weights: Vec<(SampleId, f64)> =
        scores.iter().map(|&(id, entropy)| (id, probabilities[histogram.bin(entropy)])).collect();
    let drawn = draw::successive(&weights, count, key);
    // Both are ascending by id.
    let mut rest = scores.iter();
    let found = drawn.into_iter().filter_map(|drawn| rest.find(|(id, _)| *id == drawn));
    Ok(found.map(|&(id, score)| (id, Why::Bin { bin: histogram.bin(score), score })).collect())
}
