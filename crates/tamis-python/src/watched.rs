//! Long work, watched by the thread that asked for it.
//!
//! The work runs in the threads of the process's pool. Meanwhile whoever called waits without the
//! interpreter's lock, passes on what is told, and listens for Ctrl-C, which Python gives to its main thread
//! alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use serde_json::{Value, json};
use tamis::training::TrainingEvent;
use tamis::{Observer, ScoringEvent};

use crate::threads::pool;

/// How long to wait before signals are looked for again.
const PATIENCE: Duration = Duration::from_millis(20);

/// How often steps are told of.
const BETWEEN_STEPS: Duration = Duration::from_millis(100);

/// What the work has to say.
enum Message<T> {
    /// Something happened: its name and what there is to know of it.
    Told(&'static str, Value),
    /// It is over.
    Ended(T),
}

/// Where the work says what happens, and learns whether to stop.
pub(crate) struct Teller {
    tell: Box<dyn Fn(&'static str, Value) + Send>,
    stop: Arc<AtomicBool>,
    stepped: Option<Instant>,
}

impl Teller {
    /// Tells of something.
    pub(crate) fn tell(&self, what: &'static str, of: Value) {
        (self.tell)(what, of);
    }

    /// Tells of a step, not of every one.
    pub(crate) fn step(&mut self, done: u64, all: u64) {
        if self.stepped.is_none_or(|before| before.elapsed() >= BETWEEN_STEPS) {
            self.stepped = Some(Instant::now());
            self.tell("step", json!([done, all]));
        }
    }

    /// Says whether to stop, for whoever cannot hold on to the teller.
    pub(crate) fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }
}

impl Observer for Teller {
    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn observe(&mut self, event: &ScoringEvent) {
        match event {
            ScoringEvent::Note(note) => self.tell("note", json!(note)),
            ScoringEvent::Warning(warning) => self.tell("warning", json!(warning)),
            ScoringEvent::Training { what, epochs, .. } => {
                self.tell("training", json!({ "what": what, "epochs": epochs }));
            }
            ScoringEvent::Trained(TrainingEvent::EpochEnded(record)) => {
                self.tell("epoch", json!(record));
            }
            ScoringEvent::Evaluated(done, all) => self.step(*done as u64, *all as u64),
            ScoringEvent::Trained(_)
            | ScoringEvent::Network { .. }
            | ScoringEvent::Components(_)
            | ScoringEvent::Reading(_) => {}
        }
    }
}

/// Runs what may be asked to stop, and calls `observer` with what it tells. Returns what it came to, and the
/// exception that asked it to stop: Ctrl-C, or what `observer` raised.
pub(crate) fn watched<T: Send + 'static>(
    py: Python<'_>,
    observer: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&mut Teller) -> T + Send + 'static,
) -> PyResult<(T, Option<PyErr>)> {
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    let stop = Arc::new(AtomicBool::new(false));
    let telling = sender.clone();
    let mut teller = Teller {
        // Nobody listens any more where the caller is gone.
        tell: Box::new(move |what, of| drop(telling.send(Message::Told(what, of)))),
        stop: stop.clone(),
        stepped: None,
    };
    start(sender, move || work(&mut teller))?;
    let mut asked = None;
    loop {
        match next(py, &receiver)? {
            Some(Message::Ended(ended)) => return Ok((ended, asked)),
            Some(Message::Told(what, of)) => {
                let told = observer.map_or(Ok(()), |observer| call(observer, what, &of));
                asked = asked.or(told.err());
            }
            None => {
                if let Err(error) = py.check_signals() {
                    if asked.is_some() {
                        // Asked twice: the work is left to end by itself.
                        return Err(error);
                    }
                    asked = Some(error);
                }
            }
        }
        stop.fetch_or(asked.is_some(), Ordering::Relaxed);
    }
}

/// Runs what cannot stop on the way. After Ctrl-C nobody waits for it any more.
pub(crate) fn computed<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    start(sender, work)?;
    loop {
        match next(py, &receiver)? {
            Some(Message::Ended(ended)) => return Ok(ended),
            Some(Message::Told(..)) => {}
            None => py.check_signals()?,
        }
    }
}

fn start<T: Send + 'static>(
    sender: Sender<Message<T>>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<()> {
    pool()?.spawn(move || {
        // A panic has told of itself; without a message the caller learns of it.
        if let Ok(ended) = catch_unwind(AssertUnwindSafe(work)) {
            let _ = sender.send(Message::Ended(ended));
        }
    });
    Ok(())
}

/// What is told next; `None` if it takes longer than one may wait without a look at signals.
fn next<T: Send>(
    py: Python<'_>,
    receiver: &Mutex<Receiver<Message<T>>>,
) -> PyResult<Option<Message<T>>> {
    let wait = || receiver.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
    match py.detach(wait) {
        Ok(message) => Ok(Some(message)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(PyRuntimeError::new_err(
            "the work ended without a result: this is an error of Tamis",
        )),
    }
}

fn call(observer: &Bound<'_, PyAny>, what: &str, of: &Value) -> PyResult<()> {
    let json = observer.py().import("json")?;
    let of = json.call_method1("loads", (of.to_string(),))?;
    observer.call1((what, of)).map(drop)
}
