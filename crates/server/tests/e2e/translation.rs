//! Callers and providers that speak different protocols.

use claviger_testkit::{CutHow, FaultKind, Reply, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Answer, Config, Ended, Gateway, Provider, Request, chat, launch, post, stream, token, tokens};

/// A message of an Anthropic caller.
fn message(text: &str) -> Request {
    messages(&json!({"messages": [{"role": "user", "content": text}]}))
}

fn message_stream(text: &str) -> Request {
    messages(&json!({"messages": [{"role": "user", "content": text}], "stream": true}))
}

fn messages(more: &Value) -> Request {
    let mut body = json!({"model": "claude-sonnet-4-5", "max_tokens": 100});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post("/v1/messages", &body).header("anthropic-version", "2023-06-01").header("x-stainless-lang", "js")
}

fn contents(contents: &str, action: &str) -> Request {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": contents}]}]});
    post(&format!("/v1beta/models/gpt-4o-mini:{action}"), &body)
}

async fn upstream(behaviour: &TokenScript, count: usize) -> Running {
    let script = tokens(count).into_iter().fold(Script::new(), |script, one| script.token(one, behaviour.clone()));
    ScriptedUpstream::start(script).await.unwrap()
}

/// A gateway before a provider that speaks Anthropic's protocol.
async fn claude(behaviour: TokenScript, route: &[&str]) -> (Running, Gateway) {
    let provider = upstream(&behaviour, 1).await;
    let config = Config::default().provider(Provider::of_type("main", "claude", provider.addr()).tokens(&tokens(1)));
    let gateway = launch(&route.iter().fold(config, |config, line| config.route(line))).await;
    (provider, gateway)
}

/// A gateway before a provider that speaks OpenAI's protocol.
async fn openai(behaviour: TokenScript) -> (Running, Gateway) {
    let provider = upstream(&behaviour, 1).await;
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    (provider, gateway)
}

/// Name and data of every event.
fn events(answer: &Answer) -> Vec<(String, Value)> {
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let read = |event: &String| {
        let data = serde_json::from_str(&field(event, "data:")).unwrap_or_default();
        (field(event, "event:"), data)
    };
    answer.events().iter().map(read).collect()
}

