//! The work of one process on a run folder: the state it goes on from and the checkpoints it adds.
//!
//! The same for a search and for the trainings of `tamis score` and `tamis embed`. What a state
//! means is their business; how a checkpoint is written and verified is that of `tamis-run`.

use std::time::{Duration, Instant};

use tamis_core::Snapshot;
use tamis_run::RunFolder;

use crate::error::Error;

/// Longest stretch of work that a crash may lose.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(300);

/// A run folder that this process works on, and when it last saved there.
pub(crate) struct Sitting {
    folder: RunFolder,
    saved_at: Instant,
}

/// What the sittings before left.
pub(crate) struct Earlier {
    /// The newest state that is whole.
    pub(crate) snapshot: Snapshot,
    /// What to tell the user of newer ones that are not.
    pub(crate) notes: Vec<String>,
}

impl Sitting {
    pub(crate) fn new(folder: RunFolder) -> Sitting {
        Sitting { folder, saved_at: Instant::now() }
    }

    pub(crate) fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// What to go on from; `None` if no state was ever saved. Where all are damaged that is an
    /// error: whoever asked to go on did not ask to begin again.
    pub(crate) fn earlier(&self) -> Result<Option<Earlier>, Error> {
        let Some(found) = self.folder.latest_checkpoint()? else { return Ok(None) };
        let notes = found.damaged.iter().map(ToString::to_string).collect();
        Ok(Some(Earlier { snapshot: found.snapshot, notes }))
    }

    /// Whether a crash would lose too much by now.
    pub(crate) fn is_due(&self) -> bool {
        self.saved_at.elapsed() > CHECKPOINT_INTERVAL
    }

    /// Writes the checkpoint of a position: epochs, and steps of the next.
    pub(crate) fn save(
        &mut self,
        (epoch, step): (u32, u32),
        snapshot: &Snapshot,
    ) -> Result<(), Error> {
        self.folder.save_checkpoint(epoch, step, snapshot)?;
        self.saved_at = Instant::now();
        Ok(())
    }
}
