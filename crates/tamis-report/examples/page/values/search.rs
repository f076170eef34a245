//! A search of 50 epochs.

use std::error::Error;

use tamis_report::{CellShares, EdgeShares, FoundArchitecture, Part, Search, SearchEpoch};
use tamis_space::Architecture;
use tamis_space::{darts, nas_bench_201};

const EPOCHS: u32 = 50;

const BENCHMARK: [&str; 2] = [
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|",
    "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|nor_conv_3x3~2|",
];

const DARTS: &str = "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), \
    ('skip_connect', 0), ('sep_conv_5x5', 2), ('sep_conv_3x3', 1), ('skip_connect', 0), \
    ('dil_conv_3x3', 2), ('avg_pool_3x3', 3)], normal_concat=range(2, 6), \
    reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), \
    ('max_pool_3x3', 0), ('skip_connect', 2), ('dil_conv_5x5', 2), ('max_pool_3x3', 1)], \
    reduce_concat=range(2, 6))";

pub(crate) fn search(darts: bool) -> Result<Search, Box<dyn Error>> {
    let found =
        |title: &str, architecture| FoundArchitecture { title: title.to_owned(), architecture };
    let architectures = if darts {
        vec![found("Found after 50 epochs", Architecture::Darts(DARTS.parse()?))]
    } else {
        let [last, first] = BENCHMARK;
        vec![
            found("Found after 50 epochs", Architecture::NasBench201(last.parse()?)),
            found("After the first epoch", Architecture::NasBench201(first.parse()?)),
        ]
    };
    Ok(Search {
        epochs: Part::Given((0..EPOCHS).map(epoch).collect()),
        shares: Part::Given(shares(darts)),
        architectures: Part::Given(architectures),
    })
}

fn epoch(epoch: u32) -> SearchEpoch {
    let mut stream = super::stream(u64::from(epoch));
    let at = f64::from(epoch) / f64::from(EPOCHS);
    let grown = 1.0 - (-4.0 * at).exp();
    SearchEpoch {
        epoch,
        weight_accuracy: Some(0.14 + 0.66 * grown + 0.008 * stream.normal()),
        // The architecture rests in the first epochs.
        arch_val_accuracy: (epoch > 4).then(|| 0.14 + 0.55 * grown + 0.012 * stream.normal()),
        weight_loss: Some(2.25 - 1.66 * grown + 0.02 * stream.normal()),
        arch_loss: (epoch > 4).then(|| 2.25 - 1.3 * grown + 0.03 * stream.normal()),
        share_skip: Some(0.2 + 0.07 * at * at),
        share_none: Some(0.2 - 0.08 * at),
    }
}

fn shares(darts: bool) -> Vec<CellShares> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    if darts {
        let operations = names(&darts::Operation::ALL.map(darts::Operation::name));
        let cell = |cell: &str, part| of_cell(cell, &operations, &darts::EDGES, part);
        return vec![cell("normal", 100), cell("reduction", 200)];
    }
    let operations = names(&nas_bench_201::Operation::ALL.map(nas_bench_201::Operation::name));
    vec![of_cell("", &operations, &nas_bench_201::EDGES, 300)]
}

fn of_cell(cell: &str, operations: &[String], edges: &[(usize, usize)], part: u64) -> CellShares {
    let edges = edges.iter().zip(part..).map(|(&(source, target), part)| {
        let mut stream = super::stream(part);
        let goals: Vec<f64> = operations.iter().map(|_| 0.6 * stream.normal()).collect();
        let shares = (0..EPOCHS).map(|epoch| {
            let at = (f64::from(epoch) / f64::from(EPOCHS)).powf(1.4);
            let weights: Vec<f64> =
                goals.iter().map(|goal| (goal * at + 0.012 * stream.normal()).exp()).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().map(|weight| weight / sum).collect()
        });
        EdgeShares { source, target, shares: shares.collect() }
    });
    CellShares {
        cell: cell.to_owned(),
        operations: operations.to_vec(),
        epochs: (0..EPOCHS).collect(),
        edges: edges.collect(),
    }
}
