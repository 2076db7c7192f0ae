//! A reading in words, or as a line of JSON.

use std::fmt::Write as _;
use std::time::Duration;

use claviger_providers::{Classifier, Reading};
use claviger_types::{Class, Scope};
use serde_json::{Map, Number, Value, json};

/// `rule` where no rule was asked.
const NO_FAILURE: &str = "no_failure";

/// One line of JSON: what the collection says of a case, and which rule decided.
pub(super) fn json(id: Option<&Value>, reading: Option<&Reading>) -> String {
    let mut line = Map::new();
    if let Some(id) = id {
        line.insert("id".to_owned(), id.clone());
    }
    line.extend(fields(reading));
    let rule = reading.map_or_else(|| NO_FAILURE.to_owned(), rule);
    line.insert("rule".to_owned(), rule.into());
    format!("{}\n", Value::Object(line))
}

/// The four fields of a case that say what it means.
pub(super) fn fields(reading: Option<&Reading>) -> Map<String, Value> {
    let Some(reading) = reading else {
        let none = ["class", "scope", "retry_elsewhere", "cooldown_hint_seconds"];
        return none.into_iter().map(|key| (key.to_owned(), Value::Null)).collect();
    };
    let verdict = reading.verdict;
    let hint = verdict.hint.filter(|_| reading.hint_is_named);
    Map::from_iter([
        ("class".to_owned(), verdict.class.name().into()),
        ("scope".to_owned(), verdict.scope.name().into()),
        ("retry_elsewhere".to_owned(), verdict.retry_elsewhere.into()),
        ("cooldown_hint_seconds".to_owned(), hint.map_or(Value::Null, seconds)),
    ])
}

/// Whole seconds as a whole number.
fn seconds(time: Duration) -> Value {
    if time.subsec_nanos() == 0 {
        return json!(time.as_secs());
    }
    // to the microsecond, so that no rounding of binary fractions shows
    let seconds = (time.as_secs_f64() * 1e6).round() / 1e6;
    Number::from_f64(seconds).map_or(Value::Null, Value::Number)
}

/// `file/rule`.
pub(super) fn rule(reading: &Reading) -> String {
    match reading.file {
        "" => reading.verdict.rule.to_owned(),
        file if reading.verdict.rule.starts_with(file) => reading.verdict.rule.to_owned(),
        file => format!("{file}/{}", reading.verdict.rule),
    }
}

/// For people.
pub(super) fn people(classifier: &Classifier, reading: Option<&Reading>) -> String {
    let Some(reading) = reading else { return "this is a good answer: nothing is held against anybody\n".to_owned() };
    let verdict = reading.verdict;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:13} {value}");
    };
    line("class", verdict.class.name());
    line("scope", &format!("{}: {}", verdict.scope.name(), whose(verdict.scope)));
    line("hint", &hint(reading));
    line("the pool", effect(verdict.class, verdict.scope));
    let next = if verdict.retry_elsewhere { "another credential is asked" } else { "it ends, the answer is passed on" };
    line("the request", next);
    let file = match (reading.file, classifier.file()) {
        ("errorRules", _) => "the configuration".to_owned(),
        ("", _) => "no file".to_owned(),
        (file, (own, version)) if file == own => format!("errors/{file}.toml, version {version}"),
        (file, _) => format!("errors/{file}.toml"),
    };
    line("decided by", &format!("{} ({file})", rule(reading)));
    text
}

fn hint(reading: &Reading) -> String {
    match reading.verdict.hint {
        Some(hint) if reading.hint_is_named => format!("{} s, as the answer says", seconds(hint)),
        Some(hint) => format!("{} s, as the provider's limits start anew then", seconds(hint)),
        None => "none".to_owned(),
    }
}

const fn whose(scope: Scope) -> &'static str {
    match scope {
        Scope::Token => "this credential",
        Scope::TokenModel => "this model on this credential",
        Scope::Account => "all credentials of the account",
        Scope::Provider => "the provider, whichever credential asks",
        Scope::Request => "the request",
    }
}

/// What the pool does, in the words of `docs/errors.md`.
const fn effect(class: Class, scope: Scope) -> &'static str {
    match (class, scope) {
        (Class::InvalidCredential, _) => "quarantines the credential; probes after 15 s, 30 s, … 15 min",
        (Class::QuotaExhausted, _) => "rests it until the reset that was named (at most 1 h), else 1 to 15 min",
        (Class::Permission | Class::ModelUnavailable, Scope::TokenModel) => {
            "rests that model on that credential for 1 to 15 min"
        }
        (Class::Permission | Class::ModelUnavailable, _) => "rests the credential for 1 to 15 min",
        (Class::RateLimited, _) => "rests it as long as was said (at most 1 h), else 0.25 s doubling to 60 s",
        (Class::Overloaded | Class::ServerError | Class::Timeout | Class::Connection, Scope::Request) => {
            "does nothing: the configuration counts this status against nobody"
        }
        (Class::Overloaded, _) => "blames the endpoint first, and asks elsewhere after a short pause",
        (Class::ServerError | Class::Timeout | Class::Connection, _) => {
            "weighs it: shares the blame between credential and endpoint by how others fared"
        }
        (Class::BadRequest | Class::ContentPolicy | Class::PayloadTooLarge | Class::Unsupported, _) => {
            "does nothing: no credential is harmed"
        }
    }
}
