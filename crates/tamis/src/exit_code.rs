//! The exit code of a program that ends with an error: by whose move it is, and whether the same command
//! may do better later.

use tamis_tables::TableError;

use crate::error::Error;

/// The exit code where another process works on what was asked for.
const IN_USE: u8 = 73;

impl Error {
    /// The exit code of a program that ends with this error: 1 the run failed, 2 usage or
    /// settings, 3 data, 73 in use by another process, 75 stopped on request.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Record(error) => record_exit_code(error),
            Error::Search(error) => search_exit_code(error),
            Error::Training(error) => training_exit_code(error),
            Error::Race(error) => race_exit_code(error),
            Error::Network(error) => network_exit_code(error),
            Error::Compare(error) => compare_exit_code(error),
            Error::Run(error) => run_exit_code(error),
            Error::Data(error) => data_exit_code(error),
            Error::Table(TableError::Ending { .. } | TableError::Form { .. }) => 2,
            Error::Table(TableError::Write(_)) => 1,
            Error::Table(_) => 3,
            Error::BegunElsewhere { source, .. } => source.exit_code(),
            Error::TableReordered { .. }
            | Error::DataChanged { .. }
            | Error::DataReordered
            | Error::FileChanged { .. }
            | Error::NoTestSplit
            | Error::Candidate { .. }
            | Error::OtherClasses { .. }
            | Error::OtherImages { .. } => 3,
            _ => 2,
        }
    }
}

/// Data's errors are not all of the data: settings and threads are in them, too.
fn data_exit_code(error: &tamis_data::Error) -> u8 {
    use tamis_data::Error as Data;
    match error {
        Data::Setting { .. } => 2,
        Data::Thread { .. }
        | Data::PrefetchPanicked
        | Data::Pack(tamis_data::PackError::Write { .. }) => 1,
        Data::Stopped => 75,
        Data::Many { first, .. } => data_exit_code(first),
        _ => 3,
    }
}

fn network_exit_code(error: &tamis_nn::Error) -> u8 {
    if matches!(error, tamis_nn::Error::DeviceFailed { .. }) { 1 } else { 2 }
}

fn training_exit_code(error: &tamis_training::Error) -> u8 {
    use tamis_training::Error as Training;
    match error {
        Training::Setting { .. } | Training::Description(_) => 2,
        Training::Network(error) => network_exit_code(error),
        Training::Data(error) => data_exit_code(error),
        _ => 1,
    }
}

fn race_exit_code(error: &tamis_race::Error) -> u8 {
    use tamis_race::Error as Race;
    match error {
        Race::AllDiverged { .. } | Race::NoSteps { .. } | Race::Snapshot(_) => 1,
        Race::Training(error) => training_exit_code(error),
        Race::Network(error) => network_exit_code(error),
        Race::Data(error) => data_exit_code(error),
        Race::Search(error) => search_exit_code(error),
        _ => 2,
    }
}

fn search_exit_code(error: &tamis_search::Error) -> u8 {
    use tamis_search::Error as Search;
    match error {
        Search::NotFinite { .. } | Search::Snapshot(_) => 1,
        Search::Training(error) => training_exit_code(error),
        Search::Network(error) => network_exit_code(error),
        Search::Data(error) => data_exit_code(error),
        _ => 2,
    }
}

fn record_exit_code(error: &tamis_record::Error) -> u8 {
    use tamis_record::Error as Record;
    match error {
        Record::File { .. } | Record::Content { .. } => 3,
        Record::Data(error) => data_exit_code(error),
        Record::Search(error) => search_exit_code(error),
        Record::Training(error) => training_exit_code(error),
        _ => 2,
    }
}

fn compare_exit_code(error: &tamis_compare::Error) -> u8 {
    use tamis_compare::Error as Compare;
    match error {
        Compare::ResultsInUse { .. } => IN_USE,
        Compare::Line { .. } => 3,
        Compare::Record(error) => record_exit_code(error),
        Compare::Run(error) => run_exit_code(error),
        _ => 2,
    }
}

fn run_exit_code(error: &tamis_run::Error) -> u8 {
    use tamis_run::Error as Run;
    match error {
        Run::NotEmpty { .. } | Run::NotARun { .. } => 2,
        Run::InUse { .. } => IN_USE,
        _ => 1,
    }
}
