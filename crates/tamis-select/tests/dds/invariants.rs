//! What holds of every plan, whatever is predicted.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tamis_core::SampleId;
use tamis_select::{
    Context, DdsRule, DdsSettings, FurthestSearch, InitialSubset, Plan, Replacement, What, build,
};

use crate::testkit::{EPOCHS, context, mixed, run, updates};

fn any_settings() -> impl Strategy<Value = DdsSettings> {
    let rule = prop_oneof![
        Just(DdsRule::SubsetAccuracy),
        Just(DdsRule::SubsetEasyFraction),
        Just(DdsRule::ValAccuracy)
    ];
    let search = prop_oneof![
        Just(FurthestSearch::Greedy),
        Just(FurthestSearch::BestFirst),
        Just(FurthestSearch::Exact)
    ];
    let replacement = prop_oneof![Just(Replacement::Furthest), Just(Replacement::Random)];
    let initial = prop_oneof![Just(InitialSubset::Balanced), Just(InitialSubset::Random)];
    (rule, search, replacement, initial, 0.0_f64..0.8, 0_u32..4, any::<bool>(), 1_u32..20).prop_map(
        |(rule, search, replacement, initial, mastery, tabu, update_consumes_epoch, leaf_size)| {
            DdsSettings {
                rule,
                search,
                replacement,
                initial,
                mastery,
                tabu,
                update_consumes_epoch,
                leaf_size,
                hardness: 0.6,
                ..DdsSettings::default()
            }
        },
    )
}

fn histogram(context: &Context, ids: &[SampleId]) -> Vec<usize> {
    context.pool.grouped(ids).iter().map(Vec::len).collect()
}

fn full(context: &Context) -> Plan {
    build("full", context).unwrap().plan(0).unwrap()
}

proptest! {
    #[test]
    fn size_classes_and_halves_never_change_and_nobody_is_there_twice(
        settings in any_settings(),
        allow_duplicates: bool,
        count in 1_usize..60,
        seed: u64,
    ) {
        let settings = DdsSettings { allow_duplicates, ..settings };
        let context = Context { seed, ..context(120, settings) };
        let halves = full(&context);
        let run = run(&format!("dds:{count}"), &context, mixed);
        let classes = histogram(&context, &run[0].0.weight);
        for (plan, _) in &run {
            prop_assert_eq!(plan.weight.len(), count);
            prop_assert_eq!(histogram(&context, &plan.weight), classes.clone());
            prop_assert!(allow_duplicates || plan.weight.is_sorted_by(|a, b| a < b));
            prop_assert!(plan.weight.is_sorted());
            prop_assert!(plan.weight.iter().all(|id| halves.weight.binary_search(id).is_ok()));
            prop_assert_eq!(&plan.arch, &halves.arch);
        }
    }

    #[test]
    fn updates_come_late_enough_and_never_without_training_between(
        settings in any_settings(),
        first_update in 0_u32..12,
    ) {
        let settings = DdsSettings { first_update, ..settings };
        let consumes = settings.update_consumes_epoch;
        let run = run("dds:20", &context(120, settings), mixed);
        let updates = updates(&run);
        prop_assert!(updates.iter().all(|&epoch| epoch >= 1.max(first_update as usize)));
        if consumes {
            prop_assert!(updates.windows(2).all(|pair| pair[0] + 2 <= pair[1]));
        }
        let trained = run.iter().filter(|(plan, _)| plan.steps.is_none()).count();
        prop_assert_eq!(trained, run.len() - if consumes { updates.len() } else { 0 });
    }

    #[test]
    fn who_leaves_stays_away_for_as_many_updates_as_are_tabu(settings in any_settings()) {
        let tabu = settings.tabu as usize;
        let run = run("dds:15", &context(200, settings), mixed);
        let changes: Vec<_> =
            updates(&run).into_iter().map(|epoch| &run[epoch].1.changes).collect();
        for (at, left) in changes.iter().enumerate() {
            let left: BTreeSet<SampleId> = left.iter().map(|change| change.id).collect();
            // The first of them is the update itself.
            for later in changes.iter().skip(at).take(tabu + 1) {
                let came = later.iter().filter_map(|change| match change.what {
                    What::ReplacedBy(id) => Some(id),
                    _ => None,
                });
                prop_assert!(came.into_iter().all(|id| !left.contains(&id)));
            }
        }
    }

    #[test]
    fn the_changes_of_a_run_lead_from_each_subset_to_the_next(settings in any_settings()) {
        let run = run("dds:15", &context(200, settings), mixed);
        let mut members: BTreeSet<SampleId> = BTreeSet::new();
        for (plan, report) in &run {
            for change in &report.changes {
                match change.what {
                    What::ReplacedBy(by) => {
                        prop_assert!(members.remove(&change.id) && members.insert(by));
                    }
                    _ => prop_assert!(members.insert(change.id)),
                }
            }
            prop_assert!(members.iter().eq(&plan.weight));
        }
    }

    #[test]
    fn a_seed_names_a_run(settings in any_settings(), seed: u64) {
        let context = Context { seed, ..context(120, settings) };
        prop_assert!(run("dds:20", &context, mixed) == run("dds:20", &context, mixed));
    }
}

#[test]
fn the_first_subset_is_balanced_unless_asked_otherwise() {
    let balanced = context(300, DdsSettings::default());
    let sizes = histogram(&balanced, &run("dds:21", &balanced, mixed)[0].0.weight);
    assert_eq!(sizes, [7, 7, 7]);
    let random = DdsSettings { initial: InitialSubset::Random, ..DdsSettings::default() };
    let random = context(300, random);
    let sizes = (0..20).map(|seed| {
        let context = Context { seed, ..random.clone() };
        histogram(&context, &build("dds:21", &context).unwrap().plan(0).unwrap().weight)
    });
    assert!(sizes.into_iter().any(|sizes| sizes != [7, 7, 7]));
}

#[test]
fn the_subsets_of_a_seed_are_part_of_the_format() {
    let run = run("dds:6", &context(60, DdsSettings::default()), |_, _| (0.99, true));
    let ids = |epoch: usize| run[epoch].0.weight.iter().map(|id| id.0).collect::<Vec<_>>();
    let found = [ids(0), ids(5), ids(7), ids(EPOCHS as usize - 1)];
    assert_eq!(found, PINNED, "found {found:?}");
}

const PINNED: [[u32; 6]; 4] = [
    [11, 24, 26, 32, 43, 54],
    [5, 6, 7, 9, 17, 47],
    [4, 10, 11, 24, 26, 56],
    [5, 7, 9, 17, 33, 47],
];
