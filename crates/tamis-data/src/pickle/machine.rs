//! The stack that the opcodes of a pickle work on.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Array, Name, PickleError, Value};

/// Most opcodes: a file of CIFAR-100 has some two hundred thousand.
const OPCODES: usize = 1 << 20;

/// Most things that are remembered: a file of CIFAR-100 has some fifty thousand.
const MEMO: usize = 1 << 17;

/// Deepest nesting of lists, tuples, dictionaries and marks.
const NESTING: usize = 8;

/// The protocol of the archives.
const PROTOCOL: u8 = 2;

/// The names that may be mentioned, by module and name.
const NAMES: [(&str, &str, Name); 3] = [
    ("numpy.core.multiarray", "_reconstruct", Name::Reconstruct),
    ("numpy", "ndarray", Name::NdArray),
    ("numpy", "dtype", Name::DType),
];

/// What a pickle holds.
///
/// # Errors
///
/// [`PickleError::Opcode`] for whatever a batch of CIFAR has not.
pub(crate) fn parse<'a>(content: &'a [u8], path: &Path) -> Result<Value<'a>, PickleError> {
    let mut machine = Machine::new(content);
    machine.run().map_err(|Wrong { found, expected }| PickleError::Opcode {
        path: path.to_owned(),
        found,
        offset: machine.opcode_at,
        expected,
    })
}

/// What is wrong at an opcode.
struct Wrong {
    found: String,
    expected: &'static str,
}

fn wrong<T>(found: impl Into<String>, expected: &'static str) -> Result<T, Wrong> {
    Err(Wrong { found: found.into(), expected })
}

struct Machine<'a> {
    content: &'a [u8],
    /// Where the next byte is, and where the opcode at hand.
    at: usize,
    opcode_at: usize,
    stack: Vec<Value<'a>>,
    /// Lengths of the stack at the marks that are open.
    marks: Vec<usize>,
    /// Texts and names to which the file may come back; of others only that they were remembered.
    memo: BTreeMap<u32, Option<Value<'a>>>,
}

impl<'a> Machine<'a> {
    fn new(content: &'a [u8]) -> Machine<'a> {
        let (stack, marks, memo) = (Vec::new(), Vec::new(), BTreeMap::new());
        Machine { content, at: 0, opcode_at: 0, stack, marks, memo }
    }

    fn run(&mut self) -> Result<Value<'a>, Wrong> {
        if self.take(1)? != [0x80] {
            return wrong("no opcode PROTO", "a pickle of protocol 2");
        }
        let [version] = self.array()?;
        if version != PROTOCOL {
            return wrong(format!("a pickle of protocol {version}"), "protocol 2");
        }
        for _ in 0..OPCODES {
            self.opcode_at = self.at;
            let [opcode] = self.array()?;
            if opcode == b'.' {
                return self.stop();
            }
            self.step(opcode)?;
        }
        wrong("more than a million opcodes", "fewer")
    }

    fn stop(&mut self) -> Result<Value<'a>, Wrong> {
        let value = self.pop()?;
        if !self.stack.is_empty() || !self.marks.is_empty() {
            return wrong("several values", "one");
        }
        match self.content.len() - self.at {
            0 => Ok(value),
            more => wrong(format!("{more} bytes behind the end"), "none"),
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), Wrong> {
        match opcode {
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b'N' => self.push(Value::None),
            0x89 => self.push(Value::False),
            b'(' => self.mark(),
            b'K' | b'M' | b'J' => self.number(opcode),
            b'U' | b'T' | b'X' => self.text(opcode),
            b'q' | b'r' => self.remember(opcode),
            b'h' | b'j' => self.recall(opcode),
            b'a' | b'e' => self.append(opcode == b'e'),
            b's' | b'u' => self.set_items(opcode == b'u'),
            b't' => self.pop_to_mark().and_then(|items| self.push(Value::Tuple(items))),
            0x85..=0x87 => self.tuple(usize::from(opcode - 0x84)),
            b'c' => self.name(),
            b'R' => self.reduce(),
            b'b' => self.build(),
            _ => {
                let letter = char::from(opcode).escape_default();
                wrong(
                    format!("the opcode `{letter}` ({opcode:#04x})"),
                    "one for texts, numbers, lists, dictionaries or an array of bytes",
                )
            }
        }
    }

