//! How many threads the program computes with.

use super::Failure;

/// Computes with so many threads, if a number is given.
pub(super) fn use_threads(threads: Option<usize>) -> Result<(), Failure> {
    let Some(threads) = threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Failure::Usage(format!("starting {threads} threads: {error}")))
}
