//! From the two logs of a run to its figures. What each one means is said in the exam's own description; they are
//! computed alike.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::oracle::Servable;
use crate::scenario::Scenario;
use crate::script::{Kind, Why};
use crate::trouble::Trouble;
use crate::world::{Answer, Ended, Row};

/// The figures of one run, or the sums and means of several. Times are seconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Requests sent.
    pub requests: f64,
    /// Those the oracle served.
    pub servable: f64,
    /// Those that got a whole answer in time.
    pub served: f64,
    /// Servable beyond served, per run.
    pub avoidable: f64,
    /// Everything sent upstream.
    pub attempts: f64,
    /// Attempts that could not have succeeded.
    pub wasted: f64,
    /// Attempts on a token that had failed the same request.
    pub repeats: f64,
    /// Refusals by rate or quota.
    pub upstream_429: f64,
    /// Neither content nor error in time.
    pub hangs: f64,
    /// Content after the deadline.
    pub late: f64,
    /// Streams broken openly.
    pub cut: f64,
    /// Malformed requests.
    pub malformed: f64,
    /// Attempts for them.
    pub malformed_attempts: f64,
    /// Those that got a 400.
    pub malformed_400: f64,
    /// To the first content, served requests.
    pub p50: Option<f64>,
    /// See above.
    pub p99: Option<f64>,
    /// To the error, failed requests.
    pub fail_p99: Option<f64>,
    /// Largest deviation of a token's share from its weight, in points.
    pub share: Option<f64>,
    /// From a token's death until users stop hitting it.
    pub dead_stop: Option<f64>,
    /// Attempts on a token while it is dead, per death.
    pub dead_hits: Option<f64>,
    /// From a token's recovery to its next good answer.
    pub recovery: Option<f64>,
    /// Attempts per arriving request while the whole endpoint is down.
    pub outage: Option<f64>,
}

/// Deaths and recoveries looked at.
const LOOKED_AT: usize = 400;

impl Figures {
    /// Of one run.
    pub fn measure(scenario: &Scenario, servable: Servable, answers: &[Answer], rows: &[Row]) -> Self {
        let normal = || answers.iter().filter(|answer| !answer.malformed);
        let served: Vec<&Answer> = normal().filter(|answer| answer.end == Some(Ended::Complete)).collect();
        let failed = normal().filter(|answer| !matches!(answer.end, Some(Ended::Complete | Ended::Cut)));
        let ended = |end| answers.iter().filter(|answer| answer.end == Some(end)).count() as f64;
        let firsts: Vec<f64> = served.iter().filter_map(|answer| answer.first).collect();
        let malformed: HashSet<usize> = mistaken(answers);
        let of_malformed = |row: &&Row| malformed.contains(&row.request);
        let mut figures = Self {
            requests: answers.len() as f64,
            servable: servable.servable as f64,
            served: served.len() as f64,
            avoidable: servable.servable.saturating_sub(served.len()) as f64,
            attempts: rows.len() as f64,
            wasted: wasted(rows, &malformed),
            repeats: repeats(rows),
            upstream_429: rows.iter().filter(|row| row.fate.kind == Kind::Status(429)).count() as f64,
            hangs: ended(Ended::Hang),
            late: ended(Ended::Late),
            cut: normal().filter(|answer| answer.end == Some(Ended::Cut)).count() as f64,
            malformed: malformed.len() as f64,
            malformed_attempts: rows.iter().filter(of_malformed).count() as f64,
            malformed_400: answers.iter().filter(|a| a.malformed && a.status == Some(400)).count() as f64,
            p50: percentile(firsts.clone(), 0.5),
            p99: percentile(firsts, 0.99),
            fail_p99: percentile(failed.map(|answer| answer.done).collect(), 0.99),
            ..Self::default()
        };
        figures.share = share(scenario, rows);
        figures.trouble(scenario, answers, rows);
        figures
    }

