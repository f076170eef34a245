//! Who runs: from a proposal and what it begins at to a list.

use std::fs;
use std::path::Path;

use tamis_data::Dataset;
use tamis_race::{Proposal, Proposer};
use tamis_record::{Outcome, RunConfig};
use tamis_search::build_space;
use tamis_space::darts::Stem;
use tamis_space::{Architecture, NetworkShape};

use crate::error::Error;

/// What a proposal begins at, where it begins at something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RaceStart {
    /// What a search found, or somebody names.
    pub found: Option<Architecture>,
    /// What a search would have found after each epoch.
    pub visited: Vec<Architecture>,
}

impl RaceStart {
    /// That of a finished search.
    ///
    /// # Errors
    ///
    /// [`Error::Space`] if its result holds no architectures.
    pub fn of(outcome: &Outcome) -> Result<RaceStart, Error> {
        let visited = outcome.genotype_history.iter().map(|at| at.genotype.parse());
        Ok(RaceStart {
            found: Some(outcome.genotype.parse()?),
            visited: visited.collect::<Result<_, tamis_space::Error>>()?,
        })
    }

    /// The candidates that the settings propose, for such images.
    pub(crate) fn candidates(
        &self,
        config: &RunConfig,
        train: &Dataset,
    ) -> Result<Vec<Architecture>, Error> {
        let (image, classes) = (train.shape(), train.classes().len());
        let proposal: Proposal = config.race.candidates.parse()?;
        let listed = match &proposal {
            Proposal::File(path) => read(path)?,
            _ => Vec::new(),
        };
        let space = build_space(&config.search.space, image, classes)?;
        let proposer = Proposer {
            space: space.as_ref(),
            space_name: &config.search.space.name,
            start: self.found.as_ref(),
            visited: &self.visited,
            listed: &listed,
            seed: config.search.seed,
        };
        let image = [image.channels, image.height, image.width];
        Ok(proposer.candidates(&proposal, |of| {
            let [channels, cells] = of.published_size();
            let stem = Stem::Cifar;
            let shape = NetworkShape { channels, cells, stem, auxiliary: false, image, classes };
            Ok(of.network(&shape)?.counts().params)
        })?)
    }
}

/// The architectures of a file, one a line; empty lines and those that begin with `#` are none.
pub(super) fn read(path: &Path) -> Result<Vec<Architecture>, Error> {
    let text =
        fs::read_to_string(path).map_err(tamis_record::Error::file("the candidates", path))?;
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|(line, text)| {
        text.parse().map_err(|source| Error::Candidate {
            path: path.to_owned(),
            line,
            source: Box::new(source),
        })
    });
    read.collect()
}
