//! Bytes as a NumPy archive.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| tamis_fuzz::read("npz:", "it.npz", content));
