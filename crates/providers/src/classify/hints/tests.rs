use http::{HeaderName, HeaderValue};

use super::*;

const NOW: WallTime = WallTime::from_millis(1_773_183_600_000);

fn hint(headers: &[(&str, &str)], body: &str) -> Option<f64> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    find(&map, Fields::read(body.as_bytes()).as_ref(), NOW).map(|hint| hint.as_secs_f64())
}

#[test]
fn the_most_precise_source_wins() {
    let body = r#"{"error":{"message":"Please try again in 9s."}}"#;
    assert_eq!(hint(&[("retry-after-ms", "1500"), ("retry-after", "2")], body), Some(1.5));
    assert_eq!(hint(&[("retry-after", "2.5")], body), Some(2.5));
    assert_eq!(hint(&[], body), Some(9.0));
}

#[test]
fn a_date_is_measured_from_the_answers_own_clock() {
    let date = ("date", "Tue, 10 Mar 2026 23:00:00 GMT");
    let after = ("retry-after", "Tue, 10 Mar 2026 23:01:00 GMT");
    assert_eq!(hint(&[date, after], ""), Some(60.0));
    assert_eq!(hint(&[after], ""), Some(60.0));
    assert_eq!(hint(&[("retry-after", "Tue, 10 Mar 2026 22:00:00 GMT")], ""), None);
}

#[test]
fn only_exhausted_dimensions_count_and_the_largest_of_them() {
    let headers = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0.5s"),
        ("x-ratelimit-remaining-days", "7"),
        ("x-ratelimit-reset-days", "9h"),
    ];
    assert_eq!(hint(&headers, ""), Some(360.5));
    assert_eq!(hint(&headers[4..], ""), None);
}

#[test]
fn resets_are_read_in_every_unit_seen() {
    for (value, seconds) in [
        ("41", Some(41.0)),
        ("0", None),
        ("-1", None),
        ("1h2m3s", Some(3723.0)),
        ("1773183660", Some(60.0)),
        ("1773183660000", Some(60.0)),
        ("2026-03-10T23:01:00Z", Some(60.0)),
        ("2026-03-11T07:01:00.5+08:00", Some(60.0)),
        ("soon", None),
        ("1e400", None),
        ("999999", Some(86_400.0)),
    ] {
        assert_eq!(hint(&[("x-remaining", "0"), ("x-reset", value)], ""), seconds, "{value}");
    }
}

#[test]
fn sentences_and_fields_of_the_body_are_read() {
    for (body, seconds) in [
        (r#"{"error":{"message":"please try again after 1 seconds"}}"#, Some(1.0)),
        (r#"{"error":{"message":"Try again in 17m55s."}}"#, Some(1075.0)),
        (r#"{"error":{"message":"Please wait 30 seconds before"}}"#, Some(30.0)),
        (r#"{"error":{"message":"try again in a while"}}"#, None),
        (r#"[{"error":{"details":[{"retryDelay":"34.07s"}],"status":"X"}}]"#, Some(34.07)),
        (r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":90}}"#, Some(90.0)),
    ] {
        assert_eq!(hint(&[], body), seconds, "{body}");
    }
}
