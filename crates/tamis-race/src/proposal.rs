//! Who runs in a race.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tamis_core::{Key, Purpose};
use tamis_search::{Matrix, SearchSpace};
use tamis_space::{Architecture, Flow};

use crate::error::Error;

/// Draws in a row that bring nothing new, after which a space is taken for too small.
const VAIN: u32 = 5000;

/// Candidates that a proposal may ask for: a slip of the finger is not to fill the memory.
const MOST: usize = 10_000;

/// A way to propose candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// What a search found, and every architecture that is one decision away: `neighbours`.
    Neighbours,
    /// What a search would have found after each epoch of its second half: `visited`.
    Visited,
    /// The architectures of most parameters: `largest:24`. Of equal ones those first whose operations come
    /// first in the space's order. They are found by going down from the largest, one decision at a time,
    /// which is exact where decisions add up to the parameters.
    Largest(usize),
    /// So many different ones, at random: `random:24`.
    Random(usize),
    /// Those of a file, one a line: `file:PATH`.
    File(PathBuf),
}

impl FromStr for Proposal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Proposal, Error> {
        let (name, argument) = text.split_once(':').unwrap_or((text, ""));
        let count = || argument.parse().ok().filter(|count| (1..=MOST).contains(count));
        let found = match name {
            "neighbours" if argument.is_empty() => Some(Proposal::Neighbours),
            "visited" if argument.is_empty() => Some(Proposal::Visited),
            "largest" => count().map(Proposal::Largest),
            "random" => count().map(Proposal::Random),
            "file" if !argument.is_empty() => Some(Proposal::File(argument.into())),
            _ => None,
        };
        found.ok_or_else(|| Error::Proposal { found: text.to_owned() })
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proposal::Neighbours => f.write_str("neighbours"),
            Proposal::Visited => f.write_str("visited"),
            Proposal::Largest(count) => write!(f, "largest:{count}"),
            Proposal::Random(count) => write!(f, "random:{count}"),
            Proposal::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// What candidates are proposed from.
#[derive(Clone, Copy)]
pub struct Proposer<'a> {
    /// The space.
    pub space: &'a dyn SearchSpace,
    /// Its name in the settings.
    pub space_name: &'a str,
    /// What a search found.
    pub start: Option<&'a Architecture>,
    /// What a search would have found after each epoch.
    pub visited: &'a [Architecture],
    /// What a file lists.
    pub listed: &'a [Architecture],
    /// Names random draws.
    pub seed: u64,
}

impl Proposer<'_> {
    /// The candidates, each once; `parameters` counts those of an architecture's network.
    ///
    /// # Errors
    ///
    /// [`Error::NoStart`] if the proposal begins at something that is not there, [`Error::NoCandidates`] if
    /// the space has no such candidates; what `parameters` says.
    pub fn candidates(
        &self,
        proposal: &Proposal,
        parameters: impl FnMut(&Architecture) -> Result<u64, Error>,
    ) -> Result<Vec<Architecture>, Error> {
        let no_start =
            |expected, also| Error::NoStart { proposal: proposal.to_string(), expected, also };
        let found = match proposal {
            Proposal::Neighbours => {
                let also = ", --genotype G an architecture";
                neighbourhood(self.start.ok_or_else(|| no_start("an architecture", also))?)
            }
            Proposal::Visited => self.visited[self.visited.len() / 2..].to_vec(),
            Proposal::Largest(count) => largest(&self.plainest(), *count, parameters)?,
            Proposal::Random(count) => random(self.space, *count, self.seed),
            Proposal::File(_) => self.listed.to_vec(),
        };
        let mut seen = BTreeSet::new();
        let found: Vec<Architecture> =
            found.into_iter().filter(|of| seen.insert(of.to_string())).collect();
        let no_candidates = |expected| {
            let of_start = self.start.filter(|_| *proposal == Proposal::Neighbours);
            let space = of_start.map_or(self.space_name, |start| start.space()).to_owned();
            let proposal = proposal.to_string();
            Err(Error::NoCandidates { proposal, space, expected })
        };
        match proposal {
            Proposal::Visited if found.is_empty() => Err(no_start("the epochs of a search", "")),
            Proposal::Neighbours if found.len() < 2 => {
                no_candidates("a space whose architectures say what could be decided otherwise")
            }
            Proposal::Largest(_) if self.plainest().neighbours().is_empty() => {
                no_candidates("a space whose architectures say what could be decided otherwise")
            }
            Proposal::Largest(count) if found.len() < *count => {
                no_candidates("no more than the space has")
            }
            Proposal::Random(count) if found.len() < *count => {
                no_candidates("fewer: thousands of draws in a row brought nothing new")
            }
            Proposal::File(_) if found.is_empty() => {
                no_candidates("a file with an architecture a line")
            }
            _ => Ok(found),
        }
    }

    /// The architecture of equal preferences.
    fn plainest(&self) -> Architecture {
        let preferences = self.space.choices().iter().map(|set| Matrix::zeros(set.shape()));
        self.space.derive(&preferences.collect::<Vec<_>>())
    }
}

