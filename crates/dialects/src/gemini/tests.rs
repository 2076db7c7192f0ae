//! Rules of the dialect that the fixtures do not show: what is written for providers and for callers.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Context, GeminiSettings, Profile, Protocol, Settings, Translation, embeddings};

/// The request that leaves for Gemini, and the names of what was dropped.
fn sent(model: &str, mut body: Value) -> (Value, String) {
    body["model"] = model.into();
    body["messages"] = body.get("messages").cloned().unwrap_or(json!([{ "role": "user", "content": "Hi" }]));
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Gemini, Context::default()).unwrap();
    let outgoing = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&outgoing.body).unwrap(), outgoing.dropped.to_string())
}

fn config(model: &str, body: Value) -> Value {
    sent(model, body).0["generationConfig"].clone()
}

fn tool(name: &str, parameters: Value) -> Value {
    json!({ "type": "function", "function": { "name": name, "parameters": parameters } })
}

/// What a Gemini caller gets of this answer of OpenAI's, whole and as a stream.
fn told(answer: &Value, array: bool) -> (Value, String) {
    let context = Context {
        named_model: Some("m".to_owned()),
        stream: true,
        array_stream: array,
        nonce: 7,
        ..Context::default()
    };
    let mut translation = Translation::new(Protocol::Gemini, Protocol::OpenAiChat, context).unwrap();
    translation.request(br#"{"contents":[{"parts":[{"text":"Hi"}]}]}"#).unwrap();
    let (body, mut stream) = (answer.to_string(), Vec::new());
    translation.answer_as_stream(body.as_bytes(), &mut stream);
    let whole = serde_json::from_slice(&translation.answer(200, body.as_bytes()).body).unwrap();
    (whole, String::from_utf8(stream).unwrap())
}

fn chunks(stream: &str) -> Vec<Value> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn openai_answer(message: &Value, finish: &str) -> Value {
    json!({ "id": "a1", "model": "m", "created": 1, "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16,
            "completion_tokens_details": { "reasoning_tokens": 4 } } })
}

#[test]
fn effort_becomes_a_budget_before_the_third_generation_and_a_level_from_it_on() {
    let thinking =
        |model: &str, effort: &str| config(model, json!({ "reasoning_effort": effort }))["thinkingConfig"].clone();
    let budget = |tokens: i64| json!({ "includeThoughts": true, "thinkingBudget": tokens });
    assert_eq!(thinking("gemini-2.5-flash", "low"), budget(1024));
    assert_eq!(thinking("gemini-2.5-flash", "medium"), budget(4096));
    assert_eq!(thinking("gemini-2.5-pro", "high"), budget(16384));
    assert_eq!(thinking("gemini-2.5-flash", "none"), json!({ "thinkingBudget": 0 }));
    assert_eq!(thinking("gemini-2.5-pro", "none"), json!({ "thinkingBudget": 128 }));
    let level = |word: &str| json!({ "includeThoughts": true, "thinkingLevel": word });
    assert_eq!(thinking("gemini-3-pro-preview", "medium"), level("high"));
    assert_eq!(thinking("gemini-3.1-pro-preview", "medium"), level("medium"));
    assert_eq!(thinking("gemini-3-flash-preview", "minimal"), level("minimal"));
    assert_eq!(thinking("gemini-flash-latest", "none"), json!({ "thinkingLevel": "minimal" }));
    assert_eq!(thinking("gemini-2.0-flash", "high"), Value::Null);
    assert_eq!(thinking("gemini-2.5-flash-image", "high"), Value::Null);
    assert_eq!(sent("gemini-2.0-flash", json!({ "reasoning_effort": "high" })).1, "reasoning_effort");
    assert_eq!(sent("gemini-2.5-pro", json!({ "reasoning_effort": "none" })).1, "reasoning_effort");
}

