//! Arms of five policies.

use tamis_report::{Arm, Comparison, Difference, Estimate, Part, SeedValue};

/// Name, group, mean accuracy, deviation, cost, seeds.
const ARMS: [(&str, &str, f64, f64, f64, u64); 12] = [
    ("full", "full", 0.9356, 0.0022, 5.88e13, 6),
    ("full-steps:0.1", "full", 0.9222, 0.0075, 5.88e12, 6),
    ("random:0.5", "random", 0.9318, 0.003, 2.94e13, 6),
    ("random:0.1", "random", 0.9241, 0.0052, 5.88e12, 20),
    ("random:0.02", "random", 0.9061, 0.0105, 1.18e12, 6),
    ("random-epoch:0.1", "random", 0.9263, 0.005, 5.88e12, 6),
    ("proxy:0.1", "proxy", 0.9285, 0.004, 9.9e12, 6),
    ("proxy-balanced:0.1", "proxy", 0.9291, 0.0042, 9.9e12, 6),
    ("entropy-top:0.1", "entropy-top", 0.9092, 0.012, 9.9e12, 6),
    ("dds:5000", "dds", 0.9302, 0.0031, 1.01e13, 6),
    ("dds:1000", "dds", 0.9187, 0.0061, 5.4e12, 6),
    ("random-like:proxy-balanced:0.1, steps", "random", 0.9236, 0.0045, 9.9e12, 6),
];

pub(crate) fn comparison() -> Comparison {
    let difference = |name: &str, mean: f64, half: f64, pairs| Difference {
        name: name.to_owned(),
        estimate: Estimate { mean, interval: (half > 0.0).then_some((mean - half, mean + half)) },
        pairs,
    };
    Comparison {
        accuracy_name: "Test accuracy".to_owned(),
        cost_name: "multiply-adds, one-off ones included".to_owned(),
        interval_name: "95\u{a0}% interval of the mean".to_owned(),
        arms: Part::Given(ARMS.iter().enumerate().map(arm).collect()),
        differences: Part::Given(vec![
            difference("proxy:0.1 against random:0.1", 0.0044, 0.0061, 6),
            difference("proxy-balanced:0.1 against random:0.1", 0.005, 0.0047, 6),
            difference("entropy-top:0.1 against random:0.1", -0.0149, 0.0112, 6),
            difference("dds:5000 against random:0.1", 0.0061, 0.0039, 6),
            difference("dds:1000 against full-steps:0.02", 0.0021, 0.0, 1),
        ]),
    }
}

fn arm((number, arm): (usize, &(&str, &str, f64, f64, f64, u64))) -> Arm {
    let (name, group, mean, deviation, cost, seeds) = *arm;
    let mut stream = super::stream(2000 + number as u64);
    let seeds: Vec<SeedValue> = (0..seeds)
        .map(|seed| SeedValue {
            seed,
            // A benchmark's table knows few architectures: equal values are common.
            accuracy: Some(((mean + deviation * stream.normal()) * 500.0).round() / 500.0),
            cost: Some(cost),
        })
        .collect();
    let values: Vec<f64> = seeds.iter().filter_map(|seed| seed.accuracy).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let half = 2.57 * deviation / (values.len() as f64).sqrt();
    Arm {
        name: name.to_owned(),
        group: group.to_owned(),
        accuracy: Some(Estimate { mean, interval: Some((mean - half, mean + half)) }),
        cost: Some(cost),
        seeds,
    }
}
