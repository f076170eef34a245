//! Trainings stop and go on anywhere, statistics are what they are said to be, and what is learned
//! is of use.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::{Key, Purpose, SampleId};
use tamis_data::{Augmentation, BatchSource, DataConfig, Dataset, Normalization, open};
use tamis_graph::networks::resnet;
use tamis_nn::{Device, Model};
use tamis_training::{
    AutoencoderTraining, ClassifierTraining, DistillationConfig, EmbedConfig, Error,
    NetworkTraining, NetworkTrainingConfig, ScorerConfig, Teacher, Training, TrainingEvent,
    TrainingSet,
};

/// Seventy images are four batches of 16 and one of six.
const IMAGES: usize = 70;

fn images(count: usize) -> Arc<Dataset> {
    let mut config = DataConfig::default();
    (config.synthetic.train, config.synthetic.test) = (count, 20);
    config.size = Some(16);
    Arc::new(open(&config).unwrap().train)
}

fn scorer(epochs: u32) -> ScorerConfig {
    ScorerConfig { epochs, channels: Some(2), blocks: 1, batch: 16, ..ScorerConfig::default() }
}

fn classifier(train: &Arc<Dataset>, config: &ScorerConfig, stop: u32) -> ClassifierTraining {
    let augmentation = Augmentation::default();
    ClassifierTraining::new(config, train.clone(), augmentation, 3, stop, Device::Cpu).unwrap()
}

/// Images as they are: 16 pixels a side are few to crop from.
const PLAIN: Augmentation = Augmentation::NONE;

fn autoencoder(train: &Arc<Dataset>, epochs: u32) -> AutoencoderTraining {
    let config = EmbedConfig { epochs, width: 4, batch: 16, latent: Some(4), ..Default::default() };
    AutoencoderTraining::new(&config, train.clone(), Augmentation::default(), 3, Device::Cpu)
        .unwrap()
}

/// Advances to the end; returns the last epoch's loss.
fn finish(training: &mut dyn Training) -> f64 {
    let mut loss = f64::NAN;
    loop {
        match training.advance().unwrap() {
            TrainingEvent::Stepped { .. } => {}
            TrainingEvent::EpochEnded(record) => loss = record.loss,
            TrainingEvent::Finished => return loss,
        }
    }
}

/// The state without the seconds that the clock put there.
fn timeless(training: &dyn Training) -> (Vec<(String, String)>, String) {
    let snapshot = training.snapshot();
    let tensors =
        snapshot.tensors.iter().map(|(path, tensor)| (path.clone(), format!("{tensor:?}")));
    let mut state = snapshot.state;
    state["course"]["sums"]["wall_s"].take();
    state["course"]["cost"]["wall_s"].take();
    (tensors.collect(), state.to_string())
}

/// Stops after every event of a straight run and goes on in a new training.
fn resumes_anywhere(make: &dyn Fn() -> Box<dyn Training>) {
    let mut straight = make();
    finish(straight.as_mut());
    let mut current = make();
    let mut events = 0;
    while current.advance().unwrap() != TrainingEvent::Finished {
        let mut next = make();
        next.restore(&current.snapshot()).unwrap();
        assert_eq!(timeless(next.as_ref()), timeless(current.as_ref()));
        current = next;
        events += 1;
    }
    assert_eq!(events, 2 * (5 + 1), "two epochs of five steps");
    assert_eq!(timeless(current.as_ref()), timeless(straight.as_ref()));
}

#[test]
fn a_classifier_that_stops_after_every_step_ends_as_one_that_does_not() {
    let train = images(IMAGES);
    resumes_anywhere(&|| Box::new(classifier(&train, &scorer(2), 2)));
}

#[test]
fn an_autoencoder_that_stops_after_every_step_ends_as_one_that_does_not() {
    let train = images(IMAGES);
    resumes_anywhere(&|| Box::new(autoencoder(&train, 2)));
}

/// Two epochs of a residual network of two channels; of its settings these.
fn network(train: &Arc<Dataset>, config: &NetworkTrainingConfig) -> NetworkTraining {
    let graph = resnet(2, 1, [3, 16, 16], 10).unwrap();
    let members = train.ids().collect();
    let augmentation = Augmentation::default().into();
    let set = TrainingSet { train: train.clone(), members, augmentation };
    let config = NetworkTrainingConfig { epochs: 2, batch: 16, ..config.clone() };
    NetworkTraining::new(&config, graph, set, 3, Device::Cpu).unwrap()
}

