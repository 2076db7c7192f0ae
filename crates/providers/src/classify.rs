//! What a failed attempt means: class, scope, hint, and the rule that decided.
//!
//! Total and pure: every failure gets a verdict. The order is fixed: reasons beat codes, codes beat types, types beat
//! status, status beats free text; text is read from error fields only, since providers echo prompts. The rules
//! themselves are data ([`rules`]).

mod fields;
mod hints;
mod phrases;
mod quota;
mod rules;
mod time;

use claviger_types::{Class, Scope, Verdict, WallTime};
use http::HeaderMap;

use crate::provider::Provider;
use crate::row::LimitsPer;
use fields::Fields;

/// One failed attempt, as the sender saw it.
#[derive(Clone, Copy, Debug)]
pub enum Failure<'a> {
    /// An answer with an error status.
    Status {
        /// The status.
        status: u16,
        /// The answer's headers.
        headers: &'a HeaderMap,
        /// The body, or as much of it as was read.
        body: &'a [u8],
        /// Now, for dates in headers.
        wall: WallTime,
    },
    /// An error inside a 200, or in an event of its stream.
    Embedded {
        /// The JSON that holds the error.
        body: &'a [u8],
        /// The answer's headers.
        headers: &'a HeaderMap,
        /// Now, for dates in headers.
        wall: WallTime,
    },
    /// No connection: refused, unknown host, TLS.
    Connect,
    /// The connection broke before an answer.
    Reset,
    /// The answer broke off before its end.
    Cut,
    /// The answer is not what it says it is.
    Garbled,
    /// No head or no first content in time.
    Timeout,
    /// A gap between two events that was too long.
    Idle,
}

impl Provider {
    /// The reading of a failure of this provider.
    pub fn classify(&self, failure: &Failure<'_>) -> Verdict {
        match *failure {
            Failure::Status { status, headers, body, wall } => self.answer(status, headers, body, wall),
            Failure::Embedded { body, headers, wall } => self.answer(200, headers, body, wall),
            Failure::Connect => Verdict::of(Class::Connection, "connect"),
            Failure::Reset => Verdict::of(Class::Connection, "reset"),
            Failure::Cut => Verdict::of(Class::Connection, "cut"),
            Failure::Garbled => Verdict::of(Class::Connection, "garbled"),
            Failure::Timeout => Verdict::of(Class::Timeout, "no_answer_in_time"),
            Failure::Idle => Verdict::of(Class::Timeout, "stream_idle"),
        }
    }

    fn answer(&self, outer: u16, headers: &HeaderMap, body: &[u8], wall: WallTime) -> Verdict {
        let fields = Fields::read(body);
        let status = inner_status(outer, fields.as_ref());
        let reading = match &fields {
            Some(fields) => rules::reading(self.row, status, fields),
            None => rules::edge(status, headers, body),
        };
        let verdict = if reading.open { self.scoped(reading.verdict, fields.as_ref()) } else { reading.verdict };
        match verdict.class {
            Class::RateLimited | Class::Overloaded | Class::QuotaExhausted | Class::ServerError => {
                verdict.hinted(hints::find(headers, fields.as_ref(), wall))
            }
            Class::InvalidCredential
            | Class::Permission
            | Class::Timeout
            | Class::Connection
            | Class::ModelUnavailable
            | Class::BadRequest
            | Class::ContentPolicy
            | Class::PayloadTooLarge
            | Class::Unsupported => verdict,
        }
    }

    /// The scope that depends on the provider or on what the text names.
    fn scoped(&self, verdict: Verdict, fields: Option<&Fields>) -> Verdict {
        let names_model = fields.is_some_and(|fields| fields.says("model") || fields.says("deployment"));
        if verdict.class == Class::RateLimited && self.row.limits_per == LimitsPer::Token
            || verdict.class == Class::Permission && !names_model
        {
            verdict.scoped(Scope::Token)
        } else {
            verdict
        }
    }
}

/// The status to read the error by: an inner one is believed inside a success and inside a 5xx (relays wrap a 429 in
/// a 500), never against a 4xx.
fn inner_status(outer: u16, fields: Option<&Fields>) -> u16 {
    let inner = fields.and_then(|fields| fields.status);
    match inner {
        Some(inner) if !(400..500).contains(&outer) => inner,
        Some(_) | None => outer,
    }
}

#[cfg(test)]
mod tests;