#[test]
fn what_the_configuration_says_holds_where_the_caller_says_nothing() {
    let settings = GeminiSettings {
        thinking_budget: Some(512),
        safety: vec![("HARM_CATEGORY_HARASSMENT".to_owned(), "BLOCK_NONE".to_owned())],
        is_vertex: true,
    };
    let profile = Profile { settings: Settings::Gemini(Arc::new(settings)), ..Profile::default() };
    let send = |body: &str| -> Value {
        let context = Context { profile: profile.clone(), ..Context::default() };
        let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Gemini, context).unwrap();
        serde_json::from_slice(&translation.request(body.as_bytes()).unwrap().body).unwrap()
    };
    let quiet =
        send(r#"{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Hi"}],"metadata":{"a":"b"}}"#);
    assert_eq!(quiet["generationConfig"]["thinkingConfig"]["thinkingBudget"], 512);
    assert_eq!(quiet["safetySettings"][0]["threshold"], "BLOCK_NONE");
    assert_eq!(quiet["labels"], json!({ "a": "b" }));
    let loud = send(
        r#"{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Hi"}],"reasoning_effort":"low",
            "safety_settings":[]}"#,
    );
    assert_eq!(loud["generationConfig"]["thinkingConfig"]["thinkingBudget"], 1024);
    assert_eq!(loud["safetySettings"], json!([]));
}

#[test]
fn a_schema_goes_in_googles_form_if_it_fits_and_as_json_schema_if_not() {
    let plain =
        json!({ "type": "object", "properties": { "a": { "type": "string", "enum": ["x"] } }, "required": ["a"] });
    let strict = json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } }, "additionalProperties": false });
    let tools = json!([
        tool("f", plain.clone()),
        tool("g", strict.clone()),
        tool("h", json!({ "type": "object", "properties": {} }))
    ]);
    let (body, _) = sent("gemini-2.5-flash", json!({ "tools": tools }));
    let declared = &body["tools"][0]["functionDeclarations"];
    assert_eq!(declared[0], json!({ "name": "f", "parameters": plain }));
    assert_eq!(declared[1], json!({ "name": "g", "parametersJsonSchema": strict }));
    assert_eq!(declared[2], json!({ "name": "h" }));
    let form = |schema: &Value| json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "n", "schema": schema } } });
    assert_eq!(config("gemini-2.5-flash", form(&plain))["responseSchema"], plain);
    assert_eq!(config("gemini-2.5-flash", form(&strict))["responseJsonSchema"], strict);
    assert_eq!(config("gemini-2.5-flash", form(&strict))["responseMimeType"], "application/json");
}

