//! Where a result goes: over what is there, or on top of it.

/// Memory for a result, and what becomes of its contents.
#[derive(Debug, PartialEq)]
pub enum Destination<'a> {
    /// Every value is written over.
    Write(&'a mut [f32]),
    /// The result is added, so that a sum of several needs no memory besides its own.
    Add(&'a mut [f32]),
}

impl<'a> Destination<'a> {
    /// The memory, and whether its contents are kept and added to.
    pub(crate) fn open(self) -> (&'a mut [f32], bool) {
        match self {
            Destination::Write(to) => (to, false),
            Destination::Add(to) => (to, true),
        }
    }
}

/// Writes one value, or adds it to what is there (`keep`).
#[inline(always)]
pub(crate) fn put(to: &mut f32, value: f32, keep: bool) {
    *to = if keep { *to + value } else { value };
}
