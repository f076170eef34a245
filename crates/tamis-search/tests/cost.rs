//! The cost's term: its gradient where hosts take it, and where it leads a search.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::{Level, SampleId};
use tamis_data::{Augmentation, Batch, BatchSource, DataConfig, Dataset, Normalization, open};
use tamis_nn::Device;
use tamis_search::{
    At, Basis, Bilevel, Event, Latencies, Matrix, OF_SHARES, OneOffCost, Recipe, Search,
    SearchConfig, SearchData, build_space,
};

fn images() -> Arc<Dataset> {
    let mut config = DataConfig::default();
    (config.synthetic.train, config.synthetic.test) = (48, 0);
    config.size = Some(8);
    Arc::new(open(&config).unwrap().train)
}

fn data(latencies: Option<Latencies>) -> SearchData {
    SearchData {
        train: images(),
        augmentation: Augmentation::default(),
        scores: None,
        embeddings: None,
        latencies,
        one_off: OneOffCost::NONE,
    }
}

fn settings(host: &str, target: Option<u64>) -> SearchConfig {
    let basis = Basis { recipe: Recipe::Darts, space: "tas", host, epochs: Some(2) };
    let mut config = SearchConfig::of(basis).unwrap();
    "full".clone_into(&mut config.policy.name);
    (config.train.batch, config.space.channels, config.space.cells) = (12, 4, 2);
    config.alpha.lr = 0.05;
    config.alpha.first_epoch = 0;
    config.cost.target_macs = target;
    config
}

fn bilevel(target: Option<u64>) -> Bilevel {
    let config = settings("tas", target);
    let train = images();
    let space = build_space(&config.space, train.shape(), train.classes().len()).unwrap();
    let mut bilevel = Bilevel::new(&config, space, None, Device::Cpu).unwrap();
    for (choices, factor) in bilevel.choices.iter_mut().zip([0.9, 1.3]) {
        let values = choices.alphas.values_mut().iter_mut().enumerate();
        values.for_each(|(at, alpha)| *alpha = (at as f64 * factor).sin());
    }
    bilevel
}

fn zeros(bilevel: &Bilevel) -> Vec<Matrix> {
    bilevel.alphas().iter().map(|alphas| Matrix::zeros(alphas.shape())).collect()
}

fn batch() -> Batch {
    let train = images();
    let normalization = Normalization::of(&train).unwrap();
    let source = BatchSource::new(train.clone(), &normalization, Augmentation::default(), 0);
    let ids: Vec<SampleId> = train.ids().take(8).collect();
    source.unwrap().batch(&ids, 0, true).unwrap()
}

#[test]
fn its_gradient_is_that_of_the_logarithm_of_the_expected_cost_of_the_parameters() {
    // Of 1 multiply-add everything is too expensive, of more than all everything too cheap.
    for (target, sign) in [(1, 1.0), (1 << 40, -1.0)] {
        let mut bilevel = bilevel(Some(target));
        let mut found = zeros(&bilevel);
        bilevel.add_cost(&mut found);
        let value = |bilevel: &Bilevel| {
            2.0 * sign * bilevel.space().expected_macs(&bilevel.shares()).unwrap().value.ln()
        };
        for (matrix, slopes) in found.iter().enumerate() {
            for (at, slope) in slopes.values().iter().enumerate() {
                let mut moved = |by: f64| {
                    bilevel.choices[matrix].alphas.values_mut()[at] += by;
                    let value = value(&bilevel);
                    bilevel.choices[matrix].alphas.values_mut()[at] -= by;
                    value
                };
                let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((difference - slope).abs() < 1e-8, "{matrix} {at}: {difference} {slope}");
            }
        }
    }
}