    /// The next bytes of the file.
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Wrong> {
        let taken = self.content[self.at..].get(..bytes);
        match taken {
            Some(taken) => {
                self.at += bytes;
                Ok(taken)
            }
            None => {
                let left = self.content.len() - self.at;
                wrong(
                    format!("{left} bytes to the end where {bytes} should follow"),
                    "a whole file",
                )
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Wrong> {
        if value.depth() > NESTING {
            return wrong(format!("more than {NESTING} values in each other"), "fewer");
        }
        self.stack.push(value);
        Ok(())
    }

    /// The last value behind the last mark.
    fn pop(&mut self) -> Result<Value<'a>, Wrong> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.pop() {
            Some(value) if self.stack.len() >= floor => Ok(value),
            _ => wrong("an opcode without the value that it is for", "a value before it"),
        }
    }

    fn mark(&mut self) -> Result<(), Wrong> {
        if self.marks.len() == NESTING {
            return wrong(format!("more than {NESTING} marks in each other"), "fewer");
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// The values behind the last mark, which is taken away.
    fn pop_to_mark(&mut self) -> Result<Vec<Value<'a>>, Wrong> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => wrong("an opcode without its mark", "a mark before it"),
        }
    }

    fn number(&mut self, opcode: u8) -> Result<(), Wrong> {
        let number = match opcode {
            b'K' => i64::from(u8::from_le_bytes(self.array()?)),
            b'M' => i64::from(u16::from_le_bytes(self.array()?)),
            _ => i64::from(i32::from_le_bytes(self.array()?)),
        };
        self.push(Value::Int(number))
    }

    fn text(&mut self, opcode: u8) -> Result<(), Wrong> {
        let length = match opcode {
            b'U' => i64::from(u8::from_le_bytes(self.array()?)),
            b'T' => i64::from(i32::from_le_bytes(self.array()?)),
            _ => i64::from(u32::from_le_bytes(self.array()?)),
        };
        let Ok(length) = usize::try_from(length) else {
            return wrong(format!("a text of {length} bytes"), "0 or more");
        };
        let text = self.take(length)?;
        self.push(Value::Text(text))
    }

    /// The number of something remembered.
    fn memo_key(&mut self, is_long: bool) -> Result<u32, Wrong> {
        match is_long {
            true => Ok(u32::from_le_bytes(self.array()?)),
            false => Ok(u32::from(u8::from_le_bytes(self.array()?))),
        }
    }

    fn remember(&mut self, opcode: u8) -> Result<(), Wrong> {
        let key = self.memo_key(opcode == b'r')?;
        let kept = match self.stack.last() {
            Some(Value::Text(text)) => Some(Value::Text(text)),
            Some(&Value::Name(name)) => Some(Value::Name(name)),
            Some(_) => None,
            None => return wrong("nothing to remember", "a value before it"),
        };
        self.memo.insert(key, kept);
        match self.memo.len() {
            ..=MEMO => Ok(()),
            _ => wrong(format!("more than {MEMO} things to remember"), "fewer"),
        }
    }

    fn recall(&mut self, opcode: u8) -> Result<(), Wrong> {
        let key = self.memo_key(opcode == b'j')?;
        match self.memo.get(&key) {
            Some(Some(Value::Text(text))) => self.push(Value::Text(text)),
            Some(&Some(Value::Name(name))) => self.push(Value::Name(name)),
            Some(_) => wrong("a list, tuple or array that is used twice", "a text or a name"),
            None => {
                wrong(format!("a reference to {key}, which was not remembered"), "one that was")
            }
        }
    }

    fn append(&mut self, is_many: bool) -> Result<(), Wrong> {
        let items = if is_many { self.pop_to_mark()? } else { vec![self.pop()?] };
        if items.iter().any(|item| item.depth() >= NESTING) {
            return wrong(format!("more than {NESTING} values in each other"), "fewer");
        }
        match self.stack.last_mut() {
            Some(Value::List(list)) => {
                list.extend(items);
                Ok(())
            }
            _ => wrong("items of no list", "a list before them"),
        }
    }

    fn set_items(&mut self, is_many: bool) -> Result<(), Wrong> {
        let items = match is_many {
            true => self.pop_to_mark()?,
            false => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
        };
        if items.iter().any(|item| item.depth() >= NESTING) {
            return wrong(format!("more than {NESTING} values in each other"), "fewer");
        }
        let Some(Value::Dict(entries)) = self.stack.last_mut() else {
            return wrong("entries of no dictionary", "a dictionary before them");
        };
        let mut items = items.into_iter();
        while let Some(key) = items.next() {
            let Some(value) = items.next() else { return wrong("a key alone", "a value to it") };
            entries.push((key, value));
        }
        Ok(())
    }

    fn tuple(&mut self, length: usize) -> Result<(), Wrong> {
        let mut items = (0..length).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Value::Tuple(items))
    }

