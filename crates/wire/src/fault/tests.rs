use proptest::prelude::*;

use super::*;

fn fields(body: &str) -> (Option<u16>, String, String, String, String) {
    let found = in_json(body.as_bytes()).unwrap_or_else(|| panic!("no fields in {body}"));
    (found.status, found.code, found.kind, found.message, found.reason)
}

/// Status, code, type, message, reason.
type Fields<'a> = (Option<u16>, &'a str, &'a str, &'a str, &'a str);

#[test]
fn error_fields_are_found_in_every_shape() {
    let cases: &[(&str, Fields<'_>)] = &[
        (r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#, (None, "c", "t", "m", "")),
        (r#"{"error":{"message":"m","type":"t","code":null}}"#, (None, "", "t", "m", "")),
        (r#"{"type":"error","error":{"type":"t","message":"m"},"request_id":"r"}"#, (None, "", "t", "m", "")),
        (
            r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"x":1},{"reason":"API_KEY_INVALID"}]}}]"#,
            (Some(400), "400", "INVALID_ARGUMENT", "m", "API_KEY_INVALID"),
        ),
        (r#"{"error":"m","code":"c"}"#, (None, "c", "", "m", "")),
        (r#"{"error":"invalid_client","error_description":"m"}"#, (None, "invalid_client", "", "m", "")),
        (r#""m""#, (None, "", "", "m", "")),
        (r#""{\"error\":{\"message\":\"m\"}}""#, (None, "", "", "m", "")),
        (r#"{"object":"error","message":"m","type":"t","param":null,"code":40101}"#, (None, "40101", "t", "m", "")),
        (r#"{"code":"c","message":"m","status":401}"#, (Some(401), "c", "", "m", "")),
        (r#"{"id":"x","message":"m"}"#, (None, "", "", "m", "")),
        (r#"{"Message":"m"}"#, (None, "", "", "m", "")),
        (r#"{"code":4100,"msg":"m"}"#, (None, "4100", "", "m", "")),
        (r#"{"detail":"m"}"#, (None, "", "", "m", "")),
        (r#"{"detail":[{"loc":["body"],"msg":"m","type":"missing"}]}"#, (None, "", "", "m", "")),
        (r#"{"errors":[{"code":3036,"message":"m"}],"success":false}"#, (None, "3036", "", "m", "")),
        (r#"{"errors":["m"]}"#, (None, "", "", "m", "")),
        (r#"{"base_resp":{"status_code":1004,"status_msg":"m"}}"#, (None, "1004", "", "m", "")),
        (r#"{"error_code":110,"error_msg":"m","id":"x"}"#, (None, "110", "", "m", "")),
        (r#"{"Response":{"Error":{"Code":"c","Message":"m"}}}"#, (None, "c", "", "m", "")),
        (r#"{"type":"response.failed","response":{"error":{"code":"c","message":"m"}}}"#, (None, "c", "", "m", "")),
        (r#"{"header":{"code":11200,"message":"m"}}"#, (None, "11200", "", "m", "")),
        (r#"{"fault":{"faultstring":"m","detail":{"errorcode":"r"}}}"#, (None, "", "", "m", "r")),
        (r#"{"error":{"type":"t","message":"m","details":{"error_code":"r"}}}"#, (None, "", "t", "m", "r")),
        (r#"{"error":{"code":"c","message":"m","innererror":{"code":"r"}}}"#, (None, "c", "", "m", "r")),
        (r#"{"error":{"type":"t","message":"m","http_code":"401"}}"#, (Some(401), "", "t", "m", "")),
        (r#"{"error":{"type":"t","param":"null","code":"null"}}"#, (None, "", "t", "", "")),
        (r#"{"event":"error","status":400,"code":"c","message":"m"}"#, (Some(400), "c", "", "m", "")),
        (r#"{"promptFeedback":{"blockReason":"r"}}"#, (None, "", "prompt_blocked", "", "r")),
    ];
    for (body, (status, code, kind, message, reason)) in cases {
        let expected = (*status, (*code).into(), (*kind).into(), (*message).into(), (*reason).into());
        assert_eq!(fields(body), expected, "{body}");
    }
}

#[test]
fn bodies_without_error_fields_give_none() {
    for body in ["", "<html>", "null", "5", "{}", "[]", "\"\"", r#"{"choices":[{"message":{"content":"error"}}]}"#] {
        assert_eq!(in_json(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn a_long_message_is_cut_at_a_letter() {
    let body = format!(r#"{{"error":{{"message":"{}"}}}}"#, "é".repeat(3000));
    assert_eq!(in_json(body.as_bytes()).unwrap().message, "é".repeat(1024));
    let body = format!(r#"{{"error":{{"code":"{0}","type":"{0}"}}}}"#, "c".repeat(3000));
    let found = in_json(body.as_bytes()).unwrap();
    assert_eq!((found.code.len(), found.kind.len()), (256, 256));
}

#[test]
fn failures_hidden_in_a_200_are_found() {
    for body in [
        r#"{"id":"x","error":{"code":502,"message":"m"}}"#,
        r#"{"error":"m"}"#,
        r#"{"choices":null,"base_resp":{"status_code":1004,"status_msg":"m"}}"#,
        r#"{"error_code":110,"error_msg":"m"}"#,
        r#"{"result":null,"success":false,"errors":[{"code":1,"message":"m"}]}"#,
        r#"{"Response":{"Error":{"Code":"c","Message":"m"}}}"#,
        r#"{"code":4101,"msg":"m","detail":{"logid":"x"}}"#,
        r#"{"header":{"code":11200,"message":"m"}}"#,
        r#"{"promptFeedback":{"blockReason":"OTHER"}}"#,
        r#"{"Response":{"Choices":null,"ErrorMsg":{"Msg":"m","Code":4001}}}"#,
        r#"{"code":"InvalidApiKey","message":"m","request_id":"r"}"#,
        r#"{"object":"error","message":"m","type":"InternalServerError","code":500}"#,
        r#"{"__type":"com.amazon.coral.service#ThrottlingException","message":"m"}"#,
        r#"[{"error":{"code":429,"message":"m"}}]"#,
        r#"{"object":"response","status":"failed","error":{"code":"server_error","message":"m"}}"#,
    ] {
        assert!(hidden_in_success(body.as_bytes()).is_some(), "{body}");
    }
}

#[test]
fn ordinary_answers_hide_nothing() {
    for body in [
        r#"{"id":"x","object":"chat.completion","choices":[{"message":{"content":"{\"error\":{\"message\":\"m\"}}"}}]}"#,
        r#"{"object":"response","error":null,"output":[{"type":"message"}]}"#,
        r#"{"choices":[{}],"base_resp":{"status_code":0,"status_msg":""}}"#,
        r#"{"error_code":0,"result":"x"}"#,
        r#"{"success":true,"result":{},"errors":[]}"#,
        r#"{"code":0,"message":"Success","sid":"x","choices":[{}]}"#,
        r#"{"code":200,"msg":"ok","data":{}}"#,
        r#"{"Response":{"Choices":[{}],"ErrorMsg":null}}"#,
        r#"{"code":"Success","message":"done"}"#,
        r#"{"code":"0","message":"done"}"#,
        r#"{"code":"x","message":"m","output":{"text":"t"}}"#,
        r#"{"candidates":[{}],"promptFeedback":{"blockReason":"X"}}"#,
        r#"{"object":"fine_tuning.job","error":{"code":"c","message":"m"}}"#,
        r#"{"object":"fine_tuning.job","error":{"code":null,"message":null}}"#,
        r#"{"error":{}}"#,
        r#"{"error":false}"#,
        "not json \"error\"",
        "",
    ] {
        assert_eq!(hidden_in_success(body.as_bytes()), None, "{body}");
    }
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn no_bytes_make_it_panic(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", "\"error\"", "\"code\"", ":", ",", "null", "1", "\"message\"", "\"é\"", "\"details\"", "\"usage\"", "\"response\"",
    ]), 0..24)) {
        let body = words.concat();
        let _ = (in_json(body.as_bytes()), hidden_in_success(body.as_bytes()), crate::answer::read(body.as_bytes()));
    }
}
