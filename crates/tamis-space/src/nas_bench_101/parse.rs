//! Reading a cell from its text form.

use std::str::FromStr;

use super::{Cell, Operation};
use crate::Error;

const FORM: &str = "conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)";

impl FromStr for Cell {
    type Err = Error;

    fn from_str(text: &str) -> Result<Cell, Error> {
        let mut operations = Vec::new();
        let mut parents = Vec::new();
        let mut ended = false;
        for word in words(text) {
            if ended {
                return Err(word.refuse("the end: the output is the last vertex"));
            }
            let (name, read) = word.split()?;
            match name {
                "output" => ended = true,
                _ => operations.push(word.operation(name)?),
            }
            parents.push(read);
        }
        if !ended {
            let position = text.chars().count() + 1;
            return Err(error(position, "the end".to_owned(), "`output(…)`".to_owned()));
        }
        Cell::new(operations, parents)
    }
}

/// A word of a text.
struct Word<'a> {
    text: &'a str,
    /// Its first character in the text, from 1.
    position: usize,
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split_whitespace().map(move |word| {
        let before = word.as_ptr().addr() - text.as_ptr().addr();
        Word { text: word, position: text[..before].chars().count() + 1 }
    })
}

impl<'a> Word<'a> {
    /// The name and the vertices in parentheses.
    fn split(&self) -> Result<(&'a str, Vec<usize>), Error> {
        let inside = self.text.strip_suffix(')').and_then(|text| text.split_once('('));
        let Some((name, list)) = inside else {
            return Err(
                self.refuse("a name and vertices in parentheses, such as `maxpool3x3(0,1)`")
            );
        };
        let numbers = list.split(',').filter(|_| !list.trim().is_empty());
        let read = numbers.map(|number| number.trim().parse::<usize>());
        match read.collect::<Result<Vec<_>, _>>() {
            Ok(read) => Ok((name, read)),
            Err(_) => Err(self.refuse("numbers of vertices with commas between them")),
        }
    }

    fn operation(&self, name: &str) -> Result<Operation, Error> {
        let found = Operation::ALL.into_iter().find(|operation| operation.name() == name);
        found.ok_or_else(|| {
            let names = Operation::ALL.map(Operation::name).join("`, `");
            error(self.position, format!("`{name}`"), format!("one of `{names}`, `output`"))
        })
    }

    fn refuse(&self, expected: &str) -> Error {
        error(self.position, format!("`{}`", self.text), expected.to_owned())
    }
}

fn error(position: usize, found: String, expected: String) -> Error {
    Error::Genotype { space: "nas-bench-101", position, found, expected, form: FORM }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_back() {
        for text in [FORM, "output(0)", "conv1x1-bn-relu(0) conv3x3-bn-relu(0,1) output(0,2)"] {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), text);
        }
        let spaced = " conv3x3-bn-relu(0)\n maxpool3x3(0,1)  output(1,2) ";
        assert_eq!(spaced.parse::<Cell>().unwrap().to_string(), FORM);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, position, expected) in [
            ("conv3x3(0) output(1)", 1, "one of `conv3x3-bn-relu`"),
            ("maxpool3x3(0) output(x)", 15, "numbers of vertices"),
            ("maxpool3x3(0)", 14, "`output(…)`"),
            ("maxpool3x3 output(0)", 1, "in parentheses"),
            ("output(0) maxpool3x3(0)", 11, "the output is the last"),
        ] {
            let told = text.parse::<Cell>().unwrap_err().to_string();
            assert!(told.contains(&format!("character {position} ")), "{told}");
            assert!(told.contains(expected) && told.contains(FORM), "{told}");
        }
    }
}
