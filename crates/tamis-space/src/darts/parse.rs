//! Reading genotypes of the DARTS space from the forms that published code prints them in.
//!
//! Lenient in form, strict in content: quotes, brackets, the order of fields and line breaks are
//! free, but a field that is missing, an operation that is unknown or a source that is not earlier
//! is refused with its place. Weights beside the edges are read over.

use std::str::FromStr;

use super::cell::{Part, fault};
use super::literal::{Field, Kind, Literal, found, read, refusal};
use super::operation::names;
use super::{Cell, CellOperation, Edge, Genotype};
use crate::Error;

/// Fields that every genotype has.
const FIELDS: [&str; 4] = ["normal", "normal_concat", "reduce", "reduce_concat"];

/// Fields that AutoDL's has too and that say nothing about a cell.
const IGNORED_FIELDS: [&str; 2] = ["connectN", "connects"];

/// The name that a genotype is a call of, perhaps behind that of a module.
const NAME: &str = "Genotype";

/// What a log line or an assignment has right before a genotype.
const BEFORE: [char; 8] = ['=', ':', '-', '>', '|', ']', ')', ','];

/// Whole numbers and strings as Python and NumPy 2 print them, and sequences in a given order.
const NUMBERS: [&str; 13] = [
    "int", "int_", "intc", "intp", "longlong", "int8", "int16", "int32", "int64", "uint8",
    "uint16", "uint32", "uint64",
];
const STRINGS: [&str; 2] = ["str", "str_"];
const SEQUENCES: [&str; 3] = ["list", "tuple", "array"];

impl FromStr for Genotype {
    type Err = Error;

    /// Reads the form that [`Genotype`] is written in, and these variants of it:
    ///
    /// * what stands before it and ends in `=`, `:` or another sign of log lines, as in
    ///   `DARTS_V2 = Genotype(` or `11/22 10:00:00 AM genotype: Genotype(`, is let pass, and so is
    ///   one `,` or `;` behind it;
    /// * the name of a module before `Genotype`, as in `genotypes.Genotype(`;
    /// * numbers and strings as NumPy 2 prints them: `np.int64(0)`, `np.str_('skip_connect')`;
    /// * double quotes, line breaks, `#` comments, lists for tuples and the other way round;
    /// * outputs as `range(2, 6)`, with a step or without, as a list, or as `list(...)` of either;
    /// * cells of any number of nodes, and every [`CellOperation`];
    /// * AutoDL's nested form: the two edges of a node in a tuple of their own, a weight as an
    ///   edge's third entry (dropped), the fields `connectN` and `connects` (ignored), a dict
    ///   instead of `Genotype(...)`.
    fn from_str(text: &str) -> Result<Genotype, Error> {
        let literal = read(text, prefix_length(text))?;
        Reader { text }.genotype(&literal)
    }
}

impl TryFrom<String> for Genotype {
    type Error = Error;

    fn try_from(text: String) -> Result<Genotype, Error> {
        text.parse()
    }
}

/// Length of what stands before the genotype and is let pass: of a log line or an assignment, all
/// that ends in one of [`BEFORE`].
fn prefix_length(text: &str) -> usize {
    let names = text.match_indices(NAME).filter_map(|(at, _)| call_of_genotype(text, at));
    let begins = names.chain(text.find('{')).find(|&at| {
        let before = text[..at].trim_end();
        before.is_empty() || before.ends_with(BEFORE)
    });
    let bracket = text.find(['(', '{']).unwrap_or(text.len());
    begins.unwrap_or_else(|| text[..bracket].rfind('=').map_or(0, |equals| equals + 1))
}

/// Where the call begins whose name, perhaps that of a module's member, has [`NAME`] at byte `at`;
/// `None` if that is a part of another name or no call.
fn call_of_genotype(text: &str, at: usize) -> Option<usize> {
    let is_call = text[at + NAME.len()..].trim_start().starts_with('(');
    let before = &text[..at];
    let before = before.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let begins = before.len();
    (is_call && last_name(&text[begins..at + NAME.len()]) == NAME).then_some(begins)
}

/// What stands behind the last dot of a dotted name: `int64` of `np.int64`.
fn last_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What is in a call of one of these names with one argument, such as `np.int64(0)`; itself, if it
/// is no such call.
fn inside<'a, 'text>(literal: &'a Literal<'text>, names: &[&str]) -> &'a Literal<'text> {
    match &literal.kind {
        Kind::Fields(name, fields) if names.contains(&last_name(name)) => match fields.as_slice() {
            [Field { key: "", value, .. }] => value,
            _ => literal,
        },
        _ => literal,
    }
}

/// Makes sense of the literals of a text.
struct Reader<'text> {
    text: &'text str,
}

