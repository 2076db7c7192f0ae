//! Providers that are asked for OpenAI's responses: callers of every protocol, and callers of their own.

use claviger_testkit::{CutHow, Fault, FaultKind, Headers, Running, Script, ScriptedUpstream, Seen, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Answer, Config, Ended, Gateway, Provider, Request, Stepped, chat, embed, get, launch, post};
use crate::harness::{stream, token, tokens};

const SAID: &str = "You said: hello there";

/// A gateway before a provider that is asked for responses.
async fn provider(script: Script, count: usize) -> (Running, Gateway) {
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::at("main", &provider.url()).tokens(&tokens(count)).line("dialect: responses");
    let gateway = launch(&Config::default().provider(entry).route("streamIdleTimeout: 500ms")).await;
    (provider, gateway)
}

async fn healthy() -> (Running, Gateway) {
    provider(Script::new().healthy([token(0)]), 1).await
}

fn message(text: &str, stream: bool) -> Request {
    let messages = json!([{"role": "user", "content": text}]);
    let body = json!({"model": "gpt-5-mini", "max_tokens": 99, "messages": messages, "stream": stream});
    post("/v1/messages", &body).header("anthropic-version", "2023-06-01")
}

fn contents(text: &str, action: &str) -> Request {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": text}]}]});
    post(&format!("/v1beta/models/gpt-5-mini:{action}"), &body)
}

fn respond(text: &str, stream: bool) -> Request {
    post("/v1/responses", &json!({"model": "gpt-5-mini", "input": text, "stream": stream}))
}

/// The data of every event that is JSON.
fn events(answer: &Answer) -> Vec<Value> {
    let data = |event: &String| event.lines().find_map(|line| line.strip_prefix("data:").map(str::to_owned));
    answer.events().iter().filter_map(data).filter_map(|data| serde_json::from_str(&data).ok()).collect()
}

#[tokio::test]
async fn callers_of_every_protocol_are_answered_whole_and_in_streams() {
    let (provider, gateway) = healthy().await;
    for request in [chat("hello there"), stream("hello there")] {
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, SAID), "{}", answer.text());
        let receipt = gateway.receipt(&answer).await;
        assert_eq!((&receipt["end"], receipt["usage"]["input"].as_u64()), (&json!("complete"), Some(2)), "{receipt}");
    }
    let answer = gateway.ask(&message("hello there", false)).await;
    assert_eq!(answer.json()["content"], json!([{"type": "text", "text": SAID}]), "{}", answer.text());
    let answer = gateway.ask(&message("hello there", true)).await;
    let told: String = events(&answer).iter().filter_map(|data| data["delta"]["text"].as_str()).collect();
    assert_eq!((told.as_str(), &events(&answer).last().unwrap()["type"]), (SAID, &json!("message_stop")));
    let text = |answer: &Value| answer["candidates"][0]["content"]["parts"][0]["text"].as_str().map(str::to_owned);
    let answer = gateway.ask(&contents("hello there", "generateContent")).await;
    assert_eq!(text(&answer.json()).as_deref(), Some(SAID), "{}", answer.text());
    let answer = gateway.ask(&contents("hello there", "streamGenerateContent?alt=sse")).await;
    assert_eq!(events(&answer).iter().filter_map(text).collect::<String>(), SAID, "{}", answer.text());
    for seen in provider.seen() {
        let body: Value = serde_json::from_slice(&seen.body).unwrap();
        assert_eq!((seen.path.as_str(), &body["store"]), ("/v1/responses", &json!(false)), "nothing is kept there");
        if body["model"] == "gpt-5-mini" {
            assert_eq!(body["include"], json!(["reasoning.encrypted_content"]), "so that thoughts can come back");
        }
    }
}

