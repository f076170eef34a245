//! How many samples: a share of the pool or a count.
//!
//! Shares are kept as decimal fractions, so that 0.29 of 100 samples is 29 and not the 28 that
//! binary fractions give.

use std::str::FromStr;

use crate::Error;

/// A share of the pool (`0.1`, with a point and at most 1) or a count (`1000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Share { numerator: u64, denominator: u64 },
    Count(usize),
}

/// Decimals of a share that fit exactly.
const DECIMALS: usize = 18;

impl Amount {
    /// The share that `share` prints as: 0.1 is one tenth.
    ///
    /// # Errors
    ///
    /// A number that is not in 0..=1 or prints with more than 18 decimals.
    pub fn share(share: f64) -> Result<Amount, Error> {
        let text = if share == 0.0 { "0".to_owned() } else { share.to_string() };
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        read_share(whole, decimals).map(Amount).ok_or(Error::Share { found: share })
    }

    /// How many of `samples` this is: a share rounded down, or the count itself, even if it is
    /// larger.
    pub fn of(self, samples: usize) -> usize {
        match self.0 {
            Kind::Count(count) => count,
            Kind::Share { numerator, denominator } => {
                let scaled = u128::from(numerator) * samples as u128;
                (scaled / u128::from(denominator)) as usize
            }
        }
    }

    /// As [`Amount::of`], but a share is rounded up.
    pub fn of_rounded_up(self, samples: usize) -> usize {
        match self.0 {
            Kind::Count(count) => count,
            Kind::Share { numerator, denominator } => {
                let scaled = u128::from(numerator) * samples as u128;
                scaled.div_ceil(u128::from(denominator)) as usize
            }
        }
    }
}

impl FromStr for Amount {
    type Err = Error;

    /// Reads digits, with a point for a share; no sign, no exponent.
    fn from_str(text: &str) -> Result<Amount, Error> {
        let kind = match text.split_once('.') {
            Some((whole, decimals)) => read_share(whole, decimals),
            None if is_digits(text) => text.parse().ok().map(Kind::Count),
            None => None,
        };
        kind.map(Amount).ok_or_else(|| Error::Amount { found: text.chars().take(40).collect() })
    }
}

fn read_share(whole: &str, decimals: &str) -> Option<Kind> {
    if !is_digits(&format!("{whole}{decimals}")) {
        return None;
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > DECIMALS {
        return None;
    }
    let numerator = format!("0{whole}{decimals}").parse().ok()?;
    let denominator = 10_u64.pow(decimals.len() as u32);
    (numerator <= denominator).then_some(Kind::Share { numerator, denominator })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, samples: usize) -> usize {
        text.parse::<Amount>().unwrap().of(samples)
    }

    #[test]
    fn shares_are_exact_where_binary_fractions_are_not() {
        assert_eq!(of("0.1", 50_000), 5_000);
        assert_eq!(of("0.29", 100), 29);
        assert_eq!(of("0.57", 100), 57);
        assert_eq!(Amount::share(0.29).unwrap().of(100), 29);
        // In binary fractions these are a little more than a whole number.
        for (share, expected) in
            [(0.07, 7), (0.14, 14), (0.55, 55), (0.071, 8), (0.0, 0), (1.0, 100)]
        {
            assert_eq!(Amount::share(share).unwrap().of_rounded_up(100), expected, "{share}");
        }
        assert_eq!(of("0.999999999999999999", u32::MAX as usize), u32::MAX as usize - 1);
    }

    #[test]
    fn a_point_makes_the_difference_between_all_and_one() {
        assert_eq!((of("1.0", 70), of("1.", 70), of("1", 70)), (70, 70, 1));
        assert_eq!((of(".5", 7), of("0.50", 7), of("1000", 7)), (3, 3, 1000));
        assert_eq!((of("0.0", 7), of(".0", 7), of("0", 7)), (0, 0, 0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ".", "-0.1", "+0.1", "-1", "1.5", "2.0", "NaN", "inf", "1e-1", "0,1"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        for text in ["0.1.1", "0.1%", " 0.1", "99999999999999999999", "0.0000000000000000001"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        for share in [-0.1, 1.1, f64::NAN, f64::INFINITY, 1e-30] {
            assert!(Amount::share(share).is_err(), "{share}");
        }
    }

    #[test]
    fn the_message_says_how_an_amount_is_written() {
        assert_eq!(
            "-0.1".parse::<Amount>().unwrap_err().to_string(),
            "reading the amount `-0.1`: expected a share with a point and at most 1, such as 0.1, \
             or a whole count, such as 1000"
        );
    }

    proptest! {
        #[test]
        fn a_share_in_thousandths_is_rounded_down(thousandths in 0_usize..=1000, n in 0_usize..100_000) {
            let expected = n * thousandths / 1000;
            let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            prop_assert_eq!(of(&text, n), expected);
            prop_assert_eq!(Amount::share(thousandths as f64 / 1000.0).unwrap().of(n), expected);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in r"(\PC|[0-9.]){0,40}") {
            let _ = text.parse::<Amount>().map(|amount| amount.of(usize::MAX));
        }
    }
}
