//! Scores and embeddings of one seed, made as `tamis score` and `tamis embed` make them.
//!
//! The scorer is a residual network small enough to be trained in half a minute. Everything lies in
//! a folder that goes when the tables go.

use std::path::PathBuf;

use tamis::data::DataConfig;
use tamis::training::{TrainingEvent, TrainingRecord};
use tamis::{Embedding, Observer, ScoreKind, Scoring, ScoringConfig, ScoringEvent};
use tempfile::TempDir;

/// The score files and the embedding file of one seed.
pub(crate) struct Tables {
    folder: TempDir,
}

impl Tables {
    pub(crate) fn make(data: &DataConfig, seed: u64) -> Result<Tables, Box<dyn std::error::Error>> {
        let tables = Tables { folder: tempfile::tempdir()? };
        let mut watch = Watch { seed, what: "data", epochs: 0 };
        let scoring = Scoring::new(settings(data, seed), &mut watch)?;
        for kind in [ScoreKind::Entropy, ScoreKind::Forgetting, ScoreKind::El2n] {
            let mut watch = Watch { seed, what: kind.name(), epochs: 0 };
            scoring.score(kind, &tables.scores(kind.name()), &mut watch)?;
        }
        let mut watch = Watch { seed, what: "embedding", epochs: 0 };
        scoring.embed(Embedding::TripletAe, &tables.embeddings(), &mut watch)?;
        Ok(tables)
    }

    /// The file of scores of this kind.
    pub(crate) fn scores(&self, kind: &str) -> PathBuf {
        self.folder.path().join(format!("{kind}.csv"))
    }

    /// The file of embeddings.
    pub(crate) fn embeddings(&self) -> PathBuf {
        self.folder.path().join("embeddings.csv")
    }
}

fn settings(data: &DataConfig, seed: u64) -> ScoringConfig {
    let mut config = ScoringConfig { seed, data: data.clone(), ..ScoringConfig::default() };
    (config.score.epochs, config.score.batch) = (20, 64);
    (config.score.channels, config.score.blocks) = (Some(8), 1);
    (config.embed.epochs, config.embed.width) = (20, 16);
    config
}

/// Tells how each training ended.
struct Watch {
    seed: u64,
    what: &'static str,
    epochs: u32,
}

impl Watch {
    fn tell(&self, record: &TrainingRecord) {
        let told = match (record.accuracy, record.triplet_loss) {
            (Some(accuracy), _) => format!("training accuracy {:.1} %", 100.0 * accuracy),
            (None, Some(loss)) => format!("triplet loss {loss:.3}"),
            (None, None) => String::new(),
        };
        let (Watch { seed, what, epochs }, loss) = (self, record.loss);
        eprintln!("seed {seed}, {what}: after {epochs} epochs loss {loss:.3}, {told}");
    }
}

impl Observer for Watch {
    fn stop(&self) -> bool {
        false
    }

    fn observe(&mut self, event: &ScoringEvent) {
        match event {
            ScoringEvent::Training { epochs, .. } => self.epochs = *epochs,
            ScoringEvent::Trained(TrainingEvent::EpochEnded(record))
                if record.epoch + 1 == self.epochs =>
            {
                self.tell(record);
            }
            _ => {}
        }
    }
}
