//! Scores and embeddings that a policy needs and no setting names: made where the next search finds
//! them.
//!
//! What is missing is what building the search says is missing; nothing else knows which policy takes
//! what. A table lies beside the run folders, in `tamis-tables/`, and its name is that of everything it
//! depends on: searches of any seed and policy share it, and its training goes on where it was cut
//! off. It is made with seed 0, as `tamis score` and `tamis embed` make theirs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tamis_data::Dataset;
use tamis_record::{RunConfig, ScoringConfig};
use tamis_select::{Error as SelectError, POLICIES};

use super::identity::Identity;
use super::{Beside, Embedding, Observer, ScoreKind, Scoring, ScoringEvent};
use crate::error::Error;

/// The folder of tables beside run folders.
pub(crate) const TABLES: &str = "tamis-tables";

/// The embedding of a policy for which nobody made one: that of DDS-NAS.
const EMBEDDING: Embedding = Embedding::TripletAe;

/// How often to see whether another process has made a table.
const GLANCE: Duration = Duration::from_millis(500);

/// Whether a table is whole: its cost is written last.
fn is_made(path: &Path) -> bool {
    path.exists() && Beside::path(path).exists()
}

/// A table that a search cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Scores(ScoreKind),
    Embeddings,
}

impl Missing {
    /// What a search could not be built without; `None` if it failed for another reason, or for want
    /// of scores that only their owner can have.
    pub(crate) fn of(error: &Error) -> Option<Missing> {
        let (Error::Search(tamis_search::Error::Select(error))
        | Error::Race(tamis_race::Error::Select(error))
        | Error::Select(error)) = error
        else {
            return None;
        };
        match error {
            SelectError::ScoresNeeded { policy } => {
                let entry = POLICIES.iter().find(|entry| entry.name == *policy)?;
                ScoreKind::named(entry.scores?.kind()?).map(Missing::Scores)
            }
            SelectError::EmbeddingsNeeded { .. } => Some(Missing::Embeddings),
            _ => None,
        }
    }

    /// What was built, or failed for want of a table that can be made; every other error is returned at once.
    pub(crate) fn alone<T>(built: Result<T, Error>) -> Result<Result<T, Error>, Error> {
        match built {
            Err(error) if Missing::of(&error).is_none() => Err(error),
            built => Ok(built),
        }
    }

    /// Makes it for the run in the folder `run`, or finds it made, and names it in the settings.
    /// False if it was stopped; asked again, it goes on.
    pub(crate) fn provide(
        self,
        config: &mut RunConfig,
        train: &Arc<Dataset>,
        run: &Path,
        observer: &mut dyn Observer,
    ) -> Result<bool, Error> {
        let scoring = Scoring::on(scoring_settings(config), train.clone())?;
        let path = run.with_file_name(TABLES).join(self.file_name(&scoring)?);
        let is_made = is_made(&path);
        let (what, place) = (self.name(), path.display());
        observer.observe(&ScoringEvent::Note(match is_made {
            true => format!("{what} of an earlier run are used: {place}"),
            false => format!(
                "{} needs {what}, and no setting names any: they are made now and kept for later \
                 runs in {place}",
                config.search.policy.name
            ),
        }));
        if !(is_made || self.made(&scoring, &path, observer)?) {
            return Ok(false);
        }
        let policy = &mut config.search.policy;
        match self {
            Missing::Scores(_) => policy.scores = Some(path),
            Missing::Embeddings => policy.embeddings = Some(path),
        }
        Ok(true)
    }

