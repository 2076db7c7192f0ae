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
