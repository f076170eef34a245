//! Results files and tables, on made-up results.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tamis_record::Layers;
use tamis_space::nas_bench_201::Table;

use super::*;

const PLAIN: &str = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|\
                     +|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
const SKIP: &str = "|skip_connect~0|+|skip_connect~0|skip_connect~1|\
                    +|skip_connect~0|skip_connect~1|skip_connect~2|";

fn plan(policies: &str, assignments: &[&str]) -> Plan {
    plan_on(None, policies, assignments)
}

fn plan_on(order: Option<&str>, policies: &str, assignments: &[&str]) -> Plan {
    let grid = Grid {
        spaces: vec!["nas-bench-201".to_owned()],
        hosts: vec!["darts".to_owned()],
        policies: parse_policies(policies, &"0..2".parse().unwrap()).unwrap(),
        scales: vec!["none".to_owned()],
    };
    let (fingerprint, order) = ("f".to_owned(), order.map(str::to_owned));
    let data = DataIdentity { fingerprint, order, samples: 1000, files: BTreeMap::new() };
    let base = assignments.iter().fold(Layers::default(), |l, a| l.assignment(a).unwrap());
    Plan::of(&grid, &base, &data).unwrap()
}

/// What a run writes, with this accuracy in percent and these seconds.
fn result(key: &Key, test_200: f64, wall_s: f64) -> Value {
    json!({
        "format": 1,
        "dataset": {
            "name": "made up", "fingerprint": key.fingerprint, "order": key.order,
            "train": 1000, "classes": 10
        },
        "space": key.space, "host": key.host, "policy": key.policy, "seed": key.seed,
        "epochs": key.epochs, "genotype": PLAIN, "initial_genotype": SKIP,
        "genotype_history": [{ "epoch": 0, "genotype": PLAIN, "arch_val_accuracy": 0.5 }],
        "cost": {
            "weight_samples": 50, "arch_samples": 50, "one_off_samples": null,
            "full_data_samples": 1000, "sample_ratio": 0.1, "macs": 7, "one_off_macs": null,
            "macs_ratio": null, "search_wall_s": wall_s, "one_off_wall_s": null,
            "peak_rss_bytes": 1_000_000
        },
        "decisive": key.seed == 0, "decided_edges": 6, "edges": 6, "alpha_distance": 0.1,
        "collapsed": false, "connected": true,
        "lookup": {
            "table": "t.csv", "cifar10_valid_12": null, "cifar10_test_200": test_200,
            "cifar100_test_200": 70.0, "imagenet16_test_200": 45.0, "rank": 1
        }
    })
}

const RUN: &str = r#"{"tamis":"0.1.0","machine":{"os":"linux"},"threads":2,"seed":0}"#;

/// The line of a planned run.
fn line_of(planned: &PlannedRun, test_200: f64, wall_s: f64) -> String {
    line(&result(&planned.key, test_200, wall_s).to_string(), RUN, &planned.key).unwrap()
}

fn planned<'a>(plan: &'a Plan, policy: &str, seed: u32) -> &'a PlannedRun {
    let found = |run: &&PlannedRun| run.run.choice.policy == policy && run.run.seed == seed;
    plan.runs.iter().find(found).unwrap()
}

fn results(folder: &Path, lines: &[String]) -> Result<Results, crate::Error> {
    let path = folder.join("results.jsonl");
    tamis_run::write_durably(&path, (lines.join("\n") + "\n").as_bytes()).unwrap();
    Results::open(&path)
}

#[test]
fn a_line_reads_back_as_the_run_it_was_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full,random:0.1", &["weights.lr=0.1", "augmentation.cutout=16"]);
    let path = folder.path().join("results.jsonl");
    let mut results = Results::open(&path).unwrap();
    assert_eq!(plan.missing(&results).count(), 4);
    results.append(&line_of(&plan.runs[0], 93.0, 1.0)).unwrap();
    results.append(&line_of(&plan.runs[1], 91.0, 1.0)).unwrap();
    let again = Results::open(&path).unwrap();
    assert_eq!(plan.missing(&again).count(), 2);
    assert_eq!(
        again
            .find(&plan.runs[0].key)
            .unwrap()
            .outcome
            .lookup
            .as_ref()
            .unwrap()
            .record
            .cifar10_test_200,
        Some(93.0)
    );
    // Another setting, another run.
    let other = self::plan("full,random:0.1", &["weights.lr=0.1"]);
    assert_eq!(other.missing(&again).count(), 4);
}