    fn line(&mut self) -> Result<&'a str, Wrong> {
        let rest = &self.content[self.at..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            return wrong("a name without its end", "a whole file");
        };
        self.at += end + 1;
        Ok(str::from_utf8(&rest[..end]).unwrap_or("a name that is no text"))
    }

    /// A name, of which nothing is looked up.
    fn name(&mut self) -> Result<(), Wrong> {
        let (module, name) = (self.line()?, self.line()?);
        match NAMES.into_iter().find(|known| (known.0, known.1) == (module, name)) {
            Some((.., known)) => self.push(Value::Name(known)),
            None => {
                let start = |text: &str| text.chars().take(60).collect::<String>();
                let found = format!("{}.{}", start(module), start(name));
                wrong(
                    format!("the name `{}`", found.escape_debug()),
                    "no other than those of an array of NumPy",
                )
            }
        }
    }

    /// An array that is to be filled, or the type of bytes.
    fn reduce(&mut self) -> Result<(), Wrong> {
        let (arguments, name) = (self.pop()?, self.pop()?);
        let value = match (&name, &arguments) {
            (Value::Name(Name::Reconstruct), Value::Tuple(items)) if is_empty_array(items) => {
                Value::Unfilled
            }
            (Value::Name(Name::DType), Value::Tuple(items)) if is_byte_type(items) => Value::Bytes,
            _ => return wrong("a call", "that of an array of bytes"),
        };
        self.push(value)
    }

    /// What an array or a type is filled with.
    fn build(&mut self) -> Result<(), Wrong> {
        let (state, target) = (self.pop()?, self.pop()?);
        match (target, state) {
            (Value::Bytes, Value::Tuple(items)) if is_byte_state(&items) => self.push(Value::Bytes),
            (Value::Unfilled, Value::Tuple(items)) => {
                let array = filled(&items)?;
                self.push(Value::Array(array))
            }
            _ => wrong("a state", "that of an array of bytes"),
        }
    }
}

/// Whether these are the arguments of an array without items: `(ndarray, (0,), "b")`.
fn is_empty_array(items: &[Value<'_>]) -> bool {
    let [Value::Name(Name::NdArray), Value::Tuple(shape), Value::Text(b"b")] = items else {
        return false;
    };
    matches!(shape[..], [Value::Int(0)])
}

/// Whether these are the arguments of the type of bytes: `("u1", 0, 1)`.
fn is_byte_type(items: &[Value<'_>]) -> bool {
    matches!(items, [Value::Text(b"u1"), Value::Int(0), Value::Int(1)])
}

/// Whether this is the state of the type of bytes: `(3, "|", None, None, None, -1, -1, 0)`.
fn is_byte_state(items: &[Value<'_>]) -> bool {
    use Value::{Int, None, Text};
    matches!(items, [Int(3), Text(b"|"), None, None, None, Int(-1), Int(-1), Int(0)])
}

/// The array of the state `(1, (rows, columns), type, False, bytes)`.
fn filled<'a>(items: &[Value<'a>]) -> Result<Array<'a>, Wrong> {
    let expected = "that of an array of bytes with two dimensions, row by row";
    let [Value::Int(1), Value::Tuple(shape), Value::Bytes, Value::False, Value::Text(bytes)] =
        items
    else {
        return wrong("a state", expected);
    };
    let [Value::Int(rows), Value::Int(columns)] = shape[..] else {
        return wrong(format!("an array of {} dimensions", shape.len()), expected);
    };
    let (Ok(height), Ok(width)) = (usize::try_from(rows), usize::try_from(columns)) else {
        return wrong(format!("an array of {rows} x {columns}"), expected);
    };
    if height.checked_mul(width) != Some(bytes.len()) {
        let found = format!("{} bytes in an array of {rows} x {columns}", bytes.len());
        return wrong(found, "as many bytes as it has places");
    }
    Ok(Array { shape: [height, width], bytes })
}
