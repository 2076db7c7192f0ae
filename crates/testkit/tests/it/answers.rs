//! The healthy answers: shapes, echoes, and objects only their maker sees.

use bytes::Bytes;
use claviger_testkit::{Reply as Canned, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::client::{Reply, get, post, request, send};

async fn upstream() -> Running {
    ScriptedUpstream::start(Script::new().healthy(["sk-a", "sk-b"])).await.expect("a port")
}

async fn ask(upstream: &Running, path: &str, body: &Value) -> Reply {
    send(upstream.addr(), post(path, "sk-a", body)).await.expect("an answer")
}

async fn look(upstream: &Running, method: &str, path: &str, token: &str) -> Reply {
    send(upstream.addr(), request(method, path, token, "text/plain", Bytes::new())).await.expect("an answer")
}

fn form(fields: &[(&str, &str)], file: &str) -> Bytes {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{file}\r\n--b--\r\n"
    ));
    body.into()
}

async fn send_form(upstream: &Running, path: &str, token: &str, body: Bytes) -> Reply {
    let asked = request("POST", path, token, "multipart/form-data; boundary=b", body);
    send(upstream.addr(), asked).await.expect("an answer")
}

fn messages() -> Value {
    json!([{ "role": "system", "content": "s" }, { "role": "user", "content": [{ "type": "text", "text": "hi you" }] }])
}

#[tokio::test]
async fn chat_echoes_the_last_user_message_n_times_and_counts_it() {
    let upstream = upstream().await;
    let answer = ask(&upstream, "/v1/chat/completions", &json!({ "model": "m", "n": 2, "messages": messages() })).await;
    let answer = answer.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: hi you");
    assert_eq!(answer["choices"][1]["message"]["content"], "You said: hi you (2)");
    assert_eq!((&answer["model"], &answer["usage"]["prompt_tokens"]), (&json!("m"), &json!(3)));
}

#[tokio::test]
async fn chat_streams_a_usage_chunk_when_asked() {
    let upstream = upstream().await;
    let body =
        json!({ "model": "m", "stream": true, "stream_options": { "include_usage": true }, "messages": messages() });
    let reply = ask(&upstream, "/v1/chat/completions", &body).await;
    let events = reply.events();
    assert_eq!((reply.said().as_str(), events.last()), ("You said: hi you", Some(&"[DONE]")));
    let usage: Value = serde_json::from_str(events[events.len() - 2]).expect("JSON");
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(7)));
    assert!(events[0].contains("\"usage\":null"));
}

#[tokio::test]
async fn a_tool_is_called_with_valid_arguments_until_its_result_comes() {
    let upstream = upstream().await;
    let tool = json!({ "type": "function", "function": { "name": "weather", "parameters": {
        "type": "object", "required": ["city", "unit"],
        "properties": { "city": { "type": "string" }, "unit": { "enum": ["c", "f"] }, "days": { "type": "integer" } } } } });
    let mut body = json!({ "model": "m", "messages": messages(), "tools": [tool] });
    let answer = ask(&upstream, "/v1/chat/completions", &body).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let call = &answer["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"], json!({ "name": "weather", "arguments": r#"{"city":"x","unit":"c"}"# }));
    body["stream"] = true.into();
    let reply = ask(&upstream, "/v1/chat/completions", &body).await;
    let deltas = reply.events().into_iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    let arguments: String = deltas
        .filter_map(|d| d["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(arguments, r#"{"city":"x","unit":"c"}"#);
    body["stream"] = false.into();
    body["messages"] =
        json!([{ "role": "user", "content": "q" }, { "role": "tool", "tool_call_id": "t", "content": "r" }]);
    let answer = ask(&upstream, "/v1/chat/completions", &body).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: q");
}

#[tokio::test]
async fn structured_output_is_an_instance_of_the_schema_also_of_a_recursive_one() {
    let upstream = upstream().await;
    let schema = json!({ "type": "object", "required": ["name", "age", "ok", "kind", "tags", "next"], "properties": {
        "name": { "type": "string" }, "age": { "type": ["integer", "null"], "minimum": 18 }, "ok": { "type": "boolean" },
        "kind": { "$ref": "#/$defs/kind" }, "tags": { "type": "array", "items": { "type": "number" } },
        "next": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] } },
        "$defs": { "kind": { "enum": ["first", "second"] } } });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": schema } });
    let body = json!({ "model": "m", "messages": messages(), "response_format": format });
    let answer = ask(&upstream, "/v1/chat/completions", &body).await.json();
    let made: Value =
        serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().expect("text")).expect("JSON");
    assert_eq!((&made["name"], &made["age"], &made["ok"]), (&json!("x"), &json!(18), &json!(true)));
    assert_eq!((&made["kind"], &made["tags"], &made["next"]["kind"]), (&json!("first"), &json!([1]), &json!("first")));
}

#[tokio::test]
async fn bad_requests_get_openais_words() {
    let upstream = upstream().await;
    for (body, status, code) in [
        (json!({ "messages": messages() }), 400, Value::Null),
        (json!({ "model": "m" }), 400, json!("missing_required_parameter")),
        (json!({ "model": "m", "messages": "hi" }), 400, json!("invalid_type")),
        (json!({ "model": "m", "messages": [] }), 400, json!("empty_array")),
        (json!({ "model": "no-such-model", "messages": messages() }), 404, json!("model_not_found")),
        (json!("not an object"), 400, Value::Null),
    ] {
        let reply = ask(&upstream, "/v1/chat/completions", &body).await;
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (status, &code), "{body}");
    }
    let reply = ask(&upstream, "/v1/nothing/here", &json!({})).await;
    assert_eq!(reply.json()["error"]["message"], "Invalid URL (POST /v1/nothing/here)");
}

