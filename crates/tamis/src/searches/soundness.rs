//! Whether data is fit for a search: what is wrong with the images themselves, which `tamis-data`
//! knows, and whether the networks of a search can be built for them, which it must not know.

use tamis_data::{CheckReport, Stats, Watch, check_watched};
use tamis_nn::Device;
use tamis_search::{build_space, warn_of_size};

use crate::RunConfig;
use crate::error::Error;

/// Reads the data of the settings and lists all that is wrong with it; warns if the search of the same
/// settings would refuse its images, by their size for one. `watch` is told how far the reading is.
pub fn check_data(config: &RunConfig, watch: &mut Watch) -> CheckReport {
    let mut report = check_watched(&config.data, watch);
    if report.stats.as_ref().is_some_and(has_one_class) {
        report.warnings.push("a search refuses images that are all of one class".to_owned());
    }
    let shape = report.stats.as_ref().map(|stats| stats.shape);
    let space = &config.search.space.name;
    report.warnings.extend(shape.and_then(|shape| warn_of_size(space, shape)));
    if let Err(error) = supernet_for(config, &report) {
        report.warnings.push(format!("a search refuses these images: {error}"));
    }
    report
}

fn has_one_class(stats: &Stats) -> bool {
    stats.train.class_counts.iter().filter(|count| **count > 0).count() == 1
}

/// Describes the supernet that a search would train, if the images have a shape.
fn supernet_for(config: &RunConfig, report: &CheckReport) -> Result<(), Error> {
    let Some(stats) = &report.stats else { return Ok(()) };
    let space = build_space(&config.search.space, stats.shape, stats.classes.len())?;
    space.network(&space.first_stage(), Device::Cpu)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(size: usize) -> Vec<String> {
        let mut config = RunConfig::default();
        (config.data.synthetic.train, config.data.synthetic.test) = (20, 10);
        config.data.size = Some(size);
        check_data(&config, &mut |_| std::ops::ControlFlow::Continue(())).warnings
    }

    #[test]
    fn sizes_that_the_search_refuses_are_warned_of_and_no_others() {
        let warned = |size| warnings(size).iter().any(|text| text.contains("a search refuses"));
        assert_eq!([12, 14, 15, 16].map(warned), [false, true, true, false]);
        let text = warnings(15).pop().unwrap_or_default();
        assert!(text.contains("15 x 15 pixels, expected sides divisible by 4"), "{text}");
    }
}
