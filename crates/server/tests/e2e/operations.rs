//! Every operation of the OpenAI dialect, by its path.

use claviger_testkit::{Fault, FaultKind, Reply, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Gateway, Provider, Request, Wire, chat, form, get, launch, post, token, tokens};

const SOUND: &[u8] = b"RIFF\x00\xff\x00\x01\r\n--not-a-boundary\r\n\x80\x81 sound";

/// Requests whose answers depend on nothing but themselves.
fn stateless() -> Vec<Request> {
    let responses = json!({"model": "gpt-4o-mini", "input": "tell me"});
    let streamed = json!({"model": "gpt-4o-mini", "input": "tell me", "stream": true});
    let completion = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "once"});
    let rerank = json!({"model": "rerank-1", "query": "a b", "documents": ["a", "b c", "a b"]});
    let speech = json!({"model": "tts-1", "input": "say it", "voice": "alloy"});
    let draw = json!({"model": "gpt-image-1", "prompt": "a cat"});
    let file: (&str, &str, &[u8]) = ("file", "a.wav", SOUND);
    let image: (&str, &str, &[u8]) = ("image", "a.png", b"\x89PNG\r\n\x1a\n\x00");
    vec![
        chat("tell me"),
        post("/v1/completions", &completion),
        post("/v1/embeddings", &json!({"model": "text-embedding-3-small", "input": ["a", "b"]})),
        post("/v1/moderations", &json!({"model": "omni-moderation-latest", "input": "flag me"})),
        post("/v1/images/generations", &draw),
        form("/v1/images/edits", &[("model", "", b"gpt-image-1"), image, ("prompt", "", b"a hat")]),
        form("/v1/images/variations", &[("model", "", b"dall-e-2"), image]),
        post("/v1/audio/speech", &speech),
        form("/v1/audio/transcriptions", &[("model", "", b"whisper-1"), file]),
        form("/v1/audio/translations", &[file, ("model", "", b"whisper-1")]),
        post("/v1/responses", &responses),
        post("/v1/responses", &streamed),
        post("/v1/rerank", &rerank),
        get("/v1/models"),
        get("/v1/models/gpt-4o"),
        get("/v1/models?after=x&limit=2"),
    ]
}

async fn pair(behaviour: &TokenScript, count: usize) -> (Running, Gateway) {
    let script = tokens(count).into_iter().fold(Script::new(), |script, one| script.token(one, behaviour.clone()));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(count))).await;
    (provider, gateway)
}

#[tokio::test]
async fn every_operation_passes_both_ways_as_it_is() {
    let (provider, gateway) = pair(&TokenScript::healthy(), 1).await;
    let reference = ScriptedUpstream::start(Script::accepting_all()).await.unwrap();
    for request in stateless() {
        let what = format!("{} {}", request.method, request.path);
        let direct = Wire::open(reference.addr()).await.ask(&request.clone().bearer(&token(0))).await;
        let through = gateway.ask(&request).await;
        assert_eq!(direct.status, 200, "{what}: the test is wrong: {}", direct.text());
        assert_eq!((through.status, &through.body), (direct.status, &direct.body), "{what}: {}", through.text());
        assert_eq!(through.header("content-type"), direct.header("content-type"), "{what}");
        let seen = provider.seen().pop().unwrap();
        assert_eq!((seen.method.as_str(), &seen.path), (request.method.as_str(), &request.path));
        assert_eq!(seen.body.as_ref(), request.body.as_slice(), "{what}");
        assert_eq!(seen.token, token(0));
        assert_eq!(gateway.receipt(&through).await["end"], "complete", "{what}");
    }
}

#[tokio::test]
async fn every_operation_goes_on_with_two_of_three_tokens_refused() {
    let mut script = Script::new().healthy(tokens(3)).token(token(0), TokenScript::status(401));
    let limited = TokenScript::healthy().fault(Fault::status(429).header("retry-after", "600"));
    script = script.token(token(1), limited);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    for request in stateless() {
        let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
        let answer = gateway.ask(&request).await;
        assert_eq!(answer.status, 200, "{} {}: {}", request.method, request.path, answer.text());
    }
}

#[tokio::test]
async fn an_empty_answer_to_a_question_for_vectors_is_none() {
    let empty = TokenScript::broken(FaultKind::EmptyStream);
    let script = Script::new().token(token(0), empty).healthy([token(1)]);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let main = Provider::of_type("main", "gemini", provider.addr()).tokens(&tokens(2));
    let gateway = launch(&Config::default().provider(main.line("selection: { strategy: priority }"))).await;
    let content = json!({"content": {"parts": [{"text": "hello"}]}});
    let answer = gateway.ask(&post("/v1beta/models/gemini-embedding-001:embedContent", &content)).await;
    assert!(answer.status == 200 && answer.json()["embedding"]["values"].is_array(), "{}", answer.text());
    assert_eq!((provider.count(&token(0)), provider.count(&token(1))), (1, 1));
}

