//! The page as a whole: well-formed, escaped, with every number and picture it was given.

#![allow(clippy::disallowed_methods, reason = "tests write throw-away files")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests are tests"
)]

mod browser;
mod chromium;
mod every_text;
mod pictures;
mod read;
mod shown;
mod untrusted;
#[path = "../../examples/page/values/mod.rs"]
mod values;
mod well_formed;
