use super::*;

/// 2026-03-10T23:00:00Z.
const NOW: u64 = 1_773_183_600_000;

fn secs(wait: Option<Duration>) -> Option<f64> {
    wait.map(|wait| wait.as_secs_f64())
}

#[test]
fn resets_are_read_in_every_unit_seen() {
    for (text, wait) in [
        ("41", Some(41.0)),
        ("0", None),
        ("-1", None),
        ("1h2m3s", Some(3723.0)),
        ("12ms", Some(0.012)),
        ("2m59.56s", Some(179.56)),
        ("6m0s", Some(360.0)),
        ("156h14m36.7s", Some(562_476.7)),
        ("1773183660", Some(60.0)),
        ("1773183660000", Some(60.0)),
        ("2026-03-10T23:01:00Z", Some(60.0)),
        ("2026-03-11T07:01:00.5+08:00", Some(60.5)),
        ("2026-03-10T23:01:00.123456789Z", Some(60.123)),
        ("2026-03-10T15:01:00-0800", Some(60.0)),
        ("soon", None),
        ("1e400", None),
        ("4102444800", None),
        ("99999999", None),
    ] {
        assert_eq!(secs(reset(text, || NOW)), wait, "{text}");
    }
}

#[test]
fn durations_in_sentences_end_with_their_unit() {
    for (text, wait) in [
        ("17m55s. visit", Some(1075.0)),
        ("1 seconds", Some(1.0)),
        ("2 minutes and 5 seconds", Some(125.0)),
        ("1 hour, 30 minutes", Some(5400.0)),
        ("5 more attempts", None),
        ("20", None),
        ("a while", None),
        ("1.2s", Some(1.2)),
        ("0s", None),
    ] {
        assert_eq!(secs(leading_duration(text).map(|(wait, _)| wait)), wait, "{text}");
    }
}

#[test]
fn dates_in_sentences_are_in_the_zone_they_name_or_the_providers_own() {
    for (text, offset, wait) in [
        ("限额将在 2026-03-11 08:00:00 重置", 8, Some(3600.0)),
        ("Access resumes on 2026-03-11 at 00:00 UTC.", 8, Some(3600.0)),
        ("resets 2026-03-11", 0, Some(3600.0)),
        ("gpt-4-2024-04-09 until 2026-03-11T00:00:00Z", 0, Some(3600.0)),
        ("gpt-4-2024-04-09", 0, None),
        ("no-date-here", 0, None),
    ] {
        assert_eq!(secs(until_dated(text, offset, NOW)), wait, "{text}");
    }
}

#[test]
fn the_calendar_knows_daylight_time_and_the_length_of_months() {
    let at = |text: &str| dates(text, 0).next().expect("a date");
    for (calendar, now, next) in [
        (Calendar::PacificMidnight, "2026-01-15 12:00:00Z", "2026-01-16 08:00:00Z"),
        (Calendar::PacificMidnight, "2026-07-15 06:59:00Z", "2026-07-15 07:00:00Z"),
        (Calendar::PacificMidnight, "2026-03-08 09:00:00Z", "2026-03-09 07:00:00Z"),
        (Calendar::PacificMidnight, "2026-11-01 08:30:00Z", "2026-11-02 08:00:00Z"),
        (Calendar::UtcMidnight, "2026-02-28 23:59:00Z", "2026-03-01 00:00:00Z"),
        (Calendar::BeijingMidnight, "2026-03-10 15:00:00Z", "2026-03-10 16:00:00Z"),
        (Calendar::UtcMonth, "2026-12-31 23:00:00Z", "2027-01-01 00:00:00Z"),
        (Calendar::UtcMonth, "2028-02-01 00:00:01Z", "2028-03-01 00:00:00Z"),
    ] {
        assert_eq!(calendar.wait(at(now)), until(at(next), at(now)), "{calendar:?} at {now}");
    }
    assert_eq!(Calendar::PacificMidnight.wait(0), None);
}
