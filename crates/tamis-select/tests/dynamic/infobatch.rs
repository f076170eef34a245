//! InfoBatch over whole searches.

use tamis_core::{Level, SampleId};
use tamis_select::{InfobatchSettings, Plan, Settings, What, Why, build};

use super::{context, noise, prediction, run};

/// Losses of 1 for even samples and 3 for odd ones.
fn two_losses(id: SampleId, _epoch: u32) -> f64 {
    if id.0.is_multiple_of(2) { (-1.0_f64).exp() } else { (-3.0_f64).exp() }
}

#[test]
fn half_of_the_samples_below_the_mean_are_left_out_and_the_other_half_weighs_twice() {
    let plans = run("infobatch", &context(1_000, 40, Settings::default()), two_losses);
    let half = plans[0].0.weight.clone();
    let low = half.iter().filter(|id| id.0 % 2 == 0).count();
    let (plan, report) = &plans[3];
    let kept_low = plan.weight.iter().filter(|id| id.0 % 2 == 0).count();
    let kept_high = plan.weight.len() - kept_low;
    assert_eq!((kept_low, kept_high), (low - low / 2, half.len() - low));
    for (id, weight) in plan.weight.iter().zip(plan.loss_weights.as_ref().unwrap()) {
        assert_eq!(*weight, if id.0 % 2 == 0 { 2.0 } else { 1.0 });
    }
    assert_eq!(report.metrics["left_out"], (low / 2) as f64);
    assert_eq!(plan.arch, plans[0].0.arch, "the architecture has its whole half");
    assert_eq!(plan.steps, None);
}

#[test]
fn the_first_epoch_and_the_last_eighth_leave_out_nothing() {
    let plans = run("infobatch", &context(1_000, 40, Settings::default()), two_losses);
    for (epoch, (plan, _)) in plans.iter().enumerate() {
        let is_full = plan.weight.len() == 500 && plan.loss_weights.is_none();
        assert_eq!(is_full, epoch == 0 || epoch >= 35, "epoch {epoch}");
    }
}

#[test]
fn the_share_of_the_epochs_that_prune_is_exact() {
    // 0.55 of 100 is a little more than 55 in binary fractions.
    let infobatch = InfobatchSettings { stop: 0.55, ..InfobatchSettings::default() };
    let context = context(100, 100, Settings { infobatch, ..Settings::default() });
    let plans = run("infobatch", &context, two_losses);
    let last = plans.iter().rposition(|(plan, _)| plan.loss_weights.is_some());
    assert_eq!(last, Some(54));
}

#[test]
fn what_is_left_out_is_drawn_anew_each_epoch_and_told() {
    let plans = run("infobatch", &context(1_000, 40, Settings::default()), two_losses);
    let pairs: Vec<(&Plan, &Plan)> =
        plans.windows(2).map(|pair| (&pair[0].0, &pair[1].0)).collect();
    assert!(pairs[1..30].iter().all(|(before, after)| before.weight != after.weight));
    for ((before, after), (_, report)) in pairs.iter().zip(&plans[1..]) {
        for change in &report.changes {
            let is_in = |plan: &Plan| plan.weight.binary_search(&change.id).is_ok();
            let expected = if change.what == What::Removed { (true, false) } else { (false, true) };
            assert_eq!((is_in(before), is_in(after)), expected);
            assert!(matches!(change.why, Why::Score(loss) if (loss - 1.0).abs() < 1e-6));
        }
    }
}

#[test]
fn equal_losses_leave_out_nobody() {
    let context = context(60_000, 10, Settings::default());
    for (plan, _) in run("infobatch", &context, |_, _| 0.1) {
        assert_eq!(plan.weight.len(), 30_000);
        assert_eq!(plan.loss_weights, None);
    }
}

#[test]
fn over_the_epochs_every_sample_counts_as_often_as_without_pruning() {
    let epochs = 400;
    let plans = run("infobatch", &context(200, epochs, Settings::default()), noise);
    let mut counted = vec![0.0; 200];
    for (plan, _) in &plans[..350] {
        let ones = vec![1.0; plan.weight.len()];
        let weights = plan.loss_weights.as_ref().unwrap_or(&ones);
        plan.weight.iter().zip(weights).for_each(|(id, w)| counted[id.index()] += f64::from(*w));
    }
    for id in &plans[0].0.weight {
        let mean = counted[id.index()] / 350.0;
        assert!((mean - 1.0).abs() < 0.2, "sample {id} counts {mean} an epoch");
    }
}

#[test]
fn a_sample_whose_loss_is_not_known_is_never_left_out() {
    let context = context(200, 20, Settings::default());
    let mut policy = build("infobatch", &context).unwrap();
    let half = policy.plan(0).unwrap().weight;
    let (known, unknown) = half.split_at(50);
    let told: Vec<_> = known
        .iter()
        .enumerate()
        .map(|(place, &id)| prediction(id, Level::Weight, 0, 0.1 + 0.015 * place as f64))
        .collect();
    policy.observe(&told);
    let plan = policy.plan(1).unwrap();
    assert!(plan.weight.len() < half.len());
    assert!(unknown.iter().all(|id| plan.weight.contains(id)));
}

#[test]
fn what_the_architecture_level_says_does_not_matter() {
    let context = context(200, 20, Settings::default());
    let mut policy = build("infobatch", &context).unwrap();
    let arch = policy.plan(0).unwrap().arch;
    let told: Vec<_> =
        arch.iter().map(|&id| prediction(id, Level::Arch, 0, noise(id, 0))).collect();
    policy.observe(&told);
    assert_eq!(policy.plan(1).unwrap().weight.len(), 100);
}
