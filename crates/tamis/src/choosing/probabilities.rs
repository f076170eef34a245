//! Scores of class probabilities that another program made: entropy, margin and loss.
//!
//! A table of probabilities has a row a sample and a column a class: `p_0`, `p_1` and so on, or a
//! bare array of two dimensions. The formulas are those of this project's own scorer, in double
//! precision. Probabilities are taken as they are: nothing is normalised, and logits are refused.

use tamis_core::math;
use tamis_tables::{Table, TableError};

use crate::choosing::samples::Samples;
use crate::error::Error;

/// How far from 1 the probabilities of a row may sum up: those in half precision do.
const TOLERANCE: f64 = 2e-3;

/// What is made of the probabilities of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbabilityScore {
    /// `- sum p ln p`, in nats, where `0 ln 0` is 0: high where the network is not certain.
    Entropy,
    /// The largest probability less the second largest: low where the network is not certain.
    Margin,
    /// `- ln p` of the sample's own class, in nats: high where the network is wrong.
    Loss,
}

impl ProbabilityScore {
    /// Its name, by which policies say what they need.
    pub fn name(self) -> &'static str {
        match self {
            ProbabilityScore::Entropy => "entropy",
            ProbabilityScore::Margin => "margin",
            ProbabilityScore::Loss => "loss",
        }
    }

    /// The score of these probabilities and this class, which is one of them.
    fn of(self, probabilities: &[f64], class: usize) -> f64 {
        match self {
            ProbabilityScore::Entropy => {
                let parts =
                    probabilities.iter().map(|&p| if p > 0.0 { -p * math::ln(p) } else { 0.0 });
                // A probability of a little more than 1 has a little less than no entropy.
                parts.sum::<f64>().max(0.0)
            }
            ProbabilityScore::Margin => {
                let two = probabilities.iter().fold((0.0, 0.0), |(first, second), &p| {
                    if p > first { (p, first) } else { (first, f64::max(second, p)) }
                });
                two.0 - two.1
            }
            ProbabilityScore::Loss => (-math::ln(probabilities[class])).max(0.0),
        }
    }
}

/// The number of classes that a table has probabilities of; 0 if it is no such table.
fn classes_of(table: &Table) -> usize {
    let prefix = prefix(table);
    (0_usize..).take_while(|class| table.find(&[&format!("{prefix}{class}")]).is_some()).count()
}

/// What stands before the number of the class in the names of the columns.
fn prefix(table: &Table) -> &'static str {
    if table.is_bare() { "z_" } else { "p_" }
}

/// Whether somebody who expects scores holds a table of probabilities.
pub(crate) fn is_of_probabilities(table: &Table) -> bool {
    classes_of(table) > 1
}

/// The scores of a table of probabilities, by row. The samples are those of the rows.
pub(crate) fn scores(
    table: &Table,
    score: ProbabilityScore,
    ids: &[u32],
    samples: &Samples<'_>,
) -> Result<Vec<f64>, Error> {
    let classes = checked_classes(table, samples)?;
    let prefix = prefix(table);
    let columns = (0..classes).map(|class| {
        let column = table.expect_column(&[&format!("{prefix}{class}")])?;
        table.finite(column)
    });
    let columns = columns.collect::<Result<Vec<_>, TableError>>()?;
    let mut row_of = vec![0.0; classes];
    let scores = (0..table.rows()).map(|row| {
        row_of.iter_mut().zip(&columns).for_each(|(p, column)| *p = column[row]);
        check(table, row, &row_of)?;
        match score {
            ProbabilityScore::Loss => {
                loss(table, row, &row_of, samples.labels.get(ids[row] as usize))
            }
            _ => Ok(score.of(&row_of, 0)),
        }
    });
    Ok(scores.collect::<Result<_, TableError>>()?)
}

