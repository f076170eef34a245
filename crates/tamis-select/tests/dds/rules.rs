//! When the subset is renewed, and by whom.

use tamis_core::{Level, SampleId};
use tamis_select::{
    Change, Context, DdsRule, DdsSettings, FurthestSearch, HardnessRule, LearningRateAfterUpdate,
    LearningRateEvent, Replacement, What, Why, build,
};

use crate::testkit::{context, figures, mastered, mixed, on_a_line, run, train, updates};

fn settings() -> DdsSettings {
    DdsSettings::default()
}

#[test]
fn a_mastered_subset_is_renewed_every_other_epoch_from_the_first_that_may() {
    let run = run("dds:20", &context(300, settings()), mastered);
    let expected: Vec<usize> = (5..30).step_by(2).collect();
    assert_eq!(updates(&run), expected);
    for (epoch, (plan, _)) in run.iter().enumerate() {
        let is_update = expected.contains(&epoch);
        assert_eq!(plan.steps, is_update.then_some(0), "an update takes an epoch of its own");
    }
    for pair in run.windows(2).filter(|pair| pair[1].0.steps.is_none()) {
        assert_eq!(pair[0].0.weight, pair[1].0.weight, "only updates change the subset");
    }
}

#[test]
fn an_update_may_share_its_epoch_with_training() {
    let settings = DdsSettings { update_consumes_epoch: false, ..settings() };
    let run = run("dds:20", &context(300, settings), mastered);
    assert_eq!(updates(&run), (5..30).collect::<Vec<_>>());
    assert!(run.iter().all(|(plan, _)| plan.steps.is_none()));
}

#[test]
fn everything_is_easy_above_zero_and_nothing_above_one() {
    let easy = DdsSettings { hardness: 0.0, mastery: 0.0, ..settings() };
    let all = run("dds:20", &context(300, easy), mixed);
    assert_eq!(figures(&all, "replaced"), [20.0; 13]);
    for pair in all.windows(2).filter(|pair| pair[1].0.steps.is_some()) {
        let [before, after] = [&pair[0].0.weight, &pair[1].0.weight];
        assert!(before.iter().all(|id| !after.contains(id)), "nobody is left");
    }
    let hard = DdsSettings { hardness: 1.0, ..settings() };
    let none = run("dds:20", &context(300, hard), mastered);
    assert!(!updates(&none).is_empty());
    assert!(figures(&none, "replaced").iter().all(|&replaced| replaced == 0.0));
    assert_eq!(
        none[29].1.notes,
        ["`dds:20` exchanged no image, which equals a fixed random subset: no image was easier \
          than policy.dds.hardness = 1: the largest score seen was 0.990; \
          policy.dds.hardness_rule=quantile does not ask how sure the network is"]
    );
}

#[test]
fn a_quantile_exchanges_the_surest_right_answers_of_a_network_that_is_never_sure() {
    let threshold = run("dds:20", &context(300, settings()), |_, _| (0.3, true));
    assert!(figures(&threshold, "replaced").iter().all(|&replaced| replaced == 0.0));
    let quantile =
        DdsSettings { hardness_rule: HardnessRule::Quantile, easy_share: 0.25, ..settings() };
    let found = run("dds:20", &context(300, quantile), |id, _| (0.2 + 0.0001 * id.0 as f32, true));
    let replaced = figures(&found, "replaced");
    assert!(!replaced.is_empty() && replaced.iter().all(|&count| count == 5.0), "{replaced:?}");
}

#[test]
fn a_network_that_is_sure_of_everything_still_has_its_share_of_easy_images() {
    let quantile = DdsSettings { hardness_rule: HardnessRule::Quantile, ..settings() };
    let found = run("dds:20", &context(300, quantile), |_, _| (1.0, true));
    assert_eq!(figures(&found, "replaced"), [4.0; 13]);
    assert!(found[29].1.notes.is_empty());
}

