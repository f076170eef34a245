//! Controls: as many samples as the policy has, and nothing of what it knows.

use tamis_core::SampleId;
use tamis_select::{Balance, BdpSettings, Plan, Report, Settings, build};

use super::{class_counts, context, noise, run, with_labels};

#[test]
fn the_control_of_a_static_policy_is_random_sample_by_sample_and_in_its_state() {
    let context = context(500, 20, Settings::default());
    for inner in ["proxy:0.1", "entropy-top:50", "k-center:0.1", "el2n:0.1", "forgetting:0.1"] {
        let amount = inner.split_once(':').unwrap().1;
        let control = build(&format!("random-like:{inner}"), &context).unwrap();
        let random = build(&format!("random:{amount}"), &context).unwrap();
        assert_eq!(control.state(), random.state(), "{inner}");
        let spec = format!("random-like:{inner}");
        assert_eq!(run(&spec, &context, noise), run(&format!("random:{amount}"), &context, noise));
    }
}

#[test]
fn the_control_of_a_blind_policy_is_that_policy() {
    let context = context(500, 20, Settings::default());
    let blind =
        ["full", "random:0.2", "random-epoch:0.2", "random-epoch-balanced:0.2", "full-steps:0.2"];
    for inner in blind {
        let spec = format!("random-like:{inner}");
        assert_eq!(run(&spec, &context, noise), run(inner, &context, noise), "{inner}");
    }
}

#[test]
fn the_control_of_a_balanced_policy_has_its_classes_and_needs_no_scores() {
    let labels: Vec<u32> = (0..900).map(|sample| (sample * sample) % 10).collect();
    let context = with_labels(labels, 20, Settings::default());
    let bare = tamis_select::Context { scores: None, embeddings: None, ..context.clone() };
    let all = |plan: &Plan| [plan.weight.clone(), plan.arch.clone()].concat();
    for inner in ["proxy-balanced:0.2", "k-center-balanced:0.2"] {
        let policy = &run(inner, &context, noise)[0].0;
        let control = &run(&format!("random-like:{inner}"), &bare, noise)[0].0;
        assert_ne!(policy, control);
        assert_eq!(class_counts(&all(policy), &context), class_counts(&all(control), &context));
        assert_eq!(policy.weight.len(), control.weight.len());
    }
}

#[test]
fn what_is_wrong_with_an_amount_is_told_of_the_policy_that_has_it() {
    let context = context(50, 20, Settings::default());
    let message = |spec: &str| build(spec, &context).err().unwrap().to_string();
    for inner in ["proxy-balanced", "proxy", "k-center"] {
        let missing = message(&format!("random-like:{inner}"));
        assert!(missing.contains(&format!("`{inner}:0.1` takes a tenth")), "{missing}");
        let many = message(&format!("random-like:{inner}:51"));
        assert!(many.contains(&format!("`{inner}:51`: found a count of 51")), "{many}");
    }
}

fn sizes(plans: &[(Plan, Report)]) -> Vec<(usize, usize)> {
    plans.iter().map(|(plan, _)| (plan.weight.len(), plan.arch.len())).collect()
}

#[test]
fn the_control_of_pruning_has_its_sizes_but_other_samples() {
    let context = context(2_000, 50, Settings::default());
    let policy = run("bdp", &context, noise);
    let control = run("random-like:bdp", &context, noise);
    assert_eq!(sizes(&policy), sizes(&control));
    let (policy, control) = (&policy[49].0, &control[49].0);
    let shared = control.weight.iter().filter(|id| policy.weight.contains(id)).count();
    let expected = policy.weight.len() * policy.weight.len() / 1_000;
    assert!(shared < 3 * expected, "{shared} shared, by chance {expected}");
}

#[test]
fn what_the_control_leaves_out_does_not_depend_on_the_loss() {
    // The loss of a sample hardly changes: InfoBatch leaves out the lower half.
    let says = |id: SampleId, epoch: u32| 0.05 + 0.9 * noise(id, 0) + 0.01 * noise(id, epoch);
    let context = context(4_000, 12, Settings::default());
    let mean_of_left_out = |spec: &str| {
        let plans = run(spec, &context, says);
        let half = &plans[0].0.weight;
        let left_out: Vec<f64> = plans[1..10]
            .iter()
            .flat_map(|(plan, _)| half.iter().filter(|id| !plan.weight.contains(id)))
            .map(|&id| says(id, 0))
            .collect();
        (left_out.len(), left_out.iter().sum::<f64>() / left_out.len() as f64)
    };
    let (policy_count, policy) = mean_of_left_out("infobatch");
    let (control_count, control) = mean_of_left_out("random-like:infobatch");
    assert!(policy > 0.6, "InfoBatch leaves out the likely: {policy}");
    assert!((control - 0.5).abs() < 0.03, "the control leaves out any: {control}");
    // Samples that InfoBatch leaves out keep their old losses, which in the control are anybody's:
    // the numbers are near, not equal.
    let ratio = control_count as f64 / policy_count as f64;
    assert!((ratio - 1.0).abs() < 0.15, "{control_count} and {policy_count} left out");
}

#[test]
fn loss_weights_are_dropped_and_changes_not_told() {
    let plans = run("random-like:infobatch", &context(400, 12, Settings::default()), noise);
    assert!(plans.iter().all(|(plan, _)| plan.loss_weights.is_none()));
    assert!(plans.iter().all(|(_, report)| report.changes.is_empty()));
    assert!(plans[3].1.metrics["left_out"] > 0.0);
}

#[test]
fn the_control_hides_classes_only_where_the_policy_ignores_them() {
    // Class 0 never moves, so pruning without balance drops it.
    let says =
        |id: SampleId, epoch: u32| if id.0.is_multiple_of(10) { 0.5 } else { noise(id, epoch) };
    let kept = |balance, spec: &str| {
        let bdp = BdpSettings { balance, min_per_class: 0, ..BdpSettings::default() };
        let context = context(4_000, 50, Settings { bdp, ..Settings::default() });
        let plans = run(spec, &context, says);
        class_counts(&plans[49].0.weight, &context)[0]
    };
    assert_eq!(kept(Balance::Off, "bdp"), 0);
    let blind = kept(Balance::Off, "random-like:bdp");
    assert!((8..45).contains(&blind), "about a tenth of 235, found {blind}");
    let auto = kept(Balance::Auto, "bdp");
    assert_eq!(kept(Balance::Auto, "random-like:bdp"), auto);
}

#[test]
fn full_steps_takes_the_steps_of_the_smaller_run_and_sees_every_sample() {
    let context = context(1_000, 20, Settings::default());
    let plans = run("full-steps:0.1", &context, noise);
    let random = run("random:0.1", &context, noise);
    let mut seen = vec![0; 1_000];
    for ((plan, _), (smaller, _)) in plans.iter().zip(&random) {
        assert_eq!(plan.weight.len(), smaller.weight.len());
        assert_eq!(plan.arch.len(), 500);
        plan.weight.iter().for_each(|id| seen[id.index()] += 1);
    }
    let half = &run("full", &context, noise)[0].0.weight;
    assert!(half.iter().all(|id| seen[id.index()] == 2), "20 epochs of 50 are two passes of 500");
}
