//! Making runs, each in a child process of this program: its seconds and its peak memory are its
//! own, and one that fails takes nothing with it.
//!
//! A child is told to stop by the end of its standard input. That reaches it even if this process
//! is killed, so that no run goes on unseen.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use tamis::compare::{Plan, PlannedRun, Results};

use super::collect::take_in;
use super::command::{Places, search};
use super::progress::Progress;
use crate::cli::program::{Program, program};
use crate::cli::stop::Stop;
use crate::cli::{Failure, IN_USE, STOPPED};

/// How often to see whether a stop was asked for.
const GLANCE: Duration = Duration::from_millis(100);

/// Lines of a failed run that are shown.
const LINES_KEPT: usize = 12;

/// Where runs are made, and how many at once.
pub(super) struct Options {
    /// Where run folders are made.
    pub(super) places: Places,
    /// Runs at once.
    pub(super) jobs: usize,
    /// Threads of each.
    pub(super) threads: Option<usize>,
    /// Finished runs after which to stop.
    pub(super) stop_after_runs: Option<usize>,
    /// Steps after which every run stops.
    pub(super) stop_after_steps: Option<u64>,
}

/// How making runs ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Whether it was asked to stop.
    pub(super) stopped: bool,
    /// Runs that failed.
    pub(super) failed: Vec<Failed>,
}

/// A run that failed.
#[derive(Debug)]
pub(super) struct Failed {
    name: String,
    /// Its exit code, or 1.
    pub(super) code: u8,
    told: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the run {} failed: {}", self.name, self.told)
    }
}

/// What a child says.
enum Message {
    /// So many epochs are over.
    Epochs(u32),
    /// Anything else.
    Line(String),
    /// Nothing any more.
    Closed,
}

struct Running<'a> {
    planned: &'a PlannedRun,
    child: Child,
    lines: VecDeque<String>,
}

/// Makes the runs that the results lack, in order, and adds each to the results when it is done.
pub(super) fn make(
    plan: &Plan,
    results: &mut Results,
    options: &Options,
    stop: &Stop,
    progress: &mut Progress,
) -> Result<Ended, Failure> {
    let missing: Vec<&PlannedRun> =
        plan.runs.iter().filter(|planned| results.find(&planned.key).is_none()).collect();
    let (sender, receiver) = channel();
    let mut makers = Makers {
        results,
        options,
        progress,
        waiting: missing.into(),
        running: BTreeMap::new(),
        sender,
        receiver,
        finished: 0,
        ended: Ended::default(),
    };
    let outcome = makers.work(stop);
    // Whatever happened, no child is left behind: the end of its input stops it.
    for running in makers.running.values_mut() {
        drop(running.child.stdin.take());
        let _ = running.child.wait();
    }
    outcome.map(|()| makers.ended)
}

struct Makers<'a> {
    results: &'a mut Results,
    options: &'a Options,
    progress: &'a mut Progress,
    waiting: VecDeque<&'a PlannedRun>,
    running: BTreeMap<usize, Running<'a>>,
    sender: Sender<(usize, Message)>,
    receiver: Receiver<(usize, Message)>,
    finished: usize,
    ended: Ended,
}

impl<'a> Makers<'a> {
    fn work(&mut self, stop: &Stop) -> Result<(), Failure> {
        for number in 1.. {
            let enough = Some(self.finished) == self.options.stop_after_runs;
            if (stop.requested() || enough) && !(self.waiting.is_empty() && self.running.is_empty())
            {
                self.ended.stopped = true;
                self.stop();
            }
            if self.running.len() < self.options.jobs
                && let Some(planned) = self.waiting.pop_front()
            {
                self.begin(number, planned)?;
            } else if self.running.is_empty() {
                break;
            } else if let Ok((number, message)) = self.receiver.recv_timeout(GLANCE) {
                self.hear(number, message)?;
            }
        }
        Ok(())
    }

    /// Asks every child to stop and begins no other.
    fn stop(&mut self) {
        self.waiting.clear();
        for running in self.running.values_mut() {
            drop(running.child.stdin.take());
        }
    }

