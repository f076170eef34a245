//! How numbers are written: as many digits as say something, a real minus, a narrow space before units.
//!
//! A number that is not finite is written as such, never as a figure.

/// Narrow space that keeps a number and its unit on one line.
const SPACE: char = '\u{202f}';

const NOT_FINITE: &str = "not finite";

/// With so many decimals.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NOT_FINITE.to_owned();
    }
    if value.abs() >= 1e15 {
        return short(value);
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| "0.".contains(c)) => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

/// With a sign always, as differences are written.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    let positive = value > 0.0 && text.chars().any(|c| ('1'..='9').contains(&c));
    if positive { format!("+{text}") } else { text }
}

/// A share, 0 to 1, in percent.
pub(crate) fn percent(share: f64, decimals: usize) -> String {
    match share.is_finite() {
        true => format!("{}{SPACE}%", fixed(share * 100.0, decimals)),
        false => NOT_FINITE.to_owned(),
    }
}

/// A whole number, in groups of three.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Without decimals, in groups of three.
pub(crate) fn whole(value: f64) -> String {
    if value.abs() >= 1e15 || !value.is_finite() {
        return short(value);
    }
    let rounded = value.round();
    let digits = count(rounded.abs() as u64);
    if rounded < 0.0 { format!("\u{2212}{digits}") } else { digits }
}

/// With three digits and a prefix of the SI: `1.25 M`; a power of ten where there is no prefix.
pub(crate) fn short(value: f64) -> String {
    const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    if !value.is_finite() {
        return NOT_FINITE.to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..9.995e20).contains(&size) {
        return power_of_ten(value);
    }
    // 999.6 has to become 1.00 k.
    let mut step = 0;
    while step + 1 < PREFIXES.len() && size / 1000_f64.powi(step as i32) >= 999.5 {
        step += 1;
    }
    let scaled = value / 1000_f64.powi(step as i32);
    let text = three_digits(scaled);
    if step == 0 { text } else { format!("{text}{SPACE}{}", PREFIXES[step]) }
}

/// As [`short`] without zeros behind the point: for ticks.
pub(crate) fn tick(value: f64) -> String {
    let text = short(value);
    let (number, unit) = match text.split_once(SPACE) {
        Some((number, unit)) => (number, unit),
        None => (text.as_str(), ""),
    };
    let number = match number.contains('.') && !number.contains('×') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    if unit.is_empty() { number.to_owned() } else { format!("{number}{SPACE}{unit}") }
}

/// Seconds, in the two units that say most.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NOT_FINITE.to_owned();
    }
    if seconds.abs() >= 1e15 {
        return format!("{}{SPACE}s", short(seconds));
    }
    if seconds.abs() < 59.95 {
        return format!("{}{SPACE}s", fixed(seconds, if seconds.abs() < 9.995 { 2 } else { 1 }));
    }
    let whole = seconds.abs().round() as u64;
    let (large, small, units) = match whole {
        0..3600 => (whole / 60, whole % 60, ["min", "s"]),
        3600..86_400 => (whole / 3600, whole % 3600 / 60, ["h", "min"]),
        _ => (whole / 86_400, whole % 86_400 / 3600, ["d", "h"]),
    };
    let sign = if seconds < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}{}{SPACE}{} {small}{SPACE}{}", count(large), units[0], units[1])
}

/// Bytes, in powers of 1024.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let text = if unit == 0 { count(bytes) } else { three_digits(size) };
    format!("{text}{SPACE}{}", UNITS[unit])
}

fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size if size >= 0.09995 => 3,
        size if size >= 0.009995 => 4,
        _ => 5,
    };
    fixed(value, decimals)
}

/// Such as `2.5×10⁻⁵`.
fn power_of_ten(value: f64) -> String {
    let text = format!("{value:.2e}");
    let (number, exponent) = text.split_once('e').unwrap_or((text.as_str(), "0"));
    let raised: String = exponent.chars().map(superscript).collect();
    let number = number.replace('-', "\u{2212}");
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number}×10{raised}")
}

fn superscript(digit: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    digit.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// With ordinary spaces.
    fn plain(text: String) -> String {
        text.replace(SPACE, " ")
    }

    #[test]
    fn numbers_are_written_with_a_real_minus_and_no_negative_zero() {
        assert_eq!(fixed(-1.25, 1), "\u{2212}1.2");
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(signed(0.44, 1), "+0.4");
        assert_eq!(signed(0.04, 1), "0.0");
        assert_eq!(plain(percent(0.98765, 1)), "98.8 %");
        assert_eq!(count(1_250_000), "1,250,000");
        assert_eq!(count(999), "999");
        assert_eq!(whole(-1234.6), "\u{2212}1,235");
    }

    #[test]
    fn large_numbers_carry_prefixes_and_round_over_them() {
        let texts = [0.0, 12.34, 999.4, 999.6, 1.25e6, 3.4567e12, 2e24, 2.5e-5]
            .map(|value| plain(short(value)));
        let expected = ["0", "12.3", "999", "1.00 k", "1.25 M", "3.46 T", "2×10²⁴", "2.5×10⁻⁵"];
        assert_eq!(texts, expected);
        assert_eq!([20e6, 0.5, 100.0].map(|value| plain(tick(value))), ["20 M", "0.5", "100"]);
    }

    #[test]
    fn durations_have_two_units_and_bytes_powers_of_two() {
        let texts =
            [3.94, 59.96, 3599.6, 4320.0, 187_200.0].map(|seconds| plain(duration(seconds)));
        assert_eq!(texts, ["3.94 s", "1 min 0 s", "1 h 0 min", "1 h 12 min", "2 d 4 h"]);
        assert_eq!(plain(bytes(1_610_612_736)), "1.50 GiB");
    }

    proptest! {
        #[test]
        fn no_number_is_written_as_nan_or_infinite(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let written = [fixed(value, 2), signed(value, 1), short(value), tick(value), duration(value)];
            for text in written {
                prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
                prop_assert!(text.chars().count() < 30, "{}", text);
                prop_assert_eq!(value.is_finite(), !text.contains(NOT_FINITE));
            }
        }
    }
}
