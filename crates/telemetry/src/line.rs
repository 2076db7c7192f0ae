//! A receipt as one line of text, JSON or human. Pure.
//!
//! Text that a caller chose (model, request id) is shortened, and in the human form cleaned of everything that could
//! break the line or command a terminal.

use std::fmt::Write as _;

use claviger_types::WallTime;

use crate::receipt::{AttemptLine, End, Receipt};
use crate::settings::LogFormat;

/// The most characters kept of text that a caller chose.
const CAP: usize = 128;

/// The receipt as one line, with its line feed.
pub(crate) fn of(receipt: &Receipt, format: LogFormat) -> Vec<u8> {
    match format {
        LogFormat::Json => {
            let mut line = serde_json::to_vec(receipt).unwrap_or_default();
            line.push(b'\n');
            line
        }
        LogFormat::Human => human(receipt).into_bytes(),
    }
}

/// The first [`CAP`] characters.
pub(crate) fn cap(text: &str) -> &str {
    text.char_indices().nth(CAP).map_or(text, |(end, _)| &text[..end])
}

/// `2026-11-25T12:00:01.123Z`.
pub fn rfc3339(at: WallTime) -> String {
    let (year, month, day) = civil(at.as_millis() / MS_PER_DAY);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(at))
}

const MS_PER_DAY: u64 = 86_400_000;

/// `12:00:01.123`, UTC.
fn clock(at: WallTime) -> String {
    let ms = at.as_millis() % MS_PER_DAY;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01: Howard Hinnant's
/// `civil_from_days` (howardhinnant.github.io/date_algorithms.html) for days that are not negative.
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + (month <= 2) as u64, month, day)
}

fn human(receipt: &Receipt) -> String {
    let mut line = String::with_capacity(256);
    line.push_str(&clock(receipt.at));
    word(&mut line, format_args!("{:03}", receipt.status));
    if receipt.end != End::Complete {
        word(&mut line, format_args!("{}", receipt.end.name()));
    }
    let operation = receipt.operation.rsplit('/').next().unwrap_or(receipt.operation);
    word(&mut line, format_args!("{operation}{}", if receipt.stream { "(stream)" } else { "" }));
    word(&mut line, format_args!("{}", clean(receipt.model.as_deref().unwrap_or("-"))));
    word(&mut line, format_args!("{}ms", receipt.total_ms));
    if let Some(provider) = &receipt.provider {
        word(&mut line, format_args!("{}/{}", clean(provider), clean(receipt.credential.as_deref().unwrap_or("-"))));
    }
    if receipt.attempts.len() != 1 {
        word(&mut line, format_args!("attempts={}", receipt.attempts.len()));
    }
    trail(&mut line, &receipt.attempts);
    if let Some(error) = receipt.error {
        word(&mut line, format_args!("error={error}"));
    }
    if receipt.wait_ms > 0 {
        word(&mut line, format_args!("wait={}ms", receipt.wait_ms));
    }
    if let Some(first) = receipt.first_content_ms {
        word(&mut line, format_args!("first={first}ms"));
    }
    if receipt.usage.is_known() {
        word(&mut line, format_args!("usage={}+{}", receipt.usage.input, receipt.usage.output));
    }
    if !receipt.dropped.is_empty() {
        word(&mut line, format_args!("dropped={}", clean(&receipt.dropped.join(","))));
    }
    if receipt.body_streamed {
        word(&mut line, format_args!("body=streamed"));
    }
    for (key, value) in [("client", &receipt.client), ("route", &receipt.route), ("to", &receipt.upstream_model)] {
        if let Some(value) = value.as_ref().filter(|value| key != "to" || receipt.model.as_ref() != Some(value)) {
            word(&mut line, format_args!("{key}={}", clean(value)));
        }
    }
    word(&mut line, format_args!("id={}\n", clean(&receipt.request_id)));
    line
}

/// The attempts that did not serve, `[main/sk-…dead invalid_credential 12ms, …]`.
fn trail(line: &mut String, attempts: &[AttemptLine]) {
    let mut open = false;
    for attempt in attempts.iter().filter(|attempt| attempt.verdict != "good") {
        line.push_str(if open { ", " } else { " [" });
        open = true;
        let (provider, credential) = (clean(&attempt.provider), clean(&attempt.credential));
        push(line, format_args!("{provider}/{credential} {} {}ms", attempt.verdict, attempt.ms));
    }
    if open {
        line.push(']');
    }
}

fn word(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.push(' ');
    push(line, text);
}

fn push(line: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = line.write_fmt(text);
}

/// One word, at most [`CAP`] characters, printable.
fn clean(text: &str) -> String {
    cap(text).chars().map(|c| if is_harmful(c) { '_' } else { c }).collect()
}

/// Control and white space characters, and the invisible ones that reorder or hide text.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (millis, date) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(WallTime::from_millis(millis)), date);
        }
    }

    #[test]
    fn text_is_capped_at_a_character_and_cleaned() {
        assert_eq!(cap(&"é".repeat(200)).chars().count(), CAP);
        assert_eq!(clean("a\nb\u{1b}[31m \u{202e}c"), "a_b_[31m__c");
        assert_eq!(clean("sk-…a1b2"), "sk-…a1b2");
    }
}
