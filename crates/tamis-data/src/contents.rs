//! Sources whose images are decoded one by one, into memory or into a pack.

use std::path::Path;

use crate::findings::Findings;
use crate::images::Survey;
use crate::raw::RawData;
use crate::store::{InMemory, Store};
use crate::watch::Watch;
use crate::{DataConfig, archive, folder, parquet, webdataset};

/// A layout of encoded images.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Folder,
    Archive,
    Parquet,
    WebDataset,
}

/// A source that was looked through, and none of whose images was decoded.
pub(crate) enum Contents {
    /// A folder on the disk or in an archive.
    Folder(folder::Contents),
    Parquet(parquet::Contents),
    WebDataset(webdataset::Contents),
}

/// The most that a split may come to have.
pub(crate) struct Most {
    pub(crate) samples: usize,
    /// Files of samples, among them perhaps others; empty if samples have none of their own.
    pub(crate) files: Vec<String>,
}

impl Contents {
    /// Looks through a source.
    pub(crate) fn of(
        kind: Kind,
        path: &Path,
        config: &DataConfig,
        findings: &mut Findings,
    ) -> Option<Contents> {
        Some(match kind {
            Kind::Folder => Contents::Folder(folder::Contents::of(path, config, findings)?),
            Kind::Archive => {
                let archive = archive::Archive::open(path, &config.limits, findings)?;
                Contents::Folder(folder::Contents::of_tree(Box::new(archive), findings)?)
            }
            Kind::Parquet => Contents::Parquet(parquet::Contents::of(path, findings)?),
            Kind::WebDataset => {
                let shards = webdataset::Contents::of(path, &config.limits, findings)?;
                Contents::WebDataset(shards)
            }
        })
    }

    /// What the data is called.
    pub(crate) fn name(&self) -> String {
        match self {
            Contents::Folder(contents) => contents.name(),
            Contents::Parquet(contents) => contents.name.clone(),
            Contents::WebDataset(contents) => contents.name.clone(),
        }
    }

    /// Names of the classes.
    pub(crate) fn classes(&self) -> Vec<String> {
        match self {
            Contents::Folder(contents) => contents.names.clone(),
            Contents::Parquet(contents) => contents.names.values().cloned().collect(),
            Contents::WebDataset(contents) => contents.names.values().cloned().collect(),
        }
    }

    /// The most that the training and the test split may come to have.
    pub(crate) fn most(&self) -> [Most; 2] {
        match self {
            Contents::Folder(contents) => {
                contents.files().map(|files| Most { samples: files.len(), files })
            }
            Contents::Parquet(contents) => {
                contents.images().map(|samples| Most { samples, files: Vec::new() })
            }
            Contents::WebDataset(contents) => {
                contents.files().map(|files| Most { samples: files.len(), files })
            }
        }
    }

    /// The images of the training and of the test split, as far as can be told.
    fn images(&self) -> [usize; 2] {
        match self {
            Contents::Folder(contents) => contents.images(),
            Contents::Parquet(contents) => contents.images(),
            Contents::WebDataset(contents) => contents.images(),
        }
    }

    /// The settings with a shape for all images, where these differ and nobody has said what to make of them.
    fn settled(&self, config: &DataConfig, findings: &mut Findings) -> DataConfig {
        if config.strict || (config.size.is_some() && config.channels.is_some()) {
            return config.clone();
        }
        let mut survey = Survey::new(&config.limits);
        match self {
            Contents::Folder(contents) => contents.survey(&mut survey),
            Contents::Parquet(contents) => contents.survey(&mut survey),
            Contents::WebDataset(contents) => contents.survey(&mut survey),
        }
        let (settled, notes) = survey.settle(config);
        findings.notes.extend(notes);
        settled
    }

    /// Reads both splits; the first of `stores` takes the training images.
    pub(crate) fn read<S: Store>(
        self,
        config: &DataConfig,
        stores: [S; 2],
        watch: &mut Watch,
        findings: &mut Findings,
    ) -> Option<RawData<S>> {
        let config = &self.settled(config, findings);
        match self {
            Contents::Folder(contents) => contents.read(config, stores, watch, findings),
            Contents::Parquet(contents) => contents.read(config, stores, watch, findings),
            Contents::WebDataset(contents) => contents.read(config, stores, watch, findings),
        }
    }
}

/// Reads both splits into memory.
pub(crate) fn read(
    kind: Kind,
    path: &Path,
    config: &DataConfig,
    watch: &mut Watch,
    findings: &mut Findings,
) -> Option<RawData> {
    let contents = Contents::of(kind, path, config, findings)?;
    let stores = contents.images().map(|images| InMemory::new(images, path));
    Some(contents.read(config, stores, watch, findings)?.in_memory())
}
