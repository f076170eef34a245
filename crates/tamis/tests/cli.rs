//! The program from outside: what it prints where, its exit codes, and that runs repeat and
//! resume bit for bit.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod common;
#[path = "common/run.rs"]
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use serde_json::Value;

use common::{tamis, text};
use run::{last_tensors, read_json, results};

/// A search small enough for a test: 96 images, two channels, three epochs of six steps.
const SMALL: [&str; 10] = [
    "--set=data.synthetic.train=96",
    "--set=data.synthetic.test=20",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--batch=8",
    "--epochs=3",
    "--policy=random-epoch:0.9",
    "--host=beta-darts",
    "--seed=5",
    "--progress=none",
];

fn search(out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    tamis(&[&["search", "--out", out], &SMALL[..], more].concat())
}

fn succeed(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_search_prints_the_genotype_alone_and_fills_its_run_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = search(&out, &[]);
    let told = text(&output.stderr);
    let genotype = succeed(output);
    assert!(genotype.starts_with('|') && genotype.lines().count() == 1, "{genotype}");
    assert!(told.contains("samples / full data") && told.contains("run folder"), "{told}");
    let result = read_json(&out.join("result.json"));
    assert_eq!(result["genotype"], genotype.trim());
    assert_eq!(result["genotype_history"].as_array().unwrap().len(), 3);
    assert_eq!(result["cost"]["one_off_samples"], 0);
    assert_eq!(result["dataset"]["train"], 96);
    for file in ["config.toml", "run.json", "log.jsonl", "selection/epoch-000002.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let log = fs::read_to_string(out.join("log.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<&str> = lines.iter().map(|line| line["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().all(|time| time.len() == 24), "{times:?}");
}

#[test]
fn a_run_repeats_byte_for_byte_whatever_the_number_of_threads_and_from_its_own_config() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    succeed(search(&path("a"), &["--threads=1"]));
    succeed(search(&path("b"), &["--threads=2"]));
    let config = path("a/config.toml");
    let (config, again) = (config.to_str().unwrap(), path("c"));
    let again = again.to_str().unwrap();
    let (run, from_folder) = (path("a"), path("e"));
    let folders = [run.to_str().unwrap(), from_folder.to_str().unwrap()];
    succeed(tamis(&["search", "--config", folders[0], "--out", folders[1], "--progress=none"]));
    succeed(tamis(&["search", "--config", config, "--out", again, "--progress=none"]));
    for other in ["b", "c", "e"] {
        assert_eq!(results(&path("a")), results(&path(other)));
        assert_eq!(last_tensors(&path("a")), last_tensors(&path(other)));
    }
    succeed(search(&path("d"), &["--seed=6"]));
    assert_ne!(last_tensors(&path("a")), last_tensors(&path("d")), "another seed, another run");
}

#[test]
fn a_stopped_run_goes_on_in_a_new_process_as_if_it_had_not_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (straight, stopped) = (folder.path().join("straight"), folder.path().join("stopped"));
    succeed(search(&straight, &[]));
    // In the middle of the first epoch, then in the third.
    let output = search(&stopped, &["--stop-after-steps=3"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("tamis resume"));
    let resume = |more: &[&str]| {
        tamis(&[&["resume", stopped.to_str().unwrap(), "--progress=none"], more].concat())
    };
    assert_eq!(resume(&["--stop-after-steps=10"]).status.code(), Some(75));
    let genotype = succeed(resume(&[]));
    assert_eq!(genotype.trim(), read_json(&straight.join("result.json"))["genotype"]);
    assert_eq!(results(&stopped), results(&straight));
    assert_eq!(last_tensors(&stopped), last_tensors(&straight));
}

#[test]
fn a_run_is_not_resumed_on_other_data_or_in_another_order() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    assert_eq!(search(&out, &["--stop-after-steps=1"]).status.code(), Some(75));
    let record = fs::read_to_string(out.join("run.json")).unwrap();
    for (key, hint) in [("fingerprint", "put the data back"), ("order", "put the files back")] {
        let kept = read_json(&out.join("run.json"))[key].as_str().unwrap().to_owned();
        #[allow(clippy::disallowed_methods)]
        fs::write(out.join("run.json"), record.replace(&kept, &"0".repeat(64))).unwrap();
        let output = tamis(&["resume", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3));
        assert!(text(&output.stderr).contains(hint), "{}", text(&output.stderr));
    }
}

#[test]
fn mistakes_have_their_exit_codes_and_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let fails = |more: &[&str], code: i32, expected: &str| {
        let output = search(&out, more);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(!out.exists(), "nothing is written before everything is checked");
    };
    fails(&["--set=space.chanels=8"], 2, "chanels");
    fails(&["--host=dart"], 2, "beta-darts");
    fails(&["--policy=randm:0.1"], 2, "random");
    fails(&["--policy=proxy:0.1", "--set=score.lr=-1"], 2, "score.lr");
    fails(&["--policy=dds:9", "--set=embed.epochs=0"], 2, "embed.epochs");
    fails(&["--host=pc-darts"], 2, "found the space nas-bench-201, expected darts");
    fails(&["--space=darts:s3"], 2, "planned and not here yet");
    fails(&["--set=train.epochs=few"], 2, "`train.epochs`");
    fails(&["--set=train.epochs=few"], 2, "expected a whole number");
    fails(&["--threads=0"], 2, "expected a whole number from 1 to");
    fails(&["--threads=100000"], 2, "processors");
    fails(&["--epochs=0"], 2, "train.epochs");
    fails(&["--set=augmentation.crop_padding=99"], 2, "augmentation.crop_padding");
    fails(&["--device=abacus"], 2, "abacus");
    fails(&["--device=wgpu:60000"], 2, "hint: ");
    fails(&["--data=no/such/folder"], 3, "no/such/folder");
    fails(&["--table=no/such/table.csv"], 3, "no/such/table.csv");
    fails(&["--policy=proxy:0.1", "--set=policy.scores=no/such/file"], 3, "no/such/file");
    fs::create_dir(&out).unwrap();
    #[allow(clippy::disallowed_methods)]
    fs::write(out.join("precious"), "").unwrap();
    let output = search(&out, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("hint: choose another --out"));
}

