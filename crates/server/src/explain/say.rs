//! One plain sentence for each credential and each endpoint.

use std::fmt::Write as _;

use claviger_pool::{Checks, EndpointView, Explanation, Extent, Limits, Outlook, Say};
use claviger_telemetry::rfc3339;
use claviger_types::{Class, Moment};

use crate::clock::Now;

pub(super) fn credential(one: &Explanation, view: &EndpointView, next: bool, now: Now) -> String {
    let back = back(one, view);
    let text = match one.say {
        Say::Ready if next => "would be chosen next".to_owned(),
        Say::Ready => match one.place {
            Some(place) if place > 1 => format!("ready, {} would be chosen before", place - 1),
            Some(_) | None => "ready, the first of this tier".to_owned(),
        },
        Say::Due { cause, scope } => format!("its rest is over: {}{}; {}", cause.name(), of(scope), tries(cause, view)),
        Say::Resting { cause, scope, since, probing: true } => {
            let (cause, of, since) = (cause.name(), of(scope), clock(since, now));
            format!("out: {cause}{of} since {since}; a probe is out, its answer decides")
        }
        Say::Resting { cause, scope, since, probing: false } => {
            let (cause, of, since) = (cause.name(), of(scope), clock(since, now));
            match one.changes {
                Some(at) => format!("rests until {}: {cause}{of} since {since}; {back}", when(at, now)),
                None => format!("out: {cause}{of} since {since}"),
            }
        }
        Say::Learned => held("as busy as it has shown to accept", &learned(one), one.changes, now),
        Say::Stated => held("at a limit that you set", &stated(one), one.changes, now),
        Say::Endpoint => held("works, but its endpoint is down or overloaded", "", one.changes, now),
    };
    if one.trips > 0 { format!("{text} (rest number {})", one.trips + 1) } else { text }
}

pub(super) fn endpoint(view: &EndpointView, now: Now) -> String {
    let mut text = match (view.breaker, view.next_probe) {
        (Outlook::Closed, _) => "answers".to_owned(),
        (Outlook::Suspect, _) => "answers, but fails often: retries are rationed".to_owned(),
        (Outlook::Promising, _) => "is down, but the probe that is out takes so long that it is likely back".to_owned(),
        (Outlook::Open, Some(at)) => format!("is down: the next probe may go {}", when(at, now)),
        (Outlook::Open, None) => "is down: a probe is out".to_owned(),
    };
    if let Some(pace) = view.pace {
        let _ = write!(text, ", accepts {pace:.1} requests a second");
    }
    if view.waiting > 0 {
        let _ = write!(text, ", {} requests wait in line", view.waiting);
    }
    text
}

/// How it comes back.
fn back(one: &Explanation, view: &EndpointView) -> String {
    match one.say {
        Say::Resting { cause, .. } if one.by_probe => format!("then {}", tries(cause, view)),
        Say::Resting { .. } => "then it is asked again without a probe".to_owned(),
        Say::Ready | Say::Due { .. } | Say::Learned | Say::Stated | Say::Endpoint => String::new(),
    }
}

/// Who tries it.
fn tries(cause: Class, view: &EndpointView) -> &'static str {
    match view.checks {
        Checks::Keys if cause == Class::InvalidCredential => "a listing of models tries the key",
        Checks::Everything => "a prompt of the gateway's own tries it",
        Checks::Keys | Checks::Never => "one request tries it",
    }
}

const fn of(scope: Extent) -> &'static str {
    match scope {
        Extent::Model => " for this model",
        Extent::Credential => "",
        Extent::Account => " for its account",
    }
}

fn held(what: &str, detail: &str, changes: Option<Moment>, now: Now) -> String {
    let mut text = what.to_owned();
    if !detail.is_empty() {
        let _ = write!(text, " ({detail})");
    }
    let _ = match changes {
        Some(at) => write!(text, ": next {}", when(at, now)),
        None => write!(text, ": next when an answer ends"),
    };
    text
}

fn learned(one: &Explanation) -> String {
    let pace = one.pace.map(|pace| format!("{pace:.1} a second"));
    let window = one.window.map(|window| format!("{window} at once"));
    [pace, window].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn stated(one: &Explanation) -> String {
    let Limits { rpm, tpm, rpd, tpd, concurrency } = one.limits;
    let (attempts, usage) = one.last_minute.unwrap_or_default();
    let all = [
        rpm.map(|limit| format!("{attempts} of {limit} requests in the last minute")),
        tpm.map(|limit| format!("{usage} of {limit} tokens in the last minute")),
        concurrency.map(|limit| format!("{} of {limit} open", one.open)),
        rpd.map(|limit| format!("{limit} requests a day")),
        tpd.map(|limit| format!("{limit} tokens a day")),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `14:03:07Z (in 42 s)`.
fn when(at: Moment, now: Now) -> String {
    let left = at.since(now.moment).as_secs_f64();
    let left = match left {
        0.0 => "now".to_owned(),
        left if left < 10.0 => format!("in {left:.1} s"),
        left if left < 600.0 => format!("in {left:.0} s"),
        left => format!("in {:.0} min", left / 60.0),
    };
    format!("{} ({left})", clock(at, now))
}

/// The time of day, UTC.
fn clock(at: Moment, now: Now) -> String {
    let date = rfc3339(now.wall_of(at));
    format!("{}Z", date.get(11..19).unwrap_or_default())
}
