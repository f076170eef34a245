//! Whole searches: stopping anywhere equals not stopping, costs are what the definitions say,
//! and what a search learns depends on its data.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::Snapshot;
use tamis_data::{Augmentation, DataConfig, open};
use tamis_nn::Device;
use tamis_search::{EpochRecord, Event, OneOffCost, Search, SearchConfig, SearchData};
use tamis_select::{
    BdpMetric, BdpSettings, DdsSettings, Keep, LearningRateAfterUpdate, Replacement,
};

fn data(train: usize) -> SearchData {
    let mut config = DataConfig::default();
    config.synthetic.train = train;
    config.synthetic.test = 20;
    SearchData {
        train: Arc::new(open(&config).unwrap().train),
        augmentation: Augmentation::default(),
        scores: None,
        embeddings: None,
        latencies: None,
        one_off: OneOffCost::NONE,
    }
}

fn settings(policy: &str, epochs: u32) -> SearchConfig {
    let mut config = SearchConfig::default();
    config.policy.name = policy.to_owned();
    config.space.channels = 2;
    config.train.epochs = epochs;
    config.train.batch = 16;
    config
}

fn search(config: &SearchConfig, train: usize) -> Search {
    Search::new(config, data(train), Device::Cpu).unwrap()
}

/// Turns the loop until the end; `stop_after(event number)` may swap the search for a restored one.
fn run(mut search: Search, mut between: impl FnMut(usize, Search) -> Search) -> Search {
    for number in 0.. {
        if search.advance().unwrap() == Event::Finished {
            break;
        }
        search = between(number, search);
    }
    search
}

fn without_clock(snapshot: &Snapshot) -> (Vec<String>, Snapshot) {
    let mut snapshot = snapshot.clone();
    let state = snapshot.state.as_object_mut().unwrap();
    state["ledger"]["search_wall_s"] = 0.into();
    state["ledger"]["one_off"]["wall_s"] = 0.into();
    state["progress"]["wall_s"] = 0.into();
    for record in state["history"].as_array_mut().unwrap() {
        record["wall_s"] = 0.into();
    }
    (snapshot.tensors.keys().cloned().collect(), snapshot)
}

#[test]
fn stopping_after_any_event_and_restoring_equals_not_stopping() {
    for policy in ["random-epoch:0.5", "full", "bdp", "infobatch", "random:0.7+random-like:bdp"] {
        let mut config = settings(policy, 3);
        config.policy.bdp = pruning_twice();
        let straight = run(search(&config, 80), |_, search| search);
        let optimizers = straight.bilevel().network().layout().parameters().len() + 1;
        let restarted = run(search(&config, 80), |_, stopped| {
            let mut fresh = search(&config, 80);
            assert_eq!(fresh.restore(&stopped.snapshot()).unwrap(), optimizers);
            fresh
        });
        assert_eq!(without_clock(&restarted.snapshot()), without_clock(&straight.snapshot()));
        assert_eq!(restarted.architecture(), straight.architecture());
    }
}

#[test]
fn a_search_that_exchanges_images_is_resumed_anywhere() {
    // Everything is easy and mastered at once: updates in epochs 1 and 3.
    for policy in ["dds:0.2", "random:0.8+dds:0.2", "random-like:dds:0.2"] {
        let mut config = settings(policy, 5);
        config.policy.dds = DdsSettings {
            hardness: 0.0,
            mastery: 0.0,
            first_update: 1,
            lr_after_update: LearningRateAfterUpdate::JumpToPeak,
            replacement: Replacement::Random,
            ..DdsSettings::default()
        };
        let straight = run(search(&config, 80), |_, search| search);
        let replaced: Vec<Option<&f64>> =
            straight.history().iter().map(|record| record.policy.get("replaced")).collect();
        assert!(replaced[1] > Some(&0.0) && replaced[3] > Some(&0.0), "{replaced:?}");
        let restarted = run(search(&config, 80), |_, stopped| {
            let mut fresh = search(&config, 80);
            fresh.restore(&stopped.snapshot()).unwrap();
            fresh
        });
        assert_eq!(without_clock(&restarted.snapshot()), without_clock(&straight.snapshot()));
    }
}

