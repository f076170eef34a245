//! Reading the benchmark's architecture strings.
//!
//! Strict: every edge once, in order, so that a string that was cut or mixed up is refused with
//! the place where it goes wrong. Readers elsewhere fill missing edges with `none`; this does not.

use std::str::FromStr;

use super::{Genotype, NODES, Operation};
use crate::Error;

impl FromStr for Genotype {
    type Err = Error;

    /// Reads `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`; blanks at both ends are let pass.
    fn from_str(text: &str) -> Result<Genotype, Error> {
        let text = text.trim_end();
        let mut cursor = Cursor { text, at: text.len() - text.trim_start().len() };
        let mut operations = [Operation::None; 6];
        let mut edges = operations.iter_mut();
        for target in 1..NODES {
            cursor.expect(if target == 1 { "|" } else { "+|" })?;
            for (source, edge) in ["~0|", "~1|", "~2|"].into_iter().zip(edges.by_ref().take(target))
            {
                *edge = cursor.operation()?;
                cursor.expect(source)?;
            }
        }
        cursor.end()?;
        Ok(Genotype(operations))
    }
}

impl TryFrom<String> for Genotype {
    type Error = Error;

    fn try_from(text: String) -> Result<Genotype, Error> {
        text.parse()
    }
}

/// A place in a text, in bytes and always at the border of a character.
struct Cursor<'text> {
    text: &'text str,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn expect(&mut self, token: &str) -> Result<(), Error> {
        if !self.rest().starts_with(token) {
            return Err(self.error(&format!("`{token}`")));
        }
        self.at += token.len();
        Ok(())
    }

    fn operation(&mut self) -> Result<Operation, Error> {
        let length = self.rest().find(['~', '|', '+']).unwrap_or(self.rest().len());
        let operation = Operation::from_name(&self.rest()[..length])
            .ok_or_else(|| self.error(&format!("one of {}", Operation::names())))?;
        self.at += length;
        Ok(operation)
    }

    fn end(&self) -> Result<(), Error> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("the end")) }
    }

    fn error(&self, expected: &str) -> Error {
        Error::Genotype {
            space: "nas-bench-201",
            position: self.text[..self.at].chars().count() + 1,
            found: self.token(),
            expected: expected.to_owned(),
            form: "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|",
        }
    }

    /// What stands here, up to and with the next bar, in quotes.
    fn token(&self) -> String {
        let token: String = self.rest().split_inclusive('|').take(1).collect();
        match token.chars().take(40).collect::<String>() {
            nothing if nothing.is_empty() => "the end".to_owned(),
            token => format!("`{token}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as SerdeError, StrDeserializer};

    use super::*;

    const TEXT: &str = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|";

    fn error(text: &str) -> (usize, String, String) {
        match text.parse::<Genotype>() {
            Err(Error::Genotype { position, found, expected, .. }) => (position, found, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unknown_operation_is_refused_at_its_place() {
        let (position, found, expected) = error(&TEXT.replace("skip_connect", "skip"));
        assert_eq!((position, found.as_str()), (26, "`skip~1|`"));
        assert!(expected.contains("`skip_connect`"));
    }

    #[test]
    fn a_missing_edge_is_refused_where_it_should_stand() {
        let (position, found, expected) = error(&TEXT.replace("skip_connect~1|", ""));
        assert_eq!((position, found.as_str()), (26, "`+|`"));
        assert!(expected.starts_with("one of `none`"));
    }

    #[test]
    fn edges_out_of_order_are_refused() {
        let (position, found, expected) = error(&TEXT.replace("~1", "~0"));
        assert_eq!((position, found.as_str(), expected.as_str()), (38, "`~0|`", "`~1|`"));
    }

    #[test]
    fn a_text_that_ends_early_or_late_is_refused() {
        assert_eq!(error(""), (1, "the end".into(), "`|`".into()));
        assert_eq!(error(&TEXT[..16]), (17, "the end".into(), "`+|`".into()));
        let longer = format!("{TEXT}+|none~0|");
        assert_eq!(error(&longer), (TEXT.len() + 1, "`+|`".into(), "the end".into()));
    }

    #[test]
    fn the_message_shows_the_place_and_the_form() {
        let message = "|none~0|x".parse::<Genotype>().unwrap_err().to_string();
        assert_eq!(
            message,
            "reading a nas-bench-201 genotype: at character 9 found `x`, expected `+|`; \
             hint: the form is |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
        );
    }

    #[test]
    fn serde_reads_the_string_and_refuses_another() {
        let read = |text: &'static str| {
            let source: StrDeserializer<'_, SerdeError> = text.into_deserializer();
            Genotype::deserialize(source)
        };
        assert_eq!(String::from(read(TEXT).unwrap()), TEXT);
        assert!(read("|none~0|").unwrap_err().to_string().contains("at character 9"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_written_or_refused(text in r"(\PC|[|+~]|none|skip_connect|~0){0,20}") {
            if let Ok(genotype) = text.parse::<Genotype>() {
                prop_assert_eq!(genotype.to_string(), text.trim());
            }
        }

        #[test]
        fn one_changed_character_never_yields_the_same_genotype(
            number in 0..Genotype::COUNT, at in 0_usize..200, put in any::<char>()
        ) {
            let genotype = Genotype::all().nth(number).unwrap();
            let mut characters: Vec<char> = genotype.to_string().chars().collect();
            let at = at % characters.len();
            prop_assume!(characters[at] != put && !put.is_whitespace());
            characters[at] = put;
            let changed: String = characters.into_iter().collect();
            prop_assert_ne!(changed.parse(), Ok(genotype));
        }
    }
}
