use http::{HeaderName, HeaderValue};

use super::*;
use crate::Settings;

const NOW: WallTime = WallTime::from_millis(1_773_183_600_000);

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn allowance(pairs: &[(&str, &str)]) -> Option<Allowance> {
    let settings = Settings { kind: "openai".to_owned(), tokens: 1, ..Settings::default() };
    Provider::build(&settings).unwrap().allowance(&headers(pairs), NOW)
}

fn budget(limit: Option<u64>, remaining: u64, reset: Option<f64>) -> Option<Budget> {
    Some(Budget { limit, remaining, reset: reset.map(Duration::from_secs_f64) })
}

#[test]
fn only_exhausted_dimensions_count_and_the_largest_of_them() {
    let mut all = vec![
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0.5s"),
        ("x-ratelimit-remaining-tokens-day", "7"),
        ("x-ratelimit-reset-tokens-day", "9h"),
    ];
    let wait = |pairs: &[(&str, &str)]| Dimensions::of(&headers(pairs)).exhausted(NOW.as_millis());
    assert_eq!(wait(&all), Some(Duration::from_millis(360_500)));
    all.drain(..4);
    assert_eq!(wait(&all), None);
}

#[test]
fn what_is_left_is_read_in_every_dialect() {
    let openai = [
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "499"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-limit-tokens", "30000"),
        ("x-ratelimit-remaining-tokens", "12000"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    let found = allowance(&openai).unwrap();
    assert_eq!(found.requests, budget(Some(500), 499, Some(0.12)));
    assert_eq!(found.usage, budget(Some(30_000), 12_000, Some(360.0)));

    let anthropic = [
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-03-10T23:00:05Z"),
        ("anthropic-ratelimit-input-tokens-limit", "40000"),
        ("anthropic-ratelimit-input-tokens-remaining", "30000"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "800"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-03-10T23:00:30Z"),
    ];
    let found = allowance(&anthropic).unwrap();
    assert_eq!(found.requests, budget(Some(50), 49, Some(5.0)));
    assert_eq!(found.usage, budget(Some(8000), 800, Some(30.0)));

    let mistral =
        [("ratelimitbysize-limit", "500000"), ("ratelimitbysize-remaining", "17"), ("ratelimitbysize-reset", "28")];
    assert_eq!(allowance(&mistral).unwrap().usage, budget(Some(500_000), 17, Some(28.0)));

    let plain = [("x-ratelimit-limit", "20"), ("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1773183660")];
    assert_eq!(allowance(&plain).unwrap().requests, budget(Some(20), 3, Some(60.0)));
}

#[test]
fn the_clock_is_the_answers_own_and_nonsense_is_nothing() {
    let skewed = [
        ("date", "Tue, 10 Mar 2026 22:59:00 GMT"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "2026-03-10T23:00:00Z"),
    ];
    assert_eq!(allowance(&skewed).unwrap().requests, budget(None, 0, Some(60.0)));
    for pairs in [
        [("x-ratelimit-remaining-tokens", "-1"), ("x-ratelimit-limit-tokens", "-1")],
        [("x-ratelimit-remaining-tokens", "many"), ("x-ratelimit-reset-tokens", "0")],
        [("x-ratelimit-limit-requests", "3"), ("content-type", "application/json")],
        [("x-ratelimit-remaining-tokens-month", "3"), ("x-ratelimit-limit-tokens-month", "5")],
    ] {
        assert_eq!(allowance(&pairs), None, "{pairs:?}");
    }
}
