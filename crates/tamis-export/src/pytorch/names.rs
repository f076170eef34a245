//! Which names a module of PyTorch may have.

use crate::error::Error;

/// Words of Python that are no names.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// What PyTorch's modules and containers have themselves, which a module of that name would hide or be hidden
/// by.
const TAKEN: [&str; 61] = [
    "T_destination",
    "add_module",
    "apply",
    "bfloat16",
    "buffers",
    "call_super_init",
    "children",
    "clear",
    "compile",
    "cpu",
    "cuda",
    "double",
    "dump_patches",
    "eval",
    "extra_repr",
    "float",
    "forward",
    "get_buffer",
    "get_extra_state",
    "get_parameter",
    "get_submodule",
    "half",
    "ipu",
    "items",
    "keys",
    "load_state_dict",
    "modules",
    "mtia",
    "named_buffers",
    "named_children",
    "named_modules",
    "named_parameters",
    "normalize",
    "parameters",
    "pixel_factor",
    "pixel_offset",
    "pop",
    "register_buffer",
    "register_backward_hook",
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_module",
    "register_parameter",
    "register_state_dict_pre_hook",
    "requires_grad_",
    "self",
    "set_extra_state",
    "set_submodule",
    "share_memory",
    "state_dict",
    "to",
    "to_empty",
    "train",
    "training",
    "type",
    "update",
    "values",
    "xpu",
    "zero_grad",
    "insert",
];

/// What the methods that run a block begin with.
pub(super) const RUN: &str = "run_";

/// Whether a name can stand behind a dot in Python.
pub(super) fn is_identifier(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(first) && name.chars().all(letters) && !KEYWORDS.contains(&name)
}

/// Whether every part of a path can name a module.
pub(super) fn check(path: &str) -> Result<(), Error> {
    let refused = |part: &str| {
        part.is_empty() || part.starts_with('_') || part.starts_with(RUN) || TAKEN.contains(&part)
    };
    if !path.split('.').any(refused) {
        return Ok(());
    }
    let expected =
        "parts of a path that are not empty and that PyTorch's modules do not use themselves";
    Err(Error::Name { form: "PyTorch", name: path.to_owned(), expected })
}

/// A path as part of a name.
pub(super) fn joined(path: &str) -> String {
    path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
