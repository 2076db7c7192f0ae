//! Dates as RFC 3339 has them, to and from Unix seconds. The calendar is the proleptic Gregorian one.

/// Unix seconds of `2025-02-19T00:00:00Z`; fractions and offsets from Greenwich are not kept. `None`: it is no date
/// after 1970.
pub(super) fn read(text: &str) -> Option<u64> {
    let (day, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let mut parts = day.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut clock = time.get(..8).unwrap_or("00:00:00").splitn(3, ':').map(|part| part.parse::<u64>().unwrap_or(0));
    let mut next = || clock.next().unwrap_or(0);
    Some(days(year, month, day) * 86_400 + next().min(23) * 3600 + next().min(59) * 60 + next().min(59))
}

/// The date of Unix seconds.
pub(super) fn write(seconds: u64) -> String {
    let (mut left, mut year) = (seconds / 86_400, 1970);
    while left >= days_before(year + 1) - days_before(year) {
        left -= days_before(year + 1) - days_before(year);
        year += 1;
        if year > 9999 {
            return "1970-01-01T00:00:00Z".to_owned();
        }
    }
    let first = |month: u64| days(year, month, 1) - days(year, 1, 1);
    let month = (1..=12).rev().find(|month| first(*month) <= left).unwrap_or(1);
    let (day, rest) = (left - first(month) + 1, seconds % 86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Days from 1970-01-01.
fn days(year: u64, month: u64, day: u64) -> u64 {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let in_year = BEFORE.get(usize::try_from(month - 1).unwrap_or(0)).copied().unwrap_or(0);
    days_before(year) - days_before(1970) + in_year + u64::from(leap && month > 2) + day - 1
}

/// Days before a year, from year 1.
const fn days_before(year: u64) -> u64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}
