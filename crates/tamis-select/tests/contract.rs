//! What every policy of the list promises, whatever it chooses by.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use tamis_core::{Key, Purpose, SampleId};
use tamis_select::{
    Argument, Context, Entry, Error, POLICIES, Plan, Pool, ScoreRow, ScoreTable, Settings,
    SplitRule, build,
};

/// A context with scores, for a pool of these labels.
fn context(labels: Vec<u32>, seed: u64) -> Context {
    let row = |(id, &class): (SampleId, &u32)| {
        let score = 10_f64.powf(-9.0 * Key::new(0, Purpose::Test).id(id.0.into()).stream().unit());
        ScoreRow { id, class, score }
    };
    let scores = ScoreTable::new((0..).map(SampleId).zip(&labels).map(row).collect()).unwrap();
    let classes = labels.iter().max().map_or(1, |&label| label as usize + 1);
    let pool = Arc::new(Pool::new(labels, classes).unwrap());
    Context { scores: Some(Arc::new(scores)), ..Context::new(pool, seed, 50) }
}

fn spec(entry: &Entry, amount: &str) -> String {
    match entry.argument {
        Argument::Amount => format!("{}:{amount}", entry.name),
        _ => entry.name.to_owned(),
    }
}

fn plan(spec: &str, context: &Context, epoch: u32) -> Plan {
    build(spec, context).unwrap().plan(epoch).unwrap()
}

fn message(spec: &str, context: &Context) -> String {
    build(spec, context).err().unwrap().to_string()
}

fn all_ids(plan: &Plan) -> BTreeSet<SampleId> {
    plan.weight.iter().chain(&plan.arch).copied().collect()
}

proptest! {
    #[test]
    fn every_plan_has_its_size_and_disjoint_sorted_levels_inside_the_pool(
        labels in prop::collection::vec(0_u32..12, 2..60),
        part in 0.0_f64..=1.0,
        order: bool,
        seed: u64,
        epoch in 0_u32..100,
    ) {
        let samples = labels.len();
        let mut context = context(labels, seed);
        context.split = if order { SplitRule::Order } else { SplitRule::Random };
        let count = 2 + ((samples - 2) as f64 * part) as usize;
        for entry in POLICIES {
            let found = plan(&spec(entry, &count.to_string()), &context, epoch);
            let count = if entry.argument == Argument::None { samples } else { count };
            prop_assert_eq!(found.weight.len(), count / 2, "{}", entry.name);
            prop_assert_eq!(found.arch.len(), count - count / 2, "{}", entry.name);
            prop_assert!(found.weight.is_sorted() && found.arch.is_sorted(), "{}", entry.name);
            let ids = all_ids(&found);
            prop_assert_eq!(ids.len(), count, "{}", entry.name);
            prop_assert!(ids.last().unwrap().index() < samples, "{}", entry.name);
        }
    }

    #[test]
    fn a_plan_depends_on_its_epoch_and_not_on_the_plans_before(seed: u64, epoch in 1_u32..50) {
        let context = context((0..40).map(|sample| sample % 4).collect(), seed);
        for entry in POLICIES {
            let spec = spec(entry, "0.25");
            let mut policy = build(&spec, &context).unwrap();
            policy.plan(0).unwrap();
            policy.plan(epoch - 1).unwrap();
            prop_assert_eq!(policy.plan(epoch).unwrap(), plan(&spec, &context, epoch));
        }
    }

    #[test]
    fn what_is_chosen_by_chance_does_not_depend_on_labels(seed: u64) {
        let sorted = context((0..40).map(|sample| sample / 10).collect(), seed);
        let mixed = context((0..40).map(|sample| sample % 4).collect(), seed);
        for name in ["full", "random:0.3", "random-epoch:0.3"] {
            prop_assert_eq!(plan(name, &sorted, 3), plan(name, &mixed, 3));
        }
    }

    #[test]
    fn no_text_makes_the_builder_panic(text in r"(\PC|[a-z:.0-9-]|random:|proxy:){0,12}") {
        let context = context(vec![0; 10], 1);
        let _ = build(&text, &context).map(|mut policy| policy.plan(0));
    }
}