#[test]
fn the_run_folder_says_who_came_and_went_and_notes_are_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let few = "--set=policy.bdp.min_per_class=1";
    let output = search(&out, &["--policy=random:0.9+bdp", few]);
    let told = text(&output.stderr);
    succeed(output);
    assert!(told.contains("warning: bdp: the prune of the weight level before epoch 0"), "{told}");
    let result = read_json(&out.join("result.json"));
    assert!(result["notes"][0].as_str().unwrap().contains("was skipped"));
    let epoch = read_json(&out.join("selection/epoch-000000.json"));
    assert_eq!(epoch["notes"][0], result["notes"][0], "the epoch says so, too");
    let changes = fs::read_to_string(out.join("selection/changes-000000.jsonl")).unwrap();
    assert_eq!(changes.lines().count(), 86, "nine tenths of 96");
    assert!(changes.lines().all(|line| line.ends_with(r#""what":"chosen","why":"drawn"}"#)));
    assert!(!out.join("selection/changes-000001.jsonl").exists(), "nothing changed");
}

#[test]
fn scores_that_the_policy_does_not_look_at_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let scores = "--set=policy.scores=no/such/file";
    succeed(search(&out, &["--policy=random-like:proxy:0.9", scores]));
    assert_eq!(read_json(&out.join("result.json"))["cost"]["one_off_samples"], 0);
}

/// Fifty images of ten classes as the CIFAR-10 binary layout has them.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
fn write_cifar10(folder: &Path) {
    let record = |n: u32| {
        let pixel = move |at: u32| (n.wrapping_mul(97).wrapping_add(at * 13) % 251) as u8;
        std::iter::once((n % 10) as u8).chain((0..3072).map(pixel))
    };
    let records: Vec<u8> = (0..50).flat_map(record).collect();
    fs::write(folder.join("data_batch_1.bin"), records).unwrap();
}

#[test]
fn real_data_is_searched_by_the_quick_recipe_unless_anything_says_how() {
    let folder = tempfile::tempdir().unwrap();
    write_cifar10(folder.path());
    let data = format!("--data=cifar10:{}", folder.path().display());
    let recipe = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let small = [
            "--epochs=1",
            "--batch=2",
            "--set=space.channels=2",
            "--progress=none",
            "--set=race.steps=[2]",
            "--set=race.keep=[]",
            "--set=race.warm_up_steps=1",
            "--set=race.channels=2",
            "--set=race.cells=1",
        ];
        let out_flag = format!("--out={}", out.display());
        let output = tamis(&[&["search", &data, &out_flag], &small[..], more].concat());
        let told = text(&output.stderr);
        assert!(output.status.success(), "{told}");
        let config = fs::read_to_string(out.join("config.toml")).unwrap();
        let quick = config.contains("recipe = \"quick\"");
        assert_eq!(config.contains("finish = \"race:neighbours\""), quick, "{config}");
        assert_eq!(told.contains("decided by a race"), quick, "{told}");
        assert_eq!(told.contains("by the recipe `quick`"), quick, "{told}");
        assert_eq!(told.contains("50 images are few for the recipe `quick`"), quick, "{told}");
        assert_eq!(config.contains("derive_none = false"), quick, "{config}");
        let named = more.iter().any(|flag| flag.contains("policy") || flag.contains("host"));
        assert_eq!(told.contains("of the published recipe `darts`"), named, "{told}");
        quick
    };
    assert!(recipe("open", &[]));
    assert!(recipe("seeded", &["--seed=3"]));
    assert!(!recipe("policy", &["--policy=full"]));
    assert!(!recipe("host", &["--host=darts"]));
    assert!(!recipe("recipe", &["--set=recipe=darts"]));
}

