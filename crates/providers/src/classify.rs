//! What a failed attempt means: class, scope, hint, and the rule that decided.
//!
//! Total and pure: every failure gets a verdict. The rules are data (`errors/*.toml`, and `errorRules` of the
//! configuration), tried in this order: the operator's, the provider's own, edges and proxies, whatever looks like
//! OpenAI, the status alone. The first that fits decides. Text is read from error fields only, since providers echo
//! prompts.

mod book;
mod fields;
pub(crate) mod format;
mod hints;
mod quota;
mod recorded;
mod rules;
mod status;
mod text;
mod time;

use std::time::Duration;

use claviger_types::{Class, Scope, Verdict, WallTime};
use http::HeaderMap;

use crate::provider::Provider;
use crate::settings::Settings;
use book::Book;
pub use book::{KnownErrors, known_errors};
use fields::Fields;
use format::RuleDraft;
pub use recorded::Recorded;
use rules::{Form, Rule, Seen};
pub use status::{StatusPatterns, fits_elsewhere};

macro_rules! operators {
    ($($at:literal)*) => { [$(concat!("errorRules[", $at, "]")),*] };
}

/// Longer error bodies are looked at no further.
const MAX_BODY: usize = 1 << 20;
/// The longest window of a rate, an hour more than a day.
const RATE_WINDOW: Duration = Duration::from_secs(25 * 60 * 60);
/// How much of a page is looked at, in bytes.
const PAGE: usize = 4096;

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

/// What a failure was found to mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The verdict; its hint includes documented resets.
    pub verdict: Verdict,
    /// The rule file that decided, its version; `errorRules`, `status` or nothing where no file did.
    pub file: &'static str,
    /// Whether the answer itself named the hint, rather than the calendar of the rule.
    pub hint_is_named: bool,
}

/// Reads the failures of one provider.
#[derive(Debug)]
pub struct Classifier {
    operators: Vec<Rule>,
    book: &'static Book,
    statuses: StatusPatterns,
}

impl Classifier {
    /// For a provider type, or another name that a rule file gives it (`anthropic`, `perplexity`). `None`: no file is
    /// about it.
    pub fn named(name: &str) -> Option<Self> {
        let book = book::named(name)?;
        Some(Self { operators: Vec::new(), book, statuses: StatusPatterns::default() })
    }

    /// For an entry of the configuration that talks to `authority`.
    pub(crate) fn of(settings: &Settings, authority: &str) -> Self {
        Self {
            operators: settings.error_rules.iter().filter_map(Rule::new).collect(),
            book: book::of(&settings.kind, authority),
            statuses: settings.statuses.clone(),
        }
    }

    /// The name of the provider's rule file, and its version.
    pub const fn file(&self) -> (&'static str, u32) {
        (self.book.name, self.book.version)
    }

    /// What the failure means, and who says so.
    pub fn read(&self, failure: &Failure<'_>) -> Reading {
        let silent = |ended| {
            let fields = &Fields::default();
            let seen =
                Seen { transport: Some(ended), status: 0, embedded: false, headers: None, form: Form::Empty, fields };
            self.decide(&seen, WallTime::default())
        };
        match *failure {
            Failure::Status { status, headers, body, wall } => {
                let reading = self.answer(status, false, headers, body, wall);
                Reading { verdict: self.statuses.applied(status, reading.verdict), ..reading }
            }
            Failure::Embedded { body, headers, wall } => self.answer(200, true, headers, body, wall),
            Failure::Connect => silent(rules::CONNECT),
            Failure::Reset => silent(rules::RESET),
            Failure::Cut => silent(rules::CUT),
            Failure::Garbled => silent(rules::GARBLED),
            Failure::Timeout => silent(rules::TIMEOUT),
            Failure::Idle => silent(rules::IDLE),
        }
    }