#[test]
fn all_samples_are_the_same_halves_for_every_policy() {
    let context = context((0..51).map(|sample| sample % 3).collect(), 5);
    let full = plan("full", &context, 0);
    for entry in POLICIES {
        assert_eq!(plan(&spec(entry, "1.0"), &context, 7), full, "{}", entry.name);
    }
}

#[test]
fn another_seed_chooses_other_samples() {
    let labels: Vec<u32> = (0..200).map(|sample| sample % 10).collect();
    let chance = POLICIES.iter().filter(|entry| entry.name != "two-tail" && entry.name != "full");
    for entry in chance {
        let chosen = |seed| all_ids(&plan(&spec(entry, "0.1"), &context(labels.clone(), seed), 0));
        assert_ne!(chosen(1), chosen(2), "{}", entry.name);
        assert_eq!(chosen(1), chosen(1), "{}", entry.name);
    }
}

#[test]
fn static_policies_keep_their_samples_and_the_others_draw_anew_inside_their_halves() {
    let context = context((0..400).map(|sample| sample % 10).collect(), 9);
    let halves = plan("full", &context, 0);
    for entry in POLICIES {
        let [first, second] = [0, 1].map(|epoch| plan(&spec(entry, "0.1"), &context, epoch));
        assert_eq!(first == second, !entry.needs_search, "{}", entry.name);
    }
    for epoch in 0..20 {
        let found = plan("random-epoch:0.1", &context, epoch);
        assert!(found.weight.iter().all(|id| halves.weight.contains(id)));
        assert!(found.arch.iter().all(|id| halves.arch.contains(id)));
    }
}

#[test]
fn file_order_puts_the_earlier_of_the_chosen_at_the_weight_level() {
    let mut context = context((0..100).map(|sample| sample % 10).collect(), 9);
    context.split = SplitRule::Order;
    for entry in POLICIES {
        let found = plan(&spec(entry, "20"), &context, 0);
        assert!(found.weight.last() < found.arch.first(), "{}", entry.name);
    }
}

#[test]
fn fewer_samples_than_classes_and_a_single_class_are_no_hindrance() {
    for labels in [vec![0; 30], (0..30).collect()] {
        let context = context(labels, 2);
        for entry in POLICIES.iter().filter(|entry| entry.argument == Argument::Amount) {
            assert_eq!(all_ids(&plan(&spec(entry, "3"), &context, 0)).len(), 3, "{}", entry.name);
        }
    }
}

#[test]
fn amounts_that_leave_a_level_empty_or_exceed_the_pool_are_refused() {
    let context = context(vec![0; 50], 1);
    assert_eq!(
        message("random:0.039", &context),
        "choosing samples by `random:0.039`: found 1 of 50, expected at least 2, one for each \
         level; hint: a share has a point (1.0 is all samples), a count has none"
    );
    assert_eq!(
        message("proxy:51", &context),
        "choosing samples by `proxy:51`: found a count of 51, expected at most the 50 samples of \
         the pool"
    );
    for entry in POLICIES.iter().filter(|entry| entry.argument == Argument::Amount) {
        for amount in ["0", "1", "0.0", "0.02", "51", "-0.1", "-3", "NaN", "1.5", "inf", ""] {
            assert!(build(&spec(entry, amount), &context).is_err(), "{} {amount}", entry.name);
        }
    }
    let lone = Context::new(Arc::new(Pool::new(vec![0], 1).unwrap()), 1, 1);
    assert!(matches!(build("full", &lone).err(), Some(Error::TooFew { found: 1, .. })));
}

#[test]
fn an_amount_is_asked_for_where_it_is_needed_and_refused_where_it_is_not() {
    let context = context(vec![0; 50], 1);
    assert_eq!(
        message("random", &context),
        "choosing the policy `random`: found no amount, expected one after a colon; hint: \
         `random:0.1` takes a tenth of the samples, `random:1000` takes 1000"
    );
    assert_eq!(
        message("full:0.1", &context),
        "choosing the policy `full`: found the amount `0.1`, expected none"
    );
}

#[test]
fn an_unknown_policy_is_refused_with_the_known_ones_and_the_nearest() {
    assert_eq!(
        message("prxy:0.1", &context(vec![0; 50], 1)),
        "choosing a policy: found `prxy`, expected one of `full`, `random`, `random-epoch`, \
         `proxy`, `proxy-p2`, `proxy-p3`, `two-tail`; hint: the nearest is `proxy`"
    );
}

