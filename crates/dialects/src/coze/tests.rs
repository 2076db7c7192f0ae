use serde_json::{Value, json};

use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn sent(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Coze, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

#[test]
fn a_stream_is_asked_for_whatever_the_caller_wants() {
    let context = Context { profile: Profile::default(), ..Context::default() };
    let body = json!({ "model": "bot-1", "messages": [{ "role": "user", "content": "Hi" }] });
    let (body, _) = sent(body, context);
    assert_eq!(
        (&body["stream"], &body["bot_id"], &body["user_id"]),
        (&json!(true), &json!("bot-1"), &json!("api-user"))
    );
}

#[test]
fn pictures_go_as_objects_in_a_string() {
    let picture = json!({ "type": "image_url", "image_url": { "url": "https://img.example/a.png" } });
    let content = json!([{ "type": "text", "text": "See" }, picture]);
    let (body, _) =
        sent(json!({ "model": "b", "messages": [{ "role": "user", "content": content }] }), Context::default());
    let message = &body["additional_messages"][0];
    let objects: Value = serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
    let want = json!([{ "type": "text", "text": "See" }, { "type": "image", "file_url": "https://img.example/a.png" }]);
    assert_eq!((&message["content_type"], objects), (&json!("object_string"), want));
}

#[test]
fn a_stream_that_broke_off_is_no_answer() {
    let translation = Translation::new(Protocol::OpenAiChat, Protocol::Coze, Context::default()).unwrap();
    let piece = json!({ "role": "assistant", "type": "answer", "content": "2" });
    let reply = translation.answer(200, format!("event: conversation.message.delta\ndata: {piece}\n\n").as_bytes());
    assert_eq!(reply.status, 502);
}
