//! The rows of the tables that people read: the same words and figures in text and in Markdown.
//!
//! `?` is a figure that is not known, `-` one that there is not.

use tamis::compare::{ArmResult, Block, Difference, Quantity, SeedResult, Summary, Unsearched};

use crate::cli::table::thousands;

/// A table: its header and its rows, all of one width.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The columns of differences.
pub(super) const VS_RANDOM_LIKE: &str = "vs random-like";
pub(super) const VS_FULL_STEPS: &str = "vs full-steps";

/// What there is none of.
pub(super) const NONE: &str = "-";

/// What is not known.
const UNKNOWN: &str = "?";

/// What a block is about, in one line.
pub(super) fn heading(block: &Block) -> String {
    let setup = &block.key.setup;
    let data = block.data.as_deref().unwrap_or("data");
    let mut text = format!(
        "{}, channels {}, cells {}; {data}, {} images; epochs {}, batch {}, alpha rate {}",
        block.space,
        setup.channels,
        setup.cells,
        thousands(block.samples as u64),
        block.key.epochs,
        setup.batch,
        setup.alpha_lr
    );
    for (key, value) in &setup.settings {
        text += &format!("; {key} {value}");
    }
    text
}

/// What a reader of the accuracies must know: of which data they are, if it is not the searched one.
pub(super) fn note(block: &Block) -> Option<String> {
    let data = block.found_elsewhere()?;
    Some(format!(
        "note: the cells were found on {data}; the accuracies are the benchmark's, of the same cells \
         trained on CIFAR-10"
    ))
}

/// How much the cells of differences say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Mean and deviation, and in how many seeds the arm is better.
    Brief,
    /// The median, too, in words.
    Full,
}

/// One row an arm, then what no search gives.
pub(super) fn summaries(block: &Block, detail: Detail) -> Table {
    let accuracies = shown(block);
    let mut header: Vec<String> = ["host", "policy", "alpha rate", "n"].map(str::to_owned).to_vec();
    header.extend(accuracies.iter().map(|quantity| quantity.name().to_owned()));
    let others = [
        "median",
        VS_RANDOM_LIKE,
        VS_FULL_STEPS,
        "samples",
        "multiply-adds",
        "one-off samples",
        "seconds",
        "memory",
        "speed-up samples",
        "speed-up seconds",
        "decisive",
        "initial",
        "collapsed",
        "cut off",
    ];
    header.extend(others.map(str::to_owned));
    let mut rows: Vec<Vec<String>> =
        block.arms.iter().map(|arm| arm_row(block, arm, detail)).collect();
    rows.extend(block.unsearched.iter().map(|row| unsearched_row(row, &accuracies, header.len())));
    Table { header, rows }
}

/// The accuracies that people compare; the last is the one that counts.
fn shown(block: &Block) -> Vec<Quantity> {
    let others = [Quantity::Cifar100Test200, Quantity::Imagenet16Test200];
    block.accuracies().into_iter().filter(|quantity| !others.contains(quantity)).collect()
}

/// The accuracy that counts.
pub(super) fn counted(block: &Block) -> Quantity {
    shown(block).last().copied().unwrap_or(Quantity::ArchValAccuracy)
}

fn arm_row(block: &Block, arm: &ArmResult, detail: Detail) -> Vec<String> {
    let summary = |quantity| arm.summary(quantity);
    let (finished, planned) = (arm.runs.len(), arm.arm.seeds.len());
    let n =
        if finished == planned { finished.to_string() } else { format!("{finished} of {planned}") };
    let mut row = names(arm);
    row.push(n);
    row.extend(
        shown(block).into_iter().map(|quantity| accuracy(quantity, summary(quantity), finished)),
    );
    let counts = counted(block);
    let times = |ratio: Option<f64>| ratio.map_or(NONE.to_owned(), |ratio| format!("{ratio:.2}x"));
    row.extend([
        summary(counts).map_or(NONE.to_owned(), |found| percent(counts, found.median)),
        difference(counts, block.difference(arm, counts), detail),
        difference(counts, block.steps_difference(arm, counts), detail),
        cost(arm, Quantity::SampleRatio, |mean| format!("{mean:.3}")),
        cost(arm, Quantity::MacsRatio, |mean| format!("{mean:.3}")),
        cost(arm, Quantity::OneOffSamples, |mean| thousands(mean as u64)),
        cost(arm, Quantity::WallS, |mean| format!("{mean:.1}")),
        cost(arm, Quantity::PeakRssBytes, |mean| format!("{:.0} MB", mean / 1e6)),
        times(arm.speed_up_samples()),
        times(block.speed_up_wall(arm)),
        cost(arm, Quantity::Decisive, share),
        cost(arm, Quantity::InitialArgmax, share),
        cost(arm, Quantity::Collapsed, share),
        cost(arm, Quantity::CutOff, share),
    ]);
    row
}

/// The mean of a quantity over the runs of an arm.
fn cost(arm: &ArmResult, quantity: Quantity, show: fn(f64) -> String) -> String {
    match arm.summary(quantity) {
        Some(found) => show(found.mean),
        None if arm.runs.is_empty() => NONE.to_owned(),
        None => UNKNOWN.to_owned(),
    }
}

fn share(mean: f64) -> String {
    format!("{:.0} %", 100.0 * mean)
}

/// Host, policy and scale as they were named, with what was run for them if that has another name.
fn names(arm: &ArmResult) -> Vec<String> {
    let (named, runs_as) = (&arm.arm.named, &arm.arm.runs_as);
    let both = |named: &str, runs_as: &str| {
        if named == runs_as { named.to_owned() } else { format!("{named} (= {runs_as})") }
    };
    vec![
        arm.arm.host.clone(),
        both(&named.policy, &runs_as.policy),
        both(&named.scale, &runs_as.scale),
    ]
}

