//! Checks that only this project needs: `cargo run -p xtask -- deps | size | parameters | providers | all`.
//!
//! In comes the workspace as cargo and the file system describe it; out come problems, one per line, and exit code 1
//! if there is any. Only `write-providers` changes anything: it writes `docs/providers.md`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks through them")]

mod deps;
mod parameters;
mod providers;
mod size;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

const HELP: &str = "usage: cargo run -p xtask -- deps | size | parameters | providers | all | write-providers
  deps         which crate may depend on which, and what the pure crates must not touch
  size         files over 400 lines (told) and over 600 (refused)
  parameters   whether docs/pool.md tells every number of the pool as it is
  providers    whether docs/providers.md is what write-providers writes
  all          all of them";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    match run(&task) {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in problems {
                eprintln!("error: {problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(task: &str) -> Result<Vec<String>> {
    if !["deps", "size", "parameters", "providers", "all", "write-providers"].contains(&task) {
        bail!("{HELP}");
    }
    let wanted = |name| task == name || task == "all";
    let metadata = metadata()?;
    let root = metadata["workspace_root"].as_str().context("cargo metadata names no workspace_root")?;
    let root = PathBuf::from(root);
    let mut problems = Vec::new();
    if task == "write-providers" {
        providers::write(&root)?;
    }
    if wanted("deps") {
        let found = [deps::arrows(&metadata), deps::impurities(&root)?].concat();
        println!("deps: {} crates, {} problems", deps::members(&metadata).len(), found.len());
        problems.extend(found);
    }
    if wanted("size") {
        let report = size::measure(&root)?;
        println!("size: {} files, {} over {} lines", report.files, report.long.len(), size::TOLD);
        for (path, lines) in &report.long {
            println!("  {lines} {path}");
        }
        problems.extend(report.problems());
    }
    if wanted("parameters") {
        let (count, found) = parameters::disagreements(&root)?;
        println!("parameters: {count}, {} problems", found.len());
        problems.extend(found);
    }
    if wanted("providers") {
        let (count, found) = providers::staleness(&root)?;
        println!("providers: {count}, {} problems", found.len());
        problems.extend(found);
    }
    Ok(problems)
}

/// What `cargo metadata` says of the workspace's own packages.
fn metadata() -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    serde_json::from_slice(&output.stdout).context("cargo metadata printed something else than JSON")
}