    /// Makes it, or waits for another process that does. False if stopped.
    fn made(
        self,
        scoring: &Scoring,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<bool, Error> {
        let mut told = false;
        loop {
            match self.make(scoring, path, observer) {
                Err(Error::Run(tamis_run::Error::InUse { .. })) => {}
                made => return made,
            }
            if !told {
                let note = format!("another process makes the {}: waiting for them", self.name());
                observer.observe(&ScoringEvent::Note(note));
                told = true;
            }
            if observer.stop() {
                return Ok(false);
            }
            thread::sleep(GLANCE);
            if is_made(path) {
                return Ok(true);
            }
        }
    }

    fn make(
        self,
        scoring: &Scoring,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<bool, Error> {
        match self {
            Missing::Scores(kind) => scoring.score(kind, path, observer),
            Missing::Embeddings => scoring.embed(EMBEDDING, path, observer),
        }
    }

    /// What it is called when it is spoken of.
    fn name(self) -> String {
        match self {
            Missing::Scores(kind) => format!("{} scores", kind.name()),
            Missing::Embeddings => "embeddings by a triplet autoencoder".to_owned(),
        }
    }

    /// The name of its file: what it is, and a hash of everything that it depends on.
    fn file_name(self, scoring: &Scoring) -> Result<PathBuf, Error> {
        let ScoringConfig { seed, augmentation, score, embed, .. } = &scoring.config;
        let (order, seed, augmentation) = (scoring.train.order(), *seed, *augmentation);
        let (name, ending) = match self {
            Missing::Scores(kind) => {
                let (what, epochs) = (kind.name(), score.epochs);
                let identity = Identity { what, order, seed, epochs, augmentation, config: score };
                (identity.describe()?.1, "csv")
            }
            Missing::Embeddings => {
                let (what, epochs) = ("triplet-ae", embed.epochs);
                let identity = Identity { what, order, seed, epochs, augmentation, config: embed };
                (identity.describe()?.1, "parquet")
            }
        };
        Ok(PathBuf::from(format!("{name}.{ending}")))
    }
}

/// What `build` makes of the settings, once nothing that it needs is missing any more: what is, is made for
/// the run in the folder `run` and named in the settings. `first` is what it made already. `None` if
/// stopped.
pub(crate) fn complete<T>(
    first: Result<T, Error>,
    config: &mut RunConfig,
    train: &Arc<Dataset>,
    run: &Path,
    observer: &mut dyn Observer,
    mut build: impl FnMut(&RunConfig) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut built = first;
    loop {
        let missing = match built {
            Ok(built) => return Ok(Some(built)),
            Err(error) => Missing::of(&error).ok_or(error)?,
        };
        if !missing.provide(config, train, run, observer)? {
            return Ok(None);
        }
        built = build(config);
    }
}

/// The settings of what a run needs made. The seed is not the run's, so that runs of other seeds need
/// not make it again.
fn scoring_settings(config: &RunConfig) -> ScoringConfig {
    ScoringConfig {
        device: config.place.device.clone(),
        data: config.data.clone(),
        augmentation: config.augmentation,
        score: config.score.clone(),
        embed: config.embed.clone(),
        ..ScoringConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::searches::prepare;

    /// What a search by this policy lacks.
    fn missing(policy: &str, set: impl Fn(&mut RunConfig)) -> Option<Missing> {
        let mut config = RunConfig::default();
        (config.data.synthetic.train, config.data.synthetic.test) = (40, 0);
        policy.clone_into(&mut config.search.policy.name);
        set(&mut config);
        Missing::of(&prepare(&config).err()?)
    }

    #[test]
    fn what_is_missing_is_what_the_policy_looks_at_and_nothing_else() {
        let plain = |policy: &str| missing(policy, |_| {});
        let scores = |kind| Some(Missing::Scores(kind));
        assert_eq!(plain("proxy:0.5"), scores(ScoreKind::Entropy));
        assert_eq!(plain("random:0.5+forgetting:0.5"), scores(ScoreKind::Forgetting));
        assert_eq!(plain("el2n:20"), scores(ScoreKind::El2n));
        assert_eq!(plain("dds:10"), Some(Missing::Embeddings));
        assert_eq!(plain("k-center:10"), Some(Missing::Embeddings));
        assert_eq!(plain("full"), None);
        assert_eq!(plain("random-like:proxy:0.5"), None, "a control needs no scores");
        let at_random = missing("dds:10", |config| {
            config.search.policy.dds.replacement = tamis_select::Replacement::Random;
        });
        assert_eq!(at_random, None, "nothing is exchanged by distance");
    }

    #[test]
    fn what_else_is_wrong_is_told_before_anything_is_made() {
        let refused = missing("proxy:0.5", |config| config.data.size = Some(15));
        assert_eq!(refused, None, "the supernet refuses the images");
        assert_eq!(missing("proxy:0.5", |config| config.search.weights.lr = -1.0), None);
        assert_eq!(missing("proxy:1000", |_| {}), None, "more than there are");
    }
}
