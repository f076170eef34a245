//! Policies as they are written: `proxy:0.3+bdp`, and what follows from the text alone.

use super::control::Control;
use super::part::Part;
use super::{Argument, Scores, proxy_balanced, random};
use crate::{Amount, Error};

/// What a policy needs to be built and used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Whether it needs a score of every sample.
    pub needs_scores: bool,
    /// The kinds of scores it needs, each once.
    pub score_kinds: Vec<&'static str>,
    /// Whether it needs an embedding of every sample.
    pub needs_embeddings: bool,
    /// Whether its choice changes during a search, so that there is no one list of samples.
    pub needs_search: bool,
}

/// What the policy that `spec` names needs, all parts together.
///
/// # Errors
///
/// A name that is not in [`POLICIES`](crate::POLICIES), or a part that needs a running search before
/// another part.
pub fn requirements(spec: &str) -> Result<Requirements, Error> {
    requirements_of(&parts(spec)?)
}

/// What parts need, all together.
pub(super) fn requirements_of(parts: &[Part<'_>]) -> Result<Requirements, Error> {
    let mut all = Requirements::default();
    for part in parts {
        let needed = part.requirements()?;
        all.needs_scores |= needed.needs_scores;
        all.needs_embeddings |= needed.needs_embeddings;
        all.needs_search |= needed.needs_search;
        let new = needed.score_kinds.iter().filter(|kind| !all.score_kinds.contains(kind));
        all.score_kinds = all.score_kinds.iter().chain(new).copied().collect();
    }
    Ok(all)
}

/// The arm that `spec` equals on a pool of so many samples, for comparisons that must not run one
/// arm twice: `random-like:proxy:0.1` is `random:0.1`, `random:1.0` is `full`.
///
/// Amounts become the share of at most three decimals that gives as many samples, or the count
/// where there is none. A text that is no policy stays as it is.
pub fn canonical(spec: &str, pool_len: usize) -> String {
    let Ok(parts) = parts(spec) else { return spec.to_owned() };
    let mut samples = pool_len;
    let mut texts = Vec::new();
    for part in parts {
        let (text, count) = part.canonical(samples);
        samples = count;
        texts.extend((text != "full").then_some(text));
    }
    if texts.is_empty() { "full".to_owned() } else { texts.join("+") }
}

/// The parts of a text, the one that chooses first at the beginning.
pub(super) fn parts(spec: &str) -> Result<Vec<Part<'_>>, Error> {
    let parts: Vec<Part<'_>> = spec.split('+').map(Part::parse).collect::<Result<_, _>>()?;
    let before = &parts[..parts.len() - 1];
    for part in before {
        if part.requirements()?.needs_search {
            let (spec, part) = (spec.chars().take(80).collect(), part.entry.name);
            return Err(Error::PartNeedsSearch { part, spec });
        }
    }
    Ok(parts)
}

impl Part<'_> {
    fn requirements(&self) -> Result<Requirements, Error> {
        if self.entry.argument == Argument::Policy {
            return match Control::of(self.entry.name, self.argument)? {
                Control::Same(inner) | Control::Dynamic(inner) => inner.requirements(),
                Control::Random(_) | Control::Balanced(_) => Ok(Requirements::default()),
            };
        }
        Ok(Requirements {
            needs_scores: self.entry.scores.is_some(),
            score_kinds: self.entry.scores.and_then(Scores::kind).into_iter().collect(),
            needs_embeddings: self.entry.needs_embeddings,
            needs_search: self.entry.needs_search,
        })
    }

    /// The arm that this part equals on so many samples, and how many it leaves to the next part.
    fn canonical(&self, samples: usize) -> (String, usize) {
        let name = self.entry.name;
        match self.entry.argument {
            Argument::None => (name.to_owned(), samples),
            Argument::WeightAmount => (with_amount(name, self.argument, samples).0, samples),
            Argument::Amount => match with_amount(name, self.argument, samples) {
                (_, Some(count)) if count == samples => ("full".to_owned(), samples),
                (text, count) => (text, count.unwrap_or(samples)),
            },
            Argument::Policy => match Control::of(name, self.argument) {
                Ok(Control::Same(inner)) => inner.canonical(samples),
                Ok(Control::Random(inner)) => {
                    Part { entry: &random::ENTRY, ..inner }.canonical(samples)
                }
                Ok(Control::Balanced(inner)) => {
                    let entry = &proxy_balanced::ENTRY;
                    prefixed(name, Part { entry, ..inner }.canonical(samples))
                }
                Ok(Control::Dynamic(inner)) => prefixed(name, inner.canonical(samples)),
                Err(_) => (with_amount(name, self.argument, samples).0, samples),
            },
        }
    }
}