#[test]
fn a_schema_nested_without_end_is_passed_on_and_costs_no_stack() {
    let deep = format!("{}{{\"type\":\"string\"}}{}", r#"{"type":"array","items":"#.repeat(2_000), "}".repeat(2_000));
    let raw = serde_json::value::RawValue::from_string(deep).unwrap();
    assert!(!super::schema::is_googles(&raw));
    assert!(super::schema::to_json_schema(&raw).is_some());
}

#[test]
fn voices_of_googles_pass_and_those_of_openai_are_dropped_by_name() {
    let spoken = |voice: &str| json!({ "modalities": ["audio"], "audio": { "voice": voice, "format": "pcm16" } });
    let config = config("gemini-2.5-flash-preview-tts", spoken("Kore"));
    assert_eq!(config["responseModalities"], json!(["AUDIO"]));
    assert_eq!(config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"], "Kore");
    assert_eq!(sent("gemini-2.5-flash-preview-tts", spoken("alloy")).1, "audio.voice");
}

#[test]
fn five_stop_texts_are_sent_and_zero_is_a_value() {
    let body = json!({ "stop": ["a", "b", "c", "d", "e", "f"], "temperature": 0, "top_p": 0.0, "seed": 0, "n": 1 });
    let (body, dropped) = sent("gemini-2.5-flash", body);
    let config = json!({ "temperature": 0, "topP": 0.0, "seed": 0, "stopSequences": ["a", "b", "c", "d", "e"] });
    assert_eq!((&body["generationConfig"], dropped.as_str()), (&config, "stop"));
}

#[test]
fn base64_for_addresses_becomes_what_others_read() {
    let context = Context { named_model: Some("m".to_owned()), ..Context::default() };
    let mut translation = Translation::new(Protocol::Gemini, Protocol::OpenAiChat, context).unwrap();
    let body = br#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"__79Pz8-Pg=="}}]}]}"#;
    let sent: Value = serde_json::from_slice(&translation.request(body).unwrap().body).unwrap();
    assert_eq!(sent["messages"][0]["content"][0]["image_url"]["url"], "data:image/png;base64,//79Pz8+Pg==");
}

#[test]
fn choices_of_tools_are_modes() {
    let mode = |choice: Value| {
        let tools = json!([tool("f", json!({ "type": "object", "properties": { "a": { "type": "string" } } }))]);
        sent("gemini-2.5-flash", json!({ "tools": tools, "tool_choice": choice })).0["toolConfig"]["functionCallingConfig"].clone()
    };
    assert_eq!(mode("auto".into()), Value::Null);
    assert_eq!(mode("none".into()), json!({ "mode": "NONE" }));
    assert_eq!(mode("required".into()), json!({ "mode": "ANY" }));
    let named = json!({ "type": "function", "function": { "name": "f" } });
    assert_eq!(mode(named), json!({ "mode": "ANY", "allowedFunctionNames": ["f"] }));
}

#[test]
fn what_the_second_generation_cannot_combine_is_dropped_by_name() {
    let tools = json!([tool("f", json!({ "type": "object", "properties": { "a": { "type": "string" } } }))]);
    let body = json!({ "tools": tools, "web_search_options": {}, "response_format": { "type": "json_object" } });
    let (second, dropped) = sent("gemini-2.5-flash", body.clone());
    assert_eq!(dropped, "response_format, tools.web_search");
    assert_eq!(second["tools"].as_array().unwrap().len(), 1);
    let (third, dropped) = sent("gemini-3-flash-preview", body);
    assert_eq!(dropped, "");
    assert_eq!(third["tools"][1], json!({ "googleSearch": {} }));
    assert_eq!(third["toolConfig"]["includeServerSideToolInvocations"], true);
}

/// A conversation with calls at once and results in another order.
fn conversation() -> Value {
    let call =
        |id: &str, name: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": "" } });
    let picture = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } });
    json!([
        { "role": "system", "content": "Be brief." },
        { "role": "user", "content": "Look" },
        { "role": "assistant", "content": null, "tool_calls": [call("c1", "first"), call("c2", "second")] },
        { "role": "tool", "tool_call_id": "c2", "content": "two" },
        { "role": "tool", "tool_call_id": "c1", "content": [{ "type": "text", "text": "one" }, picture] },
    ])
}

#[test]
fn results_stand_in_the_order_of_the_calls_and_have_their_names() {
    let (body, _) = sent("gemini-2.5-flash", json!({ "messages": conversation() }));
    assert_eq!(body["systemInstruction"], json!({ "parts": [{ "text": "Be brief." }] }));
    let result =
        |name: &str, output: &str| json!({ "functionResponse": { "name": name, "response": { "output": output } } });
    let picture = json!({ "inlineData": { "mimeType": "image/png", "data": "AA==" } });
    let parts = json!([result("first", "one"), result("second", "two"), picture]);
    assert_eq!(body["contents"][2], json!({ "role": "user", "parts": parts }));
    assert_eq!(body["contents"][1]["parts"][0], json!({ "functionCall": { "name": "first", "args": {} } }));
}

