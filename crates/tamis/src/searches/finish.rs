//! What decides after a search: a race between candidates that begin at what it found.

use tamis_data::Dataset;
use tamis_race::{Proposal, RaceConfig};
use tamis_record::{Finish, RunConfig};
use tamis_search::{Matrix, build_space};
use tamis_space::Architecture;

use crate::error::Error;
use crate::racing::{RaceOutcome, RaceStart};

/// The folder of a finish, inside that of its run.
pub(crate) const FOLDER: &str = "race";

/// The settings of the race that finishes a search, if one does.
///
/// # Errors
///
/// [`Error::Finish`] for another text than that of a race, or beside a target of cost, which no race knows;
/// settings of the race that are out of range.
pub(crate) fn race_of(config: &RunConfig) -> Result<Option<RunConfig>, Error> {
    let Some(text) = &config.finish else { return Ok(None) };
    let refuse = |found: String| Err(Error::Finish { found });
    let Some(proposal) = text.strip_prefix("race:") else { return refuse(text.clone()) };
    if config.search.cost.has_target() {
        return refuse(format!("{text} and a target of cost"));
    }
    proposal.parse::<Proposal>()?;
    let own = &config.race.candidates;
    if *own != RaceConfig::default().candidates && own != proposal {
        return refuse(format!("{text} beside race.candidates = {own}"));
    }
    let mut config = RunConfig { finish: None, ..config.clone() };
    config.race.candidates = proposal.to_owned();
    config.race.check()?;
    Ok(Some(config))
}

/// Refuses a finish that could not be after any search: candidates that are not to be had, or that make no
/// networks for these images.
pub(crate) fn check_finish(config: &RunConfig, train: &Dataset) -> Result<(), Error> {
    let Some(race) = race_of(config)? else { return Ok(()) };
    let shape = train.shape();
    let space = build_space(&race.search.space, shape, train.classes().len())?;
    let zeros = space.choices().iter().map(|set| Matrix::zeros(set.shape()));
    // Any architecture stands for what will be found.
    let any = space.derive(&zeros.collect::<Vec<_>>());
    let start = RaceStart { found: Some(any.clone()), visited: vec![any] };
    Ok(tamis_race::check(&race.race, start.candidates(&race, train)?, train)?)
}

/// What a race made of what the search proposed.
pub(crate) fn finish_of(
    outcome: &RaceOutcome,
    proposed: &Architecture,
) -> Result<(Finish, Architecture), Error> {
    let finish = Finish {
        candidates: outcome.candidates.clone(),
        entrants: outcome.standings.len(),
        proposed: proposed.to_string(),
        samples: outcome.cost.samples,
        macs: outcome.cost.macs,
        wall_s: outcome.cost.wall_s,
    };
    Ok((finish, outcome.genotype.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(finish: &str, set: impl Fn(&mut RunConfig)) -> String {
        let mut config = RunConfig { finish: Some(finish.to_owned()), ..RunConfig::default() };
        set(&mut config);
        race_of(&config).unwrap_err().to_string()
    }

    #[test]
    fn a_finish_is_a_race_with_settings_that_hold() {
        let config = RunConfig { finish: Some("race:random:5".to_owned()), ..RunConfig::default() };
        assert_eq!(race_of(&config).unwrap().unwrap().race.candidates, "random:5");
        assert_eq!(race_of(&RunConfig::default()).unwrap(), None);
        assert!(told("neighbours", |_| {}).contains("found finish = neighbours"));
        assert!(told("race:all", |_| {}).contains("found `all`"));
        let rates = told("race:visited", |config| config.race.lr = 0.0);
        assert!(rates.contains("race.lr = 0"), "{rates}");
        let twice = told("race:visited", |config| config.race.candidates = "random:3".to_owned());
        assert!(twice.contains("beside race.candidates = random:3"), "{twice}");
        let target = told("race:visited", |config| config.search.cost.target_macs = Some(1));
        assert!(target.contains("a target of cost"), "{target}");
    }
}