    fn answer(&self, outer: u16, embedded: bool, headers: &HeaderMap, body: &[u8], wall: WallTime) -> Reading {
        let text = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]);
        let text = event_data(text.trim());
        let (form, mut fields) = match Fields::read(text) {
            Some(fields) => (Form::Json, fields),
            None => page(text),
        };
        if self.book.trailing_code {
            fields.take_trailing_code();
        }
        fields.take_header_code(headers);
        let status = inner_status(outer, &fields);
        let seen = Seen { transport: None, status, embedded, headers: Some(headers), form, fields: &fields };
        self.decide(&seen, wall)
    }

    /// The first rule that holds.
    fn decide(&self, seen: &Seen<'_>, wall: WallTime) -> Reading {
        if let Some(at) = self.operators.iter().position(|rule| rule.holds(seen)) {
            let name = OPERATORS.get(at).copied().unwrap_or("errorRules");
            return self.reading(&self.operators[at], name, "errorRules", seen, wall);
        }
        let books = std::iter::once(self.book).chain(book::shared().iter().copied());
        for book in books {
            if let Some(rule) = book.rules.iter().find(|rule| rule.holds(seen)) {
                return self.reading(rule, &rule.name, book.name, seen, wall);
            }
        }
        Reading { verdict: Verdict::of(Class::ServerError, "unknown"), file: "", hint_is_named: false }
    }

    fn reading(&self, rule: &Rule, name: &'static str, file: &'static str, seen: &Seen<'_>, wall: WallTime) -> Reading {
        let verdict = Verdict::of(rule.class, name);
        let scope = rule.scope.unwrap_or_else(|| self.scope(verdict, seen.fields));
        let retry_elsewhere = rule.elsewhere.unwrap_or(verdict.retry_elsewhere);
        let waits = seen.headers.filter(|_| waiting_helps(rule.class));
        let named = waits.filter(|_| rule.believes_hints);
        let named = named.and_then(|headers| hints::find(headers, seen.fields, self.book.zone, wall));
        let documented = || rule.resets?.wait(hints::clock(waits?, wall));
        let hint = named.or_else(documented);
        // what is full again only in more than a day is an allowance, whatever it is called
        let class = match verdict.class {
            Class::RateLimited if named.is_some_and(|hint| hint > RATE_WINDOW) => Class::QuotaExhausted,
            class => class,
        };
        let verdict = Verdict { class, scope, retry_elsewhere, hint, ..verdict };
        Reading { verdict, file, hint_is_named: named.is_some() }
    }

    /// The scope that depends on the provider or on what the text names.
    fn scope(&self, verdict: Verdict, fields: &Fields) -> Scope {
        let text = fields.text.as_str();
        let names_model =
            || ["model", "deployment"].iter().any(|word| text::names(text, word)) || text.contains("模型");
        match verdict.class {
            Class::RateLimited => self.book.limits_per,
            Class::Permission if !names_model() => Scope::Token,
            Class::Permission
            | Class::InvalidCredential
            | Class::QuotaExhausted
            | Class::Overloaded
            | Class::ServerError
            | Class::Timeout
            | Class::Connection
            | Class::ModelUnavailable
            | Class::BadRequest
            | Class::ContentPolicy
            | Class::PayloadTooLarge
            | Class::Unsupported => verdict.scope,
        }
    }
}

/// How many rules an operator may add.
pub const MAX_RULES: usize = 32;
/// Their names.
const OPERATORS: [&str; MAX_RULES] = operators![
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
];

/// Whether a time to come back means anything.
const fn waiting_helps(class: Class) -> bool {
    match class {
        Class::RateLimited
        | Class::Overloaded
        | Class::QuotaExhausted
        | Class::ServerError
        | Class::Timeout
        | Class::Connection => true,
        Class::InvalidCredential
        | Class::Permission
        | Class::ModelUnavailable
        | Class::BadRequest
        | Class::ContentPolicy
        | Class::PayloadTooLarge
        | Class::Unsupported => false,
    }
}

impl Provider {
    /// What a failure of this provider means.
    pub fn classify(&self, failure: &Failure<'_>) -> Verdict {
        self.classifier.read(failure).verdict
    }

    /// What reads its failures.
    pub const fn classifier(&self) -> &Classifier {
        &self.classifier
    }
}

/// Everything wrong with an operator's rules: each by itself, and those that earlier ones leave nothing; with their
/// places in the list.
pub fn rule_problems(rules: &[RuleDraft]) -> Vec<(usize, format::RuleProblem)> {
    let mut found = Vec::new();
    let mut fine: Vec<usize> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let problems = rule.problems();
        // what is wrong by itself is not compared
        if problems.is_empty() {
            let blocked = fine.iter().find_map(|by| Some((by, format::unreachable(&rules[*by], rule)?)));
            if let Some((by, message)) = blocked {
                let message = format!("{message}: rule {by} takes it");
                found.push((at, format::RuleProblem { key: "", message, fix: "move it up, or remove it".to_owned() }));
            }
            fine.push(at);
        }
        found.extend(problems.into_iter().map(|problem| (at, problem)));
    }
    found
}

/// The data of an event, when a body is one: some send errors so because a stream was asked for.
fn event_data(text: &str) -> &str {
    if !text.starts_with("data:") && !text.starts_with("event:") {
        return text;
    }
    text.lines().find_map(|line| line.strip_prefix("data:")).map_or(text, str::trim)
}

/// A body that is not JSON: a page of an edge, a proxy's line, or nothing. JSON that breaks off is read as nothing,
/// since it may hold a prompt.
fn page(text: &str) -> (Form, Fields) {
    if text.is_empty() {
        return (Form::Empty, Fields::default());
    }
    if text.starts_with(['{', '[', '"']) {
        return (Form::Text, Fields::default());
    }
    let start = text[..text.floor_char_boundary(PAGE.min(text.len()))].to_lowercase();
    let html = start.starts_with('<') || start.contains("<html");
    (if html { Form::Html } else { Form::Text }, Fields { text: start, ..Fields::default() })
}

/// The status to read the error by: an inner one is believed inside a success and inside a 5xx (relays wrap a 429 in
/// a 500), never against a 4xx.
fn inner_status(outer: u16, fields: &Fields) -> u16 {
    fields.status.filter(|_| !(400..500).contains(&outer)).unwrap_or(outer)
}

#[cfg(test)]
mod tests;
