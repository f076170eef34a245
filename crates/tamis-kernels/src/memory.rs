//! Asking the system for memory in a way that suits buffers of many megabytes.
//!
//! A step takes and gives back the same few hundred megabytes again and again. The C library hands
//! blocks of that size back to the system at once, which then clears every page anew: 5 to 20 % of a
//! search step was measured to go into that. Both functions only advise: where the system has no
//! such call they do nothing, and results never depend on them.

#![allow(unsafe_code)]

/// Has the C library keep memory that was freed, up to the most that was ever in use, for the next
/// allocation. For programs, once, at their start; a library leaves the choice to its program.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` only sets parameters of the allocator, and takes any value.
    unsafe {
        // The largest threshold that it accepts.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        // Arenas of other threads are given back whatever the threshold.
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Asks for the pages of a new buffer to be large ones, of which fewer need to be looked up.
pub(crate) fn advise_large_pages<T>(buffer: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE_BYTES: usize = 4096;
        let bytes = std::mem::size_of_val(buffer);
        let first = buffer.as_mut_ptr().addr().next_multiple_of(PAGE_BYTES);
        let skipped = first - buffer.as_ptr().addr();
        if bytes >= 2 * LARGE_PAGE_BYTES {
            let start = buffer.as_mut_ptr().cast::<u8>().wrapping_add(skipped);
            // SAFETY: whole pages inside the buffer, whose contents the advice does not change.
            unsafe {
                libc::madvise(start.cast(), bytes - skipped, libc::MADV_HUGEPAGE);
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = buffer;
}

/// Bytes of a large page on most machines.
#[cfg(target_os = "linux")]
const LARGE_PAGE_BYTES: usize = 2 << 20;