#[test]
fn the_results_in_the_documentation_go_on_being_taken_for_whatever_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut taken = 0;
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")) {
        let results = Results::open(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let of_comparisons = text.lines().filter(|line| line.contains(r#""compare":"#)).count();
        assert_eq!(results.records().len(), of_comparisons, "{}", path.display());
        taken += of_comparisons;
        for record in results.records() {
            // A line that names no order is of whatever order the images are in.
            let order = record.key.order.clone().unwrap_or("today's".to_owned());
            let key = Key { order: Some(order), ..record.key.clone() };
            assert!(results.find(&key).is_some(), "{}", key.folder_name());
        }
    }
    assert!(taken > 0);
}

#[test]
fn one_comparison_at_a_time_adds_to_results_and_knows_what_others_have_added() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full", &[]);
    let path = folder.path().join("made/results.jsonl");
    let [mut first, mut second] = [(); 2].map(|()| Results::open(&path).unwrap());
    let held = first.lock().unwrap();
    let error = second.lock().unwrap_err();
    assert!(matches!(error, crate::Error::ResultsInUse { .. }));
    assert!(error.to_string().contains("results.jsonl: found another comparison"), "{error}");
    first.append(&line_of(&plan.runs[0], 93.0, 1.0)).unwrap();
    drop(held);
    assert_eq!(plan.missing(&second).count(), 2);
    let _held = second.lock().unwrap();
    assert_eq!(plan.missing(&second).count(), 1, "what was added meanwhile is not made again");
}

#[test]
fn a_result_of_another_run_is_not_taken() {
    let plan = plan("full,random:0.1", &[]);
    let (ours, theirs) = (&plan.runs[0].key, &plan.runs[1].key);
    let ours = Key { order: Some("a".to_owned()), ..ours.clone() };
    let error = line(&result(theirs, 90.0, 1.0).to_string(), RUN, &ours).unwrap_err().to_string();
    assert!(error.contains("found full with seed 0, expected"), "{error}");
}

#[test]
fn results_of_the_same_images_in_another_order_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|order| plan_on(Some(order), "full@0", &[]));
    let (of_a, of_b) = (line_of(&a.runs[0], 1.0, 1.0), line_of(&b.runs[0], 2.0, 1.0));
    let read = results(folder.path(), std::slice::from_ref(&of_a)).unwrap();
    assert_eq!((a.missing(&read).count(), b.missing(&read).count()), (0, 1));
    let both = results(folder.path(), &[of_a, of_b]).unwrap();
    assert!(both.notes().is_empty(), "neither is taken for the other: {:?}", both.notes());
    let accuracy = |results: &Results, plan: &Plan| {
        let found = results.find(&plan.runs[0].key).unwrap();
        found.outcome.lookup.as_ref().unwrap().record.cifar10_test_200
    };
    assert_eq!((accuracy(&both, &a), accuracy(&both, &b)), (Some(1.0), Some(2.0)));
    assert_eq!(both.data_identity(), None, "nothing says which order is meant");
    // The folder of a finished run says its order in `run.json` before it did in the result.
    let old = result(&plan("full@0", &[]).runs[0].key, 1.0, 1.0).to_string();
    let run = RUN.replace(r#""seed""#, r#""order":"a","seed""#);
    assert!(line(&old, &run, &a.runs[0].key).is_ok());
    let error = line(&old, &run, &b.runs[0].key).unwrap_err().to_string();
    assert!(error.contains("in another order") && error.contains("hint: "), "{error}");
}

#[test]
fn results_of_earlier_versions_that_name_no_order_go_on_being_taken() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|order| plan_on(Some(order), "full@0", &[]));
    let old = line_of(&plan("full@0", &[]).runs[0], 1.0, 1.0);
    assert!(!old.contains("order"), "{old}");
    let read = results(folder.path(), std::slice::from_ref(&old)).unwrap();
    assert_eq!((a.missing(&read).count(), b.missing(&read).count()), (0, 0));
    assert_eq!(read.data_identity().unwrap().order, None);
    // Where a line names the order it is preferred, and it is the one that all know.
    let read = results(folder.path(), &[old, line_of(&a.runs[0], 2.0, 1.0)]).unwrap();
    let found = &read.find(&a.runs[0].key).unwrap().outcome;
    assert_eq!(found.lookup.as_ref().unwrap().record.cifar10_test_200, Some(2.0));
    assert_eq!(read.data_identity().unwrap().order.as_deref(), Some("a"));
}