/// `random-like:` before a policy, unless that takes all.
fn prefixed(control: &str, (text, count): (String, usize)) -> (String, usize) {
    if text == "full" { (text, count) } else { (format!("{control}:{text}"), count) }
}

/// A policy with its amount in canonical form, and the count that the amount is, if it is one.
fn with_amount(name: &str, argument: Option<&str>, samples: usize) -> (String, Option<usize>) {
    let Some(argument) = argument else { return (name.to_owned(), None) };
    let count = argument.parse::<Amount>().map(|amount| amount.of(samples)).ok();
    let text = count.map_or(argument.to_owned(), |count| amount_text(count, samples));
    (format!("{name}:{text}"), count)
}

/// The shortest share of at most three decimals that is this count, or the count.
fn amount_text(count: usize, samples: usize) -> String {
    let shares = [10, 100, 1000].into_iter().flat_map(|denominator: u32| {
        (1..denominator).map(move |numerator| (numerator, denominator))
    });
    let mut fitting = shares.filter(|&(numerator, denominator)| {
        samples as u128 * u128::from(numerator) / u128::from(denominator) == count as u128
    });
    match fitting.next() {
        Some((numerator, denominator)) => {
            format!("{}", f64::from(numerator) / f64::from(denominator))
        }
        None => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_that_choose_alike_have_one_canonical_form() {
        for (spec, expected) in [
            ("full", "full"),
            ("random:1.0", "full"),
            ("proxy:50000", "full"),
            ("random:0.10", "random:0.1"),
            ("random:5000", "random:0.1"),
            ("random:1001", "random:1001"),
            ("random-like:proxy:0.1", "random:0.1"),
            ("random-like:proxy:5000", "random:0.1"),
            ("random-like:random:0.1", "random:0.1"),
            ("random-like:random-epoch:0.1", "random-epoch:0.1"),
            ("random-like:random-like:bdp", "random-like:bdp"),
            ("dds:1000", "dds:0.02"),
            ("random-like:dds:0.020", "random-like:dds:0.02"),
            ("random-like:k-center-balanced:0.1", "random-like:proxy-balanced:0.1"),
            ("random-like:proxy:1.0", "full"),
            ("full+bdp", "bdp"),
            ("random-like:proxy:0.3+bdp", "random:0.3+bdp"),
            ("proxy:0.5+random-like:k-center:2500", "proxy:0.5+random:0.1"),
            ("proxy:0.5+full", "proxy:0.5"),
            ("no such policy", "no such policy"),
            ("random:many", "random:many"),
            ("random", "random"),
            ("dds", "dds"),
            ("random-like", "random-like"),
        ] {
            assert_eq!(canonical(spec, 50_000), expected, "{spec}");
            assert_eq!(canonical(expected, 50_000), expected, "a canonical form is its own");
        }
    }

    #[test]
    fn requirements_are_those_of_all_parts_and_a_control_of_a_static_policy_has_none() {
        let found = requirements("k-center:0.5+forgetting:0.5+bdp").unwrap();
        let expected = Requirements {
            needs_scores: true,
            score_kinds: vec!["forgetting"],
            needs_embeddings: true,
            needs_search: true,
        };
        assert_eq!(found, expected);
        for spec in ["random-like:proxy:0.1", "random-like:proxy-balanced:0.1", "full"] {
            assert_eq!(requirements(spec).unwrap(), Requirements::default(), "{spec}");
        }
        assert!(requirements("random-like:bdp").unwrap().needs_search);
        assert!(requirements("random-like:prxy:0.1").is_err());
        assert!(requirements(&"random-like:".repeat(100_000)).is_err(), "no stack is that deep");
    }
}
