//! Stop requests: the first interrupt or termination asks the run to save and stop, a second one
//! ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Failure;

/// Whether the run should stop.
pub(super) struct Stop {
    requested: Arc<AtomicBool>,
    steps_left: Option<AtomicU64>,
    /// Apart from signals, so that the end of the input and one signal are not taken for two.
    input_ended: Arc<AtomicBool>,
}

impl Stop {
    /// Listens for signals; also stops after `steps` steps, if given.
    pub(super) fn listen(steps: Option<u64>) -> Result<Stop, Failure> {
        let requested = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Order matters: the second signal finds the flag set by the first.
            flag::register_conditional_shutdown(signal, 128 + signal, requested.clone())
                .and_then(|_| flag::register(signal, requested.clone()))
                .map_err(Failure::system("listening for the signal", signal))?;
        }
        let input_ended = Arc::new(AtomicBool::new(false));
        Ok(Stop { requested, steps_left: steps.map(AtomicU64::new), input_ended })
    }

    /// Also stops when standard input ends: on purpose, or because the process that holds its other
    /// end is gone.
    pub(super) fn with_input(self) -> Stop {
        let ended = self.input_ended.clone();
        std::thread::spawn(move || {
            // An input that cannot be read has ended, too.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            ended.store(true, Ordering::Relaxed);
        });
        self
    }

    /// Whether to stop now.
    pub(super) fn requested(&self) -> bool {
        let spent = self.steps_left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0);
        let ended = self.input_ended.load(Ordering::Relaxed);
        spent || ended || self.requested.load(Ordering::Relaxed)
    }

    /// Counts a step.
    pub(super) fn stepped(&self) {
        if let Some(left) = &self.steps_left {
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
