//! How many threads the program computes with: as many as it was told, else as many as the processors
//! that it may use, else fewer where Slurm lent it fewer.
//!
//! The processors that it may use are those of the affinity mask and of the control group.

use std::env;

use tamis::run::Machine;

use super::Failure;

/// The processors that Slurm lends a task, where it was asked for a number.
const LENT: &str = "SLURM_CPUS_PER_TASK";

/// Computes with so many threads, or with as many as there are processors for.
pub(super) fn use_threads(threads: Option<usize>) -> Result<(), Failure> {
    let Some(threads) = threads.map_or_else(lent_threads, |threads| Ok(Some(threads)))? else {
        return Ok(());
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Failure::Usage(format!("starting {threads} threads: {error}")))
}

/// Processors that this program may use.
pub(super) fn processors() -> Result<usize, Failure> {
    Ok(lent_threads()?.unwrap_or(Machine::this().processors))
}

/// The threads for the processors that Slurm lends; `None` where it does not say.
fn lent_threads() -> Result<Option<usize>, Failure> {
    let text = env::var_os(LENT).map(|text| text.to_string_lossy().into_owned());
    text.map(|text| threads_of(&text, Machine::this().processors)).transpose()
}

/// As many as are lent, but not more than the processors that may be used.
fn threads_of(lent: &str, processors: usize) -> Result<usize, Failure> {
    let found = lent.trim().parse().ok().filter(|lent| *lent > 0);
    let lent: usize = found.ok_or_else(|| {
        Failure::Usage(format!(
            "reading {LENT}: found `{lent}`, expected a whole number from 1; hint: --threads says how \
             many threads to compute with, whatever the variable says"
        ))
    })?;
    Ok(lent.min(processors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_those_lent_and_never_more_than_the_mask_allows() {
        for (lent, processors, threads) in [("1", 8, 1), ("4", 8, 4), ("8", 2, 2), (" 3 ", 3, 3)] {
            assert_eq!(threads_of(lent, processors).unwrap(), threads, "{lent} of {processors}");
        }
    }

    #[test]
    fn what_is_no_number_of_processors_is_refused_by_the_name_of_the_variable() {
        for lent in ["", "0", "-1", "two", "1.5", "99999999999999999999999"] {
            let told = threads_of(lent, 2).unwrap_err().to_string();
            assert!(told.contains("SLURM_CPUS_PER_TASK: found `"), "{told}");
            assert!(told.contains("hint: --threads"), "{told}");
        }
    }
}
