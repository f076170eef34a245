//! BDP-style pruning over whole searches.

use tamis_core::{Level, SampleId};
use tamis_select::{Balance, BdpMetric, BdpSettings, Keep, Plan, Settings, What, Why, build};

use super::{class_counts, context, is_part, noise, run, turn, unit, with_labels};

fn settings(bdp: BdpSettings) -> Settings {
    Settings { bdp, ..Settings::default() }
}

fn sizes(plans: &[(Plan, tamis_select::Report)]) -> Vec<usize> {
    plans.iter().map(|(plan, _)| plan.weight.len()).collect()
}

#[test]
fn the_default_schedule_costs_43_percent_at_50_epochs_and_at_20() {
    for epochs in [50, 20, 100] {
        let context = context(8_000, epochs, Settings::default());
        let plans = run("bdp", &context, noise);
        let passed: usize = plans.iter().map(|(plan, _)| plan.weight.len() + plan.arch.len()).sum();
        let cost = passed as f64 / (8_000 * epochs as usize) as f64;
        assert!((cost - 0.43).abs() < 0.01, "{epochs} epochs cost {cost}");
    }
}

#[test]
fn prunes_come_at_their_epochs_and_keep_exact_counts() {
    let plans = run("bdp", &context(8_000, 50, Settings::default()), noise);
    let found = sizes(&plans);
    let mut expected = vec![4_000; 10];
    for kept in [2_800, 1_960, 1_372, 960, 672] {
        expected.extend([kept; 5]);
    }
    expected.extend([470; 15]);
    assert_eq!(found, expected);
    assert!(plans.iter().all(|(plan, _)| plan.weight.len() == plan.arch.len()));
    assert!(plans.iter().all(|(_, report)| report.notes.is_empty()));
}

#[test]
fn active_sets_only_shrink_and_every_change_is_told_with_its_reason() {
    let plans = run("bdp", &context(2_000, 50, Settings::default()), noise);
    for pair in plans.windows(2) {
        let [(before, _), (after, report)] = pair else { unreachable!() };
        assert!(is_part(&after.weight, &before.weight) && is_part(&after.arch, &before.arch));
        let gone = before.weight.len() + before.arch.len() - after.weight.len() - after.arch.len();
        assert_eq!(report.changes.len(), gone);
        for change in &report.changes {
            let kept =
                if change.level == Some(Level::Weight) { &after.weight } else { &after.arch };
            assert!(change.what == What::Removed && !kept.contains(&change.id));
            assert!(matches!(change.why, Why::Rank { metric: Some(_), .. }));
        }
    }
}

/// Odd samples are certain and never move, the others move the more the larger their id.
fn movers(id: SampleId, epoch: u32) -> f64 {
    let width = if id.0 % 2 == 1 { 0.0 } else { f64::from(id.0) / 2_000.0 };
    0.5 + width * if epoch.is_multiple_of(2) { 0.5 } else { -0.5 }
}

#[test]
fn the_weight_level_keeps_what_moves_most() {
    let bdp = BdpSettings {
        balance: Balance::Off,
        min_per_class: 0,
        prunes: 1,
        keep: 0.3,
        ..BdpSettings::default()
    };
    let plans = run("bdp", &context(1_000, 50, settings(bdp)), movers);
    let half = &plans[0].0.weight;
    let mut by_movement: Vec<SampleId> = half.clone();
    by_movement.sort_by_key(|id| (id.0 % 2 == 1, std::cmp::Reverse(id.0)));
    let mut expected = by_movement[..150].to_vec();
    expected.sort_unstable();
    assert_eq!(plans[10].0.weight, expected);
}

#[test]
fn a_prune_of_a_short_search_judges_by_four_records_and_not_by_the_last_two() {
    // Prunes before 4 and 6. Even samples move much before 4 and not at all from then on, odd ones
    // little before and more from then on.
    let says = |id: SampleId, epoch: u32| {
        let early = if id.0.is_multiple_of(2) { 0.4 } else { 0.1 };
        let late = if id.0.is_multiple_of(2) { 0.0 } else { 0.2 };
        let width = if epoch < 4 { early } else { late };
        0.5 + if epoch.is_multiple_of(2) { width } else { -width }
    };
    let even_of = |least_records| {
        let bdp = BdpSettings {
            least_records,
            balance: Balance::Off,
            min_per_class: 0,
            prunes: 2,
            weight_keeps: Keep::High,
            ..BdpSettings::default()
        };
        let plans = run("bdp", &context(1_000, 20, settings(bdp)), says);
        let even =
            |epoch: usize| plans[epoch].0.weight.iter().filter(|id| id.0.is_multiple_of(2)).count();
        (even(0), even(5), even(6))
    };
    // Of 500 the first keeps 350, all even ones among them; of these the second keeps 245.
    let (all, before, by_four) = even_of(4);
    assert_eq!((before, by_four), (all, 245), "over four records none of the odd moves more");
    let (_, before, by_two) = even_of(2);
    assert_eq!((before, by_two), (all, 245 - (350 - all)), "in the last two every odd one does");
}

#[test]
fn the_architecture_level_drops_the_surest_and_the_least_sure() {
    let bdp = BdpSettings {
        min_per_class: 0,
        prunes: 1,
        balance: Balance::Off,
        ..BdpSettings::default()
    };
    // Confidence grows with the id.
    let says = |id: SampleId, epoch: u32| f64::from(id.0) / 1_000.0 + 1e-3 * unit(9, epoch, id);
    let plans = run("bdp", &context(1_000, 50, settings(bdp)), says);
    let half = &plans[0].0.arch;
    assert_eq!(plans[10].0.arch, half[75..425]);
}

