use serde_json::json;

use super::*;

fn settings(kind: &str, tokens: usize, options: Value) -> Settings {
    let options = options.as_object().cloned().unwrap_or_default();
    Settings { kind: kind.to_owned(), tokens, options, ..Settings::default() }
}

fn keys(settings: &Settings) -> Vec<String> {
    validate(settings).into_iter().map(|problem| problem.key).collect()
}

#[test]
fn what_higress_refuses_is_refused() {
    let id = "i".repeat(36);
    for (kind, tokens, options, key) in [
        ("", 1, json!({}), "type"),
        ("OpenAI", 1, json!({}), "type"),
        ("moonshot", 0, json!({}), "apiTokens"),
        ("azure", 1, json!({}), "azureServiceUrl"),
        ("azure", 1, json!({"azureServiceUrl": "https://r.example"}), "azureServiceUrl"),
        ("azure", 1, json!({"azureServiceUrl": "https://res 1.example/%zz?api-version=1"}), "azureServiceUrl"),
        ("ollama", 0, json!({"ollamaServerPort": 11434}), "ollamaServerHost"),
        ("ollama", 0, json!({"ollamaServerHost": "h", "ollamaServerPort": 0}), "ollamaServerPort"),
        ("hunyuan", 1, json!({"hunyuanAuthKey": "k".repeat(32)}), "hunyuanAuthId"),
        ("hunyuan", 1, json!({"hunyuanAuthId": id}), "hunyuanAuthKey"),
        ("minimax", 1, json!({"minimaxApiType": "pro"}), "minimaxGroupId"),
        ("deepl", 1, json!({}), "targetLang"),
        ("bedrock", 0, json!({"awsRegion": "r", "awsAccessKey": "a"}), "awsSecretKey"),
        ("bedrock", 1, json!({}), "awsRegion"),
        ("vertex", 1, json!({"vertexOpenAICompatible": true}), "vertexOpenAICompatible"),
        ("triton", 0, json!({"tritonDomain": "t"}), "apiTokens"),
    ] {
        assert_eq!(keys(&settings(kind, tokens, options)), [key], "{kind}");
    }
    let options = json!({"vertexAuthKey": "{}", "vertexProjectId": "p"});
    assert_eq!(keys(&settings("vertex", 0, options)), ["vertexRegion", "vertexAuthServiceName"]);
}

#[test]
fn file_ids_and_a_context_file_exclude_each_other() {
    for (kind, options) in [("moonshot", json!({"moonshotFileId": "f"})), ("qwen", json!({"qwenFileIds": ["f"]}))] {
        let mut settings = settings(kind, 1, options);
        assert!(keys(&settings).is_empty());
        settings.context = crate::ContextFile::new("http://files.example/a.txt", None, false);
        assert_eq!(keys(&settings).len(), 1);
    }
}

#[test]
fn what_higress_accepts_is_accepted() {
    for (kind, tokens, options) in [
        ("openai", 0, json!({})),
        ("hunyuan", 0, json!({})),
        ("hunyuan", 0, json!({"hunyuanAuthId": "i".repeat(36), "hunyuanAuthKey": "k".repeat(32)})),
        ("ollama", 0, json!({"ollamaServerHost": "h", "ollamaServerPort": "11434"})),
        ("cloudflare", 1, json!({})),
        ("generic", 0, json!({})),
        ("vertex", 1, json!({})),
        ("dify", 1, json!({})),
        ("minimax", 1, json!({"minimaxApiType": "v9"})),
    ] {
        assert_eq!(validate(&settings(kind, tokens, options)), [], "{kind}");
    }
}

#[test]
fn a_service_account_needs_a_service_that_reaches_google_in_higress_alone() {
    let keys = json!({"vertexAuthKey": true, "vertexRegion": "global", "vertexProjectId": "p"});
    let mut settings = settings("vertex", 0, keys);
    assert_eq!(validate(&settings).len(), 1);
    settings.own_form = true;
    assert_eq!(validate(&settings), []);
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let mut settings = settings("deepseek", 1, json!({}));
    settings.model_mapping = vec![("~[".to_owned(), "x".to_owned())];
    settings.capabilities = vec![
        ("openai/v1/embeddings".to_owned(), "/e".to_owned()),
        ("openai/v1/chatcompletions".to_owned(), "/c".to_owned()),
        ("openai/v1/files".to_owned(), "/f".to_owned()),
    ];
    let custom =
        |name: &str, mode| crate::CustomSetting { name: name.to_owned(), value: json!(1), mode, overwrite: true };
    settings.custom_settings = vec![custom("top_k", SettingMode::Auto), custom("top_k", SettingMode::Raw)];
    settings.response_json_schema = Some(json!({"type": "json_object"}));
    assert_eq!(warnings(&settings).len(), 5);
    assert!(validate(&settings).is_empty());
}

#[test]
fn a_setting_is_looked_for_among_the_names_of_the_protocol_that_is_asked_for() {
    let set = |name: &str| {
        let (name, mode) = (name.to_owned(), SettingMode::Auto);
        crate::CustomSetting { name, value: json!(1), mode, overwrite: true }
    };
    let url = json!({"openaiCustomUrl": "https://api.example/v1/responses"});
    for (options, known) in [(json!({}), 2), (json!({"dialect": "responses"}), 1), (url, 1)] {
        let mut settings = settings("openai", 1, options);
        settings.custom_settings = vec![set("max_tokens"), set("seed")];
        assert_eq!(2 - warnings(&settings).len(), known, "{:?}", settings.options);
    }
}

#[test]
fn a_type_in_another_spelling_is_suggested() {
    assert_eq!(validate(&settings("TogetherAI", 1, json!({})))[0].fix, "did you mean `type: together-ai`?");
}

#[test]
fn what_only_qwens_own_protocol_reads_is_warned_of_elsewhere() {
    let with = |compatible: Value| {
        let options = json!({"qwenFileIds": ["f"], "qwenEnableSearch": true, "reasoningContentMode": "ignore",
            "qwenEnableCompatible": compatible});
        warnings(&self::settings("qwen", 1, options)).len()
    };
    assert_eq!((with(json!(true)), with(json!(false))), (3, 0));
    assert_eq!(warnings(&settings("qwen", 1, json!({"reasoningContentMode": "passthrough"}))), []);
}
