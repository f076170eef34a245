//! What every policy of the list promises, whatever it chooses by.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use tamis_core::{Key, Level, Purpose, SampleId};
use tamis_select::{
    Argument, Context, Embeddings, Entry, Error, POLICIES, Plan, Pool, ScoreRow, ScoreTable,
    Scores, Settings, SplitRule, What, build, requirements,
};

/// A context with scores and embeddings, for a pool of these labels.
fn context(labels: Vec<u32>, seed: u64) -> Context {
    let row = |(id, &class): (SampleId, &u32)| {
        let score = 10_f64.powf(-9.0 * Key::new(0, Purpose::Test).id(id.0.into()).stream().unit());
        ScoreRow { id, class, score }
    };
    let scores = ScoreTable::new((0..).map(SampleId).zip(&labels).map(row).collect()).unwrap();
    let samples: Vec<_> = (0..).map(SampleId).zip(labels.iter().copied()).collect();
    let value = |place: u64| Key::new(1, Purpose::Test).id(place).stream().normal() as f32;
    let values: Vec<f32> = (0..3 * samples.len() as u64).map(value).collect();
    let embeddings = Some(Arc::new(Embeddings::new(&samples, &values, 3).unwrap()));
    let classes = labels.iter().max().map_or(1, |&label| label as usize + 1);
    let pool = Arc::new(Pool::new(labels, classes).unwrap());
    Context { scores: Some(Arc::new(scores)), embeddings, ..Context::new(pool, seed, 50) }
}

fn spec(entry: &Entry, amount: &str) -> String {
    match entry.argument {
        Argument::Amount | Argument::WeightAmount => format!("{}:{amount}", entry.name),
        Argument::Policy => format!("{}:proxy-balanced:{amount}", entry.name),
        _ => entry.name.to_owned(),
    }
}

/// Every policy of the list that takes its amount of both levels together, and some put together
/// of others.
fn specs(amount: &str) -> Vec<String> {
    let listed = POLICIES.iter().filter(|entry| entry.argument != Argument::WeightAmount);
    let mut specs: Vec<String> = listed.map(|entry| spec(entry, amount)).collect();
    specs.extend(["random-like:bdp".to_owned(), "random-like:infobatch".to_owned()]);
    specs.push(format!("full+random:{amount}"));
    specs.push(format!("random-like:full+random-like:k-center:{amount}"));
    specs
}

/// Those that take an amount, not all samples.
fn amounts(amount: &str) -> Vec<String> {
    specs(amount).into_iter().filter(|spec| spec.ends_with(amount)).collect()
}

fn needs_search(spec: &str) -> bool {
    requirements(spec).unwrap().needs_search
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
        for spec in specs(&count.to_string()) {
            let found = plan(&spec, &context, epoch);
            let count = if spec.ends_with(char::is_numeric) { count } else { samples };
            let arch = if spec.starts_with("full-steps") { samples } else { count };
            prop_assert_eq!(found.weight.len(), count / 2, "{}", spec);
            prop_assert_eq!(found.arch.len(), arch - arch / 2, "{}", spec);
            prop_assert!(found.weight.is_sorted() && found.arch.is_sorted(), "{}", spec);
            let ids = all_ids(&found);
            prop_assert_eq!(ids.len(), found.weight.len() + found.arch.len(), "{}", spec);
            prop_assert!(ids.last().unwrap().index() < samples, "{}", spec);
        }
    }

    #[test]
    fn a_plan_depends_on_its_epoch_and_not_on_the_plans_before(seed: u64, epoch in 1_u32..50) {
        let context = context((0..40).map(|sample| sample % 4).collect(), seed);
        for spec in specs("0.25") {
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
        for name in ["full", "random:0.3", "random-epoch:0.3", "full-steps:0.3", "infobatch"] {
            prop_assert_eq!(plan(name, &sorted, 3), plan(name, &mixed, 3));
        }
    }

    #[test]
    fn no_text_makes_the_builder_panic(
        text in r"(\PC|[a-z:.0-9+-]|random:|proxy:|random-like:|\+bdp){0,12}",
    ) {
        let context = context(vec![0; 10], 1);
        let _ = build(&text, &context).map(|mut policy| policy.plan(0));
    }
}