#[tokio::test]
async fn completions_answer_each_prompt_whole_and_streamed() {
    let upstream = upstream().await;
    let body = json!({ "model": "m", "prompt": ["a b", "c"] });
    let answer = ask(&upstream, "/v1/completions", &body).await.json();
    assert_eq!((&answer["choices"][1]["text"], &answer["usage"]["prompt_tokens"]), (&json!("You said: c"), &json!(3)));
    let reply = ask(&upstream, "/v1/completions", &json!({ "model": "m", "prompt": [1, 2], "stream": true })).await;
    assert!(reply.events()[0].contains("text_completion") && reply.text().ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn embeddings_are_the_same_as_floats_and_as_base64() {
    let upstream = upstream().await;
    let mut body = json!({ "model": "m", "input": ["a", "b"], "dimensions": 4 });
    let floats = ask(&upstream, "/v1/embeddings", &body).await.json();
    body["encoding_format"] = "base64".into();
    let packed = ask(&upstream, "/v1/embeddings", &body).await.json();
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        packed["data"][1]["embedding"].as_str().expect("text"),
    );
    let values: Vec<f32> =
        bytes.expect("base64").chunks(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect();
    assert_eq!(floats["data"][1]["embedding"], json!(values));
    assert_ne!(floats["data"][0]["embedding"], floats["data"][1]["embedding"]);
}

#[tokio::test]
async fn images_audio_moderations_and_rerank_answer() {
    let upstream = upstream().await;
    let image = ask(&upstream, "/v1/images/generations", &json!({ "model": "m", "prompt": "p", "n": 2 })).await.json();
    assert!(image["data"][1]["b64_json"].as_str().is_some_and(|text| text.starts_with("iVBORw0KGgo")));
    let speech = ask(&upstream, "/v1/audio/speech", &json!({ "model": "m", "input": "hi", "voice": "alloy" })).await;
    assert_eq!((speech.header("content-type"), speech.body.len()), ("audio/mpeg", 1030));
    let heard = send_form(&upstream, "/v1/audio/transcriptions", "sk-a", form(&[("model", "m")], "12345")).await;
    assert_eq!(heard.json()["text"], "Heard a.bin of 5 bytes.");
    let fields = [("model", "m"), ("response_format", "text")];
    let heard = send_form(&upstream, "/v1/audio/translations", "sk-a", form(&fields, "1")).await;
    assert_eq!(heard.text(), "Heard a.bin of 1 bytes.\n");
    let judged = ask(&upstream, "/v1/moderations", &json!({ "input": ["fine", "flag me"] })).await.json();
    assert_eq!((&judged["results"][0]["flagged"], &judged["results"][1]["flagged"]), (&json!(false), &json!(true)));
    let body = json!({ "model": "m", "query": "red fox", "documents": ["blue", "red fox", "red"], "top_n": 2 });
    let ranked = ask(&upstream, "/v1/rerank", &body).await.json();
    assert_eq!((&ranked["results"][0]["index"], &ranked["results"][1]["index"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn responses_are_streamed_stored_and_continued_by_their_maker_only() {
    let upstream = upstream().await;
    let body = json!({ "model": "m", "input": "hello", "stream": true });
    let reply = ask(&upstream, "/v1/responses", &body).await;
    let events: Vec<Value> = reply.events().iter().map(|event| serde_json::from_str(event).expect("JSON")).collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(
        kinds[..4],
        ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]
    );
    assert_eq!(kinds.last(), Some(&"response.completed"));
    assert!(events.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
    let id = events[0]["response"]["id"].as_str().expect("an id");
    let path = format!("/v1/responses/{id}");
    assert_eq!(
        look(&upstream, "GET", &path, "sk-a").await.json()["output"][0]["content"][0]["text"],
        "You said: hello"
    );
    assert_eq!(look(&upstream, "GET", &path, "sk-b").await.status, 404);
    let more = json!({ "model": "m", "input": "more", "previous_response_id": id });
    assert_eq!(ask(&upstream, "/v1/responses", &more).await.status, 200);
    let other = send(upstream.addr(), post("/v1/responses", "sk-b", &more)).await.expect("an answer");
    assert_eq!(other.json()["error"]["code"], "previous_response_not_found");
    assert_eq!(look(&upstream, "DELETE", &path, "sk-a").await.json()["deleted"], true);
    assert_eq!(look(&upstream, "GET", &path, "sk-a").await.status, 404);
}

#[tokio::test]
async fn files_batches_jobs_and_videos_are_seen_by_their_maker_only() {
    let upstream = upstream().await;
    let made = send_form(&upstream, "/v1/files", "sk-a", form(&[("purpose", "batch")], "line")).await.json();
    let file = made["id"].as_str().expect("an id").to_owned();
    assert_eq!((&made["bytes"], &made["filename"], &made["purpose"]), (&json!(4), &json!("a.bin"), &json!("batch")));
    let content = look(&upstream, "GET", &format!("/v1/files/{file}/content"), "sk-a").await;
    assert_eq!(content.text(), "line");
    assert_eq!(look(&upstream, "GET", &format!("/v1/files/{file}"), "sk-b").await.status, 404);
    assert_eq!(look(&upstream, "GET", "/v1/files", "sk-b").await.json()["data"], json!([]));
    let batch = json!({ "input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h" });
    let other = send(upstream.addr(), post("/v1/batches", "sk-b", &batch)).await.expect("an answer");
    assert_eq!(other.status, 400);
    let batch = ask(&upstream, "/v1/batches", &batch).await.json();
    let path = format!("/v1/batches/{}/cancel", batch["id"].as_str().expect("an id"));
    assert_eq!(look(&upstream, "POST", &path, "sk-a").await.json()["status"], "cancelling");
    let job = ask(&upstream, "/v1/fine_tuning/jobs", &json!({ "model": "m", "training_file": file })).await.json();
    let path = format!("/v1/fine_tuning/jobs/{}/events", job["id"].as_str().expect("an id"));
    assert_eq!(look(&upstream, "GET", &path, "sk-a").await.json()["data"][0]["object"], "fine_tuning.job.event");
    let video = ask(&upstream, "/v1/videos", &json!({ "prompt": "a fox" })).await.json();
    let path = format!("/v1/videos/{}/content", video["id"].as_str().expect("an id"));
    assert_eq!(look(&upstream, "GET", &path, "sk-a").await.header("content-type"), "video/mp4");
    assert_eq!(look(&upstream, "DELETE", &format!("/v1/files/{file}"), "sk-a").await.json()["deleted"], true);
}

#[tokio::test]
async fn anthropic_messages_answer_whole_and_streamed() {
    let upstream = upstream().await;
    let mut body = json!({ "model": "claude", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi you" }] });
    let answer = ask(&upstream, "/anthropic/v1/messages", &body).await.json();
    assert_eq!((&answer["type"], &answer["content"][0]["text"]), (&json!("message"), &json!("You said: hi you")));
    body["stream"] = true.into();
    let reply = ask(&upstream, "/v1/messages", &body).await;
    let names: Vec<&str> = reply.text().lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(names[names.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    body["messages"] = Value::Null;
    assert_eq!(ask(&upstream, "/v1/messages", &body).await.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn models_are_listed_and_shown_under_any_base_path() {
    let upstream = upstream().await;
    let list = send(upstream.addr(), get("/compatible-mode/v1/models", "sk-a")).await.expect("an answer").json();
    assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
    assert_eq!(look(&upstream, "GET", "/v1/models/org/name", "sk-a").await.json()["id"], "org/name");
    assert_eq!(look(&upstream, "GET", "/v1/models/no-such-x", "sk-a").await.status, 404);
    let azure = "/openai/deployments/gpt-4o/chat/completions?api-version=1";
    assert_eq!(ask(&upstream, azure, &json!({ "model": "m", "messages": messages() })).await.status, 200);
}

#[tokio::test]
async fn a_canned_reply_comes_before_the_built_in_answer() {
    let canned = Canned::new("POST", "*/chat/completions", r#"{"mine":1}"#).status(201).header("x-mine", "yes");
    let script = Script::new().healthy(["sk-a"]).reply(canned);
    let upstream = ScriptedUpstream::start(script).await.expect("a port");
    let reply = ask(&upstream, "/v1/chat/completions", &json!({})).await;
    assert_eq!((reply.status, reply.header("x-mine"), reply.text()), (201, "yes", r#"{"mine":1}"#));
}

#[tokio::test]
async fn words_make_an_answer_long() {
    let script = Script::new().token("sk-a", TokenScript::healthy().words(50));
    let upstream = ScriptedUpstream::start(script).await.expect("a port");
    let body = json!({ "model": "m", "messages": messages(), "stream": true });
    assert_eq!(ask(&upstream, "/v1/chat/completions", &body).await.said().split_whitespace().count(), 50);
}
