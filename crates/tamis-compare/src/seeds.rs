//! Seeds and policies as they are typed: `0..5`, `0,3,7`, `full@0..3,random:0.1@0..5`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Most seeds of one list: a slip of the finger is not to fill the memory.
const MOST: usize = 10_000;

/// A set of seeds, ascending, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(BTreeSet<u32>);

impl Seeds {
    /// The seeds, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "a set of seeds is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is one of them.
    pub fn contains(&self, seed: u32) -> bool {
        self.0.contains(&seed)
    }
}

impl FromStr for Seeds {
    type Err = Error;

    /// Reads numbers and ranges `A..B`, B not included, in any order; repeats count once.
    fn from_str(text: &str) -> Result<Seeds, Error> {
        let failed = |found: String| Error::Seeds { text: shortened(text), found };
        let mut seeds = BTreeSet::new();
        for item in text.split(',') {
            let range = range(item).ok_or_else(|| failed(format!("`{}`", shortened(item))))?;
            if range.is_empty() {
                return Err(failed(format!("the empty range `{item}`")));
            }
            if range.len() + seeds.len() > MOST {
                return Err(failed(format!("more than {MOST} seeds")));
            }
            seeds.extend(range);
        }
        Ok(Seeds(seeds))
    }
}

impl fmt::Display for Seeds {
    /// As a list of numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.iter().map(|seed| seed.to_string()).collect();
        f.write_str(&numbers.join(","))
    }
}

/// `7` or `2..5`; both ends are below `u32::MAX`, so that lengths fit.
fn range(item: &str) -> Option<std::ops::Range<u32>> {
    let number = |text: &str| -> Option<u32> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|&number| digits && number < u32::MAX)
    };
    let item = item.trim();
    match item.split_once("..") {
        Some((first, end)) => Some(number(first)?..number(end)?),
        None => number(item).map(|seed| seed..seed + 1),
    }
}

/// Reads a list of policies, each with its own seeds behind `@` if it has any. Numbers that follow
/// are seeds still: `full@0,3,random:0.1` is `full` with 0 and 3. A policy that is named again gets
/// all the seeds named for it.
///
/// # Errors
///
/// [`Error::Policies`] or [`Error::Seeds`].
pub fn parse_policies(text: &str, default: &Seeds) -> Result<Vec<(String, Seeds)>, Error> {
    let mut policies: Vec<(String, Option<String>)> = Vec::new();
    for item in text.split(',').map(str::trim) {
        match policies.last_mut() {
            Some((_, Some(seeds))) if range(item).is_some() => *seeds += &format!(",{item}"),
            _ => policies.push(match item.split_once('@') {
                Some((policy, seeds)) => (policy.to_owned(), Some(seeds.to_owned())),
                None => (item.to_owned(), None),
            }),
        }
    }
    let mut merged: Vec<(String, Seeds)> = Vec::new();
    for (policy, seeds) in policies {
        if policy.is_empty() {
            let found = "a policy without a name";
            return Err(Error::Policies { text: shortened(text), found });
        }
        let seeds = seeds.map_or(Ok(default.clone()), |seeds| seeds.parse::<Seeds>())?;
        match merged.iter_mut().find(|(name, _)| *name == policy) {
            Some((_, known)) => known.0.extend(seeds.iter()),
            None => merged.push((policy, seeds)),
        }
    }
    Ok(merged)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seeds(text: &str) -> Vec<u32> {
        text.parse::<Seeds>().unwrap().iter().collect()
    }

    #[test]
    fn the_end_of_a_range_is_not_in_it() {
        assert_eq!(seeds("0..5"), [0, 1, 2, 3, 4]);
        assert_eq!(seeds("7,0,3"), [0, 3, 7]);
        assert_eq!(seeds("0..3, 2..4,9"), [0, 1, 2, 3, 9]);
    }

    #[test]
    fn what_is_no_list_of_seeds_is_refused() {
        for text in ["", ",", "0,", "5..5", "5..3", "..5", "0..", "-1", "1.5", "a", "0..5..7"] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
        assert!("0..4000000000".parse::<Seeds>().unwrap_err().to_string().contains("more than"));
        assert!("4294967295".parse::<Seeds>().is_err());
    }

    #[test]
    fn policies_take_the_common_seeds_or_their_own() {
        let default: Seeds = "0..2".parse().unwrap();
        let read = parse_policies("full@0,3,random:0.1,proxy:0.1@5..7,full@4", &default).unwrap();
        let read: Vec<(&str, String)> =
            read.iter().map(|(name, seeds)| (name.as_str(), seeds.to_string())).collect();
        let expected = [("full", "0,3,4"), ("random:0.1", "0,1"), ("proxy:0.1", "5,6")];
        assert_eq!(read, expected.map(|(name, seeds)| (name, seeds.to_owned())));
        for text in ["", "full,,random:0.1", "@0..3", "full@", "full@x"] {
            assert!(parse_policies(text, &default).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_list_reads_as_itself(seeds in prop::collection::btree_set(0_u32..u32::MAX, 1..40)) {
            let seeds = Seeds(seeds);
            prop_assert_eq!(seeds.to_string().parse::<Seeds>().unwrap(), seeds);
        }

        #[test]
        fn a_range_has_its_first_and_not_its_end(first in 0_u32..u32::MAX - 100, length in 1_u32..100) {
            let end = first + length;
            let read: Seeds = format!("{first}..{end}").parse().unwrap();
            prop_assert_eq!(read.len(), length as usize);
            prop_assert!(read.contains(first) && read.contains(end - 1) && !read.contains(end));
        }

        #[test]
        fn policies_come_back_with_their_seeds(
            sets in prop::collection::vec(prop::collection::btree_set(0_u32..50, 1..6), 1..6),
        ) {
            let named: Vec<(String, Seeds)> =
                sets.into_iter().enumerate().map(|(at, set)| (format!("p{at}:0.1"), Seeds(set))).collect();
            let text: Vec<String> =
                named.iter().map(|(policy, seeds)| format!("{policy}@{seeds}")).collect();
            let default: Seeds = "99".parse().unwrap();
            prop_assert_eq!(parse_policies(&text.join(","), &default).unwrap(), named);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in r"([0-9.,@a ]|\PC){0,30}") {
            let default: Seeds = "0".parse().unwrap();
            let _ = text.parse::<Seeds>();
            let _ = parse_policies(&text, &default);
        }
    }
}
