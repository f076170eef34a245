//! Class names that look alike. On another file system, or to a reader, they would be one class: such names
//! are never two classes here.

use unicode_normalization::UnicodeNormalization;

/// What names that look alike have in common: the composed Unicode form (NFC) in lower case, without what
/// cannot be seen, any run of white space taken for one space.
pub(super) fn look(name: &str) -> String {
    let lower = name.chars().filter(|&letter| !is_invisible(letter)).nfc().collect::<String>();
    let lower = lower.to_lowercase().nfc().collect::<String>();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Soft hyphen, zero width space, marks of direction, word joiner, byte order mark, an emoji's form.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{fe0e}'
            | '\u{fe0f}'
    )
}

/// How two names differ that look alike, to end the sentence "found `a` and `b`, ".
pub(super) fn difference(first: &str, second: &str) -> String {
    if first.to_lowercase() == second.to_lowercase() {
        return "which differ only in case".to_owned();
    }
    let (first, second): (Vec<char>, Vec<char>) =
        (first.chars().collect(), second.chars().collect());
    let same = |(a, b): &(&char, &char)| a == b;
    let start = first.iter().zip(&second).take_while(same).count();
    let (first, second) = (&first[start..], &second[start..]);
    let end = first.iter().rev().zip(second.iter().rev()).take_while(same).count();
    let (first, second) = (&first[..first.len() - end], &second[..second.len() - end]);
    format!(
        "which look the same: the first has {} where the second has {}",
        code_points(first),
        code_points(second)
    )
}

fn code_points(letters: &[char]) -> String {
    let points: Vec<String> =
        letters.iter().map(|&letter| format!("U+{:04X}", u32::from(letter))).collect();
    if points.is_empty() { "nothing".to_owned() } else { points.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_alike_in_any_case_composed_or_not_and_with_what_cannot_be_seen() {
        let alike = [
            ("caf\u{e9}", "cafe\u{301}"),
            ("\u{c5}NGSTR\u{d6}M", "\u{212b}ngstro\u{308}m"),
            ("\u{1100}\u{1161}", "\u{ac00}"),
            ("\u{1e69}", "s\u{307}\u{323}"),
            ("big dog", "big\u{a0}dog "),
            ("cat", "c\u{ad}at\u{200b}"),
        ];
        for (first, second) in alike {
            assert_eq!(look(first), look(second), "{first} {second}");
        }
        for (first, second) in [("cafe", "caf\u{e9}"), ("x2", "x\u{b2}"), ("a b", "ab")] {
            assert_ne!(look(first), look(second), "{first} {second}");
        }
    }

    #[test]
    fn only_what_differs_is_spelled_out() {
        let case = "which differ only in case";
        assert_eq!(difference("Cat", "cat"), case);
        let text = "which look the same: the first has U+00E9 where the second has U+0065 U+0301";
        assert_eq!(difference("caf\u{e9}s", "cafe\u{301}s"), text);
        let text = "which look the same: the first has nothing where the second has U+0020";
        assert_eq!(difference("cat", "cat "), text);
    }
}
