//! The settings that one dialect alone reads, from the plugin's configuration.

use std::sync::Arc;

use claviger_dialects::{
    BedrockSettings, CachePoints, DeepLSettings, DifyBot, DifySettings, GeminiSettings, QwenSettings, QwenThoughts,
    Settings,
};
use serde_json::Value;

pub(crate) fn of(provider: &Value) -> Settings {
    match provider["type"].as_str() {
        Some("bedrock") => Settings::Bedrock(Arc::new(bedrock(provider))),
        Some("gemini" | "vertex") => Settings::Gemini(Arc::new(gemini(provider))),
        Some("qwen") => Settings::Qwen(Arc::new(qwen(provider))),
        Some("dify") => Settings::Dify(Arc::new(dify(provider))),
        Some("deepl") => Settings::DeepL(Arc::new(deepl(provider))),
        _ => Settings::None,
    }
}

fn gemini(provider: &Value) -> GeminiSettings {
    let safety = provider["geminiSafetySetting"].as_object().into_iter().flatten();
    GeminiSettings {
        is_vertex: provider["type"] == "vertex",
        thinking_budget: provider["geminiThinkingBudget"].as_u64(),
        safety: safety.filter_map(|(category, threshold)| Some((category.clone(), text(threshold)?))).collect(),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn bedrock(provider: &Value) -> BedrockSettings {
    let fields = provider["bedrockAdditionalFields"].as_object().into_iter().flatten();
    let raw = |value: &Value| serde_json::value::to_raw_value(value).expect("JSON");
    let points = provider["bedrockPromptCachePointPositions"].as_object();
    let is_on = |wanted: &str| {
        let plain = |key: &str| key.replace(['_', '-'], "").eq_ignore_ascii_case(wanted);
        points.is_some_and(|points| points.iter().any(|(key, on)| plain(key) && on == true))
    };
    BedrockSettings {
        additional_fields: fields.map(|(name, value)| (name.clone(), raw(value))).collect(),
        cache_retention: text(&provider["promptCacheRetention"]),
        cache_points: match points {
            None => CachePoints::default(),
            Some(_) => CachePoints {
                system: is_on("systemprompt"),
                last_user_message: is_on("lastusermessage"),
                last_message: is_on("lastmessage"),
            },
        },
    }
}

fn qwen(provider: &Value) -> QwenSettings {
    let files = provider["qwenFileIds"].as_array().into_iter().flatten();
    QwenSettings {
        enable_search: provider["qwenEnableSearch"] == true,
        file_ids: files.filter_map(text).collect(),
        thoughts: match provider["reasoningContentMode"].as_str() {
            Some("ignore") => QwenThoughts::Ignore,
            Some("concat") => QwenThoughts::Concat,
            _ => QwenThoughts::Passthrough,
        },
    }
}

fn dify(provider: &Value) -> DifySettings {
    DifySettings {
        bot: match provider["botType"].as_str() {
            Some("Agent") => DifyBot::Agent,
            Some("Completion") => DifyBot::Completion,
            Some("Workflow") => DifyBot::Workflow,
            _ => DifyBot::Chat,
        },
        input_variable: text(&provider["inputVariable"]).unwrap_or_default(),
        output_variable: text(&provider["outputVariable"]).unwrap_or_default(),
    }
}

fn deepl(provider: &Value) -> DeepLSettings {
    DeepLSettings { target_lang: text(&provider["targetLang"]).unwrap_or_default() }
}
