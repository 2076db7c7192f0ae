//! How long the provider says to stay away: headers, body fields, and sentences.
//!
//! Values that are not positive, cannot be read or lie absurdly far away are ignored.

use std::time::Duration;

use claviger_types::WallTime;
use http::HeaderMap;
use serde_json::Value;

use super::fields::Fields;
use super::quota::Dimensions;
use super::time::{duration, http_date, leading_duration, number, reset, retry_after, seconds};

/// The first hint found, most precise source first.
pub(super) fn find(headers: &HeaderMap, fields: Option<&Fields>, wall: WallTime) -> Option<Duration> {
    let now = clock(headers, wall);
    let found = text(headers, "retry-after-ms").and_then(number).and_then(|millis| seconds(millis / 1000.0));
    let found = found.or_else(|| text(headers, "retry-after").and_then(|value| retry_after(value, now)));
    let found = found.or_else(|| fields.and_then(|fields| body(fields, now)));
    found.or_else(|| Dimensions::of(headers).exhausted(now))
}

/// The provider's own clock where it shows, since dates are written by it; else ours. Milliseconds since the epoch.
pub(super) fn clock(headers: &HeaderMap, wall: WallTime) -> u64 {
    text(headers, "date").and_then(http_date).unwrap_or(wall.as_millis())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn body(fields: &Fields, now: u64) -> Option<Duration> {
    let error = &fields.error;
    let numeric = |key: &str| error.get(key).and_then(|value| number(&plain(value)));
    let found = numeric("resets_in_seconds").and_then(seconds);
    let found = found.or_else(|| numeric("resets_at").and_then(|_| reset(&plain(error.get("resets_at")?), now)));
    let found = found.or_else(|| metadata(error, now));
    let found = found.or_else(|| retry_delay(error));
    found.or_else(|| sentence(&fields.message))
}

fn metadata(error: &Value, now: u64) -> Option<Duration> {
    let headers = error.get("metadata")?.get("headers")?.as_object()?;
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), plain(value))).collect();
    Dimensions::read(headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))).exhausted(now)
}

fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    details.iter().find_map(|detail| match detail.get("retryDelay")? {
        Value::String(text) => duration(text),
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