#[tokio::test]
async fn stored_objects_stay_with_the_token_that_made_them() {
    let (provider, gateway) = pair(&TokenScript::healthy(), 4).await;
    let mut files = Vec::new();
    for number in 0..8 {
        let content = format!("{{\"line\": {number}}}\n");
        let upload = form("/v1/files", &[("purpose", "", b"batch"), ("file", "in.jsonl", content.as_bytes())]);
        let made = gateway.ask(&upload).await;
        assert_eq!(made.status, 200, "{}", made.text());
        files.push((made.json()["id"].as_str().unwrap().to_owned(), content));
    }
    for (id, content) in &files {
        assert_eq!(gateway.ask(&get(&format!("/v1/files/{id}"))).await.json()["id"], id.as_str());
        assert_eq!(gateway.ask(&get(&format!("/v1/files/{id}/content"))).await.text(), *content);
        let make = json!({"input_file_id": id, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
        let batch = gateway.ask(&post("/v1/batches", &make)).await;
        assert_eq!(batch.status, 200, "{}", batch.text());
        let batch = batch.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(gateway.ask(&get(&format!("/v1/batches/{batch}"))).await.status, 200);
        assert_eq!(gateway.ask(&post(&format!("/v1/batches/{batch}/cancel"), &Value::Null)).await.status, 200);
        let tune = json!({"training_file": id, "model": "gpt-4o-mini"});
        let job = gateway.ask(&post("/v1/fine_tuning/jobs", &tune)).await.json()["id"].as_str().unwrap().to_owned();
        for more in ["", "/events", "/checkpoints"] {
            assert_eq!(gateway.ask(&get(&format!("/v1/fine_tuning/jobs/{job}{more}"))).await.status, 200);
        }
        for action in ["pause", "resume", "cancel"] {
            let act = post(&format!("/v1/fine_tuning/jobs/{job}/{action}"), &json!({}));
            assert_eq!(gateway.ask(&act).await.status, 200, "{action}");
        }
    }
    let gone = gateway.ask(&get(&format!("/v1/files/{}", files[0].0)).method("DELETE")).await;
    assert_eq!((gone.status, &gone.json()["deleted"]), (200, &json!(true)));
    let mut holders: Vec<String> = provider.seen().into_iter().map(|seen| seen.token).collect();
    holders.sort();
    holders.dedup();
    assert!(holders.len() > 1, "uploads are spread over the tokens");
    let wrong = provider.seen().iter().filter(|seen| seen.status == Some(404)).count();
    assert_eq!(wrong, 0, "nobody was asked for what another holds");
}

#[tokio::test]
async fn videos_and_responses_stay_with_the_token_that_made_them() {
    let (_provider, gateway) = pair(&TokenScript::healthy(), 3).await;
    for _ in 0..4 {
        let film = gateway.ask(&post("/v1/videos", &json!({"model": "sora-2", "prompt": "rain"}))).await;
        let id = film.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(gateway.ask(&get(&format!("/v1/videos/{id}"))).await.status, 200);
        let content = gateway.ask(&get(&format!("/v1/videos/{id}/content"))).await;
        assert!(content.body.ends_with(b"\xff\xfe"), "binary answers pass");
        let remix = post(&format!("/v1/videos/{id}/remix"), &json!({"prompt": "more rain"}));
        assert_eq!(gateway.ask(&remix).await.status, 200);
        let made = gateway.ask(&post("/v1/responses", &json!({"model": "gpt-4o-mini", "input": "remember"}))).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(gateway.ask(&get(&format!("/v1/responses/{id}"))).await.status, 200);
        let next = json!({"model": "gpt-4o-mini", "input": "go on", "previous_response_id": id});
        assert_eq!(gateway.ask(&post("/v1/responses", &next)).await.status, 200);
    }
}

#[tokio::test]
async fn an_object_that_nobody_remembers_is_sought() {
    let (provider, gateway) = pair(&TokenScript::healthy(), 3).await;
    let upload = form("/v1/files", &[("purpose", "", b"batch"), ("file", "in.jsonl", b"{}\n")]);
    // put there past the gateway
    let made = Wire::open(provider.addr()).await.ask(&upload.bearer(&token(2))).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(gateway.ask(&get(&format!("/v1/files/{id}"))).await.status, 200);
    let nowhere = gateway.ask(&get("/v1/files/file-nowhere")).await;
    assert_eq!(nowhere.status, 404, "{}", nowhere.text());
    assert_eq!(gateway.standings().await, ["ready"; 3], "a missing object is nobody's fault");
}

#[tokio::test]
async fn an_unknown_path_goes_through_the_same_engine() {
    let reply = Reply::new("POST", "/v1/brand/new", r#"{"ok": true}"#).header("content-type", "application/json");
    let script = Script::new().healthy(tokens(2)).token(token(0), TokenScript::status(401)).reply(reply);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(2))).await;
    for _ in 0..3 {
        let answer = gateway.ask(&post("/v1/brand/new?x=1%20y", &json!(["any", "json"]))).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"ok": true}"#));
    }
    assert_eq!(provider.seen().last().unwrap().path, "/v1/brand/new?x=1%20y");
    assert_eq!(provider.count(&token(0)), 1);
}

