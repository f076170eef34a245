//! A policy that is stopped and restored anywhere goes on as if it had not been.

use tamis_select::{BdpSettings, Error, POLICIES, Plan, Settings, build};

use super::{context, noise, predictions, run};

/// Prunes early and often, and looks back.
fn settings() -> Settings {
    let bdp = BdpSettings {
        warm_up: 3,
        every: 2,
        schedule_epochs: 12,
        return_period: 4,
        allow_return: true,
        min_per_class: 1,
        ..BdpSettings::default()
    };
    Settings { bdp, ..Settings::default() }
}

fn specs() -> Vec<String> {
    use tamis_select::Argument;
    let listed = POLICIES.iter().filter_map(|entry| match entry.argument {
        Argument::None => Some(entry.name.to_owned()),
        Argument::Amount => Some(format!("{}:0.3", entry.name)),
        Argument::WeightAmount => Some(format!("{}:40", entry.name)),
        _ => None,
    });
    let composed = [
        "random-like:bdp",
        "random-like:infobatch",
        "random:0.6+bdp",
        "proxy:0.5+random:0.5+random-like:infobatch",
    ];
    listed.chain(composed.map(str::to_owned)).collect()
}

#[test]
fn a_policy_restored_before_after_and_in_the_middle_of_every_epoch_plans_the_same() {
    let context = context(400, 12, settings());
    for spec in specs() {
        let straight: Vec<Plan> =
            run(&spec, &context, noise).into_iter().map(|(plan, _)| plan).collect();
        let mut policy = build(&spec, &context).unwrap();
        let restart = |policy: &mut Box<dyn tamis_select::Policy>| {
            let text = policy.state().to_string();
            let mut fresh = build(&spec, &context).unwrap();
            fresh.restore(&serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(fresh.state().to_string(), text, "{spec}");
            *policy = fresh;
        };
        for (epoch, expected) in (0..).zip(&straight) {
            restart(&mut policy);
            let plan = policy.plan(epoch).unwrap();
            assert_eq!(&plan, expected, "{spec} in epoch {epoch}");
            let found = predictions(&plan, epoch, noise);
            let (first, second) = found.split_at(found.len() / 3);
            restart(&mut policy);
            policy.observe(first);
            restart(&mut policy);
            policy.observe(second);
        }
    }
}

#[test]
fn predictions_may_come_in_any_order_within_an_epoch() {
    let context = context(400, 12, settings());
    for spec in specs() {
        let mut policy = build(&spec, &context).unwrap();
        for (epoch, (expected, _)) in (0..).zip(run(&spec, &context, noise)) {
            let plan = policy.plan(epoch).unwrap();
            assert_eq!(plan, expected, "{spec} in epoch {epoch}");
            let mut found = predictions(&plan, epoch, noise);
            found.reverse();
            found.chunks(7).for_each(|batch| policy.observe(batch));
        }
    }
}

#[test]
fn a_memory_of_samples_that_a_level_does_not_have_is_refused_and_changes_neither_level() {
    let context = context(40, 12, settings());
    let mut policy = build("bdp", &context).unwrap();
    let Plan { weight, arch, .. } = policy.plan(0).unwrap();
    let before = policy.state();
    for (level, own, other) in [(0, &weight, &arch), (1, &arch, &weight)] {
        let mut reduced = before.clone();
        reduced["memory"][1 - level]["active"] = serde_json::json!(other[..3]);
        let backwards = serde_json::json!([own[1], own[0]]);
        let twice = serde_json::json!([own[0], own[0]]);
        let foreign = serde_json::json!([other[0]]);
        let beyond = serde_json::json!([own[0], 40]);
        let none = serde_json::json!([]);
        for (key, wrong) in [
            ("active", backwards),
            ("active", twice),
            ("active", foreign),
            ("active", beyond),
            ("records", none),
        ] {
            let mut state = reduced.clone();
            state["memory"][level][key] = wrong.clone();
            let found = policy.restore(&state);
            let refused = matches!(found, Err(Error::StateUnreadable { .. }));
            assert!(refused, "{key} {wrong} at level {level}: {found:?}");
            assert_eq!(policy.state(), before, "nothing is taken up");
        }
        policy.restore(&reduced).unwrap();
        assert_ne!(policy.state(), before, "the rest of that state is sound");
        policy.restore(&before).unwrap();
    }
}