/// Prunes before the second and the third of three epochs.
fn pruning_twice() -> BdpSettings {
    BdpSettings {
        metric: BdpMetric::Confidence,
        arch_keeps: Keep::Low,
        warm_up: 1,
        every: 1,
        prunes: 2,
        schedule_epochs: 3,
        min_per_class: 1,
        ..BdpSettings::default()
    }
}

#[test]
fn pruning_and_leaving_out_cost_less_than_full_data_and_say_so() {
    let mut config = settings("bdp", 20);
    config.policy.bdp.min_per_class = 0;
    let pruned = run(search(&config, 640), |_, search| search);
    let ratio = pruned.ledger().sample_ratio();
    assert!((ratio - 0.43).abs() < 0.015, "{ratio}");
    let first = &pruned.history()[4];
    assert_eq!(first.policy["weight_pruned"], 96.0, "0.7 of 320 are kept");
    assert_eq!((first.weight_samples, first.steps), (224, 14));
    assert!(pruned.notes().is_empty(), "{:?}", pruned.notes());
    let batch = run(search(&settings("infobatch", 4), 160), |_, search| search);
    let left_out: f64 = batch.history().iter().map(|record| record.policy["left_out"]).sum();
    assert!(left_out > 0.0);
    assert_eq!(batch.ledger().weight_samples, 4 * 80 - left_out as u64);
}

#[test]
fn a_snapshot_of_another_search_is_refused() {
    let mut other = settings("full", 2);
    other.space.channels = 3;
    let snapshot = search(&other, 40).snapshot();
    let error = search(&settings("full", 2), 40).restore(&snapshot).unwrap_err().to_string();
    assert!(
        error.contains("weights/stem.conv.weight") && error.contains("[2, 3, 3, 3]"),
        "{error}"
    );
    let snapshot = search(&settings("random:0.5", 2), 40).snapshot();
    assert!(search(&settings("full", 2), 40).restore(&snapshot).is_err());
}

#[test]
fn full_data_costs_exactly_one_and_a_share_costs_its_share() {
    for (policy, ratio) in [("full", 1.0), ("random:0.25", 0.25), ("random-epoch:0.5", 0.5)] {
        let search = run(search(&settings(policy, 2), 256), |_, search| search);
        let ledger = search.ledger();
        assert_eq!(ledger.sample_ratio(), ratio, "{policy}");
        assert_eq!(ledger.macs_ratio(), Some(ratio));
        assert_eq!(ledger.full_data_samples, 2 * (128 + 128));
    }
}

#[test]
fn the_alpha_rate_grows_with_missing_steps_only_when_asked_to() {
    let rate = |policy: &str, scale: &str| {
        let mut config = settings(policy, 1);
        config.alpha.lr_scale = serde_json::from_value(scale.into()).unwrap();
        run(search(&config, 320), |_, search| search).history()[0].alpha_lr
    };
    assert_eq!(rate("random:0.2", "none"), 3e-4);
    assert_eq!(rate("random:0.2", "steps"), 5.0 * 3e-4, "10 steps over 2");
    assert_eq!(rate("random:0.05", "steps"), 10.0 * 3e-4, "10 over 1, and never more");
    assert_eq!(rate("full", "steps"), 3e-4);
}

fn history(config: &SearchConfig, train: usize) -> Vec<EpochRecord> {
    run(search(config, train), |_, search| search).history().to_vec()
}

#[test]
fn validation_accuracy_is_far_above_chance_and_rises_with_the_share_of_the_data() {
    let accuracy = |policy: &str| {
        let mut config = settings(policy, 10);
        config.space.channels = 4;
        let last = history(&config, 1200).pop().unwrap();
        last.arch_val_accuracy.unwrap()
    };
    let (all, few) = (accuracy("full"), accuracy("random:0.1"));
    assert!(all > 0.4, "chance is 0.1, found {all}");
    assert!(all > few + 0.1, "all data {all}, a tenth {few}");
}

