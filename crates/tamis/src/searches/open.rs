//! A run in whatever state its folder is: begun if it is new, gone on with if it was cut off, left as it
//! is if it came to its end. So one command makes a run however often it is started, by whomever.

use std::path::Path;

use tamis_record::{Layers, Outcome, RunConfig};
use tamis_run::RunFolder;

use crate::error::Error;
use crate::folder::{RunRecord, refuse_other_settings};
use crate::ground::Ground;
use crate::scoring::Observer;
use crate::searches::job::{Job, RESULT};

/// What became of a run that was asked for.
pub enum Opened {
    /// It came to its end before; nothing was written.
    Finished(Box<Outcome>),
    /// It is begun, or goes on; with what there is to tell.
    Ready(Box<Job>, Vec<String>),
    /// The making of scores or embeddings was stopped. Asked again, it goes on.
    Stopped,
}

impl Job {
    /// The run with these settings in a folder that may be new, hold the run cut off, or hold it finished.
    /// Where it goes on, data, device and table are those of `config`, and not those of its folder.
    ///
    /// # Errors
    ///
    /// [`Error::OtherSettings`] if the folder holds a run of other settings; [`Error::Run`] with
    /// [`tamis_run::Error::InUse`] if another process works on it; as [`Job::create`] and [`Job::resume`].
    pub fn open(
        mut config: RunConfig,
        path: &Path,
        observer: &mut dyn Observer,
    ) -> Result<Opened, Error> {
        config.what = None;
        if !RunFolder::is_begun(path) {
            match Job::create(config.clone(), path, observer) {
                // Another process has begun it since.
                Err(Error::Run(tamis_run::Error::NotEmpty { .. })) if RunFolder::is_begun(path) => {
                }
                created => return Ok(ready(created?.map(|job| (job, Vec::new())))),
            }
        }
        let kept = Layers::default().file(&path.join("config.toml"))?.resolve()?;
        refuse_other_settings(path, &kept.to_table()?, &config.to_table()?)?;
        if let Some(outcome) = earlier_result(path)? {
            if kept.data != config.data {
                refuse_other_data(&config, path, observer)?;
            }
            return Ok(Opened::Finished(Box::new(outcome)));
        }
        Ok(ready(Job::go_on(path, Some(config), observer)?))
    }
}

fn ready(job: Option<(Job, Vec<String>)>) -> Opened {
    job.map_or(Opened::Stopped, |(job, notes)| Opened::Ready(Box::new(job), notes))
}

/// What a run wrote at its end; `None` if it is not there.
fn earlier_result(path: &Path) -> Result<Option<Outcome>, Error> {
    let path = path.join(RESULT);
    if !path.exists() {
        return Ok(None);
    }
    let unreadable = tamis_record::Error::file("the result of the run", &path);
    let text = std::fs::read_to_string(&path).map_err(unreadable)?;
    let expected = "what a run writes; hint: without the file, the same command writes it again";
    let unreadable = tamis_record::Error::content("the result of the run", &path, expected);
    Ok(Some(serde_json::from_str(&text).map_err(unreadable)?))
}

/// Refuses data that a finished run was not made on.
fn refuse_other_data(
    config: &RunConfig,
    path: &Path,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let record = RunRecord::read_in(path)?;
    let ground = Ground::of(config, observer)?;
    record.check_data(&ground.fingerprint, &ground.train)
}
