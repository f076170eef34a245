//! Whole races: halving is what the ladder says, stopping anywhere equals not stopping, all candidates meet
//! the same images, and what cannot learn loses.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::Snapshot;
use tamis_data::{Augmentation, DataConfig, open};
use tamis_nn::Device;
use tamis_race::{Error, Race, RaceConfig, RaceData, RaceEvent, Score, TrialRecord};
use tamis_search::OneOffCost;
use tamis_select::{Replacement, Settings, SplitRule};
use tamis_space::Architecture;
use tamis_space::nas_bench_201::{Genotype, Operation};

fn data(policy: &str) -> RaceData {
    let mut config = DataConfig { size: Some(8), ..DataConfig::default() };
    (config.synthetic.train, config.synthetic.test) = (80, 10);
    let mut settings = Settings::default();
    settings.bdp.warm_up = 1;
    settings.dds.replacement = Replacement::Random;
    RaceData {
        train: Arc::new(open(&config).unwrap().train),
        augmentation: Augmentation::default(),
        policy: policy.to_owned(),
        settings,
        split: SplitRule::default(),
        scores: None,
        embeddings: None,
        one_off: OneOffCost::NONE,
    }
}

/// Two rungs of a few steps, two channels, a cell a stage.
fn small() -> RaceConfig {
    RaceConfig {
        channels: Some(2),
        cells: Some(1),
        steps: vec![4, 13],
        keep: vec![2],
        batch: 16,
        warm_up_steps: 1,
        ..RaceConfig::default()
    }
}

fn cell(operations: [usize; 6]) -> Architecture {
    Architecture::NasBench201(Genotype(operations.map(|index| Operation::ALL[index])))
}

/// Cells that learn at different rates.
fn four() -> Vec<Architecture> {
    [[4; 6], [3; 6], [3, 3, 1, 1, 3, 3], [2; 6]].map(cell).to_vec()
}

fn race(config: &RaceConfig, who: Vec<Architecture>, policy: &str) -> Race {
    Race::new(config, who, data(policy), 7, Device::Cpu).unwrap()
}

fn run(mut race: Race, mut between: impl FnMut(Race) -> Race) -> Race {
    while race.advance().unwrap() != RaceEvent::Finished {
        race = between(race);
    }
    race
}

/// Records without the clock.
fn records(race: &Race) -> Vec<TrialRecord> {
    race.records().iter().map(|record| TrialRecord { wall_s: 0.0, ..record.clone() }).collect()
}

fn loss(record: &TrialRecord) -> f64 {
    record.scores.training_loss.unwrap()
}