#[test]
fn lines_that_cannot_be_placed_are_noted_and_later_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full", &[]);
    let whole = line_of(&plan.runs[0], 93.0, 1.0);
    let bare = result(&plan.runs[1].key, 1.0, 1.0).to_string();
    let cut = whole[..whole.len() / 2].to_owned();
    let read = results(folder.path(), &[bare, cut, whole.clone(), whole.clone()]).unwrap();
    assert_eq!(read.records().len(), 1);
    let notes = read.notes().join("\n");
    for expected in ["line 1 has no section `compare`", "line 2 is cut off", "line 4 is of a run"] {
        assert!(notes.contains(expected), "{notes}");
    }
    let mut later: Value = serde_json::from_str(&whole).unwrap();
    later["compare"]["format"] = 2.into();
    let error = results(folder.path(), &[later.to_string()]).unwrap_err();
    assert!(matches!(error, crate::Error::Line { .. }));
    assert!(error.to_string().contains("format 2"), "{error}");
    assert!(results(folder.path(), &["[1, }".to_owned()]).is_err());
}

#[test]
fn a_table_has_means_differences_and_what_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    // Seed 2 is planned for one arm only, seed 1 of `full` is not finished.
    let plan = plan("full,random:0.1@0..3", &[]);
    let lines = [
        line_of(planned(&plan, "full", 0), 94.0, 100.0),
        line_of(planned(&plan, "random:0.1", 0), 90.0, 10.0),
        line_of(planned(&plan, "random:0.1", 1), 92.0, 20.0),
        line_of(planned(&plan, "random:0.1", 2), 91.0, 30.0),
    ];
    let results = results(folder.path(), &lines).unwrap();
    let comparison = Comparison::of(&plan, &results, None);
    let block = &comparison.blocks[0];
    let (full, random) = (&block.arms[0], &block.arms[1]);
    assert_eq!(block.progress(), (4, 5));
    assert_eq!(block.accuracies(), Quantity::LOOKED_UP);
    let found = random.summary(Quantity::Cifar10Test200).unwrap();
    assert_eq!((found.n, found.mean, found.deviation, found.median), (3, 91.0, Some(1.0), 91.0));
    assert_eq!(full.summary(Quantity::Cifar10Test200).unwrap().deviation, None);
    assert_eq!(random.summary(Quantity::Cifar10Valid12), None);
    assert_eq!(
        random.summary(Quantity::MacsRatio),
        None,
        "one unknown cost makes the mean unknown"
    );
    assert_eq!(random.summary(Quantity::Decisive).unwrap().mean, 1.0 / 3.0);
    // Only seed 0 is common: 100 s over 10 s, not over the mean of all three.
    assert_eq!(block.speed_up_wall(random), Some(10.0));
    assert_eq!(random.speed_up_samples(), Some(10.0));
}

#[test]
fn seconds_of_different_machines_or_numbers_of_threads_give_no_speed_up() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full,random:0.1", &[]);
    let made = |policy, seed, wall_s, machine: &str, threads: u64| {
        let mut line: Value =
            serde_json::from_str(&line_of(planned(&plan, policy, seed), 90.0, wall_s)).unwrap();
        line["compare"]["machine"]["processor"] = machine.into();
        line["compare"]["threads"] = threads.into();
        line.to_string()
    };
    let speed_up = |other: String| {
        let lines = [
            made("full", 0, 100.0, "slow", 1),
            made("full", 1, 80.0, "slow", 1),
            made("random:0.1", 0, 5.0, "slow", 1),
            other,
        ];
        let results = results(folder.path(), &lines).unwrap();
        let comparison = Comparison::of(&plan, &results, None);
        let block = &comparison.blocks[0];
        block.speed_up_wall(&block.arms[1])
    };
    assert_eq!(speed_up(made("random:0.1", 1, 15.0, "slow", 1)), Some(9.0));
    assert_eq!(speed_up(made("random:0.1", 1, 1.0, "fast", 1)), Some(20.0));
    assert_eq!(speed_up(made("random:0.1", 1, 1.0, "slow", 2)), Some(20.0));
}

#[test]
fn what_finished_a_search_counts_in_its_seconds_and_samples() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full@0", &[]);
    let mut result = result(&plan.runs[0].key, 90.0, 10.0);
    result["finish"] = json!({
        "candidates": "neighbours", "entrants": 19, "proposed": SKIP, "samples": 100, "macs": 1,
        "wall_s": 30.0
    });
    let line = line(&result.to_string(), RUN, &plan.runs[0].key).unwrap();
    let results = results(folder.path(), &[line]).unwrap();
    let comparison = Comparison::of(&plan, &results, None);
    let arm = &comparison.blocks[0].arms[0];
    assert_eq!(arm.summary(Quantity::WallS).unwrap().mean, 40.0);
    assert_eq!(arm.speed_up_samples(), Some(5.0), "of 1000 samples 50, 50 and 100");
    let estimate = Estimate::of(&results, &json!({ "os": "linux" }), plan.samples);
    assert_eq!(estimate.wall_s(&plan.runs[0]), Some(40.0));
}

