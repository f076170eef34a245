//! Score files: reading them, and what it cost to make them.

use std::io;
use std::path::{Path, PathBuf};

use tamis_data::{Limits, read_file};
use tamis_search::OneOffCost;
use tamis_select::ScoreTable;

use crate::error::Error;

/// Most text that a score file may unpack to: 64 bytes for each of 2^25 samples.
const LIMIT_BYTES: u64 = 1 << 31;

/// Reads a score file in the published form `index entropy class`, plain or gzip, and its cost
/// from `FILE.cost.json` beside it. An unknown cost is unknown, not nothing.
///
/// # Errors
///
/// [`Error::Data`] if it cannot be read, [`Error::Content`] if it is not text, [`Error::Select`]
/// naming the line; [`Error::File`] or [`Error::Content`] for its cost.
pub fn load_scores(path: &Path) -> Result<(ScoreTable, OneOffCost), Error> {
    let limits = Limits { file_bytes: LIMIT_BYTES, ..Limits::default() };
    let text = String::from_utf8(read_file(path, &limits)?).map_err(|error| Error::Content {
        what: "the score file",
        path: path.to_owned(),
        found: error.to_string(),
        expected: "text",
    })?;
    Ok((ScoreTable::parse_published(&text)?, cost_beside(path)?))
}

fn cost_beside(path: &Path) -> Result<OneOffCost, Error> {
    let beside = PathBuf::from(format!("{}.cost.json", path.display()));
    let text = match std::fs::read_to_string(&beside) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OneOffCost::default()),
        Err(source) => {
            return Err(Error::File { what: "the scores' cost", path: beside, source });
        }
    };
    serde_json::from_str(&text).map_err(|error| Error::Content {
        what: "the scores' cost",
        path: beside,
        found: error.to_string(),
        expected: "an object with samples, macs and wall_s",
    })
}
