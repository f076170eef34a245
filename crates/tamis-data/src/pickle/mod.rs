//! Reads the pickles that the Python archives of CIFAR consist of: dictionaries of texts, lists of numbers
//! and arrays of bytes, as protocol 2 writes them.
//!
//! Nothing is evaluated. A fixed list of opcodes is known; the three names of NumPy that such a file has
//! are compared with what is expected and never looked up; anything else is refused with its opcode and
//! place. Texts and arrays are borrowed from the file, so that no length in it makes anything be allocated.

mod error;
mod machine;

pub use self::error::PickleError;
pub(crate) use self::machine::parse;

/// What a pickle holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    None,
    False,
    Int(i64),
    Text(&'a [u8]),
    List(Vec<Value<'a>>),
    Tuple(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// A name of NumPy.
    Name(Name),
    /// The type of unsigned bytes.
    Bytes,
    /// An array that was announced and is not filled.
    Unfilled,
    Array(Array<'a>),
}

/// The names that a pickle may mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Reconstruct,
    NdArray,
    DType,
}

/// An array of bytes of two dimensions, row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Array<'a> {
    /// Rows and columns, whose product is the number of bytes.
    pub(crate) shape: [usize; 2],
    pub(crate) bytes: &'a [u8],
}

impl<'a> Value<'a> {
    /// What a dictionary has under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        let Value::Dict(entries) = self else { return None };
        let is_key =
            |found: &Value<'_>| matches!(found, Value::Text(text) if *text == key.as_bytes());
        entries.iter().find(|(found, _)| is_key(found)).map(|(_, value)| value)
    }

    /// Levels of lists, tuples and dictionaries in each other.
    fn depth(&self) -> usize {
        let inner = match self {
            Value::List(items) | Value::Tuple(items) => items.iter().map(Value::depth).max(),
            Value::Dict(entries) => {
                entries.iter().map(|(key, value)| key.depth().max(value.depth())).max()
            }
            _ => return 0,
        };
        1 + inner.unwrap_or(0)
    }

    /// What it is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Value::None => "None",
            Value::False => "False",
            Value::Int(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Tuple(_) => "a tuple",
            Value::Dict(_) => "a dictionary",
            Value::Name(_) => "a name of NumPy",
            Value::Bytes => "a type of NumPy",
            Value::Unfilled | Value::Array(_) => "an array",
        }
    }
}
