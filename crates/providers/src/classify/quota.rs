//! Limits as headers tell them: `x-ratelimit-remaining-tokens`, `anthropic-ratelimit-requests-reset`,
//! `ratelimitbysize-limit` and their like, whoever sends them.
//!
//! A dimension is what is left of a header's name when the word for its role is taken out. Names and values in; what is
//! left, or how long what is spent stays spent, out.

use std::time::Duration;

use claviger_types::{Allowance, Budget, WallTime};
use http::HeaderMap;

use super::time::{number, reset};
use crate::provider::Provider;

/// One limit, as far as headers told of it.
#[derive(Clone, Copy, Debug)]
struct Dimension<'a> {
    /// What stands before and after the role in the names of its headers.
    name: (&'a str, &'a str),
    kind: Option<Kind>,
    limit: Option<f64>,
    remaining: Option<f64>,
    reset: Option<&'a str>,
}

/// All limits of an answer. No provider is known to name more than six.
#[derive(Debug, Default)]
pub(super) struct Dimensions<'a>([Option<Dimension<'a>>; 8]);

impl<'a> Dimensions<'a> {
    /// Reads headers by name, in lower case, and value.
    pub(super) fn read(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = Self::default();
        for (name, value) in headers {
            if let Some((role, name)) = role(name) {
                all.put(role, name, value.trim());
            }
        }
        all
    }

    /// Reads an answer's headers.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        Self::read(headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))))
    }

    fn put(&mut self, role: Role, name: (&'a str, &'a str), value: &'a str) {
        let free = |place: &Option<Dimension<'_>>| place.is_none_or(|dimension| dimension.name == name);
        let Some(place) = self.0.iter_mut().find(|place| free(place)) else { return };
        let dimension = place.get_or_insert_with(|| Dimension {
            name,
            kind: kind(name),
            limit: None,
            remaining: None,
            reset: None,
        });
        match role {
            Role::Limit => dimension.limit = number(value),
            Role::Remaining => dimension.remaining = number(value),
            Role::Reset => dimension.reset = Some(value),
        }
    }

    /// The wait until the fullest of the spent dimensions is whole again. Dimensions with something left do not count.
    pub(super) fn exhausted(&self, now: u64) -> Option<Duration> {
        let spent = self.0.iter().flatten().filter(|dimension| dimension.remaining == Some(0.0));
        spent.filter_map(|dimension| reset(dimension.reset?, || now)).max()
    }

    /// The tightest dimension of this kind.
    fn tightest(&self, kind: Kind, now: impl Fn() -> u64) -> Option<Budget> {
        let of_kind = self.0.iter().flatten().filter(|dimension| dimension.kind == Some(kind));
        let left = of_kind.filter_map(|dimension| {
            let remaining = dimension.remaining.filter(|remaining| *remaining >= 0.0)?;
            let limit = dimension.limit.filter(|limit| *limit > 0.0);
            let share = if remaining == 0.0 { 0.0 } else { limit.map_or(1.0, |limit| remaining / limit) };
            let wait = dimension.reset.and_then(|value| reset(value, &now));
            Some((share, Budget { limit: limit.map(whole), remaining: whole(remaining), reset: wait }))
        });
        left.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, budget)| budget)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; callers pass what is positive")]
const fn whole(number: f64) -> u64 {
    number as u64
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Requests,
    Usage,
}

/// What a dimension with this name counts. `None` for what is neither, and for allowances of a month: they pace nothing.
fn kind((before, after): (&str, &str)) -> Option<Kind> {
    let mut kind = None;
    for word in before.split('-').chain(after.split('-')) {
        match word.as_bytes() {
            [b'm', b'o', b'n', b't', b'h', ..] => return None,
            [b't', b'o', b'k', b'e', b'n', ..] => kind = Some(Kind::Usage),
            _ if word.ends_with("bysize") => kind = Some(Kind::Usage),
            [b'r', b'e', b'q', ..] if kind.is_none() => kind = Some(Kind::Requests),
            _ => {}
        }
    }
    let is_bare = || after.is_empty() && before.trim_end_matches('-').ends_with("limit");
    kind.or_else(|| is_bare().then_some(Kind::Requests))
}

#[derive(Clone, Copy, Debug)]
enum Role {
    Limit,
    Remaining,
    Reset,
}

/// The role a header plays for a limit, and the rest of its name. `None` for headers about something else.
fn role(name: &str) -> Option<(Role, (&str, &str))> {
    const STARTS: [&str; 5] = ["x-ratelimit", "anthropic-ratelimit", "ratelimit", "x-rate-limit", "rate-limit"];
    // most headers of an answer are about something else
    if !matches!(name.as_bytes().first(), Some(b'x' | b'a' | b'r')) {
        return None;
    }
    let start = STARTS.iter().find(|start| name.starts_with(**start))?.len();
    let mut at = start;
    // the role begins one of the words that are set off by dashes
    for word in name.get(start..)?.split_inclusive('-') {
        let role = match word.as_bytes().first() {
            Some(b'l') if word.starts_with("limit") => Some((Role::Limit, "limit")),
            Some(b'r') if word.starts_with("remaining") => Some((Role::Remaining, "remaining")),
            Some(b'r') if word.starts_with("reset") => Some((Role::Reset, "reset")),
            _ => None,
        };
        if let Some((role, said)) = role.filter(|_| at > start) {
            return Some((role, (&name[..at - 1], &name[at + said.len()..])));
        }
        at += word.len();
    }
    None
}

impl Provider {
    /// What the headers of a good answer say is left. Of several limits of a kind (per minute and per day, input and
    /// output) the one with the smallest share left. `wall`: now, where the answer has no `date` of its own.
    pub fn allowance(&self, headers: &HeaderMap, wall: WallTime) -> Option<Allowance> {
        let dimensions = Dimensions::of(headers);
        let now = || super::hints::clock(headers, wall);
        let allowance = Allowance {
            requests: dimensions.tightest(Kind::Requests, now),
            usage: dimensions.tightest(Kind::Usage, now),
        };
        (allowance != Allowance::default()).then_some(allowance)
    }
}

#[cfg(test)]
mod tests;