#[test]
fn the_third_generation_gets_media_within_results_and_a_signature_on_the_first_call() {
    let (body, _) = sent("gemini-3-pro-preview", json!({ "messages": conversation() }));
    let calls = &body["contents"][1]["parts"];
    assert_eq!(calls[0]["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(calls[1]["thoughtSignature"], Value::Null);
    let response = &body["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(response["parts"], json!([{ "inlineData": { "mimeType": "image/png", "data": "AA==" } }]));
}

#[test]
fn signatures_come_back_where_they_were_from_callers_of_every_dialect() {
    let answer = json!({ "candidates": [{ "finishReason": "STOP", "content": { "parts": [
        { "text": "Hm.", "thought": true },
        { "functionCall": { "name": "f", "args": { "a": 1 } }, "thoughtSignature": "c2VhbA==" },
    ] } }] });
    // What an Anthropic client sends back: the blocks as they came.
    let mut translation = Translation::new(Protocol::Anthropic, Protocol::Gemini, Context::default()).unwrap();
    let asked = r#"{"model":"gemini-3-pro-preview","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#;
    translation.request(asked.as_bytes()).unwrap();
    let told: Value = serde_json::from_slice(&translation.answer(200, answer.to_string().as_bytes()).body).unwrap();
    let id = told["content"][1]["id"].clone();
    let back = json!({ "model": "gemini-3-pro-preview", "max_tokens": 9, "messages": [
        { "role": "user", "content": "Hi" },
        { "role": "assistant", "content": told["content"] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": "ok" }] },
    ] });
    let sent: Value = serde_json::from_slice(&translation.request(back.to_string().as_bytes()).unwrap().body).unwrap();
    let parts = &sent["contents"][1]["parts"];
    assert_eq!(parts[0], json!({ "text": "Hm.", "thought": true }));
    assert_eq!(parts[1]["thoughtSignature"], "c2VhbA==");
    // What an OpenAI client that keeps only the calls sends back.
    let call = json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" },
        "extra_content": { "google": { "thought_signature": "c2VhbA==" } } });
    let messages = json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "tool_calls": [call] },
        { "role": "tool", "tool_call_id": id, "content": "ok" }]);
    let (body, _) = self::sent("gemini-3-pro-preview", json!({ "messages": messages }));
    assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], "c2VhbA==");
}

#[test]
fn seals_of_others_travel_as_base64_and_come_back_whole() {
    use crate::model::{Thinking, Vendor};
    let hidden = |vendor| Thinking { hidden: Some("se|al".into()), vendor: Some(vendor), ..Thinking::default() };
    let signed = |vendor| Thinking { signature: Some("se|al".into()), vendor: Some(vendor), ..Thinking::default() };
    let of_openai = Thinking { id: Some("rs_1".into()), ..hidden(Vendor::OpenAi) };
    for thinking in [hidden(Vendor::Anthropic), signed(Vendor::Anthropic), of_openai, signed(Vendor::Google)] {
        let packed = super::seal::pack(&thinking).unwrap();
        for form in
            [packed.clone(), packed.replace('+', "-").replace('/', "_"), packed.trim_end_matches('=').to_owned()]
        {
            let back = super::seal::unpack("".into(), Some(form.into()));
            assert_eq!((back.signature, back.hidden), (thinking.signature.clone(), thinking.hidden.clone()));
            assert_eq!((back.vendor, back.id), (thinking.vendor, thinking.id.clone()));
        }
    }
}

#[test]
fn a_callers_chunks_kept_as_contents_are_one_message_again() {
    let body = json!({ "contents": [
        { "role": "user", "parts": [{ "text": "Hi" }] },
        { "role": "model", "parts": [{ "text": "Hm", "thought": true }] },
        { "role": "model", "parts": [{ "text": ".", "thought": true }] },
        { "role": "model", "parts": [{ "text": "Hel" }] },
        { "role": "model", "parts": [{ "text": "lo" }] },
        { "role": "model", "parts": [{ "text": "", "thoughtSignature": "c2VhbA==" }] },
        { "role": "user", "parts": [{ "text": "Bye" }] },
    ] });
    let context = Context { named_model: Some("models/m".to_owned()), ..Context::default() };
    let mut translation = Translation::new(Protocol::Gemini, Protocol::OpenAiChat, context).unwrap();
    let sent: Value = serde_json::from_slice(&translation.request(body.to_string().as_bytes()).unwrap().body).unwrap();
    assert_eq!(sent["model"], "m");
    assert_eq!(sent["messages"].as_array().unwrap().len(), 3);
    assert_eq!(sent["messages"][1]["content"], "Hello");
}

