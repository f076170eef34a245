//! `tamis rank`: policies by how well their images preserve the order of networks.

use std::collections::BTreeMap;

use tamis::compare::{Difference, Summary, paired, parse_policies, summary};
use tamis::race::RaceEvent;
use tamis::{
    RaceStart, RankEnding, RankEvent, RankPlan, Ranked, RunConfig, inputs_of_run, rank as made,
    refuse_replacing,
};

use super::arguments::{RankArguments, RankFormat};
use super::output::{print_text, tell, tell_json, visible};
use super::pace::{Pace, in_words};
use super::progress::Shown;
use super::scoring::Watch;
use super::stop::Stop;
use super::table::thousands;
use super::threads::use_threads;
use super::{ExitCode, Failure, STOPPED, lookup};

pub(super) fn rank(arguments: &RankArguments) -> Result<ExitCode, Failure> {
    let plan = plan(arguments)?;
    let against = against(arguments, &plan)?;
    use_threads(arguments.common.threads)?;
    let file = arguments.settings.layers.config.iter().cloned();
    let inputs = inputs_of_run(&plan.config).into_iter().chain(file);
    refuse_replacing(&arguments.out, &inputs.collect::<Vec<_>>())?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop.clone());
    let mut progress = RankProgress::new(Shown::of(arguments.common.progress));
    let ending = made(
        &plan,
        &arguments.out,
        &mut watch,
        || stop.requested(),
        |event| {
            if matches!(event, RankEvent::Race(RaceEvent::Stepped { .. }, _)) {
                stop.stepped();
            }
            progress.show(&event);
        },
    );
    watch.finish();
    match ending? {
        RankEnding::Finished(ranked) => {
            print_text(&written(&rows(&plan, &ranked, &against), arguments.format))?;
            Ok(ExitCode::SUCCESS)
        }
        RankEnding::Stopped(done) => {
            tell(format_args!(
                "stopped with {done} policies and seeds done; the same command goes on"
            ));
            Ok(ExitCode::from(STOPPED))
        }
    }
}

fn plan(arguments: &RankArguments) -> Result<RankPlan, Failure> {
    let table = arguments.table.as_ref().map(|path| path.to_string_lossy().into_owned());
    let layers = arguments.settings.layers(|layers| {
        layers
            .value("race.candidates", arguments.candidates.clone())
            .value("race.steps", vec![i64::from(arguments.steps)])
            .value("race.keep", Vec::<i64>::new())
            .optional("table", table)
    })?;
    let mut config: RunConfig = layers.resolve()?;
    tamis::data::find(&config.data)?;
    if config.place.table.is_none() {
        config.place.table = lookup::default_table();
    }
    let genotype = arguments.genotype.as_ref().map(|text| text.parse());
    let found = genotype.transpose().map_err(tamis::Error::from)?;
    Ok(RankPlan {
        config,
        start: RaceStart { found, ..RaceStart::default() },
        policies: parse_policies(&arguments.policies, &arguments.seeds.parse()?)?,
        truth: arguments.by,
        results: arguments.results.clone().unwrap_or_else(|| arguments.out.join("ranking.jsonl")),
    })
}

/// The policy that the others are held against.
fn against(arguments: &RankArguments, plan: &RankPlan) -> Result<String, Failure> {
    let names: Vec<&str> = plan.policies.iter().map(|(policy, _)| policy.as_str()).collect();
    match &arguments.against {
        Some(policy) if !names.contains(&policy.as_str()) => Err(Failure::Usage(format!(
            "ranking policies: found --against {policy}, expected one of --policies: {}",
            names.join(", ")
        ))),
        Some(policy) => Ok(policy.clone()),
        None => Ok(names.first().map(|&policy| policy.to_owned()).unwrap_or_default()),
    }
}

/// The header, and a row a policy.
fn rows(plan: &RankPlan, ranked: &[Ranked], against: &str) -> Vec<Vec<String>> {
    let versus = format!("tau against {against}");
    let header = ["policy", "n", "tau", &versus, "regret", "samples", "before", "seconds"]
        .map(str::to_owned);
    let of = |policy: &str, pick: fn(&Ranked) -> Option<f64>| -> BTreeMap<u64, f64> {
        let own = ranked.iter().filter(|of| of.policy == policy);
        own.filter_map(|of| Some((of.seed, pick(of)?))).collect()
    };
    let row = |policy: &str| {
        let tau = of(policy, |of| of.tau);
        let mean = |pick| mean(&of(policy, pick));
        let difference = (policy != against).then(|| paired(&tau, &of(against, |of| of.tau)));
        let one_off = mean(|of| of.one_off_samples.map(|samples| samples as f64));
        vec![
            policy.to_owned(),
            tau.len().to_string(),
            of_summary(summary_of(&tau), 3),
            difference.map_or("-".to_owned(), |found| of_difference(found.as_ref())),
            of_summary(summary_of(&of(policy, |of| Some(of.regret))), 2),
            mean(|of| Some(of.samples as f64)).map_or("?".to_owned(), |of| thousands(of as u64)),
            one_off.map_or("?".to_owned(), |of| thousands(of as u64)),
            mean(|of| Some(of.wall_s)).map_or("?".to_owned(), |of| format!("{of:.1}")),
        ]
    };
    let rows = plan.policies.iter().map(|(policy, _)| row(policy));
    std::iter::once(header.to_vec()).chain(rows).collect()
}

