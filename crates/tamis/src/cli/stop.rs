//! Stop requests: the first interrupt or termination asks the run to save and stop, a second one
//! ends the process at once. A hang-up, and the signal that schedulers send ahead of a time limit,
//! ask the same as often as they come.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tamis::run::ignores_signal;

use super::Failure;
use super::arguments::CommonArguments;

/// Signals that ask to save and stop and never end the process at once: a terminal that is lost
/// sends its own more than once, and a scheduler's comes to every process of a job.
#[cfg(unix)]
const WARNINGS: [i32; 2] = [signal_hook::consts::SIGHUP, signal_hook::consts::SIGUSR1];
#[cfg(not(unix))]
const WARNINGS: [i32; 0] = [];

/// Whether the run should stop. A clone hears and counts the same.
#[derive(Clone)]
pub(super) struct Stop {
    requested: Arc<AtomicBool>,
    /// Apart from the others, so that none of them makes a termination the second one.
    warned: Arc<AtomicBool>,
    steps_left: Option<Arc<AtomicU64>>,
    /// Apart from signals, so that the end of the input and one signal are not taken for two.
    input_ended: Arc<AtomicBool>,
}

impl Stop {
    /// Listens for signals and for whatever else the arguments say.
    pub(super) fn listen(common: &CommonArguments) -> Result<Stop, Failure> {
        let stop = Stop {
            requested: Arc::default(),
            warned: Arc::default(),
            steps_left: common.stop_after_steps.map(|steps| Arc::new(AtomicU64::new(steps))),
            input_ended: Arc::default(),
        };
        for signal in [SIGINT, SIGTERM] {
            // Order matters: the second signal finds the flag set by the first.
            flag::register_conditional_shutdown(signal, 128 + signal, stop.requested.clone())
                .and_then(|_| flag::register(signal, stop.requested.clone()))
                .map_err(Failure::system("listening for the signal", signal))?;
        }
        for signal in WARNINGS.into_iter().filter(|&signal| may_listen_to(signal)) {
            flag::register(signal, stop.warned.clone())
                .map_err(Failure::system("listening for the signal", signal))?;
        }
        if common.stop_with_input {
            stop.listen_to_input();
        }
        Ok(stop)
    }

    /// Also stops when standard input ends: on purpose, or because the process that holds its other
    /// end is gone.
    fn listen_to_input(&self) {
        let ended = self.input_ended.clone();
        std::thread::spawn(move || {
            // An input that cannot be read has ended, too.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            ended.store(true, Ordering::Relaxed);
        });
    }

    /// Whether to stop now.
    pub(super) fn requested(&self) -> bool {
        let spent = self.steps_left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0);
        let ended = self.input_ended.load(Ordering::Relaxed);
        let warned = self.warned.load(Ordering::Relaxed);
        spent || ended || warned || self.requested.load(Ordering::Relaxed)
    }

    /// Counts a step.
    pub(super) fn stepped(&self) {
        if let Some(left) = &self.steps_left {
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Whether a signal may stop a run: not one that this process was told to ignore, as `nohup` tells
/// it. Where the system does not say so, a hang-up is left as it is.
#[cfg(unix)]
fn may_listen_to(signal: i32) -> bool {
    ignores_signal(signal).map_or(signal != signal_hook::consts::SIGHUP, |ignores| !ignores)
}

#[cfg(not(unix))]
fn may_listen_to(signal: i32) -> bool {
    ignores_signal(signal) == Some(false)
}
