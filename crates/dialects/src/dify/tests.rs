use serde_json::{Value, json};

use super::{DifyBot, DifySettings, conversation};
use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::settings::Settings;
use crate::translation::Translation;

fn translation(bot: DifyBot, output: &str) -> Translation {
    let settings = DifySettings { bot, input_variable: "q".to_owned(), output_variable: output.to_owned() };
    let profile = Profile { settings: Settings::Dify(settings.into()), ..Profile::default() };
    let conversation = Some("c-1".to_owned());
    let context = Context { conversation, profile, ..Context::default() };
    Translation::new(Protocol::OpenAiChat, Protocol::Dify, context).unwrap()
}

fn sent(bot: DifyBot) -> (Value, String) {
    let picture = json!({ "type": "image_url", "image_url": { "url": "https://img.example/a.png" } });
    let content = json!([{ "type": "text", "text": "Hi" }, picture]);
    let body = json!({ "model": "m", "user": "u", "messages": [{ "role": "user", "content": content }] });
    let out = translation(bot, "").request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

fn content(bot: DifyBot, output: &str, answer: &Value) -> Value {
    let reply = translation(bot, output).answer(200, answer.to_string().as_bytes());
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    body.pointer("/choices/0/message/content").cloned().unwrap_or(body)
}

#[test]
fn each_kind_of_application_takes_its_text_elsewhere() {
    let text = "USER: \nHi\n";
    for bot in [DifyBot::Chat, DifyBot::Agent] {
        let (body, _) = sent(bot);
        assert_eq!((&body["query"], &body["inputs"]), (&json!(text), &json!({})));
    }
    assert_eq!(sent(DifyBot::Completion).0["inputs"], json!({ "query": text }));
    assert_eq!(sent(DifyBot::Workflow).0["inputs"], json!({ "q": text }));
}

#[test]
fn files_by_address_and_the_conversation_go_with_it() {
    let (body, dropped) = sent(DifyBot::Chat);
    let file = json!({ "type": "image", "transfer_method": "remote_url", "url": "https://img.example/a.png" });
    assert_eq!((&body["files"], &body["conversation_id"], &body["user"]), (&json!([file]), &json!("c-1"), &json!("u")));
    assert_eq!(dropped, "");
}

#[test]
fn a_workflow_answers_in_the_variable_named_for_it_or_in_its_only_one() {
    let outputs = |outputs: Value| json!({ "data": { "status": "succeeded", "outputs": outputs } });
    let two = outputs(json!({ "a": "x", "b": { "c": 1 } }));
    assert_eq!(content(DifyBot::Workflow, "a", &two), "x");
    assert_eq!(content(DifyBot::Workflow, "b", &two), "{\"c\":1}");
    assert_eq!(content(DifyBot::Workflow, "", &outputs(json!({ "a": "x" }))), "x");
}

#[test]
fn a_failed_workflow_says_why() {
    let failed = json!({ "data": { "status": "failed", "error": "node broke", "outputs": {} } });
    assert_eq!(content(DifyBot::Workflow, "a", &failed)["error"]["message"], "node broke");
}

#[test]
fn the_conversation_is_found_in_answers_and_streams() {
    assert_eq!(conversation(br#"{"conversation_id":"c","answer":"data: x"}"#).as_deref(), Some("c"));
    assert_eq!(conversation(b"event: ping\n\ndata: {\"conversation_id\":\"c\"}\n\n").as_deref(), Some("c"));
    assert_eq!(conversation(br#"{"conversation_id":""}"#), None);
    assert_eq!(conversation(b"nothing"), None);
}
