//! Bytes as a pickle of CIFAR-10.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| tamis_fuzz::read("cifar10:", "data_batch_1", content));
