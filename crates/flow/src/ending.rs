//! How a request that nobody could serve ends: honestly, and with the moment to come back.

use std::time::Duration;

use claviger_pool::Census;
use claviger_types::{Class, Moment};

use crate::attempt::{Answer, Attempt, Failed, Outcome};

/// Why nothing more is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The upstream's own answer is final: the caller's mistake, or the last failure of a provider.
    Upstream,
    /// No credential may be asked now.
    NoCredential,
    /// All that could serve are limited by rate.
    RateLimited,
    /// No target of the route can do this operation or model at all.
    NoneServes,
    /// No credential has the model.
    ModelNotFound,
    /// Providers failed in ways that say nothing about credentials, too often.
    ProviderFailing,
    /// The deadline passed.
    Deadline,
    /// The request may not be sent twice, and it is not known what became of it.
    NotRepeatable,
}

impl Reason {
    /// The stable `code` of our error bodies.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Upstream => "upstream_error",
            Self::NoCredential | Self::RateLimited => "no_credential_available",
            Self::NoneServes => "unsupported_operation",
            Self::ModelNotFound => "model_not_found",
            Self::ProviderFailing => "upstream_failed",
            Self::Deadline => "deadline_exceeded",
            Self::NotRepeatable => "upstream_interrupted",
        }
    }

    /// The status the client gets.
    pub const fn status(self) -> u16 {
        match self {
            Self::Upstream | Self::ProviderFailing | Self::NotRepeatable => 502,
            Self::NoCredential => 503,
            Self::RateLimited => 429,
            Self::NoneServes | Self::ModelNotFound => 404,
            Self::Deadline => 504,
        }
    }
}

/// The end of a request without success.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Why.
    pub reason: Reason,
    /// One sentence for the caller; names no secret.
    pub message: String,
    /// When it may be worth coming back.
    pub retry_after: Option<Duration>,
    /// The upstream's answer to pass on as it is, with its status.
    pub answer: Option<Answer>,
}

impl Ending {
    pub(crate) fn upstream(failed: &Failed) -> Self {
        Self {
            reason: Reason::Upstream,
            message: format!("the provider refused the request: {}", words(failed.verdict.class)),
            retry_after: None,
            answer: failed.answer.clone(),
        }
    }

    pub(crate) fn deadline(attempts: &[Attempt]) -> Self {
        let message = format!("no answer within the deadline of the route after {}", tries(attempts.len()));
        Self { reason: Reason::Deadline, message, retry_after: None, answer: None }
    }

    /// Too many ambiguous failures, or one that must not be repeated: the provider's own words if it had any.
    pub(crate) fn failing(reason: Reason, last: Option<&Failed>, attempts: &[Attempt]) -> Self {
        let class = last.map_or("it failed", |failed| words(failed.verdict.class));
        let message = match reason {
            Reason::NotRepeatable => {
                format!("the provider failed ({class}) and the request may have been carried out: it is not sent again")
            }
            _ => format!("the provider keeps failing ({class}); gave up after {}", tries(attempts.len())),
        };
        let answer = last.and_then(|failed| failed.answer.clone());
        Self { reason, message, retry_after: None, answer }
    }

    /// As many attempts as the operator allows.
    pub(crate) fn enough(now: Moment, last: Option<&Failed>, attempts: &[Attempt]) -> Self {
        match last {
            Some(failed) if !failed.verdict.class.is_guess() => {
                let all = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
                let attempts: Vec<&Attempt> = attempts.iter().collect();
                Self::nobody(now, Census { all, ..Census::default() }, None, &attempts)
            }
            Some(_) | None => Self::failing(Reason::ProviderFailing, last, attempts),
        }
    }

    /// Nobody is left.
    pub(crate) fn nobody(now: Moment, census: Census, soonest: Option<Moment>, attempts: &[&Attempt]) -> Self {
        let census = counted(census, attempts);
        if census.all == 0 {
            let message = "no credential of this route may serve this model or operation".to_owned();
            return Self { reason: Reason::NoneServes, message, retry_after: None, answer: None };
        }
        if census.lacking > 0 && census.lacking >= census.all {
            let message = "the model is unknown to every credential that may be asked for it".to_owned();
            return Self { reason: Reason::ModelNotFound, message, retry_after: None, answer: None };
        }
        let retry_after = soonest.map(|until| until.since(now));
        let limited = census.limited > 0 && census.failing == 0;
        let reason = if limited { Reason::RateLimited } else { Reason::NoCredential };
        let mut message = format!("none of {} can serve this request now: {}", credentials(census.all), causes(census));
        if let Some(after) = retry_after {
            message.push_str(&format!("; the next may be back in {:.1} s", after.as_secs_f64().max(0.1)));
        }
        Self { reason, message, retry_after, answer: None }
    }
}

/// Adds what this request itself met to those that were out already.
fn counted(mut census: Census, attempts: &[&Attempt]) -> Census {
    for attempt in attempts {
        if let Some(Outcome::Failed(verdict)) = attempt.outcome {
            census.count(verdict.class);
        }
    }
    census
}

fn causes(census: Census) -> String {
    let parts = [
        (census.invalid, "refused as unknown or revoked"),
        (census.quota, "out of money or allowance"),
        (census.limited, "limited by rate"),
        (census.barred, "without access to the model"),
        (census.lacking, "without the model"),
        (census.failing, "failing"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if said.is_empty() { "all were tried".to_owned() } else { said.join(", ") }
}

fn credentials(count: u32) -> String {
    if count == 1 { "1 credential".to_owned() } else { format!("{count} credentials") }
}

fn tries(count: usize) -> String {
    if count == 1 { "1 attempt".to_owned() } else { format!("{count} attempts") }
}

const fn words(class: Class) -> &'static str {
    match class {
        Class::InvalidCredential => "credential refused",
        Class::Permission => "not permitted",
        Class::QuotaExhausted => "quota exhausted",
        Class::RateLimited => "rate limited",
        Class::Overloaded => "overloaded",
        Class::ServerError => "server error",
        Class::Timeout => "no answer in time",
        Class::Connection => "connection failed",
        Class::ModelUnavailable => "model unavailable",
        Class::BadRequest => "bad request",
        Class::ContentPolicy => "refused by content policy",
        Class::PayloadTooLarge => "too large",
        Class::Unsupported => "not supported",
    }
}
