//! `tamis data`: what is in image data, what is wrong with it, and one file of it.

use std::ops::ControlFlow;

use tamis::data::{
    CheckReport, DataConfig, Packed, Reading, SplitStats, Stats, Tally, open, open_watched, stats,
};
use tamis::{Layers, RunConfig, check_data, pack};

use super::arguments::{DataArguments, DataCommand, PackArguments, ProgressKind, assigned};
use super::output::{print_json, print_text, tell, tell_lines, visible};
use super::progress::Shown;
use super::reading::ReadingProgress;
use super::stop::Stop;
use super::table::aligned;
use super::threads::use_threads;
use super::{ExitCode, Failure};

const UNSOUND: u8 = 3;

pub(super) fn run(command: DataCommand) -> Result<ExitCode, Failure> {
    match command {
        DataCommand::Check(arguments) => show_check(&arguments),
        DataCommand::Stats(arguments) => show_stats(&arguments),
        DataCommand::Pack(arguments) => make_pack(&arguments),
    }
}

fn settings(data: &str, set: &[String]) -> Result<RunConfig, Failure> {
    let layers = Layers::default().value("data.source", data.to_owned());
    Ok(assigned(layers, set)?.resolve()?)
}

fn show_check(arguments: &DataArguments) -> Result<ExitCode, Failure> {
    let config = settings(&arguments.data, &arguments.set)?;
    let mut progress = ReadingProgress::new(Shown::of(ProgressKind::Auto), "checking");
    let report = check_data(&config, &mut |reading| progress.watch(reading));
    progress.finish();
    if arguments.json {
        print_json(&report)?;
    } else {
        print_text(&report_text(&report))?;
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(UNSOUND) })
}

fn report_text(report: &CheckReport) -> String {
    let kinds =
        [("note", &report.notes), ("warning", &report.warnings), ("problem", &report.problems)];
    let mut text = kinds.map(lines_of).concat();
    if let Some(Tally { classes, train, test }) = &report.tally {
        let test: usize = test.iter().flatten().sum();
        let (train, classes) = (train.iter().sum::<usize>(), classes.len());
        text += &format!("{train} training and {test} test images of {classes} classes\n");
    }
    text + if report.is_sound() { "sound\n" } else { "not sound\n" }
}

/// A line for each thing to tell, with the kind of thing before it.
fn lines_of((kind, lines): (&str, &Vec<String>)) -> String {
    lines.iter().map(|line| format!("{kind}: {}\n", visible(line))).collect()
}

fn show_stats(arguments: &DataArguments) -> Result<ExitCode, Failure> {
    let config = settings(&arguments.data, &arguments.set)?;
    let mut progress = ReadingProgress::new(Shown::of(ProgressKind::Auto), "reading");
    let loaded = open_watched(&config.data, &mut |reading| progress.watch(reading));
    progress.finish();
    let loaded = loaded?;
    let stats = stats(&loaded)?;
    if arguments.json {
        print_json(&stats)?;
    } else {
        let told = [("note", &loaded.notes), ("warning", &loaded.warnings)];
        print_text(&(told.map(lines_of).concat() + &stats_text(&stats)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn stats_text(stats: &Stats) -> String {
    let shape = stats.shape;
    let mut rows = vec![
        ("data".to_owned(), stats.name.clone()),
        ("fingerprint".to_owned(), stats.fingerprint.clone()),
        (
            "image".to_owned(),
            format!(
                "{} x {} x {} (channels, height, width)",
                shape.channels, shape.height, shape.width
            ),
        ),
    ];
    let splits = [("training", Some(&stats.train)), ("test", stats.test.as_ref())];
    for (name, split) in splits {
        rows.extend(split.into_iter().flat_map(|split| split_rows(name, split)));
    }
    rows.push(("images in both splits".to_owned(), stats.leaks.len().to_string()));
    format!("{}\n{}", aligned(&rows), class_table(stats))
}

fn split_rows(name: &str, split: &SplitStats) -> Vec<(String, String)> {
    let numbers = |values: &[f64]| {
        values.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(" ")
    };
    vec![
        (format!("{name} images"), split.samples.to_string()),
        (format!("{name} mean"), numbers(&split.channels.mean)),
        (format!("{name} deviation"), numbers(&split.channels.deviation)),
        (format!("{name} groups of equal images"), split.duplicates.len().to_string()),
    ]
}

fn class_table(stats: &Stats) -> String {
    let classes: Vec<_> = stats.classes.iter().map(|name| visible(name)).collect();
    let width = classes.iter().map(|class| class.chars().count()).max().unwrap_or(0).max(5);
    let mut text = format!("class  label  {:<width$}  training    test\n", "name");
    for (class, name) in classes.iter().enumerate() {
        let count = |split: Option<&SplitStats>| {
            split.map_or("-".to_owned(), |split| split.class_counts[class].to_string())
        };
        text += &format!(
            "{class:>5}  {:>5}  {name:<width$}  {:>8}  {:>6}\n",
            stats.file_labels[class],
            count(Some(&stats.train)),
            count(stats.test.as_ref()),
        );
    }
    text
}

fn make_pack(arguments: &PackArguments) -> Result<ExitCode, Failure> {
    let (common, out) = (&arguments.common, &arguments.out);
    let config = settings(&arguments.data, &arguments.set)?.data;
    use_threads(common.threads)?;
    let kind = Shown::of(common.progress);
    let stop = Stop::listen(common)?;
    let mut progress = ReadingProgress::new(kind, "packing");
    let packed = pack(&config, out, arguments.replace, &mut |reading| {
        match kind {
            Shown::Bar | Shown::Plain if reading.images == 0 => tell(size_ahead(reading)),
            _ => {}
        }
        progress.show(reading);
        if stop.requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    progress.finish();
    let packed = packed?;
    if kind != Shown::Nothing {
        let source = format!("pack:{}", out.display());
        let loaded = open(&DataConfig { source, ..DataConfig::default() })?;
        let notes: Vec<String> = packed.notes.iter().chain(&loaded.notes).cloned().collect();
        let told = [("note", &notes), ("warning", &loaded.warnings)];
        tell_lines(told.map(lines_of).concat());
        let (shape, classes) = (loaded.train.shape(), loaded.train.classes().len());
        let what = format!("images of {shape} and {classes} classes");
        tell(format_args!("wrote {}, {}", out.display(), of_pack(&packed, &what)));
    }
    Ok(ExitCode::SUCCESS)
}

/// How large a pack will be.
fn size_ahead(Reading { all, bytes, .. }: Reading) -> String {
    format!(
        "packing {all} images of {} bytes each, {} MB in all",
        bytes / all.max(1) as u64,
        in_megabytes(bytes)
    )
}

fn of_pack(Packed { train, test, bytes, .. }: &Packed, what: &str) -> String {
    let test = test.unwrap_or(0);
    format!("{} MB: {train} training and {test} test {what}", in_megabytes(*bytes))
}

fn in_megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
