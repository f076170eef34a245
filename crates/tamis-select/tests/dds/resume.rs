//! A run that is stopped anywhere and resumed goes on as if it had not been.

use proptest::prelude::*;
use tamis_core::Level;
use tamis_select::{DdsSettings, Error, Policy, Replacement, build};

use crate::testkit::{EPOCHS, context, mixed, predictions, run};

/// The policy after its state was written as text and read back.
fn reloaded(policy: &dyn Policy, context: &tamis_select::Context) -> Box<dyn Policy> {
    let text = policy.state().to_string();
    let mut resumed = build("dds:20", context).unwrap();
    resumed.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(resumed.state().to_string(), text);
    resumed
}

proptest! {
    #[test]
    fn stopping_after_every_batch_changes_nothing(
        seed: u64,
        random: bool,
        tabu in 0_u32..3,
        allow_duplicates: bool,
    ) {
        let replacement = if random { Replacement::Random } else { Replacement::Furthest };
        let settings =
            DdsSettings { replacement, tabu, allow_duplicates, hardness: 0.6, ..Default::default() };
        let context = tamis_select::Context { seed, ..context(120, settings) };
        let whole = run("dds:20", &context, mixed);
        let mut policy = build("dds:20", &context).unwrap();
        for epoch in 0..EPOCHS {
            policy = reloaded(policy.as_ref(), &context);
            let plan = policy.plan(epoch).unwrap();
            let report = policy.report();
            prop_assert_eq!(&(plan.clone(), report), &whole[epoch as usize]);
            if plan.steps == Some(0) {
                continue;
            }
            for (ids, level) in [(&plan.arch, Level::Arch), (&plan.weight, Level::Weight)] {
                for batch in ids.chunks(16) {
                    policy.observe(&predictions(batch, level, epoch, mixed));
                    policy = reloaded(policy.as_ref(), &context);
                }
            }
        }
    }
}

#[test]
fn going_back_makes_everybody_available_who_was() {
    let context = context(120, DdsSettings { hardness: 0.0, mastery: 0.0, ..Default::default() });
    let mut policy = build("dds:20", &context).unwrap();
    let start = policy.state();
    let plans = |policy: &mut dyn Policy| {
        let plans = (0..EPOCHS).map(|epoch| {
            let plan = policy.plan(epoch).unwrap();
            crate::testkit::train(policy, &plan, epoch, mixed);
            plan
        });
        plans.collect::<Vec<_>>()
    };
    let first = plans(policy.as_mut());
    policy.restore(&start).unwrap();
    assert_eq!(plans(policy.as_mut()), first);
}

#[test]
fn a_memory_of_another_subset_is_refused() {
    let context = context(120, DdsSettings::default());
    let mut policy = build("dds:20", &context).unwrap();
    let state = policy.state();
    let arch = policy.plan(0).unwrap().arch[0];
    for members in [serde_json::json!([1, 2]), serde_json::json!(vec![arch; 20])] {
        let mut state = state.clone();
        state["memory"]["members"] = members;
        assert!(matches!(policy.restore(&state), Err(Error::StateUnreadable { .. })));
    }
    let other = build("dds:21", &context).unwrap().state();
    assert!(matches!(policy.restore(&other), Err(Error::StateForeign { .. })));
}
