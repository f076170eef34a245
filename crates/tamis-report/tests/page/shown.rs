//! Every section shows its numbers, and says what it lacks.

use tamis_core::Level;
use tamis_report::*;
use tamis_space::Architecture;

use crate::read;
use crate::values;

#[track_caller]
fn holds(text: &str, expected: &[&str]) {
    for words in expected {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

fn section(report: &Report, id: &str) -> String {
    read::section(&read::page(&render(report)), id)
}

#[test]
fn a_search_shows_its_last_values_its_shares_and_its_cell() {
    let epoch = |epoch, accuracy| SearchEpoch {
        epoch,
        weight_accuracy: accuracy,
        arch_loss: Some(0.1234),
        ..SearchEpoch::default()
    };
    let genotype = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|";
    let search = Search {
        epochs: Part::Given(vec![epoch(0, Some(0.25)), epoch(1, None), epoch(2, Some(0.8126))]),
        shares: Part::Given(vec![CellShares {
            cell: "normal".to_owned(),
            operations: vec!["none".to_owned(), "sep_conv_3x3".to_owned()],
            epochs: vec![0, 2],
            edges: vec![EdgeShares {
                source: 1,
                target: 3,
                shares: vec![vec![0.5, 0.5], vec![0.36, 0.64]],
            }],
        }]),
        architectures: Part::Given(vec![FoundArchitecture {
            title: "after 3 epochs".to_owned(),
            architecture: Architecture::NasBench201(genotype.parse().unwrap()),
        }]),
    };
    let text = section(&Report { search: Part::Given(search), ..Report::default() }, "search");
    holds(&text, &["81.3", "0.123", "1 → 3|", "sep conv 3×3 64 %", "normal cell"]);
    holds(&text, &["after 3 epochs", genotype, "conv 3×3", "avg pool 3×3"]);
    holds(
        &text,
        &["epoch 2\nweights 81.3", "Not recorded: skip, none.", "Not recorded: architecture."],
    );
    assert!(!text.contains("epoch 1\nweights"), "a gap has no value");
}

#[test]
fn chosen_data_show_counts_of_both_levels_and_exchanges() {
    let set =
        |epoch, level, counts: [u64; 2]| ActiveSet { epoch, level, class_counts: counts.to_vec() };
    let selection = Selection {
        classes: vec!["cat".to_owned(), "dog".to_owned()],
        class_sizes: Part::Given(vec![3000, 1000]),
        sets: Part::Given(vec![
            set(0, Level::Weight, [300, 100]),
            set(1, Level::Weight, [1234, 222]),
            set(0, Level::Arch, [30, 17]),
        ]),
        exchanges: Part::Given(vec![Exchange { epoch: 1, came: 1056, went: 41 }]),
        sheets: Part::Absent,
    };
    let report = Report { selection: Part::Given(selection), ..Report::default() };
    let text = section(&report, "selection");
    holds(&text, &["weights|1,456", "architecture|47", "1,234", "epoch 1\n1,056 came\n41 went"]);
    holds(&text, &["cat, epoch 0: 300 samples, 75.0 %", "more than its share of all data"]);
    holds(&text, &["Not in this report: contact sheets."]);
}

#[test]
fn a_training_shows_classes_confusions_and_calibration() {
    let bin = |lower, samples, confidence, accuracy| CalibrationBin {
        lower,
        upper: lower + 0.5,
        samples,
        confidence,
        accuracy,
    };
    let training = Training {
        evaluated_on: "test split".to_owned(),
        classes: vec!["cat".to_owned(), "dog".to_owned(), "emu".to_owned()],
        confusion: Part::Given(vec![vec![90, 7, 3], vec![0, 60, 0], vec![0, 0, 0]]),
        calibration: Part::Given(vec![bin(0.0, 30, 0.4, 0.3), bin(0.5, 10, 0.9, 0.9)]),
        ..Training::default()
    };
    let text =
        section(&Report { training: Part::Given(training), ..Report::default() }, "training");
    // 150 of 160 over all; the empty class has no accuracy.
    holds(
        &text,
        &["cat: 90 of 100 right", "90.0 %", "100.0 %", "all classes: 93.8 %", "no samples"],
    );
    holds(&text, &["cat taken for dog: 7, 7.0 %", "cat|dog|7|7.0", "cat|emu|3|3.0"]);
    holds(&text, &["Expected calibration error 7.50 %", "Not in this report: epochs, mistakes."]);
}

#[test]
fn a_race_shows_its_ladder_everybodys_scores_and_the_winner() {
    let run = |candidate: usize, score, kept| RungRun {
        candidate,
        name: format!("cell {candidate}"),
        score,
        kept: Some(kept),
    };
    let rungs = vec![
        Rung { steps: 80, runs: vec![run(0, Some(2.25), true), run(1, None, false)] },
        Rung { steps: 240, runs: vec![run(0, Some(1.5), true)] },
    ];
    let genotype = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|";
    let winner = FoundArchitecture {
        title: "won".to_owned(),
        architecture: Architecture::NasBench201(genotype.parse().unwrap()),
    };
    let race = Race {
        score_name: "training loss, nats".to_owned(),
        rungs: Part::Given(rungs),
        winner: Part::Given(winner),
    };
    let text = section(&Report { race: Part::Given(race), ..Report::default() }, "race");
    holds(&text, &["won", genotype, "rung 1, 80 steps", "1 of 2 went on", "cell 0: 2.250"]);
    holds(&text, &["1|80|2.2500|yes|cell 0", "1|80|unknown|no|cell 1", "2|240|1.5000|yes|cell 0"]);
}

#[test]
fn a_comparison_shows_every_seed_mean_and_difference() {
    let seed = |seed, accuracy| SeedValue { seed, accuracy: Some(accuracy), cost: Some(2.5e12) };
    let arm = |name: &str, cost| Arm {
        name: name.to_owned(),
        group: name.to_owned(),
        seeds: vec![seed(3, 0.91), seed(17, 0.93)],
        accuracy: Some(Estimate { mean: 0.92, interval: Some((0.9012, 0.9388)) }),
        cost,
    };
    let comparison = Comparison {
        accuracy_name: "test accuracy".to_owned(),
        cost_name: "multiply-adds".to_owned(),
        interval_name: "95 % interval".to_owned(),
        arms: Part::Given(vec![arm("full", Some(2.5e12)), arm("odd", None)]),
        differences: Part::Given(vec![Difference {
            name: "dds against random".to_owned(),
            estimate: Estimate { mean: -0.0123, interval: Some((-0.0301, 0.0055)) },
            pairs: 6,
        }]),
    };
    let report = Report { comparison: Part::Given(comparison), ..Report::default() };
    let text = section(&report, "comparison");
    holds(&text, &["full, seed 17: 93.00 % at 2.50 T", "full, mean: 92.00 % at 2.50 T"]);
    holds(&text, &["92.00 %, n = 2", "90.12|93.88|2.50 T", "odd|17|93.00", "90.12|93.88|unknown"]);
    holds(
        &text,
        &[
            "−1.23 [−3.01, 0.55], n = 6",
            "dds against random|−1.23|−3.01|0.55|6",
            "for want of a mean accuracy or cost: 1 of 2 arms",
        ],
    );
}

#[test]
fn unknown_costs_are_never_nought() {
    let part = |name: &str, samples, macs, wall_s| CostPart {
        name: name.to_owned(),
        one_off: name == "scorer",
        amounts: Amounts { samples, macs, wall_s },
    };
    let cost = CostLedger {
        parts: vec![
            part("steps", Some(250_000), Some(3_000_000_000), None),
            part("scorer", Some(0), None, None),
        ],
        full_data: Amounts { samples: Some(1_000_000), ..Amounts::default() },
        peak_rss_bytes: None,
    };
    let text = section(&Report { cost: Part::Given(cost), ..Report::default() }, "cost");
    holds(
        &text,
        &["250 k, 25.0 % of all data’s", "at least 3.00 G; all data unknown", "scorer, once"],
    );
    holds(&text, &["total|250 k|at least 3.00 G|unknown", "Most memory resident: unknown."]);
    holds(&text, &["scorer (once)|0|unknown|unknown"]);
}

#[test]
fn what_is_missing_is_named_with_its_reason() {
    let search = Search {
        epochs: Part::Missing("The run has no metrics.jsonl.".to_owned()),
        ..Search::default()
    };
    let report = Report {
        search: Part::Given(search),
        training: Part::Missing("Nothing was trained yet.".to_owned()),
        ..Report::default()
    };
    let text = section(&report, "search");
    holds(&text, &["Missing: epochs. The run has no metrics.jsonl."]);
    holds(&text, &["Not in this report: architectures, shares of operations."]);
    holds(&section(&report, "training"), &["Missing: the whole section. Nothing was trained yet."]);
    assert!(
        render(&report).contains("Not part of this report: chosen data, race, comparison, cost.")
    );
}

#[test]
fn empty_and_ragged_values_are_told_and_break_nothing() {
    let mut report = values::report(10, false).unwrap();
    let Part::Given(training) = &mut report.training else { panic!("a training") };
    training.confusion = Part::Given(vec![vec![1, 2], vec![3]]);
    training.epochs = Part::Given(Vec::new());
    training.calibration = Part::Given(Vec::new());
    training.mistakes = Part::Given(Vec::new());
    let Part::Given(search) = &mut report.search else { panic!("a search") };
    let Part::Given(shares) = &mut search.shares else { panic!("shares") };
    shares[0].edges[4].shares.pop();
    report.comparison = Part::Given(Comparison {
        arms: Part::Given(Vec::new()),
        differences: Part::Given(Vec::new()),
        ..Comparison::default()
    });
    report.cost = Part::Given(CostLedger::default());
    let training = section(&report, "training");
    holds(&training, &["of 2 classes one has 1 counts", "No epoch of the training is recorded."]);
    holds(&training, &["No prediction is recorded.", "There is no mistake."]);
    holds(&section(&report, "search"), &["Not drawn: the edge 1 → 3"]);
    holds(&section(&report, "comparison"), &["There is no arm to show."]);
    holds(&section(&report, "cost"), &["No part of the cost is recorded."]);
}
