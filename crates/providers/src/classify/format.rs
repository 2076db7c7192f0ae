//! The form in which error rules are written, and what may be wrong with them.
//!
//! The same form serves the files of `errors/` and `errorRules` of the configuration. The build script includes this
//! file to refuse a broken rule file, so it knows no other module of the crate: text and plain values only.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

#[path = "format/reach.rs"]
mod reach;

pub(crate) use reach::unreachable;

/// One file of `errors/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Book<R> {
    /// Counts up with every change of meaning.
    pub(crate) version: u32,
    /// The day on which it was last compared with the sources.
    pub(crate) updated: String,
    /// What it follows.
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    /// Other names under which the provider is known.
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    /// Hosts of this provider: an entry of any type that talks to one of them is read by this file.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    /// What rates are counted by when a rule names no scope: `model` or `token`.
    #[serde(default)]
    pub(crate) limits_per: String,
    /// Hours east of UTC of the times in its messages.
    #[serde(default)]
    pub(crate) zone: i8,
    /// The code stands in parentheses at the end of the message.
    #[serde(default)]
    pub(crate) trailing_code: bool,
    /// The rules, tried from the top.
    #[serde(default = "Vec::new")]
    pub(crate) rule: Vec<R>,
}

impl<R> Book<R> {
    /// Everything that is wrong with the file apart from its rules.
    pub(crate) fn problems(&self) -> Vec<RuleProblem> {
        let mut found = Vec::new();
        let dated = self.updated.len() == 10 && self.updated.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        if self.version == 0 || !dated {
            let message = "the file has no version or no day";
            found.push(RuleProblem::new("version", message, "write `version = 1` and `updated = \"2026-11-25\"`"));
        }
        if !["", "model", "token"].contains(&self.limits_per.as_str()) {
            let message = format!("`{}` is nothing that rates are counted by", self.limits_per);
            found.push(RuleProblem::new("limits_per", message, "write `model` or `token`"));
        }
        if !(-12..=14).contains(&self.zone) {
            found.push(RuleProblem::new("zone", format!("there is no zone {}", self.zone), "write hours east of UTC"));
        }
        if self.trailing_code && self.rule.is_empty() {
            found.push(RuleProblem::new("trailing_code", "no rule asks for a code", "remove it"));
        }
        let plain = |name: &String| !name.is_empty() && name.to_lowercase() == *name;
        if !self.sources.iter().all(|source| source.starts_with("https://"))
            || !self.aliases.iter().chain(&self.hosts).all(plain)
        {
            let message = "a source is no address, or a name is not in lower case";
            found.push(RuleProblem::new("sources", message, "write addresses with https://, names in lower case"));
        }
        found
    }
}

/// One rule as it is written. All conditions that are set must hold; of a list, any entry may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleDraft {
    /// For the log and `claviger classify`.
    pub name: String,
    /// How the attempt ended without an answer: one of [`TRANSPORTS`].
    pub transport: Vec<String>,
    /// Statuses, `429` or `5xx`. An error inside a success has the status it names, or 200.
    #[serde(deserialize_with = "numbers_too")]
    pub status: Vec<String>,
    /// Headers with patterns of their values.
    pub header: BTreeMap<String, String>,
    /// Patterns of the error's code.
    pub code: Vec<String>,
    /// Patterns of the error's type, or of Google's status word.
    pub r#type: Vec<String>,
    /// Patterns of finer reasons: inner codes, `details[].reason`, quota ids, limit sources.
    pub reason: Vec<String>,
    /// Patterns of any of the three.
    pub any: Vec<String>,
    /// Phrases of the error's message, in lower case; `*` stands for anything between two parts of a phrase, `^` in
    /// front for the beginning of the message.
    pub says: Vec<String>,
    /// What the body is: one of [`BODIES`]. Unset: any, but `says` then reads messages of JSON errors only.
    pub body: Vec<String>,
    /// Whether the error names a parameter of the request.
    pub param: Option<bool>,
    /// Whether the message names a limit and a request above it.
    pub above_limit: Option<bool>,
    /// Whether the error stood in an answer of success or in its stream.
    pub embedded: Option<bool>,
    /// What it means: one of [`CLASSES`].
    pub class: String,
    /// Whose fault it is: one of [`SCOPES`]. Unset: the class's own.
    pub scope: String,
    /// Whether another credential may do better. Unset: as the class says.
    pub retry_elsewhere: Option<bool>,
    /// `ignore`: times in the answer mean nothing. Unset: they are believed.
    pub hint: String,
    /// When it is over if the answer does not say: one of [`RESETS`].
    pub resets: String,
}

/// How an attempt can end without an answer.
pub const TRANSPORTS: [&str; 6] = ["connect", "reset", "cut", "garbled", "timeout", "idle"];
/// What a body can be.
pub const BODIES: [&str; 4] = ["json", "html", "text", "empty"];
/// The classes, by name.
pub const CLASSES: [&str; 13] = [
    "invalid_credential",
    "permission",
    "quota_exhausted",
    "rate_limited",
    "overloaded",
    "server_error",
    "timeout",
    "connection",
    "model_unavailable",
    "bad_request",
    "content_policy",
    "payload_too_large",
    "unsupported",
];
/// The scopes, by name.
pub const SCOPES: [&str; 5] = ["token", "token_model", "account", "provider", "request"];
/// Calendars by which limits start anew.
pub const RESETS: [&str; 4] = ["midnight-pacific", "midnight-utc", "midnight-beijing", "month-utc"];