/// The text of a stream of Anthropic's.
fn told(answer: &Answer) -> String {
    events(answer).iter().filter_map(|(_, data)| data["delta"]["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn an_openai_caller_talks_to_claude() {
    let (provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    let answer = gateway.ask(&chat("hello there").header("openai-organization", "org")).await;
    assert_eq!((answer.status, answer.said()), (200, "You said: hello there".to_owned()), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!((&body["object"], &body["choices"][0]["finish_reason"]), (&json!("chat.completion"), &json!("stop")));
    assert!(body["usage"]["prompt_tokens"].as_u64() > Some(0), "{body}");
    let seen = provider.seen().pop().unwrap();
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (Some(token(0).as_str()), None));
    assert_eq!(seen.header("openai-organization"), None, "what is said to another vendor");
    let receipt = gateway.receipt(&answer).await;
    assert!(receipt["usage"]["output"].as_u64() > Some(0), "{receipt}");
    assert!(receipt.get("dropped").is_none(), "{receipt}");
}

#[tokio::test]
async fn an_openai_caller_streams_from_claude() {
    let (provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    let answer = gateway.ask(&stream("hello there")).await;
    assert_eq!((answer.status, answer.said()), (200, "You said: hello there".to_owned()), "{}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with("text/event-stream"));
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    assert_eq!(provider.seen()[0].header("accept"), Some("text/event-stream"));
    let receipt = gateway.receipt(&answer).await;
    assert_eq!((&receipt["end"], receipt["stream"].as_bool()), (&json!("complete"), Some(true)), "{receipt}");
    assert!(receipt["usage"]["input"].as_u64() > Some(0), "{receipt}");
}

#[tokio::test]
async fn an_anthropic_caller_talks_to_openai() {
    let (provider, gateway) = openai(TokenScript::healthy()).await;
    let answer = gateway.ask(&message("hello there")).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["type"], &body["stop_reason"]), (200, &json!("message"), &json!("end_turn")));
    assert_eq!(body["content"], json!([{"type": "text", "text": "You said: hello there"}]));
    let seen = provider.seen().pop().unwrap();
    assert_eq!((seen.path.as_str(), seen.header("anthropic-version")), ("/v1/chat/completions", None));
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {}", token(0)).as_str()));
}

#[tokio::test]
async fn an_anthropic_caller_streams_from_openai() {
    let (_provider, gateway) = openai(TokenScript::healthy()).await;
    let answer = gateway.ask(&message_stream("hello there")).await;
    assert_eq!((answer.status, told(&answer)), (200, "You said: hello there".to_owned()), "{}", answer.text());
    let names: Vec<String> = events(&answer).into_iter().map(|(name, _)| name).collect();
    assert_eq!((names.first().unwrap().as_str(), names.last().unwrap().as_str()), ("message_start", "message_stop"));
    let receipt = gateway.receipt(&answer).await;
    assert_eq!(receipt["end"], "complete", "{receipt}");
    assert!(receipt["usage"]["output"].as_u64() > Some(0), "{receipt}");
}

#[tokio::test]
async fn a_gemini_caller_talks_to_openai_and_streams_as_events_or_as_a_list() {
    let (_provider, gateway) = openai(TokenScript::healthy()).await;
    let whole = gateway.ask(&contents("hello there", "generateContent")).await;
    let text = |answer: &Value| answer["candidates"][0]["content"]["parts"][0]["text"].clone();
    assert_eq!((whole.status, text(&whole.json())), (200, json!("You said: hello there")), "{}", whole.text());
    let streamed = gateway.ask(&contents("hello there", "streamGenerateContent?alt=sse")).await;
    let said: String =
        events(&streamed).iter().filter_map(|(_, data)| text(data).as_str().map(str::to_owned)).collect();
    assert_eq!(said, "You said: hello there", "{}", streamed.text());
    let list = gateway.ask(&contents("hello there", "streamGenerateContent")).await;
    assert_eq!(list.header("content-type"), Some("application/json"));
    let said: String =
        list.json().as_array().unwrap().iter().filter_map(|one| text(one).as_str().map(str::to_owned)).collect();
    assert_eq!(said, "You said: hello there", "{}", list.text());
}

#[tokio::test]
async fn tools_are_called_across_protocols() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let (_provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}]);
    let messages_ = json!([{"role": "user", "content": "how is it"}]);
    for stream in [false, true] {
        let body = json!({"model": "claude-sonnet-4-5", "messages": messages_, "tools": tools, "stream": stream});
        let answer = gateway.ask(&post("/v1/chat/completions", &body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("\"weather\"") && answer.text().contains("\"tool_calls\""), "{}", answer.text());
    }
    let (_provider, gateway) = openai(TokenScript::healthy()).await;
    let tools = json!([{"name": "weather", "input_schema": schema}]);
    for stream in [false, true] {
        let answer = gateway.ask(&messages(&json!({"messages": messages_, "tools": tools, "stream": stream}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("\"tool_use\"") && answer.text().contains("\"weather\""), "{}", answer.text());
    }
}

#[tokio::test]
async fn errors_come_in_the_callers_protocol() {
    let (_provider, gateway) = claude(TokenScript::status(400), &[]).await;
    let answer = gateway.ask(&chat("wrong")).await;
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/json")));
    let body = answer.json();
    assert_eq!(body["error"]["type"], "invalid_request_error", "{body}");
    assert!(body.get("type").is_none() && body["error"]["message"].is_string(), "{body}");
    let (_provider, gateway) = openai(TokenScript::status(400)).await;
    let body = gateway.ask(&message("wrong")).await.json();
    assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("invalid_request_error")), "{body}");
}

#[tokio::test]
async fn the_callers_own_mistake_is_told_without_asking_anybody() {
    let (provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    let body = json!({"model": "claude-sonnet-4-5", "messages": "none"});
    let answer = gateway.ask(&post("/v1/chat/completions", &body)).await;
    assert_eq!((answer.status, provider.seen().len()), (400, 0), "{}", answer.text());
    assert!(answer.json()["error"]["message"].is_string());
}

/// A stream that breaks after its first content ends with one error event of the caller's protocol and no end mark.
async fn breaks(kind: FaultKind) {
    let broken = TokenScript::broken(kind.clone()).words(30);
    let (provider, gateway) = claude(broken.clone(), &["streamIdleTimeout: 500ms"]).await;
    let answer = gateway.ask(&stream("it breaks")).await;
    assert_eq!((answer.status, answer.ended), (200, Ended::Properly), "{kind:?}");
    assert!(answer.said().starts_with("You") && !answer.text().contains("[DONE]"), "{kind:?}: {}", answer.text());
    let errors: Vec<_> = events(&answer).into_iter().filter(|(_, data)| data["error"]["message"].is_string()).collect();
    assert_eq!(errors.len(), 1, "{kind:?}: {}", answer.text());
    assert_eq!(events(&answer).last(), errors.last(), "{kind:?}");
    assert_eq!(provider.seen().len(), 1, "{kind:?}");
    assert_eq!(gateway.receipt(&answer).await["end"], "cut");
    gateway.idle().await;

    let upstream = upstream(&broken, 1).await;
    let config = Config::one(&upstream.url(), &tokens(1)).route("streamIdleTimeout: 500ms");
    let gateway = launch(&config).await;
    let answer = gateway.ask(&message_stream("it breaks")).await;
    assert_eq!((answer.status, answer.ended), (200, Ended::Properly), "{kind:?}");
    let all = events(&answer);
    let (name, error) = all.last().unwrap();
    assert_eq!((name.as_str(), &error["type"]), ("error", &json!("error")), "{kind:?}: {}", answer.text());
    assert_eq!(all.iter().filter(|(name, _)| name == "error").count(), 1, "{kind:?}: {}", answer.text());
    assert!(!answer.text().contains("message_stop"), "{kind:?}: a fake end\n{}", answer.text());
    assert_eq!(gateway.receipt(&answer).await["end"], "cut");
}

#[tokio::test]
async fn a_cut_stream_ends_with_the_callers_error_event() {
    for how in [CutHow::Rst, CutHow::Fin, CutHow::CleanEnd] {
        breaks(FaultKind::Cut { after_events: 6, how }).await;
    }
}

#[tokio::test]
async fn a_silent_stream_ends_with_the_callers_error_event() {
    breaks(FaultKind::StallStream { after_events: 6 }).await;
}

#[tokio::test]
async fn the_providers_error_event_becomes_the_callers() {
    breaks(FaultKind::ErrorMidStream { after_events: 6, body: None }).await;
}

#[tokio::test]
async fn what_breaks_before_the_first_content_is_tried_elsewhere() {
    for kind in [
        FaultKind::ErrorFirstEvent { body: None },
        FaultKind::RoleOnlyThenCut,
        FaultKind::EmptyStream,
        FaultKind::Cut { after_events: 2, how: CutHow::CleanEnd },
        FaultKind::ErrorIn200 { body: None },
        FaultKind::GarbageBody,
    ] {
        let script = Script::new().token(token(0), TokenScript::broken(kind.clone())).healthy([token(1)]);
        let provider = ScriptedUpstream::start(script).await.unwrap();
        let entry = Provider::of_type("main", "claude", provider.addr()).tokens(&tokens(2));
        let gateway = launch(&Config::default().provider(entry)).await;
        for number in 0..4 {
            let answer = gateway.ask(&stream(&format!("request {number}"))).await;
            let said = format!("You said: request {number}");
            assert_eq!((answer.status, answer.said()), (200, said), "{kind:?}: {}", answer.text());
            let answer = gateway.ask(&chat(&format!("request {number}"))).await;
            assert_eq!(answer.status, 200, "{kind:?}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn with_two_of_three_tokens_broken_every_request_is_served() {
    let script = Script::new()
        .token(token(0), TokenScript::status(401))
        .token(token(1), TokenScript::status(529))
        .healthy([token(2)]);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::of_type("main", "claude", provider.addr()).tokens(&tokens(3));
    let gateway = launch(&Config::default().provider(entry)).await;
    for number in 0..20 {
        let request = if number % 2 == 0 { chat("again") } else { stream("again") };
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.said()), (200, "You said: again".to_owned()), "{}", answer.text());
    }
    assert_eq!(provider.count(&token(0)), 1, "a dead token is asked once");
}

#[tokio::test]
async fn a_pool_spans_protocols_behind_one_model() {
    let script =
        |dead: usize, alive: usize| Script::new().token(token(dead), TokenScript::status(401)).healthy([token(alive)]);
    let first = ScriptedUpstream::start(script(0, 1)).await.unwrap();
    let second = ScriptedUpstream::start(script(2, 3)).await.unwrap();
    let config = Config::default()
        .provider(Provider::at("openai", &first.url()).tokens(&[token(0), token(1)]))
        .provider(Provider::of_type("claude", "claude", second.addr()).tokens(&[token(2), token(3)]))
        .tiers("[ [ { provider: openai, model: gpt-4o-mini }, { provider: claude, model: claude-sonnet-4-5 } ] ]");
    let gateway = launch(&config).await;
    for number in 0..40 {
        let said = "You said: together";
        let answer = match number % 4 {
            0 | 1 => {
                let answer = gateway.ask(&if number % 4 == 0 { chat("together") } else { stream("together") }).await;
                assert_eq!(answer.said(), said, "{}", answer.text());
                answer
            }
            2 => {
                let answer = gateway.ask(&message("together")).await;
                assert_eq!(answer.json()["content"][0]["text"], said, "{}", answer.text());
                answer
            }
            _ => {
                let answer = gateway.ask(&message_stream("together")).await;
                assert_eq!(told(&answer), said, "{}", answer.text());
                answer
            }
        };
        assert_eq!(answer.status, 200);
    }
    assert!(!first.seen().is_empty() && !second.seen().is_empty());
}

#[tokio::test]
async fn what_cannot_be_carried_is_named() {
    let (provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    let messages = json!([{"role": "user", "content": "hello"}]);
    let body = json!({"model": "claude-sonnet-4-5", "messages": messages, "seed": 7, "logit_bias": {"1": 2}});
    let request = post("/v1/chat/completions", &body);
    let answer = gateway.ask(&request).await;
    assert_eq!(answer.header("x-claviger-dropped"), Some("logit_bias, seed"), "{}", answer.text());
    assert_eq!(gateway.receipt(&answer).await["dropped"], json!(["logit_bias", "seed"]));
    assert!(provider.seen()[0].json().get("seed").is_none());
}

#[tokio::test]
async fn a_strict_route_refuses_what_cannot_be_carried() {
    let (provider, gateway) = claude(TokenScript::healthy(), &["strictTranslation: true"]).await;
    let body = json!({"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hello"}], "seed": 7});
    let answer = gateway.ask(&post("/v1/chat/completions", &body)).await;
    assert_eq!((answer.status, provider.seen().len()), (400, 0), "{}", answer.text());
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("seed"));
    assert_eq!(gateway.ask(&chat("hello")).await.status, 200);
}

#[tokio::test]
async fn the_same_protocol_passes_byte_for_byte() {
    let (provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    let request = message("hello there");
    let answer = gateway.ask(&request).await;
    assert_eq!((answer.status, provider.seen()[0].body.as_ref()), (200, request.body.as_slice()));
    assert_eq!(answer.header("x-claviger-dropped"), None);
}

#[tokio::test]
async fn llm_tokens_are_counted_by_those_who_speak_the_callers_protocol_else_estimated() {
    let count = post(
        "/v1/messages/count_tokens",
        &json!({
            "model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "how many are these"}],
        }),
    );
    let (provider, gateway) = openai(TokenScript::healthy()).await;
    let answer = gateway.ask(&count).await;
    assert_eq!((answer.status, provider.seen().len()), (200, 0), "{}", answer.text());
    assert!((5..20).contains(&answer.json()["input_tokens"].as_u64().unwrap()), "{}", answer.text());
    let gemini = gateway.ask(&contents("how many are these", "countTokens")).await;
    assert!(gemini.json()["totalTokens"].as_u64() > Some(4), "{}", gemini.text());
    let (provider, gateway) = claude(TokenScript::healthy(), &[]).await;
    gateway.ask(&count).await;
    assert_eq!(provider.seen()[0].path, "/v1/messages/count_tokens");
}

#[tokio::test]
async fn both_callers_talk_to_gemini() {
    let said = |text: &str, more: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}]}},"index":0{more}}}],
            "usageMetadata":{{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}}}}"#
        )
        .replace('\n', "")
    };
    let stop = r#","finishReason":"STOP""#;
    let events = format!("data: {}\n\ndata: {}\n\n", said("Hel", ""), said("lo", stop));
    let at = "/v1beta/models/gemini-2.5-flash";
    let script = Script::accepting_all()
        .reply(
            Reply::new("POST", &format!("{at}:generateContent"), said("Hello", stop))
                .header("content-type", "application/json"),
        )
        .reply(
            Reply::new("POST", &format!("{at}:streamGenerateContent"), events)
                .header("content-type", "text/event-stream"),
        );
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::of_type("main", "gemini", provider.addr())
        .tokens(&tokens(1))
        .line("modelMapping: { \"*\": gemini-2.5-flash }");
    let gateway = launch(&Config::default().provider(entry)).await;
    for request in [chat("hi"), stream("hi")] {
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.said()), (200, "Hello".to_owned()), "{}", answer.text());
        assert_eq!(gateway.receipt(&answer).await["usage"]["input"], 3);
    }
    assert_eq!(gateway.ask(&message("hi")).await.json()["content"][0]["text"], "Hello");
    assert_eq!(told(&gateway.ask(&message_stream("hi")).await), "Hello");
    let seen = provider.seen();
    assert_eq!(seen[1].path, format!("{at}:streamGenerateContent?alt=sse"));
    assert_eq!(seen[0].header("x-goog-api-key"), Some(token(0).as_str()));
}
