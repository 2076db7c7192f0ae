use serde_json::json;

use super::DeepLSettings;
use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::settings::Settings;
use crate::translation::Translation;

fn translation() -> Translation {
    let settings = Settings::DeepL(DeepLSettings { target_lang: "DE".to_owned() }.into());
    let context = Context { profile: Profile { settings, ..Profile::default() }, ..Context::default() };
    Translation::new(Protocol::OpenAiChat, Protocol::DeepL, context).unwrap()
}

#[test]
fn a_caller_who_wants_a_stream_gets_one_though_there_is_none() {
    let mut translation = translation();
    let body = json!({ "model": "Free", "stream": true, "messages": [{ "role": "user", "content": "Mind the gap" }] });
    let sent = translation.request(body.to_string().as_bytes()).unwrap();
    assert!(!sent.stream && translation.wants_stream());
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&sent.body).unwrap()["target_lang"], "DE");
    let mut out = Vec::new();
    translation.answer_as_stream(br#"{"translations":[{"text":"Achtung"}]}"#, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("Achtung") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[test]
fn a_model_that_is_no_plan_is_the_callers_mistake() {
    let body = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "x" }] });
    let refused = translation().request(body.to_string().as_bytes()).unwrap_err();
    assert_eq!(refused.param, Some("model"));
}

#[test]
fn a_used_up_quota_must_be_paid() {
    let reply = translation().answer(456, br#"{"message":"Quota exceeded"}"#);
    assert_eq!(reply.status, 402);
}
