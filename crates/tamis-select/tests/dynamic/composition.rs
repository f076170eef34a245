//! `a+b`: b inside what a chose.

use tamis_core::SampleId;
use tamis_select::{Error, Plan, Settings, build, canonical};

use super::{context, is_part, noise, run};

fn all(plan: &Plan) -> Vec<SampleId> {
    let mut all = [plan.weight.clone(), plan.arch.clone()].concat();
    all.sort_unstable();
    all
}

fn first(spec: &str) -> Plan {
    run(spec, &context(1_000, 20, Settings::default()), noise)[0].0.clone()
}

#[test]
fn what_takes_all_changes_nothing_before_or_behind_another() {
    let context = context(1_000, 20, Settings::default());
    for spec in ["random:0.3", "proxy:0.3", "infobatch", "bdp", "random-epoch:0.2"] {
        let alone = run(spec, &context, noise);
        let plans = |spec: &str| run(spec, &context, noise).into_iter().map(|(plan, _)| plan);
        assert!(plans(&format!("full+{spec}")).eq(alone.iter().map(|(plan, _)| plan.clone())));
    }
    for spec in ["random:0.3", "proxy:0.3", "k-center-balanced:0.3"] {
        assert_eq!(first(&format!("{spec}+full")), first(spec));
        assert_eq!(first(&format!("{spec}+random:1.0+full")), first(spec));
    }
}

#[test]
fn each_part_chooses_its_share_of_what_those_before_it_chose() {
    let (a, ab, abc) = (
        first("proxy:0.5"),
        first("proxy:0.5+k-center:0.5"),
        first("proxy:0.5+k-center:0.5+random:0.1"),
    );
    assert_eq!((all(&a).len(), all(&ab).len(), all(&abc).len()), (500, 250, 25));
    assert!(is_part(&all(&ab), &all(&a)) && is_part(&all(&abc), &all(&ab)));
}

#[test]
fn samples_keep_the_level_that_the_permutation_gives_them() {
    let context = context(1_000, 20, Settings::default());
    let a = first("proxy:0.5");
    for (plan, _) in run("proxy:0.5+bdp", &context, noise) {
        assert!(is_part(&plan.weight, &a.weight) && is_part(&plan.arch, &a.arch));
    }
}

#[test]
fn parts_that_need_different_scores_are_refused_for_there_is_one_table() {
    let context = context(1_000, 20, Settings::default());
    let error = build("entropy-top:0.5+forgetting:0.5", &context).err().unwrap();
    assert!(matches!(error, Error::ScoreKinds { .. }));
    assert!(error.to_string().contains("of kind `entropy` and `forgetting`"), "{error}");
    // One kind twice is one kind, and a control of a static policy needs none.
    for spec in ["entropy-top:0.5+proxy:0.5", "entropy-top:0.5+random-like:forgetting:0.5"] {
        assert!(build(spec, &context).is_ok(), "{spec}");
    }
}

#[test]
fn parts_draw_from_streams_of_their_own() {
    // With the same numbers, the second draw would take just the first of the first.
    let context = context(1_000, 20, Settings::default());
    let twice = all(&run("random:0.5+random:0.5", &context, noise)[0].0);
    let once = all(&run("random:0.25", &context, noise)[0].0);
    let shared = twice.iter().filter(|id| once.contains(id)).count();
    assert!((90..160).contains(&shared), "by chance 125, found {shared}");
}

#[test]
fn what_was_chosen_before_the_levels_is_told_without_level_and_the_rest_with_it() {
    let context = context(1_000, 50, Settings::default());
    let plans = run("random:0.5+bdp", &context, noise);
    assert_eq!(plans[0].1.changes.len(), 500);
    assert!(plans[0].1.changes.iter().all(|change| change.level.is_none()));
    assert!(plans[10].1.changes.iter().all(|change| change.level.is_some()));
    assert!(!plans[10].1.changes.is_empty());
}

#[test]
fn a_part_that_needs_the_search_is_refused_before_another() {
    let context = context(1_000, 20, Settings::default());
    for spec in ["bdp+random:0.5", "random:0.5+infobatch+full", "random-like:bdp+full"] {
        let error = build(spec, &context).err().unwrap();
        assert!(matches!(error, Error::PartNeedsSearch { .. }), "{error}");
        assert_eq!(canonical(spec, 1_000), spec);
    }
    assert_eq!(
        build("bdp+random:0.5", &context).err().unwrap().to_string(),
        "choosing the policy `bdp+random:0.5`: found `bdp` before a `+`, expected a policy that \
         chooses once, before the search; hint: put `bdp` last, as in `random:0.2+bdp`"
    );
    for spec in ["random:0.5+", "+random:0.5", "random:0.5++bdp"] {
        assert!(matches!(build(spec, &context).err(), Some(Error::UnknownPolicy { .. })), "{spec}");
    }
}

#[test]
fn a_part_that_leaves_too_few_is_refused_by_the_next() {
    let context = context(1_000, 20, Settings::default());
    let found = build("random:10+random:0.1", &context).err().unwrap();
    assert!(matches!(found, Error::TooFew { found: 1, samples: 10, .. }), "{found}");
    let found = build("random:10+proxy:11", &context).err().unwrap();
    assert!(matches!(found, Error::TooMany { found: 11, samples: 10, .. }), "{found}");
}
