//! `failoverOnStatus` and `retryOnStatus`: what an operator says about statuses, as far as it is written.
//!
//! Patterns are expressions on the whole status. Facts stay facts, since a token that is known to be dead serves nobody.
//! A status that a *wildcard* covers (`4.*`) does not make a caller's mistake the token's: that is Higress' best known
//! way to lose a pool. Written out (`400`), it does.

use claviger_types::{Class, Scope, Verdict};
use regex::Regex;

/// Both lists; unset, or empty, they say nothing.
#[derive(Clone, Debug, Default)]
pub struct StatusPatterns {
    failover: Vec<Pattern>,
    retry: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    expression: Regex,
    /// It names one status.
    exact: bool,
}

impl PartialEq for StatusPatterns {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &[Pattern], b: &[Pattern]| {
            a.iter().map(|pattern| pattern.expression.as_str()).eq(b.iter().map(|pattern| pattern.expression.as_str()))
        };
        same(&self.failover, &other.failover) && same(&self.retry, &other.retry)
    }
}

impl StatusPatterns {
    /// Compiles the lists; what is no expression matches nothing.
    pub fn new(failover: &[String], retry: &[String]) -> Self {
        let all = |patterns: &[String]| patterns.iter().filter_map(|pattern| Pattern::new(pattern)).collect();
        Self { failover: all(failover), retry: all(retry) }
    }

    /// What the lists make of a verdict on an answer with this status.
    pub(super) fn applied(&self, status: u16, verdict: Verdict) -> Verdict {
        if self.failover.is_empty() && self.retry.is_empty() {
            return verdict;
        }
        let status = status.to_string();
        let elsewhere = match find(&self.retry, &status) {
            _ if self.retry.is_empty() => verdict.retry_elsewhere,
            Some(pattern) => verdict.retry_elsewhere || !verdict.class.is_callers() || pattern.exact,
            None => false,
        };
        let verdict = Verdict { retry_elsewhere: elsewhere, ..verdict };
        match find(&self.failover, &status) {
            _ if self.failover.is_empty() => verdict,
            Some(pattern) if verdict.class.is_callers() && pattern.exact => {
                Verdict { class: Class::ServerError, scope: Scope::Token, rule: "failoverOnStatus", ..verdict }
            }
            Some(_) => verdict,
            // the operator does not count it against anybody
            None if verdict.class.is_guess() => Verdict { scope: Scope::Request, ..verdict },
            None => verdict,
        }
    }
}

fn find<'a>(patterns: &'a [Pattern], status: &str) -> Option<&'a Pattern> {
    let mut fitting = patterns.iter().filter(|pattern| pattern.expression.is_match(status));
    let first = fitting.next()?;
    Some(if first.exact { first } else { fitting.find(|pattern| pattern.exact).unwrap_or(first) })
}

impl Pattern {
    fn new(text: &str) -> Option<Self> {
        let plain = text.trim_start_matches('^').trim_end_matches('$');
        let exact = plain.len() == 3 && plain.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { expression: Regex::new(&format!("^(?:{text})$")).ok()?, exact })
    }
}

/// Whether an expression, searched for anywhere in a status as Higress does, finds statuses that it does not fit as a
/// whole; an example of one.
pub fn fits_elsewhere(pattern: &str) -> Option<u16> {
    let (loose, whole) = (Regex::new(pattern).ok()?, Regex::new(&format!("^(?:{pattern})$")).ok()?);
    (200..600).find(|status| {
        let text = status.to_string();
        loose.is_match(&text) && !whole.is_match(&text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
    }

    fn applied(failover: &[&str], retry: &[&str], status: u16, class: Class) -> Verdict {
        StatusPatterns::new(&list(failover), &list(retry)).applied(status, Verdict::of(class, "x"))
    }

    #[test]
    fn a_status_written_out_counts_against_the_token_and_a_wildcard_does_not() {
        let hit = applied(&["400", "4.*"], &[], 400, Class::BadRequest);
        assert_eq!((hit.class, hit.scope, hit.retry_elsewhere), (Class::ServerError, Scope::Token, false));
        assert_eq!(applied(&["4.*", "5.*"], &[], 400, Class::BadRequest), Verdict::of(Class::BadRequest, "x"));
    }

    #[test]
    fn what_is_not_listed_is_counted_against_nobody_unless_it_is_a_fact() {
        assert_eq!(applied(&["429"], &[], 500, Class::ServerError).scope, Scope::Request);
        assert_eq!(applied(&["5.*"], &[], 401, Class::InvalidCredential), Verdict::of(Class::InvalidCredential, "x"));
        assert_eq!(applied(&["4.*"], &[], 504, Class::Timeout).scope, Scope::Request);
    }

    #[test]
    fn only_listed_statuses_are_retried() {
        assert!(!applied(&[], &["429", "5.*"], 403, Class::Permission).retry_elsewhere);
        assert!(applied(&[], &["429", "5.*"], 502, Class::ServerError).retry_elsewhere);
        assert!(applied(&[], &["400"], 400, Class::BadRequest).retry_elsewhere);
        assert!(!applied(&[], &["4.*"], 400, Class::BadRequest).retry_elsewhere);
        assert!(applied(&["500"], &[], 401, Class::InvalidCredential).retry_elsewhere);
    }

    #[test]
    fn expressions_that_higress_reads_differently_are_known() {
        assert_eq!(fits_elsewhere("4.*"), Some(204));
        assert_eq!(fits_elsewhere("5.."), None);
        assert_eq!(fits_elsewhere("^429$"), None);
    }
}
