use serde_json::{Value, json};

use super::pieces::Pieces;
use super::{QwenSettings, QwenThoughts, is_multimodal};
use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::settings::Settings;
use crate::translation::Translation;

fn translation(settings: QwenSettings) -> Translation {
    let profile = Profile { settings: Settings::Qwen(settings.into()), ..Profile::default() };
    Translation::new(Protocol::OpenAiChat, Protocol::Qwen, Context { profile, ..Context::default() }).unwrap()
}

fn sent(settings: QwenSettings, model: &str, fields: Value) -> (Value, String) {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }] });
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    let out = translation(settings).request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

fn told(texts: &[&str]) -> String {
    let (mut pieces, mut out) = (Pieces::default(), String::new());
    texts.iter().for_each(|text| pieces.add(text, |text| out.push_str(text)));
    pieces.finish(|text| out.push_str(text));
    out
}

#[test]
fn texts_so_far_and_pieces_are_told_apart() {
    assert_eq!(told(&["Wa", "Wait.", "Wait."]), "Wait.");
    assert_eq!(told(&["Wa", "it", ".", ""]), "Wait.");
    assert_eq!(told(&["", "a", "ab", "abc", "abcd"]), "abcd");
    assert_eq!(told(&["ha", "ha", "!", ""]), "haha!");
    assert_eq!(told(&["1", "10", " apples", ""]), "110 apples");
    assert_eq!(told(&["é", "él", "éla"]), "éla");
    assert_eq!(told(&["Hi.", "Hi."]), "Hi.");
}

#[test]
fn without_tools_a_stutter_is_a_stutter() {
    let (mut pieces, mut out) = (Pieces::certain(), String::new());
    ["ha", "ha", "ha!"].iter().for_each(|text| pieces.add(text, |text| out.push_str(text)));
    assert_eq!(out, "hahaha!");
}

#[test]
fn top_p_is_kept_inside_its_range_and_never_invented() {
    let top_p = |fields| sent(QwenSettings::default(), "qwen-max", fields).0["parameters"]["top_p"].as_f64();
    assert_eq!(top_p(json!({})), None);
    assert_eq!(top_p(json!({ "top_p": 0 })), Some(0.000_001));
    assert_eq!(top_p(json!({ "top_p": 1 })), Some(0.999_999));
    assert_eq!(top_p(json!({ "top_p": 0.3 })), Some(0.3));
}

#[test]
fn files_follow_one_message_of_instructions() {
    let files = || QwenSettings { file_ids: vec!["a".to_owned(), "b".to_owned()], ..QwenSettings::default() };
    let messages = |model, fields| sent(files(), model, fields).0["input"]["messages"].clone();
    let named = json!({ "role": "system", "content": "fileid://a,fileid://b" });
    let hi = json!({ "role": "user", "content": "Hi" });
    let stock = json!({ "role": "system", "content": "You are a helpful assistant." });
    assert_eq!(messages("qwen-long", json!({})), json!([stock, named, hi]));
    assert_eq!(messages("qwen-max", json!({})), json!([hi]));
    let system = |text| json!({ "role": "system", "content": text });
    let both = json!({ "messages": [system("x"), hi, system("y")] });
    assert_eq!(messages("qwen-long", both), json!([system("x\ny"), named, hi]));
}

#[test]
fn multimodal_models_get_lists() {
    assert!(is_multimodal("qwen3-vl-plus") && is_multimodal("qvq-max") && !is_multimodal("qwen-max"));
    let (body, _) = sent(QwenSettings::default(), "qwen-vl-plus", json!({}));
    assert_eq!(body["input"]["messages"][0]["content"], json!([{ "text": "Hi" }]));
}

#[test]
fn thoughts_can_be_left_out_or_put_into_the_text() {
    let answer = json!({ "request_id": "r", "output": { "choices": [{ "finish_reason": "stop",
        "message": { "role": "assistant", "content": "No.", "reasoning_content": "hm" } }] } });
    let said = |thoughts| {
        let translation = translation(QwenSettings { thoughts, ..QwenSettings::default() });
        let reply = translation.answer(200, answer.to_string().as_bytes());
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let message = &body["choices"][0]["message"];
        (message["content"].as_str().unwrap().to_owned(), message["reasoning_content"].as_str().map(str::to_owned))
    };
    assert_eq!(said(QwenThoughts::Passthrough), ("No.".to_owned(), Some("hm".to_owned())));
    assert_eq!(said(QwenThoughts::Ignore), ("No.".to_owned(), None));
    assert_eq!(said(QwenThoughts::Concat), ("<think>hm</think>\nNo.".to_owned(), None));
}

#[test]
fn thoughts_in_the_text_of_a_stream_are_closed_before_it() {
    let translation = translation(QwenSettings { thoughts: QwenThoughts::Concat, ..QwenSettings::default() });
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    for (thought, text, finish) in [("h", "", "null"), ("m", "", "null"), ("", "No.", "stop")] {
        let message = json!({ "content": text, "reasoning_content": thought });
        let event = json!({ "output": { "choices": [{ "message": message, "finish_reason": finish }] } });
        stream.push(format!("data:{event}\n\n").into(), &mut out);
    }
    stream.finish(&mut out);
    let text = String::from_utf8(out).unwrap();
    let deltas = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let said: String =
        deltas.filter_map(|chunk| chunk.pointer("/choices/0/delta/content")?.as_str().map(str::to_owned)).collect();
    assert_eq!(said, "<think>hm</think>\nNo.");
}