    fn begin(&mut self, number: usize, planned: &'a PlannedRun) -> Result<(), Failure> {
        if self.options.places.is_finished(planned) {
            // It was finished, but this process ended before it took notice.
            return self.collect(planned);
        }
        let name = planned.key.folder_name();
        let mut child = self
            .options
            .command(planned)?
            .spawn()
            .map_err(Failure::system("starting a process for the run", name))?;
        self.progress.begun(number, planned);
        if let Some(stderr) = child.stderr.take() {
            let sender = self.sender.clone();
            thread::spawn(move || listen(number, stderr, &sender));
        }
        self.running.insert(number, Running { planned, child, lines: VecDeque::new() });
        Ok(())
    }

    fn hear(&mut self, number: usize, message: Message) -> Result<(), Failure> {
        let Some(running) = self.running.get_mut(&number) else { return Ok(()) };
        match message {
            Message::Epochs(epochs) => self.progress.epochs(number, epochs),
            Message::Line(line) => {
                running.lines.push_back(line);
                if running.lines.len() > LINES_KEPT {
                    running.lines.pop_front();
                }
            }
            Message::Closed => {
                let name = running.planned.key.folder_name();
                let ended = running.child.wait();
                let status = ended.map_err(Failure::system("waiting for the run", name))?;
                if let Some(running) = self.running.remove(&number) {
                    self.progress.ended(number);
                    self.end(running, status)?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, running: Running<'a>, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return self.collect(running.planned);
        }
        if status.code() == Some(i32::from(STOPPED)) {
            // Whoever stopped one run, from here or from elsewhere, meant the comparison.
            self.ended.stopped = true;
            self.stop();
            return Ok(());
        }
        let failed = Failed::of(&running, status);
        self.progress.line(&failed.to_string());
        // Wrong settings or data are wrong for the others, too; a run that fails, or that another process
        // makes, is one run.
        if [2, 3].contains(&failed.code) {
            self.stop();
        }
        self.ended.failed.push(failed);
        Ok(())
    }

    /// Adds a finished run to the results.
    fn collect(&mut self, planned: &PlannedRun) -> Result<(), Failure> {
        take_in(planned, &self.options.places.folder(planned), self.results)?;
        self.finished += 1;
        self.progress.finished(planned, self.results);
        Ok(())
    }
}

impl Options {
    /// The command that makes a run, or goes on with it.
    fn command(&self, planned: &PlannedRun) -> Result<Command, Failure> {
        let Program { file, arguments } = program()?;
        let mut command = Command::new(file);
        command.args(arguments).args(search(planned, &self.places)?);
        command.args(["--progress=json", "--stop-with-input"]);
        if let Some(threads) = self.threads {
            command.arg(format!("--threads={threads}"));
        }
        if let Some(steps) = self.stop_after_steps {
            command.arg(format!("--stop-after-steps={steps}"));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(command)
    }
}

impl Failed {
    fn of(running: &Running<'_>, status: ExitStatus) -> Failed {
        let lines = &running.lines;
        // From the error on; of a crash, whatever was said last.
        let from = lines.iter().position(|line| line.starts_with("error: ")).unwrap_or(0);
        let told: Vec<&str> =
            lines.range(from..).map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect();
        let told = if told.is_empty() { status.to_string() } else { told.join("\n") };
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let code = code.filter(|code| [2, 3, IN_USE].contains(code)).unwrap_or(1);
        Failed { name: running.planned.key.folder_name(), code, told }
    }
}

/// Passes on what a child says on its standard error, until it says nothing any more.
fn listen(number: usize, stderr: ChildStderr, sender: &Sender<(usize, Message)>) {
    #[derive(Deserialize)]
    struct Epoch {
        epoch: u32,
    }
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let message = match serde_json::from_str::<Epoch>(&line) {
            Ok(Epoch { epoch }) => Message::Epochs(epoch + 1),
            Err(_) => Message::Line(line),
        };
        // Nobody listens any more once this process is about to end.
        let _ = sender.send((number, message));
    }
    let _ = sender.send((number, Message::Closed));
}