#[test]
fn the_accuracy_of_a_search_is_that_of_its_last_epoch_with_an_architecture_step() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full@0", &[]);
    let accuracy = |history: &[Option<f64>]| {
        let mut result = result(&plan.runs[0].key, 90.0, 1.0);
        let at = |accuracy| json!({ "epoch": 0, "genotype": SKIP, "arch_val_accuracy": accuracy });
        result["genotype_history"] = history.iter().map(at).collect();
        let line = line(&result.to_string(), RUN, &plan.runs[0].key).unwrap();
        let results = results(folder.path(), &[line]).unwrap();
        let comparison = Comparison::of(&plan, &results, None);
        comparison.blocks[0].arms[0].values(Quantity::ArchValAccuracy).get(&0).copied()
    };
    assert_eq!(accuracy(&[Some(0.25), Some(0.5)]), Some(0.5));
    assert_eq!(accuracy(&[Some(0.25), Some(0.5), None]), Some(0.5), "the last epoch only renewed");
    assert_eq!(accuracy(&[None]), None);
}

#[test]
fn an_arm_is_compared_with_as_many_random_samples_seed_by_seed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("infobatch@0..3,random-like:infobatch@1..4,full", &[]);
    let accuracy = |run: &PlannedRun| match (run.run.choice.policy.as_str(), run.run.seed) {
        ("infobatch", seed) => [99.0, 93.0, 95.0][seed as usize],
        ("random-like:infobatch", seed) => [0.0, 92.0, 91.0, 10.0][seed as usize],
        _ => 94.0,
    };
    let lines: Vec<String> = plan.runs.iter().map(|run| line_of(run, accuracy(run), 1.0)).collect();
    let results = results(folder.path(), &lines).unwrap();
    let comparison = Comparison::of(&plan, &results, None);
    let block = &comparison.blocks[0];
    let difference = |at: usize| block.difference(&block.arms[at], Quantity::Cifar10Test200);
    let Difference { summary: found, better } = difference(0).unwrap();
    assert_eq!((found.n, found.mean, better), (2, 2.5, 2));
    assert!((found.deviation.unwrap() - 4.5_f64.sqrt()).abs() < 1e-12);
    assert_eq!(difference(1), None, "a control has none");
    assert_eq!(difference(2), None, "nobody ran one for it");
}

#[test]
fn an_arm_is_compared_with_all_data_in_as_many_steps_at_the_same_alpha_rate() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan("full,random:0.1,full-steps:0.1,full-steps:0.11,full-steps:0.5", &[]);
    let steps = |arm: &Arm| Arm {
        runs_as: ArmChoice { scale: "steps".into(), ..arm.runs_as.clone() },
        ..arm.clone()
    };
    plan.arms.push(steps(&plan.arms[1]));
    let line_of = |planned: &PlannedRun| {
        let policy = planned.run.choice.policy.as_str();
        let (ratio, accuracy) = match policy {
            "full" => (1.0, 94.0),
            "random:0.1" => (0.101, [90.0, 95.0][planned.run.seed as usize]),
            "full-steps:0.1" => (0.1, 93.0),
            "full-steps:0.11" => (0.105, 0.0),
            _ => (0.5, 94.0),
        };
        let mut result = result(&planned.key, accuracy, 1.0);
        result["cost"]["sample_ratio"] = ratio.into();
        line(&result.to_string(), RUN, &planned.key).unwrap()
    };
    let lines: Vec<String> = plan.runs.iter().map(line_of).collect();
    let results = results(folder.path(), &lines).unwrap();
    let comparison = Comparison::of(&plan, &results, None);
    let block = &comparison.blocks[0];
    let beside = |at: usize| Some(block.equal_steps(&block.arms[at])?.arm.named.policy.as_str());
    assert_eq!(beside(1), Some("full-steps:0.1"), "the nearest");
    assert_eq!([0, 2, 4].map(beside), [None; 3], "nothing near, and none of themselves");
    assert_eq!(beside(5), None, "another alpha rate");
    let found = block.steps_difference(&block.arms[1], Quantity::Cifar10Test200).unwrap();
    assert_eq!((found.summary.mean, found.summary.n, found.better), (-0.5, 2, 1));
}