#[test]
fn a_pass_leaves_it_out_where_the_host_says_so() {
    let batch = batch();
    let slopes = |target, without_cost| {
        let at = At { without_cost, ..At::default() };
        bilevel(target).pass((Level::Arch, &batch), None, at, OF_SHARES).unwrap().shares
    };
    let plain = slopes(None, false);
    assert_eq!(slopes(Some(1), true), plain);
    assert_ne!(slopes(Some(1), false), plain);
    let mut none = zeros(&bilevel(None));
    bilevel(None).add_cost(&mut none);
    assert_eq!(none, zeros(&bilevel(None)), "there is no target");
}

#[test]
fn a_target_leads_the_expected_cost_up_or_down() {
    for host in ["tas", "darts", "gdas"] {
        let expected = |target| {
            let config = settings(host, target);
            let mut search = Search::new(&config, data(None), Device::Cpu).unwrap();
            while search.advance().unwrap() != Event::Finished {}
            let bilevel = search.bilevel();
            bilevel.space().expected_macs(&bilevel.shares()).unwrap().value
        };
        let [down, without, up] = [Some(1), None, Some(1 << 40)].map(expected);
        assert!(down < 0.99 * without, "{host}: {down} {without}");
        assert!(up > 1.01 * without, "{host}: {up} {without}");
    }
}

/// Milliseconds of the parts of the mobilenet space, no two kinds at the same price a multiply-add.
fn latencies(config: &SearchConfig) -> Latencies {
    let space = build_space(&config.space, images().shape(), 10).unwrap();
    let priced = space.parts().unwrap().into_iter().map(|part| {
        let price = 1e-4 * (1.0 + (part.name.len() % 5) as f64);
        (part.name, 0.1 + price * part.network.counts().macs as f64 / 1e3)
    });
    Latencies(priced.collect())
}

#[test]
fn a_target_of_half_the_latency_is_met_within_a_tenth() {
    let found = |target: Option<f64>| {
        let basis =
            Basis { recipe: Recipe::Darts, space: "mobilenet", host: "gdas", epochs: Some(40) };
        let mut config = SearchConfig::of(basis).unwrap();
        "full".clone_into(&mut config.policy.name);
        (config.train.batch, config.space.channels, config.space.cells) = (12, 4, 2);
        config.alpha.lr = 0.03;
        config.cost.target_latency_ms = target;
        let data = data(Some(latencies(&config)));
        let mut search = Search::new(&config, data, Device::Cpu).unwrap();
        while search.advance().unwrap() != Event::Finished {}
        let [set] = search.space().choices() else { panic!("one set") };
        let shares = &search.bilevel().shares()[0];
        let measured = latencies(&config);
        let mut sum = 0.0;
        for part in search.space().parts().unwrap() {
            let is_found = part.option.is_none_or(|[_, row, option]| {
                let row = &shares.values()[row * set.options.len()..][..set.options.len()];
                row.iter().all(|share| *share <= row[option])
            });
            sum += if is_found { measured.0[&part.name] } else { 0.0 };
        }
        sum
    };
    let without = found(None);
    let half = found(Some(without / 2.0));
    assert!((half / (without / 2.0) - 1.0).abs() < 0.1, "{without} {half}");
}

#[test]
fn a_target_that_nothing_can_follow_is_refused_by_what_could() {
    let refused = |space: &str, host: &str, change: fn(&mut SearchConfig)| {
        let basis = Basis { recipe: Recipe::Darts, space, host, epochs: Some(1) };
        let mut config = SearchConfig::of(basis).unwrap();
        "full".clone_into(&mut config.policy.name);
        change(&mut config);
        Search::new(&config, data(None), Device::Cpu).err().unwrap().to_string()
    };
    let macs = |config: &mut SearchConfig| config.cost.target_macs = Some(1_000_000);
    let latency = |config: &mut SearchConfig| config.cost.target_latency_ms = Some(1.0);
    assert!(refused("nas-bench-201", "darts", macs).contains("whose networks differ"));
    assert!(refused("mobilenet", "evolution", macs).contains("follows a gradient"));
    assert!(refused("mobilenet", "darts", latency).contains("tamis space latency"));
}
