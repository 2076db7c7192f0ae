use bytes::Bytes;
use serde_json::{Value, json};

use super::frames::Frames;
use super::{BedrockSettings, CachePoints};
use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::settings::Settings;
use crate::translation::Translation;

const CLAUDE: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// What a caller's request becomes for a model, and what was dropped.
fn sent_by(client: Protocol, model: &str, settings: Settings, fields: Value) -> Result<(Value, String), String> {
    let mut body = json!({ "model": model, "max_tokens": 9000, "messages": [{ "role": "user", "content": "Hi" }] });
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    let context = Context { profile: Profile { settings, ..Profile::default() }, ..Context::default() };
    let mut translation = Translation::new(client, Protocol::Bedrock, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).map_err(|refused| refused.message)?;
    Ok((serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string()))
}

fn sent(model: &str, fields: Value) -> (Value, String) {
    sent_by(Protocol::OpenAiChat, model, Settings::None, fields).unwrap()
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_be_bytes()
}

/// A frame with one header.
fn frame(name: &str, value: &str, payload: &str) -> Vec<u8> {
    let mut headers = vec![u8::try_from(name.len()).unwrap()];
    headers.extend(name.as_bytes());
    headers.push(7);
    headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    headers.extend(value.as_bytes());
    let length = u32::try_from(16 + headers.len() + payload.len()).unwrap();
    let mut out = length.to_be_bytes().to_vec();
    out.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    out.extend(crc(&out));
    out.extend(headers);
    out.extend(payload.as_bytes());
    out.extend(crc(&out));
    out
}

