//! Bytes as an image in a class folder, whatever its format.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| tamis_fuzz::read(
    "folder:",
    "folder/class/it.webp",
    content
));
