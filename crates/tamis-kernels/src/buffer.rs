//! A pool of aligned float buffers.
//!
//! Fresh pages from the operating system were measured to cost 5 to 8 ms for 12 MB, as much as the
//! work done in them, so buffers are handed from call to call. The lock is held only while a
//! buffer changes hands. Contents are those of the last user: whoever takes a buffer writes
//! it before reading it.

use crate::memory::advise_large_pages;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// One cache line, and one AVX-512 register.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

static POOL: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

/// Floats aligned to cache lines, given back to the pool on drop.
#[derive(Default)]
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// Takes `len` floats, of any finite or stale value, from the pool.
    pub fn take(len: usize) -> Buffer {
        let need = len.div_ceil(LINE);
        let lines = reuse(need).unwrap_or_else(|| fresh(need));
        Buffer { lines, len }
    }

    /// Takes `len` zeros.
    pub fn zeros(len: usize) -> Buffer {
        let mut buffer = Buffer::take(len);
        buffer.fill(0.0);
        buffer
    }

    /// Takes a buffer and copies the values to it.
    pub fn copy(values: &[f32]) -> Buffer {
        let mut buffer = Buffer::take(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        Buffer::copy(self)
    }
}

/// The smallest pooled buffer that fits, unless it would waste more than half of itself.
fn reuse(need: usize) -> Option<Vec<Line>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let fitting = (0..pool.len()).filter(|&at| (need..=2 * need).contains(&pool[at].len()));
    let best = fitting.min_by_key(|&at| pool[at].len())?;
    Some(pool.swap_remove(best))
}

/// New lines of zeros.
fn fresh(need: usize) -> Vec<Line> {
    let mut lines = Vec::with_capacity(need);
    // Before the pages are first touched.
    advise_large_pages(lines.spare_capacity_mut());
    lines.resize(need, Line([0.0; LINE]));
    lines
}

/// Gives the memory kept for later calls back to the system.
pub fn release_pooled_memory() {
    POOL.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if !lines.is_empty() {
            POOL.lock().unwrap_or_else(PoisonError::into_inner).push(lines);
        }
    }
}

#[allow(unsafe_code)]
impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are plain floats without gaps, at least `len` of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

#[allow(unsafe_code)]
impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Buffer) -> bool {
        self[..] == other[..]
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Buffer({} floats)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_serves_the_next_of_its_size() {
        let len = 123_457;
        let first = Buffer::take(len);
        let place = first.as_ptr();
        drop(first);
        let smaller = Buffer::take(len / 3);
        assert_ne!(smaller.as_ptr(), place, "two thirds would be wasted");
        let again = Buffer::take(len - 1);
        assert_eq!(again.as_ptr(), place);
        assert_eq!(again.len(), len - 1);
        assert_eq!(place.align_offset(64), 0);
    }

    #[test]
    fn a_buffer_of_nothing_is_empty() {
        assert!(Buffer::take(0).is_empty());
    }
}
