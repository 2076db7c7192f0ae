//! What is printed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use super::Options;
use super::load::Outcome;

pub(crate) fn refuse(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "chaos: {why}");
    ExitCode::from(2)
}

/// Prints the counts; whether all went well.
pub(crate) fn print(options: &Options, results: &[Outcome], sent: usize) -> bool {
    let (mut times, mut attempts, mut failures, mut not_accepted) = (Vec::new(), 0, Vec::new(), 0);
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    for result in results {
        match result {
            Outcome::Served { took, attempts: count, provider } => {
                *shares.entry(provider).or_default() += 1;
                times.push(*took);
                attempts += count;
            }
            Outcome::Failed(why) => failures.push(why.as_str()),
            Outcome::NotAccepted(_) => not_accepted += 1,
        }
    }
    let first = times.first().copied().unwrap_or_default();
    let served = times.len();
    times.sort_unstable();
    let mut out = std::io::stdout().lock();
    let per_request = attempts as f64 / served.max(1) as f64;
    let _ = match options.span {
        true => writeln!(out, "four vendors, one of three tokens of each works, concurrency {}", options.concurrency),
        false => writeln!(out, "tokens {} (one works), concurrency {}", options.tokens, options.concurrency),
    };
    let _ = writeln!(out, "served {served}, failed {}, not accepted {not_accepted}", failures.len());
    let _ = writeln!(out, "attempts per request {per_request:.3}, requests at the provider {sent}");
    let _ = writeln!(out, "first request {first:.1?}, p50 {:.1?}, p99 {:.1?}", at(&times, 0.5), at(&times, 0.99));
    let shares: Vec<String> = shares.iter().map(|(provider, count)| format!("{provider} {count}")).collect();
    let _ = writeln!(out, "served by: {}", shares.join(", "));
    for why in failures.iter().take(5) {
        let _ = writeln!(out, "failed: {why}");
    }
    failures.is_empty()
}

fn at(sorted: &[Duration], share: f64) -> Duration {
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
