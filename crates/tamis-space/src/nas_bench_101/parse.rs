//! Reading a cell from its text form.

use std::str::FromStr;

use super::{Cell, Operation};
use crate::Error;
use crate::words::{Form, Word, words};

const FORM: Form =
    Form { space: "nas-bench-101", example: "conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)" };

impl FromStr for Cell {
    type Err = Error;

    fn from_str(text: &str) -> Result<Cell, Error> {
        let mut operations = Vec::new();
        let mut parents = Vec::new();
        let mut ended = false;
        for word in words(text) {
            if ended {
                return Err(FORM.refuse(&word, "the end: the output is the last vertex"));
            }
            let (name, read) = vertex(&word)?;
            match name {
                "output" => ended = true,
                _ => operations.push(operation(&word, name)?),
            }
            parents.push(read);
        }
        if !ended {
            return Err(FORM.refuse_end(text, "`output(…)`"));
        }
        Cell::new(operations, parents)
    }
}

/// The name and the vertices in parentheses.
fn vertex<'a>(word: &Word<'a>) -> Result<(&'a str, Vec<usize>), Error> {
    let inside = word.text.strip_suffix(')').and_then(|text| text.split_once('('));
    let Some((name, list)) = inside else {
        let expected = "a name and vertices in parentheses, such as `maxpool3x3(0,1)`";
        return Err(FORM.refuse(word, expected));
    };
    let numbers = list.split(',').filter(|_| !list.trim().is_empty());
    let read = numbers.map(|number| number.trim().parse::<usize>());
    match read.collect::<Result<Vec<_>, _>>() {
        Ok(read) => Ok((name, read)),
        Err(_) => Err(FORM.refuse(word, "numbers of vertices with commas between them")),
    }
}

fn operation(word: &Word<'_>, name: &str) -> Result<Operation, Error> {
    let found = Operation::ALL.into_iter().find(|operation| operation.name() == name);
    found.ok_or_else(|| {
        let names = Operation::ALL.map(Operation::name).join("`, `");
        FORM.error(word.position, format!("`{name}`"), &format!("one of `{names}`, `output`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_back() {
        for text in
            [FORM.example, "output(0)", "conv1x1-bn-relu(0) conv3x3-bn-relu(0,1) output(0,2)"]
        {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), text);
        }
        let spaced = " conv3x3-bn-relu(0)\n maxpool3x3(0,1)  output(1,2) ";
        assert_eq!(spaced.parse::<Cell>().unwrap().to_string(), FORM.example);
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
            assert!(told.contains(expected) && told.contains(FORM.example), "{told}");
        }
    }
}