#[test]
fn all_samples_are_the_same_halves_for_every_policy() {
    let context = context((0..51).map(|sample| sample % 3).collect(), 5);
    let full = plan("full", &context, 0);
    for spec in specs("1.0") {
        assert_eq!(plan(&spec, &context, 7), full, "{spec}");
    }
}

#[test]
fn another_seed_chooses_other_samples() {
    let labels: Vec<u32> = (0..200).map(|sample| sample % 10).collect();
    let by_rank = [
        "two-tail",
        "entropy-top",
        "entropy-bottom",
        "forgetting",
        "el2n",
        "score-top",
        "score-bottom",
    ];
    for spec in amounts("0.1") {
        if by_rank.iter().any(|name| spec.starts_with(name)) {
            continue;
        }
        let chosen = |seed| all_ids(&plan(&spec, &context(labels.clone(), seed), 0));
        assert_ne!(chosen(1), chosen(2), "{spec}");
        assert_eq!(chosen(1), chosen(1), "{spec}");
    }
}

#[test]
fn static_policies_keep_their_samples_and_the_others_draw_anew_inside_their_halves() {
    let context = context((0..400).map(|sample| sample % 10).collect(), 9);
    let halves = plan("full", &context, 0);
    for spec in amounts("0.1") {
        let [first, second] = [0, 1].map(|epoch| plan(&spec, &context, epoch));
        assert_eq!(first == second, !needs_search(&spec), "{spec}");
    }
    let draws = ["random-epoch:0.1", "random-epoch-balanced:0.1"];
    for (spec, epoch) in draws.iter().flat_map(|spec| (0..20).map(move |epoch| (spec, epoch))) {
        let found = plan(spec, &context, epoch);
        assert!(found.weight.iter().all(|id| halves.weight.contains(id)));
        assert!(found.arch.iter().all(|id| halves.arch.contains(id)));
    }
}

#[test]
fn a_balanced_draw_of_an_epoch_has_as_many_of_each_class_at_both_levels() {
    // Classes of very unequal sizes: 0, 1, 4, 9, … decide who is of which.
    let context = context((0..2_000).map(|sample| sample * sample % 10).collect(), 9);
    let [weight, arch] = [30, 31].map(|count| count / 6);
    for epoch in 0..5 {
        let found = plan("random-epoch-balanced:61", &context, epoch);
        for (level, least) in [(&found.weight, weight), (&found.arch, arch)] {
            let classes = context.pool.grouped(level);
            let counts: Vec<usize> = classes.iter().map(Vec::len).filter(|&of| of > 0).collect();
            assert_eq!(counts.len(), 6, "classes 0, 1, 4, 5, 6 and 9");
            assert!(counts.iter().all(|&count| (least..=least + 1).contains(&count)), "{counts:?}");
        }
    }
}

#[test]
fn file_order_puts_the_earlier_of_the_chosen_at_the_weight_level() {
    let mut context = context((0..100).map(|sample| sample % 10).collect(), 9);
    context.split = SplitRule::Order;
    for spec in specs("20") {
        let found = plan(&spec, &context, 0);
        assert!(found.weight.last() < found.arch.first(), "{spec}");
    }
}