#[tokio::test]
async fn tools_are_called_and_their_results_come_back() {
    let (provider, gateway) = healthy().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}]);
    let user = json!({"role": "user", "content": "use every tool"});
    let ask = |messages: Value, stream: bool| {
        let body = json!({"model": "gpt-5-mini", "messages": messages, "tools": tools, "stream": stream});
        post("/v1/chat/completions", &body)
    };
    for stream in [false, true] {
        let answer = gateway.ask(&ask(json!([user]), stream)).await;
        assert!(answer.text().contains("\"weather\"") && answer.text().contains("\"tool_calls\""), "{}", answer.text());
        let call = json!({"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}});
        let said = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let result = json!({"role": "tool", "tool_call_id": "call_1", "content": "Sunny"});
        let answer = gateway.ask(&ask(json!([user, said, result]), stream)).await;
        assert!(answer.said().ends_with("weather gave: Sunny."), "{}", answer.text());
        let sent: Value = serde_json::from_slice(&provider.seen().pop().unwrap().body).unwrap();
        let kinds: Vec<_> = sent["input"].as_array().unwrap().iter().map(|item| item["type"].as_str()).collect();
        assert_eq!(kinds, [None, Some("function_call"), Some("function_call_output")]);
    }
}

#[tokio::test]
async fn what_is_no_conversation_and_what_is_stored_there_pass() {
    let (provider, gateway) = healthy().await;
    assert_eq!(gateway.ask(&embed("hello")).await.status, 200);
    let made = gateway.ask(&respond("hello there", false)).await.json();
    let stored = gateway.ask(&get(&format!("/v1/responses/{}", made["id"].as_str().unwrap()))).await;
    assert_eq!((stored.status, stored.json()["id"] == made["id"]), (200, true), "{}", stored.text());
    let next = json!({"model": "gpt-5-mini", "input": "go on", "previous_response_id": made["id"]});
    assert_eq!(gateway.ask(&post("/v1/responses", &next)).await.status, 200);
    let sent: Value = serde_json::from_slice(&provider.seen().pop().unwrap().body).unwrap();
    assert_eq!(sent, next, "a caller of responses says itself what is kept");
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_the_callers_error_event() {
    let kinds = [
        FaultKind::Cut { after_events: 7, how: CutHow::CleanEnd },
        FaultKind::StallStream { after_events: 7 },
        FaultKind::ErrorMidStream { after_events: 7, body: None },
        FaultKind::ErrorMidStream {
            after_events: 7,
            body: Some(
                json!({"type": "error", "sequence_number": 7, "error": {"code": "server_error", "message": "no"}}),
            ),
        },
    ];
    for kind in kinds {
        let broken = TokenScript::broken(kind.clone()).words(30);
        let (provider, gateway) = provider(Script::new().token(token(0), broken), 1).await;
        for request in [stream("it breaks"), message("it breaks", true)] {
            let answer = gateway.ask(&request).await;
            assert_eq!((answer.status, answer.ended), (200, Ended::Properly), "{kind:?}");
            let all = events(&answer);
            let failed = |event: &&Value| event["error"]["message"].is_string();
            assert_eq!(all.iter().filter(failed).count(), 1, "{kind:?}: {}", answer.text());
            assert!(all.last().is_some_and(|last| failed(&last)), "{kind:?}: {}", answer.text());
            assert!(!answer.text().contains("[DONE]") && !answer.text().contains("message_stop"), "{}", answer.text());
            assert_eq!(gateway.receipt(&answer).await["end"], "cut");
        }
        assert_eq!(provider.seen().len(), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn with_two_of_three_tokens_broken_every_caller_is_served() {
    let script = Script::new()
        .token(token(0), TokenScript::status(401))
        .token(token(1), TokenScript::broken(FaultKind::ErrorFirstEvent { body: None }))
        .healthy([token(2)]);
    let (provider, gateway) = provider(script, 3).await;
    for number in 0..20 {
        let answer = gateway.ask(&if number % 2 == 0 { chat("again") } else { stream("again") }).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "You said: again"), "{}", answer.text());
        assert_eq!(gateway.ask(&message("again", number % 2 == 0)).await.status, 200);
    }
    assert_eq!(provider.count(&token(0)), 1, "a dead token is asked once");
}

#[tokio::test]
async fn a_caller_of_responses_reads_numbers_that_follow_each_other_to_the_end() {
    let faults = [
        FaultKind::Cut { after_events: 7, how: CutHow::Rst },
        FaultKind::ErrorMidStream { after_events: 7, body: Some(json!({"type": "error", "message": "no"})) },
        FaultKind::ErrorMidStream { after_events: 7, body: Some(json!({"error": {"message": "no"}})) },
    ];
    for kind in faults {
        let broken = TokenScript::broken(kind.clone()).words(30);
        let (_provider, gateway) = provider(Script::new().token(token(0), broken), 1).await;
        let answer = gateway.ask(&respond("it breaks", true)).await;
        let numbers: Vec<_> = events(&answer).iter().map(|event| event["sequence_number"].as_u64()).collect();
        let wanted: Vec<_> = (0..8).map(Some).collect();
        assert_eq!(numbers, wanted, "{kind:?}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_error_has_the_number_after_a_stream_that_was_taken_up_in_its_middle() {
    let provider = Stepped::start().await;
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let request = get("/v1/responses/resp_1?stream=true&starting_after=41");
    let ask = async {
        let mut asked = provider.asked().await;
        asked.begin_stream().await;
        let event = r#"{"type":"response.output_text.delta","delta":"x","sequence_number":42}"#;
        asked.chunk(format!("event: response.output_text.delta\ndata: {event}\n\n: ping\n\n").as_bytes()).await;
    };
    let (answer, ()) = tokio::join!(gateway.ask(&request), ask);
    let last = events(&answer).pop().unwrap();
    assert_eq!((&last["type"], &last["sequence_number"]), (&json!("error"), &json!(43)), "{}", answer.text());
}

#[tokio::test]
async fn thoughts_that_one_account_cannot_read_are_shown_to_the_next_and_harm_none() {
    let error = json!({"code": "invalid_encrypted_content", "type": "invalid_request_error",
        "message": "The encrypted content gAAA...DQ== could not be verified."});
    let body = Some(json!({"error": error}));
    let other = TokenScript::broken(FaultKind::Status { status: 400, headers: Headers::default(), body });
    let (provider, gateway) = provider(Script::new().token(token(0), other).healthy([token(1)]), 2).await;
    for request in [message("hello there", false), respond("hello there", false), message("hello there", true)] {
        let answer = gateway.ask(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert!(provider.count(&token(1)) == 3 && provider.count(&token(0)) <= 3);
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
}

/// Refuses a summary to the first who asks.
fn barred_once() -> TokenScript {
    let message = "Your organization must be verified to generate reasoning summaries. Please go to: https://x.example";
    let error = json!({"error": {"message": message, "type": "invalid_request_error", "param": "reasoning.summary",
        "code": "unsupported_value"}});
    TokenScript::healthy().fault(Fault::status(400).body(error).to_request(1))
}

#[tokio::test]
async fn a_caller_of_responses_who_is_barred_from_summaries_bars_nobody_from_the_model() {
    let script = Script::new().token(token(0), barred_once()).token(token(1), barred_once());
    let (provider, gateway) = provider(script, 2).await;
    let body = json!({"model": "gpt-5-mini", "input": "hello there", "reasoning": {"summary": "auto"}});
    let answer = gateway.ask(&post("/v1/responses", &body)).await;
    assert!(answer.status == 400 && answer.text().contains("must be verified"), "{} {}", answer.status, answer.text());
    assert_eq!((provider.count(&token(0)), provider.count(&token(1))), (1, 1), "another organisation may be given one");
    for request in [respond("hello there", false), chat("hello there"), respond("hello there", false)] {
        let answer = gateway.ask(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
}

#[tokio::test]
async fn where_summaries_of_thoughts_are_barred_translated_requests_do_without() {
    let script = Script::new().token(token(0), barred_once());
    let (provider, gateway) = provider(script, 1).await;
    for stream in [false, true] {
        let thinking = json!({"type": "enabled", "budget_tokens": 1024});
        let messages = json!([{"role": "user", "content": "hello there"}]);
        let body = json!({"model": "gpt-5-mini", "max_tokens": 4096, "messages": messages, "thinking": thinking,
            "stream": stream});
        let answer = gateway.ask(&post("/v1/messages", &body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-claviger-dropped"), Some("reasoning.summary"), "not in silence");
    }
    let asked = |seen: &Seen| serde_json::from_slice::<Value>(&seen.body).unwrap()["reasoning"].clone();
    let seen: Vec<_> = provider.seen().iter().map(asked).collect();
    let plain = json!({"effort": seen[0]["effort"]});
    assert_eq!((seen[0]["summary"].as_str(), &seen[1..]), (Some("auto"), [plain.clone(), plain].as_slice()));
    assert_eq!(gateway.standings().await, ["ready"]);
}
