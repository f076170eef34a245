//! Runs in folders: searches, trainings, scores and embeddings, and what is made of them.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use numpy::{PyReadonlyArray1, PyReadonlyArray4};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value, json};
use tamis::data::{Dataset, ImageShape};
use tamis::search::Event;
use tamis::{
    Advanced, Embedding, Ending, Error, ExportForm, ExportOptions, Job, Layers, LeftOpen, Opened,
    RaceEnding, RaceJob, RunConfig, ScoreKind, Scoring, TrainedNetwork, TrainingConfig,
    TrainingEnding, TrainingJob, export_path, is_race, is_training, pack_datasets,
};

use crate::errors::{failed, raised, refused};
use crate::settings::layers;
use crate::watched::{Teller, computed, watched};

/// What work that may stop came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    ToItsEnd,
    ToAStop,
}

/// Searches: begins a run in the folder `out`, goes on with it, or finds it finished.
#[pyfunction]
pub(crate) fn search(
    py: Python<'_>,
    settings: &Bound<'_, PyDict>,
    out: PathBuf,
    observer: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let layers = layers(settings)?;
    let layers = match LeftOpen::of(&layers) {
        Some(open) => open.filled(layers),
        None => layers,
    };
    let config = layers.resolve().map_err(raised)?;
    tamis::data::find(&config.data).map_err(raised)?;
    ended(py, observer, move |teller| searched(config, &out, teller))
}

/// Trains a single network in the folder `out`, which is new or empty.
#[pyfunction]
pub(crate) fn train(
    py: Python<'_>,
    settings: &Bound<'_, PyDict>,
    out: PathBuf,
    observer: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let config = TrainingConfig::resolve(&layers(settings)?).map_err(raised)?;
    tamis::data::find(&config.data).map_err(raised)?;
    ended(py, observer, move |teller| trained(TrainingJob::create(config, &out, teller)?, teller))
}

/// Goes on with the run in a folder, whoever began it.
#[pyfunction]
pub(crate) fn resume(
    py: Python<'_>,
    run: PathBuf,
    observer: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    ended(py, observer, move |teller| {
        if is_training(&run) {
            return trained(TrainingJob::resume(&run, teller)?, teller);
        }
        if is_race(&run) {
            return raced(RaceJob::resume(&run, teller)?, teller);
        }
        match Job::resume(&run, teller)? {
            Some((job, notes)) => advanced(job, notes, teller),
            None => Ok(Came::ToAStop),
        }
    })
}

/// Scores every training image into a file.
#[pyfunction]
pub(crate) fn score(
    py: Python<'_>,
    settings: &Bound<'_, PyDict>,
    by: &str,
    out: PathBuf,
    observer: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let kind: ScoreKind = named("scoring", "by", by)?;
    tabled(py, settings, observer, move |scoring, teller| scoring.score(kind, &out, teller))
}

/// Embeds every training image into a file.
#[pyfunction]
pub(crate) fn embed(
    py: Python<'_>,
    settings: &Bound<'_, PyDict>,
    by: &str,
    out: PathBuf,
    observer: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let kind: Embedding = named("embedding", "by", by)?;
    tabled(py, settings, observer, move |scoring, teller| scoring.embed(kind, &out, teller))
}

/// Makes a table of every training image of the data that the settings name; `make` says whether it came to
/// its end.
fn tabled(
    py: Python<'_>,
    settings: &Bound<'_, PyDict>,
    observer: Option<&Bound<'_, PyAny>>,
    make: impl FnOnce(&Scoring, &mut Teller) -> Result<bool, Error> + Send + 'static,
) -> PyResult<()> {
    let config = layers(settings)?.resolve_scoring().map_err(raised)?;
    ended(py, observer, move |teller| {
        let scoring = Scoring::new(config, teller)?;
        made(make(&scoring, teller)?)
    })
}

/// Images `[sample, channel, height, width]` and the class of each.
type Split<'py> = (PyReadonlyArray4<'py, u8>, PyReadonlyArray1<'py, u32>);

/// Packs arrays of images into a file.
#[pyfunction]
pub(crate) fn pack(
    py: Python<'_>,
    out: PathBuf,
    name: String,
    classes: Vec<String>,
    train: Split<'_>,
    test: Option<Split<'_>>,
) -> PyResult<()> {
    let train = dataset(train, &classes)?;
    let test = test.map(|test| dataset(test, &classes)).transpose()?;
    let packed = computed(py, move || {
        let data = (name.as_str(), &train, test.as_ref());
        pack_datasets(data, &out, &mut |_| std::ops::ControlFlow::Continue(()))
    });
    packed?.map_err(raised)
}

fn dataset((images, labels): Split<'_>, classes: &[String]) -> PyResult<Dataset> {
    let images = images.as_array();
    let [_, channels, height, width] = *images.shape() else {
        return Err(refused("packing images: expected [sample, channel, height, width]"));
    };
    let shape = ImageShape { channels, height, width };
    let labels = labels.as_array().to_vec();
    Dataset::new(shape, images.iter().copied().collect(), labels, classes.to_vec()).map_err(raised)
}

