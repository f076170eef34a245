//! What the loop makes of plans that no policy of the list makes by itself.

use std::sync::Arc;

use serde_json::json;
use tamis_core::SampleId;
use tamis_data::{Augmentation, DataConfig, open};
use tamis_nn::Device;
use tamis_select::{Error, LearningRateEvent, Plan, Policy, Report};

use super::{Event, Search, SearchData};
use crate::config::SearchConfig;
use crate::ledger::OneOffCost;

/// Trains on the first samples, but nothing in epoch 1, after which the learning rate jumps.
struct Pausing;

impl Policy for Pausing {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let ids = |range: std::ops::Range<u32>| range.map(SampleId).collect();
        let steps = (epoch == 1).then_some(0);
        let learning_rate = (epoch == 2).then_some(LearningRateEvent::JumpToPeak);
        let (weight, arch) = (ids(0..16), ids(16..32));
        Ok(Plan { weight, arch, steps, learning_rate, ..Plan::default() })
    }

    fn report(&mut self) -> Report {
        let metrics = [("paused".to_owned(), 1.0), ("no number".to_owned(), f64::NAN)].into();
        Report { metrics, notes: vec!["pauses".to_owned()], ..Report::default() }
    }

    fn state(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn restore(&mut self, _state: &serde_json::Value) -> Result<(), Error> {
        Ok(())
    }
}

fn search() -> Search {
    let mut config = DataConfig::default();
    config.synthetic.train = 40;
    config.synthetic.test = 0;
    let data = SearchData {
        train: Arc::new(open(&config).unwrap().train),
        augmentation: Augmentation::default(),
        scores: None,
        embeddings: None,
        latencies: None,
        one_off: OneOffCost::NONE,
    };
    let mut config = SearchConfig::default();
    config.space.channels = 2;
    config.train.epochs = 4;
    config.train.batch = 8;
    let mut search = Search::new(&config, data, Device::Cpu).unwrap();
    search.policy = Box::new(Pausing);
    search
}

/// Runs to the end; between any two events the search may be exchanged.
fn run(mut search: Search, between: impl Fn(Search) -> Search) -> Search {
    while search.advance().unwrap() != Event::Finished {
        search = between(search);
    }
    search
}

#[test]
fn an_epoch_without_steps_trains_nothing_costs_nothing_and_is_recorded() {
    let done = run(search(), |search| search);
    let steps: Vec<u32> = done.history().iter().map(|record| record.steps).collect();
    assert_eq!(steps, [2, 0, 2, 2]);
    let paused = &done.history()[1];
    assert_eq!((paused.weight_samples, paused.arch_samples), (0, 0));
    assert_eq!((paused.weight_loss, paused.arch_val_accuracy), (None, None));
    assert_eq!(paused.gradient_norm, None);
    assert_eq!(paused.alpha_distance, done.history()[0].alpha_distance);
    assert_eq!(done.ledger().weight_samples, 3 * 16);
    assert_eq!(done.ledger().full_data_samples, 4 * (20 + 3 * 8));
}

#[test]
fn a_search_with_an_epoch_without_steps_is_resumed_anywhere() {
    let straight = run(search(), |search| search);
    let restarted = run(search(), |stopped| {
        let mut fresh = search();
        fresh.restore(&stopped.snapshot()).unwrap();
        fresh
    });
    assert_eq!(restarted.snapshot().tensors, straight.snapshot().tensors);
    assert_eq!(rates(&restarted), rates(&straight));
}

fn rates(done: &Search) -> Vec<f64> {
    done.history().iter().map(|record| record.weight_lr).collect()
}

#[test]
fn a_jump_begins_the_schedule_of_the_learning_rate_again_for_the_epochs_that_are_left() {
    let done = run(search(), |search| search);
    let [first, second, third, fourth] = rates(&done)[..] else { panic!("four epochs") };
    let weights = &done.config().weights;
    assert!(first == weights.lr && second < first, "the cosine falls");
    assert_eq!(third, weights.lr, "the peak again");
    // Half of the two epochs that were left.
    assert!((fourth - (weights.lr + weights.lr_min) / 2.0).abs() < 1e-12, "{fourth}");
}

#[test]
fn a_position_that_no_search_of_these_settings_has_is_refused() {
    let mut running = search();
    (0..3).for_each(|_| drop(running.advance().unwrap()));
    for (field, value) in [("epoch", json!(5)), ("step", json!(3)), ("schedule", json!([1, 4]))] {
        let mut snapshot = running.snapshot();
        snapshot.state["progress"][field] = value;
        let error = search().restore(&snapshot).unwrap_err().to_string();
        assert!(error.contains("for the progress") && error.contains("4 epochs"), "{error}");
    }
    let mut snapshot = running.snapshot();
    snapshot.state["progress"]["plan"]["weight"][15] = 40.into();
    let error = search().restore(&snapshot).unwrap_err().to_string();
    assert!(error.contains("found sample 40 for the plan, expected below 40"), "{error}");
    let mut snapshot = running.snapshot();
    snapshot.state["choices"] = json!([]);
    let error = search().restore(&snapshot).unwrap_err().to_string();
    assert!(error.contains("found 0 for the architecture parameters' optimizers"), "{error}");
}

#[test]
fn what_a_policy_tells_is_kept_figures_by_epoch_and_each_note_once() {
    let done = run(search(), |stopped| {
        let mut fresh = search();
        fresh.restore(&stopped.snapshot()).unwrap();
        fresh
    });
    assert_eq!(done.notes(), ["pauses"]);
    for record in done.history() {
        assert_eq!(record.policy, [("paused".to_owned(), 1.0)].into());
    }
}
