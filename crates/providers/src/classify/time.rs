//! Times as providers write them: durations, dates, resets, and the midnights at which daily limits start anew.
//!
//! Text and the present moment in, a wait out. What is not positive, cannot be read or lies further away than any
//! limit's window is no time at all: `None`.

use std::time::{Duration, UNIX_EPOCH};

/// The longest wait believed: a little more than the longest window of a limit, a month.
const LONGEST: Duration = Duration::from_secs(32 * 24 * 60 * 60);
/// A reset below this many seconds is a duration, above it a moment.
const LONGEST_DELTA: f64 = 30.0 * 86_400.0;
const DAY: i64 = 86_400;

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A wait of so many seconds.
pub(super) fn seconds(seconds: f64) -> Option<Duration> {
    let wait = (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()?;
    (wait <= LONGEST && !wait.is_zero()).then_some(wait)
}

/// The wait from `now` until `moment`, both in milliseconds since the epoch.
pub(super) fn until(moment: u64, now: u64) -> Option<Duration> {
    moment.checked_sub(now).map(Duration::from_millis).filter(|wait| !wait.is_zero() && *wait <= LONGEST)
}

/// Milliseconds since the epoch of an HTTP date.
pub(super) fn http_date(text: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// `retry-after`: seconds, whole or not, or a date.
pub(super) fn retry_after(text: &str, now: u64) -> Option<Duration> {
    number(text).map_or_else(|| duration(text).or_else(|| until(http_date(text)?, now)), seconds)
}

/// A reset: a duration with units, seconds, an epoch in seconds or milliseconds, or an RFC 3339 date. The time is asked
/// for only where a moment is written.
pub(super) fn reset(text: &str, now: impl Fn() -> u64) -> Option<Duration> {
    let text = text.trim();
    match number(text) {
        Some(number) if number < LONGEST_DELTA => seconds(number),
        Some(number) => {
            let millis = if number > 1e12 { number } else { number * 1000.0 };
            seconds((millis - Duration::from_millis(now()).as_secs_f64() * 1000.0) / 1000.0)
        }
        None => duration(text).or_else(|| until_dated(text, 0, now())),
    }
}

/// `1h2m3.5s`, `12ms`: the whole text.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (wait, rest) = leading_duration(text.trim())?;
    rest.is_empty().then_some(wait)
}

/// Units with their seconds. The letter after a unit decides between `m` and `ms`, `min` and `minutes`.
const UNITS: [(&str, f64); 19] = [
    ("milliseconds", 0.001),
    ("ms", 0.001),
    ("seconds", 1.0),
    ("second", 1.0),
    ("secs", 1.0),
    ("sec", 1.0),
    ("s", 1.0),
    ("minutes", 60.0),
    ("minute", 60.0),
    ("mins", 60.0),
    ("min", 60.0),
    ("m", 60.0),
    ("hours", 3600.0),
    ("hour", 3600.0),
    ("hrs", 3600.0),
    ("h", 3600.0),
    ("days", 86_400.0),
    ("day", 86_400.0),
    ("d", 86_400.0),
];

/// A duration with units at the start of `text`, and what follows it. Lower case.
pub(super) fn leading_duration(text: &str) -> Option<(Duration, &str)> {
    let (mut rest, mut total, mut any) = (text, 0.0, false);
    loop {
        let next = [", and ", " and ", ", ", " "].iter().find_map(|glue| rest.strip_prefix(glue)).unwrap_or(rest);
        let next = if any { next } else { rest };
        let end = next.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(next.len());
        let Some(amount) = number(&next[..end]) else { break };
        let after = next[end..].strip_prefix([' ', '-']).unwrap_or(&next[end..]);
        let unit = UNITS.iter().find_map(|(unit, factor)| {
            let rest = after.strip_prefix(unit)?;
            (!rest.starts_with(|letter: char| letter.is_ascii_alphabetic())).then_some((factor, rest))
        });
        let Some((factor, left)) = unit else { break };
        total += amount * factor;
        any = true;
        rest = left;
    }
    any.then(|| Some((seconds(total)?, rest))).flatten()
}

/// The wait from `now` until the first date in `text` that is still to come; names of models hold dates that are past.
pub(super) fn until_dated(text: &str, offset: i64, now: u64) -> Option<Duration> {
    dates(text, offset).find_map(|moment| until(moment, now))
}

/// The dates in `text`, in milliseconds since the epoch: `2026-03-16`, with or without a time after a blank, a `T` or an
/// "at", and with or without a zone; `offset`: hours east of UTC where no zone is written.
fn dates(text: &str, offset: i64) -> impl Iterator<Item = u64> {
    text.match_indices('-').filter_map(move |(at, _)| {
        let start = at.checked_sub(4).filter(|start| text.is_char_boundary(*start))?;
        date_at(&text[start..], offset)
    })
}

fn date_at(text: &str, offset: i64) -> Option<u64> {
    let part = |text: &str, from: usize, to: usize| {
        text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<i64>().ok()
    };
    let (year, month, day) = (part(text, 0, 4)?, part(text, 5, 7)?, part(text, 8, 10)?);
    if text.as_bytes().get(7) != Some(&b'-') || !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let rest = &text[10..];
    let clock = ["T", "t", " at ", " "].iter().find_map(|glue| rest.strip_prefix(glue));
    let (second_of_day, millis, zone) = clock
        .and_then(|clock| {
            let (hour, minute) = (part(clock, 0, 2)?, part(clock, 3, 5)?);
            let written = clock.as_bytes().get(5) == Some(&b':');
            let second = part(clock, 6, 8).filter(|_| written);
            let (millis, rest) = fraction(&clock[if second.is_some() { 8 } else { 5 }..]);
            Some((hour * 3600 + minute * 60 + second.unwrap_or(0), millis, rest))
        })
        .unwrap_or((0, 0, rest));
    let total = days(year, month, day) * DAY + second_of_day - zone_seconds(zone).unwrap_or(offset * 3600);
    u64::try_from(total).ok()?.checked_mul(1000)?.checked_add(millis)
}

/// The milliseconds of a fraction of a second, and what follows it.
fn fraction(text: &str) -> (u64, &str) {
    let Some(digits) = text.strip_prefix('.') else { return (0, text) };
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    let millis = format!("{:0<3.3}", &digits[..end]).parse().unwrap_or(0);
    (millis, &digits[end..])
}

/// The offset that follows a time: `Z`, `UTC`, `GMT`, `+08:00`.
fn zone_seconds(text: &str) -> Option<i64> {
    let text = text.trim_start();
    if ["Z", "z", "UTC", "utc", "GMT", "gmt"].iter().any(|zone| text.starts_with(zone)) {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = text.get(1..3)?.parse::<i64>().ok()?;
    let minutes = text.get(3..6).and_then(|rest| rest.trim_start_matches(':').parse::<i64>().ok()).unwrap_or(0);
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Days from the epoch to a date of the Gregorian calendar; years are counted from March.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// Year and month of a day since the epoch.
fn year_and_month(day: i64) -> (i64, i64) {
    let mut year = 1970 + day / 366;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= day).unwrap_or(1);
    (year, month)
}

/// When a limit starts anew that does so by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calendar {
    /// Midnight in Los Angeles.
    PacificMidnight,
    /// Midnight UTC.
    UtcMidnight,
    /// Midnight in Beijing.
    BeijingMidnight,
    /// The first of the next month, UTC.
    UtcMonth,
}

impl Calendar {
    /// All, with the words rule files use.
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("midnight-pacific", Self::PacificMidnight),
        ("midnight-utc", Self::UtcMidnight),
        ("midnight-beijing", Self::BeijingMidnight),
        ("month-utc", Self::UtcMonth),
    ];

    /// The wait until it next comes. `None` when it is not known what time it is.
    pub(super) fn wait(self, now: u64) -> Option<Duration> {
        let second = i64::try_from(now / 1000).ok().filter(|second| *second > 0)?;
        let midnight = |offset: i64| (second + offset).div_euclid(DAY) * DAY + DAY - offset;
        let next = match self {
            Self::UtcMidnight => midnight(0),
            Self::BeijingMidnight => midnight(8 * 3600),
            Self::PacificMidnight => {
                let guess = midnight(pacific_offset(second));
                // the night on which the clocks change: the offset that holds at that midnight
                guess + pacific_offset(second) - pacific_offset(guess)
            }
            Self::UtcMonth => {
                let (year, month) = year_and_month(second.div_euclid(DAY));
                days(if month == 12 { year + 1 } else { year }, month % 12 + 1, 1) * DAY
            }
        };
        until(u64::try_from(next).ok()?.checked_mul(1000)?, now)
    }
}

/// Seconds east of UTC in Los Angeles: daylight time from the second Sunday of March to the first of November, both
/// at two in the morning (Energy Policy Act of 2005).
fn pacific_offset(second: i64) -> i64 {
    let (year, _) = year_and_month(second.div_euclid(DAY));
    // the epoch was a Thursday
    let sunday = |from: i64| from + (3 - from).rem_euclid(7);
    let starts = (sunday(days(year, 3, 1)) + 7) * DAY + 10 * 3600;
    let ends = sunday(days(year, 11, 1)) * DAY + 9 * 3600;
    if (starts..ends).contains(&second) { -7 * 3600 } else { -8 * 3600 }
}

#[cfg(test)]
mod tests;
