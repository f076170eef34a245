//! Numbers of bytes in words.

/// Bytes as people say them: `15.7 GB`, `12.3 MB`.
pub(crate) fn in_words(bytes: u64) -> String {
    match bytes as f64 {
        bytes @ 1e9.. => format!("{:.1} GB", bytes / 1e9),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_the_unit_that_suits_them() {
        let told = [15_743_000_000, 999_900_000, 12_345_678, 4_000].map(in_words);
        assert_eq!(told, ["15.7 GB", "999.9 MB", "12.3 MB", "0.0 MB"]);
    }
}