#[test]
fn a_run_that_exchanges_nothing_names_every_gate_that_was_shut_and_what_opens_it() {
    let note = |settings: DdsSettings, answer| {
        run("dds:20", &context(300, settings), answer)[29].1.notes.concat()
    };
    // Neither mastered nor sure: both are named.
    let unsure = note(settings(), |id, _| (0.71, id.0.is_multiple_of(4)));
    for part in ["never mastered", "rule=always", "largest score seen was 0.710", "=quantile"] {
        assert!(unsure.contains(part), "{part} in {unsure}");
    }
    // Not mastered, but sure enough.
    let sure = note(DdsSettings { mastery: 1.0, ..settings() }, |id, _| (0.95, id.0 % 2 == 0));
    assert!(sure.contains("never mastered") && !sure.contains("largest score"), "{sure}");
    // Mastered, and sure only where that did not count.
    let early = note(settings(), |_, epoch| (if epoch < 4 { 0.99 } else { 0.71 }, true));
    assert!(early.contains("largest score seen was 0.710"), "{early}");
    // A fifth of four right answers is no image.
    let small = DdsSettings { hardness_rule: HardnessRule::Quantile, mastery: 0.0, ..settings() };
    let few = run("dds:4", &context(300, small), |_, _| (0.99, true))[29].1.notes.concat();
    assert!(few.ends_with("policy.dds.easy_share = 0.2 was less than one image"), "{few}");
}

#[test]
fn the_rule_always_updates_every_second_epoch_whatever_was_learned() {
    let wrong = |_, _| (0.3, false);
    let gated = run("dds:20", &context(300, settings()), wrong);
    assert!(updates(&gated).is_empty());
    let always = DdsSettings { rule: DdsRule::Always, ..settings() };
    let found = updates(&run("dds:20", &context(300, always), wrong));
    assert!(found.len() > 10 && found.windows(2).all(|pair| pair[1] == pair[0] + 2), "{found:?}");
    assert_eq!(found[0], 5);
}

#[test]
fn a_subset_that_is_not_mastered_stays_and_the_run_says_what_that_means() {
    let unmastered = |id: SampleId, _: u32| (0.99, id.0.is_multiple_of(4));
    let settings = DdsSettings { mastery: 0.9, ..settings() };
    let run = run("dds:20", &context(300, settings), unmastered);
    assert!(updates(&run).is_empty());
    assert!(run.iter().all(|(plan, _)| *plan == run[0].0));
    let right = run[0].0.weight.iter().filter(|id| id.0.is_multiple_of(4)).count();
    assert_eq!(
        run[29].1.notes,
        [format!(
            "`dds:20` exchanged no image, which equals a fixed random subset: the subset was \
             never mastered (at most {:.3}, needed 0.9 before an epoch from 5 on); \
             policy.dds.rule=always does not ask",
            right as f64 / 20.0
        )]
    );
    assert!(run[..29].iter().all(|(_, report)| report.notes.is_empty()));
}

#[test]
fn a_run_that_trains_on_no_exchanged_image_says_so() {
    // Mastered in the first epochs alone, when no update is allowed yet.
    let early = |_: SampleId, epoch: u32| (0.99, epoch < 3);
    let note = |epochs, answer| {
        let context = Context { epochs, ..context(300, settings()) };
        let mut run = run("dds:20", &context, answer);
        run.pop().unwrap().1.notes.pop().unwrap_or_default()
    };
    let never = note(30, early);
    assert!(never.contains("(at most 0.000, needed 0.5 before an epoch from 5 on)"), "{never}");
    assert!(note(5, mastered).ends_with("the search ends before epoch 5, the first of an update"));
    // The update takes the last epoch.
    assert_eq!(
        note(6, mastered),
        "`dds:20` trained on no image that it exchanged, which equals a fixed random subset: the \
         only update was in the last epoch"
    );
    assert_eq!(note(7, mastered), "");
}

#[test]
fn who_leaves_does_not_come_back_in_the_same_update() {
    // Three weight samples, two of them in the subset: one can be exchanged, for the third.
    let run = run("dds:2", &on_a_line(&[0.0, 100.0, 1.0, 0.0, 0.0, 0.0], settings()), mastered);
    for name in ["replaced", "easy_without_replacement"] {
        assert_eq!(figures(&run, name), [1.0; 13], "{name}");
    }
    assert_eq!(figures(&run, "turnover"), [0.5; 13]);
    for update in updates(&run) {
        assert_ne!(run[update].0.weight, run[update - 1].0.weight);
    }
}

