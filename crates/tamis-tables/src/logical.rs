//! What the values of a Parquet column stand for: its logical type, or the older converted one.
//!
//! Parquet keeps few kinds of values and says beside them what they mean: the same 64 bits may be a
//! whole number, a decimal fraction or a moment. Taken without their meaning they would be read as
//! numbers that they are not.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::ColumnDescriptor;

/// Most digits of whole numbers, and of decimals' scales, up to which a division by a power of ten
/// is rounded once and right.
const EXACT_SCALE: u32 = 22;
const EXACT_WHOLE: u128 = 1 << 53;

/// What the values of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Whole numbers with a sign.
    Signed,
    /// Whole numbers without one.
    Unsigned,
    /// Real numbers in single or double precision.
    Real,
    /// Real numbers in half precision.
    Half,
    /// Whole numbers of the power of ten that is this far below 1.
    Decimal(u32),
    /// Text.
    Text,
    /// Something that is no number, by its name.
    NoNumber(&'static str),
}

impl Meaning {
    pub(super) fn of(column: &ColumnDescriptor) -> Meaning {
        match column.logical_type_ref() {
            Some(logical) => of_logical(logical, column),
            None => of_converted(column),
        }
    }
}

fn of_logical(logical: &LogicalType, column: &ColumnDescriptor) -> Meaning {
    match logical {
        LogicalType::Integer(integer) if integer.is_signed => Meaning::Signed,
        LogicalType::Integer(_) => Meaning::Unsigned,
        LogicalType::Decimal(decimal) => scaled(decimal.scale),
        LogicalType::Float16 => Meaning::Half,
        LogicalType::String | LogicalType::Enum => Meaning::Text,
        LogicalType::Date => Meaning::NoNumber("dates"),
        LogicalType::Time(_) => Meaning::NoNumber("times of day"),
        LogicalType::Timestamp(_) => Meaning::NoNumber("timestamps"),
        LogicalType::Uuid => Meaning::NoNumber("UUIDs"),
        LogicalType::Json | LogicalType::Bson => Meaning::NoNumber("JSON documents"),
        // All values are missing, of whatever kind they would be.
        LogicalType::Unknown => of_physical(column.physical_type()),
        LogicalType::Map | LogicalType::List => Meaning::NoNumber("lists"),
        _ => Meaning::NoNumber("values of a logical type that is no number"),
    }
}

fn of_converted(column: &ColumnDescriptor) -> Meaning {
    use ConvertedType as Converted;
    match column.converted_type() {
        Converted::NONE => of_physical(column.physical_type()),
        Converted::INT_8 | Converted::INT_16 | Converted::INT_32 | Converted::INT_64 => {
            Meaning::Signed
        }
        Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64 => {
            Meaning::Unsigned
        }
        Converted::DECIMAL => scaled(column.type_scale()),
        Converted::UTF8 | Converted::ENUM => Meaning::Text,
        Converted::DATE => Meaning::NoNumber("dates"),
        Converted::TIME_MILLIS | Converted::TIME_MICROS => Meaning::NoNumber("times of day"),
        Converted::TIMESTAMP_MILLIS | Converted::TIMESTAMP_MICROS => {
            Meaning::NoNumber("timestamps")
        }
        Converted::INTERVAL => Meaning::NoNumber("intervals of time"),
        Converted::JSON | Converted::BSON => Meaning::NoNumber("JSON documents"),
        Converted::LIST | Converted::MAP | Converted::MAP_KEY_VALUE => Meaning::NoNumber("lists"),
    }
}

fn of_physical(physical: Physical) -> Meaning {
    match physical {
        Physical::INT32 | Physical::INT64 => Meaning::Signed,
        Physical::FLOAT | Physical::DOUBLE => Meaning::Real,
        Physical::BOOLEAN => Meaning::NoNumber("booleans"),
        Physical::INT96 => Meaning::NoNumber("timestamps"),
        // What older programs wrote text as.
        Physical::BYTE_ARRAY => Meaning::Text,
        Physical::FIXED_LEN_BYTE_ARRAY => Meaning::NoNumber("bytes"),
    }
}

fn scaled(scale: i32) -> Meaning {
    match u32::try_from(scale) {
        Ok(scale) => Meaning::Decimal(scale),
        Err(_) => Meaning::NoNumber("decimals of a negative scale"),
    }
}

/// The double nearest to a decimal of this scale.
pub(super) fn decimal(unscaled: i128, scale: u32) -> f64 {
    if unscaled.unsigned_abs() <= EXACT_WHOLE && scale <= EXACT_SCALE {
        return unscaled as f64 / 10_f64.powi(scale as i32);
    }
    // Division would round twice; reading text does not.
    format!("{unscaled}e-{scale}").parse().unwrap_or(f64::NAN)
}

/// A whole number as Parquet keeps it in bytes: the most significant first, with a sign. `None` if
/// it has more than 128 bits.
pub(super) fn big_endian(bytes: &[u8]) -> Option<i128> {
    let fill = if bytes.first().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
    let (beyond, last) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut whole = [fill; 16];
    whole[16 - last.len()..].copy_from_slice(last);
    let value = i128::from_be_bytes(whole);
    let fits =
        beyond.is_empty() || beyond.iter().all(|&byte| byte == fill) && (value < 0) == (fill != 0);
    (!bytes.is_empty() && fits).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_the_doubles_that_their_text_reads_as() {
        assert_eq!(decimal(1999, 2), 19.99);
        assert_eq!(decimal(-5, 0), -5.0);
        let long: f64 = "1.23456789012345678".parse().unwrap();
        assert_eq!(decimal(123_456_789_012_345_678, 17), long);
        assert_eq!(decimal(1, 38), 1e-38);
    }

    #[test]
    fn whole_numbers_in_bytes_keep_their_sign_whatever_their_length() {
        assert_eq!(big_endian(&[0x07, 0xcf]), Some(1999));
        assert_eq!(big_endian(&[0xff]), Some(-1));
        assert_eq!(big_endian(&[0; 32]), Some(0));
        assert_eq!(big_endian(&[0xff; 20]), Some(-1));
        let mut large = [0; 17];
        large[0] = 1;
        assert_eq!(big_endian(&large), None);
        assert_eq!(big_endian(&[&[0_u8][..], &[0x80; 16][..]].concat()), None, "2^127 and more");
        assert_eq!(big_endian(&[]), None);
    }

    proptest! {
        #[test]
        fn a_decimal_is_what_its_text_reads_as(unscaled: i64, scale in 0_u32..30) {
            let text = format!("{unscaled}e-{scale}");
            prop_assert_eq!(decimal(i128::from(unscaled), scale), text.parse::<f64>().unwrap());
        }

        #[test]
        fn bytes_read_back_as_the_number_that_they_are_of(value: i128, more in 0_usize..20) {
            let sign = if value < 0 { 0xff } else { 0 };
            let bytes = [vec![sign; more], value.to_be_bytes().to_vec()].concat();
            prop_assert_eq!(big_endian(&bytes), Some(value));
        }
    }
}
