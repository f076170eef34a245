//! What all tests of the program from outside have in common: how it is called and read.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The program, which finds no data sets.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tamis"));
    command.env_remove("TAMIS_DATA");
    command
}

/// Runs it to its end.
#[allow(dead_code, reason = "not every test calls it with arguments alone")]
pub(crate) fn tamis(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// The same, in a folder.
#[allow(dead_code, reason = "not every test works in a folder of its own")]
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    program().args(arguments).current_dir(folder).output().unwrap()
}

#[allow(dead_code, reason = "not every test reads what was printed")]
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What was told, of a command that ended with this code.
#[allow(dead_code, reason = "not every test reads what was told")]
pub(crate) fn ended(output: &Output, code: i32) -> String {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

/// Does a task for each item on two threads, in no order.
#[allow(dead_code, reason = "not every test has many of something")]
pub(crate) fn for_all<T: Sync>(items: &[T], task: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            task(item);
        }
    };
    std::thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(work));
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