#[test]
fn easy_images_leave_and_hard_ones_stay() {
    // Even samples are sure, odd ones unsure; all are right.
    let answer = |id: SampleId, _: u32| (if id.0.is_multiple_of(2) { 0.95 } else { 0.8 }, true);
    let run = run("dds:30", &context(300, settings()), answer);
    let (before, (after, report)) = (&run[4].0.weight, &run[5]);
    for id in before {
        assert_ne!(after.weight.contains(id), id.0.is_multiple_of(2), "{id}");
    }
    let easy = before.iter().filter(|id| id.0.is_multiple_of(2)).count();
    assert_eq!(report.changes.len(), easy);
    for Change { id, level, what, why } in &report.changes {
        let What::ReplacedBy(by) = *what else { panic!("{what:?}") };
        assert!(before.contains(id) && after.weight.contains(&by));
        assert_eq!(*level, Some(Level::Weight));
        let Why::Easy { hardness, distance } = *why else { panic!("{why:?}") };
        assert!((hardness - 0.95).abs() < 1e-6 && distance.unwrap() > 0.0);
    }
}

#[test]
fn an_easy_image_is_exchanged_for_the_furthest_one() {
    // Weight samples 0 to 4; whichever is drawn, the furthest from it is 3 or 4.
    let exact = DdsSettings { search: FurthestSearch::Exact, ..settings() };
    let context = on_a_line(&[1.0, 2.0, 3.0, -50.0, 90.0, 0.0, 0.0, 0.0, 0.0, 0.0], exact);
    let run = run("dds:1", &context, mastered);
    let first = run[4].0.weight[0];
    let expected = if first == SampleId(4) { SampleId(3) } else { SampleId(4) };
    assert_eq!(run[5].0.weight, [expected]);
}

