//! Reading a network's widths and depths from their text form.

use std::str::FromStr;

use super::{Block, Configuration, STAGES};
use crate::Error;
use crate::words::{Form, Word, words};

const FORM: Form =
    Form { space: "tas", example: "stem(16) stage(16-14,8-16) stage(32-32) stage(64-51,19-25)" };

impl FromStr for Configuration {
    type Err = Error;

    /// Reads the text form, or, if it begins with `{`, a `.config` of the authors' code.
    fn from_str(text: &str) -> Result<Configuration, Error> {
        if text.trim_start().starts_with('{') {
            return Configuration::from_config(text);
        }
        let mut words = words(text);
        let mut next = |name: &str| {
            let word = words.next();
            word.ok_or_else(|| FORM.refuse_end(text, &format!("`{name}(…)`")))
        };
        let word = next("stem")?;
        let stem = inside(&word, "stem")?.parse();
        let stem = stem.map_err(|_| FORM.refuse(&word, "the number of the stem's channels"))?;
        let mut stages: [Vec<Block>; STAGES] = Default::default();
        for stage in &mut stages {
            let word = next("stage")?;
            let blocks = inside(&word, "stage")?.split(',').map(|text| block(&word, text));
            *stage = blocks.collect::<Result<_, _>>()?;
        }
        match words.next() {
            Some(word) => Err(FORM.refuse(&word, "the end: there are three stages")),
            None => Configuration::new(stem, stages),
        }
    }
}

/// What stands in parentheses behind a name.
fn inside<'a>(word: &Word<'a>, name: &str) -> Result<&'a str, Error> {
    let inside = word.text.strip_prefix(name).and_then(|rest| rest.strip_prefix('('));
    inside
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(|| FORM.refuse(word, &format!("`{name}(…)`")))
}

fn block(word: &Word<'_>, text: &str) -> Result<Block, Error> {
    let pair = text.split_once('-');
    let numbers = pair.and_then(|(inner, outer)| Some([inner.parse().ok()?, outer.parse().ok()?]));
    let expected = "of each block the channels of both convolutions, such as `16-14`";
    let [inner, outer] = numbers.ok_or_else(|| FORM.refuse(word, expected))?;
    Ok(Block { inner, outer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_back() {
        let read: Configuration = FORM.example.parse().unwrap();
        assert_eq!(read.to_string(), FORM.example);
        assert_eq!(read.stem(), 16);
        assert_eq!(read.stages()[0][1], Block { inner: 8, outer: 16 });
        assert_eq!((read.most_blocks(), read.stages()[1].len()), (2, 1));
        let spaced = FORM.example.replace(' ', "\n  ");
        assert_eq!(spaced.parse::<Configuration>().unwrap(), read);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, position, expected) in [
            ("stem(16)", 9, "`stage(…)`"),
            ("stage(16-16)", 1, "`stem(…)`"),
            ("stem(x) stage(1-1) stage(1-1) stage(1-1)", 1, "the stem's channels"),
            ("stem(1) stage(1-1,2) stage(1-1) stage(1-1)", 9, "such as `16-14`"),
            ("stem(1) stage() stage(1-1) stage(1-1)", 9, "such as `16-14`"),
            ("stem(1) stage(1-1) stage(1-1) stage(1-1) stage(1-1)", 42, "three stages"),
        ] {
            let told = text.parse::<Configuration>().unwrap_err().to_string();
            assert!(told.contains(&format!("character {position} ")), "{told}");
            assert!(told.contains(expected) && told.contains(FORM.example), "{told}");
        }
        let told = "stem(1) stage(1-0) stage(1-1) stage(1-1)".parse::<Configuration>().unwrap_err();
        assert!(told.to_string().contains("at least one channel"), "{told}");
    }
}
