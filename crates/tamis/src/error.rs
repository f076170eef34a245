//! What can stop a run, sorted by whose move it is.

use std::path::PathBuf;

use tamis_tables::TableError;

/// An error of a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Settings or a result cannot be read.
    #[error(transparent)]
    Record(#[from] tamis_record::Error),
    /// A space whose networks are no sums of parts was to be measured.
    #[error(
        "measuring the parts of {space}: found none, expected a space whose networks are sums of parts: \
         mobilenet, say"
    )]
    NoParts {
        /// The space.
        space: String,
    },
    /// A policy that follows a search was asked to choose once.
    #[error(
        "choosing samples once: found the policy `{policy}`, expected one that does not follow a \
         search; hint: `tamis search --policy {policy}` writes who was active when to `selection/` \
         in the run folder"
    )]
    NeedsSearch {
        /// The policy.
        policy: String,
    },
    /// Nothing says which samples there are.
    #[error(
        "choosing samples: found nothing that says which there are; hint: give --data, --labels, \
         --scores or --embeddings"
    )]
    NoPool,
    /// What is given of the samples is not of equally many.
    #[error(
        "choosing samples: found {found} {what} beside {expected} {first}, expected as many: one a sample"
    )]
    GivenLengths {
        /// What there are too many or too few of.
        what: &'static str,
        /// How many.
        found: usize,
        /// What was counted first.
        first: &'static str,
        /// How many of these.
        expected: usize,
    },
    /// Probabilities were to be made scores of, and no file of them is named.
    #[error("making scores of probabilities: found no file of them; hint: name one with --scores")]
    NoProbabilities,
    /// Losses were to be made of probabilities, and nothing says the samples' classes.
    #[error(
        "making losses of probabilities: found nothing that says the samples' classes; hint: give \
         --labels or --data"
    )]
    LossNeedsClasses,
    /// An output that is one of the inputs.
    #[error(
        "writing {}: found that it is the input {}, which would be lost; hint: name another file",
        output.display(), input.display()
    )]
    ReplacesInput {
        /// What was to be written.
        output: PathBuf,
        /// The input that it is.
        input: PathBuf,
    },
    /// An output that is there already.
    #[error(
        "writing {}: found a file of that name; hint: --replace writes over it",
        path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// An architecture that a benchmark's table does not hold.
    #[error("looking an architecture up: found {found} in {}, expected {expected}", table.display())]
    NotInTable {
        /// The table.
        table: PathBuf,
        /// What it lacks.
        found: String,
        /// What it has.
        expected: String,
    },
    /// A folder that holds nothing of Tamis.
    #[error(
        "reading the run folder {}: found {found}, expected the folder of a run, of a comparison or \
         of what `tamis score` and `tamis embed` train",
        path.display()
    )]
    NothingToShow {
        /// The folder.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// A file of the run's settings is not where it was when the run began.
    #[error(
        "{source}; hint: `{path}` is {setting} in the run's settings, relative to the folder where \
         it began{}; go on from there, or change {setting} in {}",
        began(began_in),
        config.display(),
        path = path.display()
    )]
    BegunElsewhere {
        /// The setting that names it.
        setting: &'static str,
        /// What it names.
        path: PathBuf,
        /// The folder where the run began, if it is known.
        began_in: Option<PathBuf>,
        /// The run's settings.
        config: PathBuf,
        /// What was wrong.
        source: Box<Error>,
    },
    /// The data changed since the run began.
    #[error(
        "resuming the run: found data with fingerprint {found}, expected {expected}; \
         hint: put the data back as it was, or start a new run"
    )]
    DataChanged {
        /// Fingerprint of the data now.
        found: String,
        /// Fingerprint when the run began.
        expected: String,
    },
    /// The same data as when the run began, but its samples follow on each other in another order.
    #[error(
        "resuming the run: found the same images in another order, so that their ids name other \
         images; hint: put the files back as they were named, or start a new run"
    )]
    DataReordered,
    /// A setting changed since the run began.
    #[error(
        "resuming the run: found {setting} = {found} in its config.toml, expected {expected}, with \
         which it began; hint: put the line back, or start a new run; device, table and where the \
         data lies may change"
    )]
    SettingChanged {
        /// The setting.
        setting: String,
        /// Its value now.
        found: String,
        /// Its value when the run began.
        expected: String,
    },
    /// A folder holds a run of other settings than the one that was asked for.
    #[error(
        "going on with the run {}: found {setting} = {found}, expected {expected}, which was asked for; \
         hint: name another --out, or go on with the run as it began with `tamis resume`",
        path.display()
    )]
    OtherSettings {
        /// The folder.
        path: PathBuf,
        /// The setting.
        setting: String,
        /// Its value in the folder.
        found: String,
        /// Its value as it was asked for.
        expected: String,
    },
    /// A file that the run depends on changed since it began.
    #[error(
        "resuming the run: found {setting} = {} with the hash {found}, expected {expected}; \
         hint: put the file back as it was, or start a new run",
        path.display()
    )]
    FileChanged {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The first digits of the BLAKE3 of its bytes now.
        found: String,
        /// The same when the run began.
        expected: String,
    },
    /// Scores or embeddings of the same images, whose samples followed on each other in another
    /// order when they were made.
    #[error(
        "reading the table {}: found it made of the same images in another order, so that its ids \
         name other images; hint: put the files back as they were named, or make the table again",
        path.display()
    )]
    TableReordered {
        /// The table.
        path: PathBuf,
    },
    /// Data cannot be used.
    #[error(transparent)]
    Data(#[from] tamis_data::Error),
    /// Samples cannot be chosen.
    #[error(transparent)]
    Select(#[from] tamis_select::Error),
    /// A table of scores, embeddings or labels cannot be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// An architecture or a benchmark's table cannot be read.
    #[error(transparent)]
    Space(#[from] tamis_space::Error),
    /// The search failed.
    #[error(transparent)]
    Search(#[from] tamis_search::Error),
    /// Something else than a race was to decide after a search, or where none can.
    #[error(
        "finishing a search: found finish = {found}, expected race:neighbours, race:visited, race:largest:N, \
         race:random:N or race:file:PATH, and no target of cost beside it"
    )]
    Finish {
        /// What was found.
        found: String,
    },
    /// A race failed.
    #[error(transparent)]
    Race(#[from] tamis_race::Error),
    /// An order was to be held against a table, and none is there.
    #[error(
        "ranking policies: found no table, expected the accuracies of the panel; hint: name one with \
         --table, or the folder that holds nas-bench-201/nasbench201.csv with TAMIS_DATA"
    )]
    NoTable,
    /// Candidates that are not those with which a race began.
    #[error(
        "going on with the race {}: found other candidates than those of its candidates.txt; hint: name \
         another folder",
        path.display()
    )]
    OtherCandidates {
        /// The folder.
        path: PathBuf,
    },
    /// A target of cost, which no race knows.
    #[error(
        "racing: found a target of cost, expected none: a race judges by losses or accuracies alone"
    )]
    RaceTarget,
    /// A line of a file of architectures is none.
    #[error("reading candidates from {}: in line {line}: {source}", path.display())]
    Candidate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: Box<tamis_space::Error>,
    },
    /// A training failed.
    #[error(transparent)]
    Training(#[from] tamis_training::Error),
    /// A network could not be built.
    #[error(transparent)]
    Network(#[from] tamis_nn::Error),
    /// Not exactly one network is named that could be trained.
    #[error(
        "choosing a network: found {}, expected one of a genotype and a network's name; hint: \
         --genotype G, --run RUN of a finished search, or --network resnet20",
        if *.found { "two" } else { "none" }
    )]
    NoNetwork {
        /// Whether two are named, and not none.
        found: bool,
    },
    /// No network has this name.
    #[error(
        "choosing a network: found `{found}`, expected one of: {expected}; hint: genotypes go with --genotype"
    )]
    UnknownNetwork {
        /// The name.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A network that has no auxiliary classifier was to have one.
    #[error(
        "building {network}: found train.auxiliary_weight above 0, expected 0; hint: networks of the \
         DARTS space alone have an auxiliary classifier"
    )]
    NoAuxiliary {
        /// The network, with its article.
        network: String,
    },
    /// So few images are left that no batch can be made.
    #[error(
        "choosing images by {policy}: found {found} to train on, expected at least 2; hint: choose \
         more, or hold out fewer"
    )]
    TooFewImages {
        /// What chose.
        policy: String,
        /// How many.
        found: usize,
    },
    /// The data has no test split.
    #[error(
        "judging a network: found no test split in the data, expected one; hint: --split train \
         judges on what there is"
    )]
    NoTestSplit,
    /// A network was to answer to classes that it does not know.
    #[error("{task}: found the classes {found}, expected {expected}, on which it was trained")]
    OtherClasses {
        /// What the network was to do.
        task: &'static str,
        /// Classes of the data.
        found: String,
        /// Classes of the network.
        expected: String,
    },
    /// A network was to look at images of another shape.
    #[error(
        "{task}: found images of {found}, expected {expected}; hint: --set data.size and \
         data.channels bring images to that"
    )]
    OtherImages {
        /// What the network was to do.
        task: &'static str,
        /// Shape of the images.
        found: String,
        /// Shape that the network reads.
        expected: String,
    },
    /// Where a trained network was to be there is none.
    #[error(
        "reading a trained network from {}: {found}; hint: name the folder of a finished `tamis train`",
        path.display()
    )]
    NoTrainedNetwork {
        /// The place.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// Something that a report cannot show.
    #[error(
        "making a report: found {found}, expected folders of a search, a race, a training and a comparison, \
         at most one each"
    )]
    NotInReport {
        /// What was found.
        found: String,
    },
    /// A network cannot be written in a form.
    #[error(transparent)]
    Export(#[from] tamis_export::Error),
    /// A drawing or genotype was asked for of a network that has no cell.
    #[error("writing an architecture: found a network of no search space, expected a genotype")]
    NoCell,
    /// A form that needs weights was asked for of an architecture.
    #[error(
        "writing an architecture: found a form that needs weights, expected one that does not; hint: \
         `tamis export` writes trained networks"
    )]
    NeedsWeights,
    /// A form of export does not know an option.
    #[error(
        "exporting a network: found {option}, which this form does not know; hint: --to onnx knows all, --to \
         pytorch knows --normalize"
    )]
    NotOfForm {
        /// The option.
        option: &'static str,
    },
    /// A comparison cannot be made as it was asked for.
    #[error(transparent)]
    Compare(#[from] tamis_compare::Error),
    /// A file of the run could not be written or read.
    #[error(transparent)]
    Run(#[from] tamis_run::Error),
}

fn began(folder: &Option<PathBuf>) -> String {
    folder.as_ref().map(|folder| format!(", {}", folder.display())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tamis_data::Error as Data;

    use super::*;

    fn setting() -> Data {
        Data::Setting { key: "data.size", found: "0".to_owned(), expected: "more".to_owned() }
    }

    #[test]
    fn an_error_of_data_has_the_same_exit_code_wherever_it_is_met() {
        let many = |first| Data::Many { first: Box::new(first), more: 1 };
        let cases: [(fn() -> Data, u8); 3] = [
            (setting, 2),
            (|| Data::PrefetchPanicked, 1),
            (|| Data::Empty { path: "d".into() }, 3),
        ];
        for (data, code) in cases {
            assert_eq!(Error::Data(data()).exit_code(), code);
            assert_eq!(Error::Data(many(data())).exit_code(), code);
            assert_eq!(Error::Search(tamis_search::Error::Data(data())).exit_code(), code);
            assert_eq!(Error::Training(tamis_training::Error::Data(data())).exit_code(), code);
        }
    }
}