/// An untrained network of four channels, whose images are normalised by other numbers.
fn teacher(side: usize, classes: usize) -> Teacher {
    let graph = resnet(4, 1, [3, side, side], classes).unwrap();
    let model = Model::new(graph, &["logits"], Device::Cpu).unwrap();
    let weights = model.layout().init(8);
    let statistics = model.initial_statistics();
    let normalization = Normalization { mean: vec![0.3; 3], deviation: vec![0.2; 3] };
    Teacher { model, weights, statistics, normalization }
}

fn taught(train: &Arc<Dataset>, config: &NetworkTrainingConfig, alpha: f64) -> NetworkTraining {
    let distillation = DistillationConfig { alpha, ..DistillationConfig::default() };
    network(train, config).with_teacher(teacher(16, 10), &distillation).unwrap()
}

#[test]
fn a_network_with_a_teacher_that_stops_after_every_step_ends_as_one_that_does_not() {
    let train = images(IMAGES);
    let config = NetworkTrainingConfig::default();
    resumes_anywhere(&|| Box::new(taught(&train, &config, 0.9)));
}

#[test]
fn a_teacher_counts_as_much_as_it_is_to_and_its_passes_are_counted() {
    let train = images(IMAGES);
    let weights = |mut training: NetworkTraining| {
        finish(&mut training);
        (training.weights().to_vec(), training.progress().cost)
    };
    let plain = NetworkTrainingConfig::default();
    let (alone, cost) = weights(network(&train, &plain));
    let (ignored, taught_cost) = weights(taught(&train, &plain, 0.0));
    assert_eq!(ignored, alone, "a teacher that counts nothing changes nothing");
    assert_eq!(taught_cost.samples, cost.samples);
    let of_teacher = teacher(16, 10).model.graph().counts().macs;
    assert_eq!(taught_cost.macs, cost.macs + cost.samples * of_teacher);
    // Smoothed labels are seen by who looks at labels.
    let smoothed = NetworkTrainingConfig { label_smoothing: 0.5, ..plain.clone() };
    let of = |config, alpha| weights(taught(&train, config, alpha)).0;
    assert_eq!(of(&smoothed, 1.0), of(&plain, 1.0), "the teacher alone");
    assert_ne!(of(&smoothed, 0.9), of(&plain, 0.9), "the labels, too");
    assert_ne!(of(&plain, 0.9), alone);
}

#[test]
fn a_teacher_of_other_images_or_classes_is_refused() {
    let train = images(IMAGES);
    for (side, classes, told) in [(8, 10, "[3, 8, 8] and 10 classes"), (16, 7, "and 7 classes")] {
        let training = network(&train, &NetworkTrainingConfig::default());
        let config = DistillationConfig::default();
        let error = training.with_teacher(teacher(side, classes), &config).err().unwrap();
        assert!(
            matches!(error, Error::Teacher { .. }) && error.to_string().contains(told),
            "{error}"
        );
    }
}

#[test]
fn a_snapshot_of_another_training_is_refused() {
    let train = images(IMAGES);
    let mut wider = classifier(&train, &ScorerConfig { channels: Some(4), ..scorer(2) }, 2);
    assert!(wider.restore(&classifier(&train, &scorer(2), 2).snapshot()).is_err());
    let mut fewer = classifier(&images(60), &scorer(2), 2);
    assert!(fewer.restore(&classifier(&train, &scorer(2), 2).snapshot()).is_err());
    let mut ended = classifier(&train, &scorer(2), 2);
    finish(&mut ended);
    assert!(classifier(&train, &scorer(2), 1).restore(&ended.snapshot()).is_err());
    assert!(autoencoder(&train, 2).restore(&ended.snapshot()).is_err());
}