#[test]
fn a_search_that_names_nothing_is_a_first_look_and_one_that_names_anything_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let out_flag = format!("--out={}", out.display());
        // Stopped at its first step: how it would go on is not asked.
        let small = [&out_flag, "--progress=none", "--stop-after-steps=1"];
        let output = tamis(&[&["search"], &small[..], more].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(75), "{told}");
        let config = fs::read_to_string(out.join("config.toml")).unwrap();
        let demo = config.contains("recipe = \"demo\"");
        assert_eq!(told.contains("--data FOLDER"), demo, "{told}");
        assert_eq!(config.contains("train = 10000\n"), demo, "{config}");
        demo
    };
    assert!(recipe("nothing", &[]));
    assert!(recipe("seed", &["--seed=3", "--epochs=2"]));
    assert!(!recipe("policy", &["--policy=random:0.5"]));
    assert!(!recipe("space", &["--space=nas-bench-201"]));
    assert!(!recipe("images", &["--set=data.synthetic.train=80"]));
    assert!(!recipe("data", &["--data=synthetic"]));
}

#[test]
fn data_commands_report_counts_and_problems() {
    let stats = succeed(tamis(&["data", "stats", "--set=data.synthetic.train=50"]));
    assert!(stats.contains("3 x 32 x 32") && stats.contains("training mean"), "{stats}");
    let json = succeed(tamis(&["data", "stats", "--json", "--set=data.synthetic.train=50"]));
    let stats: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(stats["train"]["samples"], 50);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("empty class")).unwrap();
    let output = tamis(&["data", "check", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).contains("not sound"), "{}", text(&output.stdout));
    assert_eq!(tamis(&["data", "check"]).status.code(), Some(0));
}

/// Where a reader of the program's output goes away at once.
enum Unread {
    Output,
    Error,
}

fn unread(unread: Unread, arguments: &[&str]) -> ExitStatus {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tamis"));
    command.args(arguments).env_remove("TAMIS_DATA").stdout(Stdio::null()).stderr(Stdio::null());
    match unread {
        Unread::Output => drop(command.stdout(Stdio::piped())),
        Unread::Error => drop(command.stderr(Stdio::piped())),
    }
    let mut child = command.spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    child.wait().unwrap()
}

#[test]
fn work_is_done_and_its_exit_code_is_given_where_nobody_reads_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let shown = unread(Unread::Output, &["config", "show"]);
    assert_eq!(shown.code(), Some(0), "whoever has seen enough is no failure");
    fs::create_dir_all(folder.path().join("data/empty class")).unwrap();
    let data = folder.path().join("data");
    let unsound = unread(Unread::Output, &["data", "check", data.to_str().unwrap()]);
    assert_eq!(unsound.code(), Some(3));
    // A search by the quick recipe says so on standard error before it begins.
    write_cifar10(folder.path());
    let data = format!("--data=cifar10:{}", folder.path().display());
    let out = folder.path().join("run");
    let out_flag = format!("--out={}", out.display());
    let small = ["--epochs=1", "--batch=2", "--set=space.channels=2"];
    let searched = unread(Unread::Error, &[&["search", &data, &out_flag], &small[..]].concat());
    assert_eq!(searched.code(), Some(0));
    assert!(out.join("result.json").is_file());
}

#[test]
fn settings_are_shown_complete_and_compared() {
    let shown = succeed(tamis(&["config", "show", "--set=recipe=autodl"]));
    assert!(shown.contains("nesterov = true") && shown.contains("[policy]"), "{shown}");
    assert!(shown.contains("\n# policy.scores: ") && shown.contains("\n# table: "), "{shown}");
    let given = succeed(tamis(&["config", "show", "--set=table=t.csv"]));
    assert!(given.contains("table = \"t.csv\"") && !given.contains("# table"), "{given}");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        #[allow(clippy::disallowed_methods)]
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (a, b) = (file("a.toml", &shown), file("b.toml", "train.epochs = 7\nrecipe = 'autodl'"));
    assert_eq!(succeed(tamis(&["config", "diff", &a, &b])), "train.epochs: 50 -> 7\n");
}

