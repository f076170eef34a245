//! A training, for a report.

use std::path::Path;

use tamis_core::SampleId;
use tamis_record::Layers;
use tamis_report::{
    Amounts, CalibrationBin, CostLedger, CostPart, FoundArchitecture, Head, KeyFigure, Mistake,
    Part, Report, Search, Training, TrainingEpoch,
};
use tamis_training::TrainingRecord;

use super::images::{Images, image};
use super::{extend, fact, given, lines, percent};
use crate::error::Error;
use crate::networks::{Judgement, TrainingConfig, TrainingOutcome};
use crate::reporting::summary::Summary;

pub(super) fn add(report: &mut Report, path: &Path, summary: &Summary) -> Result<(), Error> {
    let layers = Layers::default().file(&path.join("config.toml"))?;
    let config = TrainingConfig::resolve(&layers)?;
    let records: Vec<TrainingRecord> = lines(&path.join("metrics.jsonl"));
    let outcome = summary.training.as_ref();
    extend(&mut report.head, head(&config, summary));
    let judged = outcome.and_then(|outcome| outcome.test.as_ref());
    let why = match outcome {
        None => "The training is not finished.",
        Some(_) => "The data has no test split.",
    };
    let epochs = records.iter().map(epoch).collect();
    report.training = Part::Given(Training {
        epochs: given(epochs, "No epoch is finished yet."),
        evaluated_on: "test split".to_owned(),
        classes: judged.map(classes).unwrap_or_default(),
        confusion: Part::from_option(judged.map(|of| of.confusion.clone()), why),
        calibration: Part::from_option(judged.map(calibration), why),
        mistakes: Part::from_option(judged.map(|of| mistakes(of, &config, outcome)), why),
    });
    let text = config.network.genotype.as_deref().unwrap_or_default();
    if report.search == Part::Absent
        && let Ok(architecture) = text.parse()
    {
        let title = "the cell that was trained".to_owned();
        let drawn = Part::Given(vec![FoundArchitecture { title, architecture }]);
        report.search = Part::Given(Search { architectures: drawn, ..Search::default() });
    }
    if let Some(outcome) = outcome {
        add_cost(report, outcome);
    }
    Ok(())
}

fn head(config: &TrainingConfig, summary: &Summary) -> Head {
    let outcome = summary.training.as_ref();
    let network = summary.genotype.clone().unwrap_or_default();
    let data = summary.data.clone().unwrap_or_default();
    let mut figures = vec![KeyFigure {
        name: "test accuracy".to_owned(),
        value: summary.test_accuracy.map(percent),
        detail: outcome
            .and_then(|of| of.test.as_ref())
            .map(|of| format!("of {} images", of.images)),
    }];
    if let Some(outcome) = outcome {
        figures.push(KeyFigure {
            name: "parameters".to_owned(),
            value: Some(format!("{:.2} M", outcome.params as f64 / 1e6)),
            detail: Some(format!("{:.1} M multiply-adds an image", outcome.macs as f64 / 1e6)),
        });
    }
    let mut facts = vec![
        fact("network", &network),
        fact("trained on", &data),
        fact("epochs", config.train.epochs),
        fact("batch", config.train.batch),
        fact("learning rate", config.train.lr),
        fact("images by", &config.policy.name),
        fact("seed of the training", config.seed),
        fact("folder of the training", &summary.path),
    ];
    if let Some(outcome) = outcome {
        facts.insert(
            1,
            fact("size", format!("{} channels, {} cells", outcome.channels, outcome.cells)),
        );
        facts.push(fact("images that were trained on", outcome.trained_on.images));
    }
    Head {
        title: format!("Training on {data}"),
        summary: outcome
            .map(|of| format!("Trained by the recipe {} for {} epochs.", of.recipe, of.epochs)),
        figures,
        facts,
        notes: Vec::new(),
    }
}

fn epoch(record: &TrainingRecord) -> TrainingEpoch {
    TrainingEpoch {
        epoch: record.epoch,
        train_loss: Some(record.loss),
        train_accuracy: record.accuracy,
        held_out_loss: None,
        held_out_accuracy: record.validation_accuracy,
        learning_rate: Some(record.lr),
    }
}

fn classes(judged: &Judgement) -> Vec<String> {
    judged.classes.iter().map(|of| of.class.clone()).collect()
}

fn calibration(judged: &Judgement) -> Vec<CalibrationBin> {
    let bins = judged.calibration.bins.iter().map(|bin| CalibrationBin {
        lower: bin.from,
        upper: bin.to,
        samples: bin.images,
        confidence: bin.probability,
        accuracy: bin.accuracy,
    });
    bins.collect()
}

/// The surest mistakes, with their images where the data still is.
fn mistakes(
    judged: &Judgement,
    config: &TrainingConfig,
    outcome: Option<&TrainingOutcome>,
) -> Vec<Mistake> {
    let fingerprint = outcome.map(|of| of.dataset.fingerprint.as_str());
    let images = Images::of(&config.data, fingerprint).ok();
    let test = images.and_then(|images| images.test);
    let told = judged.mistakes.iter().map(|mistake| Mistake {
        id: SampleId(mistake.id),
        true_class: mistake.class.clone(),
        predicted_class: mistake.answer.clone(),
        probability: mistake.probability,
        image: test.as_ref().and_then(|test| image(test, SampleId(mistake.id))),
    });
    told.collect()
}

/// Samples that the training would have taken on all images that were not held out.
fn of_all_data(outcome: &TrainingOutcome) -> u64 {
    let used = outcome.trained_on.images.max(1) as f64;
    let all = (outcome.dataset.train - outcome.trained_on.held_out) as f64;
    (outcome.cost.samples as f64 * all / used).round() as u64
}

fn add_cost(report: &mut Report, outcome: &TrainingOutcome) {
    let cost = &outcome.cost;
    let training = CostPart {
        name: "training".to_owned(),
        one_off: false,
        amounts: Amounts {
            samples: Some(cost.samples),
            macs: Some(cost.macs),
            wall_s: Some(cost.wall_s),
        },
    };
    let before = Amounts {
        samples: cost.one_off_samples,
        macs: cost.one_off_macs,
        wall_s: cost.one_off_wall_s,
    };
    let mut ledger = match std::mem::take(&mut report.cost) {
        Part::Given(ledger) => ledger,
        _ => CostLedger::default(),
    };
    if before != (Amounts { samples: Some(0), macs: Some(0), wall_s: Some(0.0) }) {
        let name = "scores and embeddings of the training".to_owned();
        ledger.parts.push(CostPart { name, one_off: true, amounts: before });
    }
    ledger.parts.push(training);
    let on_all_data = of_all_data(outcome);
    ledger.full_data.samples = Some(ledger.full_data.samples.unwrap_or(0) + on_all_data);
    ledger.peak_rss_bytes = ledger.peak_rss_bytes.max(cost.peak_rss_bytes);
    report.cost = Part::Given(ledger);
}
