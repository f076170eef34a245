//! The cost's term: its gradient where hosts take it, and where it leads a search.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::{Level, SampleId};
use tamis_data::{Augmentation, Batch, BatchSource, DataConfig, Dataset, Normalization, open};
use tamis_nn::Device;
use tamis_search::{
    At, Basis, Bilevel, Event, Matrix, OF_SHARES, OneOffCost, Recipe, Search, SearchConfig,
    SearchData, build_space,
};

fn images() -> Arc<Dataset> {
    let mut config = DataConfig::default();
    (config.synthetic.train, config.synthetic.test) = (48, 0);
    config.size = Some(8);
    Arc::new(open(&config).unwrap().train)
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
            let train = images();
            let data = SearchData {
                train,
                augmentation: Augmentation::default(),
                scores: None,
                embeddings: None,
                latencies: None,
                one_off: OneOffCost::NONE,
            };
            let mut search = Search::new(&settings(host, target), data, Device::Cpu).unwrap();
            while search.advance().unwrap() != Event::Finished {}
            let bilevel = search.bilevel();
            bilevel.space().expected_macs(&bilevel.shares()).unwrap().value
        };
        let [down, without, up] = [Some(1), None, Some(1 << 40)].map(expected);
        assert!(down < 0.99 * without, "{host}: {down} {without}");
        assert!(up > 1.01 * without, "{host}: {up} {without}");
    }
}
