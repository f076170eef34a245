//! `--plan=slurm`: a script for `sbatch`, an array with a task a run.
//!
//! The script holds its commands itself: Slurm keeps a copy of it, so that nothing that happens to files
//! afterwards changes what its tasks do. What all commands have in common stands in it once.

use super::shell::{quoted, quoted_all};

/// Seconds before the time limit at which a run is told to save and stop.
const WARNING_S: u32 = 120;

/// What a task does once it knows its command.
const ATTEND: &str = r#"
# In the background, so that signals are heard meanwhile. Whichever it was, the run hears USR1, which
# asks it to save and stop as often as it comes: Slurm may send its own to the run as well.
run=
stops=0
ended=
stop() {
    stops=$((stops + 1))
    [ -z "$run" ] || kill -USR1 "$run" 2> /dev/null
}
trap stop USR1
trap 'ended=1; stop' TERM
attend() {
    heard=$stops
    "$@" &
    run=$!
    # What was heard while it was started it could not hear.
    [ "$heard" = "$stops" ] || kill -USR1 "$run" 2> /dev/null
    while :; do
        heard=$stops
        wait "$run"
        code=$?
        [ "$heard" != "$stops" ] || break
    done
    run=
}

# 73: another process works on the run. That may be one on a node that was lost, whose lock goes after
# a while.
code=75
for pause in 30 60 120 240 0; do
    [ "$stops" = 0 ] || break
    attend "${tamis[@]}" "${all[@]}" "${own[@]}"
    [ "$code" = 73 ] && [ "$pause" != 0 ] || break
    attend sleep "$pause"
done

# 75: the run has saved its state and goes on when it is started again. 138: it was stopped before it
# listened. A task that Slurm ends itself, as it does to cancel it, is Slurm's to start again or not.
if [ -z "$ended" ] && { [ "$code" = 75 ] || [ "$code" = 138 ]; }; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"
"#;

/// The script, of at least one command.
pub(super) fn script(commands: &[&[String]], name: &str, threads: Option<usize>) -> String {
    let (program, all) = common(commands);
    let last = commands.len() - 1;
    let threads = threads.unwrap_or(1);
    let mut text = format!(
        "#!/bin/bash\n#SBATCH --job-name={}\n#SBATCH --array=0-{last}\n#SBATCH --cpus-per-task={threads}\n\
         #SBATCH --requeue\n#SBATCH --signal=B:USR1@{WARNING_S}\n#SBATCH --open-mode=append\n\n\
         tamis=({})\nall=({})\n\ncase \"$SLURM_ARRAY_TASK_ID\" in\n",
        plain(name),
        quoted_all(program),
        quoted_all(&all)
    );
    for (number, command) in commands.iter().enumerate() {
        let own = command[program.len()..].iter().filter(|argument| !all.contains(argument));
        let own: Vec<String> = own.map(|argument| quoted(argument)).collect();
        text += &format!("{number}) own=({}) ;;\n", own.join(" "));
    }
    text + "*) echo \"found task '$SLURM_ARRAY_TASK_ID', expected one of the array\" >&2; exit 2 ;;\nesac\n"
        + ATTEND
}

/// What all commands begin with, and what else all have: their order means nothing from there on.
fn common<'a>(commands: &[&'a [String]]) -> (&'a [String], Vec<String>) {
    let first = commands[0];
    let is_flag = |argument: &String| argument.starts_with("--");
    let (program, rest) = first.split_at(first.iter().position(is_flag).unwrap_or(first.len()));
    let in_all = |argument: &&String| commands.iter().all(|command| command.contains(argument));
    (program, rest.iter().filter(in_all).cloned().collect())
}

/// A name that `sbatch` takes without quotes.
fn plain(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c), "-")
}