fn summary_of(values: &BTreeMap<u64, f64>) -> Option<Summary> {
    summary(&values.values().copied().collect::<Vec<_>>())
}

fn mean(values: &BTreeMap<u64, f64>) -> Option<f64> {
    summary_of(values).map(|of| of.mean)
}

/// `0.612 [0.580, 0.644]`: a mean and its 95 % interval.
fn of_summary(found: Option<Summary>, decimals: usize) -> String {
    let Some(found) = found else { return "?".to_owned() };
    let mean = format!("{:.decimals$}", found.mean);
    found
        .interval()
        .map_or(mean.clone(), |(low, high)| format!("{mean} [{low:.decimals$}, {high:.decimals$}]"))
}

/// The same of differences, with their sign.
fn of_difference(found: Option<&Difference>) -> String {
    let Some(Difference { summary, .. }) = found else { return "?".to_owned() };
    let mean = format!("{:+.3}", summary.mean);
    summary.interval().map_or(mean.clone(), |(low, high)| format!("{mean} [{low:+.3}, {high:+.3}]"))
}

fn written(rows: &[Vec<String>], format: RankFormat) -> String {
    if format == RankFormat::Markdown {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = format!("|{}\n", " --- |".repeat(rows[0].len()));
        return rows.iter().enumerate().fold(String::new(), |text, (at, cells)| {
            text + &line(cells) + if at == 0 { &rule } else { "" }
        });
    }
    let widths = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let widths: Vec<usize> = widths.collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}

/// Says which policy and seed is at work, and how long the rest takes.
struct RankProgress {
    kind: Shown,
    pace: Pace,
    /// Which of how many, from 1.
    at: (usize, usize),
    /// Steps of one of them, once one is known.
    each: u64,
}

impl RankProgress {
    fn new(kind: Shown) -> RankProgress {
        RankProgress { kind, pace: Pace::default(), at: (0, 0), each: 0 }
    }

    fn show(&mut self, event: &RankEvent<'_>) {
        match event {
            RankEvent::Begun(number, runs, ..) => {
                self.at = (*number, *runs);
                self.pace.begin();
            }
            RankEvent::Race(RaceEvent::Stepped { .. }, race) => {
                self.pace.stepped();
                let (done, all) = race.steps();
                self.each = all;
                self.tell_time_left(all - done);
            }
            RankEvent::Race(..) => {}
            RankEvent::Ended(ranked) => self.ended(ranked),
        }
    }

    /// Steps left of this one and of those after it.
    fn left(&self, here: u64) -> u64 {
        here + self.each * (self.at.1 - self.at.0) as u64
    }

    fn tell_time_left(&mut self, here: u64) {
        let left = self.left(here);
        if !matches!(self.kind, Shown::Plain | Shown::Bar) || !self.pace.is_due(left) {
            return;
        }
        let seconds = self.pace.seconds(left).unwrap_or_default();
        let (number, runs) = self.at;
        tell(format_args!("{number}/{runs}: about {} left", in_words(seconds)));
    }

    fn ended(&mut self, ranked: &Ranked) {
        self.pace.told();
        match self.kind {
            Shown::Nothing => {}
            Shown::Json => tell_json(ranked),
            Shown::Plain | Shown::Bar => {
                let (number, runs) = self.at;
                let left = self.pace.seconds(self.left(0)).map(in_words);
                let left = left.map_or(String::new(), |left| format!(", about {left} left"));
                let tau = ranked.tau.map_or("none".to_owned(), |tau| format!("{tau:.3}"));
                let told = format!(
                    "{number}/{runs}: {}, seed {}: tau {tau}, regret {:.2}, {:.1} s{left}",
                    ranked.policy, ranked.seed, ranked.regret, ranked.wall_s
                );
                tell(visible(&told));
            }
        }
    }
}