/// Something wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The key at fault; empty for the rule as a whole.
    pub key: &'static str,
    /// What is wrong, one sentence without final stop.
    pub message: String,
    /// What to write instead.
    pub fix: String,
}

impl RuleProblem {
    fn new(key: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { key, message: message.into(), fix: fix.into() }
    }
}

impl RuleDraft {
    /// The lists of the rule with the names of their keys.
    pub(crate) fn lists(&self) -> [(&'static str, &[String]); 8] {
        [
            ("transport", &self.transport),
            ("status", &self.status),
            ("code", &self.code),
            ("type", &self.r#type),
            ("reason", &self.reason),
            ("any", &self.any),
            ("says", &self.says),
            ("body", &self.body),
        ]
    }

    fn is_for_everything(&self) -> bool {
        self.lists().iter().all(|(_, list)| list.is_empty())
            && self.header.is_empty()
            && [self.param, self.above_limit, self.embedded].iter().all(Option::is_none)
    }

    /// Everything that is wrong with the rule by itself.
    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut found = Vec::new();
        if self.class.is_empty() {
            found.push(RuleProblem::new("class", "the rule says no class", "write what the error means"));
        } else {
            known(&mut found, "class", &self.class, &CLASSES);
        }
        for (key, word, words) in
            [("scope", &self.scope, &SCOPES[..]), ("hint", &self.hint, &["ignore"]), ("resets", &self.resets, &RESETS)]
        {
            if !word.is_empty() {
                known(&mut found, key, word, words);
            }
        }
        for transport in &self.transport {
            known(&mut found, "transport", transport, &TRANSPORTS);
        }
        for body in &self.body {
            known(&mut found, "body", body, &BODIES);
        }
        for pattern in self.status.iter().filter(|pattern| statuses(pattern).is_none()) {
            let message = format!("`{pattern}` is no status");
            found.push(RuleProblem::new("status", message, "write one such as 429 or \"5xx\""));
        }
        for phrase in self.says.iter().filter(|phrase| phrase.to_lowercase() != **phrase || phrase.trim().len() < 2) {
            let message = format!("`{phrase}` is compared with text in lower case and would never fit");
            found.push(RuleProblem::new("says", message, "write at least two letters, all in lower case"));
        }
        for (key, list) in self.lists() {
            let twice = list.iter().enumerate().find(|(at, entry)| list[..*at].contains(entry));
            if let Some((_, entry)) = twice {
                found.push(RuleProblem::new(key, format!("`{entry}` stands twice"), "remove one"));
            }
        }
        if self.is_for_everything() {
            let message = "the rule has no condition, so it would take every error";
            found.push(RuleProblem::new("", message, "write what it is about: status, code, says, …"));
        }
        if !self.transport.is_empty() && self.lists().iter().any(|(key, list)| *key != "transport" && !list.is_empty())
        {
            let message = "an attempt without an answer has neither status nor error";
            found.push(RuleProblem::new("transport", message, "make two rules of it"));
        }
        found
    }
}

fn known(found: &mut Vec<RuleProblem>, key: &'static str, word: &str, words: &[&str]) {
    if !words.contains(&word) {
        let message = format!("`{word}` is no {key}");
        found.push(RuleProblem::new(key, message, format!("write one of: {}", words.join(", "))));
    }
}

/// The statuses a pattern stands for, both ends included.
pub(crate) fn statuses(pattern: &str) -> Option<(u16, u16)> {
    let bytes = pattern.as_bytes();
    let [first @ b'1'..=b'9', rest @ ..] = bytes else { return None };
    if rest == b"xx" {
        let from = u16::from(first - b'0') * 100;
        return Some((from, from + 99));
    }
    let status = pattern.parse().ok().filter(|status| (100..1000).contains(status))?;
    Some((status, status))
}

/// Whether `text` fits a pattern in which `*` stands for any run of characters; both in lower case.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// Whether a message contains a phrase; its parts in order, where it has a `*`; at its beginning, where it has a `^`.
pub(crate) fn contains(text: &str, phrase: &str) -> bool {
    let mut rest = text;
    let phrase = match phrase.strip_prefix('^') {
        Some(phrase) if !text.starts_with(phrase.split('*').next().unwrap_or_default()) => return false,
        Some(phrase) => phrase,
        None => phrase,
    };
    phrase.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

fn numbers_too<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Status {
        Number(i64),
        Text(String),
    }
    let list = Vec::<Status>::deserialize(from).map_err(|_| D::Error::custom("a list such as [429, \"5xx\"]"))?;
    let text = |status| match status {
        Status::Number(number) => number.to_string(),
        Status::Text(text) => text,
    };
    Ok(list.into_iter().map(text).collect())
}

#[cfg(test)]
#[path = "format/tests.rs"]
mod tests;