#[tokio::test]
async fn a_path_that_the_provider_does_not_have_harms_nobody() {
    let (provider, gateway) = pair(&TokenScript::healthy(), 2).await;
    for path in ["/v1/brand/unknown", "/v1/brand/unknown", "/v1/other"] {
        let answer = gateway.ask(&get(path)).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert_eq!(answer.json()["error"]["message"], format!("Invalid URL (GET {path})"));
    }
    assert!(provider.seen().len() <= 6, "{} requests for a path that nobody has", provider.seen().len());
    // requests that name no model either
    assert_eq!(gateway.ask(&get("/v1/files")).await.status, 200);
    assert_eq!(gateway.ask(&get("/v1/models")).await.status, 200);
    assert_eq!(gateway.standings().await, ["ready"; 2]);
}

#[tokio::test]
async fn a_model_that_no_token_has_is_told_in_the_providers_words() {
    let (provider, gateway) = pair(&TokenScript::healthy(), 3).await;
    let ask = post(
        "/v1/chat/completions",
        &json!({"model": "no-such-model", "messages": [{"role": "user", "content": "x"}]}),
    );
    for _ in 0..3 {
        let answer = gateway.ask(&ask).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "model_not_found"), "{}", answer.text());
    }
    assert!(provider.seen().len() <= 6, "{} requests for a model that nobody has", provider.seen().len());
    gateway.still_serves().await;
}

#[tokio::test]
async fn routes_that_name_their_models_are_what_is_offered() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(1))).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(1)).route("match: { models: [\"gpt-4o\", \"gpt-4o-mini\"] }");
    let gateway = launch(&config).await;
    let list = gateway.ask(&get("/v1/models")).await.json();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["gpt-4o", "gpt-4o-mini"]);
    assert_eq!(gateway.ask(&get("/v1/models/gpt-4o")).await.json()["id"], "gpt-4o");
    assert_eq!(gateway.ask(&get("/v1/models/other")).await.status, 404);
}

/// A masked text frame, as clients must send it.
fn frame(text: &str) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    let body = text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [0x81, 0x80 | length].into_iter().chain(mask).chain(body).collect()
}

/// The payload of the next text frame from a server.
async fn payload(wire: &mut Wire) -> Value {
    let head = wire.raw(2).await;
    assert_eq!(head[0], 0x81, "one whole text frame");
    let length = match head[1] {
        126 => {
            let long = wire.raw(2).await;
            usize::from(u16::from_be_bytes([long[0], long[1]]))
        }
        short => usize::from(short),
    };
    serde_json::from_slice(&wire.raw(length).await).unwrap()
}

#[tokio::test]
async fn a_websocket_is_spliced_both_ways_past_dead_tokens() {
    let dead = TokenScript::status(401);
    let script =
        (0..4).fold(Script::new().token(token(4), TokenScript::healthy()), |s, n| s.token(token(n), dead.clone()));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(5))).await;
    let mut wire = gateway.wire().await;
    let upgrade = get("/v1/realtime?model=gpt-realtime")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("x-request-id", "the-socket");
    wire.send(&upgrade).await;
    let (status, headers, _) = wire.head().await.expect("an answer to the upgrade");
    assert_eq!(status, 101);
    let accept = headers.iter().find(|(name, _)| name == "sec-websocket-accept").map(|(_, value)| value.as_str());
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the example of RFC 6455");
    let created = payload(&mut wire).await;
    assert_eq!((&created["type"], &created["session"]["model"]), (&json!("session.created"), &json!("gpt-realtime")));
    for number in 0..3 {
        let event = format!(r#"{{"type":"session.update","session":{{"n":{number}}}}}"#);
        wire.write(&frame(&event)).await;
        let updated = payload(&mut wire).await;
        assert_eq!((&updated["type"], &updated["session"]["n"]), (&json!("session.updated"), &json!(number)));
    }
    assert_eq!(gateway.in_flight().await, 1);
    drop(wire);
    gateway.idle().await;
    let receipt = gateway.receipt_of("the-socket").await;
    assert_eq!((&receipt["status"], &receipt["end"]), (&json!(101), &json!("complete")), "{receipt}");
    let last = receipt["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["verdict"], &last["status"]), (&json!("good"), &json!(101)), "{receipt}");
}
