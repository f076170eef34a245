//! Everything in long form: one figure a line, every run's value and the statistics over seeds.
//! What is not known is empty. Each line names the data that was searched on, so that no accuracy of a
//! benchmark is taken for one of it.

use tamis::compare::{ArmResult, Block, Comparison, Difference, Quantity, Summary, Unsearched};

const HEADER: &str =
    "data,space,channels,cells,host,policy,runs_as,alpha_lr_scale,quantity,statistic,seed,value\n";

/// All blocks.
pub(super) fn csv(comparison: &Comparison) -> String {
    let mut text = HEADER.to_owned();
    for block in &comparison.blocks {
        for arm in &block.arms {
            arm_lines(&mut text, block, arm);
        }
        for row in &block.unsearched {
            unsearched_lines(&mut text, block, row);
        }
    }
    text
}

/// The lines of one arm: what stands before each.
struct Lines<'a> {
    text: &'a mut String,
    prefix: String,
}

impl Lines<'_> {
    fn add(&mut self, quantity: &str, statistic: &str, seed: Option<u64>, value: &str) {
        let seed = seed.map_or(String::new(), |seed| seed.to_string());
        let value = quoted(value);
        *self.text += &format!("{},{quantity},{statistic},{seed},{value}\n", self.prefix);
    }

    fn number(&mut self, quantity: &str, statistic: &str, value: Option<f64>) {
        let value = value.map_or(String::new(), |value| value.to_string());
        self.add(quantity, statistic, None, &value);
    }

    fn summary(&mut self, quantity: &str, prefix: &str, summary: Option<Summary>) {
        let n = summary.map_or(0, |found| found.n);
        self.number(quantity, &format!("{prefix}n"), Some(n as f64));
        let mean = summary.map(|found| found.mean);
        self.number(quantity, &format!("{prefix}mean"), mean);
        let deviation = summary.and_then(|found| found.deviation);
        self.number(quantity, &format!("{prefix}deviation"), deviation);
        let median = summary.map(|found| found.median);
        self.number(quantity, &format!("{prefix}median"), median);
    }

    fn difference(&mut self, quantity: Quantity, prefix: &str, found: Option<Difference>) {
        self.summary(quantity.name(), prefix, found.map(|found| found.summary));
        let better = found.map(|found| found.better as f64);
        self.number(quantity.name(), &format!("{prefix}better"), better);
    }
}

fn lines<'a>(text: &'a mut String, block: &Block, arm: [&str; 4]) -> Lines<'a> {
    let setup = &block.key.setup;
    let (channels, cells) = (setup.channels.to_string(), setup.cells.to_string());
    let [host, policy, runs_as, scale] = arm;
    let data = block.data.as_deref().unwrap_or_default();
    let fields = [data, block.space.as_str(), &channels, &cells, host, policy, runs_as, scale];
    Lines { text, prefix: fields.map(quoted).join(",") }
}

fn arm_lines(text: &mut String, block: &Block, arm: &ArmResult) {
    let (named, runs_as) = (&arm.arm.named, &arm.arm.runs_as);
    let fields = [&arm.arm.host, &named.policy, &runs_as.policy, &named.scale];
    let mut lines = lines(text, block, fields.map(String::as_str));
    for run in &arm.runs {
        for quantity in Quantity::ALL {
            let value = quantity.of(run).map_or(String::new(), |value| value.to_string());
            lines.add(quantity.name(), "value", Some(run.seed), &value);
        }
        lines.add("genotype", "value", Some(run.seed), &run.outcome.genotype);
    }
    for quantity in Quantity::ALL {
        lines.summary(quantity.name(), "", arm.summary(quantity));
        if quantity.is_accuracy() && block.control(arm).is_some() {
            lines.difference(quantity, "difference_", block.difference(arm, quantity));
        }
        if quantity.is_accuracy() && block.equal_steps(arm).is_some() {
            lines.difference(quantity, "steps_difference_", block.steps_difference(arm, quantity));
        }
    }
    lines.number("speed_up_samples", "mean", arm.speed_up_samples());
    lines.number("speed_up_wall", "mean", block.speed_up_wall(arm));
}

fn unsearched_lines(text: &mut String, block: &Block, row: &Unsearched) {
    let mut lines = lines(text, block, ["", row.name, "", ""]);
    for quantity in Quantity::LOOKED_UP {
        for (seed, accuracies) in &row.by_seed {
            let value = quantity.of_table(accuracies).map_or(String::new(), |v| v.to_string());
            lines.add(quantity.name(), "value", Some(*seed), &value);
        }
        lines.summary(quantity.name(), "", row.summaries.get(&quantity).copied());
    }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_quotes_stay_in_their_field() {
        assert_eq!(quoted("|none~0|"), "|none~0|");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
