//! The durable append, for files that grow by whole lines: one write at the end, synced.
//!
//! What stood in the file is never rewritten. A crash of the system in the middle can leave the
//! new line cut off; the next append starts a line of its own, so that a reader finds at most that
//! one line damaged.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::Error;
use crate::durable::sync_folder;

/// Adds one line, given without its line feed, to the end of a file, which is made if there is
/// none. Processes that append to one file at once wait for each other.
///
/// # Errors
///
/// [`Error::Io`] naming the operation; the file is then as it was.
pub fn append_line_durably(path: &Path, line: &str) -> Result<(), Error> {
    let file = OpenOptions::new().read(true).append(true).create(true).open(path);
    let mut file = file.map_err(Error::io("opening", path))?;
    file.lock().map_err(Error::io("locking", path))?;
    let length = file.metadata().map_err(Error::io("reading", path))?.len();
    let open = ends_inside_a_line(&mut file, length).map_err(Error::io("reading", path))?;
    let text = format!("{}{line}\n", if open { "\n" } else { "" });
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // The first error is the one to report; half a line is worse than none.
        let _ = file.set_len(length);
        return Err(Error::io("writing", path)(error));
    }
    if length == 0 { sync_folder(path) } else { Ok(()) }
}

fn ends_inside_a_line(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_are_added_and_what_stood_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        append_line_durably(&path, "1").unwrap();
        append_line_durably(&path, "2").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n2\n");
    }

    #[test]
    fn a_line_that_was_cut_off_keeps_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        crate::write_durably(&path, b"1\n{\"cut").unwrap();
        append_line_durably(&path, "2").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n{\"cut\n2\n");
    }

    #[test]
    fn lines_of_several_threads_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let line = |number: usize| number.to_string().repeat(1000);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (path, line) = (&path, line(number));
                scope.spawn(move || (0..5).for_each(|_| append_line_durably(path, &line).unwrap()));
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        let mut counts = [0; 4];
        for found in text.lines() {
            let number = (0..4).find(|&number| line(number) == found);
            counts[number.expect("a whole line")] += 1;
        }
        assert_eq!(counts, [5; 4]);
    }
}
