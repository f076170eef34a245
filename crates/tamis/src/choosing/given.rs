//! Images chosen once by what somebody holds in memory: labels, scores and embeddings in the order of ids.

use std::sync::Arc;

use tamis_core::SampleId;
use tamis_record::RunConfig;
use tamis_search::OneOffCost;
use tamis_select::{Context, Embeddings, Pool, ScoreRow, ScoreTable, SharedValues, requirements};

use super::choice::{Choice, Known, chosen};
use crate::error::Error;

/// What is known of samples 0, 1, 2 and so on. At least one part is there, and all that are agree on how
/// many samples there are.
#[derive(Clone, Default)]
pub struct Given {
    /// The label of each; absent, all are taken for one class.
    pub labels: Option<Vec<u32>>,
    /// The score of each.
    pub scores: Option<Vec<f64>>,
    /// What they are scores of, such as `entropy`, where that is known.
    pub score_kind: Option<String>,
    /// The embedding of each: all values, `[sample, dimension]`, and how many are one sample's.
    pub embeddings: Option<(SharedValues, usize)>,
}

impl Given {
    /// How many samples there are.
    fn samples(&self) -> Result<usize, Error> {
        let rows = |(values, dimensions): &(SharedValues, usize)| {
            (**values).as_ref().len() / (*dimensions).max(1)
        };
        let parts = [
            ("labels", self.labels.as_ref().map(Vec::len)),
            ("scores", self.scores.as_ref().map(Vec::len)),
            ("embeddings", self.embeddings.as_ref().map(rows)),
        ];
        let mut counts = parts.into_iter().filter_map(|(what, count)| Some((what, count?)));
        let (first, expected) = counts.next().ok_or(Error::NoPool)?;
        match counts.find(|(_, count)| *count != expected) {
            None => Ok(expected),
            Some((what, found)) => Err(Error::GivenLengths { what, found, first, expected }),
        }
    }

    fn known(&self) -> Result<Known, Error> {
        let samples = self.samples()?;
        Ok(match &self.labels {
            Some(labels) => Known::of_labels(labels.clone()),
            None => Known::without_labels(samples),
        })
    }

    /// What policies with these settings are built from, and the label of each class.
    ///
    /// # Errors
    ///
    /// [`Error::GivenLengths`], and values that are no finite numbers.
    pub fn context(&self, config: &RunConfig) -> Result<(Context, Vec<u32>), Error> {
        let known = self.known()?;
        Ok((self.context_of(config, &known)?, known.class_labels))
    }

    fn context_of(&self, config: &RunConfig, known: &Known) -> Result<Context, Error> {
        let (search, classes) = (&config.search, &known.classes);
        let pool = Pool::new(classes.clone(), known.class_labels.len())?;
        let mut context = Context::new(Arc::new(pool), search.seed, search.train.epochs);
        context.split = search.split;
        context.settings = search.policy.settings();
        if let Some(scores) = &self.scores {
            let rows = (0..).zip(classes).zip(scores);
            let rows =
                rows.map(|((id, &class), &score)| ScoreRow { id: SampleId(id), class, score });
            let table = ScoreTable::new(rows.collect())?;
            let table = match &self.score_kind {
                Some(kind) => table.of_kind(kind),
                None => table,
            };
            context.scores = Some(Arc::new(table));
        }
        if let Some((values, dimensions)) = &self.embeddings {
            let embeddings = Embeddings::in_order(classes, values.clone(), *dimensions);
            let embeddings = embeddings.map_err(tamis_select::Error::from)?;
            context.embeddings = Some(Arc::new(embeddings));
        }
        Ok(context)
    }
}

/// Chooses by the policy, seed and split of the settings: the choice of [`choose`](crate::choose) on files
/// that say the same.
///
/// # Errors
///
/// As [`choose`](crate::choose), and as [`Given::context`].
pub fn choose_among(config: &RunConfig, given: &Given) -> Result<Choice, Error> {
    config.search.check()?;
    let policy = &config.search.policy.name;
    if requirements(policy)?.needs_search {
        return Err(Error::NeedsSearch { policy: policy.clone() });
    }
    let known = given.known()?;
    let context = given.context_of(config, &known)?;
    let mut notes = Vec::new();
    if !known.has_labels {
        notes.push("no labels are given: all samples are taken for one class".to_owned());
    }
    chosen(policy, (context, OneOffCost::NONE), known, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(policy: &str) -> RunConfig {
        let mut config = RunConfig::default();
        config.search.policy.name = policy.to_owned();
        config
    }

    #[test]
    fn parts_that_disagree_on_the_number_of_samples_are_refused_by_name() {
        let given = Given {
            labels: Some(vec![0; 4]),
            embeddings: Some((Arc::new(vec![0.0; 6]), 2)),
            ..Given::default()
        };
        let told = choose_among(&config("random:0.5"), &given).unwrap_err().to_string();
        assert!(told.contains("3 embeddings") && told.contains("4 labels"), "{told}");
        assert!(matches!(
            choose_among(&config("random:0.5"), &Given::default()),
            Err(Error::NoPool)
        ));
    }

    #[test]
    fn scores_are_of_the_kind_that_is_said_and_a_policy_that_needs_another_refuses_them() {
        let scores = Some(vec![0.1, 0.2, 0.3, 0.4]);
        let given = |kind: &str| Given {
            scores: scores.clone(),
            score_kind: Some(kind.to_owned()),
            ..Given::default()
        };
        let top = choose_among(&config("entropy-top:2"), &given("entropy")).unwrap();
        assert_eq!(top.ids, [SampleId(2), SampleId(3)]);
        assert_eq!(top.notes.len(), 1, "without labels: {:?}", top.notes);
        assert!(choose_among(&config("entropy-top:2"), &given("el2n")).is_err());
        assert!(matches!(
            choose_among(&config("bdp"), &given("entropy")),
            Err(Error::NeedsSearch { .. })
        ));
    }
}
