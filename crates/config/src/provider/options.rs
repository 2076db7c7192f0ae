//! The fields only some types have, and those no type has.

use claviger_providers::Settings;
use serde_json::Value as Json;

use crate::problem::{Code, Severity};
use crate::reader::{Item, Reader};

/// What an option holds.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Flag,
    Texts,
    Map,
}

use Shape::{Flag, Map, Number, Text, Texts};

/// Types whose vendors serve OpenAI's responses beside chat completions (their references, 2026-11).
const DIALECT: &[&str] =
    &["azure", "cloudflare", "doubao", "grok", "groq", "ollama", "openai", "openrouter", "qwen", "vllm"];

/// Name, shape, and the types that read it (none: all).
const OPTIONS: &[(&str, Shape, &[&str])] = &[
    ("timeout", Number, &[]),
    ("dialect", Text, DIALECT),
    ("reasoningContentMode", Text, &["qwen"]),
    ("openaiCustomUrl", Text, &["openai"]),
    ("azureServiceUrl", Text, &["azure"]),
    ("moonshotFileId", Text, &["moonshot"]),
    ("qwenFileIds", Texts, &["qwen"]),
    ("qwenEnableSearch", Flag, &["qwen"]),
    ("qwenEnableCompatible", Flag, &["qwen"]),
    ("qwenDomain", Text, &["qwen"]),
    ("ollamaServerHost", Text, &["ollama"]),
    ("ollamaServerPort", Number, &["ollama"]),
    ("hunyuanAuthId", Text, &["hunyuan"]),
    ("hunyuanAuthKey", Text, &["hunyuan"]),
    ("awsAccessKey", Text, &["bedrock"]),
    ("awsSecretKey", Text, &["bedrock"]),
    ("awsRegion", Text, &["bedrock"]),
    ("bedrockAdditionalFields", Map, &["bedrock"]),
    ("promptCacheRetention", Text, &["bedrock"]),
    ("bedrockPromptCachePointPositions", Map, &["bedrock"]),
    ("minimaxApiType", Text, &["minimax"]),
    ("minimaxGroupId", Text, &["minimax"]),
    ("cloudflareAccountId", Text, &["cloudflare"]),
    ("geminiSafetySetting", Map, &["gemini", "vertex"]),
    ("geminiThinkingBudget", Number, &["gemini", "vertex"]),
    ("apiVersion", Text, &["gemini", "claude", "cohere"]),
    ("claudeVersion", Text, &["gemini", "claude"]),
    ("claudeCodeMode", Flag, &["claude"]),
    ("vertexRegion", Text, &["vertex"]),
    ("vertexProjectId", Text, &["vertex"]),
    ("vertexAuthServiceName", Text, &["vertex"]),
    ("vertexTokenRefreshAhead", Number, &["vertex"]),
    ("vertexOpenAICompatible", Flag, &["vertex"]),
    ("targetLang", Text, &["deepl"]),
    ("difyApiUrl", Text, &["dify"]),
    ("botType", Text, &["dify"]),
    ("inputVariable", Text, &["dify"]),
    ("outputVariable", Text, &["dify"]),
    ("genericHost", Text, &["generic"]),
    ("tritonDomain", Text, &["triton"]),
    ("tritonModelVersion", Text, &["triton"]),
    ("vllmServerHost", Text, &["vllm"]),
    ("vllmCustomUrl", Text, &["vllm"]),
    ("doubaoDomain", Text, &["doubao"]),
    ("zhipuDomain", Text, &["zhipuai"]),
    ("zhipuCodePlanMode", Flag, &["zhipuai"]),
];

/// The fields that only some types have, and which.
pub fn typed_fields() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let accounts: (_, &[_]) = ("vertexAuthKey", &["vertex"]);
    let fields = OPTIONS.iter().map(|(name, _, types)| (*name, *types));
    fields.filter(|(_, types)| !types.is_empty()).chain([accounts])
}

/// Keys that Higress' documentation, annotations or samples name although nothing reads them, and what to do.
const DEAD: &[(&str, &str)] = &[
    ("apiToken", "did you mean `apiTokens`?"),
    ("subPath", "did you mean `basePath`?"),
    ("vertexGeminiSafetySetting", "did you mean `geminiSafetySetting`?"),
    ("domain", "did you mean `providerDomain`?"),
    ("authHeaderKey", "remove it; callers' keys are read from every usual header"),
];

/// Puts the options that are set into the settings.
pub(super) fn read(map: &Reader<'_>, settings: &mut Settings) {
    for (name, shape, types) in OPTIONS {
        let Some(item) = map.get(name) else { continue };
        let known = claviger_providers::is_known_type(&settings.kind);
        if known && !types.is_empty() && !types.contains(&settings.kind.as_str()) {
            let message = format!("type {} does not read this, only {} does", settings.kind, types.join(", "));
            map.problem(Severity::Warning, Code::Ignored, name, &message, "remove it");
        }
        if let Some(value) = value(&item, *shape) {
            settings.options.insert((*name).to_owned(), value);
        }
    }
}

fn value(item: &Item<'_>, shape: Shape) -> Option<Json> {
    match shape {
        Text => item.text().map(Json::String),
        Flag => item.flag().map(Json::Bool),
        Texts => Some(Json::Array(item.texts().into_iter().map(Json::String).collect())),
        Map => item.map().and_then(|map| map.item.json()),
        Number => match item.json()? {
            Json::Number(number) => Some(Json::Number(number)),
            Json::String(text) if item.lenient || crate::expand::refers(&item.verbatim()?) => {
                match text.trim().parse() {
                    Ok(number) => Some(Json::Number(number)),
                    Err(_) => item.wrong("a number", "write a number"),
                }
            }
            Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
                item.wrong("a number", "write a number")
            }
        },
    }
}

/// Reports keys that look as if they did something.
pub(super) fn dead_keys(map: &Reader<'_>) {
    for (name, fix) in DEAD {
        if !map.has(name) {
            continue;
        }
        map.knows([*name]);
        let message = format!("the key `{name}` is not read");
        let (severity, code) =
            if map.item.lenient { (Severity::Warning, Code::Ignored) } else { (Severity::Error, Code::UnknownKey) };
        map.problem(severity, code, name, &message, fix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_that_choose_a_dialect_are_those_whose_rows_can() {
        let can = |portrait: &claviger_providers::Portrait| {
            portrait.ways.iter().any(|way| way.settings.iter().any(|text| text == "dialect=responses"))
        };
        let types: Vec<_> = claviger_providers::portraits().filter(can).map(|portrait| portrait.name).collect();
        assert_eq!(types, DIALECT);
    }
}
