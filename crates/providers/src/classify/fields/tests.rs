use super::*;

#[test]
fn errors_of_every_shape_are_unwrapped() {
    for (body, code, says) in [
        (r#"{"error":{"code":"c","message":"Said"}}"#, "c", "said"),
        (r#"{"error":"Said"}"#, "", "said"),
        (r#""Said""#, "", "said"),
        (r#""{\"error\":{\"code\":\"C\",\"message\":\"said\"}}""#, "c", "said"),
        (r#"[{"error":{"code":7,"message":"said"}}]"#, "7", "said"),
        (r#"{"code":7,"msg":"said"}"#, "7", "said"),
        (r#"{"base_resp":{"status_code":7,"status_msg":"said"}}"#, "7", "said"),
        (r#"{"response":{"error":{"code":"c","message":"said"}}}"#, "c", "said"),
        (r#"{"Response":{"Error":{"Code":"c","Message":"said"}}}"#, "c", "said"),
        (r#"{"ResponseMetadata":{"Error":{"Code":"c","Message":"said"}}}"#, "c", "said"),
        (r#"{"success":false,"errors":[{"code":7,"message":"said"}]}"#, "7", "said"),
        (r#"{"error_code":7,"error_msg":"said"}"#, "7", "said"),
        (r#"{"header":{"code":7,"message":"said","status":2}}"#, "7", "said"),
        (r#"{"event":"error","status":400,"code":"c","message":"said"}"#, "c", "said"),
        (r#"{"status":"failed","last_error":{"code":7,"msg":"said"}}"#, "7", "said"),
        (r#"{"__type":"com.amazon#Throttling","Message":"said"}"#, "throttling", "said"),
        (r#"{"error":"invalid_grant","error_description":"said"}"#, "invalid_grant", "said"),
        (r#"{"detail":[{"msg":"said","input":"insufficient balance"}]}"#, "", "said"),
        (r#"{"object":"error","message":{"detail":[{"msg":"said"}]}}"#, "", "said"),
        (r#"{"error":{"message":"{\"error\":{\"code\":429,\"message\":\"said\"}}","type":"upstream"}}"#, "429", "said"),
        (r#"{"error":{"metadata":{"raw":"{\"error\":{\"message\":\"said\"}}"},"message":"x"}}"#, "", "x said"),
    ] {
        let fields = Fields::read(body).expect(body);
        assert_eq!((fields.code.as_str(), fields.text.as_str()), (code, says), "{body}");
    }
}

#[test]
fn what_is_no_error_says_nothing() {
    assert_eq!(Fields::read("{}"), Some(Fields::default()));
    assert_eq!(Fields::read(r#"{"error":null,"choices":[{"text":"error"}]}"#), Some(Fields::default()));
    assert!(Fields::read("<html>").is_none() && Fields::read("").is_none() && Fields::read("{\"a\":").is_none());
}

#[test]
fn finer_reasons_are_collected() {
    for (body, reason) in [
        (r#"{"error":{"innererror":{"code":"A"}}}"#, "a"),
        (r#"{"error":{"details":{"error_code":"a"}}}"#, "a"),
        (r#"{"error":{"details":[{"@type":"x","reason":"a"}]}}"#, "a"),
        (r#"{"error":{"details":[{"violations":[{"quotaId":"a"}]}]}}"#, "a"),
        (r#"{"error":{"metadata":{"limit_source":"a"}}}"#, "a"),
        (r#"{"fault":{"faultstring":"x","detail":{"errorcode":"a"}}}"#, "a"),
    ] {
        assert_eq!(Fields::read(body).expect(body).reasons, [reason], "{body}");
    }
}

#[test]
fn the_status_of_a_wrapped_error_is_the_inner_one() {
    let body = r#"{"error":{"code":500,"message":"{\"error\":{\"code\":429,\"message\":\"slow\"}}"}}"#;
    assert_eq!(Fields::read(body).and_then(|fields| fields.status), Some(429));
}

#[test]
fn deep_nesting_ends() {
    let mut body = r#"{"message":"x"}"#.to_owned();
    for _ in 0..40 {
        body = format!(r#"{{"error":[{body}]}}"#);
    }
    assert_eq!(Fields::read(&body), Some(Fields::default()));
    assert!(Fields::read(&"[".repeat(100_000)).is_none());
}
