//! What an attempt meets.

use claviger_flow::{Answer, Failed};
use claviger_sim::chance::Dice;
use claviger_types::{Class, Verdict};
use http::{HeaderMap, StatusCode};

use crate::plan::{Credential, MODELS, Nature, Provider};

/// What comes of an attempt, and when; seconds from its start.
pub(crate) enum Fate {
    /// Content, and the end; whether the end is a cut.
    Good {
        head: f64,
        end: f64,
        cut: bool,
    },
    Fails {
        after: f64,
        failed: Box<Failed>,
    },
    Silent,
}

/// Whether somebody behaves so now.
pub(crate) fn nature(provider: &Provider, credential: &Credential, at: f64) -> Nature {
    let outage = provider.outages.iter().find(|(from, to, _)| *from <= at && at < *to);
    match outage {
        Some((.., nature)) => *nature,
        None if credential.during.0 <= at && at < credential.during.1 => credential.nature,
        None => Nature::Healthy,
    }
}

pub(crate) fn fate(nature: Nature, model: usize, bucket: &mut f64, at: f64, dice: &mut Dice) -> Fate {
    let head = 0.05 + dice.unit();
    let good = |head: f64, cut| Fate::Good { head, end: head + 0.5, cut };
    let fails = |class, hint: Option<f64>, status| {
        let hint = hint.map(std::time::Duration::from_secs_f64);
        Fate::Fails { after: 0.05, failed: Box::new(failed(Verdict::of(class, "history").hinted(hint), status)) }
    };
    match nature {
        Nature::Healthy => good(head, false),
        Nature::Dead => fails(Class::InvalidCredential, None, 401),
        Nature::Broke => fails(Class::QuotaExhausted, None, 429),
        Nature::Barred(barred) if barred == model => fails(Class::Permission, None, 403),
        Nature::Barred(_) => good(head, false),
        Nature::Limited(rate, says) => {
            // the moment when the next one fits
            if *bucket > at {
                return fails(Class::RateLimited, says.then_some(*bucket - at), 429);
            }
            *bucket = at.max(*bucket) + 1.0 / rate;
            good(head, false)
        }
        Nature::Flaky(share) if dice.chance(share) => fails(Class::ServerError, None, 500),
        Nature::Flaky(_) => good(head, false),
        Nature::Failing => fails(Class::Connection, None, 502),
        Nature::Overloaded => fails(Class::Overloaded, None, 503),
        Nature::Silent => Fate::Silent,
        Nature::Slow => good(head * 10.0, false),
        Nature::Cutting(share) => {
            let cut = dice.chance(share);
            good(head, cut)
        }
    }
}

/// The caller's own mistake.
pub(crate) fn mistake() -> Fate {
    Fate::Fails { after: 0.05, failed: Box::new(failed(Verdict::of(Class::BadRequest, "history"), 400)) }
}

fn failed(verdict: Verdict, status: u16) -> Failed {
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap_or_default(),
        headers: HeaderMap::new(),
        body: bytes::Bytes::from_static(b"{}"),
    };
    Failed { verdict, untouched: !verdict.class.is_guess(), answer: Some(answer), absent: false }
}

/// The model by its number.
pub(crate) const fn model(number: usize) -> &'static str {
    MODELS[number]
}