#[test]
fn architectures_are_looked_up_in_the_table_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("random:0.1", &[]);
    let lines: Vec<String> = plan.runs.iter().map(|run| line_of(run, 1.0, 1.0)).collect();
    let results = results(folder.path(), &lines).unwrap();
    let csv = format!(
        "arch,c10_valid_12,c10_test_200,c100_test_200,in16_test_200\n\
         {PLAIN},80,94,70,45\n{SKIP},50,54,15,16\n"
    );
    let table = Table::parse(&csv, "t.csv").unwrap();
    let comparison = Comparison::of(&plan, &results, Some(&table));
    let block = &comparison.blocks[0];
    let accuracy = |row: &Unsearched| row.summaries[&Quantity::Cifar10Test200];
    assert_eq!(block.arms[0].summary(Quantity::Cifar10Test200).unwrap().mean, 94.0);
    let rows: Vec<(usize, f64)> =
        block.unsearched.iter().map(|row| (accuracy(row).n, accuracy(row).mean)).collect();
    assert_eq!(rows, [(2, 54.0), (2, 74.0), (1, 94.0)]);
    let deviation = accuracy(&block.unsearched[1]).deviation.unwrap();
    assert!((deviation - 800.0_f64.sqrt()).abs() < 1e-9, "{deviation}");
    assert_eq!(block.unsearched[0].by_seed.len(), 2);
}

#[test]
fn accuracies_of_a_benchmark_are_known_not_to_be_of_the_data_that_was_searched() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full@0", &[]);
    let found_elsewhere = |name: &str, looked_up: bool| {
        let mut result = result(&plan.runs[0].key, 90.0, 1.0);
        result["dataset"]["name"] = name.into();
        if !looked_up {
            result.as_object_mut().unwrap().remove("lookup");
        }
        let line = line(&result.to_string(), RUN, &plan.runs[0].key).unwrap();
        let results = results(folder.path(), &[line]).unwrap();
        let block = Comparison::of(&plan, &results, None).blocks.remove(0);
        block.found_elsewhere().map(str::to_owned)
    };
    assert_eq!(found_elsewhere("photos", true).as_deref(), Some("photos"));
    assert_eq!(found_elsewhere("cifar100", true).as_deref(), Some("cifar100"));
    assert_eq!(found_elsewhere("cifar10", true), None);
    assert_eq!(found_elsewhere("photos", false), None, "the accuracy is the search's own");
}

#[test]
fn byte_order_marks_are_no_part_of_a_line_wherever_files_were_joined() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full", &[]);
    let lines = [0, 1].map(|at| format!("\u{feff}{}", line_of(&plan.runs[at], 93.0, 1.0)));
    let read = results(folder.path(), &lines).unwrap();
    assert_eq!(plan.missing(&read).count(), 0);
    assert!(results(folder.path(), &["\u{feff}".to_owned()]).unwrap().records().is_empty());
}

#[test]
fn time_left_is_judged_by_the_arm_or_in_proportion_to_the_samples() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("full,random:0.1", &[]);
    let here = json!({ "os": "linux" });
    let lines = [line_of(planned(&plan, "random:0.1", 0), 90.0, 10.0)];
    let results = results(folder.path(), &lines).unwrap();
    let estimate = Estimate::of(&results, &here, plan.samples);
    assert_eq!(estimate.wall_s(planned(&plan, "random:0.1", 1)), Some(10.0));
    let full = estimate.wall_s(planned(&plan, "full", 0)).unwrap();
    assert!((full - 100.0).abs() < 1e-9, "{full}");
    let elsewhere = Estimate::of(&results, &json!({ "os": "other" }), plan.samples);
    assert_eq!(elsewhere.wall_s(planned(&plan, "full", 0)), None, "another machine's seconds");
}

#[test]
fn data_that_cannot_be_read_is_what_all_results_agree_on() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("random:0.1", &[]);
    let lines: Vec<String> = plan.runs.iter().map(|run| line_of(run, 1.0, 1.0)).collect();
    let same = results(folder.path(), &lines).unwrap().data_identity().unwrap();
    assert_eq!((same.fingerprint.as_str(), same.samples), ("f", 1000));
    let other = lines[1].replace("\"fingerprint\":\"f\"", "\"fingerprint\":\"g\"");
    assert_ne!(other, lines[1]);
    let mixed = results(folder.path(), &[lines[0].clone(), other]).unwrap();
    assert_eq!(mixed.data_identity(), None);
}
