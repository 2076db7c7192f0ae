//! The command line: flags for how to run, the file for what to run.
//!
//! Exit codes: 0 success, 1 could not run, 2 the command line or the configuration is wrong.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory, Parser, Subcommand};
use claviger_config::{Loaded, Severity, StateFile};

use crate::explain::command::{self, Explain};
use crate::memory::place;
use crate::run::{Start, run};
use crate::{classify, demo, reload};

/// An AI gateway that never fails a request while one of your tokens still works.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway. Without a configuration it runs with an embedded demo provider.
    Serve {
        /// The configuration file (YAML or JSON: our own form, Higress ai-proxy, or a WasmPlugin manifest).
        #[arg(short, long, env = "CLAVIGER_CONFIG")]
        config: Option<PathBuf>,
        /// Where facts about credentials survive a restart: a file, or `off`. Wins over the configuration's `stateFile`.
        #[arg(long, env = "CLAVIGER_STATE_FILE", value_name = "PATH")]
        state_file: Option<PathBuf>,
    },
    /// Check a configuration file: every problem with line, path and fix.
    Check {
        /// The file.
        file: PathBuf,
        /// Print one JSON object per problem.
        #[arg(long)]
        json: bool,
    },
    /// Say what a provider's answer means: class, scope, what the pool would do, which rule decided.
    Classify(classify::Classify),
    /// Say why each credential would or would not be chosen for a request now, and when that changes.
    Explain(Explain),
    /// Print the JSON Schema of the configuration, for editors.
    Schema,
    /// Run the gateway in front of an embedded demo provider with healthy and broken tokens.
    Demo,
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

const WRONG: u8 = 2;

pub(crate) fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve { config: Some(file), state_file } => serve(&file, state_file),
        Command::Serve { config: None, .. } | Command::Demo => block_on(demo::run_demo()).map(|()| ExitCode::SUCCESS),
        Command::Check { file, json } => check(&file, json),
        Command::Classify(args) => classify::run(&args).and_then(|(text, code)| print(&text).map(|()| code)),
        Command::Explain(args) => block_on(async { print(&command::run(args).await?) }).map(|()| ExitCode::SUCCESS),
        Command::Schema => print(claviger_config::schema()).map(|()| ExitCode::SUCCESS),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "claviger", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "claviger: {error:#}");
        ExitCode::FAILURE
    })
}

fn serve(file: &Path, state_file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let before = reload::stamp(file, &[]);
    let loaded = load(file)?;
    let mut stderr = std::io::stderr();
    for problem in &loaded.problems {
        writeln!(stderr, "{problem}")?;
    }
    let Some(plan) = loaded.plan else {
        writeln!(stderr, "claviger: {} has errors; nothing was started", file.display())?;
        return Ok(ExitCode::from(WRONG));
    };
    let wanted = match state_file {
        Some(path) if path.as_os_str() == "off" => StateFile::Off,
        Some(path) => StateFile::At(path),
        None => plan.state_file.clone(),
    };
    let state = place::path(&wanted, file, |variable| std::env::var(variable).ok());
    block_on(run(Start { plan, file: Some((file, before)), state, secrets: loaded.files, notes: Vec::new() }))?;
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let loaded = load(file)?;
    let count = |severity| loaded.problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut text = String::new();
    for problem in &loaded.problems {
        if json {
            text.push_str(&serde_json::to_string(&serde_json::json!({
                "severity": match problem.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "code": problem.code,
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "message": problem.message,
                "fix": problem.fix,
            }))?);
        } else {
            text.push_str(&problem.to_string());
        }
        text.push('\n');
    }
    if !json {
        text.push_str(&match (errors, warnings) {
            (0, 0) => format!("{}: fine\n", file.display()),
            (0, _) => format!("{}: usable, {warnings} warning(s)\n", file.display()),
            _ => format!("{}: {errors} error(s), {warnings} warning(s)\n", file.display()),
        });
    }
    print(&text)?;
    Ok(if errors > 0 { ExitCode::from(WRONG) } else { ExitCode::SUCCESS })
}

fn load(file: &Path) -> anyhow::Result<Loaded> {
    reload::read(file).map(|(_, loaded)| loaded).with_context(|| format!("cannot read {}", file.display()))
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // whatever still runs after the drain is cut
    runtime.shutdown_background();
    done
}