#[test]
fn fewer_samples_than_classes_and_a_single_class_are_no_hindrance() {
    for labels in [vec![0; 30], (0..30).collect()] {
        let context = context(labels, 2);
        for spec in amounts("3").iter().filter(|spec| !spec.starts_with("full-steps")) {
            assert_eq!(all_ids(&plan(spec, &context, 0)).len(), 3, "{spec}");
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
    let of_both = [Argument::Amount, Argument::Policy];
    for entry in POLICIES.iter().filter(|entry| of_both.contains(&entry.argument)) {
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
    let names: Vec<String> = POLICIES.iter().map(|entry| format!("`{}`", entry.name)).collect();
    for spec in ["prxy:0.1", "random:0.5+prxy:0.1", "random-like:prxy:0.1"] {
        assert_eq!(
            message(spec, &context(vec![0; 50], 1)),
            format!(
                "choosing a policy: found `prxy`, expected one of {}; hint: the nearest is `proxy`",
                names.join(", ")
            )
        );
    }
}

#[test]
fn scores_are_asked_for_and_checked_by_the_policies_that_need_them() {
    let scored = context(vec![0; 50], 1);
    for entry in POLICIES.iter().filter(|entry| entry.argument != Argument::Policy) {
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
fn scores_of_another_kind_are_refused_and_those_of_none_taken() {
    let scored = context(vec![0; 50], 1);
    for entry in POLICIES {
        let Some(Scores::Of(kind)) = entry.scores else { continue };
        let of = |kind: &str| {
            let table = scored.scores.as_deref().unwrap().clone().of_kind(kind);
            Context { scores: Some(Arc::new(table)), ..scored.clone() }
        };
        assert!(build(&spec(entry, "0.1"), &of(kind)).is_ok(), "{}", entry.name);
        let found = message(&spec(entry, "0.1"), &of("luck"));
        assert!(found.contains("`luck`") && found.contains(&format!("--by {kind}")), "{found}");
    }
}

#[test]
fn scores_below_zero_are_for_policies_of_any_kind_alone_and_rank_by_their_value() {
    let labels = vec![0; 50];
    let mut scored = context(labels, 1);
    let rows =
        (0..50).map(|id| ScoreRow { id: SampleId(id), class: 0, score: f64::from(id) - 25.0 });
    let table = ScoreTable::new(rows.collect()).unwrap().of_kind("margin");
    scored.scores = Some(Arc::new(table));
    let chosen = |spec: &str| {
        let plan = build(spec, &scored).unwrap().plan(0).unwrap();
        let mut ids: Vec<u32> = plan.weight.iter().chain(&plan.arch).map(|id| id.0).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(chosen("score-top:4"), [46, 47, 48, 49]);
    assert_eq!(chosen("score-bottom:4"), [0, 1, 2, 3]);
    let unnamed = ScoreTable::new(scored.scores.as_deref().unwrap().rows().to_vec()).unwrap();
    scored.scores = Some(Arc::new(unnamed));
    for entry in POLICIES.iter().filter(|entry| matches!(entry.scores, Some(Scores::Of(_)))) {
        let found = build(&spec(entry, "0.1"), &scored).err();
        let refused = matches!(found, Some(Error::ScoreValue { .. }));
        assert!(refused, "{}: {found:?}", entry.name);
    }
}

#[test]
fn embeddings_are_asked_for_and_checked_by_the_policies_that_need_them() {
    let embedded = context(vec![0; 50], 1);
    for entry in POLICIES.iter().filter(|entry| entry.argument == Argument::Amount) {
        let with = |embeddings| Context { embeddings, ..embedded.clone() };
        let found = build(&spec(entry, "0.1"), &with(None)).err();
        let refused = matches!(found, Some(Error::EmbeddingsNeeded { .. }));
        assert_eq!(refused, entry.needs_embeddings, "{}", entry.name);
        let other = context(vec![1; 50], 1).embeddings;
        let found = build(&spec(entry, "0.1"), &with(other)).err();
        let refused = matches!(found, Some(Error::Embeddings(_)));
        assert_eq!(refused, entry.needs_embeddings, "{}", entry.name);
    }
}

#[test]
fn the_first_plan_of_a_static_policy_says_of_each_sample_why_it_was_chosen() {
    let context = context((0..50).map(|sample| sample % 5).collect(), 3);
    for spec in amounts("10").iter().filter(|spec| !needs_search(spec)) {
        let mut policy = build(spec, &context).unwrap();
        let plan = policy.plan(0).unwrap();
        let changes = policy.report().changes;
        let told: BTreeSet<SampleId> = changes.iter().map(|change| change.id).collect();
        assert_eq!((told, changes.len()), (all_ids(&plan), 10), "{spec}");
        for change in changes {
            let level = if plan.weight.contains(&change.id) { Level::Weight } else { Level::Arch };
            assert_eq!((change.level, change.what), (Some(level), What::Chosen), "{spec}");
        }
        policy.plan(1).unwrap();
        assert!(policy.report().is_empty(), "{spec}");
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
    for spec in specs("0.5") {
        let mut policy = build(&spec, &scored).unwrap();
        let before = policy.plan(3).unwrap();
        let text = policy.state().to_string();
        let state = serde_json::from_str(&text).unwrap();
        let mut resumed = build(&spec, &scored).unwrap();
        resumed.restore(&state).unwrap();
        assert_eq!(resumed.plan(3).unwrap(), before, "{spec}");
        let seeded = build(&spec, &context(labels.clone(), 1)).unwrap();
        let smaller = build(&spec, &context(vec![0; 49], u64::MAX)).unwrap();
        let other = build("random:7", &scored).unwrap();
        for foreign in [seeded.state(), smaller.state(), other.state()] {
            let found = policy.restore(&foreign);
            assert!(matches!(found, Err(Error::StateForeign { .. })), "{spec}: {found:?}");
        }
        let unreadable = policy.restore(&serde_json::json!({ "policy": 3 }));
        assert!(matches!(unreadable, Err(Error::StateUnreadable { .. })), "{spec}");
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
    let found: Vec<String> = amounts("6")
        .iter()
        .map(|spec| {
            let Plan { weight, arch, .. } = plan(spec, &context, 2);
            let ids = |ids: &[SampleId]| ids.iter().take(3).map(|id| id.0).collect::<Vec<_>>();
            format!("{spec} {:?} {:?}", ids(&weight), ids(&arch))
        })
        .collect();
    assert_eq!(found, PINNED, "found {found:#?}");
}

const PINNED: &[&str] = &[
    "random:6 [12, 31, 39] [1, 4, 33]",
    "random-epoch:6 [2, 17, 28] [8, 23, 31]",
    "random-epoch-balanced:6 [2, 3, 28] [8, 13, 23]",
    "proxy:6 [12, 26, 39] [4, 18, 21]",
    "proxy-p2:6 [12, 33, 39] [1, 4, 18]",
    "proxy-p3:6 [12, 26, 39] [4, 18, 21]",
    "two-tail:6 [12, 30, 37] [1, 24, 35]",
    "proxy-balanced:6 [12, 33, 39] [1, 4, 18]",
    "entropy-top:6 [11, 12, 30] [7, 24, 36]",
    "entropy-bottom:6 [19, 28, 37] [0, 1, 35]",
    "forgetting:6 [11, 12, 30] [7, 24, 36]",
    "el2n:6 [11, 12, 30] [7, 24, 36]",
    "score-top:6 [11, 12, 30] [7, 24, 36]",
    "score-bottom:6 [19, 28, 37] [0, 1, 35]",
    "k-center:6 [6, 16, 39] [2, 21, 30]",
    "k-center-balanced:6 [16, 21, 39] [1, 4, 18]",
    "full-steps:6 [9, 27, 39] [0, 1, 4]",
    "random-like:proxy-balanced:6 [12, 33, 39] [1, 4, 18]",
    "full+random:6 [12, 31, 39] [1, 4, 33]",
    "random-like:full+random-like:k-center:6 [12, 31, 39] [1, 4, 33]",
];
