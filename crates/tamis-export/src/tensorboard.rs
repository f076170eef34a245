//! Numbers over time as TensorBoard reads them: an event file.
//!
//! A row of records, each with its length and checksums as TensorFlow's `RecordWriter` frames it (CRC-32C,
//! rotated and shifted); in each an `Event` message of which only the fields that scalars need are declared.

use prost::Message;

/// A number at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// What it is, such as `loss`.
    pub tag: String,
    /// When: an epoch, say.
    pub step: u64,
    /// When on the clock, in seconds.
    pub wall_s: f64,
    /// The number.
    pub value: f32,
}

/// The contents of an event file, whose name has to contain `tfevents`.
pub fn tensorboard(scalars: &[Scalar]) -> Vec<u8> {
    let version = Event { file_version: Some("brain.Event:2".to_owned()), ..Event::default() };
    let events = scalars.iter().map(|scalar| Event {
        wall_time: scalar.wall_s,
        step: scalar.step as i64,
        file_version: None,
        summary: Some(Summary {
            values: vec![Value { tag: scalar.tag.clone(), simple_value: Some(scalar.value) }],
        }),
    });
    [version].into_iter().chain(events).flat_map(|event| record(&event.encode_to_vec())).collect()
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), data, &checksum(data)].concat()
}

/// TensorFlow's masked checksum.
fn checksum(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_numbers_is_the_version_as_tensorflow_writes_it() {
        // The first record of a file of TensorFlow's own, but for the time on its clock: 0 is left out.
        let data = b"\x1a\x0dbrain.Event:2";
        assert_eq!(tensorboard(&[]), record(data));
        assert_eq!(tensorboard(&[])[..8], 15_u64.to_le_bytes());
    }

    #[test]
    fn the_checksum_is_that_of_rfc_3720_masked() {
        // RFC 3720, B.4: 32 bytes of zeros have the CRC 8a9136aa.
        let masked = 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(checksum(&[0; 32]), masked.to_le_bytes());
    }

    #[test]
    fn every_number_is_an_event_of_its_own_in_order() {
        let scalar = |step, value| Scalar { tag: "loss".into(), step, wall_s: 1.5, value };
        let scalars = [scalar(0, 2.5), scalar(1, -0.0)];
        let bytes = tensorboard(&scalars);
        let mut rest = &bytes[tensorboard(&[]).len()..];
        for expected in &scalars {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let event = Event::decode(&rest[12..12 + length]).unwrap();
            let value = &event.summary.unwrap().values[0];
            assert_eq!((event.step as u64, event.wall_time), (expected.step, expected.wall_s));
            assert_eq!(value.simple_value.unwrap().to_bits(), expected.value.to_bits());
            assert_eq!(value.tag, "loss");
            rest = &rest[16 + length..];
        }
        assert!(rest.is_empty());
    }
}
