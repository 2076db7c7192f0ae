use serde_json::{Value, json};

use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn sent(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Triton, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

#[test]
fn a_single_message_goes_as_it_is_and_a_conversation_with_its_speakers() {
    let text = |messages: Value| {
        let context = Context { profile: Profile::default(), ..Context::default() };
        sent(json!({ "model": "m", "messages": messages }), context).0["text_input"].clone()
    };
    assert_eq!(text(json!([{ "role": "user", "content": "Hi" }])), "Hi");
    let two = json!([{ "role": "system", "content": "s" }, { "role": "user", "content": "Hi" }]);
    assert_eq!(text(two), "System: s\nUser: Hi\nAssistant:");
}

#[test]
fn nothing_is_invented_and_of_several_stop_texts_none_is_sent() {
    let asked = |fields: Value| {
        let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }] });
        for (key, value) in fields.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (body, dropped) = sent(body, Context::default());
        (body["parameters"].clone(), dropped)
    };
    assert_eq!(asked(json!({})), (json!({ "stream": false }), String::new()));
    assert_eq!(
        asked(json!({ "stop": "A", "temperature": 0 })).0,
        json!({ "stream": false, "temperature": 0, "stop": "A" })
    );
    assert_eq!(asked(json!({ "stop": ["A", "B"] })).1, "stop");
}
