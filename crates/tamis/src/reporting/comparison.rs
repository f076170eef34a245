//! A comparison, for a report.

use std::collections::BTreeMap;
use std::path::Path;

use tamis_compare::{Record, Results, paired, summary};
use tamis_report::{Arm, Comparison, Difference, Estimate, Head, Part, Report, SeedValue};

use super::{extend, given};
use crate::error::Error;

/// Accuracy and cost of a seed.
type OfSeed = (Option<f64>, Option<f64>);

pub(super) fn add(report: &mut Report, path: &Path) -> Result<(), Error> {
    let results = Results::open(&path.join("results.jsonl"))?;
    let looked_up = results.records().iter().any(|record| accuracy(record, true).is_some());
    let mut arms: BTreeMap<String, BTreeMap<u64, OfSeed>> = BTreeMap::new();
    for record in results.records() {
        let outcome = &record.outcome;
        let name = format!("{}, {}, {}", outcome.space, outcome.host, outcome.policy);
        let value = (accuracy(record, looked_up), cost(record));
        arms.entry(name).or_default().insert(outcome.seed, value);
    }
    let shortened = shortened(arms.keys().cloned().collect());
    let drawn = arms.iter().zip(&shortened).map(|((_, seeds), name)| arm(name, seeds));
    let drawn: Vec<Arm> = drawn.collect();
    extend(
        &mut report.head,
        Head {
            title: "Comparison of searches".to_owned(),
            summary: Some(format!(
                "{} arms, {} runs in {}.",
                drawn.len(),
                results.records().len(),
                path.display()
            )),
            ..Head::default()
        },
    );
    report.comparison = Part::Given(Comparison {
        accuracy_name: match looked_up {
            true => "CIFAR-10 test accuracy of the found cell, from the benchmark".to_owned(),
            false => "validation accuracy of the supernet".to_owned(),
        },
        cost_name: "multiply-adds, one-off ones included".to_owned(),
        interval_name: "95 % interval of the mean, by Student's t".to_owned(),
        differences: differences(&arms, &shortened),
        arms: given(drawn, "No run is finished yet."),
    });
    Ok(())
}

/// 0 to 1.
fn accuracy(record: &Record, looked_up: bool) -> Option<f64> {
    let outcome = &record.outcome;
    match looked_up {
        true => Some(outcome.lookup.as_ref()?.record.cifar10_test_200? / 100.0),
        false => outcome.arch_val_accuracy(),
    }
}

fn cost(record: &Record) -> Option<f64> {
    let cost = &record.outcome.cost;
    Some(cost.macs as f64 + cost.one_off_macs? as f64)
}

/// Names without what all of them begin with.
fn shortened(names: Vec<String>) -> Vec<String> {
    let parts: Vec<Vec<&str>> = names.iter().map(|name| name.split(", ").collect()).collect();
    let varies = |at: usize| parts.iter().any(|part| part[at] != parts[0][at]);
    let kept: Vec<usize> = (0..3).filter(|&at| at == 2 || varies(at)).collect();
    let joined = parts.iter().map(|part| kept.iter().map(|&at| part[at]).collect::<Vec<_>>());
    joined.map(|part| part.join(", ")).collect()
}

fn arm(name: &str, seeds: &BTreeMap<u64, OfSeed>) -> Arm {
    let values: Vec<f64> = seeds.values().filter_map(|value| value.0).collect();
    let costs: Vec<f64> = seeds.values().filter_map(|value| value.1).collect();
    let policy = name.rsplit(", ").next().unwrap_or(name);
    Arm {
        name: name.to_owned(),
        group: policy.split([':', '+']).next().unwrap_or(policy).to_owned(),
        seeds: seeds
            .iter()
            .map(|(&seed, &(accuracy, cost))| SeedValue { seed, accuracy, cost })
            .collect(),
        accuracy: estimate(&values),
        cost: summary(&costs).map(|of| of.mean),
    }
}

fn estimate(values: &[f64]) -> Option<Estimate> {
    let found = summary(values)?;
    Some(Estimate { mean: found.mean, interval: found.interval() })
}

/// Each arm against that of random images, seed by seed.
fn differences(
    arms: &BTreeMap<String, BTreeMap<u64, OfSeed>>,
    names: &[String],
) -> Part<Vec<Difference>> {
    let accuracies: Vec<BTreeMap<u64, f64>> = arms
        .values()
        .map(|seeds| seeds.iter().filter_map(|(&seed, of)| Some((seed, of.0?))).collect())
        .collect();
    let is_random =
        |name: &&String| name.rsplit(", ").next().is_some_and(|of| of.starts_with("random"));
    let Some(reference) = names.iter().position(|name| is_random(&name)) else {
        return Part::Missing("There is no arm of random images to compare with.".to_owned());
    };
    let others = names.iter().enumerate().filter(|(at, _)| *at != reference);
    let found = others.filter_map(|(at, name)| {
        let found = paired(&accuracies[at], &accuracies[reference])?.summary;
        Some(Difference {
            name: format!("{name} against {}", names[reference]),
            estimate: Estimate { mean: found.mean, interval: found.interval() },
            pairs: found.n,
        })
    });
    given(found.collect(), "No two arms have a seed in common.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_all_arms_share() {
        let names = ["a, darts, full", "a, darts, random:0.1"].map(str::to_owned).to_vec();
        assert_eq!(shortened(names), ["full", "random:0.1"]);
        let names = ["a, darts, full", "a, beta-darts, full"].map(str::to_owned).to_vec();
        assert_eq!(shortened(names), ["darts, full", "beta-darts, full"]);
    }
}
