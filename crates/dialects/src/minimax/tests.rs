use serde_json::{Value, json};

use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn sent(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::MiniMaxPro, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

#[test]
fn the_bot_has_the_name_and_the_words_of_the_instructions() {
    let messages = json!([
        { "role": "system", "name": "Olga", "content": "x" },
        { "role": "user", "name": "Ann", "content": "a" },
        { "role": "assistant", "content": "b" },
    ]);
    let context = Context { profile: Profile::default(), ..Context::default() };
    let (body, dropped) = sent(json!({ "model": "m", "messages": messages }), context);
    assert_eq!(body["bot_setting"], json!([{ "bot_name": "Olga", "content": "x" }]));
    assert_eq!(body["reply_constraints"], json!({ "sender_type": "BOT", "sender_name": "Olga" }));
    let names: Vec<&Value> = body["messages"].as_array().unwrap().iter().map(|line| &line["sender_name"]).collect();
    assert_eq!((names, dropped.as_str()), (vec![&json!("Ann"), &json!("Olga")], ""));
}

#[test]
fn failures_within_a_good_status_have_a_kind() {
    let translation = Translation::new(Protocol::OpenAiChat, Protocol::MiniMaxPro, Context::default()).unwrap();
    for (code, status) in [(1001, 504), (1002, 429), (1004, 401), (1008, 402), (2013, 400), (1000, 500)] {
        let body = json!({ "base_resp": { "status_code": code, "status_msg": "why" } }).to_string();
        let reply = translation.answer(200, body.as_bytes());
        assert_eq!(reply.status, status, "{code}");
        assert!(String::from_utf8_lossy(&reply.body).contains("why"));
    }
}
