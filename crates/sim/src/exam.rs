//! All runs of an examination: every scenario with every seed under one policy.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;

use crate::claviger::Claviger;
use crate::figures::Figures;
use crate::naive::Naive;
use crate::oracle::servable;
use crate::scenario::Scenario;
use crate::world::run;

/// Who chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The real pool and flow.
    Claviger,
    /// Any token for every attempt, four attempts.
    Naive,
}

/// One scenario under one policy: the figures of each seed.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its name.
    pub scenario: String,
    /// Who chose.
    pub policy: Policy,
    /// Seeds from 1.
    pub seeds: Vec<Figures>,
}

/// Runs one scenario with one seed.
///
/// # Errors
/// When the gateway cannot be built.
pub fn examine(scenario: &Scenario, seed: u64, policy: Policy) -> Result<Figures> {
    let servable = servable(scenario, seed);
    let (answers, rows) = match policy {
        Policy::Claviger => run(scenario, seed, Claviger::new(scenario, seed)?),
        Policy::Naive => run(scenario, seed, Naive::new(scenario.pool.len(), seed)),
    };
    Ok(Figures::measure(scenario, servable, &answers, &rows))
}

/// Runs every scenario with seeds from 1 to `seeds`, on as many threads as there are processors.
///
/// # Errors
/// When a gateway cannot be built.
pub fn examine_all(scenarios: &[Scenario], seeds: u64, policies: &[Policy]) -> Result<Vec<Report>> {
    let jobs: Vec<(usize, usize, u64)> = (0..scenarios.len())
        .flat_map(|scenario| {
            (0..policies.len()).flat_map(move |policy| (1..=seeds).map(move |s| (scenario, policy, s)))
        })
        .collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(vec![None; jobs.len()]));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, (scenario, policy, seed))) = take(&next, &jobs) {
                    let figures = examine(&scenarios[scenario], seed, policies[policy]).map_err(|e| e.to_string());
                    if let Ok(mut done) = done.lock() {
                        done[index] = Some(figures);
                    }
                }
            });
        }
    });
    let done = done.into_inner().map_err(|_| anyhow!("a run failed"))?;
    let mut runs = done.into_iter().map(|run| run.unwrap_or_else(|| Err("not run".to_owned())).map_err(|e| anyhow!(e)));
    let mut reports = Vec::new();
    for scenario in scenarios {
        for policy in policies {
            let seeds = runs.by_ref().take(seeds as usize).collect::<Result<Vec<Figures>>>()?;
            reports.push(Report { scenario: scenario.name.clone(), policy: *policy, seeds });
        }
    }
    Ok(reports)
}

fn take<T: Copy>(next: &AtomicUsize, jobs: &[T]) -> Option<(usize, T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, *job))
}

/// The scenarios of these files and folders, by name; of those whose name begins with one of `only`, if it names any.
///
/// # Errors
/// When a place cannot be read or nothing is left.
pub fn scenarios(places: &[PathBuf], only: &[String]) -> Result<Vec<Scenario>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for place in places {
        match place.is_dir() {
            true => files.extend(json_files(place)?),
            false => files.push(place.clone()),
        }
    }
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let scenario = Scenario::load(&file)?;
        if only.is_empty() || only.iter().any(|start| scenario.name.starts_with(start.as_str())) {
            found.push(scenario);
        }
    }
    ensure!(!found.is_empty(), "no scenario there");
    Ok(found)
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect())
}