/// An architecture, and all that are one decision away from it.
pub fn neighbourhood(start: &Architecture) -> Vec<Architecture> {
    std::iter::once(start.clone()).chain(start.neighbours()).collect()
}

/// Different architectures of a space, each that of random preferences; as many as there are, if that is
/// fewer than `count`. None of them cuts the input off from the output.
pub fn random(space: &dyn SearchSpace, count: usize, seed: u64) -> Vec<Architecture> {
    let (mut seen, mut found, mut vain) = (BTreeSet::new(), Vec::new(), 0);
    for number in 0.. {
        if found.len() == count || vain == VAIN {
            break;
        }
        let mut stream = Key::new(seed, Purpose::Race).epoch(u32::MAX).id(number).stream();
        let choices = space.choices().iter();
        let preferences = choices.map(|set| Matrix::from_fn(set.shape(), |_| stream.unit()));
        let drawn = space.derive(&preferences.collect::<Vec<_>>());
        vain += 1;
        if drawn.flow() != Flow::Cut && seen.insert(drawn.to_string()) {
            found.push(drawn);
            vain = 0;
        }
    }
    found
}

/// The architectures of most parameters that are found by going up from `start` and then down from the
/// largest, one decision at a time; the largest first.
///
/// # Errors
///
/// What `parameters` says.
pub fn largest(
    start: &Architecture,
    count: usize,
    mut parameters: impl FnMut(&Architecture) -> Result<u64, Error>,
) -> Result<Vec<Architecture>, Error> {
    let mut top = (parameters(start)?, start.clone());
    while let Some(larger) = largest_neighbour(&top, &mut parameters)? {
        top = larger;
    }
    let mut seen = BTreeSet::from([top.1.to_string()]);
    let (mut known, mut found) = (vec![top], Vec::new());
    while found.len() < count && !known.is_empty() {
        let order = |one: &(u64, Architecture), other: &(u64, Architecture)| {
            other.0.cmp(&one.0).then_with(|| one.1.lexicographic(&other.1))
        };
        let first = (0..known.len()).min_by(|&one, &other| order(&known[one], &known[other]));
        let (_, next) = known.swap_remove(first.unwrap_or(0));
        for neighbour in next.neighbours() {
            if seen.insert(neighbour.to_string()) {
                known.push((parameters(&neighbour)?, neighbour));
            }
        }
        found.push(next);
    }
    Ok(found)
}

