//! Five protocols, one provider: the same question gets the same answer, and the same faults, in each.

use bytes::{Buf as _, Bytes};
use claviger_testkit::{CutHow, Fault, FaultKind, Running, Script, ScriptedUpstream, TokenScript};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::client::{Reply, post, send};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/g:generateContent";
const GEMINI_SSE: &str = "/v1beta/models/g:streamGenerateContent?alt=sse";
const GEMINI_LIST: &str = "/v1beta/models/g:streamGenerateContent";
const CONVERSE: &str = "/model/b%3A0/converse";
const CONVERSE_STREAM: &str = "/model/b%3A0/converse-stream";

/// A question of each protocol, whole and streamed.
fn questions(text: &str) -> Vec<(&'static str, Value)> {
    let spoken = json!([{ "role": "user", "content": text }]);
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] });
    let converse = json!({ "messages": [{ "role": "user", "content": [{ "text": text }] }] });
    let streamed = |stream: bool| {
        [
            (CHAT, json!({ "model": "m", "messages": spoken, "stream": stream })),
            (RESPONSES, json!({ "model": "m", "input": spoken, "stream": stream })),
            (MESSAGES, json!({ "model": "m", "max_tokens": 9, "messages": spoken, "stream": stream })),
        ]
    };
    let mut all: Vec<(&str, Value)> = [false, true].into_iter().flat_map(streamed).collect();
    all.extend([GEMINI, GEMINI_SSE, GEMINI_LIST].map(|path| (path, contents.clone())));
    all.extend([CONVERSE, CONVERSE_STREAM].map(|path| (path, converse.clone())));
    all
}

async fn upstream(behaviour: TokenScript) -> Running {
    ScriptedUpstream::start(Script::new().token("sk-a", behaviour)).await.expect("a port")
}

async fn ask(upstream: &Running, path: &str, body: &Value) -> Reply {
    send(upstream.addr(), post(path, "sk-a", body)).await.expect("an answer")
}

/// Name or `exception` name and payload of each frame; panics when a checksum is wrong.
fn frames(mut bytes: &[u8]) -> Vec<(String, Value)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("four")) as usize;
        let (frame, rest) = bytes.split_at(length);
        bytes = rest;
        let (checked, mut check) = frame.split_at(length - 4);
        assert_eq!(crc32fast::hash(checked), check.get_u32());
        assert_eq!(crc32fast::hash(&frame[..8]), (&frame[8..12]).get_u32());
        let (mut headers, payload) = frame[12..length - 4].split_at((&frame[4..8]).get_u32() as usize);
        let mut name = String::new();
        while headers.has_remaining() {
            let mut text = |size: usize| {
                let text = String::from_utf8(headers[..size].to_vec()).expect("text");
                headers.advance(size);
                text
            };
            let key = text(1).into_bytes()[0];
            let key = text(usize::from(key));
            assert_eq!(text(1), "\u{7}");
            let size = text(2).into_bytes();
            let value = text(usize::from(u16::from_be_bytes([size[0], size[1]])));
            if key == ":event-type" || key == ":exception-type" {
                name = value;
            }
        }
        frames.push((name, serde_json::from_slice(payload).expect("JSON")));
    }
    frames
}

/// All that the answer says as text, whatever its protocol: every `text`, `content` or `delta` that adds words.
fn said(path: &str, reply: &Reply) -> String {
    let events: Vec<Value> = match path {
        CONVERSE_STREAM => frames(&reply.body).into_iter().map(|(_, data)| data).collect(),
        GEMINI_LIST => reply.json().as_array().expect("a list").clone(),
        _ if reply.header("content-type").starts_with("text/event-stream") => {
            reply.events().into_iter().filter_map(|event| serde_json::from_str(event).ok()).collect()
        }
        _ => vec![reply.json()],
    };
    let places = [
        "/choices/0/message/content",
        "/choices/0/delta/content",
        "/output/0/content/0/text",
        "/content/0/text",
        "/delta/text",
        "/candidates/0/content/parts/0/text",
        "/output/message/content/0/text",
        "/delta",
    ];
    let text = |event: &Value| places.iter().find_map(|place| event.pointer(place)?.as_str().map(str::to_owned));
    events.iter().filter_map(text).collect()
}

#[tokio::test]
async fn every_protocol_gives_the_same_answer() {
    let upstream = upstream(TokenScript::healthy()).await;
    for (path, body) in questions("hi you") {
        let reply = ask(&upstream, path, &body).await;
        assert_eq!((reply.status, said(path, &reply).as_str()), (200, "You said: hi you"), "{path}: {:?}", reply.body);
    }
}

