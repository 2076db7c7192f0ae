use proptest::prelude::*;

use super::*;

const CHAT: Operation = Operation::ChatCompletions;

fn read_raw(operation: Operation, raw: &str) -> Reading {
    read(operation, &Event::new(Bytes::copy_from_slice(raw.as_bytes())))
}

fn read_data(operation: Operation, data: &str) -> Reading {
    read_raw(operation, &format!("data: {data}\n\n"))
}

fn chunk(delta: &str) -> Reading {
    read_data(
        CHAT,
        &format!(
            r#"{{"object":"chat.completion.chunk","choices":[{{"delta":{delta},"finish_reason":null}}],"usage":null}}"#
        ),
    )
}

#[test]
fn a_chat_chunk_is_content_when_the_caller_would_see_something() {
    for delta in [
        r#"{"content":"Hi"}"#,
        r#"{"content":"\n"}"#,
        r#"{"content":[{"type":"text","text":"Hi"}]}"#,
        r#"{"refusal":"No"}"#,
        r#"{"reasoning_content":"so"}"#,
        r#"{"reasoning":"so"}"#,
        r#"{"reasoning_details":[{"type":"reasoning.text","text":"so"}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#,
        r#"{"function_call":{"arguments":"{"}}"#,
        r#"{"audio":{"data":"AAAA"}}"#,
        r#"{"audio":{"transcript":"Hi"}}"#,
    ] {
        assert_eq!(chunk(delta), Reading { content: true, ..Reading::default() }, "{delta}");
    }
    for delta in [
        "{}",
        "null",
        r#"{"role":"assistant"}"#,
        r#"{"role":"assistant","content":""}"#,
        r#"{"content":null,"tool_calls":[]}"#,
        r#"{"reasoning_content":"","reasoning":null,"reasoning_details":[{"type":"reasoning.text","text":""}]}"#,
        r#"{"audio":{"id":"a"}}"#,
    ] {
        assert_eq!(chunk(delta), Reading::default(), "{delta}");
    }
    assert!(read_data(Operation::Completions, r#"{"choices":[{"text":"Hi","finish_reason":null}]}"#).content);
}

#[test]
fn choices_within_choices_without_end_are_no_danger() {
    let deep = "{\"choices\":[".repeat(100_000);
    assert!(read_data(CHAT, &deep).malformed);
    let closed = format!("{deep}{}", "]}".repeat(100_000));
    assert_eq!(read_data(CHAT, &closed), Reading::default());
}

#[test]
fn the_end_of_a_chat_comes_in_three_steps() {
    let finish = read_data(CHAT, r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#);
    assert_eq!(finish, Reading { finished: true, ..Reading::default() });
    let usage = read_data(CHAT, r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#);
    let counted = Usage { input: 3, output: 2, ..Usage::default() };
    assert_eq!(usage, Reading { usage: Some(counted), usage_only: true, ..Reading::default() });
    assert_eq!(read_data(CHAT, "[DONE]"), Reading { done: true, ..Reading::default() });
    assert!(!read_data(CHAT, r#"{"choices":[],"prompt_filter_results":[]}"#).usage_only);
}

#[test]
fn events_without_data_mean_nothing() {
    for raw in [": OPENROUTER PROCESSING\n\n", "\n", "event: ping\n\n", "retry: 5\n\n", "data:\n\n"] {
        assert_eq!(read_raw(CHAT, raw), Reading::default(), "{raw}");
    }
}

#[test]
fn failures_are_told_apart_from_answers_in_every_dialect() {
    for data in [
        r#"{"error":{"message":"m","code":null}}"#,
        r#"{"error":"m"}"#,
        r#"{"object":"error","message":"m"}"#,
        r#"{"error":{"code":"x"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
        r#"{"type":"error","code":"c","message":"m"}"#,
        r#"{"type":"response.failed","response":{"error":{"code":"c"}}}"#,
        r#"[{"error":{"code":429}}]"#,
        r#"{"error_code":18,"error_msg":"m"}"#,
        r#"{"base_resp":{"status_code":1002},"choices":null}"#,
        r#"{"event":"error","status":400,"message":"m"}"#,
        r#"{"header":{"code":11202,"message":"m"}}"#,
        r#"{"Response":{"Error":{"Code":"c"}}}"#,
        r#"{"Choices":null,"ErrorMsg":{"Msg":"m","Code":4001}}"#,
        r#"{"id":"7","status":"failed","last_error":{"code":4011,"msg":"m"}}"#,
        r#"{"code":50505,"message":"m","data":null}"#,
        r#"{"code":4100,"msg":"m"}"#,
        r#"{"result":null,"success":false,"errors":[{"code":1,"message":"m"}]}"#,
        r#"{"code":"Throttling.RateQuota","message":"m","request_id":"r"}"#,
    ] {
        let reading = read_data(CHAT, data);
        assert_eq!((reading.error.as_deref(), reading.content), (Some(data.as_bytes()), false), "{data}");
    }
    for data in [
        r#"{"error":null,"choices":[{"delta":{"content":"the error: no"}}]}"#,
        r#"{"base_resp":{"status_code":0},"choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"header":{"code":0},"choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"code":7,"message":"m","choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"ErrorMsg":{"Msg":"","Code":0},"choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"last_error":{"code":0,"msg":""},"choices":[{"delta":{"content":"x"}}]}"#,
    ] {
        assert_eq!(read_data(CHAT, data), Reading { content: true, ..Reading::default() }, "{data}");
    }
    assert_eq!(read_raw(CHAT, "event: error\ndata: gone\n\n").error.unwrap(), "gone");
    assert_eq!(read_raw(CHAT, "event: error\n\n").error.unwrap(), "");
}

#[test]
fn an_error_shares_the_bytes_of_its_event() {
    let event = Event::new(Bytes::from_static(b"data: {\"error\":\"m\"}\n\n"));
    assert_eq!(read(CHAT, &event).error.unwrap().as_ptr(), event.raw[6..].as_ptr());
}

#[test]
fn data_that_is_no_json_is_malformed_where_json_is_due() {
    assert_eq!(read_data(CHAT, "{\"choices\":[{"), Reading { malformed: true, ..Reading::default() });
    assert_eq!(read_data(CHAT, "5"), Reading::default());
    assert_eq!(read_data(Operation::Other, "tick"), Reading { content: true, ..Reading::default() });
    assert!(read_data(Operation::Other, r#"{"any":"shape"}"#).content);
    assert!(!read_data(CHAT, r#"{"any":"shape"}"#).content);
}

#[test]
fn a_field_given_twice_does_not_hide_content() {
    assert!(read_data(CHAT, r#"{"choices":[{"delta":{"content":"x"}}],"usage":null,"usage":null}"#).content);
}

#[test]
fn responses_events_are_read() {
    let read = |data: &str| read_data(Operation::Responses, data);
    for data in [
        r#"{"type":"response.output_text.delta","delta":"Hi"}"#,
        r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#,
        r#"{"type":"response.reasoning_summary_text.delta","delta":"so"}"#,
        r#"{"type":"response.audio.delta","delta":"AAAA"}"#,
        r#"{"type":"response.image_generation_call.partial_image","partial_image_b64":"AAAA"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","arguments":""}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","content":[{"text":"Hi"}]}}"#,
        r#"{"type":"response.output_text.done","text":"Hi"}"#,
    ] {
        assert_eq!(read(data), Reading { content: true, ..Reading::default() }, "{data}");
    }
    for data in [
        r#"{"type":"response.created","response":{"error":null,"output":[],"usage":null}}"#,
        r#"{"type":"response.in_progress","response":{}}"#,
        r#"{"type":"response.output_text.delta","delta":""}"#,
        r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#,
        r#"{"type":"response.output_item.added","item":{"type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.content_part.added","part":{"type":"output_text","text":""}}"#,
        r#"{"type":"response.web_search_call.searching"}"#,
    ] {
        assert_eq!(read(data), Reading::default(), "{data}");
    }
    let end = read(
        r#"{"type":"response.completed","response":{"output":[{}],"usage":{"input_tokens":3,"output_tokens":2}}}"#,
    );
    assert!(end.content && end.finished && end.done && end.usage.is_some());
    assert!(read(r#"{"type":"response.incomplete","response":{"output":[]}}"#).done);
    assert!(read(r#"{"type":"response.failed","response":{"error":{}}}"#).done);
}

#[test]
fn anthropic_events_are_read() {
    let read = |data: &str| read_data(Operation::AnthropicMessages, data);
    let delta = |inner: &str| read(&format!(r#"{{"type":"content_block_delta","index":0,"delta":{inner}}}"#)).content;
    assert!(delta(r#"{"type":"text_delta","text":"Hi"}"#) && delta(r#"{"type":"thinking_delta","thinking":"so"}"#));
    assert!(delta(r#"{"type":"input_json_delta","partial_json":"{"}"#));
    assert!(!delta(r#"{"type":"text_delta","text":""}"#) && !delta(r#"{"type":"signature_delta","signature":"x"}"#));
    let start =
        read(r#"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":3,"output_tokens":1}}}"#);
    assert_eq!(start, Reading { usage: Some(Usage { input: 3, output: 1, ..Usage::default() }), ..Reading::default() });
    for quiet in [
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_start","content_block":{"type":"thinking","thinking":""}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_stop"}"#,
    ] {
        assert_eq!(read(quiet), Reading::default(), "{quiet}");
    }
    let end = read(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#);
    assert!(end.finished && !end.done && end.usage.is_some_and(|usage| usage.output == 5));
    assert!(read(r#"{"type":"message_stop"}"#).done);
    let old = read_data(Operation::AnthropicComplete, r#"{"type":"completion","completion":" Hi","stop_reason":null}"#);
    assert!(old.content && !old.finished);
}

#[test]
fn gemini_chunks_are_read() {
    let read = |data: &str| read_data(Operation::GeminiStreamGenerateContent, data);
    let part = |part: &str| read(&format!(r#"{{"candidates":[{{"content":{{"parts":[{part}]}}}}]}}"#)).content;
    assert!(
        part(r#"{"text":"Hi"}"#) && part(r#"{"text":"so","thought":true}"#) && part(r#"{"functionCall":{"name":"f"}}"#)
    );
    assert!(!part("") && !part(r#"{"text":""}"#) && !part(r#"{"thoughtSignature":"x"}"#));
    let end = read(
        r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}"#,
    );
    assert!(end.finished && !end.done && !end.usage_only && end.usage.is_some());
    assert!(read(r#"{"promptFeedback":{"blockReason":"OTHER"}}"#).finished);
    assert!(!read(r#"{"candidates":[{}],"promptFeedback":{"blockReason":"OTHER"}}"#).finished);
}

#[test]
fn images_sounds_and_native_qwen_are_read() {
    let image =
        |kind: &str| read_data(Operation::ImageGeneration, &format!(r#"{{"type":"{kind}","b64_json":"AAAA"}}"#));
    assert!(image("image_generation.partial_image").content && !image("image_generation.partial_image").finished);
    assert!(image("image_generation.completed").finished);
    assert!(read_data(Operation::AudioSpeech, r#"{"type":"speech.audio.delta","audio":"AAAA"}"#).content);
    assert!(read_data(Operation::AudioSpeech, r#"{"type":"speech.audio.done","usage":{"output_tokens":2}}"#).done);
    let text = read_data(Operation::AudioTranscription, r#"{"type":"transcript.text.done","text":"Hi"}"#);
    assert!(text.content && text.finished && text.done);
    let qwen = |data: &str| read_data(Operation::QwenAigc, data);
    let going = qwen(r#"{"output":{"text":"Hi","finish_reason":"null"},"usage":{"input_tokens":3,"output_tokens":2}}"#);
    assert!(going.content && !going.finished && going.usage.is_some());
    assert!(qwen(r#"{"output":{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}}"#).finished);
}

#[test]
fn odd_shapes_are_no_content_and_no_failure() {
    for data in [
        r#"{"choices":5}"#,
        r#"{"choices":[5]}"#,
        r#"{"choices":[{"delta":[1]}],"usage":{}}"#,
        r#"{"choices":{},"usage":"x"}"#,
        r#"{"candidates":"x"}"#,
        r#"{"type":5}"#,
        r#"{"type":"content_block_delta","delta":"x"}"#,
        "[]",
        "[[1]]",
    ] {
        let reading = read_data(CHAT, data);
        assert!(
            !reading.content && reading.error.is_none() && !reading.usage_only && !reading.malformed,
            "{data}: {reading:?}"
        );
    }
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn no_event_makes_it_panic(words in prop::collection::vec(prop::sample::select(vec![
        "data: ", "event: error\n", "\n", "{", "}", "[", "]", "\"choices\"", "\"type\"", "\"error\"", "\"delta\"", ":", ",",
        "null", "1", "\"response.completed\"", "\"content_block_delta\"", "\"é\\u00e9\"", "\"usage\"", "\"\\ud800\"",
    ]), 0..24)) {
        for operation in [CHAT, Operation::Responses, Operation::Other] {
            let _ = read_raw(operation, &words.concat());
        }
    }
}