    fn trouble(&mut self, scenario: &Scenario, answers: &[Answer], rows: &[Row]) {
        let trouble = Trouble::of(scenario);
        let mut by_token: HashMap<usize, Vec<&Row>> = HashMap::new();
        for row in rows {
            by_token.entry(row.token).or_default().push(row);
        }
        let of = |token: &usize| by_token.get(token).map_or(&[][..], Vec::as_slice);
        let rate = answers.len() as f64 / scenario.traffic.duration;
        let weights: f64 = scenario.pool.iter().map(|token| f64::from(token.weight)).sum();
        let (mut stops, mut hits) = (Vec::new(), 0);
        for (token, from, to) in trouble.deaths.iter().take(LOOKED_AT) {
            let at = of(token).iter().map(|row| row.at).filter(|at| from <= at && at < to);
            let share = f64::from(scenario.pool[*token].weight) / weights;
            let gap = (4.0 / (rate * share).max(1e-9)).max(2.0);
            let (mut last, mut bursting) = (None, true);
            for at in at {
                hits += 1;
                bursting &= last.is_none_or(|last| at - last <= gap);
                last = if bursting { Some(at) } else { last };
            }
            stops.push(last.unwrap_or(*from) - from);
        }
        self.dead_hits = (!trouble.deaths.is_empty()).then(|| f64::from(hits) / trouble.deaths.len() as f64);
        self.dead_stop = mean(stops);
        let back = trouble.recoveries.iter().take(LOOKED_AT).map(|(token, at, until)| {
            let mut good = of(token).iter().filter(|row| is_good(row)).map(|row| row.at);
            good.find(|sent| at <= sent && sent < until).unwrap_or(*until) - at
        });
        self.recovery = mean(back.collect());
        if !trouble.outages.is_empty() {
            let attempts = rows.iter().filter(|row| trouble.is_outage(row.at)).count();
            let asked = answers.iter().filter(|answer| trouble.is_outage(answer.at)).count();
            self.outage = Some(attempts as f64 / asked.max(1) as f64);
        }
    }

    /// Counts added up, times averaged over the runs that have them.
    pub fn sum(runs: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> f64| runs.iter().map(of).sum();
        let mean = |of: fn(&Self) -> Option<f64>| mean(runs.iter().filter_map(of).collect());
        Self {
            requests: sum(|run| run.requests),
            servable: sum(|run| run.servable),
            served: sum(|run| run.served),
            avoidable: sum(|run| run.avoidable),
            attempts: sum(|run| run.attempts),
            wasted: sum(|run| run.wasted),
            repeats: sum(|run| run.repeats),
            upstream_429: sum(|run| run.upstream_429),
            hangs: sum(|run| run.hangs),
            late: sum(|run| run.late),
            cut: sum(|run| run.cut),
            malformed: sum(|run| run.malformed),
            malformed_attempts: sum(|run| run.malformed_attempts),
            malformed_400: sum(|run| run.malformed_400),
            p50: mean(|run| run.p50),
            p99: mean(|run| run.p99),
            fail_p99: mean(|run| run.fail_p99),
            share: mean(|run| run.share),
            dead_stop: mean(|run| run.dead_stop),
            dead_hits: mean(|run| run.dead_hits),
            recovery: mean(|run| run.recovery),
            outage: mean(|run| run.outage),
        }
    }
}

/// The requests that are malformed, by number: answers are in the order of arrival.
fn mistaken(answers: &[Answer]) -> HashSet<usize> {
    answers.iter().enumerate().filter(|(_, answer)| answer.malformed).map(|(request, _)| request).collect()
}

fn wasted(rows: &[Row], malformed: &HashSet<usize>) -> f64 {
    let mut met: HashSet<usize> = HashSet::new();
    let mut wasted = 0;
    for row in rows {
        let again = !met.insert(row.request) && malformed.contains(&row.request);
        let doomed = row.fate.certain && row.fate.why != Why::Client;
        wasted += u32::from(doomed || again);
    }
    f64::from(wasted)
}

fn repeats(rows: &[Row]) -> f64 {
    let mut failed: HashSet<(usize, usize)> = HashSet::new();
    let mut repeats = 0;
    for row in rows {
        let pair = (row.request, row.token);
        repeats += u32::from(failed.contains(&pair));
        if row.fate.kind != Kind::Good {
            failed.insert(pair);
        }
    }
    f64::from(repeats)
}

fn is_good(row: &Row) -> bool {
    row.headed && row.fate.kind.begins()
}

fn share(scenario: &Scenario, rows: &[Row]) -> Option<f64> {
    let expect = &scenario.expect;
    let (from, to) = expect.share_window.unwrap_or((0.0, scenario.traffic.duration));
    let at = |name: &String| scenario.pool.iter().position(|token| token.name == *name);
    let tokens: Vec<usize> = expect.share_tokens.iter().filter_map(at).collect();
    let weight = |token: usize| f64::from(scenario.pool[token].weight);
    let weights: f64 = tokens.iter().map(|token| weight(*token)).sum();
    let got = |token: usize| {
        rows.iter().filter(|row| row.token == token && is_good(row) && from <= row.at && row.at < to).count() as f64
    };
    let counts: Vec<(usize, f64)> = tokens.iter().map(|token| (*token, got(*token))).collect();
    let total: f64 = counts.iter().map(|(_, count)| count).sum();
    let deviations = counts.iter().map(|(token, count)| (count / total - weight(*token) / weights).abs());
    (total > 0.0).then(|| 100.0 * deviations.fold(0.0, f64::max))
}

fn percentile(mut values: Vec<f64>, part: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (part * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied()
}

fn mean(values: Vec<f64>) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