#[test]
fn every_rung_leaves_those_of_the_lowest_losses_and_counts_what_it_cost() {
    let config = small();
    let race = run(race(&config, four(), "full"), |race| race);
    assert_eq!(race.ladder(), [[4, 4, 2], [13, 2, 1]]);
    let [first, second] =
        [0, 1].map(|rung| race.records_of(rung).cloned().collect::<Vec<TrialRecord>>());
    assert_eq!(first.iter().map(|record| record.candidate).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let mut by_loss: Vec<&TrialRecord> = first.iter().collect();
    by_loss.sort_by(|one, other| loss(one).total_cmp(&loss(other)));
    let mut kept: Vec<usize> = by_loss[..2].iter().map(|record| record.candidate).collect();
    kept.sort_unstable();
    assert_eq!(second.iter().map(|record| record.candidate).collect::<Vec<_>>(), kept);
    let best = second.iter().min_by(|one, other| loss(one).total_cmp(&loss(other))).unwrap();
    assert_eq!(race.winner().unwrap().architecture.to_string(), best.genotype);
    // Five batches of sixteen a pass.
    let samples = 16 * (4 * 4 + 2 * 13);
    assert_eq!(race.cost().samples, samples);
    let macs = race
        .records()
        .iter()
        .map(|record| 3 * record.samples * race.candidates()[record.candidate].macs);
    assert_eq!(race.cost().macs, macs.sum::<u64>());
    assert_eq!(race.steps(), (42, 42));
}

#[test]
fn a_race_learns_and_a_cell_that_lets_nothing_through_loses_it() {
    let config = RaceConfig { channels: Some(8), steps: vec![200], keep: Vec::new(), ..small() };
    let who = [[0; 6], [3, 3, 1, 1, 3, 3]].map(cell).to_vec();
    let race = run(race(&config, who, "full"), |race| race);
    let losses: Vec<f64> = race.records().iter().map(loss).collect();
    let guess = 10.0_f64.ln();
    assert!((losses[0] - guess).abs() < 0.1 && losses[1] < 0.95 * guess, "{losses:?}");
    assert_eq!(race.winner().unwrap().architecture, cell([3, 3, 1, 1, 3, 3]));
}

/// Policies that look at no table, those that follow a trial among them.
const POLICIES: [&str; 8] = [
    "full",
    "random:0.5",
    "random-epoch:0.5",
    "bdp",
    "infobatch",
    "dds:0.25",
    "full-steps:0.5",
    "random-like:bdp",
];

#[test]
fn stopping_after_any_event_and_restoring_equals_not_stopping() {
    for policy in POLICIES {
        let config = RaceConfig { held_out: 20, ..small() };
        let straight = run(race(&config, four(), policy), |race| race);
        let restarted = run(race(&config, four(), policy), |stopped| {
            let mut fresh = race(&config, four(), policy);
            fresh.restore(&stopped.snapshot()).unwrap();
            fresh
        });
        assert_eq!(records(&restarted), records(&straight), "{policy}");
        assert_eq!(restarted.winner(), straight.winner());
        let cost = |race: &Race| (race.cost().samples, race.cost().macs);
        assert_eq!(cost(&restarted), cost(&straight));
        assert_eq!(restarted.notes(), straight.notes());
    }
}

#[test]
fn what_a_candidate_finds_does_not_depend_on_who_else_runs() {
    let config = RaceConfig { steps: vec![6], keep: Vec::new(), ..small() };
    for policy in ["random-epoch:0.5", "bdp"] {
        let all = run(race(&config, four(), policy), |race| race);
        for (place, architecture) in four().into_iter().enumerate() {
            let alone = run(race(&config, vec![architecture], policy), |race| race);
            assert_eq!(alone.records()[0].scores, all.records()[place].scores, "{policy}");
        }
    }
}

#[test]
fn all_candidates_begin_alike_and_meet_the_same_images() {
    for policy in ["full", "random-epoch:0.5", "bdp"] {
        let twins = vec![cell([3, 3, 1, 1, 3, 3]); 2];
        let race = run(race(&small(), twins, policy), |race| race);
        let found: Vec<TrialRecord> = records(&race);
        assert_eq!(found[0].scores, found[1].scores, "{policy}");
        assert_eq!(race.winner().unwrap(), &race.candidates()[0], "of equals the first");
    }
}

#[test]
fn a_rung_of_a_policy_that_plans_once_is_told_of() {
    let told = |policy| {
        let config = RaceConfig { steps: vec![3, 13], warm_up_steps: 1, ..small() };
        run(race(&config, four(), policy), |race| race).notes().join("; ")
    };
    assert!(told("bdp").contains("bdp plans once an epoch, and a trial of rung 1 does not"));
    assert!(!told("bdp").contains("rung 2"), "thirteen steps are three epochs of five");
    assert_eq!(told("random:0.5"), "");
}

#[test]
fn another_seed_is_another_race() {
    let config = small();
    let losses = |seed| {
        let race = Race::new(&config, four(), data("full"), seed, Device::Cpu).unwrap();
        run(race, |race| race).records().iter().map(loss).collect::<Vec<f64>>()
    };
    assert_eq!(losses(3), losses(3));
    assert_ne!(losses(3), losses(4));
}

#[test]
fn images_that_are_held_out_are_judged_on_and_not_trained_on() {
    let config = RaceConfig { score: Score::HeldOutAccuracy, held_out: 20, ..small() };
    let race = run(race(&config, four(), "full"), |race| race);
    assert_eq!(race.held_out(), 20);
    for record in race.records() {
        let accuracy = record.scores.held_out_accuracy.unwrap();
        assert!((0.0..=1.0).contains(&accuracy) && record.scores.held_out_loss.is_some());
        // 60 are left: batches of 16, 16, 16 and 12.
        let steps = u64::from(record.steps);
        assert_eq!(record.samples, 60 * (steps / 4) + 16 * (steps % 4) + 20);
    }
    let accuracies = |rung| race.records_of(rung).map(|of| of.scores.held_out_accuracy.unwrap());
    let best = accuracies(1).fold(0.0, f64::max);
    let winner = race.ranked(1)[0];
    let of_winner = race.records_of(1).find(|of| of.candidate == winner).unwrap();
    assert_eq!(of_winner.scores.held_out_accuracy, Some(best));
}

#[test]
fn a_race_in_which_nothing_gives_numbers_any_more_says_so() {
    let config = RaceConfig { lr: 1e30, clip_norm: 0.0, ..small() };
    let mut straight = race(&config, four(), "full");
    let mut restarted = race(&config, four(), "full");
    for (restores, at_work) in [(false, &mut straight), (true, &mut restarted)] {
        let error = loop {
            // After a step that gave no number, too.
            if restores {
                let snapshot = at_work.snapshot();
                *at_work = race(&config, four(), "full");
                at_work.restore(&snapshot).unwrap();
            }
            match at_work.advance() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::AllDiverged { candidates: 4, rung: 1 }), "{error}");
        assert!(at_work.records().iter().all(|record| record.scores.training_loss.is_none()));
    }
    assert_eq!(records(&straight), records(&restarted));
}

#[test]
fn states_of_other_races_are_refused() {
    let mut other = race(&small(), four()[..3].to_vec(), "full");
    other.advance().unwrap();
    let refuse = |snapshot: &Snapshot| {
        let told = race(&small(), four(), "full").restore(snapshot).unwrap_err().to_string();
        assert!(told.contains("restoring a saved state"), "{told}");
    };
    refuse(&other.snapshot());
    let mut own = race(&small(), four(), "full");
    own.advance().unwrap();
    let whole = own.snapshot();
    for (pointer, value) in [
        ("/format", 2.into()),
        ("/progress/rung", 9.into()),
        ("/progress/place", 5.into()),
        ("/progress/standing", vec![9].into()),
        ("/progress/place", 4.into()),
        ("/progress/winner", 0.into()),
        ("/trial/progress/losses", vec![0.5; 99].into()),
    ] {
        let mut changed: Snapshot = whole.clone();
        *changed.state.pointer_mut(pointer).unwrap() = value;
        refuse(&changed);
    }
    let mut without: Snapshot = whole.clone();
    without.tensors.clear();
    refuse(&without);
}
