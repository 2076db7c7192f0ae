use claviger_wire::ask::Arrival;
use http::header::ACCEPT;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{CustomSetting, Protocol, SettingMode, Settings, supported_types};

mod responses;

fn settings(kind: &str, options: Value) -> Settings {
    let options = options.as_object().cloned().unwrap_or_default();
    Settings { kind: kind.to_owned(), tokens: 1, options, ..Settings::default() }
}

fn provider(settings: &Settings) -> Provider {
    Provider::build(settings).expect("a valid entry")
}

fn ask(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Ask {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Ask::read(Arrival {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        uri: target.parse().unwrap(),
        host: "gateway.example:8080".to_owned(),
        headers: map,
        body: Bytes::from(body.to_owned()),
        truncated: false,
    })
    .expect("a good request")
}

fn chat(body: &str) -> Ask {
    ask("POST", "/v1/chat/completions", &[("content-type", "application/json")], body)
}

fn sent_body(prepared: &Prepared) -> Value {
    serde_json::from_slice(&prepared.body).expect("JSON")
}

#[test]
fn a_body_that_needs_no_change_is_the_same_bytes() {
    let mut settings = settings("deepseek", json!({}));
    settings.model_mapping = vec![("other".to_owned(), "x".to_owned())];
    settings.merge_messages = true;
    settings.cleanup_commands = vec!["/new".to_owned()];
    let ask = chat(r#"{"model":"m","messages":[{"role":"user","content":"the \"developer\" word"}]}"#);
    let prepared = provider(&settings).prepare(&ask, None, Stamp::default()).unwrap();
    assert_eq!(prepared.body.as_ptr(), ask.body.as_ptr());
    assert_eq!((prepared.model.as_deref(), prepared.hide_usage), (Some("m"), false));
}

#[test]
fn qwens_models_that_speak_are_asked_in_conversations_in_the_higress_forms_alone() {
    let mut settings = settings("qwen", json!({"qwenEnableCompatible": "false"}));
    let ask = chat(r#"{"model":"qwen3-tts-flash","messages":[{"role":"user","content":"hello"}]}"#);
    let prepared = provider(&settings).prepare(&ask, None, Stamp::default()).unwrap();
    assert!(prepared.path.ends_with("/multimodal-generation/generation"), "{}", prepared.path);
    settings.own_form = true;
    let refused = provider(&settings).prepare(&ask, None, Stamp::default()).map(|prepared| prepared.path);
    assert!(matches!(refused, Err(PrepareError::Unsupported { .. })), "{refused:?}");
}

#[test]
fn usage_is_asked_for_in_streams_unless_the_client_said_something_about_it() {
    let provider = provider(&settings("openai", json!({})));
    for (options, sent, hidden) in [
        ("", json!({"include_usage": true}), true),
        (
            r#","stream_options":{"include_obfuscation":false}"#,
            json!({"include_obfuscation": false, "include_usage": true}),
            true,
        ),
        (r#","stream_options":{"include_usage":false}"#, json!({"include_usage": false}), false),
        (r#","stream_options":{"include_usage":true}"#, json!({"include_usage": true}), false),
        (r#","stream_options":null"#, json!({"include_usage": true}), true),
    ] {
        let prepared = provider
            .prepare(&chat(&format!(r#"{{"model":"m","stream":true{options}}}"#)), None, Stamp::default())
            .unwrap();
        assert_eq!((&sent_body(&prepared)["stream_options"], prepared.hide_usage), (&sent, hidden), "{options}");
        assert_eq!(prepared.headers[ACCEPT], "text/event-stream");
    }
}

#[test]
fn a_claude_model_at_vertex_answers_geminis_callers_in_translation_and_draws_nothing() {
    let mut settings =
        settings("vertex", json!({"vertexRegion": "global", "vertexProjectId": "p", "vertexAuthKey": "k"}));
    (settings.tokens, settings.own_form) = (0, true);
    let provider = provider(&settings);
    let json = [("content-type", "application/json")];
    let ask = |path: &str, body| ask("POST", path, &json, body);
    let generate = ask("/v1beta/models/claude-x:generateContent", r#"{"contents":[{"parts":[{"text":"Hi"}]}]}"#);
    let prepared = provider.prepare(&generate, None, Stamp::default()).unwrap();
    assert!(prepared.path.ends_with("/publishers/anthropic/models/claude-x:rawPredict"), "{}", prepared.path);
    assert_eq!(sent_body(&prepared)["messages"][0]["role"], "user");
    let picture = ask("/v1/images/generations", r#"{"model":"claude-x","prompt":"a"}"#);
    let refused = provider.prepare(&picture, None, Stamp::default()).unwrap_err();
    assert_eq!(refused, PrepareError::Unsupported { operation: Operation::ImageGeneration });
}

#[test]
fn questions_for_counts_name_the_model_as_the_provider_does() {
    let json = [("content-type", "application/json")];
    let mapped = |kind: &str| {
        let model_mapping = vec![("*".to_owned(), "mapped".to_owned())];
        provider(&Settings { model_mapping, ..settings(kind, json!({})) })
    };
    let count = ask("POST", "/v1/messages/count_tokens", &json, r#"{"model":"a","messages":[]}"#);
    let sent = mapped("claude").prepare(&count, None, Stamp::default()).unwrap();
    assert_eq!((sent.path.as_str(), &sent_body(&sent)["model"]), ("/v1/messages/count_tokens", &json!("mapped")));
    let body = r#"{"generateContentRequest":{"model":"models/a","contents":[]}}"#;
    let count = ask("POST", "/v1beta/models/a:countTokens", &json, body);
    let sent = mapped("gemini").prepare(&count, None, Stamp::default()).unwrap();
    assert_eq!(sent.path, "/v1beta/models/mapped:countTokens");
    assert_eq!(sent_body(&sent)["generateContentRequest"]["model"], "models/mapped");
    let body = r#"{"requests":[{"model":"models/a","content":{}}]}"#;
    let embed = ask("POST", "/v1beta/models/a:batchEmbedContents", &json, body);
    let sent = mapped("gemini").prepare(&embed, None, Stamp::default()).unwrap();
    assert_eq!(sent.path, "/v1beta/models/mapped:batchEmbedContents");
    assert_eq!(sent_body(&sent)["requests"][0]["model"], "models/mapped");
}

#[test]
fn a_targets_rename_reaches_completions_of_anthropics_too_which_are_not_mapped() {
    let model_mapping = vec![("*".to_owned(), "mapped".to_owned())];
    let provider = provider(&Settings { model_mapping, ..settings("claude", json!({})) });
    let complete = ask("POST", "/v1/complete", &[("content-type", "application/json")], r#"{"model":"a"}"#);
    let sent = |rename| sent_body(&provider.prepare(&complete, rename, Stamp::default()).unwrap());
    assert_eq!((sent(None)["model"].take(), sent(Some("b"))["model"].take()), (json!("a"), json!("b")));
}

#[test]
fn a_claude_code_token_hears_its_sentence_in_messages_that_pass_unless_the_entry_is_higress() {
    let json = [("content-type", "application/json")];
    let plain = settings("claude", json!({"claudeCodeMode": true}));
    for path in ["/v1/messages", "/v1/messages/count_tokens"] {
        let ask = ask("POST", path, &json, r#"{"model":"m","max_tokens":1,"messages":[]}"#);
        let higress = provider(&plain).prepare(&ask, None, Stamp::default()).unwrap();
        assert_eq!(higress.body, ask.body);
        let own = provider(&Settings { own_form: true, ..plain.clone() });
        let sent = sent_body(&own.prepare(&ask, None, Stamp::default()).unwrap());
        assert!(sent["system"][0]["text"].as_str().unwrap().starts_with("You are Claude Code"), "{path}");
    }
}

#[test]
fn a_targets_rename_comes_before_the_mapping() {
    let mut settings = settings("openai", json!({}));
    settings.model_mapping = vec![("gpt-*".to_owned(), "mapped".to_owned())];
    let provider = provider(&settings);
    let model = |rename| provider.prepare(&chat(r#"{"model":"claude"}"#), rename, Stamp::default()).unwrap();
    assert_eq!(sent_body(&model(Some("gpt-x"))), json!({"model": "mapped"}));
    assert_eq!(sent_body(&model(Some("plain"))), json!({"model": "plain"}));
    assert_eq!(model(None).model.as_deref(), Some("claude"));
}

#[test]
fn the_realtime_model_is_renamed_in_the_query() {
    let mut settings = settings("openai", json!({}));
    settings.model_mapping = vec![("*".to_owned(), "new model".to_owned())];
    let prepared = provider(&settings)
        .prepare(&ask("GET", "/v1/realtime?a=1&model=old", &[], ""), None, Stamp::default())
        .unwrap();
    assert_eq!(prepared.path, "/v1/realtime?a=1&model=new%20model");
}

#[test]
fn a_file_id_moves_into_the_path_of_another_layout() {
    let azure = settings("azure", json!({"azureServiceUrl": "https://r.example/?api-version=1"}));
    let prepared =
        provider(&azure).prepare(&ask("GET", "/v1/files/f-1/content?x=2", &[], ""), None, Stamp::default()).unwrap();
    assert_eq!(
        (prepared.path.as_str(), prepared.authority.as_str()),
        ("/openai/files/f-1/content?x=2&api-version=1", "r.example")
    );
    let mut added = settings("grok", json!({}));
    added.capabilities = vec![("openai/v1/retrievevideo".to_owned(), "/clips/{video_id}/info".to_owned())];
    let prepared = provider(&added).prepare(&ask("GET", "/v1/videos/v%20/", &[], ""), None, Stamp::default());
    assert!(prepared.is_ok());
    let prepared = provider(&added).prepare(&ask("GET", "/v1/videos/v%20", &[], ""), None, Stamp::default()).unwrap();
    assert_eq!(prepared.path, "/clips/v%20/info");
}

#[test]
fn azure_without_a_model_is_the_callers_mistake() {
    let azure = provider(&settings("azure", json!({"azureServiceUrl": "https://r.example?api-version=1"})));
    let refused = azure.prepare(&chat("{}"), None, Stamp::default());
    assert!(matches!(refused, Err(PrepareError::BadRequest { .. })), "{refused:?}");
    let dots = azure.prepare(&chat(r#"{"model":"../x?y"}"#), None, Stamp::default()).unwrap();
    assert!(dots.path.starts_with("/openai/deployments/..%2Fx%3Fy/chat/completions?"), "{}", dots.path);
}

#[test]
fn what_a_provider_does_not_serve_is_said() {
    let groq = provider(&settings("groq", json!({})));
    assert!(!groq.supports(Operation::Embeddings) && groq.supports(Operation::Other));
    let refused = groq.prepare(
        &ask("POST", "/v1/embeddings", &[("content-type", "application/json")], r#"{"model":"m","input":"x"}"#),
        None,
        Stamp::default(),
    );
    assert_eq!(refused.err(), Some(PrepareError::Unsupported { operation: Operation::Embeddings }));
}

#[test]
fn only_openai_without_tokens_uses_the_callers_key() {
    let request = ask("GET", "/v1/models", &[("authorization", "Bearer caller")], "");
    let written = |kind: &str, tokens, secret: Option<&str>| {
        let mut settings = settings(kind, json!({}));
        settings.tokens = tokens;
        let provider = provider(&settings);
        let mut prepared = provider.prepare(&request, None, Stamp::default()).unwrap();
        provider.authorise(&mut prepared, secret.map(Secret::new).as_ref(), WallTime::from_millis(0));
        prepared.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(written("openai", 0, None).as_deref(), Some("Bearer caller"));
    assert_eq!(written("openai", 1, None), None);
    assert_eq!(written("vllm", 0, None), None);
    assert_eq!(written("vllm", 1, Some("own")).as_deref(), Some("Bearer own"));
    assert_eq!(written("vllm", 1, Some("a\nb")), None);
}

#[test]
fn the_credential_does_not_show_in_what_is_printed() {
    let provider = provider(&settings("openai", json!({"awsSecretKey": "hidden-option"})));
    let mut prepared = provider.prepare(&ask("GET", "/v1/models", &[], ""), None, Stamp::default()).unwrap();
    provider.authorise(&mut prepared, Some(&Secret::new("sk-very-secret-token")), WallTime::from_millis(0));
    let shown = format!("{prepared:?} {provider:?}");
    assert!(!shown.contains("very-secret") && !shown.contains("hidden-option"), "{shown}");
}

#[test]
fn where_it_goes_follows_scheme_port_and_domain() {
    let to = |settings: &Settings| {
        let prepared = provider(settings).prepare(&chat(r#"{"model":"m"}"#), None, Stamp::default()).unwrap();
        (prepared.tls, prepared.authority, prepared.path)
    };
    let is = |tls, host: &str, path: &str| (tls, host.to_owned(), path.to_owned());
    let custom = |url: &str| to(&settings("openai", json!({"openaiCustomUrl": url})));
    assert_eq!(custom("http://127.0.0.1:9000/v1"), is(false, "127.0.0.1:9000", "/v1/chat/completions"));
    assert_eq!(custom("h.example:443/api/"), is(true, "h.example", "/api/chat/completions"));
    assert_eq!(custom("https://h.example"), is(true, "h.example", "/chat/completions"));
    let local = settings("vllm", json!({"vllmServerHost": "v.lan:8000"}));
    assert_eq!(to(&local), is(false, "v.lan:8000", "/v1/chat/completions"));
    let mut mirror = settings("deepseek", json!({}));
    mirror.provider_domain = "mirror.example:8443".to_owned();
    mirror.provider_base_path = "/deep/".to_owned();
    assert_eq!(to(&mirror), is(true, "mirror.example:8443", "/deep/v1/chat/completions"));
    assert_eq!(to(&settings("generic", json!({}))), is(true, "gateway.example", "/v1/chat/completions"));
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let kinds: Vec<&'static str> = supported_types().collect();
    let text = || ".{0,12}";
    let pairs = proptest::collection::vec((text(), text()), 0..3);
    (proptest::sample::select(kinds), pairs, [text(), text(), text(), text()], any::<[bool; 4]>()).prop_map(
        |(kind, pairs, [base, prefix, domain, url], [merge, original, overwrite, raw])| Settings {
            protocol: if original { Protocol::Original } else { Protocol::OpenAi },
            custom_settings: vec![CustomSetting {
                name: prefix.clone(),
                value: json!([1]),
                mode: if raw { SettingMode::Raw } else { SettingMode::Auto },
                overwrite,
            }],
            capabilities: vec![("openai/v1/embeddings".to_owned(), format!("/{url}"))],
            model_mapping: pairs,
            base_path: base,
            provider_base_path: prefix,
            provider_domain: domain,
            merge_messages: merge,
            cleanup_commands: vec!["/new".to_owned()],
            ..settings(
                kind,
                json!({"openaiCustomUrl": url, "azureServiceUrl": format!("https://{url}?api-version=1"),
                    "ollamaServerHost": url, "ollamaServerPort": 1}),
            )
        },
    )
}

proptest! {
    #[test]
    fn any_request_to_any_provider_is_answered(
        settings in any_settings(),
        operation in 0..Operation::ALL.len(),
        path in "/[ -~]{0,30}",
        model in proptest::option::of(".{0,12}"),
        body in proptest::collection::vec(any::<u8>(), 0..60),
        stream: bool,
    ) {
        let Ok(provider) = Provider::build(&settings) else { return Ok(()) };
        let mut ask = chat(r#"{"model":"m","messages":[{"role":"developer","content":["/new"]},{"role":"user"}]}"#);
        ask.operation = Operation::ALL[operation];
        ask.path = path;
        ask.stream = stream;
        let _ = provider.prepare(&ask, model.as_deref(), Stamp::default());
        ask.body = Bytes::from(body);
        let _ = provider.prepare(&ask, model.as_deref(), Stamp::default());
        ask.form = claviger_wire::BodyForm::Multipart { boundary: "b".to_owned() };
        if let Ok(prepared) = provider.prepare(&ask, model.as_deref(), Stamp::default()) {
            prop_assert!(prepared.path.starts_with('/'));
        }
    }
}

#[test]
fn a_query_goes_along_in_translation_but_to_paths_made_of_the_model_and_from_other_vendors_callers() {
    let json = [("content-type", "application/json")];
    let body = r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#;
    let path = |kind: &str, options: Value, target: &str| {
        provider(&settings(kind, options))
            .prepare(&ask("POST", target, &json, body), None, Stamp::default())
            .unwrap()
            .path
    };
    let chat = "/v1/chat/completions?trace=1";
    assert_eq!(path("claude", json!({}), chat), "/v1/messages?trace=1");
    assert_eq!(path("claude", json!({"claudeCodeMode": true}), chat), "/v1/messages?beta=true&trace=1");
    assert_eq!(path("gemini", json!({}), chat), "/v1beta/models/m:generateContent");
    assert_eq!(path("moonshot", json!({}), "/v1/messages?beta=true"), "/v1/chat/completions");
}

#[test]
fn callers_of_anthropics_are_openais_for_a_provider_of_unknown_dialect_in_higress_files_alone() {
    let json = [("content-type", "application/json")];
    let body = r#"{"model":"m","max_tokens":1,"system":"Hi","messages":[{"role":"user","content":"x"}]}"#;
    let ask = ask("POST", "/ai/v1/messages", &json, body);
    let plain = settings("generic", json!({"genericHost": "g.example"}));
    let sent = provider(&plain).prepare(&ask, None, Stamp::default()).unwrap();
    assert_eq!((sent.path.as_str(), sent.translation.is_some()), ("/ai/v1/chat/completions", true));
    assert_eq!(sent_body(&sent)["messages"][0], json!({"role": "system", "content": "Hi"}));
    let original = Settings { protocol: Protocol::Original, ..plain.clone() };
    for settings in [Settings { own_form: true, ..plain }, original] {
        let sent = provider(&settings).prepare(&ask, None, Stamp::default()).unwrap();
        assert_eq!((sent.path.as_str(), &sent.body), ("/ai/v1/messages", &ask.body));
    }
}

#[test]
fn settings_have_openais_names_where_openais_is_spoken_whoever_calls() {
    let setting =
        |name: &str| CustomSetting { name: name.to_owned(), value: json!(7), mode: SettingMode::Auto, overwrite: true };
    let custom_settings = vec![setting("max_tokens"), setting("top_k")];
    let provider = |kind, protocol| {
        provider(&Settings { custom_settings: custom_settings.clone(), protocol, ..settings(kind, json!({})) })
    };
    let body = r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#;
    let ask = ask("POST", "/v1/messages", &[("content-type", "application/json")], body);
    let sent = |kind, protocol| sent_body(&provider(kind, protocol).prepare(&ask, None, Stamp::default()).unwrap());
    let baidu = sent("baidu", Protocol::OpenAi);
    assert_eq!((&baidu["max_tokens"], baidu.get("max_output_tokens")), (&json!(7), None));
    let claude = sent("claude", Protocol::Original);
    assert_eq!((&claude["max_tokens"], &claude["top_k"]), (&json!(7), &json!(7)));
}
