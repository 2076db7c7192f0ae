//! The small changes a row asks for.

use claviger_types::Operation;
use serde_json::{Map, Value};

use super::has_text;
use crate::provider::Provider;
use crate::row::Tweak;

/// Whether some tweak may change this body; cheap, and true too often rather than too seldom.
pub(super) fn wanted(provider: &Provider, operation: Operation, body: &[u8]) -> bool {
    provider.row.tweaks.iter().any(|tweak| {
        concerns(*tweak, operation)
            && match tweak {
                Tweak::ReasoningEffortToThinking => has_text(body, b"\"reasoning_effort\""),
                Tweak::OpenrouterReasoning => has_text(body, b"\"reasoning_max_tokens\""),
                Tweak::DoubaoResponses => {
                    has_text(body, b"\"parallel_tool_calls\"") || has_text(body, b"\"tool_choice\"")
                }
                Tweak::DoubaoImages => true,
                Tweak::ResponseJsonSchema => provider.settings.response_json_schema.is_some(),
                Tweak::KeepDeveloperRole | Tweak::KnowsDeveloperRole | Tweak::MoonshotUsage => false,
            }
    })
}

/// Applies the row's tweaks; says whether anything changed.
pub(super) fn apply(provider: &Provider, operation: Operation, body: &mut Map<String, Value>) -> bool {
    let mut changed = false;
    for tweak in provider.row.tweaks.iter().filter(|tweak| concerns(**tweak, operation)) {
        changed |= match tweak {
            Tweak::ReasoningEffortToThinking => reasoning_effort_to_thinking(body),
            Tweak::OpenrouterReasoning => openrouter_reasoning(body),
            Tweak::DoubaoResponses => {
                let first = body.shift_remove("parallel_tool_calls").is_some();
                body.shift_remove("tool_choice").is_some() || first
            }
            Tweak::DoubaoImages => {
                let unset = body.get("watermark").is_none();
                if unset {
                    body.insert("watermark".to_owned(), Value::Bool(false));
                }
                unset
            }
            Tweak::ResponseJsonSchema => match &provider.settings.response_json_schema {
                Some(schema) => {
                    body.insert("response_format".to_owned(), schema.clone());
                    true
                }
                None => false,
            },
            Tweak::KeepDeveloperRole | Tweak::KnowsDeveloperRole | Tweak::MoonshotUsage => false,
        };
    }
    changed
}

/// `response_format` of chat completions as responses have it: what it says of a schema stands beside its type ("Migrate to
/// the Responses API", 2026-11).
pub(super) fn text_format(body: &mut Map<String, Value>, format: &Value) -> bool {
    let Value::Object(format) = format else { return false };
    let mut flat = format.clone();
    if let Some(Value::Object(inner)) = flat.shift_remove("json_schema") {
        flat.extend(inner);
    }
    match body.get_mut("text") {
        Some(Value::Object(text)) => drop(text.insert("format".to_owned(), Value::Object(flat))),
        Some(_) | None => drop(body.insert("text".to_owned(), serde_json::json!({ "format": flat }))),
    }
    true
}

fn concerns(tweak: Tweak, operation: Operation) -> bool {
    match tweak {
        Tweak::DoubaoResponses => operation == Operation::Responses,
        Tweak::DoubaoImages => operation == Operation::ImageGeneration,
        Tweak::KeepDeveloperRole
        | Tweak::KnowsDeveloperRole
        | Tweak::ReasoningEffortToThinking
        | Tweak::OpenrouterReasoning
        | Tweak::MoonshotUsage
        | Tweak::ResponseJsonSchema => operation == Operation::ChatCompletions,
    }
}

fn reasoning_effort_to_thinking(body: &mut Map<String, Value>) -> bool {
    let set = body.get("reasoning_effort").is_some_and(|effort| effort.as_str().is_some_and(|text| !text.is_empty()));
    if set {
        body.shift_remove("reasoning_effort");
        body.insert("thinking".to_owned(), serde_json::json!({"type": "enabled"}));
    }
    set
}

fn openrouter_reasoning(body: &mut Map<String, Value>) -> bool {
    let Some(Value::Number(budget)) = body.get("reasoning_max_tokens") else { return false };
    let budget = Value::Number(budget.clone());
    body.shift_remove("reasoning_max_tokens");
    body.shift_remove("reasoning_effort");
    match body.get_mut("reasoning") {
        Some(Value::Object(reasoning)) => {
            reasoning.insert("max_tokens".to_owned(), budget);
        }
        Some(_) | None => {
            body.insert("reasoning".to_owned(), serde_json::json!({"max_tokens": budget}));
        }
    }
    true
}
