//! What is wrong with a provider entry, or right but not what it seems.
//!
//! Conditions are words of a row: `key` (set), `!key` (unset), `key=text`, `key!=text`, `key#N` and `key#!N` (has, has not, N
//! characters). Zero, `false` and empty count as unset, as Higress reads them. `apiTokens`, `context`, `protocol`
//! and `ownForm` are read from the typed settings.

use claviger_dialects::Protocol as Speaks;
use claviger_types::Operation;
use serde_json::Value;

use crate::address::{DIALECT, DIALECTS};
use crate::edit::custom::{self, Names};
use crate::row::{Check, Tokens, Tweak};
use crate::settings::{Protocol, SettingMode, SettingProblem, Settings};
use crate::{address, arm, mapping, table};

/// The `capabilities` names Higress accepts; others are dropped without a word.
const CAPABILITIES: [Operation; 15] = [
    Operation::ChatCompletions,
    Operation::Embeddings,
    Operation::ImageGeneration,
    Operation::ImageVariation,
    Operation::ImageEdit,
    Operation::AudioSpeech,
    Operation::AudioTranscription,
    Operation::AudioTranslation,
    Operation::Realtime,
    Operation::Responses,
    Operation::Videos,
    Operation::RetrieveVideo,
    Operation::RetrieveVideoContent,
    Operation::VideoRemix,
    Operation::Rerank,
];

/// Whether `capabilities` may name this operation.
pub(crate) fn may_be_added(operation: Operation) -> bool {
    CAPABILITIES.contains(&operation)
}

/// Everything that makes Higress refuse the entry: type, credentials and the type's own settings. Empty for a valid
/// one. `protocol`, `context` and `failover` are checked where they are read, by the configuration.
pub fn validate(settings: &Settings) -> Vec<SettingProblem> {
    if settings.kind.is_empty() {
        return vec![problem("type", "the provider has no type".to_owned(), "write one, such as `type: openai`")];
    }
    let Some(row) = table::row(&settings.kind) else {
        let fix = match nearest(&settings.kind) {
            Some(name) => format!("did you mean `type: {name}`?"),
            None => "write a known type; `openai` with `openaiCustomUrl` reaches any OpenAI-like endpoint".to_owned(),
        };
        return vec![problem("type", format!("unknown type {:?}", settings.kind), &fix)];
    };
    let mut problems = Vec::new();
    if row.tokens == Tokens::Required && settings.tokens == 0 {
        problems.push(problem(
            "apiTokens",
            format!("type {} needs at least one API token", row.name),
            "write `apiTokens: [...]`",
        ));
    }
    problems.extend(row.checks.iter().filter(|check| holds_all(&check.r#if, settings)).map(found));
    problems.extend(address::problems(row, settings));
    let dialect = settings.text(DIALECT);
    if !dialect.is_empty() && !DIALECTS.contains(&dialect.as_str()) {
        let message = format!("{dialect:?} is no dialect an entry can choose");
        problems.push(problem(DIALECT, message, "write `responses`, or `chat`"));
    }
    problems
}

/// What is accepted but will not do what it seems to.
pub fn warnings(settings: &Settings) -> Vec<SettingProblem> {
    let Some(row) = table::row(&settings.kind) else { return Vec::new() };
    let mut warnings: Vec<_> =
        row.warnings.iter().filter(|check| holds_all(&check.r#if, settings)).map(found).collect();
    warnings.extend(mapping::broken(&settings.model_mapping));
    // a type that has no choice at all is told so where its keys are read
    if row.responses && !settings.text(DIALECT).is_empty() && !arm::chooses_dialect(row, settings) {
        let message = "dialect has no effect where the vendor's own protocol is spoken".to_owned();
        warnings.push(problem(DIALECT, message, "remove it"));
    }
    for (name, _) in &settings.capabilities {
        if !Operation::from_name(name).is_some_and(may_be_added) {
            warnings.push(problem(
                &format!("capabilities.{name}"),
                format!("{name} is not an API that can be added, so it is left out"),
                "remove it",
            ));
        } else if row.apis.contains(name) || row.paths.contains_key(name) {
            warnings.push(problem(
                &format!("capabilities.{name}"),
                format!("type {} has {name} built in, so this path is not used", row.name),
                "remove it",
            ));
        }
    }
    if settings.response_json_schema.is_some() && !row.has(Tweak::ResponseJsonSchema) {
        let message =
            format!("type {} does not read this, so `response_format` stays as the caller writes it", row.name);
        warnings.push(problem("responseJsonSchema", message, "remove it; openai and longcat read it"));
    }
    let speaks_responses = arm::chosen(row, settings).speaks == Speaks::OpenAiResponses.name();
    let names = if speaks_responses { Names::Responses } else { settings.protocol.into() };
    for setting in &settings.custom_settings {
        let known = setting.mode == SettingMode::Raw || custom::translated(row, names, &setting.name).is_some();
        if !known {
            warnings.push(problem(
                "customSettings",
                format!("{} is not a setting of this dialect, so it is left out", setting.name),
                "write `mode: raw` to send the name as it is",
            ));
        }
    }
    warnings
}

/// Whether all conditions hold.
pub(crate) fn holds_all(conditions: &[String], settings: &Settings) -> bool {
    conditions.iter().all(|condition| holds(condition, settings))
}

fn holds(condition: &str, settings: &Settings) -> bool {
    if let Some(key) = condition.strip_prefix('!') {
        return !is_set(settings, key);
    }
    if let Some((key, text)) = condition.split_once("!=") {
        return text_of(settings, key) != text;
    }
    if let Some((key, text)) = condition.split_once('=') {
        return text_of(settings, key) == text;
    }
    if let Some((key, count)) = condition.split_once('#') {
        let has = |count: &str| count.parse() == Ok(text_of(settings, key).chars().count());
        return match count.strip_prefix('!') {
            Some(count) => !has(count),
            None => has(count),
        };
    }
    is_set(settings, condition)
}

fn text_of(settings: &Settings, key: &str) -> String {
    match key {
        "protocol" => match settings.protocol {
            Protocol::OpenAi => "openai".to_owned(),
            Protocol::Original => "original".to_owned(),
        },
        key => settings.text(key).trim().to_owned(),
    }
}

fn is_set(settings: &Settings, key: &str) -> bool {
    match key {
        "apiTokens" => settings.tokens > 0,
        "context" => settings.context.is_some(),
        "ownForm" => settings.own_form,
        key => match settings.options.get(key) {
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(entries)) => !entries.is_empty(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
                !matches!(text_of(settings, key).as_str(), "" | "0" | "false")
            }
        },
    }
}

/// Whether the text is a condition at all, for the test of the rows.
#[cfg(test)]
pub(crate) fn is_condition(text: &str) -> bool {
    let key = text.strip_prefix('!').unwrap_or(text);
    let key = key.split(['=', '#', '!']).next().unwrap_or_default();
    !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric())
}

fn found(check: &Check) -> SettingProblem {
    problem(&check.key, check.message.clone(), &check.fix)
}

/// A problem of `key`.
pub(crate) fn problem(key: &str, message: String, fix: &str) -> SettingProblem {
    SettingProblem { key: key.to_owned(), message, fix: fix.to_owned() }
}

/// The type whose name differs in case, dashes and underscores only.
fn nearest(kind: &str) -> Option<&'static str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_', ' '], "");
    table::supported_types().find(|name| plain(name) == plain(kind))
}

#[cfg(test)]
mod tests;
