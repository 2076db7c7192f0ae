//! What is no conversation between callers and providers that speak different protocols: pictures, rankings, lists of
//! models, numbers of LLM tokens.

use claviger_testkit::{Fault, FaultKind, Reply, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Gateway, Provider, Request, form, get, launch, post, soon, tokens};

/// A gateway before a provider that answers as written: method, path, body.
async fn before(kind: &str, lines: &[&str], replies: &[(&str, &str, Value)]) -> (Running, Gateway) {
    let script = replies.iter().fold(Script::accepting_all(), |script, (method, path, body)| {
        script.reply(Reply::new(method, path, body.to_string()).header("content-type", "application/json"))
    });
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::of_type("main", kind, provider.addr()).tokens(&tokens(1));
    let entry = lines.iter().fold(entry, |entry, line| entry.line(line));
    (provider, launch(&Config::default().provider(entry)).await)
}

fn body(provider: &Running) -> Value {
    serde_json::from_slice(&provider.seen().pop().unwrap().body).unwrap()
}

#[tokio::test]
async fn pictures_are_drawn_by_gemini_models_and_imagen() {
    let drawn = json!({
        "candidates": [{ "content": { "parts": [{ "inlineData": { "mimeType": "image/png", "data": "AAAA" } }] } }],
        "usageMetadata": { "promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5 },
    });
    let predicted = json!({ "predictions": [{ "bytesBase64Encoded": "BBBB" }] });
    let (provider, gateway) = before(
        "gemini",
        &[],
        &[
            ("POST", "/v1beta/models/gemini-2.5-flash-image:generateContent", drawn),
            ("POST", "/v1beta/models/imagen-4:predict", predicted),
        ],
    )
    .await;
    let asked = |model: &str| json!({ "model": model, "prompt": "A quay", "quality": "high" });
    let answer = gateway.ask(&post("/v1/images/generations", &asked("gemini-2.5-flash-image"))).await;
    assert_eq!((answer.status, &answer.json()["data"]), (200, &json!([{ "b64_json": "AAAA" }])), "{}", answer.text());
    assert_eq!(answer.header("x-claviger-dropped"), Some("quality"));
    assert_eq!(gateway.receipt(&answer).await["usage"]["input"], 3);
    let answer = gateway.ask(&post("/v1/images/generations", &asked("imagen-4"))).await;
    assert_eq!(answer.json()["data"], json!([{ "b64_json": "BBBB" }]), "{}", answer.text());
    let parts: [(&str, &str, &[u8]); 3] =
        [("model", "", b"gemini-2.5-flash-image"), ("prompt", "", b"Add a gull"), ("image", "a.png", b"bytes")];
    let answer = gateway.ask(&form("/v1/images/edits", &parts)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = body(&provider);
    assert_eq!(sent["contents"][0]["parts"][0]["inlineData"]["data"], "Ynl0ZXM=");
    assert_eq!(provider.seen().pop().unwrap().header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn pictures_held_back_are_the_callers_concern_and_asked_for_once() {
    let told = json!([{ "text": "I cannot draw that." }]);
    let held = json!({ "candidates": [{ "content": { "parts": told }, "finishReason": "STOP" }] });
    let path = "/v1beta/models/gemini-2.5-flash-image:generateContent";
    let (provider, gateway) = before("gemini", &[], &[("POST", path, held)]).await;
    let asked = json!({ "model": "gemini-2.5-flash-image", "prompt": "A quay" });
    let answer = gateway.ask(&post("/v1/images/generations", &asked)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "content_policy_violation"), "{}", answer.text());
    assert_eq!(provider.seen().len(), 1);
}

#[tokio::test]
async fn text_is_spoken_and_speech_written_down_by_gemini_models() {
    let sound = json!({ "inlineData": { "mimeType": "audio/L16;codec=pcm;rate=24000", "data": "AQACAA==" } });
    let answer = |part: &Value| json!({ "candidates": [{ "content": { "parts": [part] }, "finishReason": "STOP" }] });
    let paths = ["tts", "flash"].map(|model| format!("/v1beta/models/{model}:generateContent"));
    let replies = [
        ("POST", paths[0].as_str(), answer(&sound)),
        ("POST", paths[1].as_str(), answer(&json!({ "text": "Next stop: Valga.\n" }))),
    ];
    let (provider, gateway) = before("gemini", &[], &replies).await;
    let asked = json!({ "model": "tts", "input": "Hello", "voice": "alloy", "response_format": "pcm" });
    let spoken = gateway.ask(&post("/v1/audio/speech", &asked)).await;
    assert_eq!((spoken.status, spoken.header("content-type")), (200, Some("audio/pcm")), "{}", spoken.text());
    assert_eq!((spoken.body.as_slice(), spoken.header("x-claviger-dropped")), (&[1, 0, 2, 0][..], Some("voice")));
    let parts: [(&str, &str, &[u8]); 3] =
        [("model", "", b"flash"), ("file", "a.wav", b"sound"), ("response_format", "", b"text")];
    let written = gateway.ask(&form("/v1/audio/transcriptions", &parts)).await;
    assert_eq!((written.status, written.text().as_str()), (200, "Next stop: Valga.\n"));
    assert_eq!(written.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(body(&provider)["contents"][0]["parts"][0]["inlineData"]["mimeType"], "audio/wav");
}

#[tokio::test]
async fn text_is_spoken_by_qwens_models_from_the_samples_of_their_events() {
    let event = |data: &str, finish: &str| {
        let audio = json!({ "data": data, "url": "" });
        format!("data:{}\n\n", json!({ "output": { "finish_reason": finish, "audio": audio }, "request_id": "r" }))
    };
    let events = event("AQACAA==", "null") + &event("//8=", "null") + &event("", "stop");
    let path = "/api/v1/services/aigc/multimodal-generation/generation";
    let script =
        Script::accepting_all().reply(Reply::new("POST", path, events).header("content-type", "text/event-stream"));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::of_type("main", "qwen", provider.addr()).tokens(&tokens(1));
    let gateway = launch(&Config::default().provider(entry)).await;
    let asked = json!({ "model": "qwen3-tts-flash", "input": "Hello", "voice": "Ethan", "response_format": "pcm" });
    let spoken = gateway.ask(&post("/v1/audio/speech", &asked)).await;
    assert_eq!((spoken.status, spoken.header("content-type")), (200, Some("audio/pcm")), "{}", spoken.text());
    assert_eq!(spoken.body.as_slice(), [1, 0, 2, 0, 255, 255]);
    let sent = provider.seen().pop().unwrap();
    assert_eq!(sent.header("x-dashscope-sse"), Some("enable"));
    assert_eq!(body(&provider)["input"], json!({ "text": "Hello", "voice": "Ethan" }));
    let other = json!({ "model": "qwen-plus", "input": "Hello", "voice": "Ethan" });
    assert_eq!(gateway.ask(&post("/v1/audio/speech", &other)).await.status, 404);
}

#[tokio::test]
async fn geminis_callers_embed_with_providers_of_other_protocols() {
    let vector = json!({ "object": "embedding", "index": 0, "embedding": [0.5, -1.0] });
    let openais = json!({ "object": "list", "data": [vector], "usage": { "prompt_tokens": 3, "total_tokens": 3 } });
    let lines = ["modelMapping: { \"*\": text-embedding-3-small }"];
    let (provider, gateway) = before("openai", &lines, &[("POST", "/v1/embeddings", openais)]).await;
    let content = json!({ "parts": [{ "text": "a quay" }] });
    let one = json!({ "model": "models/embed", "content": content, "outputDimensionality": 2 });
    let answer = gateway.ask(&post("/v1beta/models/embed:embedContent", &one)).await;
    assert_eq!((answer.status, &answer.json()["embedding"]["values"]), (200, &json!([0.5, -1.0])), "{}", answer.text());
    let sent = body(&provider);
    assert_eq!((&sent["model"], &sent["dimensions"]), (&json!("text-embedding-3-small"), &json!(2)), "{sent}");
    let several = json!({ "requests": [{ "model": "models/embed", "content": content }] });
    let answer = gateway.ask(&post("/v1beta/models/embed:batchEmbedContents", &several)).await;
    assert_eq!(answer.json()["embeddings"], json!([{ "values": [0.5, -1.0] }]), "{}", answer.text());
    assert_eq!(provider.seen().pop().unwrap().path, "/v1/embeddings");
}

#[tokio::test]
async fn rankings_reach_providers_under_their_own_name_and_shape() {
    let asked = json!({ "model": "gte-rerank", "query": "q", "documents": ["a", "b"] });
    let native =
        json!({ "output": { "results": [{ "index": 1, "relevance_score": 0.5 }] }, "usage": { "total_tokens": 4 } });
    let path = "/api/v1/services/rerank/text-rerank/text-rerank";
    let (provider, gateway) = before("qwen", &["qwenEnableCompatible: false"], &[("POST", path, native)]).await;
    for path in ["/v1/rerank", "/v2/rerank", "/rerank", "/v1/reranks"] {
        let answer = gateway.ask(&post(path, &asked)).await;
        assert_eq!(answer.json()["results"], json!([{ "index": 1, "relevance_score": 0.5 }]), "{}", answer.text());
        assert_eq!(body(&provider)["input"]["documents"], json!(["a", "b"]));
    }
    let flat = json!({ "results": [] });
    let (provider, gateway) = before("qwen", &[], &[("POST", "/compatible-api/v1/reranks", flat)]).await;
    let request = post("/v1/rerank", &asked);
    assert_eq!(gateway.ask(&request).await.status, 200);
    let seen = provider.seen().pop().unwrap();
    assert_eq!((seen.path.as_str(), seen.body.as_ref()), ("/compatible-api/v1/reranks", request.body.as_slice()));
}

#[tokio::test]
async fn a_ranking_of_the_second_version_passes_to_it_and_one_of_the_first_is_told_in_its_shape() {
    let coheres = json!({ "id": "r", "results": [{ "index": 1, "relevance_score": 0.5 }] });
    let replies = [("POST", "/v2/rerank", coheres.clone()), ("POST", "/v1/rerank", coheres.clone())];
    let second = json!({ "model": "rerank-v4", "query": "q", "documents": ["a", "b"], "priority": 3 });
    let sent = async |lines: &[&str], path: &str| {
        let (provider, gateway) = before("cohere", lines, &replies).await;
        let answer = gateway.ask(&post(path, &second)).await;
        assert_eq!((answer.status, &answer.json()["results"]), (200, &coheres["results"]), "{}", answer.text());
        (provider.seen().pop().unwrap().path, body(&provider), answer.header("x-claviger-dropped").map(str::to_owned))
    };
    for lines in [&[][..], &["apiVersion: v2"]] {
        assert_eq!(sent(lines, "/v2/rerank").await, ("/v2/rerank".to_owned(), second.clone(), None));
    }
    for path in ["/v1/rerank", "/rerank"] {
        let (sent_to, _, dropped) = sent(&["apiVersion: v2"], path).await;
        assert_eq!((sent_to.as_str(), dropped.as_deref()), ("/v2/rerank", Some("priority")));
        assert_eq!(sent(&[], path).await, ("/v1/rerank".to_owned(), second.clone(), None));
    }
    let (provider, gateway) = before("vllm", &[], &[]).await;
    gateway.ask(&post("/rerank", &second)).await;
    gateway.ask(&post("/v2/rerank", &second)).await;
    let paths: Vec<String> = provider.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/rerank", "/v1/rerank"]);
}

#[tokio::test]
async fn several_texts_are_embedded_one_by_one_where_a_request_holds_one() {
    let one = json!({ "embedding": [0.5, -1.0], "inputTextTokenCount": 3 });
    let path = "/model/amazon.titan-embed-text-v2%3A0/invoke";
    let lines = ["awsRegion: us-east-1"];
    let (provider, gateway) = before("bedrock", &lines, &[("POST", path, one)]).await;
    let texts: Vec<String> = (0..20).map(|at| format!("text {at}")).collect();
    let asked = json!({ "model": "amazon.titan-embed-text-v2:0", "input": texts, "dimensions": 256 });
    let answer = gateway.ask(&post("/v1/embeddings", &asked)).await;
    let told = answer.json();
    assert_eq!((answer.status, told["data"].as_array().map(Vec::len)), (200, Some(20)), "{told}");
    assert_eq!((&told["data"][19]["index"], &told["usage"]["prompt_tokens"]), (&json!(19), &json!(60)));
    let receipt = gateway.receipt(&answer).await;
    assert_eq!((&receipt["usage"]["input"], receipt["attempts"].as_array().map(Vec::len)), (&json!(60), Some(1)));
    let seen = provider.seen();
    let sent = seen.iter().map(|seen| serde_json::from_slice::<Value>(&seen.body).unwrap());
    let mut sent: Vec<Value> = sent.collect();
    assert!(sent.iter().all(|body| body["dimensions"] == 256));
    sent.sort_by_key(|body| body["inputText"].as_str().unwrap()[5..].parse::<u32>().unwrap());
    let sent: Vec<&str> = sent.iter().map(|body| body["inputText"].as_str().unwrap()).collect();
    assert_eq!(sent, texts);
}

#[tokio::test]
async fn several_requests_for_one_answer_go_to_the_next_token_together() {
    let tokens = tokens(2);
    let vectors = json!({ "embeddings": [{ "values": [0.5, -1.0] }] }).to_string();
    let path = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    for refused in 0..2 {
        let script = Script::new()
            .token(&tokens[refused], TokenScript::status(401))
            .token(&tokens[1 - refused], TokenScript::healthy())
            .reply(Reply::new("POST", path, vectors.clone()).header("content-type", "application/json"));
        let provider = ScriptedUpstream::start(script).await.unwrap();
        let entry = Provider::of_type("main", "gemini", provider.addr()).tokens(&tokens);
        let gateway = launch(&Config::default().provider(entry)).await;
        let texts = vec!["a quay"; 201];
        let asked = json!({ "model": "gemini-embedding-001", "input": texts });
        let answer = gateway.ask(&post("/v1/embeddings", &asked)).await;
        assert_eq!(
            (answer.status, answer.json()["data"].as_array().map(Vec::len)),
            (200, Some(3)),
            "{}",
            answer.text()
        );
    }
    let (_provider, gateway) = before("gemini", &[], &[]).await;
    let asked = json!({ "model": "gemini-embedding-001", "input": vec!["a"; 2049] });
    let answer = gateway.ask(&post("/v1/embeddings", &asked)).await;
    assert!(answer.status == 400 && answer.text().contains("more than 2048"), "{}", answer.text());
}

#[tokio::test]
async fn a_refusal_of_one_of_several_requests_does_not_wait_for_slower_ones() {
    let tokens = tokens(2);
    let vectors = json!({ "embeddings": [{ "values": [0.5, -1.0] }] }).to_string();
    let path = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    let stalled = Fault::from(FaultKind::StallHead).to_request(1);
    let script = Script::new()
        .token(&tokens[0], TokenScript::healthy().fault(stalled).fault(Fault::status(401)))
        .token(&tokens[1], TokenScript::healthy())
        .reply(Reply::new("POST", path, vectors).header("content-type", "application/json"));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::of_type("main", "gemini", provider.addr()).tokens(&tokens);
    let gateway = launch(&Config::default().provider(entry.line("selection: { strategy: priority }"))).await;
    let asked = json!({ "model": "gemini-embedding-001", "input": vec!["a quay"; 1501] });
    let answer = soon("the next token answers", gateway.ask(&post("/v1/embeddings", &asked))).await;
    let answers = answer.json()["data"].as_array().map(Vec::len);
    assert_eq!((answer.status, answers), (200, Some(16)), "{}", answer.text());
    assert!(provider.count(&tokens[0]) <= 8, "{}: no more once one is refused", provider.count(&tokens[0]));
}

#[tokio::test]
async fn models_are_listed_in_the_callers_shape() {
    let googles = json!({ "models": [{ "name": "models/gemini-x", "displayName": "Gemini X" }] });
    let (_provider, gateway) = before("gemini", &[], &[("GET", "/v1beta/models", googles.clone())]).await;
    let gateway = &gateway;
    let listed = async |request: Request| gateway.ask(&request).await.json();
    let openai = listed(get("/v1/models")).await;
    assert_eq!((&openai["object"], &openai["data"][0]["id"]), (&json!("list"), &json!("gemini-x")), "{openai}");
    let anthropic = listed(get("/v1/models").header("anthropic-version", "2023-06-01")).await;
    assert_eq!((&anthropic["first_id"], &anthropic["data"][0]["type"]), (&json!("gemini-x"), &json!("model")));
    assert_eq!(listed(get("/v1beta/models")).await, googles, "the provider's own");
    let one = listed(get("/v1/models/gemini-x").header("anthropic-version", "2023-06-01")).await;
    assert_eq!(one["display_name"], "Gemini X");
}

#[tokio::test]
async fn llm_tokens_are_counted_by_providers_of_other_protocols() {
    let path = "/v1beta/models/gemini-2.5-flash:countTokens";
    let lines = ["modelMapping: { \"*\": gemini-2.5-flash }"];
    let (provider, gateway) = before("gemini", &lines, &[("POST", path, json!({ "totalTokens": 41 }))]).await;
    let asked =
        json!({ "model": "claude-x", "messages": [{ "role": "user", "content": "how many" }], "max_tokens": 9 });
    let answer = gateway.ask(&post("/v1/messages/count_tokens", &asked)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "input_tokens": 41 })));
    let sent = body(&provider);
    assert_eq!(sent["generateContentRequest"]["model"], "models/gemini-2.5-flash", "{sent}");
    assert_eq!(sent["generateContentRequest"]["contents"][0]["parts"][0]["text"], "how many");

    let counted = json!({ "input_tokens": 7 });
    let (provider, gateway) = before("claude", &[], &[("POST", "/v1/messages/count_tokens", counted)]).await;
    let asked = json!({ "contents": [{ "role": "user", "parts": [{ "text": "how many" }] }] });
    let answer = gateway.ask(&post("/v1beta/models/claude-x:countTokens", &asked)).await;
    assert_eq!(answer.json(), json!({ "totalTokens": 7 }));
    let sent = body(&provider);
    assert_eq!((&sent["model"], &sent["max_tokens"]), (&json!("claude-x"), &Value::Null), "{sent}");

    let path = "/v1/publishers/google/models/gemini-x:countTokens";
    let (provider, gateway) = before("vertex", &[], &[("POST", path, json!({ "totalTokens": 3 }))]).await;
    let answer = gateway.ask(&post("/v1beta/models/gemini-x:countTokens", &asked)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "totalTokens": 3 })), "{:?}", provider.seen());
}