#[test]
fn running_statistics_are_the_mean_of_the_first_batches_moments() {
    let train = images(IMAGES);
    // At this rate the weights hardly move, so that each batch's moments can be had again.
    let config = ScorerConfig { lr: 1e-12, ..scorer(1) };
    let none = PLAIN;
    let mut training =
        ClassifierTraining::new(&config, train.clone(), none, 3, 1, Device::Cpu).unwrap();
    finish(&mut training);
    let graph = resnet(2, 1, [3, 16, 16], 10).unwrap();
    let network = Model::new(graph, &["logits"], Device::Cpu).unwrap();
    let weights = network.layout().init(3);
    let source =
        BatchSource::new(train.clone(), &Normalization::of(&train).unwrap(), none, 3).unwrap();
    let mut ids: Vec<SampleId> = train.ids().collect();
    Key::new(3, Purpose::WeightOrder).stream().shuffle(&mut ids);
    let moments = ids.chunks(16).map(|ids| {
        let batch = source.batch(ids, 0, false).unwrap();
        let zeros = |outputs: &[&[f32]]| Ok((vec![vec![0.0; outputs[0].len()]], ()));
        let pass = network.train(&weights, &batch.images, None, zeros).unwrap();
        pass.statistics.to_values()
    });
    let moments: Vec<Vec<f64>> = moments.collect();
    for (at, &found) in training.statistics().to_values().iter().enumerate() {
        let expected = moments.iter().map(|values| values[at]).sum::<f64>() / moments.len() as f64;
        assert!((found - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

#[test]
fn a_trained_classifier_knows_its_images_and_a_sample_alone_scores_as_among_others() {
    let train = images(200);
    let config = ScorerConfig { channels: Some(8), ..scorer(16) };
    let mut training =
        ClassifierTraining::new(&config, train.clone(), PLAIN, 3, 16, Device::Cpu).unwrap();
    let first = training.evaluate(&train.ids().collect::<Vec<_>>()).unwrap();
    finish(&mut training);
    let ids: Vec<SampleId> = train.ids().collect();
    let outputs = training.evaluate(&ids).unwrap();
    let correct = |of: &[tamis_nn::SampleOutput]| of.iter().filter(|of| of.correct).count();
    assert!(correct(&outputs) > 100 && correct(&first) < 60, "{}", correct(&outputs));
    // Up to rounding: the last layer's product is summed in another order for one image.
    let alone = training.evaluate(&[SampleId(7)]).unwrap();
    assert!((alone[0].entropy - outputs[7].entropy).abs() < 1e-5);
    let features = training.features(&[SampleId(7)]).unwrap();
    assert_eq!(features.len(), 32);
    let together = training.features(&ids).unwrap();
    let pairs = features.iter().zip(&together[7 * 32..]);
    assert!(pairs.into_iter().all(|(alone, together)| (alone - together).abs() < 1e-5));
    let forgotten = training.forgetting().scores(16);
    assert!(forgotten.iter().all(|&events| events <= 16.0));
    assert!(forgotten.iter().any(|&events| events > 0.0 && events < 16.0));
}

#[test]
fn codes_of_one_class_come_closer_than_those_of_two() {
    let train = images(200);
    let distance_ratio = |training: &AutoencoderTraining| {
        let ids: Vec<SampleId> = train.ids().collect();
        let codes = training.encode(&ids).unwrap();
        let mut sums = [(0.0, 0_u32); 2];
        for a in 0..200 {
            for b in 0..a {
                let pairs = codes[4 * a..4 * a + 4].iter().zip(&codes[4 * b..4 * b + 4]);
                let same = usize::from(train.labels()[a] == train.labels()[b]);
                sums[same].0 += pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                sums[same].1 += 1;
            }
        }
        let [other, same] = sums.map(|(sum, count)| sum / f64::from(count));
        same / other
    };
    let make = |epochs: u32| {
        let config = EmbedConfig {
            epochs,
            width: 8,
            batch: 32,
            latent: Some(4),
            lr: 3e-3,
            ..Default::default()
        };
        AutoencoderTraining::new(&config, train.clone(), PLAIN, 3, Device::Cpu).unwrap()
    };
    let mut training = make(40);
    let before = distance_ratio(&training);
    let start = finish(&mut make(1));
    let end = finish(&mut training);
    assert!(end < 0.9 * start, "reconstruction: {start} to {end}");
    let after = distance_ratio(&training);
    assert!(before > 0.9 && after < 0.8 * before, "{before} to {after}");
}

#[test]
fn what_a_training_costs_is_counted() {
    let train = images(IMAGES);
    let mut training = classifier(&train, &scorer(2), 1);
    finish(&mut training);
    let cost = training.progress().cost;
    assert_eq!((cost.samples, cost.macs), (70, 70 * 3 * training.forward_macs()));
    assert!(cost.wall_s > 0.0);
}