#[test]
fn callers_get_calls_whole_with_ids_and_counts_as_google_counts() {
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } });
    let message = json!({ "role": "assistant", "content": "Well.", "reasoning_content": "Hm.", "tool_calls": [call] });
    let (whole, stream) = told(&openai_answer(&message, "tool_calls"), false);
    let part = json!({ "functionCall": { "id": "c1", "name": "f", "args": { "a": 1 } } });
    let candidate = &whole["candidates"][0];
    assert_eq!(candidate["content"]["parts"][0], json!({ "text": "Hm.", "thought": true }));
    assert_eq!(candidate["content"]["parts"][2], part);
    assert_eq!(candidate["finishReason"], "STOP");
    let usage =
        json!({ "promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 4, "totalTokenCount": 16 });
    assert_eq!(whole["usageMetadata"], usage);
    let chunks = chunks(&stream);
    let parts: Vec<&Value> = chunks.iter().map(|chunk| &chunk["candidates"][0]["content"]["parts"][0]).collect();
    assert!(parts.contains(&&part), "{stream}");
    let last = chunks.last().unwrap();
    assert_eq!((&last["candidates"][0]["finishReason"], &last["usageMetadata"]), (&"STOP".into(), &usage));
    assert_eq!(chunks.iter().filter(|chunk| !chunk["candidates"][0]["finishReason"].is_null()).count(), 1);
}

#[test]
fn a_stream_without_sse_is_one_array_also_when_it_fails() {
    let answer = openai_answer(&json!({ "role": "assistant", "content": "Hello" }), "length");
    let (_, stream) = told(&answer, true);
    let all: Vec<Value> = serde_json::from_str(&stream).unwrap();
    assert_eq!(all.last().unwrap()["candidates"][0]["finishReason"], "MAX_TOKENS");
    let context = Context { named_model: Some("m".to_owned()), stream: true, array_stream: true, ..Context::default() };
    let mut translation = Translation::new(Protocol::Gemini, Protocol::OpenAiChat, context).unwrap();
    translation.request(br#"{"contents":[{"parts":[{"text":"Hi"}]}]}"#).unwrap();
    assert_eq!(translation.stream_type(), "application/json");
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    stream
        .push(Bytes::from_static(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"), &mut out);
    stream.finish(&mut out);
    let all: Vec<Value> = serde_json::from_slice(&out).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["error"]["status"], "INTERNAL");
}

#[test]
fn a_search_of_anothers_is_told_as_grounding_in_bytes() {
    let citation = json!({ "type": "url_citation", "url_citation": { "url": "https://a.example", "title": "A", "start_index": 4, "end_index": 6 } });
    let message = json!({ "role": "assistant", "content": "für Ös", "annotations": [citation] });
    let (whole, stream) = told(&openai_answer(&message, "stop"), false);
    let grounding = json!({
        "groundingChunks": [{ "web": { "uri": "https://a.example", "title": "A" } }],
        "groundingSupports": [{ "segment": { "startIndex": 5, "endIndex": 8 }, "groundingChunkIndices": [0] }],
    });
    assert_eq!(whole["candidates"][0]["groundingMetadata"], grounding);
    assert_eq!(chunks(&stream).last().unwrap()["candidates"][0]["groundingMetadata"], grounding);
}

#[test]
fn log_probabilities_survive_both_ways() {
    let tokens = json!([{ "token": "Hi", "logprob": -0.5, "bytes": null, "top_logprobs": [{ "token": "Hi", "logprob": -0.5 }] }]);
    let mut answer = openai_answer(&json!({ "role": "assistant", "content": "Hi" }), "stop");
    answer["choices"][0]["logprobs"] = json!({ "content": tokens });
    let (whole, _) = told(&answer, false);
    let token = json!({ "token": "Hi", "logProbability": -0.5 });
    let result = json!({ "topCandidates": [{ "candidates": [token] }], "chosenCandidates": [token] });
    assert_eq!(whole["candidates"][0]["logprobsResult"], result);
}

#[test]
fn counting_reads_a_request_wrapped_into_another() {
    let context = Context { named_model: Some("m".to_owned()), ..Context::default() };
    let translation = Translation::new(Protocol::Gemini, Protocol::OpenAiChat, context).unwrap();
    let body = br#"{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"The ferry leaves at nine."}]}]}}"#;
    let reply: Value = serde_json::from_slice(&translation.token_count(body).unwrap().body).unwrap();
    assert!(reply["totalTokens"].as_u64().unwrap() > 4);
}

fn embed(client: Protocol, upstream: Protocol, is_vertex: bool, body: &str, answer: &str) -> (Value, Value) {
    let settings = Settings::Gemini(Arc::new(GeminiSettings { is_vertex, ..GeminiSettings::default() }));
    let profile = Profile { settings, ..Profile::default() };
    let context = Context { profile, named_model: Some("m".to_owned()), ..Context::default() };
    let mut translation = embeddings::Translation::new(client, upstream, context).unwrap();
    let sent = serde_json::from_slice(&translation.request(body.as_bytes()).unwrap().body).unwrap();
    (sent, serde_json::from_slice(&translation.answer(200, answer.as_bytes()).body).unwrap())
}

#[test]
fn openais_embeddings_are_a_batch_at_gemini_and_predictions_at_vertex() {
    let body = r#"{"model":"gemini-embedding-001","input":["a","b"],"dimensions":2,"task_type":"search_query"}"#;
    let answer = r#"{"embeddings":[{"values":[0.1]},{"values":[0.3]}]}"#;
    let (sent, got) = embed(Protocol::OpenAiChat, Protocol::Gemini, false, body, answer);
    let one = json!({ "model": "models/gemini-embedding-001", "content": { "parts": [{ "text": "a" }] },
        "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 2 });
    assert_eq!(sent["requests"][0], one);
    assert_eq!((&got["data"][1]["index"], &got["data"][1]["embedding"]), (&1.into(), &json!([0.3])));
    let answer = r#"{"predictions":[{"embeddings":{"values":[0.1],"statistics":{"token_count":3}}},
        {"embeddings":{"values":[0.3],"statistics":{"token_count":2}}}]}"#;
    let body = body.replace("gemini-embedding-001", "text-embedding-005");
    let (sent, got) = embed(Protocol::OpenAiChat, Protocol::Gemini, true, &body, answer);
    assert_eq!(sent["instances"][1], json!({ "content": "b", "task_type": "RETRIEVAL_QUERY" }));
    assert_eq!(sent["parameters"]["outputDimensionality"], 2);
    assert_eq!(got["usage"], json!({ "prompt_tokens": 5, "total_tokens": 5 }));
}

#[test]
fn geminis_embeddings_are_answered_as_asked_one_or_several() {
    let answer = r#"{"data":[{"index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    let content = r#"{"parts":[{"text":"a"}]}"#;
    let one = format!(r#"{{"model":"models/m","content":{content},"outputDimensionality":4}}"#);
    let (sent, got) = embed(Protocol::Gemini, Protocol::OpenAiChat, false, &one, answer);
    assert_eq!((&sent["input"], &sent["dimensions"]), (&json!(["a"]), &4.into()));
    assert_eq!(got["embedding"], json!({ "values": [0.5] }));
    let several = format!(r#"{{"requests":[{{"model":"models/m","content":{content}}}]}}"#);
    let (_, got) = embed(Protocol::Gemini, Protocol::OpenAiChat, false, &several, answer);
    assert_eq!(got["embeddings"], json!([{ "values": [0.5] }]));
}
