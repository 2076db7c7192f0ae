use super::*;

fn in_json(body: &[u8]) -> Option<Usage> {
    super::read(body)?.usage
}

fn read(body: &str) -> Option<(u64, u64, u64, u64)> {
    in_json(body.as_bytes()).map(|usage| (usage.input, usage.output, usage.cached, usage.reasoning))
}

#[test]
fn every_dialects_usage_is_read() {
    let cases = [
        (
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,
              "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}"#,
            (9, 5, 4, 2),
        ),
        (r#"{"object":"list","data":[],"usage":{"prompt_tokens":9,"total_tokens":9}}"#, (9, 0, 0, 0)),
        (r#"{"results":[],"usage":{"total_tokens":9}}"#, (9, 0, 0, 0)),
        (
            r#"{"type":"response.completed","response":{"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},
              "output_tokens":5,"output_tokens_details":{"reasoning_tokens":2}}}}"#,
            (9, 5, 4, 2),
        ),
        (
            r#"{"created":1,"data":[],"usage":{"input_tokens":9,"output_tokens":5,"input_tokens_details":{"text_tokens":9}}}"#,
            (9, 5, 0, 0),
        ),
        (
            r#"{"text":"x","usage":{"type":"tokens","input_tokens":9,"output_tokens":5,"input_token_details":{}}}"#,
            (9, 5, 0, 0),
        ),
        (
            r#"{"type":"message_start","message":{"usage":{"input_tokens":1,"cache_read_input_tokens":4,
              "cache_creation_input_tokens":4,"output_tokens":5}}}"#,
            (9, 5, 4, 0),
        ),
        (r#"{"type":"message_delta","usage":{"output_tokens":5}}"#, (0, 5, 0, 0)),
        (
            r#"[{"usageMetadata":{"promptTokenCount":1}},{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,
              "thoughtsTokenCount":2,"cachedContentTokenCount":4}}]"#,
            (9, 5, 4, 2),
        ),
        (
            r#"{"choices":[{"delta":{},"usage":{"prompt_tokens":9,"completion_tokens":5,"cached_tokens":4}}]}"#,
            (9, 5, 4, 0),
        ),
        (r#"{"choices":[],"usage":null,"x_groq":{"usage":{"prompt_tokens":9,"completion_tokens":5}}}"#, (9, 5, 0, 0)),
        (r#"{"usage":{"prompt_tokens":9.0,"completion_tokens":5,"prompt_cache_hit_tokens":4}}"#, (9, 5, 4, 0)),
    ];
    for (body, expected) in cases {
        assert_eq!(read(body), Some(expected), "{body}");
    }
}

#[test]
fn odd_shapes_give_no_usage_and_no_failure() {
    for body in [
        "",
        "usage",
        "{\"usage\":",
        r#"{"usage":null}"#,
        r#"{"usage":5}"#,
        r#"{"usage":[1,2]}"#,
        r#"{"usage":"x"}"#,
        r#"{"usage":{"prompt_tokens":"many","completion_tokens":-3}}"#,
        r#"{"usage":{"type":"duration","seconds":3}}"#,
        r#"["usage"]"#,
        r#"[[{"usage":{}}]]"#,
        r#"{"choices":{"usage":{"prompt_tokens":1}}}"#,
        "{\"usage\":\"\u{0}\"}",
    ] {
        assert_eq!(read(body), None, "{body}");
    }
    assert_eq!(read(r#"{"usage":{"prompt_tokens":3,"prompt_tokens_details":"none"}}"#), Some((3, 0, 0, 0)));
    assert_eq!(read(r#"{"usage":{"prompt_tokens":1e400,"completion_tokens":2}}"#), Some((u64::MAX, 2, 0, 0)));
}
