//! Results as aligned text: two columns, and warnings in words.

use std::path::Path;

use tamis::race::Score;
use tamis::search::LearningRateScale;
use tamis::{
    CellEntry, Entry, Judgement, LookedUp, Lookup, Outcome, RaceOutcome, Raced, TargetCost,
    TrainingOutcome,
};

use super::output::visible;

/// A row: what, and how much.
pub(super) type Row = (String, String);

fn row(name: impl Into<String>, value: impl ToString) -> Row {
    (name.into(), value.to_string())
}

/// How large a network is.
pub(super) fn size(channels: usize, cells: usize) -> String {
    let counted = |number, what| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    format!("{}, {}", counted(channels, "channel"), counted(cells, "cell"))
}

/// Rows with the second column aligned, a line each whatever the names in them hold.
pub(super) fn aligned(rows: &[Row]) -> String {
    let rows: Vec<_> = rows.iter().map(|(name, value)| (visible(name), visible(value))).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

/// An accuracy that a table may not have.
fn known_percent(value: Option<f64>) -> String {
    value.map_or("unknown".to_owned(), |value| format!("{value:.2} %"))
}

/// What a table says of an architecture.
pub(super) fn lookup_rows(lookup: &Lookup) -> Vec<Row> {
    let record = &lookup.record;
    vec![
        row("table", &lookup.table),
        row("cifar10_valid_12", known_percent(record.cifar10_valid_12)),
        row("cifar10_test_200", known_percent(record.cifar10_test_200)),
        row("cifar100_test_200", known_percent(record.cifar100_test_200)),
        row("imagenet16_test_200", known_percent(record.imagenet16_test_200)),
        row("rank", record.rank.map_or("unknown".to_owned(), |rank| rank.to_string())),
    ]
}

/// What a table says of an architecture, and what the benchmark's network of it costs.
pub(super) fn looked_up_rows(found: &LookedUp) -> Vec<Row> {
    match found {
        LookedUp::NasBench201(entry) => entry_rows(entry),
        LookedUp::NasBench101(entry) => cell_entry_rows(entry),
    }
}

fn cell_entry_rows(entry: &CellEntry) -> Vec<Row> {
    let record = &entry.record;
    vec![
        row("genotype", &entry.genotype),
        row("name in the benchmark", &entry.hash),
        row("parameters, CIFAR-10", thousands(entry.params)),
        row("multiply-adds, CIFAR-10", thousands(entry.macs)),
        row("table", &entry.table),
        row("cifar10_valid_4", known_percent(record.cifar10_valid_4)),
        row("cifar10_valid_12", known_percent(record.cifar10_valid_12)),
        row("cifar10_valid_36", known_percent(record.cifar10_valid_36)),
        row("cifar10_valid_108", known_percent(record.cifar10_valid_108)),
    ]
}

fn entry_rows(entry: &Entry) -> Vec<Row> {
    let index = entry.index.map_or("unknown".to_owned(), |index| index.to_string());
    let mut rows = vec![
        row("genotype", &entry.genotype),
        row("index", index),
        row("parameters, CIFAR-10", thousands(entry.params)),
        row("multiply-adds, CIFAR-10", thousands(entry.macs)),
    ];
    rows.extend(lookup_rows(&entry.lookup));
    rows
}

/// What a search spent and found.
pub(super) fn outcome_rows(outcome: &Outcome, path: &Path) -> Vec<Row> {
    let cost = &outcome.cost;
    let accuracy = outcome.arch_val_accuracy();
    let unknown = || "unknown".to_owned();
    let mut rows = vec![
        row("data", format!("{}, {} images", outcome.dataset.name, outcome.dataset.train)),
        row("search", format!("{} on {}, {}", outcome.host, outcome.space, outcome.policy)),
        row("validation accuracy", accuracy.map_or(unknown(), |a| format!("{:.1} %", 100.0 * a))),
        row("decided edges", format!("{} of {}", outcome.decided_edges, outcome.edges)),
        row("samples, weights", thousands(cost.weight_samples)),
        row("samples, architecture", thousands(cost.arch_samples)),
        row("samples, before the search", cost.one_off_samples.map_or(unknown(), thousands)),
        row("samples / full data", format!("{:.3}", cost.sample_ratio)),
        row("multiply-adds", format!("{:.2e}", cost.macs as f64)),
        row("multiply-adds / full data", cost.macs_ratio.map_or(unknown(), |r| format!("{r:.3}"))),
        row("time in the search", format!("{:.1} s", cost.search_wall_s)),
    ];
    if let Some(bytes) = cost.peak_rss_bytes {
        rows.push(row("peak memory", format!("{:.0} MB", bytes as f64 / 1e6)));
    }
    rows.extend(outcome.target.iter().map(target_row));
    if let Some(finish) = &outcome.finish {
        rows.push(row("found by the search", &finish.proposed));
        let told = format!("{}, {} candidates", finish.candidates, finish.entrants);
        rows.push(row("decided by a race", told));
        rows.push(row("samples, race", thousands(finish.samples)));
        rows.push(row("time in the race", format!("{:.1} s", finish.wall_s)));
    }
    if let Some(lookup) = &outcome.lookup {
        rows.extend(lookup_rows(lookup));
    }
    rows.push(row("run folder", path.display()));
    rows
}

/// What the found network costs, and what it was to cost.
fn target_row(target: &TargetCost) -> Row {
    let TargetCost { is_latency, target, predicted, measured_ms } = *target;
    if !is_latency {
        let [found, target] = [predicted, target].map(|macs| thousands(macs as u64));
        return row("multiply-adds an image", format!("{found}, target {target}"));
    }
    let measured = measured_ms.map(|ms| format!(", {ms:.3} ms measured")).unwrap_or_default();
    row("one image", format!("{predicted:.3} ms predicted{measured}, target {target:.3} ms"))
}

/// Who came how far in a race, the winner first.
pub(super) fn standings(outcome: &RaceOutcome) -> Vec<Row> {
    let of = |(place, raced): (usize, &Raced)| {
        let by = |name: &str, value: Option<f64>| {
            value.map_or("no finite loss".to_owned(), |value| format!("{name} {value:.3}"))
        };
        let score = match outcome.score {
            Score::TrainingLoss => by("loss", raced.scores.training_loss),
            Score::HeldOutLoss => by("held-out loss", raced.scores.held_out_loss),
            Score::HeldOutAccuracy => by("held-out accuracy", raced.scores.held_out_accuracy),
        };
        let told = format!("{place}. {score}, {} steps", raced.steps);
        row(told, &raced.genotype)
    };
    (1..).zip(&outcome.standings).map(of).collect()
}

/// What a race gave and cost.
pub(super) fn race_rows(outcome: &RaceOutcome, path: &Path) -> Vec<Row> {
    let cost = &outcome.cost;
    let unknown = || "unknown".to_owned();
    let mut rows = vec![
        row("data", format!("{}, {} images", outcome.dataset.name, outcome.dataset.train)),
        row("race", format!("{} on {}, {}", outcome.candidates, outcome.space, outcome.policy)),
        row("candidates", outcome.standings.len()),
        row("parameters, in the race", thousands(outcome.params)),
        row("samples", thousands(cost.samples)),
        row("samples, before the race", cost.one_off_samples.map_or(unknown(), thousands)),
        row("multiply-adds", format!("{:.2e}", cost.macs as f64)),
        row("time in the race", format!("{:.1} s", cost.wall_s)),
    ];
    if let Some(bytes) = cost.peak_rss_bytes {
        rows.push(row("peak memory", format!("{:.0} MB", bytes as f64 / 1e6)));
    }
    if let Some(lookup) = &outcome.lookup {
        rows.extend(lookup_rows(lookup));
    }
    rows.push(row("run folder", path.display()));
    rows
}

/// What a training gave and cost.
pub(super) fn training_rows(outcome: &TrainingOutcome, path: &Path) -> Vec<Row> {
    let TrainingOutcome { dataset, trained_on, cost, .. } = outcome;
    let mut rows = vec![
        row("network", &outcome.network),
        row("size", size(outcome.channels, outcome.cells)),
        row("parameters", thousands(outcome.params)),
        row("multiply-adds an image", thousands(outcome.macs)),
        row(
            "data",
            format!(
                "{}, {} of {} images, {}",
                dataset.name, trained_on.images, dataset.train, trained_on.policy
            ),
        ),
        row("recipe", format!("{}, {} epochs", outcome.recipe, outcome.epochs)),
    ];
    if let Some(accuracy) = outcome.training_accuracy {
        rows.push(row("training accuracy", percent(accuracy)));
    }
    if let Some(accuracy) = outcome.validation_accuracy {
        rows.push(row("validation accuracy", percent(accuracy)));
    }
    if let Some(test) = &outcome.test {
        rows.extend(judgement_rows(test, "test"));
    }
    let unknown = || "unknown".to_owned();
    rows.extend([
        row("samples", thousands(cost.samples)),
        row("samples, before the training", cost.one_off_samples.map_or(unknown(), thousands)),
        row("multiply-adds", format!("{:.2e}", cost.macs as f64)),
        row("time in the training", format!("{:.1} s", cost.wall_s)),
    ]);
    if let Some(macs) = cost.one_off_macs.filter(|&macs| macs > 0) {
        rows.push(row("multiply-adds, before", format!("{:.2e}", macs as f64)));
    }
    if let Some(bytes) = cost.peak_rss_bytes {
        rows.push(row("peak memory", format!("{:.0} MB", bytes as f64 / 1e6)));
    }
    rows.push(row("run folder", path.display()));
    rows
}

/// How well a network answers on a split of the data.
pub(super) fn judgement_rows(judgement: &Judgement, split: &str) -> Vec<Row> {
    let mut rows = vec![row(
        format!("{split} accuracy"),
        format!("{} of {} images", percent(judgement.accuracy), judgement.images),
    )];
    if let Some(accuracy) = judgement.top5_accuracy {
        rows.push(row(format!("{split} accuracy, top 5"), percent(accuracy)));
    }
    rows.push(row(format!("{split} loss"), format!("{:.4}", judgement.loss)));
    let error = judgement.calibration.expected_error;
    rows.push(row("calibration error", percent(error)));
    let mut classes: Vec<_> = judgement.classes.iter().filter(|of| of.accuracy.is_some()).collect();
    classes.sort_by(|a, b| a.accuracy.unwrap_or(0.0).total_cmp(&b.accuracy.unwrap_or(0.0)));
    if let (Some(worst), Some(best)) = (classes.first(), classes.last()) {
        let told = |of: &tamis::ClassJudgement| {
            format!("{}: {}", of.class, percent(of.accuracy.unwrap_or_default()))
        };
        rows.push(row("worst and best class", format!("{}, {}", told(worst), told(best))));
    }
    rows
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// What a user should know before trusting the result of a search with this scale of the alpha rate.
pub(super) fn warnings(outcome: &Outcome, scale: LearningRateScale) -> Vec<String> {
    let mut warnings = outcome.notes.clone();
    if outcome.collapsed {
        warnings.push(
            "the architecture collapsed: skip or none took three of four edges or more".to_owned(),
        );
    }
    if !outcome.connected {
        let text = "the architecture is cut through by none: it answers the same to every image";
        warnings.push(text.to_owned());
    }
    if let Some(left) = &outcome.left {
        let nodes = listed(&outcome.dead_nodes);
        warnings.push(format!("nothing flows through {nodes} of the architecture; left is {left}"));
    }
    if !outcome.decisive {
        let undecided = outcome.edges - outcome.decided_edges;
        warnings.push(format!(
            "the search is not decisive: {undecided} of {} edges have two operations within 0.01 \
             of each other; {} move further",
            outcome.edges,
            remedies(scale, outcome.cost.sample_ratio)
        ));
    }
    if outcome.genotype == outcome.initial_genotype {
        warnings.push("the architecture is that of the initial parameters".to_owned());
    }
    warnings
}

/// `node 1`, or `nodes 1 and 2`.
fn listed(nodes: &[usize]) -> String {
    let names: Vec<String> = nodes.iter().map(usize::to_string).collect();
    match names.split_last() {
        Some((last, [])) => format!("node {last}"),
        Some((last, before)) => format!("nodes {} and {last}", before.join(", ")),
        None => "no node".to_owned(),
    }
}

/// What brings an undecided search further. Scaling by steps does nothing on all images.
fn remedies(scale: LearningRateScale, sample_ratio: f64) -> &'static str {
    match scale {
        LearningRateScale::None if sample_ratio < 1.0 => {
            "more epochs, a larger alpha.lr or alpha.lr_scale=steps"
        }
        LearningRateScale::None | LearningRateScale::Steps => "more epochs or a larger alpha.lr",
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let lead = digits.len() % 3;
    let mut text = digits[..lead].to_owned();
    for start in (lead..digits.len()).step_by(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text += &digits[start..start + 3];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn the_alpha_rate_by_steps_is_advised_only_where_it_would_change_something() {
        let advised = |scale, ratio| remedies(scale, ratio).contains("alpha.lr_scale=steps");
        assert!(advised(LearningRateScale::None, 0.1));
        assert!(!advised(LearningRateScale::Steps, 0.1));
        assert!(!advised(LearningRateScale::None, 1.0));
    }

    #[test]
    fn nodes_are_listed_as_one_says_them() {
        assert_eq!(listed(&[2]), "node 2");
        assert_eq!(listed(&[1, 2]), "nodes 1 and 2");
        assert_eq!(listed(&[1, 2, 4]), "nodes 1, 2 and 4");
    }

    #[test]
    fn columns_line_up_by_characters() {
        let rows = [row("α", 1), row("name", 2)];
        assert_eq!(aligned(&rows), "α     1\nname  2\n");
        let rows = [row("new\nline", "\u{1b}["), row("name", 2)];
        assert_eq!(aligned(&rows), "new\\nline  \\u{1b}[\nname       2\n");
    }
}
