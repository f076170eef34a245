//! Score files: reading them, and what it cost to make them.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use tamis_search::OneOffCost;
use tamis_select::ScoreTable;

use crate::error::Error;

/// Most text that a score file may unpack to: 64 bytes for each of 2^25 samples.
const LIMIT_BYTES: u64 = 1 << 31;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads a score file in the published form `index entropy class`, plain or gzip, and its cost
/// from `FILE.cost.json` beside it. An unknown cost is unknown, not nothing.
///
/// # Errors
///
/// [`Error::File`], [`Error::Content`], or [`Error::Select`] naming the line.
pub fn load_scores(path: &Path) -> Result<(ScoreTable, OneOffCost), Error> {
    let text = read(path).map_err(|source| Error::File {
        what: "the score file",
        path: path.to_owned(),
        source,
    })?;
    Ok((ScoreTable::parse_published(&text)?, cost_beside(path)?))
}

fn read(path: &Path) -> io::Result<String> {
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = Vec::new();
    file.by_ref().take(2).read_to_end(&mut magic)?;
    let whole = io::Cursor::new(magic.clone()).chain(file);
    let mut text = String::new();
    if magic == GZIP_MAGIC {
        flate2::read::MultiGzDecoder::new(whole).take(LIMIT_BYTES).read_to_string(&mut text)?;
    } else {
        whole.take(LIMIT_BYTES).read_to_string(&mut text)?;
    }
    Ok(text)
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
