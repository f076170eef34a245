//! Bytes as a shard of WebDataset.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| tamis_fuzz::read(
    "webdataset:",
    "train-0.tar",
    content
));