#[test]
fn scores_are_asked_for_and_checked_by_the_policies_that_need_them() {
    let scored = context(vec![0; 50], 1);
    for entry in POLICIES {
        let bare = Context { scores: None, ..scored.clone() };
        let found = build(&spec(entry, "0.1"), &bare).err();
        let refused = matches!(found, Some(Error::ScoresNeeded { .. }));
        assert_eq!(refused, entry.scores.is_some(), "{}", entry.name);
        let other = Context { scores: context(vec![1; 50], 1).scores, ..scored.clone() };
        let found = build(&spec(entry, "0.1"), &other).err();
        let refused = matches!(found, Some(Error::ScoreClass { sample: 0, .. }));
        assert_eq!(refused, entry.scores.is_some(), "{}", entry.name);
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let context = context(vec![0; 50], 1);
    let wide = Settings { bin_width: f64::NAN, ..Settings::default() };
    let beyond = Settings { beta: 1.5, ..Settings::default() };
    for settings in [wide, beyond] {
        let context = Context { settings, ..context.clone() };
        assert!(matches!(build("proxy:0.1", &context).err(), Some(Error::Setting { .. })));
    }
}

#[test]
fn a_state_is_restored_by_its_own_policy_only() {
    let labels = vec![0; 50];
    let scored = context(labels.clone(), u64::MAX);
    for entry in POLICIES {
        let mut policy = build(&spec(entry, "0.5"), &scored).unwrap();
        let before = policy.plan(3).unwrap();
        let text = policy.state().to_string();
        let state = serde_json::from_str(&text).unwrap();
        let mut resumed = build(&spec(entry, "0.5"), &scored).unwrap();
        resumed.restore(&state).unwrap();
        assert_eq!(resumed.plan(3).unwrap(), before, "{}", entry.name);
        let seeded = build(&spec(entry, "0.5"), &context(labels.clone(), 1)).unwrap();
        let smaller = build(&spec(entry, "0.5"), &context(vec![0; 49], u64::MAX)).unwrap();
        for foreign in [seeded.state(), smaller.state()] {
            assert!(matches!(policy.restore(&foreign), Err(Error::StateForeign { .. })));
        }
        let unreadable = policy.restore(&serde_json::json!({ "policy": 3 }));
        assert!(matches!(unreadable, Err(Error::StateUnreadable { .. })), "{}", entry.name);
    }
}

#[test]
fn the_message_of_a_foreign_state_names_both_policies() {
    let context = context(vec![0; 50], 7);
    let state = build("random:0.1", &context).unwrap().state();
    let error = build("random:0.2", &context).unwrap().restore(&state).unwrap_err();
    assert_eq!(
        error.to_string(),
        "restoring a policy: found the state of `random:0.1` with seed 7 on 50 samples, split \
         `random`, expected that of `random:0.2` with seed 7 on 50 samples, split `random`"
    );
}

#[test]
fn the_choice_of_a_seed_is_part_of_the_format() {
    let context = context((0..40).map(|sample| sample % 4).collect(), 1);
    let found: Vec<String> = POLICIES
        .iter()
        .map(|entry| {
            let spec = spec(entry, "6");
            let Plan { weight, arch, .. } = plan(&spec, &context, 2);
            let ids = |ids: &[SampleId]| ids.iter().take(3).map(|id| id.0).collect::<Vec<_>>();
            format!("{spec} {:?} {:?}", ids(&weight), ids(&arch))
        })
        .collect();
    assert_eq!(found, PINNED, "found {found:#?}");
}

const PINNED: [&str; 7] = [
    "full [2, 3, 6] [0, 1, 4]",
    "random:6 [12, 31, 39] [1, 4, 33]",
    "random-epoch:6 [2, 17, 28] [8, 23, 31]",
    "proxy:6 [12, 26, 39] [4, 18, 21]",
    "proxy-p2:6 [12, 33, 39] [1, 4, 18]",
    "proxy-p3:6 [12, 26, 39] [4, 18, 21]",
    "two-tail:6 [12, 30, 37] [1, 24, 35]",
];
