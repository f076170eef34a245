//! Whether the images in a pack are still what was packed.

use rayon::prelude::*;
use tamis_core::SampleId;

use crate::findings::{Findings, list};
use crate::fingerprint::content_hash;
use crate::watch::{Count, Watch};
use crate::{Dataset, Error, Loaded, PackError};

/// Images looked at at a time.
const CHUNK: usize = 1024;

/// What is wrong with the images of packs, all of which are read; of images in memory nothing.
pub(crate) fn verify(loaded: &Loaded, watch: &mut Watch) -> Vec<Error> {
    let splits = [Some(&loaded.train), loaded.test.as_ref()];
    let packed: Vec<&Dataset> =
        splits.into_iter().flatten().filter(|of| of.pack().is_some()).collect();
    let mut count = Count::new(packed.iter().map(|split| split.len()).sum(), watch);
    let mut findings = Findings::default();
    for split in packed {
        let changed = changed(split, &mut count);
        findings.keep(changed.and_then(|changed| refuse(split, &changed)));
    }
    findings.problems
}

/// The images whose bytes do not have the hash that they had when they were packed.
fn changed(split: &Dataset, count: &mut Count) -> Result<Vec<SampleId>, Error> {
    let mut changed = Vec::new();
    count.will_keep(split.shape().len())?;
    let ids: Vec<SampleId> = split.ids().collect();
    for ids in ids.chunks(CHUNK) {
        let same = |id: &SampleId| {
            let image = split.pixels(*id)?;
            Ok(content_hash(split.shape(), &image) == split.hashes()[id.index()])
        };
        let same: Vec<bool> = ids.par_iter().map(same).collect::<Result<_, Error>>()?;
        changed.extend(ids.iter().zip(same).filter(|(_, same)| !same).map(|(id, _)| *id));
        (0..ids.len()).try_for_each(|_| count.add())?;
    }
    Ok(changed)
}

fn refuse(split: &Dataset, changed: &[SampleId]) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let path = split.pack().map(Into::into).unwrap_or_default();
    let samples: Vec<String> = changed.iter().map(|&id| split.sample_name(id)).collect();
    Err(PackError::Changed { path, count: changed.len(), samples: list(&samples) }.into())
}