/// The neighbour of most parameters, if it has more.
fn largest_neighbour(
    (size, of): &(u64, Architecture),
    parameters: &mut impl FnMut(&Architecture) -> Result<u64, Error>,
) -> Result<Option<(u64, Architecture)>, Error> {
    let mut best: Option<(u64, Architecture)> = None;
    for neighbour in of.neighbours() {
        let found = parameters(&neighbour)?;
        if found > best.as_ref().map_or(*size, |(best, _)| *best) {
            best = Some((found, neighbour));
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tamis_data::ImageShape;
    use tamis_search::{SPACES, SpaceConfig, build_space};
    use tamis_space::nas_bench_201::{Genotype, MacroShape, Operation, count_derived};

    use super::*;

    const IMAGE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };

    fn space(name: &str, derive_none: bool) -> Arc<dyn SearchSpace> {
        let config = SpaceConfig { name: name.to_owned(), derive_none, ..SpaceConfig::default() };
        build_space(&config, IMAGE, 10).unwrap()
    }

    fn propose(text: &str, start: Option<&Architecture>) -> Result<Vec<Architecture>, Error> {
        let space = space("nas-bench-201", true);
        let proposer = Proposer {
            space: space.as_ref(),
            space_name: "nas-bench-201",
            start,
            visited: &[],
            listed: &[],
            seed: 0,
        };
        proposer.candidates(&text.parse()?, parameters)
    }

    fn parameters(of: &Architecture) -> Result<u64, Error> {
        let Architecture::NasBench201(genotype) = of else { panic!("{of}") };
        Ok(count_derived(genotype, &MacroShape::benchmark(10, [3, 32, 32]))?.params)
    }

    fn of(operations: [usize; 6]) -> Architecture {
        Architecture::NasBench201(Genotype(operations.map(|index| Operation::ALL[index])))
    }

    #[test]
    fn the_largest_are_in_the_order_of_their_parameters_and_then_of_their_operations() {
        let found = propose("largest:154", None).unwrap();
        let sizes: Vec<u64> = found.iter().map(|of| parameters(of).unwrap()).collect();
        // Counts by parameters over the whole space without `none`.
        let expected = [
            (1_531_546, 1),
            (1_316_506, 6),
            (1_288_506, 12),
            (1_101_466, 15),
            (1_073_466, 60),
            (1_045_466, 60),
        ];
        let expected: Vec<u64> =
            expected.into_iter().flat_map(|(size, count)| vec![size; count]).collect();
        assert_eq!(sizes, expected);
        let first = [[3; 6], [2, 3, 3, 3, 3, 3], [3, 2, 3, 3, 3, 3], [3, 3, 2, 3, 3, 3]].map(of);
        assert_eq!(found[..4], first);
        // Skips come before pools on an edge, and an earlier edge's before a later one's.
        assert_eq!(found[7..9], [of([1, 3, 3, 3, 3, 3]), of([3, 1, 3, 3, 3, 3])]);
        assert_eq!(found[18], of([4, 3, 3, 3, 3, 3]));
        assert_eq!(found[13..15], [of([3, 3, 3, 3, 3, 4]), of([3, 3, 3, 3, 4, 3])]);
    }

    #[test]
    fn the_largest_are_those_that_sorting_the_whole_space_gives() {
        let mut all: Vec<(u64, Genotype)> = Genotype::all()
            .filter(|genotype| !genotype.0.contains(&Operation::None))
            .map(|genotype| (parameters(&Architecture::NasBench201(genotype)).unwrap(), genotype))
            .collect();
        all.sort_by_key(|&(size, genotype)| (std::cmp::Reverse(size), genotype));
        let all = all.into_iter().take(300).map(|(_, of)| Architecture::NasBench201(of));
        assert_eq!(propose("largest:300", None).unwrap(), all.collect::<Vec<_>>());
    }

    #[test]
    fn a_neighbourhood_is_the_start_and_all_that_differ_in_one_operation() {
        let start = of([3; 6]);
        let found = propose("neighbours", Some(&start)).unwrap();
        assert_eq!((found.len(), &found[0]), (19, &start));
        let told = propose("neighbours", None).unwrap_err().to_string();
        assert!(told.contains("found `neighbours` without an architecture"), "{told}");
        assert!(told.contains("--genotype"), "{told}");
    }

    #[test]
    fn random_candidates_differ_belong_to_their_seed_and_connect_input_and_output() {
        for entry in SPACES {
            let config =
                SpaceConfig { name: entry.name.to_owned(), cells: 3, ..SpaceConfig::default() };
            let space = build_space(&config, IMAGE, 10).unwrap();
            let found = random(space.as_ref(), 12, 5);
            let texts: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(texts.len(), 12, "{}", entry.name);
            assert_eq!(random(space.as_ref(), 12, 5), found);
            assert_ne!(random(space.as_ref(), 12, 6), found);
            assert!(found.iter().all(|of| of.flow() != Flow::Cut));
        }
    }

    #[test]
    fn more_candidates_than_a_space_has_are_refused() {
        let told = propose("largest:5000", None).unwrap_err().to_string();
        assert!(told.contains("no more than the space has"), "{told}");
        let told = propose("random:10001", None).unwrap_err().to_string();
        assert!(told.contains("found `random:10001`"), "{told}");
        let config = SpaceConfig { name: "tas".to_owned(), cells: 3, ..SpaceConfig::default() };
        let space = build_space(&config, IMAGE, 10).unwrap();
        let proposer = Proposer {
            space: space.as_ref(),
            space_name: "tas",
            start: None,
            visited: &[],
            listed: &[],
            seed: 0,
        };
        let told = proposer.candidates(&Proposal::Largest(1), |_| Ok(0)).unwrap_err().to_string();
        assert!(told.contains("found `largest:1` on tas"), "{told}");
    }

    #[test]
    fn a_proposal_is_read_as_it_is_written_and_nothing_else_is() {
        for text in ["neighbours", "visited", "largest:24", "random:3", "file:a b.txt"] {
            assert_eq!(text.parse::<Proposal>().unwrap().to_string(), text);
        }
        for text in ["neighbors", "largest", "largest:0", "random:-1", "file:", "visited:3", ""] {
            let told = text.parse::<Proposal>().unwrap_err().to_string();
            assert!(told.contains(&format!("found `{text}`")), "{told}");
        }
    }
}