impl Reader<'_> {
    fn genotype(&self, literal: &Literal<'_>) -> Result<Genotype, Error> {
        let fields = match &literal.kind {
            Kind::Fields(name, fields) if name.is_empty() || last_name(name) == NAME => fields,
            _ => return Err(self.unexpected(literal.at, "`Genotype(` or `{`")),
        };
        self.check_keys(fields)?;
        let [normal, normal_concat, reduce, reduce_concat] =
            FIELDS.map(|key| self.field(literal, fields, key));
        Ok(Genotype {
            normal: self.cell(normal?, normal_concat?)?,
            reduce: self.cell(reduce?, reduce_concat?)?,
        })
    }

    /// Refuses fields that are unknown or stand there twice.
    fn check_keys(&self, fields: &[Field<'_>]) -> Result<(), Error> {
        for (index, Field { at, key, .. }) in fields.iter().enumerate() {
            let known = FIELDS.contains(key) || IGNORED_FIELDS.contains(key);
            if !known || fields[..index].iter().any(|earlier| earlier.key == *key) {
                let expected = format!("the fields {}, each once", names(&FIELDS));
                return Err(self.unexpected(*at, &expected));
            }
        }
        Ok(())
    }

    fn field<'a, 'text>(
        &self,
        genotype: &Literal<'_>,
        fields: &'a [Field<'text>],
        key: &str,
    ) -> Result<&'a Literal<'text>, Error> {
        let field = fields.iter().find(|field| field.key == key).map(|field| &field.value);
        field.ok_or_else(|| {
            let expected = format!("the field `{key}`");
            refusal(self.text, genotype.at, "a genotype without it".to_owned(), &expected)
        })
    }

    fn cell(&self, edges: &Literal<'_>, concat: &Literal<'_>) -> Result<Cell, Error> {
        let (places, read_edges): (Vec<usize>, Vec<Edge>) = self.edges(edges)?.into_iter().unzip();
        let nodes = self.concat(concat)?;
        match fault(&read_edges, &nodes) {
            None => Cell::new(read_edges, nodes),
            Some(fault) => {
                let at = match fault.part {
                    Part::Edges => edges.at,
                    Part::Source(index) => places[index],
                    Part::Concat => concat.at,
                };
                Err(refusal(self.text, at, fault.found, fault.expected))
            }
        }
    }

    /// The edges of a cell with the places of their sources: a flat list, or one with a sequence
    /// for each node.
    fn edges(&self, literal: &Literal<'_>) -> Result<Vec<(usize, Edge)>, Error> {
        let items = self.sequence(literal, "a list of edges")?;
        if !items.first().is_some_and(is_node) {
            return items.iter().map(|item| self.edge(item)).collect();
        }
        let mut edges = Vec::new();
        for item in items {
            match &item.kind {
                Kind::Sequence(node) if node.len() == 2 => {
                    edges.push(self.edge(&node[0])?);
                    edges.push(self.edge(&node[1])?);
                }
                _ => return Err(self.unexpected(item.at, "a node of two edges")),
            }
        }
        Ok(edges)
    }

    /// `('op', source)` or `('op', source, weight)`
    fn edge(&self, literal: &Literal<'_>) -> Result<(usize, Edge), Error> {
        const FORM: &str = "an edge such as ('sep_conv_3x3', 1)";
        let (name, source) = match self.sequence(literal, FORM)?.as_slice() {
            [name, source] | [name, source, _] => (name, source),
            _ => return Err(self.unexpected(literal.at, FORM)),
        };
        let Kind::Text(text) = inside(name, &STRINGS).kind else {
            return Err(self.unexpected(name.at, "the name of an operation, in quotes"));
        };
        let operation = CellOperation::from_name(text).ok_or_else(|| {
            self.unexpected(name.at, &format!("one of {}", names(&CellOperation::ALL)))
        })?;
        Ok((source.at, Edge { operation, source: self.number(source)? }))
    }

    /// `range(first, end)`, perhaps with a step, or a sequence of numbers.
    fn concat(&self, literal: &Literal<'_>) -> Result<Vec<usize>, Error> {
        const FORM: &str = "range(2, 6) or a list of nodes";
        let literal = inside(literal, &SEQUENCES);
        let Kind::Fields("range", fields) = &literal.kind else {
            let items = self.sequence(literal, FORM)?;
            return items.iter().map(|item| self.number(item)).collect();
        };
        let arguments: Vec<&Literal<'_>> =
            fields.iter().filter(|field| field.key.is_empty()).map(|field| &field.value).collect();
        if arguments.len() != fields.len() {
            return Err(self.unexpected(literal.at, FORM));
        }
        match arguments.as_slice() {
            [first, end] => self.range([first, end], 1),
            [first, end, step] => match self.number(step)? {
                0 => Err(self.unexpected(step.at, "a step of at least 1")),
                by => self.range([first, end], by),
            },
            _ => Err(self.unexpected(literal.at, FORM)),
        }
    }

    fn range(&self, [first, end]: [&Literal<'_>; 2], step: usize) -> Result<Vec<usize>, Error> {
        let nodes = self.number(first)?..self.number(end)?;
        // A node needs some twenty characters, so this is no limit, and no text of few characters
        // fills the memory.
        if nodes.len().div_ceil(step) > self.text.len() {
            return Err(self.unexpected(end.at, "a node of the cell"));
        }
        Ok(nodes.step_by(step).collect())
    }

    fn sequence<'a, 'text>(
        &self,
        literal: &'a Literal<'text>,
        expected: &str,
    ) -> Result<&'a Vec<Literal<'text>>, Error> {
        match &literal.kind {
            Kind::Sequence(items) => Ok(items),
            _ => Err(self.unexpected(literal.at, expected)),
        }
    }

    fn number(&self, literal: &Literal<'_>) -> Result<usize, Error> {
        let number = match inside(literal, &NUMBERS).kind {
            Kind::Word(word) => word.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.unexpected(literal.at, "the number of a node"))
    }

    fn unexpected(&self, at: usize, expected: &str) -> Error {
        refusal(self.text, at, found(&self.text[at..]), expected)
    }
}

/// Whether a sequence holds edges instead of being one.
fn is_node(literal: &Literal<'_>) -> bool {
    let Kind::Sequence(items) = &literal.kind else { return false };
    matches!(items.first(), Some(Literal { kind: Kind::Sequence(_), .. }))
}

#[cfg(test)]
mod tests;
