//! How long the provider says to stay away: headers, body fields, and sentences.
//!
//! Values that are not positive, cannot be read or lie absurdly far away are ignored.

use std::time::Duration;

use claviger_types::WallTime;
use http::HeaderMap;

use super::fields::{Fields, Times};
use super::quota::Dimensions;
use super::time::{http_date, leading_duration, number, reset, retry_after, seconds, until_dated};

/// The first hint found, most precise source first. `zone`: hours east of UTC of times in messages.
pub(super) fn find(headers: &HeaderMap, fields: &Fields, zone: i64, wall: WallTime) -> Option<Duration> {
    let now = clock(headers, wall);
    let millis = |text: &str| number(text).and_then(|millis| seconds(millis / 1000.0));
    let found = text(headers, "retry-after-ms").and_then(millis);
    let found = found.or_else(|| text(headers, "retry-after").and_then(|value| retry_after(value, now)));
    let found = found.or_else(|| written(&fields.times, now));
    let found = found.or_else(|| sentence(&fields.message));
    let found = found.or_else(|| until_dated(&fields.message, zone, now));
    found.or_else(|| Dimensions::of(headers).exhausted(now))
}

/// The provider's own clock where it shows, since dates are written by it; else ours. Milliseconds since the epoch.
pub(super) fn clock(headers: &HeaderMap, wall: WallTime) -> u64 {
    text(headers, "date").and_then(http_date).unwrap_or(wall.as_millis())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn written(times: &Times, now: u64) -> Option<Duration> {
    let millis = times.millis.as_deref().and_then(number).and_then(|millis| seconds(millis / 1000.0));
    let found = millis.or_else(|| retry_after(times.delay.as_deref()?, now));
    let found = found.or_else(|| reset(times.reset.as_deref()?, || now));
    found.or_else(|| {
        let headers = times.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Dimensions::read(headers).exhausted(now)
    })
}

/// `try again in 17m55s`, `retry after 20 seconds`, `Please wait 46 seconds`, `30 秒后重试`.
fn sentence(message: &str) -> Option<Duration> {
    const LEADS: [&str; 11] = [
        "again in ",
        "again after ",
        "retry after ",
        "retry in ",
        "request in ",
        "wait ",
        "wait for ",
        "reset after ",
        "resets in ",
        "reset in ",
        "available in ",
    ];
    const CHINESE: [(&str, f64); 4] = [("秒后", 1.0), ("秒之后", 1.0), ("分钟后", 60.0), ("小时后", 3600.0)];
    let message = message.to_lowercase();
    let named = LEADS.iter().find_map(|lead| {
        let rest = message.split_once(lead)?.1;
        let rest =
            ["at least ", "about ", "approximately "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        leading_duration(rest).map(|(wait, _)| wait)
    });
    named.or_else(|| {
        CHINESE.iter().find_map(|(unit, factor)| {
            let before = message.split_once(unit)?.0.trim_end();
            let start = before.rfind(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
            let digits = before[start..].trim_start_matches(|letter: char| !letter.is_ascii_digit());
            seconds(number(digits)? * factor)
        })
    })
}

#[cfg(test)]
mod tests;
