//! `claviger classify`: what a provider's answer means, and which rule says so.
//!
//! Reads recorded answers, one or a whole collection; sends nothing. The printed lines are for people, the JSON lines
//! for programs.

mod answer;
mod cases;
mod tell;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use claviger_providers::{Classifier, Provider, known_errors};

use crate::reload;

/// What to read, and what to do with it.
#[derive(Debug, Args)]
pub(crate) struct Classify {
    /// The provider's type, or another name of it (`claude`, `anthropic`, `perplexity`, …); with --config, the id of an
    /// entry.
    #[arg(required_unless_present_any = ["cases", "list"])]
    provider: Option<String>,
    /// The answer as `curl -i` prints it, or its body alone; `-` or nothing: standard input.
    answer: Option<PathBuf>,
    /// The status, when the file holds the body alone.
    #[arg(short, long)]
    status: Option<u16>,
    /// A header, `name: value`; may be given several times.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Read with the rules of an entry of this configuration, its `errorRules` and status patterns included.
    #[arg(short, long, requires = "provider", conflicts_with = "cases")]
    config: Option<PathBuf>,
    /// Read a collection of answers (the form of crates/providers/tests/cases.json) and say how it agrees.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["provider", "list"])]
    cases: Option<PathBuf>,
    /// List the providers whose failures are known.
    #[arg(long, conflicts_with = "provider")]
    list: bool,
    /// Print one JSON object per answer.
    #[arg(long)]
    json: bool,
    /// Add the answer to a collection, as a case.
    #[arg(long, value_name = "FILE", requires = "id", conflicts_with_all = ["cases", "list", "config"])]
    add_case: Option<PathBuf>,
    /// The new case's id, such as `anthropic-429-spend-cap`.
    #[arg(long, requires = "add_case")]
    id: Option<String>,
    /// What it should mean, `CLASS` or `CLASS/SCOPE`; unset: what it was found to mean.
    #[arg(long, value_name = "CLASS/SCOPE", requires = "add_case")]
    expect: Option<String>,
    /// Where the answer was seen or is documented.
    #[arg(long, value_name = "URL", requires = "add_case")]
    source: Option<String>,
}

/// Who reads the failures.
enum Reader {
    Rules(Classifier),
    Entry(Arc<Provider>),
}

impl Reader {
    fn classifier(&self) -> &Classifier {
        match self {
            Self::Rules(rules) => rules,
            Self::Entry(entry) => entry.classifier(),
        }
    }
}

/// Runs the command: what to print, and the exit code (1: a collection disagrees).
pub(crate) fn run(args: &Classify) -> anyhow::Result<(String, ExitCode)> {
    if args.list {
        return Ok((list(), ExitCode::SUCCESS));
    }
    if let Some(file) = &args.cases {
        return cases::run(file, args.json);
    }
    let name = args.provider.as_deref().unwrap_or_default();
    let reader = reader(name, args.config.as_deref())?;
    let recorded = answer::read(args.answer.as_deref(), args.status, &args.headers)?;
    let reading = reader.classifier().read_recorded(&recorded);
    let text = match (&args.add_case, &args.id) {
        (Some(file), Some(id)) => {
            let case =
                cases::New { id, provider: name, expect: args.expect.as_deref(), source: args.source.as_deref() };
            cases::add(file, &case, &recorded, reading)?
        }
        _ if args.json => tell::json(None, reading.as_ref()),
        _ => tell::people(reader.classifier(), reading.as_ref()),
    };
    Ok((text, ExitCode::SUCCESS))
}

fn reader(name: &str, config: Option<&Path>) -> anyhow::Result<Reader> {
    let Some(file) = config else {
        let rules = Classifier::named(name);
        return rules.map(Reader::Rules).ok_or_else(|| {
            anyhow!("no rules are about {name:?}; `claviger classify --list` names those that are known")
        });
    };
    let (_, loaded) = reload::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let Some(plan) = loaded.plan else { bail!("{} has errors; see `claviger check`", file.display()) };
    let entry = plan.providers.iter().find(|entry| entry.provider.id() == name);
    let entry = entry.ok_or_else(|| anyhow!("{} has no provider with the id {name:?}", file.display()))?;
    Ok(Reader::Entry(Arc::clone(&entry.provider)))
}

fn list() -> String {
    let mut text = format!("{:13} {:>5}  {:12} {:7} {}\n", "provider", "rules", "updated", "limits", "also known as");
    for known in known_errors() {
        let names: Vec<&str> = known.aliases.iter().chain(known.hosts).map(String::as_str).collect();
        let limits = if known.limits_per_model { "model" } else { "token" };
        let line = format!(
            "{:13} {:>5}  {:12} {limits:7} {}",
            known.name,
            known.rules,
            format!("{} v{}", known.updated, known.version),
            names.join(", ")
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