#[tokio::test]
async fn claude_on_vertex_counts_in_its_own_place() {
    let path = "/v1/publishers/anthropic/models/count-tokens:rawPredict";
    let lines = ["modelMapping: { \"*\": claude-sonnet-4-5@20250929 }"];
    let (provider, gateway) = before("vertex", &lines, &[("POST", path, json!({ "input_tokens": 14 }))]).await;
    let named = json!("claude-sonnet-4-5@20250929");
    let asked =
        json!({ "model": "any", "system": "Be brief", "messages": [{ "role": "user", "content": "how many" }] });
    let answer = gateway.ask(&post("/v1/messages/count_tokens", &asked)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "input_tokens": 14 })), "{:?}", provider.seen());
    let mut expected = asked.clone();
    (expected["model"], expected["anthropic_version"]) = (named.clone(), json!("vertex-2023-10-16"));
    assert_eq!(body(&provider), expected);
    let geminis = json!({ "contents": [{ "role": "user", "parts": [{ "text": "how many" }] }] });
    let answer = gateway.ask(&post("/v1beta/models/any:countTokens", &geminis)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "totalTokens": 14 })), "{:?}", provider.seen());
    let sent = body(&provider);
    assert_eq!((&sent["model"], &sent["anthropic_version"]), (&named, &json!("vertex-2023-10-16")), "{sent}");
    assert_eq!(sent["messages"], asked["messages"], "{sent}");

    let (_provider, gateway) = before("vertex", &lines, &[("POST", path, json!({ "error": { "code": 404 } }))]).await;
    let answer = gateway.ask(&post("/v1/messages/count_tokens", &asked)).await;
    assert!(answer.json()["input_tokens"].as_u64().is_some_and(|count| count > 0), "an estimate: {}", answer.text());
}
