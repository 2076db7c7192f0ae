//! `cargo run --release -p claviger-sim -- ../shared/exam/scenarios`: the exam's table without waiting for it.
#![expect(clippy::print_stdout, reason = "a command-line tool talks through it")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use claviger_sim::exam::{Policy, Report, examine_all, scenarios};
use claviger_sim::figures::Figures;
use claviger_sim::table;

/// Plays scenarios of the exam in virtual time.
#[derive(Debug, Parser)]
struct Arguments {
    /// Scenario files, or folders of them.
    #[arg(required = true)]
    places: Vec<PathBuf>,
    /// Seeds 1 to N.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Only scenarios whose names begin so, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How long requests may be held, instead of what each scenario says, in seconds; for the oracle as well.
    #[arg(long)]
    max_wait: Option<f64>,
    /// Who chooses.
    #[arg(long, value_enum, default_value = "claviger")]
    policy: Policy,
    /// Claviger and naive, line by line, and where naive loses fewer.
    #[arg(long)]
    compare: bool,
    /// Writes the figures of every run.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut scenarios = scenarios(&arguments.places, &arguments.only)?;
    for scenario in &mut scenarios {
        scenario.traffic.max_wait = arguments.max_wait.unwrap_or(scenario.traffic.max_wait);
    }
    let policies = if arguments.compare { vec![Policy::Claviger, Policy::Naive] } else { vec![arguments.policy] };
    let reports = examine_all(&scenarios, arguments.seeds, &policies)?;
    print(&reports, &policies);
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&reports)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn print(reports: &[Report], policies: &[Policy]) {
    let name = |report: &Report| match (policies.len(), report.policy) {
        (1, _) | (_, Policy::Claviger) => report.scenario.clone(),
        (_, Policy::Naive) => "    naive".to_owned(),
    };
    let width = reports.iter().map(|report| name(report).len()).max().unwrap_or(0) + 1;
    println!("counts are sums over the seeds, times are means");
    println!("{}", table::head(width));
    for report in reports {
        println!("{}", table::line(&name(report), width, &Figures::sum(&report.seeds)));
    }
    for policy in policies {
        let of = reports.iter().filter(|report| report.policy == *policy).flat_map(|report| report.seeds.clone());
        let title = if *policy == Policy::Naive { "total naive" } else { "total" };
        println!("{}", table::line(title, width, &Figures::sum(&of.collect::<Vec<_>>())));
    }
    if policies.len() > 1 {
        worse(reports);
    }
}

/// Where the baseline loses fewer requests.
fn worse(reports: &[Report]) {
    let lost = |report: &Report| Figures::sum(&report.seeds).avoidable;
    let worse = reports.chunks(2).filter(|pair| pair.len() == 2 && lost(&pair[0]) > lost(&pair[1]));
    let said: Vec<String> = worse
        .map(|pair| format!("{} ({:.0} against {:.0})", pair[0].scenario, lost(&pair[0]), lost(&pair[1])))
        .collect();
    match said.is_empty() {
        true => println!("nowhere worse than naive"),
        false => println!("worse than naive: {}", said.join(", ")),
    }
}
