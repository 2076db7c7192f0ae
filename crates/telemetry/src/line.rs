//! A receipt as one line of text, JSON or human. Pure.
//!
//! Text that a caller chose (model, request id) is shortened, and in the human form cleaned of everything that could
//! break the line or command a terminal.

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
    let parts = [(ms / 3_600_000, 2), (ms / 60_000 % 60, 2), (ms / 1000 % 60, 2), (ms % 1000, 3)];
    let mut text = String::with_capacity(12);
    for (value, digits) in parts {
        if !text.is_empty() {
            text.push(if digits == 2 { ':' } else { '.' });
        }
        for place in (0..digits).rev() {
            let digit = value / 10_u64.pow(place) % 10;
            text.push(char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or('0'));
        }
    }
    text
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
    let mut line = Line(String::with_capacity(320));
    line.0.push_str(&clock(receipt.at));
    line.word("").number(receipt.status.into());
    if receipt.end != End::Complete {
        line.word(receipt.end.name());
    }
    line.word(receipt.operation.rsplit('/').next().unwrap_or(receipt.operation));
    line.then(if receipt.stream { "(stream)" } else { "" });
    line.word("").clean(receipt.model.as_deref().unwrap_or("-"));
    line.word("").number(receipt.total_ms).then("ms");
    if let Some(provider) = &receipt.provider {
        line.word("").clean(provider).then("/").clean(receipt.credential.as_deref().unwrap_or("-"));
    }
    if receipt.attempts.len() != 1 {
        line.word("attempts=").number(receipt.attempts.len() as u64);
    }
    trail(&mut line, &receipt.attempts);
    if let Some(error) = receipt.error {
        line.word("error=").then(error);
    }
    if receipt.wait_ms > 0 {
        line.word("wait=").number(receipt.wait_ms).then("ms");
    }
    if let Some(first) = receipt.first_content_ms {
        line.word("first=").number(first).then("ms");
    }
    if receipt.usage.is_known() {
        line.word("usage=").number(receipt.usage.input).then("+").number(receipt.usage.output);
    }
    if !receipt.dropped.is_empty() {
        line.word("dropped=").clean(&receipt.dropped.join(","));
    }
    if receipt.body_streamed {
        line.word("body=streamed");
    }
    for (key, value) in [("client=", &receipt.client), ("route=", &receipt.route), ("to=", &receipt.upstream_model)] {
        if let Some(value) = value.as_ref().filter(|value| key != "to=" || receipt.model.as_ref() != Some(value)) {
            line.word(key).clean(value);
        }
    }
    line.word("id=").clean(&receipt.request_id).then("\n");
    line.0
}

/// The attempts that did not serve, `[main/sk-…dead invalid_credential 12ms, …]`.
fn trail(line: &mut Line, attempts: &[AttemptLine]) {
    let mut open = false;
    for attempt in attempts.iter().filter(|attempt| attempt.verdict != "good") {
        line.then(if open { ", " } else { " [" });
        open = true;
        line.clean(&attempt.provider).then("/").clean(&attempt.credential);
        line.word(attempt.verdict).word("").number(attempt.ms).then("ms");
    }
    if open {
        line.then("]");
    }
}

/// A line being written. Every request writes one, so without the machinery of formats.
struct Line(String);

impl Line {
    fn then(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// A space first.
    fn word(&mut self, text: &str) -> &mut Self {
        self.0.push(' ');
        self.then(text)
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.push_str(itoa::Buffer::new().format(number));
        self
    }

    /// One word, at most [`CAP`] characters, printable.
    fn clean(&mut self, text: &str) -> &mut Self {
        if text.len() <= CAP && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return self.then(text);
        }
        self.0.extend(cap(text).chars().map(|c| if is_harmful(c) { '_' } else { c }));
        self
    }
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
        let clean = |text: &str| std::mem::take(&mut Line(String::new()).clean(text).0);
        assert_eq!(clean("a\nb\u{1b}[31m \u{202e}c"), "a_b_[31m__c");
        assert_eq!(clean("sk-…a1b2"), "sk-…a1b2");
    }
}
