//! Prepares batches on a background thread while the network computes.
//!
//! What is prepared does not depend on the thread: the results come in the order of the jobs, and
//! each is a function of its job. At most three are ready or in the making at a time. A job that fails is
//! the last.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::Error;

/// Results that wait for the reader; one more is in the making.
const QUEUE: usize = 2;

/// Does `prepare` on each job, ahead of the reader, on one background thread.
///
/// A job may be anything: the ids and the epoch of one batch, or of the two batches of a step.
///
/// # Errors
///
/// [`Error::Thread`] if the system gives no thread.
pub fn prefetch<Jobs, Prepare, Output>(
    jobs: Jobs,
    mut prepare: Prepare,
) -> Result<Prefetch<Output>, Error>
where
    Jobs: IntoIterator + Send + 'static,
    Prepare: FnMut(Jobs::Item) -> Result<Output, Error> + Send + 'static,
    Output: Send + 'static,
{
    let (sender, receiver) = sync_channel(QUEUE);
    let thread = Builder::new().name("tamis-prefetch".to_owned()).spawn(move || {
        for job in jobs {
            let prepared = prepare(job);
            let failed = prepared.is_err();
            // Once the reader has gone, nobody wants the rest.
            if sender.send(prepared).is_err() || failed {
                return;
            }
        }
    });
    let thread = thread.map_err(|source| Error::Thread { source })?;
    Ok(Prefetch { receiver: Some(receiver), thread: Some(thread) })
}

/// The results of [`prefetch`], in the order of the jobs.
///
/// Ends after the first error: that of a job, or [`Error::PrefetchPanicked`] if the thread has
/// panicked. Dropping it early stops the thread after the job it is at.
#[derive(Debug)]
pub struct Prefetch<Output> {
    receiver: Option<Receiver<Result<Output, Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl<Output> Prefetch<Output> {
    /// Waits for the thread; false if it has panicked.
    fn join(&mut self) -> bool {
        // The receiver goes first: a thread that waits for room in the queue then sees the end.
        self.receiver = None;
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl<Output> Iterator for Prefetch<Output> {
    type Item = Result<Output, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.receiver.as_ref()?.recv() {
            Ok(prepared) => Some(prepared),
            Err(_) => (!self.join()).then_some(Err(Error::PrefetchPanicked)),
        }
    }
}

impl<Output> Drop for Prefetch<Output> {
    fn drop(&mut self) {
        self.join();
    }
}
