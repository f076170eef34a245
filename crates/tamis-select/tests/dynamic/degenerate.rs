//! Every policy on pools that have nothing to choose by: one class, classes of one sample, one large
//! class beside two of one sample, and samples that are all alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use tamis_core::SampleId;
use tamis_select::{
    Argument, CenterDistance, Context, DdsRule, Embeddings, EmbeddingsError, Error, HardnessRule,
    KCenterSettings, POLICIES, Plan, Pool, Replacement, ScoreRow, ScoreTable, Settings, build,
    requirements,
};

use super::{noise, predictions, run, unit};

/// Samples of these labels; where they are alike, all have one score and one embedding.
fn pool(labels: Vec<u32>, alike: bool) -> Context {
    let draw = |seed: u64, id: u32| if alike { 0.25 } else { 1e-6 + unit(seed, 0, SampleId(id)) };
    let ids = || (0..).zip(labels.iter().copied());
    let rows = ids().map(|(id, class)| ScoreRow { id: SampleId(id), class, score: draw(3, id) });
    let samples: Vec<_> = ids().map(|(id, class)| (SampleId(id), class)).collect();
    let values: Vec<f32> =
        ids().flat_map(|(id, _)| [1, 2].map(|axis| draw(4 + axis, id) as f32)).collect();
    let classes = labels.iter().max().map_or(1, |&label| label as usize + 1);
    Context {
        scores: Some(Arc::new(ScoreTable::new(rows.collect()).unwrap())),
        embeddings: Some(Arc::new(Embeddings::new(&samples, &values, 2).unwrap())),
        ..Context::new(Arc::new(Pool::new(labels.clone(), classes).unwrap()), 7, 12)
    }
}

fn one_large_and_two_single() -> Vec<u32> {
    (0..42).map(|id| [0, 1, 2][usize::from(id >= 40) + usize::from(id >= 41)]).collect()
}

fn pools() -> Vec<(&'static str, Context)> {
    let mut pools = Vec::new();
    for alike in [false, true] {
        pools.push(("one class", pool(vec![0; 42], alike)));
        pools.push(("classes of one sample", pool((0..42).collect(), alike)));
        pools.push(("40, 1 and 1", pool(one_large_and_two_single(), alike)));
        pools.push(("four classes", pool((0..42).map(|id| id % 4).collect(), alike)));
    }
    pools
}

/// Settings at which every rule of every policy is met.
fn all_settings() -> Vec<Settings> {
    let mut all = vec![Settings::default()];
    for rule in [DdsRule::Always, DdsRule::ValAccuracy, DdsRule::SubsetEasyFraction] {
        for replacement in [Replacement::Furthest, Replacement::Random] {
            let mut settings = Settings::default();
            settings.dds.rule = rule;
            settings.dds.replacement = replacement;
            (settings.dds.mastery, settings.dds.first_update) = (0.0, 1);
            settings.dds.hardness = 0.0;
            if rule == DdsRule::Always {
                settings.dds.hardness_rule = HardnessRule::Quantile;
            }
            (settings.bdp.min_per_class, settings.bdp.allow_return) = (0, true);
            settings.k_center = KCenterSettings { distance: CenterDistance::Cosine };
            all.push(settings);
        }
    }
    all
}

/// Every policy of the list, and some put together.
fn specs() -> Vec<String> {
    let listed = POLICIES.iter().map(|entry| match entry.argument {
        Argument::Amount | Argument::WeightAmount => format!("{}:6", entry.name),
        Argument::Policy => format!("{}:dds:6", entry.name),
        _ => entry.name.to_owned(),
    });
    let composed = ["random-like:bdp", "random-like:k-center-balanced:6", "proxy:0.6+bdp"];
    listed.chain(composed.map(str::to_owned)).collect()
}

fn is_sound(plan: &Plan, samples: usize) -> bool {
    let ids: BTreeSet<SampleId> = plan.weight.iter().chain(&plan.arch).copied().collect();
    ids.len() == plan.weight.len() + plan.arch.len()
        && ids.last().is_some_and(|id| id.index() < samples)
        && !plan.weight.is_empty()
        && !plan.arch.is_empty()
        && plan.weight.is_sorted()
        && plan.arch.is_sorted()
}

