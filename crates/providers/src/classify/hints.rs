//! How long the provider says to stay away: headers, body fields, and sentences.
//!
//! Values that are not positive or cannot be read are ignored; none is longer than a day.

use std::time::{Duration, UNIX_EPOCH};

use claviger_types::WallTime;
use http::HeaderMap;
use serde_json::Value;

use super::fields::Fields;

/// The longest hint believed.
const CAP: Duration = Duration::from_secs(24 * 60 * 60);

/// The first hint found, most precise source first.
pub(super) fn find(headers: &HeaderMap, fields: Option<&Fields>, wall: WallTime) -> Option<Duration> {
    let now = text(headers, "date").and_then(http_date).unwrap_or(wall.as_millis());
    let found = text(headers, "retry-after-ms").and_then(number).and_then(|millis| seconds(millis / 1000.0));
    let found = found.or_else(|| text(headers, "retry-after").and_then(|value| retry_after(value, now)));
    let found = found.or_else(|| fields.and_then(|fields| body(fields, now)));
    found.or_else(|| exhausted(pairs(headers), now)).map(|hint| hint.min(CAP))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.trim().to_owned()))
    };
    headers.iter().filter_map(pair).collect()
}

fn retry_after(value: &str, now: u64) -> Option<Duration> {
    number(value).map_or_else(|| until(http_date(value)?, now), seconds)
}

/// Milliseconds since the epoch.
fn http_date(value: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(value).ok()?;
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn until(moment: u64, now: u64) -> Option<Duration> {
    moment.checked_sub(now).filter(|millis| *millis > 0).map(Duration::from_millis)
}

fn number(value: &str) -> Option<f64> {
    value.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn seconds(seconds: f64) -> Option<Duration> {
    (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(CAP))
}

/// The wait until the fullest of the exhausted dimensions is refilled: of every `…remaining…: 0` its `…reset…`.
fn exhausted(headers: Vec<(String, String)>, now: u64) -> Option<Duration> {
    let spent = headers.iter().filter(|(name, value)| name.contains("remaining") && number(value) == Some(0.0));
    let resets = spent.filter_map(|(name, _)| {
        let reset = name.replace("remaining", "reset");
        let (_, value) = headers.iter().find(|(name, _)| *name == reset)?;
        reset_value(value, now)
    });
    resets.max()
}

/// A reset: a duration with units, seconds, an epoch in seconds or milliseconds, or an RFC 3339 date.
fn reset_value(value: &str, now: u64) -> Option<Duration> {
    /// Above this a bare number is an epoch and not a wait: 30 days.
    const LONGEST_WAIT: f64 = 30.0 * 24.0 * 3600.0;
    match number(value) {
        Some(number) if number < LONGEST_WAIT => seconds(number),
        Some(number) => {
            let millis = if number > 1e12 { number } else { number * 1000.0 };
            seconds((millis - Duration::from_millis(now).as_secs_f64() * 1000.0) / 1000.0)
        }
        None => go_duration(value).or_else(|| until(rfc3339(value)?, now)),
    }
}

/// `1h2m3.5s`, `12ms`: the whole text.
fn go_duration(text: &str) -> Option<Duration> {
    let (duration, rest) = leading_duration(text)?;
    rest.is_empty().then_some(duration).filter(|duration| !duration.is_zero())
}

/// A duration with units at the start of `text`, and what follows it.
fn leading_duration(text: &str) -> Option<(Duration, &str)> {
    let mut rest = text;
    let mut total = 0.0;
    let mut any = false;
    loop {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let Some(amount) = number(&rest[..end]).filter(|_| end > 0) else { break };
        let after = rest[end..].strip_prefix(' ').unwrap_or(&rest[end..]);
        // Longer words first: `ms` before `m`, `minutes` before `m`.
        const UNITS: [(&str, f64); 16] = [
            ("milliseconds", 0.001),
            ("ms", 0.001),
            ("seconds", 1.0),
            ("second", 1.0),
            ("secs", 1.0),
            ("sec", 1.0),
            ("minutes", 60.0),
            ("minute", 60.0),
            ("min", 60.0),
            ("hours", 3600.0),
            ("hour", 3600.0),
            ("days", 86400.0),
            ("day", 86400.0),
            ("s", 1.0),
            ("m", 60.0),
            ("h", 3600.0),
        ];
        let Some((unit, factor)) = UNITS.iter().find(|(unit, _)| after.starts_with(unit)) else { break };
        total += amount * factor;
        any = true;
        rest = &after[unit.len()..];
    }
    any.then(|| Some((Duration::try_from_secs_f64(total).ok()?, rest))).flatten()
}

/// Milliseconds since the epoch of `YYYY-MM-DDTHH:MM:SS[.fff]Z` or with an offset `+HH:MM`.
fn rfc3339(text: &str) -> Option<u64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if !(1..=12).contains(&month) || !(1970..=9999).contains(&year) {
        return None;
    }
    let zone = text.get(19..)?.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let minutes = zone.get(1..3)?.parse::<i64>().ok()? * 60 + zone.get(4..6)?.parse::<i64>().ok()?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    // Days since the epoch, with years that begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let total = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
    u64::try_from(total).ok()?.checked_mul(1000)
}

fn body(fields: &Fields, now: u64) -> Option<Duration> {
    let error = &fields.error;
    let numeric = |key: &str| error.get(key).and_then(|value| number(&plain(value)));
    let found = numeric("resets_in_seconds").and_then(seconds);
    let found = found.or_else(|| numeric("resets_at").and_then(|_| reset_value(&plain(error.get("resets_at")?), now)));
    let found = found.or_else(|| metadata(error, now));
    let found = found.or_else(|| retry_delay(error));
    found.or_else(|| sentence(&fields.message))
}

fn metadata(error: &Value, now: u64) -> Option<Duration> {
    let headers = error.get("metadata")?.get("headers")?.as_object()?;
    exhausted(headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), plain(value))).collect(), now)
}

fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    details.iter().find_map(|detail| match detail.get("retryDelay")? {
        Value::String(text) => go_duration(text),
        delay => delay.get("seconds").and_then(|value| number(&plain(value))).and_then(seconds),
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `try again in 17m55s`, `try again after 1 seconds`, `retry after 20 seconds`, `Please wait 30 seconds`.
fn sentence(message: &str) -> Option<Duration> {
    let message = message.to_lowercase();
    ["try again in ", "try again after ", "retry after ", "retry in ", "please wait "].iter().find_map(|lead| {
        let rest = message.split_once(lead)?.1;
        let (duration, _) = leading_duration(rest)?;
        Some(duration).filter(|duration| !duration.is_zero())
    })
}

#[cfg(test)]
mod tests;
