//! Predicted against measured latency of random networks of the mobilenet space on this machine: a line a
//! network, then the rank correlation and the median relative error.
//!
//! usage: latency_check [IMAGE SIDE [NETWORKS]]   default: 64 20

#![allow(clippy::print_stdout, reason = "an example that prints")]

use std::error::Error;

use tamis::core::{Key, Purpose};
use tamis::data::ImageShape;
use tamis::search::{Matrix, Recipe, SearchConfig, build_space};
use tamis::{LatencyTable, NetworkConfig, quickest_ms};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let side = arguments.next().unwrap_or(Ok(64))?;
    let networks = arguments.next().unwrap_or(Ok(20))?;
    let image = ImageShape { channels: 3, height: side, width: side };
    let basis = tamis::search::Basis {
        recipe: Recipe::Quick,
        space: "mobilenet",
        host: "darts",
        epochs: None,
    };
    let space = build_space(&SearchConfig::of(basis)?.space, image, 10)?;
    let parts = space.parts()?;
    let table = LatencyTable::measure(&parts, |_, _| {})?;
    let set = &space.choices()[0];
    let (mut predicted, mut measured) = (Vec::new(), Vec::new());
    for number in 0..networks {
        let mut stream = Key::new(0, Purpose::Test).id(number as u64).stream();
        let chosen: Vec<usize> = (0..set.shape()[0])
            .map(|row| stream.below(set.row(row).options as u64) as usize)
            .collect();
        let is_chosen = |part: &tamis::search::Part| match part.option {
            None => true,
            Some([_, row, option]) => chosen[row] == option,
        };
        let sum = parts.iter().filter(|part| is_chosen(part));
        predicted.push(sum.map(|part| table.milliseconds.0[&part.name]).sum::<f64>());
        let columns = set.options.len();
        let shares = Matrix::from_fn(set.shape(), |index| {
            f64::from(u8::from(chosen[index / columns] == index % columns))
        });
        let genotype = Some(space.derive(&[shares]).to_string());
        let network = NetworkConfig { genotype, ..NetworkConfig::default() };
        measured.push(quickest_ms(&network.describe(image, 10, false)?.graph)?);
        println!("{:8.3} ms predicted {:8.3} ms measured", predicted[number], measured[number]);
    }
    let mut errors: Vec<f64> = predicted
        .iter()
        .zip(&measured)
        .map(|(predicted, measured)| (predicted / measured - 1.0).abs())
        .collect();
    errors.sort_by(f64::total_cmp);
    println!("Spearman {:.3}", spearman(&predicted, &measured));
    println!("median relative error {:.1} %", 100.0 * errors[networks / 2]);
    Ok(())
}

/// The correlation of ranks; ties there are none.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |of: &[f64]| -> Vec<f64> {
        of.iter().map(|x| of.iter().filter(|y| *y < x).count() as f64).collect()
    };
    let count = a.len() as f64;
    let squares = ranks(a).iter().zip(ranks(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    1.0 - 6.0 * squares / (count * (count * count - 1.0))
}
