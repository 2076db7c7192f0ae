//! A small lenient reader of a provider entry, for recorded configurations only.

use claviger_providers::{BasePathHandling, ContextFile, CustomSetting, Protocol, SettingMode, Settings};
use serde_json::{Map, Value};

pub(crate) fn read(entry: &Value) -> Settings {
    let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let flag = |key: &str| entry[key] == true;
    let pairs = |key: &str| {
        let map = entry[key].as_object().cloned().unwrap_or_default();
        map.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect()
    };
    let list = |key: &str| match &entry[key] {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let texts = |key: &str| list(key).iter().filter_map(|item| Some(item.as_str()?.to_owned())).collect::<Vec<_>>();
    let base_path_handling = match entry["basePathHandling"].as_str() {
        None | Some("removePrefix") => BasePathHandling::RemovePrefix,
        Some("prepend") => BasePathHandling::Prepend,
        Some(_) => BasePathHandling::Ignore,
    };
    Settings {
        own_form: false,
        id: text("id"),
        kind: text("type"),
        tokens: texts("apiTokens").len(),
        protocol: if entry["protocol"] == "original" { Protocol::Original } else { Protocol::OpenAi },
        model_mapping: pairs("modelMapping"),
        custom_settings: list("customSettings").iter().map(custom).collect(),
        capabilities: pairs("capabilities"),
        base_path: text("basePath"),
        base_path_handling,
        provider_base_path: text("providerBasePath"),
        provider_domain: text("providerDomain"),
        cleanup_commands: texts("contextCleanupCommands"),
        merge_messages: flag("mergeConsecutiveMessages") || flag("hiclawMode"),
        promote_thinking: flag("promoteThinkingOnEmpty") || flag("hiclawMode"),
        response_json_schema: Some(entry["responseJsonSchema"].clone()).filter(Value::is_object),
        context: ContextFile::new(entry["context"]["fileUrl"].as_str().unwrap_or_default(), None, false),
        options: entry.as_object().cloned().unwrap_or_else(Map::new),
        ..Settings::default()
    }
}

fn custom(entry: &Value) -> CustomSetting {
    CustomSetting {
        name: entry["name"].as_str().unwrap_or_default().to_owned(),
        value: entry["value"].clone(),
        mode: if entry["mode"] == "raw" { SettingMode::Raw } else { SettingMode::Auto },
        overwrite: entry["overwrite"] != false,
    }
}

pub(crate) fn token(entry: &Value) -> Option<String> {
    let tokens = &entry["apiTokens"];
    tokens.as_str().or_else(|| tokens[0].as_str()).map(str::to_owned)
}