#[test]
fn frames_are_cut_wherever_their_bytes_are() {
    let bytes = [frame(":event-type", "messageStart", "{}"), frame(":event-type", "metadata", "{\"a\":1}")].concat();
    for size in 1..bytes.len() {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for chunk in bytes.chunks(size) {
            frames.push(chunk);
            while let Some(frame) = frames.next() {
                let frame = frame.unwrap();
                found.push((frame.header(":event-type").unwrap().to_owned(), frame.payload.clone()));
                assert_eq!(frame.header("none"), None);
            }
        }
        let want = [("messageStart".to_owned(), Bytes::from("{}")), ("metadata".to_owned(), Bytes::from("{\"a\":1}"))];
        assert_eq!(found, want, "by {size}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed_and_nothing_comes_after_it() {
    let good = frame(":event-type", "messageStart", "{}");
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        let mut frames = Frames::default();
        frames.push(&bytes);
        frames.push(&good);
        assert!(frames.next().unwrap().is_err(), "byte {at}");
        frames.push(&good);
        assert!(frames.next().is_none(), "byte {at}");
    }
}

#[test]
fn a_frame_that_claims_too_much_is_not_waited_for() {
    let mut bytes = 0x7fff_ffff_u32.to_be_bytes().to_vec();
    bytes.extend(0_u32.to_be_bytes());
    bytes.extend(crc(&bytes));
    let mut frames = Frames::default();
    frames.push(&bytes);
    assert!(frames.next().unwrap().is_err());
}

#[test]
fn headers_of_every_kind_are_passed_over() {
    let kinds: [(u8, &[u8]); 9] = [
        (0, &[]),
        (1, &[]),
        (2, &[1]),
        (3, &[1, 2]),
        (4, &[1, 2, 3, 4]),
        (5, &[0; 8]),
        (6, &[0, 1, 9]),
        (8, &[0; 8]),
        (9, &[0; 16]),
    ];
    let mut headers = Vec::new();
    for (kind, value) in kinds {
        headers.extend([1, b'k', kind]);
        headers.extend(value);
    }
    headers.extend([1, b'x', 7, 0, 2, b'o', b'k']);
    let mut bytes = u32::try_from(16 + headers.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    bytes.extend(crc(&bytes));
    bytes.extend(headers);
    bytes.extend(crc(&bytes));
    let mut frames = Frames::default();
    frames.push(&bytes);
    let frame = frames.next().unwrap().unwrap();
    assert_eq!((frame.header("x"), frame.header("k"), frame.header("z")), (Some("ok"), None, None));
}

#[test]
fn neighbours_of_one_role_become_one_message() {
    let messages = json!([
        { "role": "user", "content": "a" },
        { "role": "user", "content": [{ "type": "text", "text": "b" }, { "type": "text", "text": " " }] },
        { "role": "assistant", "content": "" },
        { "role": "system", "content": "s" },
        { "role": "user", "content": "c" },
    ]);
    let (body, _) = sent(CLAUDE, json!({ "messages": messages }));
    let content = json!([{ "text": "a" }, { "text": "b" }, { "text": "c" }]);
    assert_eq!(body["messages"], json!([{ "role": "user", "content": content }]));
    assert_eq!(body["system"], json!([{ "text": "s" }]));
}

#[test]
fn pictures_at_an_address_are_refused_unless_bedrock_can_reach_them() {
    let picture = |url: &str| {
        let part = json!({ "type": "image_url", "image_url": { "url": url } });
        let fields = json!({ "messages": [{ "role": "user", "content": [part] }] });
        sent_by(Protocol::OpenAiChat, CLAUDE, Settings::None, fields)
    };
    assert!(picture("https://img.example/a.png").unwrap_err().contains("image"));
    let (body, _) = picture("s3://bucket/a.png").unwrap();
    let place = body.pointer("/messages/0/content/0/image/source/s3Location/uri").unwrap();
    assert_eq!(place, "s3://bucket/a.png");
}

#[test]
fn without_tools_earlier_calls_still_have_theirs() {
    let messages = json!([
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": null, "tool_calls":
            [{ "id": "functions.f:0", "type": "function", "function": { "name": "f", "arguments": "" } }] },
        { "role": "tool", "tool_call_id": "functions.f:0", "content": "x" },
    ]);
    let (body, _) = sent(CLAUDE, json!({ "messages": messages }));
    assert_eq!(body.pointer("/toolConfig/tools/0/toolSpec/name").unwrap(), "f");
    assert_eq!(body.pointer("/messages/1/content/0/toolUse/toolUseId").unwrap(), "functions_f_0");
    assert_eq!(body.pointer("/messages/2/content/0/toolResult/toolUseId").unwrap(), "functions_f_0");
}

#[test]
fn each_family_is_told_how_much_to_think_in_its_own_words() {
    let fields = |model| sent(model, json!({ "reasoning_effort": "medium" })).0["additionalModelRequestFields"].clone();
    assert_eq!(fields(CLAUDE), json!({ "thinking": { "type": "enabled", "budget_tokens": 4096 } }));
    let adaptive =
        json!({ "thinking": { "type": "adaptive", "display": "summarized" }, "output_config": { "effort": "medium" } });
    assert_eq!(fields("anthropic.claude-opus-4-6-v1"), adaptive);
    let nova = json!({ "reasoningConfig": { "type": "enabled", "maxReasoningEffort": "medium" } });
    assert_eq!(fields("us.amazon.nova-2-lite-v1:0"), nova);
    assert_eq!(fields("openai.gpt-oss-120b-1:0"), json!({ "reasoning_effort": "medium" }));
    assert_eq!(fields("meta.llama3-3-70b-instruct-v1:0"), Value::Null);
    let (_, dropped) = sent("meta.llama3-3-70b-instruct-v1:0", json!({ "reasoning_effort": "medium" }));
    assert_eq!(dropped, "reasoning_effort");
}

#[test]
fn nova_at_its_most_leaves_no_limit_and_no_sampling() {
    let fields = json!({ "reasoning_effort": "high", "temperature": 0.5, "top_p": 0.5 });
    let (body, dropped) = sent("amazon.nova-2-lite-v1:0", fields);
    assert_eq!(body["inferenceConfig"], Value::Null);
    assert_eq!(dropped, "max_tokens, temperature, top_p");
}

#[test]
fn the_configurations_fields_win_over_the_callers_and_those_over_ours() {
    let raw = |json: &str| serde_json::value::RawValue::from_string(json.to_owned()).unwrap();
    let fields = vec![("thinking".to_owned(), raw(r#"{"type":"disabled"}"#)), ("b".to_owned(), raw("1"))];
    let settings = BedrockSettings { additional_fields: fields, ..BedrockSettings::default() };
    let asked = json!({ "reasoning_effort": "low", "additionalModelRequestFields": { "b": 2, "c": [3] } });
    let (body, dropped) = sent_by(Protocol::OpenAiChat, CLAUDE, Settings::Bedrock(settings.into()), asked).unwrap();
    let want = json!({ "thinking": { "type": "disabled" }, "b": 1, "c": [3] });
    assert_eq!((&body["additionalModelRequestFields"], dropped.as_str()), (&want, ""));
}

#[test]
fn a_message_has_one_cache_point_at_its_end_however_many_want_one() {
    let cache_points = CachePoints { system: true, last_user_message: true, last_message: true };
    let retention = Some("24H".to_owned());
    let settings = BedrockSettings { cache_retention: retention, cache_points, ..BedrockSettings::default() };
    let marked = json!([{ "type": "text", "text": "a", "cache_control": { "type": "ephemeral" } }]);
    let asked = json!({ "system": "s", "messages": [{ "role": "user", "content": marked }] });
    let (body, _) = sent_by(Protocol::Anthropic, CLAUDE, Settings::Bedrock(settings.into()), asked).unwrap();
    let own = json!([{ "text": "a" }, { "cachePoint": { "type": "default" } }]);
    assert_eq!(body.pointer("/messages/0/content").unwrap(), &own);
    assert_eq!(body["system"], json!([{ "text": "s" }, { "cachePoint": { "type": "default", "ttl": "1h" } }]));
}

#[test]
fn models_without_a_cache_get_no_cache_points() {
    let marked = json!([{ "type": "text", "text": "a", "cache_control": { "type": "ephemeral" } }]);
    let asked = json!({ "messages": [{ "role": "user", "content": marked }] });
    let (body, dropped) = sent_by(Protocol::Anthropic, "mistral.large", Settings::None, asked).unwrap();
    assert_eq!(body["messages"][0]["content"], json!([{ "text": "a" }]));
    assert_eq!(dropped, "messages.cache_control");
}

#[test]
fn sealed_thoughts_come_back_to_claude_alone() {
    let thoughts = json!([
        { "type": "thinking", "thinking": "hm", "signature": "SIG" },
        { "type": "thinking", "thinking": "", "signature": "clv1|amazon-bedrock-v1||HIDDEN" },
        { "type": "text", "text": "No." },
    ]);
    let messages = json!([
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": thoughts },
        { "role": "user", "content": "b" },
    ]);
    let asked = json!({ "messages": messages });
    let (body, dropped) = sent_by(Protocol::Anthropic, CLAUDE, Settings::None, asked.clone()).unwrap();
    let want = json!([
        { "reasoningContent": { "reasoningText": { "text": "hm", "signature": "SIG" } } },
        { "reasoningContent": { "redactedContent": "HIDDEN" } },
        { "text": "No." },
    ]);
    assert_eq!((&body["messages"][1]["content"], dropped.as_str()), (&want, ""));
    let (body, dropped) = sent_by(Protocol::Anthropic, "amazon.nova-pro-v1:0", Settings::None, asked).unwrap();
    assert_eq!((&body["messages"][1]["content"], dropped.as_str()), (&json!([{ "text": "No." }]), "messages.thinking"));
}

#[test]
fn names_of_documents_are_made_to_fit() {
    let document = |name: &str| {
        let file =
            json!({ "type": "file", "file": { "filename": name, "file_data": "data:application/pdf;base64,AA" } });
        let (body, _) = sent(CLAUDE, json!({ "messages": [{ "role": "user", "content": [file] }] }));
        body.pointer("/messages/0/content/0/document/name").unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(document("Bericht – März_2026.pdf"), "Bericht M rz 2026 pdf");
    assert_eq!(document("…"), "document");
}
