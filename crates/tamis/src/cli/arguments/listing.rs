//! Help that lists what a value may be, from the same lists that the program chooses by.

use tamis::TrainingRecipe;
use tamis::search::{HOSTS, SPACES};
use tamis::select::{Argument, Entry, POLICIES};

/// Help on a flag that names search spaces, with all of them.
pub(super) fn spaces(help: &str) -> String {
    listing(help, SPACES.iter().map(|entry| (entry.name.to_owned(), entry.summary)))
}

/// Help on a flag that names search algorithms, with all of them.
pub(super) fn hosts(help: &str) -> String {
    listing(help, HOSTS.iter().map(|entry| (entry.name.to_owned(), entry.summary)))
}

/// Help on a flag that names recipes of trainings, with what each is for.
pub(super) fn recipes(help: &str) -> String {
    let rows = TrainingRecipe::ALL.into_iter();
    listing(help, rows.map(|(name, _, summary)| (name.to_owned(), summary)))
}

/// Help on a flag that names policies, with those of the list that are `wanted`.
pub(super) fn policies(help: &str, wanted: impl Fn(&Entry) -> bool) -> String {
    let amounts = "R is a share with a point (0.1, of all images) or a count; a+b lets b choose \
                   among what a chose.";
    let policies = POLICIES.iter().filter(|entry| wanted(entry));
    let rows = policies.map(|entry| (written(entry), entry.summary));
    listing(&format!("{help}. {amounts}"), rows)
}

/// A policy's name with what stands after it.
fn written(entry: &Entry) -> String {
    match entry.argument {
        Argument::Amount | Argument::WeightAmount => format!("{}:R", entry.name),
        Argument::Policy => format!("{}:P", entry.name),
        _ => entry.name.to_owned(),
    }
}

fn listing(help: &str, rows: impl Iterator<Item = (String, &'static str)> + Clone) -> String {
    let width = rows.clone().map(|(name, _)| name.len()).max().unwrap_or_default();
    let rows = rows.map(|(name, summary)| format!("\n  {name:<width$}  {summary}"));
    format!("{help}\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_listed_with_what_it_takes_and_what_it_chooses() {
        let help = policies("What chooses", |_| true);
        for (line, entry) in help.lines().skip(2).zip(POLICIES) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(words[0].starts_with(entry.name) && line.ends_with(entry.summary), "{line}");
        }
        assert_eq!(help.lines().count(), 2 + POLICIES.len());
        for written in ["  full  ", "  random:R  ", "  dds:R  ", "  random-like:P  "] {
            assert!(help.contains(written), "{help}");
        }
        assert!(!policies("", |entry| !entry.needs_search).contains("infobatch"));
    }
}
