//! The files that settings name and a run depends on: which of them a policy looks at, and hashes of
//! what is in them.

use std::collections::BTreeMap;
use std::path::Path;

use tamis_search::{PolicyConfig, SearchConfig};

use crate::error::Error;

/// The setting that names a file of scores.
const SCORES: &str = "policy.scores";

/// The setting that names a file of embeddings.
const EMBEDDINGS: &str = "policy.embeddings";

/// The setting that names a file of latencies.
const LATENCIES: &str = "cost.latency_table";

/// The setting of a training that names the file of a teacher.
pub const TEACHER: &str = "distillation.teacher";

/// Settings of a search that name a file.
pub const FILES: [&str; 3] = [SCORES, EMBEDDINGS, LATENCIES];

/// The files that are looked at. Others are neither read nor paid for.
pub struct UsedFiles<'a> {
    /// That of scores.
    pub scores: Option<&'a Path>,
    /// That of embeddings.
    pub embeddings: Option<&'a Path>,
    /// That of latencies.
    pub latencies: Option<&'a Path>,
    /// That of the network that teaches.
    pub teacher: Option<&'a Path>,
}

impl<'a> UsedFiles<'a> {
    /// Those of a policy's settings.
    pub fn of(policy: &'a PolicyConfig) -> Result<UsedFiles<'a>, Error> {
        let needed = tamis_select::requirements(&policy.name)?;
        Ok(UsedFiles {
            scores: policy.scores.as_deref().filter(|_| needed.needs_scores),
            embeddings: policy.embeddings.as_deref().filter(|_| needed.needs_embeddings),
            latencies: None,
            teacher: None,
        })
    }

    /// Those of a search's settings.
    pub fn of_search(config: &'a SearchConfig) -> Result<UsedFiles<'a>, Error> {
        let has_target = config.cost.target_latency_ms.is_some();
        let latencies = config.cost.latency_table.as_deref().filter(|_| has_target);
        Ok(UsedFiles { latencies, ..UsedFiles::of(&config.policy)? })
    }

    /// The hash of each by the setting that names it.
    pub fn hashes(&self) -> Result<BTreeMap<String, String>, Error> {
        let named = self.by_setting().map(|(setting, path)| {
            let hash = hash_of_file(path)?;
            Ok((setting.to_owned(), hash))
        });
        named.collect()
    }

    /// Each with the setting that names it.
    pub fn by_setting(&self) -> impl Iterator<Item = (&'static str, &'a Path)> {
        let files = [
            (SCORES, self.scores),
            (EMBEDDINGS, self.embeddings),
            (LATENCIES, self.latencies),
            (TEACHER, self.teacher),
        ];
        files.into_iter().filter_map(|(setting, path)| Some((setting, path?)))
    }
}

/// The first digits of the BLAKE3 of a file's bytes.
pub fn hash_of_file(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(Error::file("a file that the settings name", path))?;
    Ok(content_hash(&bytes))
}

/// The first digits of the BLAKE3 of some bytes: a name for what is in them.
pub fn content_hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}
