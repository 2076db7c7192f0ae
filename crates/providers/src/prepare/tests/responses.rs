//! Providers that are asked for OpenAI's responses, whatever the caller speaks.

use super::*;
use crate::warnings;

fn responses(kind: &str, options: Value) -> Settings {
    let mut settings = settings(kind, options);
    settings.options.insert("dialect".to_owned(), json!("responses"));
    settings
}

fn post(path: &str, body: &Value) -> Ask {
    ask("POST", path, &[("content-type", "application/json")], &body.to_string())
}

/// What each dialect's callers ask for.
fn asked() -> [Ask; 3] {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    [
        post("/v1/chat/completions", &json!({"model": "m", "messages": messages})),
        post("/v1/messages", &json!({"model": "m", "max_tokens": 99, "messages": messages})),
        post("/v1beta/models/m:generateContent", &json!({"contents": [{"parts": [{"text": "Hi"}]}]})),
    ]
}

#[test]
fn all_callers_are_translated_and_those_of_responses_pass() {
    let url = "https://r.openai.azure.com/openai/v1/responses?api-version=preview";
    let resource = "https://r.openai.azure.com?api-version=preview";
    for (settings, path) in [
        (responses("openai", json!({})), "/v1/responses"),
        (settings("openai", json!({"openaiCustomUrl": "https://x.example/api/responses"})), "/api/responses"),
        (responses("openai", json!({"openaiCustomUrl": "https://x.example/api"})), "/api/responses"),
        (settings("azure", json!({"azureServiceUrl": url})), "/openai/v1/responses?api-version=preview"),
        (responses("azure", json!({"azureServiceUrl": resource})), "/openai/responses?api-version=preview"),
        (responses("doubao", json!({})), "/api/v3/responses"),
        (responses("vllm", json!({})), "/v1/responses"),
        (responses("ollama", json!({"ollamaServerHost": "h", "ollamaServerPort": 1})), "/v1/responses"),
        (responses("openrouter", json!({})), "/api/v1/responses"),
    ] {
        let provider = provider(&settings);
        for ask in asked() {
            let sent = provider.prepare(&ask, None, Stamp::default()).unwrap();
            assert_eq!((sent.path.as_str(), sent.translation.is_some()), (path, true), "{}", settings.kind);
            let body = sent_body(&sent);
            assert_eq!(body["input"], json!([{"role": "user", "content": "Hi"}]), "{}", settings.kind);
            assert_eq!((&body["model"], &body["store"]), (&json!("m"), &json!(false)), "{}", settings.kind);
        }
        let own = post("/v1/responses", &json!({"model": "m", "input": "Hi", "previous_response_id": "resp_1"}));
        let sent = provider.prepare(&own, None, Stamp::default()).unwrap();
        assert_eq!((sent.path.as_str(), sent.translation.is_none()), (path, true), "{}", settings.kind);
        assert_eq!(sent.body, own.body);
    }
}

#[test]
fn what_is_no_conversation_passes_as_ever() {
    let provider = provider(&responses("openai", json!({})));
    for path in ["/v1/embeddings", "/v1/images/generations", "/v1/audio/speech", "/v1/moderations", "/v1/rerank"] {
        let ask = post(path, &json!({"model": "m", "input": "Hi"}));
        let sent = provider.prepare(&ask, None, Stamp::default()).unwrap();
        assert_eq!((sent.path.as_str(), sent.body.as_ptr()), (path, ask.body.as_ptr()));
    }
    let embed = post("/v1beta/models/m:embedContent", &json!({"content": {"parts": [{"text": "Hi"}]}}));
    let sent = provider.prepare(&embed, None, Stamp::default()).unwrap();
    assert_eq!((sent.path.as_str(), sent.translation.is_some()), ("/v1/embeddings", true));
    let stored = ask("GET", "/v1/responses/resp_1", &[], "");
    assert_eq!(provider.prepare(&stored, None, Stamp::default()).unwrap().path, "/v1/responses/resp_1");
}

#[test]
fn settings_have_the_names_of_responses() {
    let custom = |name: &str, value: Value| CustomSetting {
        name: name.to_owned(),
        value,
        mode: SettingMode::Auto,
        overwrite: true,
    };
    let mut settings = responses("openai", json!({}));
    settings.custom_settings = vec![custom("max_tokens", json!(77)), custom("seed", json!(1))];
    settings.response_json_schema = Some(json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}));
    let provider = provider(&settings);
    for ask in asked() {
        let body = sent_body(&provider.prepare(&ask, None, Stamp::default()).unwrap());
        assert_eq!((&body["max_output_tokens"], &body["seed"]), (&json!(77), &Value::Null), "{}", ask.path);
        let format = json!({"type": "json_schema", "name": "n", "schema": {}});
        assert_eq!(body["text"]["format"], format, "{}", ask.path);
        assert!(body.get("max_tokens").is_none() && body.get("response_format").is_none(), "{body}");
    }
}

#[test]
fn what_doubao_refuses_in_responses_is_left_out_of_translated_ones_too() {
    let provider = provider(&responses("doubao", json!({})));
    let tool = json!({"type": "function", "function": {"name": "f"}});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [tool],
        "tool_choice": "auto", "parallel_tool_calls": true});
    let sent = sent_body(&provider.prepare(&post("/v1/chat/completions", &body), None, Stamp::default()).unwrap());
    assert_eq!((sent["tools"][0]["name"].as_str(), sent.get("tool_choice")), (Some("f"), None));
    assert!(sent.get("parallel_tool_calls").is_none(), "{sent}");
}

#[test]
fn openais_models_that_only_responses_serve_are_asked_there() {
    let path = |settings: &Settings, model: &str| {
        let ask = post("/v1/chat/completions", &json!({"model": model, "messages": []}));
        provider(settings).prepare(&ask, None, Stamp::default()).unwrap().path
    };
    let own = Settings { own_form: true, ..settings("openai", json!({})) };
    for model in ["gpt-5-pro", "o3-pro-2025-06-10", "gpt-5.1-codex-max", "o4-mini-deep-research"] {
        assert_eq!(path(&own, model), "/v1/responses", "{model}");
        assert_eq!(path(&settings("openai", json!({})), model), "/v1/chat/completions", "as Higress");
        let elsewhere = Settings { own_form: true, ..settings("openai", json!({"openaiCustomUrl": "https://x/v1"})) };
        assert_eq!(path(&elsewhere, model), "/v1/chat/completions", "others' models have names of their own");
        let told = Settings { own_form: true, ..settings("openai", json!({"dialect": "chat"})) };
        assert_eq!(path(&told, model), "/v1/chat/completions", "whoever says so knows better");
    }
    for model in ["gpt-5", "gpt-5-mini", "o3", "gpt-4o"] {
        assert_eq!(path(&own, model), "/v1/chat/completions", "{model}");
    }
}

#[test]
fn a_choice_that_is_none_is_told() {
    let wrong = settings("openai", json!({"dialect": "anthropic"}));
    assert_eq!(Provider::build(&wrong).unwrap_err()[0].key, "dialect");
    let original = Settings { protocol: Protocol::Original, ..responses("openai", json!({})) };
    let native = responses("qwen", json!({"qwenEnableCompatible": "false"}));
    for settings in [original, native] {
        assert_eq!(warnings(&settings)[0].key, "dialect", "{}", settings.kind);
    }
    assert!(warnings(&responses("qwen", json!({}))).is_empty());
}