#[test]
fn records_tell_how_far_the_architecture_has_moved() {
    let records = history(&settings("full", 3), 160);
    let distances: Vec<f64> = records.iter().map(|record| record.alpha_distance).collect();
    assert!(distances[0] > 0.0 && distances[2] > distances[0], "{distances:?}");
    for record in &records {
        assert_eq!(record.alpha_gaps.len(), 6);
        assert!((0.0..=1.0).contains(&record.share_skip));
        assert_eq!(record.steps, 5);
    }
}

#[test]
fn records_hold_the_alphas_by_kind_of_cell_an_edge_a_row_and_read_back_bit_for_bit() {
    let done = run(search(&settings("full", 3), 160), |_, search| search);
    let of = |record: &EpochRecord| record.alphas["cell"].concat();
    let records = done.history();
    assert_eq!(of(&records[2]), done.bilevel().choices[0].alphas.values(), "those after the epoch");
    assert_ne!(of(&records[0]), of(&records[2]), "each epoch has its own");
    for record in records {
        let rows = &record.alphas["cell"];
        assert!(
            record.alphas.len() == 1 && rows.len() == 6 && rows.iter().all(|row| row.len() == 5)
        );
        for (row, gap) in rows.iter().zip(&record.alpha_gaps) {
            let mut sorted = row.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(sorted[0] - sorted[1], *gap, "rows are edges in the order of the gaps");
        }
        let text = serde_json::to_string(record).unwrap();
        let read: EpochRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let bits = |record| of(record).into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(&read), bits(record));
    }
    // What an earlier version wrote has none, and stays as it is.
    let mut older = serde_json::to_value(&records[0]).unwrap();
    older.as_object_mut().unwrap().remove("alphas");
    let read: EpochRecord = serde_json::from_value(older.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), older);
}

#[test]
fn unknown_names_list_the_known_ones() {
    let mut config = settings("full", 1);
    config.host.name = "dart".to_owned();
    let error = Search::new(&config, data(20), Device::Cpu).err().unwrap().to_string();
    assert!(error.contains("`dart`") && error.contains("beta-darts"), "{error}");
    assert!(error.ends_with("the nearest is `darts`"), "{error}");
}

#[test]
fn planned_names_are_said_to_be_planned_and_not_taken_for_mistyped_ones() {
    for name in ["darts:s1", "darts:s3"] {
        let mut config = settings("full", 1);
        config.space.name = name.to_owned();
        let error = Search::new(&config, data(20), Device::Cpu).err().unwrap().to_string();
        let expected =
            format!("`{name}` is planned and not here yet; here are nas-bench-201, darts");
        assert!(error.contains(&expected) && !error.contains("nearest"), "{error}");
    }
}

#[test]
fn weights_that_train_alone_move_no_alpha_and_pass_no_architecture_sample() {
    let mut config = settings("full", 3);
    config.alpha.first_epoch = 2;
    let search = run(search(&config, 64), |_, search| search);
    let [first, second, third] = search.history() else { panic!("expected three epochs") };
    for alone in [first, second] {
        assert_eq!((alone.arch_samples, alone.arch_loss), (0, None));
        assert_eq!(alone.alpha_distance, 0.0);
        assert!(alone.weight_loss.is_some());
    }
    assert!(third.arch_samples > 0 && third.alpha_distance > 0.0);
    assert_eq!(search.ledger().arch_samples, third.arch_samples);
    assert_eq!(search.ledger().sample_ratio(), 1.0, "all data would not train it either");
    config.alpha.first_epoch = 3;
    let error = Search::new(&config, data(64), Device::Cpu).err().unwrap().to_string();
    assert!(error.contains("alpha.first_epoch"), "{error}");
}