/// The number of classes, which must be that of the data where they are at hand.
fn checked_classes(table: &Table, samples: &Samples<'_>) -> Result<usize, TableError> {
    let classes = classes_of(table);
    if classes < 2 {
        let names = table.columns().iter().map(|column| column.name.as_str());
        let names = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let expected = "`p_0`, `p_1` and so on, a probability a class; hint: leave --score out where \
                        the file has scores";
        return Err(table.malformed("the columns", names, expected));
    }
    match samples.images.map(|images| images.classes().len()) {
        Some(expected) if expected != classes => {
            let found = format!("probabilities of {classes} classes");
            let expected = format!("those of the {expected} classes of the data");
            Err(table.malformed("the columns", found, expected))
        }
        _ => Ok(classes),
    }
}

/// Refuses a row that is no distribution, and says what it looks like.
fn check(table: &Table, row: usize, values: &[f64]) -> Result<(), TableError> {
    let sum: f64 = values.iter().sum();
    let negative = values.iter().find(|&&value| value < 0.0);
    if negative.is_none() && (sum - 1.0).abs() <= TOLERANCE {
        return Ok(());
    }
    let found = match negative {
        Some(value) => format!("the value {value}"),
        None => format!("values that sum up to {sum:.6}"),
    };
    let exponentials: f64 = values.iter().map(|value| math::exp(*value)).sum();
    let hint = match (exponentials - 1.0).abs() <= TOLERANCE {
        true => "these look like log-probabilities: take their exponential first",
        false => "these look like logits: take the softmax of each row first",
    };
    let expected = format!("probabilities from 0 on that sum up to 1; hint: {hint}");
    Err(table.wrong_row(row, None, found, &expected))
}

fn loss(
    table: &Table,
    row: usize,
    probabilities: &[f64],
    label: Option<&u32>,
) -> Result<f64, TableError> {
    // Rows of samples that there are not are left out or refused by whoever uses the scores.
    let Some(&label) = label else { return Ok(0.0) };
    match probabilities.get(label as usize) {
        None => {
            let found = format!("a sample of the class {label}");
            let expected = format!("one of the {} classes of the columns", probabilities.len());
            Err(table.wrong_row(row, None, found, &expected))
        }
        Some(0.0) => {
            let found = format!("the probability 0 of the sample's own class {label}");
            let expected = "one above it, since the loss of this one is infinite; hint: write \
                            probabilities in double precision";
            Err(table.wrong_row(row, None, found, expected))
        }
        Some(_) => Ok(ProbabilityScore::Loss.of(probabilities, label as usize)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A distribution made of these weights.
    fn distribution(weights: &[f64]) -> Vec<f64> {
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    #[test]
    fn the_scores_are_what_their_formulas_say() {
        use ProbabilityScore::{Entropy, Loss, Margin};
        let p = [0.5, 0.25, 0.0, 0.25];
        assert!((Entropy.of(&p, 0) - 1.5 * 2.0_f64.ln()).abs() < 1e-15, "0 ln 0 is 0");
        assert_eq!(Margin.of(&p, 0), 0.25);
        assert_eq!(Loss.of(&p, 1), 4.0_f64.ln());
        let sure = [0.0, 1.0, 0.0];
        assert_eq!(Entropy.of(&sure, 0), 0.0);
        assert_eq!(Margin.of(&sure, 0), 1.0);
        assert_eq!(Loss.of(&sure, 1).to_bits(), 0.0_f64.to_bits(), "not the zero below zero");
        assert_eq!(Margin.of(&[0.4, 0.4, 0.2], 0), 0.0, "two that are equal");
        assert_eq!(Entropy.of(&[1.0 + 1e-4, 0.0], 0), 0.0, "no entropy is below zero");
    }

    proptest! {
        #[test]
        fn entropy_and_margin_do_not_look_at_the_order_and_keep_their_bounds(
            weights in prop::collection::vec(0.01_f64..1.0, 2..20),
        ) {
            let p = distribution(&weights);
            let mut back = p.clone();
            back.reverse();
            let (entropy, margin) = (ProbabilityScore::Entropy, ProbabilityScore::Margin);
            prop_assert!((entropy.of(&p, 0) - entropy.of(&back, 0)).abs() < 1e-12);
            prop_assert_eq!(margin.of(&p, 0), margin.of(&back, 0));
            prop_assert!(entropy.of(&p, 0) <= (p.len() as f64).ln() + 1e-9);
            prop_assert!((0.0..=1.0).contains(&margin.of(&p, 0)));
        }
    }
}