#[test]
fn classes_keep_their_shares_as_far_as_the_balance_says() {
    // The samples of class 0 never move: nothing speaks for them but the balance.
    let says =
        |id: SampleId, epoch: u32| if id.0.is_multiple_of(10) { 0.5 } else { noise(id, epoch) };
    let kept = |balance| {
        let bdp = BdpSettings { balance, min_per_class: 5, ..BdpSettings::default() };
        let context = context(4_000, 50, settings(bdp));
        let plans = run("bdp", &context, says);
        class_counts(&plans[49].0.weight, &context)
    };
    assert_eq!(kept(Balance::Off)[0], 5, "min_per_class alone");
    let strict = kept(Balance::Strict);
    let (least, most) = (strict.iter().min().unwrap(), strict.iter().max().unwrap());
    let half = class_counts(
        &run("full", &context(4_000, 1, Settings::default()), noise)[0].0.weight,
        &context(4_000, 1, Settings::default()),
    );
    let spread = half.iter().max().unwrap() - half.iter().min().unwrap();
    assert!(most - least <= spread + 2, "{strict:?} of {half:?}");
    let auto = kept(Balance::Auto)[0];
    assert!(auto > 5 && auto < strict[0], "{auto} of {strict:?}");
}

#[test]
fn no_prune_goes_below_the_least_of_a_class() {
    let plans = run("bdp", &context(400, 50, Settings::default()), noise);
    let context = context(400, 50, Settings::default());
    let half = class_counts(&plans[0].0.weight, &context);
    let last = class_counts(&plans[49].0.weight, &context);
    for (last, half) in last.iter().zip(half) {
        assert!(*last >= half.min(10), "{last} of {half}");
    }
}

#[test]
fn pruning_that_the_least_of_the_classes_holds_up_is_told() {
    let plans = run("bdp", &context(100, 50, Settings::default()), noise);
    assert_eq!(plans[49].0.weight.len(), 50, "no class has more than 10 in a half");
    assert_eq!(
        plans[10].1.notes[0],
        "bdp: the weight level stays at 50 samples, expected fewer: no class has more than \
         policy.bdp.min_per_class = 10"
    );
}

#[test]
fn a_prune_without_predictions_is_skipped_and_said_so() {
    let mut policy = build("bdp", &context(400, 50, Settings::default())).unwrap();
    let mut notes = Vec::new();
    for epoch in 0..50 {
        let plan = policy.plan(epoch).unwrap();
        assert_eq!((plan.weight.len(), plan.arch.len()), (200, 200));
        notes.extend(policy.report().notes);
    }
    assert_eq!(notes.len(), 12, "six prunes of two levels");
    assert_eq!(
        notes[0],
        "bdp: the prune of the weight level before epoch 10 was skipped: 0 of 200 samples have \
         enough predictions to be judged by"
    );
}

#[test]
fn pruned_samples_are_looked_at_again_only_if_allowed_and_may_return() {
    let bdp = BdpSettings {
        allow_return: true,
        return_period: 7,
        min_per_class: 0,
        ..BdpSettings::default()
    };
    let context = context(2_000, 50, settings(bdp));
    let plans = run("bdp", &context, noise);
    let looks = [17, 24, 31, 38, 45];
    for (epoch, (plan, _)) in plans.iter().enumerate() {
        assert_eq!(plan.weight.len() == 1_000, epoch < 10 || looks.contains(&epoch), "{epoch}");
    }
    // What the look of epoch 17 said counts at the prune before epoch 20.
    let (before, after) = (&plans[18].0.weight, &plans[20].0.weight);
    assert!(!is_part(after, before), "with noise some return");
    assert_eq!(after.len(), 343, "0.7 of what was active, as without the look");
    let returned = plans[20].1.changes.iter().filter(|change| change.what == What::Chosen);
    assert!(returned.count() > 0);
}

#[test]
fn every_metric_and_direction_keeps_the_same_number() {
    use BdpMetric::{Change, Confidence, Forgetting, Variation, VariationConfidence};
    let labels: Vec<u32> = (0..600).map(|sample| (sample * sample) % 10).collect();
    for metric in [Variation, Confidence, Change, Forgetting, VariationConfidence] {
        for keeps in [Keep::High, Keep::Low, Keep::Middle, Keep::Random] {
            let bdp = BdpSettings {
                metric,
                weight_keeps: keeps,
                arch_keeps: keeps,
                keep_arch: Some(0.9),
                min_per_class: 1,
                ..BdpSettings::default()
            };
            let plans = run("bdp", &with_labels(labels.clone(), 20, settings(bdp)), noise);
            let last = &plans[19].0;
            assert_eq!((last.weight.len(), last.arch.len()), (34, 158), "{metric:?} {keeps:?}");
        }
    }
}

#[test]
fn a_run_too_short_for_the_schedule_makes_several_prunes_at_once() {
    let bdp = BdpSettings { min_per_class: 0, ..BdpSettings::default() };
    let context = context(2_000, 10, settings(bdp));
    assert_eq!(
        sizes(&run("bdp", &context, noise)),
        [1_000, 1_000, 700, 490, 343, 240, 168, 117, 117, 117]
    );
    let mut short = build("bdp", &with_labels(vec![0; 2_000], 5, context.settings)).unwrap();
    let sizes: Vec<usize> =
        (0..5).map(|epoch| turn(short.as_mut(), epoch, noise).0.weight.len()).collect();
    // One record is too few before epoch 1; before epochs 2 and 3 two prunes each are due.
    assert_eq!(sizes, [1_000, 1_000, 490, 240, 240]);
}