#[test]
fn every_policy_chooses_sound_sets_where_there_is_nothing_to_choose_by() {
    for (name, context) in pools() {
        for settings in all_settings() {
            let context = Context { settings, ..context.clone() };
            for spec in specs() {
                let plans = run(&spec, &context, noise);
                for (epoch, (plan, report)) in plans.iter().enumerate() {
                    assert!(is_sound(plan, 42), "{spec} on {name} in epoch {epoch}: {plan:?}");
                    let figures = report.metrics.values();
                    assert!(
                        figures.into_iter().all(|figure| figure.is_finite()),
                        "{spec} on {name}"
                    );
                }
                if !requirements(&spec).unwrap().needs_search && spec.ends_with(":6") {
                    let Plan { weight, arch, .. } = &plans[11].0;
                    assert_eq!((weight.len(), arch.len()), (3, 3), "{spec} on {name}");
                }
            }
        }
    }
}

#[test]
fn what_follows_a_search_goes_on_from_its_state_on_such_pools() {
    for (name, context) in pools() {
        for spec in specs() {
            let straight = run(&spec, &context, noise);
            let mut policy = build(&spec, &context).unwrap();
            for (epoch, (expected, _)) in (0..).zip(&straight) {
                let state = policy.state();
                policy = build(&spec, &context).unwrap();
                policy.restore(&state).unwrap();
                let plan = policy.plan(epoch).unwrap();
                assert_eq!(&plan, expected, "{spec} on {name} in epoch {epoch}");
                policy.observe(&predictions(&plan, epoch, noise));
            }
        }
    }
}

#[test]
fn classes_of_one_sample_give_it_and_the_large_one_gives_the_rest() {
    for alike in [false, true] {
        let context = pool(one_large_and_two_single(), alike);
        for entry in POLICIES.iter().filter(|entry| entry.argument == Argument::Amount) {
            let plan = build(&format!("{}:6", entry.name), &context).unwrap().plan(0).unwrap();
            let ids = [plan.weight, plan.arch].concat();
            let counts = context.pool.grouped(&ids).iter().map(Vec::len).collect::<Vec<_>>();
            assert!(!entry.is_balanced || counts == [4, 1, 1], "{}: {counts:?}", entry.name);
        }
    }
}

#[test]
fn among_samples_that_are_alike_a_rank_takes_those_of_the_lowest_ids() {
    let context = pool(vec![0; 42], true);
    let ranks =
        ["entropy-top", "entropy-bottom", "forgetting", "el2n", "score-top", "score-bottom"];
    for name in ranks {
        let plan = build(&format!("{name}:6"), &context).unwrap().plan(0).unwrap();
        let mut ids: Vec<u32> = plan.weight.iter().chain(&plan.arch).map(|id| id.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, [0, 1, 2, 3, 4, 5], "{name}");
    }
}

#[test]
fn a_subset_larger_than_the_weight_half_is_refused_with_what_there_is() {
    for samples in [3, 4] {
        let error = build("dds:6", &pool(vec![0; samples], false)).err().unwrap().to_string();
        assert!(error.contains("found 6") && error.contains(&format!("1 to {}", samples / 2)));
    }
}

#[test]
fn an_embedding_of_zeros_is_refused_by_its_sample_where_angles_are_measured() {
    let cosine = KCenterSettings { distance: CenterDistance::Cosine };
    let settings = Settings { k_center: cosine, ..Settings::default() };
    let samples: Vec<_> = (0..10).map(|id| (SampleId(id), id % 2)).collect();
    let values: Vec<f32> = (0..10).map(|id| if id == 7 { 0.0 } else { 1.0 }).collect();
    let embeddings = Embeddings::new(&samples, &values, 1).unwrap();
    let labels: Vec<u32> = samples.iter().map(|sample| sample.1).collect();
    let context =
        Context { embeddings: Some(Arc::new(embeddings)), settings, ..pool(labels, false) };
    for spec in ["k-center:4", "k-center-balanced:4"] {
        let found = build(spec, &context).err();
        let named = Some(Error::Embeddings(EmbeddingsError::NoDirection { sample: 7 }));
        assert_eq!(format!("{found:?}"), format!("{named:?}"), "{spec}");
        let settings = Settings::default();
        assert!(build(spec, &Context { settings, ..context.clone() }).is_ok(), "{spec}");
    }
    let others: Vec<SampleId> = (0..7).map(SampleId).collect();
    let part = Arc::new(context.pool.part(&others).unwrap());
    assert!(build("k-center:4", &Context { pool: part, ..context }).is_ok(), "it is no member");
}