#[test]
fn furthest_images_play_ping_pong_unless_they_are_tabu() {
    let places = [0.0, 10.0, 5.0, 6.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let free = run("dds:1", &on_a_line(&places, settings()), mastered);
    let returned = figures(&free, "returned_share");
    assert_eq!(returned[0], 0.0);
    assert!(returned[3..].iter().all(|&share| share == 1.0), "{returned:?}");
    let tabu = DdsSettings { tabu: 1, ..settings() };
    let tabu = run("dds:1", &on_a_line(&places, tabu), mastered);
    assert_eq!(figures(&tabu, "returned_share"), [0.0; 13]);
    assert_eq!(figures(&tabu, "replaced"), [1.0; 13]);
}

#[test]
fn the_learning_rate_jumps_in_the_first_epoch_that_trains_on_a_new_subset() {
    let jump = LearningRateAfterUpdate::JumpToPeak;
    for update_consumes_epoch in [true, false] {
        let settings = DdsSettings { lr_after_update: jump, update_consumes_epoch, ..settings() };
        let run = run("dds:20", &context(300, settings), mastered);
        let delay = usize::from(update_consumes_epoch);
        let expected: Vec<usize> = updates(&run).iter().map(|epoch| epoch + delay).collect();
        let found = (0..30)
            .filter(|&epoch| run[epoch].0.learning_rate == Some(LearningRateEvent::JumpToPeak));
        let expected = expected.into_iter().filter(|&epoch| epoch < 30);
        assert!(found.eq(expected));
    }
    let kept = run("dds:20", &context(300, settings()), mastered);
    assert!(kept.iter().all(|(plan, _)| plan.learning_rate.is_none()));
}

#[test]
fn validation_accuracy_looks_at_the_architecture_samples_alone() {
    // Samples of the weight half are all wrong, those of the other half all right, or the reverse.
    let context = |rule| {
        let mut context = context(300, DdsSettings { rule, hardness: 0.05, ..settings() });
        context.split = tamis_select::SplitRule::Order;
        context
    };
    let arch_right = |id: SampleId, _: u32| (0.9, id.0 >= 150);
    let by_arch = context(DdsRule::ValAccuracy);
    assert!(!updates(&run("dds:20", &by_arch, arch_right)).is_empty());
    assert!(updates(&run("dds:20", &by_arch, |id, _| (0.9, id.0 < 150))).is_empty());
    assert!(updates(&run("dds:20", &context(DdsRule::SubsetAccuracy), arch_right)).is_empty());
    // Wrong answers have a score of 0.09: easier than 0.05.
    let by_ease = context(DdsRule::SubsetEasyFraction);
    assert!(!updates(&run("dds:20", &by_ease, arch_right)).is_empty());
}

#[test]
fn a_fixed_subset_and_random_replacements_need_no_embeddings() {
    let bare = |replacement| {
        let settings = DdsSettings { replacement, ..settings() };
        Context { embeddings: None, ..context(300, settings) }
    };
    let fixed = run("dds:20", &bare(Replacement::Never), mastered);
    assert!(fixed.iter().all(|(plan, report)| *plan == fixed[0].0 && report.notes.is_empty()));
    let random = run("dds:20", &bare(Replacement::Random), mastered);
    assert_eq!(random[0].0, fixed[0].0, "the arms begin with the same subset");
    assert_eq!(figures(&random, "replaced"), [20.0; 13]);
    let furthest = run("dds:20", &context(300, settings()), mastered);
    assert_eq!(furthest[0].0, fixed[0].0);
    assert_ne!(furthest[5].0, random[5].0);
}

#[test]
fn random_replacements_reach_every_candidate_of_the_class() {
    let settings = DdsSettings { replacement: Replacement::Random, ..settings() };
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let context = Context { seed, ..on_a_line(&[0.0; 20], settings.clone()) };
        let run = run("dds:1", &context, mastered);
        let at = updates(&run)[0];
        assert_ne!(run[at].0.weight, run[at - 1].0.weight);
        seen.extend(run[at].0.weight.clone());
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
}

#[test]
fn duplicates_gather_at_outliers_where_they_are_allowed() {
    let mut places: Vec<f32> = (0..40).map(|at| at as f32 / 40.0).collect();
    places[7] = 1e6;
    let settings = DdsSettings { allow_duplicates: true, ..settings() };
    let run = run("dds:8", &on_a_line(&places, settings), mastered);
    let duplicates = figures(&run, "duplicates");
    assert!(duplicates[0] >= 6.0, "{duplicates:?}");
    assert!(run.iter().all(|(plan, _)| plan.weight.len() == 8 && plan.weight.is_sorted()));
}

#[test]
fn the_control_knows_of_every_sample_even_where_one_is_in_twice() {
    let mut places: Vec<f32> = (0..40).map(|at| at as f32 / 40.0).collect();
    places[7] = 1e6;
    let settings = DdsSettings { allow_duplicates: true, ..settings() };
    let run = run("random-like:dds:8", &on_a_line(&places, settings), mastered);
    assert!(figures(&run, "duplicates").iter().any(|&duplicates| duplicates > 0.0));
    let mastery = run.iter().filter_map(|(_, report)| report.metrics.get("mastery"));
    assert!(mastery.clone().count() > 10);
    assert!(mastery.into_iter().all(|&mastery| mastery == 1.0));
}

#[test]
fn without_candidates_easy_images_stay() {
    let run = run("dds:0.5", &context(60, settings()), mastered);
    assert!(run.iter().all(|(plan, _)| plan.weight == run[0].0.weight));
    assert_eq!(figures(&run, "easy_without_replacement"), [30.0; 13]);
    assert!(run[29].1.notes[0].ends_with("no easy image had a replacement"));
}

#[test]
fn scores_of_batches_of_the_other_level_are_not_mistaken_for_the_subsets() {
    let context = context(300, settings());
    let mut policy = build("dds:20", &context).unwrap();
    for epoch in 0..5 {
        let plan = policy.plan(epoch).unwrap();
        // Architecture samples are all sure and right, weight samples all wrong.
        train(policy.as_mut(), &plan, epoch, |_, _| (0.99, true));
        let weight = crate::testkit::predictions;
        policy.observe(&weight(&plan.weight, Level::Weight, epoch, |_, _| (0.99, false)));
    }
    assert_eq!(policy.plan(5).unwrap().steps, None, "the subset is not mastered");
}
