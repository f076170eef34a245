//! What tells one run from another: the data's fingerprint and order, what the grid varies, and
//! every other setting that is not at its default.
//!
//! Not in it: paths, the number of threads, the machine, the version of the program. Two runs of
//! one key give the same architecture, and the same bytes. Settings at their
//! defaults are left out, so that a setting that a later version adds does not make earlier results
//! unknown; a file that a setting names counts by its content.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tamis_record::{Error, FILES, Outcome, RunConfig, content_hash, flatten, hash_of_file};
use tamis_search::{Basis, LearningRateScale, SearchConfig};

use crate::canonical::needs;
use crate::identity::DataIdentity;

/// Settings that stand in fields of their own, or that do not change what is computed.
const ELSEWHERE: [&str; 12] = [
    "seed",
    "device",
    "table",
    "space.name",
    "space.channels",
    "space.cells",
    "host.name",
    "policy.name",
    "train.epochs",
    "train.batch",
    "alpha.lr",
    "alpha.lr_scale",
];

/// What `result.json` does not say of a run, as far as it tells runs apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// `space.channels`.
    pub channels: usize,
    /// `space.cells`.
    pub cells: usize,
    /// `train.batch`.
    pub batch: usize,
    /// `alpha.lr`.
    pub alpha_lr: f64,
    /// `alpha.lr_scale`.
    pub alpha_lr_scale: LearningRateScale,
    /// Every other setting that is not at its default; files by the hash of their content.
    pub settings: BTreeMap<String, Value>,
}

/// What tells one run from another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// Fingerprint of the data.
    pub fingerprint: String,
    /// Order of the training images, on which it depends which images ids name; `None` if it is not
    /// known. Not in the folder's name, so that runs of earlier versions keep theirs: a run folder
    /// itself refuses another order.
    #[serde(skip)]
    pub order: Option<String>,
    /// Search space.
    pub space: String,
    /// Search algorithm.
    pub host: String,
    /// What is run.
    pub policy: String,
    /// Seed.
    pub seed: u64,
    /// Epochs.
    pub epochs: u32,
    /// The rest.
    pub setup: Setup,
}

impl Key {
    /// Of settings, on this data. Files that settings name are read where `data` has no hash of
    /// them.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a file that a setting names cannot be read.
    pub fn of(config: &RunConfig, data: &DataIdentity) -> Result<Key, Error> {
        let search = &config.search;
        Ok(Key {
            fingerprint: data.fingerprint.clone(),
            order: data.order.clone(),
            space: search.space.name.clone(),
            host: search.host.name.clone(),
            policy: search.policy.name.clone(),
            seed: search.seed,
            epochs: search.train.epochs,
            setup: Setup {
                channels: search.space.channels,
                cells: search.space.cells,
                batch: search.train.batch,
                alpha_lr: search.alpha.lr,
                alpha_lr_scale: search.alpha.lr_scale,
                settings: other_settings(config, &data.files)?,
            },
        })
    }

    /// Of a finished run.
    pub fn of_outcome(outcome: &Outcome, setup: &Setup) -> Key {
        Key {
            fingerprint: outcome.dataset.fingerprint.clone(),
            order: outcome.dataset.order.clone(),
            space: outcome.space.clone(),
            host: outcome.host.clone(),
            policy: outcome.policy.clone(),
            seed: outcome.seed,
            epochs: outcome.epochs,
            setup: setup.clone(),
        }
    }

    /// Whether both may be of one run: an order that is not known may be any.
    pub fn matches(&self, other: &Key) -> bool {
        let same_order = match (&self.order, &other.order) {
            (Some(order), Some(other)) => order == other,
            _ => true,
        };
        same_order && self.without_order() == other.without_order()
    }

    fn without_order(&self) -> impl PartialEq + '_ {
        let Key { fingerprint, order: _, space, host, policy, seed, epochs, setup } = self;
        (fingerprint, space, host, policy, seed, epochs, setup)
    }

    /// The name of the run's folder: told apart by the digits at its end, found by the rest.
    pub fn folder_name(&self) -> String {
        let Key { space, host, policy, seed, .. } = self;
        let scale = match self.setup.alpha_lr_scale {
            LearningRateScale::None => "",
            LearningRateScale::Steps => "-steps",
        };
        let name = format!("{space}-{host}-{policy}{scale}-seed{seed}");
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && !"-._+".contains(c), "-");
        format!("{name}-{}", &blake3::hash(self.text().as_bytes()).to_hex()[..8])
    }

    /// Sixteen hexadecimal digits that no other key has, one of another order neither.
    pub fn digest(&self) -> String {
        let order = self.order.as_deref().unwrap_or_default();
        content_hash(format!("{order}\n{}", self.text()).as_bytes())
    }

    /// All but the order. A key always has a JSON form; were it to have none, names would have to do.
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether a setting tells runs apart that no field of a key and no hash does. How scores and
/// embeddings are made counts where the run makes them; a file of them counts by its content.
fn tells_apart(key: &str, config: &RunConfig) -> bool {
    let policy = &config.search.policy;
    let [needs_scores, needs_embeddings] = needs(&policy.name);
    match key.split_once('.') {
        Some(("data", _)) => false,
        Some(("score", _)) => needs_scores && policy.scores.is_none(),
        Some(("embed", _)) => needs_embeddings && policy.embeddings.is_none(),
        _ => !ELSEWHERE.contains(&key),
    }
}