#[test]
fn a_cell_of_nas_bench_101_is_looked_up_by_its_name_in_the_benchmark() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.csv");
    let cell = "conv3x3-bn-relu(0) maxpool3x3(1) conv3x3-bn-relu(2) conv3x3-bn-relu(0) \
                conv1x1-bn-relu(0,3,4) output(2,5)";
    let (header, hash) =
        ("module_hash,val_4,val_12,val_36,val_108", "00005c142e6f48ac74fdcf73e3439874");
    #[allow(clippy::disallowed_methods)]
    fs::write(&table, format!("{header}\n{hash},0.36,0.42,,0.93\n")).unwrap();
    let table = table.to_str().unwrap();
    let told = succeed(tamis(&["lookup", cell, "--table", table]));
    assert!(told.contains("8,555,530") && told.contains("93.00 %"), "{told}");
    let json = succeed(tamis(&["lookup", cell, "--json", "--table", table]));
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&found["hash"], &found["cifar10_valid_36"]), (&hash.into(), &Value::Null));
    let output = tamis(&["lookup", "conv3x3-bn-relu(0) output(1)", "--table", table]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("one of its 1 cells"), "{}", text(&output.stderr));
}

#[test]
fn an_architecture_is_looked_up_in_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.csv");
    let skip = "|skip_connect~0|+|skip_connect~0|skip_connect~1|\
                +|skip_connect~0|skip_connect~1|skip_connect~2|";
    let header = "index,arch,c10_valid_12,c10_test_200,c100_test_200,in16_test_200";
    #[allow(clippy::disallowed_methods)]
    fs::write(&table, format!("{header}\n4711,{skip},50.5,54.3,15.6,16.3\n")).unwrap();
    let table = table.to_str().unwrap();
    let found = succeed(tamis(&["lookup", skip, "--table", table]));
    assert!(found.contains("54.30 %") && found.contains("rank"), "{found}");
    assert!(found.contains("73,306") && found.contains("7,783,050"), "{found}");
    for asked in [vec!["lookup", "4711"], vec!["lookup", "--index=4711"], vec!["lookup", skip]] {
        let json = succeed(tamis(&[&asked[..], &["--json", "--table", table]].concat()));
        let found: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&found["genotype"], &found["index"]), (&skip.into(), &4711.into()));
        assert_eq!((&found["params"], &found["rank"]), (&73_306.into(), &1.into()));
    }
    let output = tamis(&["lookup", "0", "--table", table]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no index 0 in"), "{}", text(&output.stderr));
    assert_eq!(tamis(&["lookup", "--table", table]).status.code(), Some(2), "nothing is asked");
    let output = tamis(&["lookup", &skip.replace("skip_connect", "none"), "--table", table]);
    assert_eq!(output.status.code(), Some(2));
    let output = tamis(&["lookup", "|conv~0|", "--table", table]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn what_shells_and_man_read_is_made_of_the_commands_there_are() {
    for (shell, begins) in [("bash", "_tamis()"), ("zsh", "#compdef tamis"), ("fish", "# ")] {
        let script = succeed(tamis(&["completions", shell]));
        assert!(script.starts_with(begins), "{shell}: {}", &script[..40]);
        for word in ["resume", "stats", "beta-darts", "nas-bench-201", "infobatch", "lookup"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(tamis(&["completions", "csh"]).status.code(), Some(2));
    let page = succeed(tamis(&["man"]));
    assert!(page.contains(".TH tamis") && page.contains("TAMIS DATA CHECK"), "{page}");
}

/// Reads the real sets where TAMIS_DATA names their folder.
#[test]
fn cifar_10_is_searched_with_published_scores_and_looked_up() {
    let Some(data) = std::env::var_os("TAMIS_DATA").map(PathBuf::from) else {
        eprintln!("skipped: TAMIS_DATA is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let path = |name: &str| data.join(name).to_str().unwrap().to_owned();
    let scores = path("proxy-entropy/cifar10_resnet20_index_entropy_class.txt.gz");
    let output = tamis(&[
        "search",
        "--data",
        &path("cifar-10-batches-bin"),
        "--policy=proxy:0.01",
        &format!("--set=policy.scores={scores}"),
        "--set=space.channels=2",
        "--epochs=1",
        "--table",
        &path("nas-bench-201/nasbench201.csv"),
        "--out",
        out.to_str().unwrap(),
    ]);
    succeed(output);
    let result = read_json(&out.join("result.json"));
    assert_eq!(result["dataset"]["name"], "cifar10");
    assert_eq!(result["cost"]["one_off_samples"], Value::Null, "the list has no cost beside it");
    assert_eq!(result["cost"]["macs_ratio"], Value::Null);
    let ratio = result["cost"]["sample_ratio"].as_f64().unwrap();
    assert!((ratio - 0.01).abs() < 0.002, "{ratio}");
    assert!(result["lookup"]["cifar10_test_200"].as_f64().unwrap() >= 10.0);
}
