//! `tamis space`: architectures and what their networks cost.

use serde::Serialize;
use tamis::data::ImageShape;
use tamis::search::{SPACES, build_space};
use tamis::space::Architecture;
use tamis::space::darts::Stem;
use tamis::{
    DescribedNetwork, ExportForm, Latency, LatencyTable, NetworkConfig, description,
    inputs_of_data, latency, refuse_replacing,
};

use super::arguments::{
    ArchitectureArguments, ConvertArguments, LatencyArguments, SpaceCommand, TextForm,
};
use super::output::{print, print_json, print_text, tell};
use super::progress::bar_of;
use super::table::{aligned, size, thousands};
use super::{ExitCode, Failure};

pub(super) fn run(command: SpaceCommand) -> Result<ExitCode, Failure> {
    match command {
        SpaceCommand::List => list(),
        SpaceCommand::Show(arguments) => show(&arguments, true),
        SpaceCommand::Count(arguments) => show(&arguments, false),
        SpaceCommand::Convert(arguments) => convert(&arguments),
        SpaceCommand::Latency(arguments) => measure(&arguments),
    }
}

fn list() -> Result<ExitCode, Failure> {
    let rows: Vec<_> =
        SPACES.iter().map(|entry| (entry.name.to_owned(), entry.summary.to_owned())).collect();
    print_text(&aligned(&rows))?;
    Ok(ExitCode::SUCCESS)
}

/// What is told of an architecture.
#[derive(Serialize)]
struct Told {
    network: String,
    space: Option<&'static str>,
    channels: usize,
    cells: usize,
    image: [usize; 3],
    classes: usize,
    params: u64,
    macs: u64,
    peak_activation_values: usize,
    layers: usize,
    /// Median milliseconds of one image, on one thread and on all, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<[f64; 2]>,
}

fn show(arguments: &ArchitectureArguments, all: bool) -> Result<ExitCode, Failure> {
    let config = config(arguments);
    let image = ImageShape {
        channels: arguments.image_channels,
        height: arguments.size,
        width: arguments.size,
    };
    let network = config.describe(image, arguments.classes, false)?;
    for warning in &network.warnings {
        tell(format_args!("warning: {warning}"));
    }
    let counts = network.graph.counts();
    let told = Told {
        network: network.name.clone(),
        space: network.space(),
        channels: network.channels,
        cells: network.cells,
        image: [image.channels, image.height, image.width],
        classes: arguments.classes,
        params: counts.params,
        macs: counts.macs,
        peak_activation_values: network.graph.peak_activation_values(),
        layers: network.graph.nodes().len(),
        latency_ms: arguments.latency.then(|| milliseconds(&network)).transpose()?,
    };
    if arguments.json {
        print_json(&told)?;
    } else {
        print_text(&aligned(&rows(&told, &network, all)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(told: &Told, network: &DescribedNetwork, all: bool) -> Vec<(String, String)> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = Vec::new();
    if all {
        rows.push(row("network", told.network.clone()));
        rows.push(row("space", told.space.unwrap_or("none").to_owned()));
        rows.extend(network.operations().into_iter().map(|(place, text)| row(&place, text)));
    }
    let [channels, height, width] = told.image;
    rows.extend([
        row("size", size(told.channels, told.cells)),
        row("images", format!("{channels} x {height} x {width}, {} classes", told.classes)),
        row("parameters", thousands(told.params)),
        row("multiply-adds an image", thousands(told.macs)),
        row("activations at once", thousands(told.peak_activation_values as u64)),
    ]);
    if let Some([one, all]) = told.latency_ms {
        rows.push(row("one image here", format!("{one:.2} ms on one thread, {all:.2} ms on all")));
    }
    rows
}

fn milliseconds(network: &DescribedNetwork) -> Result<[f64; 2], Failure> {
    let Latency { one_thread_ms, all_threads_ms } = latency(&network.graph)?;
    Ok([one_thread_ms, all_threads_ms])
}

fn config(arguments: &ArchitectureArguments) -> NetworkConfig {
    let text = arguments.genotype.clone();
    let is_name = !text.contains(['|', '(', '{']);
    // What cannot be read is refused where it is described.
    let size = text.parse::<Architecture>().ok().map(|found| found.published_size());
    let sized = |given: Option<usize>, place: usize| given.or(size.map(|size| size[place]));
    NetworkConfig {
        genotype: (!is_name).then(|| text.clone()),
        name: is_name.then_some(text),
        channels: sized(arguments.channels, 0),
        cells: sized(arguments.cells, 1),
        stem: if arguments.imagenet_stem { Stem::Imagenet } else { Stem::Cifar },
    }
}

fn convert(arguments: &ConvertArguments) -> Result<ExitCode, Failure> {
    let config =
        NetworkConfig { genotype: Some(arguments.genotype.clone()), ..NetworkConfig::default() };
    let image = ImageShape { channels: 3, height: 32, width: 32 };
    let form = match arguments.to {
        TextForm::Darts => ExportForm::Darts,
        TextForm::Autodl => ExportForm::Autodl,
        TextForm::Svg => ExportForm::Svg,
        TextForm::Dot => ExportForm::Dot,
        TextForm::Json => ExportForm::Json,
        TextForm::Proxyless => ExportForm::Proxyless,
    };
    let graph = config.describe(image, 10, false)?.graph;
    for (_, bytes) in description(&config, &graph, form)?.into_iter().take(1) {
        print(bytes)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(arguments: &LatencyArguments) -> Result<ExitCode, Failure> {
    let layers =
        arguments.settings.layers(|layers| layers.value("space.name", arguments.space.clone()))?;
    let config = layers.resolve()?;
    let file = arguments.settings.layers.config.iter().cloned();
    refuse_replacing(
        &arguments.out,
        &inputs_of_data(&config.data).into_iter().chain(file).collect::<Vec<_>>(),
    )?;
    let train = tamis::data::open(&config.data)?.train;
    let space = build_space(&config.search.space, train.shape(), train.classes().len())?;
    let parts = space.parts()?;
    if parts.is_empty() {
        return Err(tamis::Error::NoParts { space: arguments.space.clone() }.into());
    }
    let bar = bar_of("round", 0);
    let table = LatencyTable::measure(&parts, |round, of| {
        bar.set_length(of as u64);
        bar.set_prefix(format!("{round} of {of}"));
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    table.write(&arguments.out)?;
    let rows = [
        ("parts".to_owned(), table.milliseconds.0.len().to_string()),
        ("written to".to_owned(), arguments.out.display().to_string()),
    ];
    print_text(&aligned(&rows))?;
    Ok(ExitCode::SUCCESS)
}