/// The settings in the folder of a run, by section.
#[pyfunction]
pub(crate) fn settings_of(py: Python<'_>, run: PathBuf) -> PyResult<Bound<'_, PyAny>> {
    let layers = Layers::default().file(&run.join("config.toml")).map_err(raised)?;
    py.import("json")?.call_method1("loads", (told(layers.table()).to_string(),))
}

/// The page of some runs, as HTML.
#[pyfunction]
pub(crate) fn report(py: Python<'_>, runs: Vec<PathBuf>) -> PyResult<String> {
    computed(py, move || tamis::report(&runs))?.map_err(raised)
}

/// Drawings of the cells of a genotype, as SVG.
#[pyfunction]
pub(crate) fn drawn(genotype: &str) -> PyResult<Vec<String>> {
    tamis::drawn(genotype).map_err(raised)
}

/// Writes a trained network in the form of another tool; returns the files.
#[pyfunction]
pub(crate) fn export(
    py: Python<'_>,
    run: PathBuf,
    form: &str,
    out: PathBuf,
) -> PyResult<Vec<PathBuf>> {
    let form = match form {
        "onnx" => ExportForm::Onnx,
        "pytorch" => ExportForm::Pytorch,
        "safetensors" => ExportForm::Safetensors,
        _ => {
            return Err(refused(format!(
                "exporting: found the form {form:?}, expected \"onnx\", \"pytorch\" or \"safetensors\""
            )));
        }
    };
    computed(py, move || {
        let files = TrainedNetwork::read(&run)?.export(form, ExportOptions::default())?;
        let written = files.iter().enumerate().map(|(number, (ending, bytes))| {
            let path = export_path(&out, number, ending);
            tamis::run::write_durably(&path, bytes)?;
            Ok(path)
        });
        written.collect::<Result<Vec<PathBuf>, Error>>()
    })?
    .map_err(raised)
}

/// Runs work that may stop; what asked it to is raised.
fn ended(
    py: Python<'_>,
    observer: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&mut Teller) -> Result<Came, Error> + Send + 'static,
) -> PyResult<()> {
    let (came, asked) = watched(py, observer, work)?;
    match (came, asked) {
        (_, Some(asked)) => Err(asked),
        (Err(error), None) => Err(raised(error)),
        (Ok(Came::ToItsEnd), None) => Ok(()),
        (Ok(Came::ToAStop), None) => {
            Err(failed("stopped before its end, though nobody asked for it"))
        }
    }
}

fn made(finished: bool) -> Result<Came, Error> {
    Ok(if finished { Came::ToItsEnd } else { Came::ToAStop })
}

fn searched(config: RunConfig, out: &std::path::Path, teller: &mut Teller) -> Result<Came, Error> {
    match Job::open(config, out, teller)? {
        Opened::Finished(_) => Ok(Came::ToItsEnd),
        Opened::Stopped => Ok(Came::ToAStop),
        Opened::Ready(job, notes) => advanced(*job, notes, teller),
    }
}

fn advanced(mut job: Job, notes: Vec<String>, teller: &mut Teller) -> Result<Came, Error> {
    for note in notes {
        teller.tell("note", json!(note));
    }
    let epochs = job.prepared().search.config().train.epochs;
    teller.tell("search", json!({ "what": "search", "epochs": epochs }));
    let stop = teller.stop_flag();
    let ending = job.run(
        || stop.load(Ordering::Relaxed),
        |event| match event {
            Advanced::Search(Event::EpochEnded(record)) => teller.tell("epoch", told(record)),
            Advanced::Search(_) => {}
            Advanced::Race(_, race) => {
                let (done, all) = race.steps();
                teller.step(done, all);
            }
        },
    )?;
    made(matches!(ending, Ending::Finished(_)))
}

fn trained(job: Option<TrainingJob>, teller: &mut Teller) -> Result<Came, Error> {
    let Some(mut job) = job else { return Ok(Came::ToAStop) };
    made(matches!(job.run(teller)?, TrainingEnding::Finished(_)))
}

fn raced(job: Option<RaceJob>, teller: &mut Teller) -> Result<Came, Error> {
    let Some(mut job) = job else { return Ok(Came::ToAStop) };
    let stop = teller.stop_flag();
    let ending = job.run(
        || stop.load(Ordering::Relaxed),
        |_, race| {
            let (done, all) = race.steps();
            teller.step(done, all);
        },
    )?;
    made(matches!(ending, RaceEnding::Finished(_)))
}

fn told(record: &impl serde::Serialize) -> Value {
    serde_json::to_value(record).unwrap_or(Value::Null)
}

/// What a word of an argument names.
fn named<T: serde::de::DeserializeOwned>(doing: &str, argument: &str, word: &str) -> PyResult<T> {
    serde_json::from_value(json!(word))
        .map_err(|error| refused(format!("{doing}: found {argument}={word:?}, {error}")))
}
