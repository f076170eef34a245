//! How wide text is, by estimate: the page has no font of its own, and no script measures it.

/// Width of text in a type of `size`, rather too wide than too narrow for the fonts of systems.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// Width of text in bold.
pub(crate) fn bold_width(text: &str, size: f64) -> f64 {
    1.14 * width(text, size)
}

/// The text, or so much of it that it is not wider than `room`, with an ellipsis.
pub(crate) fn fitting(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut used = advance('\u{2026}') * size;
    let mut short = String::new();
    for character in text.chars() {
        used += advance(character) * size;
        if used > room {
            break;
        }
        short.push(character);
    }
    let mut short = short.trim_end().to_owned();
    short.push('\u{2026}');
    short
}

fn advance(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' | '(' | ')' | ' '
        | '\u{202f}' => 0.34,
        'f' | 't' | 'r' | '-' | '/' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '\u{2192}' => 0.95,
        'A'..='Z' | '_' | '+' | '=' | '\u{2212}' | '\u{d7}' => 0.7,
        '0'..='9' => 0.62,
        character if u32::from(character) < 0x1100 => 0.6,
        _ => 1.05,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_to_the_room_and_short_text_is_left_alone() {
        assert_eq!(fitting("cat", 10.0, 40.0), "cat");
        for room in [20.0, 40.0, 60.0, 90.0] {
            let cut = fitting("a class with a very long name", 10.0, room);
            assert!(cut.ends_with('\u{2026}') && width(&cut, 10.0) <= room, "{cut}");
        }
        assert_eq!(fitting("\u{6c49}\u{6c49}\u{6c49}", 10.0, 21.0), "\u{6c49}\u{2026}");
    }
}
