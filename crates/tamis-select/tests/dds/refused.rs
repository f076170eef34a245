//! Amounts, settings and embeddings that are refused.

use std::sync::Arc;

use tamis_core::SampleId;
use tamis_select::{Context, DdsSettings, Embeddings, Error, Settings, build};

use crate::testkit::context;

fn message(spec: &str, context: &Context) -> String {
    build(spec, context).err().unwrap().to_string()
}

fn weight_samples(spec: &str, samples: u32) -> usize {
    let context = context(samples, DdsSettings::default());
    build(spec, &context).unwrap().plan(0).unwrap().weight.len()
}

#[test]
fn the_amount_counts_weight_samples_and_a_share_is_of_the_pool() {
    assert_eq!(weight_samples("dds:7", 101), 7);
    assert_eq!(weight_samples("dds:0.1", 101), 10);
    assert_eq!(weight_samples("dds:0.5", 101), 50);
    assert_eq!(weight_samples("dds:50", 101), 50);
}

#[test]
fn amounts_outside_the_weight_half_are_refused() {
    let context = context(101, DdsSettings::default());
    assert_eq!(
        message("dds:51", &context),
        "choosing weight samples by `dds:51`: found 51, expected 1 to 50, the samples of the \
         weight half; hint: a share has a point (0.02 of all samples), a count has none"
    );
    for (spec, found) in
        [("dds:0", 0), ("dds:0.0", 0), ("dds:0.009", 0), ("dds:0.6", 60), ("dds:1.0", 101)]
    {
        let expected = format!("found {found}, expected 1 to 50");
        assert!(message(spec, &context).contains(&expected), "{spec}");
    }
    assert!(matches!(build("dds", &context).err(), Some(Error::AmountMissing { .. })));
    assert!(matches!(build("dds:x", &context).err(), Some(Error::Amount { .. })));
}

#[test]
fn embeddings_are_asked_for_and_checked_against_the_pool() {
    let good = context(60, DdsSettings::default());
    let none = Context { embeddings: None, ..good.clone() };
    assert!(matches!(build("dds:9", &none).err(), Some(Error::EmbeddingsNeeded { .. })));
    let few = Embeddings::new(&[(SampleId(0), 0)], &[1.0], 1).unwrap();
    let few = Context { embeddings: Some(Arc::new(few)), ..good };
    assert!(matches!(build("dds:9", &few).err(), Some(Error::Embeddings(_))));
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    for (dds, key) in [
        (DdsSettings { hardness: f64::NAN, ..Default::default() }, "policy.dds.hardness"),
        (DdsSettings { mastery: 1.5, ..Default::default() }, "policy.dds.mastery"),
        (DdsSettings { leaf_size: 0, ..Default::default() }, "policy.dds.leaf_size"),
        (DdsSettings { leaf_budget: 0, ..Default::default() }, "policy.dds.leaf_budget"),
    ] {
        let mut context = context(60, DdsSettings::default());
        context.settings = Settings { dds, ..Settings::default() };
        assert!(message("dds:9", &context).contains(key), "{key}");
    }
}