#[tokio::test]
async fn every_protocol_hides_its_faults_in_its_own_way_until_they_show() {
    for (path, body) in questions("hi you") {
        for kind in [
            FaultKind::ErrorMidStream { after_events: 2, body: None },
            FaultKind::ErrorFirstEvent { body: None },
            FaultKind::ErrorIn200 { body: None },
        ] {
            let reply = ask(&upstream(TokenScript::broken(kind.clone())).await, path, &body).await;
            assert_eq!((reply.status, reply.cut), (200, None), "{path}");
            let text = String::from_utf8_lossy(&reply.body);
            let words = ["server had an error", "internal error", "unexpected error", "Sorry about that"];
            assert!(words.iter().any(|word| text.contains(word)), "{path} {kind:?}: {text}");
        }
        let cut = FaultKind::Cut { after_events: 2, how: CutHow::Fin };
        assert!(ask(&upstream(TokenScript::broken(cut)).await, path, &body).await.cut.is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_stream_of_frames_ends_with_its_exception_or_with_a_damaged_frame() {
    let body = &questions("hi you").pop().expect("one").1;
    let throttled = json!({ "__type": "ThrottlingException", "message": "slowly" });
    let kind = FaultKind::ErrorMidStream { after_events: 3, body: Some(throttled) };
    let reply = ask(&upstream(TokenScript::broken(kind)).await, CONVERSE_STREAM, body).await;
    assert_eq!(reply.header("content-type"), "application/vnd.amazon.eventstream");
    let frames = frames(&reply.body);
    assert_eq!(frames.len(), 4);
    assert_eq!(frames[3], ("throttlingException".to_owned(), json!({ "message": "slowly" })));
    let whole = ask(&upstream(TokenScript::healthy()).await, CONVERSE_STREAM, body).await;
    let broken = TokenScript::broken(FaultKind::MalformedEvent { at: 1 });
    let damaged = ask(&upstream(broken).await, CONVERSE_STREAM, body).await;
    assert_eq!(damaged.body.len(), whole.body.len());
    assert_ne!(damaged.body, whole.body);
    let unfinished = ask(&upstream(TokenScript::broken(FaultKind::MissingDone)).await, CONVERSE_STREAM, body).await;
    assert!(whole.body.starts_with(&unfinished.body) && !String::from_utf8_lossy(&unfinished.body).contains("stop"));
}

#[tokio::test]
async fn google_says_when_to_come_back_in_the_body() {
    let script = TokenScript::healthy().rate_limit(1, 5_000);
    let upstream = upstream(script).await;
    let body = &questions("hi").swap_remove(6).1;
    assert_eq!(ask(&upstream, GEMINI, body).await.status, 200);
    let refused = ask(&upstream, GEMINI, body).await;
    let error = &refused.json()["error"];
    assert_eq!((refused.status, &error["status"], &error["code"]), (429, &json!("RESOURCE_EXHAUSTED"), &json!(429)));
    assert_eq!(error["details"][0]["@type"], "type.googleapis.com/google.rpc.RetryInfo");
    assert!(error["details"][0]["retryDelay"].as_str().is_some_and(|delay| delay.ends_with('s')), "{error}");
}

#[tokio::test]
async fn a_key_nobody_knows_is_refused_as_each_vendor_does() {
    let upstream = upstream(TokenScript::healthy()).await;
    let questions = questions("hi");
    for (path, status, word) in
        [(GEMINI, 400, "API_KEY_INVALID"), (CONVERSE, 403, "model ID"), (MESSAGES, 401, "authentication_error")]
    {
        let body = &questions.iter().find(|(one, _)| *one == path).expect("asked").1;
        let reply = send(upstream.addr(), post(path, "sk-other", body)).await.expect("an answer");
        assert_eq!((reply.status, reply.text().contains(word)), (status, true), "{path}: {}", reply.text());
    }
}

#[tokio::test]
async fn google_and_amazon_credentials_are_found_where_they_stand() {
    let upstream = upstream(TokenScript::healthy()).await;
    let questions = questions("hi");
    let strip = |path: &str, body: &Value| -> Request<Full<Bytes>> {
        let mut request = post(path, "", body);
        request.headers_mut().remove("authorization");
        request
    };
    let mut header = strip(GEMINI, &questions[6].1);
    header.headers_mut().insert("x-goog-api-key", "sk-a".parse().expect("a value"));
    let query = strip(&format!("{GEMINI}?key=sk-a"), &questions[6].1);
    let mut signed = strip(CONVERSE, &questions[9].1);
    let signature = "AWS4-HMAC-SHA256 Credential=sk-a/20261125/us-east-1/bedrock/aws4_request, SignedHeaders=host, \
                     Signature=00";
    signed.headers_mut().insert("authorization", signature.parse().expect("a value"));
    for request in [header, query, signed] {
        assert_eq!(send(upstream.addr(), request).await.expect("an answer").status, 200);
    }
    assert_eq!(upstream.count("sk-a"), 3);
}

#[tokio::test]
async fn a_text_has_one_vector_and_one_count_in_every_protocol() {
    let upstream = upstream(TokenScript::healthy()).await;
    let openai = ask(&upstream, "/v1/embeddings", &json!({ "model": "m", "input": "hi you" })).await.json();
    let content = json!({ "parts": [{ "text": "hi you" }] });
    let google = ask(&upstream, "/v1beta/models/e:embedContent", &json!({ "content": content })).await.json();
    assert_eq!(openai["data"][0]["embedding"], google["embedding"]["values"]);
    let several = json!({ "requests": [{ "content": content }, { "content": content, "outputDimensionality": 3 }] });
    let several = ask(&upstream, "/v1beta/models/e:batchEmbedContents", &several).await.json();
    assert_eq!(several["embeddings"][0], google["embedding"]);
    assert_eq!(several["embeddings"][1]["values"].as_array().map(Vec::len), Some(3));
    let questions = questions("hi you");
    let counted = ask(&upstream, "/v1/messages/count_tokens", &questions[2].1).await.json();
    assert_eq!(counted, json!({ "input_tokens": 2 }));
    let counted = ask(&upstream, "/v1beta/models/g:countTokens", &questions[6].1).await.json();
    assert_eq!(counted, json!({ "totalTokens": 2 }));
}

#[tokio::test]
async fn thoughts_are_sealed_and_a_seal_that_comes_back_is_known() {
    let upstream = upstream(TokenScript::healthy()).await;
    let user = json!({ "role": "user", "content": "hi you" });
    let thinking = json!({ "type": "enabled", "budget_tokens": 1024 });
    let body = json!({ "model": "m", "max_tokens": 9, "thinking": thinking, "messages": [user] });
    let first = ask(&upstream, MESSAGES, &body).await.json();
    assert_eq!(first["content"][0]["thinking"], "They say: hi you");
    let mut again = body;
    again["messages"] = json!([user, { "role": "assistant", "content": first["content"] }, user]);
    let second = ask(&upstream, MESSAGES, &again).await.json();
    assert_eq!(second["content"][1]["text"], "You said: hi you I remember my thought.");
    again["messages"][1]["content"][0]["signature"] = "forged".into();
    let third = ask(&upstream, MESSAGES, &again).await.json();
    assert_eq!(third["content"][1]["text"], "You said: hi you");
}

#[tokio::test]
async fn every_tool_is_called_when_asked_and_what_they_gave_is_told() {
    let upstream = upstream(TokenScript::healthy()).await;
    let tool = |name: &str| json!({ "toolSpec": { "name": name, "inputSchema": { "json": { "type": "object" } } } });
    let tools = json!({ "tools": [tool("sun"), tool("rain")] });
    let user = json!({ "role": "user", "content": [{ "text": "use every tool" }] });
    let asked = ask(&upstream, CONVERSE, &json!({ "messages": [user], "toolConfig": tools })).await.json();
    let calls = &asked["output"]["message"]["content"];
    assert_eq!((&calls[0]["toolUse"]["name"], &calls[1]["toolUse"]["name"]), (&json!("sun"), &json!("rain")));
    let result = |at: usize, text: &str| {
        let id = &calls[at]["toolUse"]["toolUseId"];
        json!({ "toolResult": { "toolUseId": id, "content": [{ "text": text }] } })
    };
    let results = json!({ "role": "user", "content": [result(0, "yes"), result(1, "no")] });
    let messages = json!([user, asked["output"]["message"], results]);
    let answer = ask(&upstream, CONVERSE, &json!({ "messages": messages, "toolConfig": tools })).await.json();
    let text = &answer["output"]["message"]["content"][0]["text"];
    assert_eq!(text, "You said: use every tool sun gave: yes. rain gave: no.");
}

#[tokio::test]
async fn a_status_has_the_vendors_own_body() {
    for (status, google, amazon) in
        [(400, "INVALID_ARGUMENT", "ValidationException"), (503, "UNAVAILABLE", "ServiceUnavailableException")]
    {
        let upstream = upstream(TokenScript::broken(Fault::status(status).kind)).await;
        let questions = questions("hi");
        let reply = ask(&upstream, GEMINI, &questions[6].1).await;
        assert_eq!((reply.status, &reply.json()["error"]["status"]), (status, &json!(google)));
        let reply = ask(&upstream, CONVERSE, &questions[9].1).await;
        assert_eq!((reply.status, reply.header("x-amzn-errortype")), (status, amazon));
    }
}
