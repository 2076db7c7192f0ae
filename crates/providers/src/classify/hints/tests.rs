use http::{HeaderName, HeaderValue};

use super::*;

/// 2026-03-10T23:00:00Z.
const NOW: WallTime = WallTime::from_millis(1_773_183_600_000);

fn hint(headers: &[(&str, &str)], body: &str) -> Option<f64> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let fields = Fields::read(body).unwrap_or_default();
    find(&map, &fields, 8, NOW).map(|hint| hint.as_secs_f64())
}

#[test]
fn the_most_precise_source_wins() {
    let body = r#"{"error":{"message":"Please try again in 9s."}}"#;
    let reset = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7s")];
    assert_eq!(hint(&[("retry-after-ms", "1500"), ("retry-after", "2")], body), Some(1.5));
    assert_eq!(hint(&[("retry-after-ms", "-5"), ("retry-after", "2.5")], body), Some(2.5));
    assert_eq!(hint(&reset, body), Some(9.0));
    assert_eq!(hint(&reset, ""), Some(7.0));
}

#[test]
fn a_date_is_measured_from_the_answers_own_clock() {
    let date = ("date", "Tue, 10 Mar 2026 22:00:00 GMT");
    assert_eq!(hint(&[date, ("retry-after", "Tue, 10 Mar 2026 22:01:00 GMT")], ""), Some(60.0));
    assert_eq!(hint(&[("retry-after", "Tue, 10 Mar 2026 23:01:00 GMT")], ""), Some(60.0));
    assert_eq!(hint(&[("retry-after", "Tue, 10 Mar 2026 22:01:00 GMT")], ""), None);
}

#[test]
fn sentences_and_fields_of_the_body_are_read() {
    for (body, seconds) in [
        (r#"{"error":{"message":"please try again after 1 seconds"}}"#, Some(1.0)),
        (r#"{"error":{"message":"Try again in 17m55s."}}"#, Some(1075.0)),
        (r#"{"error":{"message":"Please wait 30 seconds before"}}"#, Some(30.0)),
        (r#"{"error":{"message":"请在 30 秒后重试"}}"#, Some(30.0)),
        (r#"{"error":{"message":"限额将在 2026-03-11 07:01:00 重置"}}"#, Some(60.0)),
        (r#"{"error":{"message":"try again in a while"}}"#, None),
        (r#"{"error":{"message":"3 seconds ago"}}"#, None),
        (r#"[{"error":{"details":[{"retryDelay":"34.07s"}],"status":"X"}}]"#, Some(34.07)),
        (r#"{"error":{"details":[{"retryDelay":{"seconds":"34"}}]}}"#, Some(34.0)),
        (r#"{"error":{"details":[{"metadata":{"quotaResetDelay":"1h2s"}}]}}"#, Some(3602.0)),
        (r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":90}}"#, Some(90.0)),
        (r#"{"error":{"type":"usage_limit_reached","resets_at":1773183660}}"#, Some(60.0)),
        (
            r#"{"error":{"metadata":{"headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Reset":1773183660000}}}}"#,
            Some(60.0),
        ),
    ] {
        assert_eq!(hint(&[], body), seconds, "{body}");
    }
}
