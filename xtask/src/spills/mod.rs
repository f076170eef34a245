//! `cargo xtask spills`: compiles the kernels to assembly and fails if a hot loop keeps a vector register
//! on the stack: what halves its speed and shows in no result.
//!
//! A loop is hot if it is an innermost one of the functions below and multiplies and adds. A function or a
//! loop that is not found fails, too, lest the check look at nothing. On processors other than x86-64, for
//! which there is plain code only, there is nothing to look at.

mod assembly;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;
use assembly::functions;

/// Module and name of the functions whose loops are the hot ones.
const HOT: [[&str; 2]; 8] = [
    ["correlate", "correlate"],
    ["correlate_weights", "correlate_weights"],
    ["plane_products", "products"],
    ["depthwise", "convolve"],
    ["depthwise_weights", "accumulate_channel"],
    ["depthwise_weights", "accumulate_tall"],
    ["elementwise", "combine_pass"],
    ["reduce", "products"],
];

/// Each is compiled once for every one of these.
const LEVELS: [&str; 2] = ["avx2", "avx512"];

const PACKAGE: &str = "tamis-kernels";

/// Compiles and checks.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    if !cfg!(target_arch = "x86_64") {
        println!("spills: nothing to look at on this processor");
        return Ok(());
    }
    let target = cargo::target(workspace).join("spills");
    let status = cargo::command(workspace)
        .args(["rustc", "--release", "--quiet", "--lib", "--package", PACKAGE, "--target-dir"])
        .arg(&target)
        .args(["--", "--emit=asm"])
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "compiling {PACKAGE} to assembly failed");
    let text = newest(&target.join("release/deps"))?;
    let loops = check(&text)?;
    println!("spills: {loops} hot loops keep their vectors in registers");
    Ok(())
}

/// The assembly of the newest build: all files that begin as the newest one does.
fn newest(folder: &Path) -> Result<String> {
    let reading = || format!("reading the folder `{}`", folder.display());
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        if entry.path().extension().is_some_and(|extension| extension == "s") {
            files.push((entry.metadata().with_context(reading)?.modified()?, entry.path()));
        }
    }
    let (_, last) = files.iter().max().context("cargo left no assembly")?;
    let build = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    };
    let mut text = String::new();
    for (_, path) in files.iter().filter(|(_, path)| build(path) == build(last)) {
        let file = fs::read_to_string(path);
        text += &file.with_context(|| format!("reading `{}`", path.display()))?;
    }
    Ok(text)
}

/// The number of hot loops, none of which spills.
fn check(text: &str) -> Result<usize> {
    let functions = functions(text);
    let (mut count, mut findings) = (0, Vec::new());
    for ([module, name], level) in HOT.iter().flat_map(|of| LEVELS.map(|level| (of, level))) {
        let path = ["tamis_kernels", module, name, level];
        let shown = path.join("::");
        let function = functions.iter().find(|function| function.is(&path));
        let function = function.with_context(|| format!("found no function {shown}"))?;
        let mut loops = function.loops();
        loops.retain(|inner| inner.multiplies_and_adds());
        ensure!(!loops.is_empty(), "found no loop of {shown} that multiplies and adds");
        for inner in &loops {
            let of_loop = |line: &&str| format!("{shown}, loop {} {line}", inner.label);
            findings.extend(inner.spills().iter().map(of_loop));
        }
        count += loops.len();
    }
    if !findings.is_empty() {
        bail!("vector registers go to the stack in hot loops:\n{}", findings.join("\n"));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    /// All hot functions, each of one loop with one instruction more.
    fn text(instruction: &str) -> String {
        let function = |[module, name]: [&str; 2], level: &str| {
            let path = ["tamis_kernels", module, name, level];
            let path: String = path.iter().map(|name| format!("{}{name}", name.len())).collect();
            format!(
                "_ZN{path}17h0E:\n\t.cfi_startproc\n.LBB{module}:\n\tvfmadd231ps\t%ymm0, %ymm2, %ymm1\n\
                 \t{instruction}\n\tjne\t.LBB{module}\n\t.cfi_endproc\n"
            )
        };
        HOT.into_iter().flat_map(|of| LEVELS.map(|level| function(of, level))).collect()
    }

    #[test]
    fn a_spill_is_told_with_function_loop_and_instruction() {
        assert_eq!(check(&text("nop")).unwrap(), HOT.len() * LEVELS.len());
        let message = check(&text("vmovaps\t%zmm3, 32(%rsp)")).unwrap_err().to_string();
        let place = "tamis_kernels::correlate::correlate::avx2, loop .LBBcorrelate:";
        let expected = format!("{place} vmovaps\t%zmm3, 32(%rsp)");
        assert!(message.contains(&expected), "{message}");
    }

    #[test]
    fn what_is_not_found_fails() {
        let message = check(&text("nop").replace("4avx2", "4sse2")).unwrap_err().to_string();
        assert!(
            message.contains("no function tamis_kernels::correlate::correlate::avx2"),
            "{message}"
        );
        let message = check(&text("nop").replace("vfmadd231ps", "vmulps")).unwrap_err().to_string();
        assert!(message.contains("no loop of"), "{message}");
    }

    #[test]
    fn no_hot_loop_of_the_kernels_spills() {
        run(workspace().unwrap()).unwrap();
    }
}