/// Mean and its interval, then what a single cell that is cut off does not decide.
fn difference(quantity: Quantity, found: Option<Difference>, detail: Detail) -> String {
    let Some(Difference { summary, better }) = found else { return NONE.to_owned() };
    let interval = summary.interval().map_or(String::new(), |(lower, upper)| {
        format!(" [{}, {}]", signed(quantity, lower), signed(quantity, upper))
    });
    let mean = format!("{}{interval}", signed(quantity, summary.mean));
    if detail == Detail::Brief {
        return format!("{mean} ({better}/{})", summary.n);
    }
    let median = signed(quantity, summary.median);
    format!("{mean}, median {median}, better in {better} of {}", summary.n)
}

/// A difference in percent with its sign.
fn signed(quantity: Quantity, value: f64) -> String {
    let text = percent(quantity, value);
    if value < 0.0 { text } else { format!("+{text}") }
}

fn accuracy(quantity: Quantity, summary: Option<Summary>, runs: usize) -> String {
    match summary {
        None => NONE.to_owned(),
        Some(found) if found.n == runs => spread(quantity, found),
        Some(found) => format!("{} (n {})", spread(quantity, found), found.n),
    }
}

fn spread(quantity: Quantity, found: Summary) -> String {
    let deviation = found.deviation.map(|deviation| percent(quantity, deviation));
    let mean = percent(quantity, found.mean);
    deviation.map_or(mean.clone(), |deviation| format!("{mean} ± {deviation}"))
}

/// An accuracy in percent, as people read it.
pub(super) fn percent(quantity: Quantity, value: f64) -> String {
    format!("{:.2}", in_percent(quantity, value))
}

/// An accuracy in percent: looked-up ones are already.
pub(super) fn in_percent(quantity: Quantity, value: f64) -> f64 {
    match quantity {
        Quantity::ArchValAccuracy | Quantity::RetrainedAccuracy => 100.0 * value,
        _ => value,
    }
}

fn unsearched_row(row: &Unsearched, accuracies: &[Quantity], width: usize) -> Vec<String> {
    let counts = accuracies.last().and_then(|quantity| row.summaries.get(quantity));
    let n = counts.map_or(NONE.to_owned(), |found| thousands(found.n as u64));
    let mut cells = vec!["no search".to_owned(), row.name.to_owned(), NONE.to_owned(), n];
    cells.extend(accuracies.iter().map(|quantity| {
        let found = row.summaries.get(quantity);
        found.map_or(NONE.to_owned(), |found| spread(*quantity, *found))
    }));
    cells.push(counts.map_or(NONE.to_owned(), |found| format!("{:.2}", found.median)));
    cells.resize(width, NONE.to_owned());
    cells
}

/// One row a run: every value.
pub(super) fn values(block: &Block) -> Table {
    let accuracies = block.accuracies();
    let mut header: Vec<String> =
        ["host", "policy", "alpha rate", "seed"].map(str::to_owned).to_vec();
    header.extend(accuracies.iter().map(|quantity| quantity.name().to_owned()));
    let others = [
        "samples",
        "multiply-adds",
        "seconds",
        "memory",
        "decided edges",
        "initial",
        "collapsed",
        "cut off",
        "architecture",
    ];
    header.extend(others.map(str::to_owned));
    let rows = block.arms.iter().flat_map(|arm| value_rows(arm, &accuracies)).collect();
    Table { header, rows }
}

fn value_rows(arm: &ArmResult, accuracies: &[Quantity]) -> Vec<Vec<String>> {
    arm.runs.iter().map(|run| value_row(arm, run, accuracies)).collect()
}

fn value_row(arm: &ArmResult, run: &SeedResult, accuracies: &[Quantity]) -> Vec<String> {
    let unknown = || UNKNOWN.to_owned();
    let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
    let outcome = &run.outcome;
    let cost = &outcome.cost;
    let mut cells = names(arm);
    cells.push(run.seed.to_string());
    cells.extend(accuracies.iter().map(|&quantity| {
        quantity.of(run).map_or(NONE.to_owned(), |value| percent(quantity, value))
    }));
    cells.extend([
        format!("{:.3}", cost.sample_ratio),
        cost.macs_ratio.map_or_else(unknown, |ratio| format!("{ratio:.3}")),
        format!("{:.1}", outcome.wall_s()),
        cost.peak_rss_bytes.map_or_else(unknown, |bytes| format!("{:.0} MB", bytes as f64 / 1e6)),
        format!("{} of {}", outcome.decided_edges, outcome.edges),
        yes(outcome.genotype == outcome.initial_genotype),
        yes(outcome.collapsed),
        yes(!outcome.connected),
        outcome.genotype.clone(),
    ]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_signs_and_says_in_how_many_seeds_it_is_one() {
        let summary = Summary { n: 5, mean: -0.5, deviation: Some(1.25), median: 0.0 };
        let found = Some(Difference { summary, better: 2 });
        let full = |quantity, found| difference(quantity, found, Detail::Full);
        assert_eq!(
            full(Quantity::Cifar10Test200, found),
            "-0.50 [-2.05, +1.05], median +0.00, better in 2 of 5"
        );
        assert_eq!(
            difference(Quantity::Cifar10Test200, found, Detail::Brief),
            "-0.50 [-2.05, +1.05] (2/5)"
        );
        assert_eq!(full(Quantity::Cifar10Test200, None), "-");
        let summary = Summary { n: 1, mean: 0.01, deviation: None, median: 0.01 };
        let found = Some(Difference { summary, better: 1 });
        assert_eq!(full(Quantity::ArchValAccuracy, found), "+1.00, median +1.00, better in 1 of 1");
    }
}
