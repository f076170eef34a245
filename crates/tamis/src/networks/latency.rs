//! How long networks, and the parts that they are made of, take for one image on this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_graph::Graph;
use tamis_nn::{Device, Model, Statistics};
use tamis_run::{Machine, write_durably};
use tamis_search::{Latencies, Part};

use crate::error::Error;

/// Passes whose median is the latency that is told.
const TIMED: usize = 21;

/// Rounds over all parts: of each the quickest counts, so that what else the machine does counts little.
const ROUNDS: usize = 40;

/// Passes of a part in a round, the first of which warms up.
const PASSES: usize = 4;

/// Version of the table's layout.
const FORMAT: u32 = 1;

/// Median milliseconds of one image alone, from pixels to logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// On one thread.
    pub one_thread_ms: f64,
    /// On all threads of the program.
    pub all_threads_ms: f64,
}

/// How long one image takes on this machine, whatever the weights.
///
/// # Errors
///
/// [`Error::Network`].
pub fn latency(graph: &Graph) -> Result<Latency, Error> {
    let timed = Timed::new(graph)?;
    let all_threads_ms = timed.median()?;
    let one_thread_ms = on_one_thread(|| timed.median())?;
    Ok(Latency { one_thread_ms, all_threads_ms })
}

/// The quickest milliseconds of one image on one thread, as parts are measured.
///
/// # Errors
///
/// [`Error::Network`].
pub fn quickest_ms(graph: &Graph) -> Result<f64, Error> {
    let timed = Timed::new(graph)?;
    on_one_thread(|| {
        let mut rounds = (0..ROUNDS).map(|_| timed.quickest());
        rounds.try_fold(f64::INFINITY, |least, found| Ok(least.min(found?)))
    })
}

/// Measured parts of a space's networks: a file of `tamis space latency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyTable {
    /// Version of the layout, 1.
    pub format: u32,
    /// The machine that was measured.
    pub machine: Value,
    /// Threads of a pass: 1.
    pub threads: usize,
    /// Milliseconds of one image in each part, by its name.
    pub milliseconds: Latencies,
}

impl LatencyTable {
    /// Measures every part once, on one thread; `observe` is told after each round, of how many.
    ///
    /// # Errors
    ///
    /// [`Error::Network`].
    pub fn measure(
        parts: &[Part],
        mut observe: impl FnMut(usize, usize) + Send,
    ) -> Result<LatencyTable, Error> {
        let distinct: BTreeMap<&str, &Part> =
            parts.iter().map(|part| (part.name.as_str(), part)).collect();
        let timed = distinct.iter().map(|(name, part)| Ok((*name, Timed::new(&part.network)?)));
        let timed: Vec<(&str, Timed)> = timed.collect::<Result<_, Error>>()?;
        let mut least = vec![f64::INFINITY; timed.len()];
        on_one_thread(|| {
            for round in 1..=ROUNDS {
                for (least, (_, timed)) in least.iter_mut().zip(&timed) {
                    *least = least.min(timed.quickest()?);
                }
                observe(round, ROUNDS);
            }
            Ok(0.0)
        })?;
        let named = timed.iter().zip(least).map(|((name, _), least)| ((*name).to_owned(), least));
        Ok(LatencyTable {
            format: FORMAT,
            machine: json!(Machine::this()),
            threads: 1,
            milliseconds: Latencies(named.collect()),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Error::Record`] if it cannot be read or is no such table.
    pub fn read(path: &Path) -> Result<LatencyTable, Error> {
        let unreadable = tamis_record::Error::file("latencies", path);
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let expected = "a file of `tamis space latency`";
        let unfit = tamis_record::Error::content("latencies", path, expected);
        let table: LatencyTable = serde_json::from_str(&text).map_err(unfit)?;
        match table.milliseconds.0.iter().find(|(_, ms)| !(ms.is_finite() && **ms > 0.0)) {
            None => Ok(table),
            Some((part, ms)) => {
                let unfit = tamis_record::Error::content("latencies", path, expected);
                Err(unfit(format!("{ms} ms for {part}")).into())
            }
        }
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(write_durably(path, format!("{:#}\n", json!(self)).as_bytes())?)
    }
}

/// A network ready to be timed.
struct Timed {
    model: Model,
    weights: Vec<f32>,
    statistics: Statistics,
    image: Vec<f32>,
}

impl Timed {
    fn new(graph: &Graph) -> Result<Timed, Error> {
        let output = graph.outputs().first().map_or("logits", |output| output.name.as_str());
        let model = Model::new(graph.clone(), &[output], Device::Cpu)?;
        let (weights, statistics) = (model.layout().init(0), model.initial_statistics());
        let image = vec![0.5; graph.image().into_iter().product()];
        Ok(Timed { model, weights, statistics, image })
    }

    fn milliseconds(&self) -> Result<f64, Error> {
        let started = Instant::now();
        self.model.evaluate(&self.weights, &self.image, &self.statistics)?;
        Ok(1e3 * started.elapsed().as_secs_f64())
    }

    fn median(&self) -> Result<f64, Error> {
        self.milliseconds()?;
        let mut all: Vec<f64> =
            (0..TIMED).map(|_| self.milliseconds()).collect::<Result<_, Error>>()?;
        all.sort_by(f64::total_cmp);
        Ok(all[TIMED / 2])
    }

    fn quickest(&self) -> Result<f64, Error> {
        let mut passes = (0..PASSES).map(|_| self.milliseconds());
        passes.try_fold(f64::INFINITY, |least, found| Ok(least.min(found?)))
    }
}

/// What a closure gives in a pool of one thread; not a number where there can be none.
fn on_one_thread(timed: impl FnOnce() -> Result<f64, Error> + Send) -> Result<f64, Error> {
    let pool: Option<ThreadPool> = ThreadPoolBuilder::new().num_threads(1).build().ok();
    pool.map_or(Ok(f64::NAN), |pool| pool.install(timed))
}
