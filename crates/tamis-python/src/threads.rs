//! The threads that calls compute with: a pool of each process.
//!
//! A process that was forked off has the memory of its parent's pool and none of its threads, and would wait
//! for them without end. So every process makes its own when it first computes.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::refused;

/// The pool, with the process whose threads it has.
struct Pool {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

/// The pool that is in use, and how many threads the next one is to have; 0 is as many as processors.
static POOL: Mutex<(Option<Pool>, usize)> = Mutex::new((None, 0));

/// The threads of this process.
pub(crate) fn pool() -> PyResult<Arc<ThreadPool>> {
    let mut state = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let (process, threads) = (std::process::id(), state.1);
    if let Some(own) = &state.0
        && (own.process, own.threads) == (process, threads)
    {
        return Ok(own.pool.clone());
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = Arc::new(pool.map_err(|error| refused(format!("starting threads: {error}")))?);
    if let Some(before) = state.0.replace(Pool { process, threads, pool: pool.clone() })
        && before.process != process
    {
        // Ending a parent's pool would wait for threads that are not there.
        std::mem::forget(before);
    }
    Ok(pool)
}

/// Computes with so many threads from the next call on; 0 is as many as there are processors.
#[pyfunction]
pub(crate) fn use_threads(threads: usize) {
    POOL.lock().unwrap_or_else(PoisonError::into_inner).1 = threads;
}
