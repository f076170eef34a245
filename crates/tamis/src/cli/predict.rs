//! `tamis predict`: what a trained network sees in images.

use std::path::{Path, PathBuf};

use serde_json::json;
use tamis::tables::TableFormat;
use tamis::{
    Latency, Prediction, TrainedNetwork, latency, predict, predictions_table, refuse_replacing,
};

use super::arguments::{PredictArguments, PredictFormat};
use super::output::{print, tell};
use super::threads::use_threads;
use super::{ExitCode, Failure};

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";

pub(super) fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    use_threads(arguments.common.threads)?;
    let to_file = arguments.out.as_os_str() != STANDARD_OUTPUT;
    if to_file {
        let inputs: Vec<PathBuf> =
            arguments.images.iter().chain([&arguments.run]).cloned().collect();
        refuse_replacing(&arguments.out, &inputs)?;
    }
    let network = TrainedNetwork::read(&arguments.run)?;
    let files = files(&arguments.images)?;
    let predictions = predict(&network, &files, arguments.top)?;
    let bytes = written(&predictions, arguments)?;
    match to_file {
        true => tamis::run::write_durably(&arguments.out, &bytes)?,
        false => print(bytes)?,
    }
    let Latency { one_thread_ms, all_threads_ms } = latency(&network.graph)?;
    tell(format_args!(
        "{} images; one image takes {one_thread_ms:.2} ms on one thread, {all_threads_ms:.2} ms on all",
        predictions.len()
    ));
    Ok(ExitCode::SUCCESS)
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(tamis::data::image_files(path)?);
    }
    if files.is_empty() {
        let named = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let text = "found no image, expected files in PNG, JPEG, WebP, BMP, GIF or TIFF; hint: \
                    `tamis evaluate` reads other layouts";
        return Err(Failure::Usage(format!("looking for images in {}: {text}", named.join(", "))));
    }
    Ok(files)
}

fn written(predictions: &[Prediction], arguments: &PredictArguments) -> Result<Vec<u8>, Failure> {
    let format = match arguments.format {
        PredictFormat::Json => return Ok(json_lines(predictions).into_bytes()),
        PredictFormat::Csv => TableFormat::Csv,
        PredictFormat::Parquet => TableFormat::Parquet,
    };
    let table = predictions_table(predictions, arguments.top);
    Ok(table.to_bytes(format, Path::new("standard output"))?)
}

fn json_lines(predictions: &[Prediction]) -> String {
    let lines = predictions.iter().map(|of| {
        let classes = of.classes.iter();
        let classes = classes.map(|(class, p)| json!({ "class": class, "probability": p }));
        format!("{}\n", json!({ "file": of.file, "classes": classes.collect::<Vec<_>>() }))
    });
    lines.collect()
}