fn other_settings(
    config: &RunConfig,
    files: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, Error> {
    let SearchConfig { recipe, space, host, train, .. } = &config.search;
    let (space, host) = (space.name.as_str(), host.name.as_str());
    let basis = Basis { recipe: *recipe, space, host, epochs: Some(train.epochs) };
    let search = SearchConfig::of(basis)?;
    let default = RunConfig { search, ..RunConfig::default() };
    let mut settings = flatten(&config.to_table()?);
    let mut defaults = flatten(&default.to_table()?);
    // The recipe decides what the other defaults are; it has a default itself.
    let plain = flatten(&RunConfig::default().to_table()?);
    defaults.extend(plain.into_iter().filter(|(key, _)| key == "recipe"));
    // What a race's defaults are is decided by measurements: with a finish they all count, so that results
    // of other defaults stay apart.
    let counts = |key: &str| config.finish.is_some() && key.starts_with("race.");
    settings.retain(|key, value| {
        tells_apart(key, config) && (counts(key) || defaults.get(key) != Some(value))
    });
    settings.into_iter().map(|(key, value)| entry(key, &value, files)).collect()
}

/// A setting as keys have it: that of a file is the hash of the file.
fn entry(
    key: String,
    value: &toml::Value,
    files: &BTreeMap<String, String>,
) -> Result<(String, Value), Error> {
    let value = match (value, files.get(&key)) {
        (_, Some(hash)) => Value::from(hash.clone()),
        (toml::Value::String(path), None) if FILES.contains(&key.as_str()) => {
            Value::from(hash_of_file(Path::new(path))?)
        }
        _ => serde_json::to_value(value).map_err(|error| Error::Config {
            from: Some(key.clone()),
            message: error.to_string(),
        })?,
    };
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tamis_record::Layers;

    fn data(order: Option<&str>) -> DataIdentity {
        let (fingerprint, order) = ("f".to_owned(), order.map(str::to_owned));
        DataIdentity { fingerprint, order, samples: 100, files: BTreeMap::new() }
    }

    fn key(assignments: &[&str]) -> Key {
        let layers = assignments.iter().fold(Layers::default(), |l, a| l.assignment(a).unwrap());
        Key::of(&layers.resolve().unwrap(), &data(None)).unwrap()
    }

    #[test]
    fn what_changes_a_run_changes_its_key_and_nothing_else_does() {
        let base = key(&[]);
        for changed in [
            "seed=1",
            "policy.name=random:0.1",
            "space.channels=4",
            "alpha.lr_scale=steps",
            "weights.lr=0.1",
            "recipe=autodl",
            "augmentation.flip=false",
            "split=order",
        ] {
            let other = key(&[changed]);
            assert_ne!(other, base, "{changed}");
            assert_ne!(other.folder_name(), base.folder_name(), "{changed}");
        }
        // The fingerprint speaks for the data.
        for same in ["table=x.csv", "data.source=elsewhere", "weights.lr=0.025"] {
            assert_eq!(key(&[same]), base, "{same}");
        }
        assert!(base.setup.settings.is_empty(), "defaults are left out: {base:?}");
    }

    #[test]
    fn a_file_counts_by_its_content_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let mut keys = Vec::new();
        for (name, text) in [("a", "1"), ("b", "1"), ("c", "2")] {
            let path = folder.path().join(name);
            tamis_run::write_durably(&path, text.as_bytes()).unwrap();
            keys.push(key(&[&format!("policy.scores='{}'", path.display())]));
        }
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[0], keys[2]);
    }

    #[test]
    fn how_scores_are_made_tells_apart_the_runs_that_make_them_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        tamis_run::write_durably(&path, b"1").unwrap();
        let file = format!("policy.scores='{}'", path.display());
        let of = |policy: &str, set: &[&str]| key(&[&[policy], set].concat());
        let changed = "score.epochs=3";
        assert_ne!(of("policy.name=proxy:0.1", &[changed]), of("policy.name=proxy:0.1", &[]));
        for same in
            [&["policy.name=full"][..], &["policy.name=proxy:0.1", &file], &["policy.name=dds:9"]]
        {
            assert_eq!(of(same[0], &[&same[1..], &[changed]].concat()), of(same[0], &same[1..]));
        }
        assert_ne!(of("policy.name=dds:9", &["embed.epochs=3"]), of("policy.name=dds:9", &[]));
    }

    #[test]
    fn a_folder_is_named_after_its_run() {
        let name = key(&["policy.name=random:0.1", "alpha.lr_scale=steps"]).folder_name();
        assert_eq!(
            name, "nas-bench-201-darts-random-0.1-steps-seed0-a18fab7c",
            "as earlier versions named it"
        );
    }

    #[test]
    fn an_order_that_is_not_known_may_be_any_and_two_that_are_known_must_be_one() {
        let of = |order| Key::of(&RunConfig::default(), &data(order)).unwrap();
        let (a, b, unknown) = (of(Some("a")), of(Some("b")), of(None));
        assert!(a.matches(&a) && !a.matches(&b));
        assert!(a.matches(&unknown) && unknown.matches(&b) && unknown.matches(&unknown));
        assert!(!unknown.matches(&key(&["seed=1"])));
        assert_eq!(a.folder_name(), unknown.folder_name());
        assert_ne!(a.digest(), unknown.digest());
    }
}
