//! `python`: the package built as a wheel, and its tests on that wheel, in environments of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;

/// What builds the wheel.
const MATURIN: &str = "maturin==1.16.0";

/// Bytes that a wheel may have.
const LARGEST: u64 = 15_000_000;

/// Seconds from an installed wheel's download to the end of the README's example.
const LONGEST_S: f64 = 20.0;

/// Builds the wheel, installs it where nothing else is, and runs the package's tests and types on it. With
/// `--with-torch` PyTorch and what else the examples need are installed, too: five gigabytes.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let with_torch = match arguments {
        [] => false,
        ["--with-torch"] => true,
        _ => bail!("found `{}`, expected nothing or --with-torch", arguments.join(" ")),
    };
    let package = workspace.join("crates/tamis-python");
    let target = cargo::target(workspace).join("python");
    let tests = Environment::made(&target.join("tests"))?;
    tests.install(&[MATURIN, "--requirement", &text(&package.join("requirements-test.txt"))])?;
    if with_torch {
        tests.install(&["--requirement", &text(&package.join("requirements-torch.txt"))])?;
    }
    let wheel = built(&tests, &package, &target.join("wheels"))?;
    first_look(&target.join("fresh"), &package, &wheel)?;
    tests.install(&["--force-reinstall", "--no-deps", &text(&wheel)])?;
    tests.python(&package, &["-m", "pytest", "--quiet", "tests"])?;
    types(&tests, &package, with_torch)
}

/// The wheel, built into a folder of which it is all.
fn built(environment: &Environment, package: &Path, wheels: &Path) -> Result<PathBuf> {
    if wheels.exists() {
        fs::remove_dir_all(wheels).context("emptying the folder of wheels")?;
    }
    let out = text(wheels);
    environment
        .python(package, &["-m", "maturin", "build", "--release", "--quiet", "--out", &out])?;
    let found = fs::read_dir(wheels).with_context(|| format!("reading {}", wheels.display()))?;
    let found: Vec<PathBuf> = found.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    let [wheel] = &found[..] else { bail!("found {} wheels, expected one", found.len()) };
    let bytes = fs::metadata(wheel)?.len();
    ensure!(bytes <= LARGEST, "the wheel has {bytes} bytes, expected at most {LARGEST}");
    println!("{}: {:.1} MB", wheel.display(), bytes as f64 / 1e6);
    Ok(wheel.clone())
}

/// The README's example where nothing but the wheel and what it asks for is.
fn first_look(folder: &Path, package: &Path, wheel: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("removing the environment of an earlier check")?;
    }
    let readme = fs::read_to_string(package.join("README.md"))?;
    let (program, told) = example(&readme).context("the README has no example")?;
    let environment = Environment::made(folder)?;
    // What is downloaded is not counted.
    environment.install(&["numpy"])?;
    let begun = Instant::now();
    environment.install(&[&text(wheel)])?;
    let output = Command::new(environment.path("python"))
        .args(["-W", "ignore", "-c", &program])
        .current_dir(folder)
        .output()
        .context("starting the README's example")?;
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "the example failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(found.trim() == told, "the example told `{}`, expected `{told}`", found.trim());
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(
        seconds <= LONGEST_S,
        "installing and running took {seconds:.1} s, expected {LONGEST_S}"
    );
    println!("installed and run in {seconds:.1} s");
    Ok(())
}

/// The first program of a page, and what it is said to print.
fn example(page: &str) -> Option<(String, String)> {
    let (_, rest) = page.split_once("```python\n")?;
    let (program, rest) = rest.split_once("```\n")?;
    let told = rest.lines().find(|line| line.starts_with("    "))?;
    Some((program.to_owned(), told.trim().to_owned()))
}

/// What is annotated is checked; without PyTorch what stands on it is left out.
fn types(environment: &Environment, package: &Path, with_torch: bool) -> Result<()> {
    let all = ["-m", "mypy", "--strict", "python", "examples", "tests"];
    let without = ["--exclude", "torch", "--exclude", "darts_bdp"];
    let arguments: Vec<&str> =
        all.into_iter().chain(without.into_iter().filter(|_| !with_torch)).collect();
    environment.python(package, &arguments)
}

/// A virtual environment.
struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// One in this folder, made if there is none.
    fn made(folder: &Path) -> Result<Environment> {
        let environment = Environment { folder: folder.to_owned() };
        if !environment.path("python").exists() {
            let make = Command::new("python3").args(["-m", "venv"]).arg(folder).status();
            let made =
                make.context("starting python3; hint: CPython from 3.10 on has to be there")?;
            ensure!(made.success(), "python3 made no environment in {}", folder.display());
        }
        Ok(environment)
    }

    fn path(&self, program: &str) -> PathBuf {
        self.folder.join(if cfg!(windows) { "Scripts" } else { "bin" }).join(program)
    }

    fn install(&self, what: &[&str]) -> Result<()> {
        let own = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        self.python(&self.folder, &[&own, what].concat())
    }

    fn python(&self, folder: &Path, arguments: &[&str]) -> Result<()> {
        let status = Command::new(self.path("python")).args(arguments).current_dir(folder).status();
        let status = status.with_context(|| format!("starting python {}", arguments.join(" ")))?;
        ensure!(status.success(), "python {} failed", arguments.join(" "));
        Ok(())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_a_program_and_the_line_that_it_prints() {
        let page = "# A\n\n```python\nprint(1)\n```\n\nTells:\n\n    1\n";
        assert_eq!(example(page), Some(("print(1)\n".to_owned(), "1".to_owned())));
        assert_eq!(example("# A\n\n```python\nprint(1)\n"), None);
    }

    #[test]
    fn what_is_no_option_is_refused() {
        let told = run(Path::new("nowhere"), &["--torch"]).unwrap_err().to_string();
        assert!(told.contains("`--torch`"), "{told}");
    }
}
