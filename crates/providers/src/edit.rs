//! What changes in a JSON request body: settings laid over it, messages tidied, tweaks, usage asked for, model renamed.
//!
//! Bytes in, bytes out, the same bytes when nothing changes. Values of unknown fields, zeroes and the order of keys
//! survive. Single top-level keys are edited in the bytes; the body is parsed only when its inside must change.

pub(crate) mod custom;
mod messages;
pub(crate) mod named;
mod tweak;

use bytes::Bytes;
use claviger_dialects::Protocol as Speaks;
use claviger_types::Operation;
use claviger_wire::{Ask, json};
use serde_json::{Map, Value};

use self::custom::Names;
use crate::arm::Arm;
use crate::provider::{Provider, is_gemini, names_model, takes_model};
use crate::row::Tweak;
use crate::settings::Protocol;

/// The body had to be changed and is not a JSON object.
#[derive(Debug)]
pub(crate) struct NotAnObject;

/// A JSON body on its way.
pub(crate) struct Draft<'a> {
    /// What it asks for.
    pub(crate) operation: Operation,
    /// The bytes.
    pub(crate) body: Bytes,
    /// Whether it asks for a stream.
    pub(crate) stream: bool,
    /// Whether it says itself whether the usage chunk is wanted.
    pub(crate) wants_usage: bool,
    /// The model it names.
    pub(crate) model: Option<&'a str>,
    /// Whether it names a model at all, or ought to.
    pub(crate) names: bool,
    /// Whether it is written in the provider's own dialect, which was translated into.
    pub(crate) theirs: bool,
    /// Whether the settings have been laid over it before that.
    pub(crate) laid: bool,
}

impl<'a> Draft<'a> {
    /// The caller's.
    pub(crate) fn of(ask: &'a Ask) -> Self {
        Self {
            operation: ask.operation,
            body: ask.body.clone(),
            stream: ask.stream,
            wants_usage: ask.wants_usage,
            model: ask.model.as_deref(),
            names: names_model(ask),
            theirs: false,
            laid: false,
        }
    }
}

/// The body to send, and whether the usage chunk was asked for on our own account.
pub(crate) fn body(
    provider: &Provider,
    arm: &Arm,
    draft: Draft<'_>,
    model: Option<&str>,
) -> Result<(Bytes, bool), NotAnObject> {
    let Draft { operation, mut body, stream, wants_usage, model: named, names, theirs, laid } = draft;
    if !laid && (has_settings(provider, arm, operation) || provider.is_untouched) {
        body = custom::apply(provider, body, names_in(provider, arm, operation, theirs))?;
    }
    let mut hide_usage = false;
    if provider.adapts() {
        let is_openais = matches!(arm.speech.protocol, Speaks::OpenAiChat | Speaks::OpenAiResponses);
        // what was laid over chat completions is none of what responses need
        if (!laid || operation == Operation::Responses) && (!theirs || is_openais) {
            body = inside(provider, operation, body, theirs && !laid)?;
        }
        let chat = matches!(operation, Operation::ChatCompletions | Operation::Completions);
        if chat && stream && !wants_usage {
            (body, hide_usage) = with_usage(body)?;
        }
    }
    if theirs || arm.speech.is_own(operation) {
        for (name, text) in &arm.body {
            body = json::set_field(&body, name, &json::quote(text));
        }
        if arm.unnamed {
            return Ok((json::remove_field(&body, "model"), hide_usage));
        }
    }
    match model {
        Some(model) if names && named != Some(model) => {
            Ok((json::set_field(&body, "model", &json::quote(model)), hide_usage))
        }
        Some(_) | None => Ok((body, hide_usage)),
    }
}

/// Whether `customSettings` concern the operation.
fn has_settings(provider: &Provider, arm: &Arm, operation: Operation) -> bool {
    // a vendor's own paths are not all known
    let original = provider.settings.protocol == Protocol::Original && arm.speech.protocol != Speaks::OpenAiChat;
    takes_model(operation) || is_gemini(operation) || original && operation == Operation::Other
}

/// Whose names parameters have in the body.
fn names_in(provider: &Provider, arm: &Arm, operation: Operation, theirs: bool) -> Names {
    match arm.speech.spoken(operation) {
        _ if provider.settings.protocol == Protocol::Original || is_gemini(operation) => Names::Vendor,
        Speaks::OpenAiChat | Speaks::OpenAiResponses if operation == Operation::Responses => Names::Responses,
        Speaks::OpenAiChat | Speaks::OpenAiResponses => Names::OpenAi,
        _ if theirs => Names::Vendor,
        _ => Names::OpenAi,
    }
}

/// Changes that need the parsed body. Most requests need none and are not parsed. `foreign`: the caller's protocol is
/// another, so that what is laid over chat completions is laid over this.
fn inside(provider: &Provider, operation: Operation, body: Bytes, foreign: bool) -> Result<Bytes, NotAnObject> {
    let settings = &provider.settings;
    let chat = operation == Operation::ChatCompletions;
    let tidy = chat && (settings.merge_messages || !settings.cleanup_commands.is_empty());
    let kept = provider.row.has(Tweak::KeepDeveloperRole)
        || (settings.own_form && provider.row.has(Tweak::KnowsDeveloperRole));
    let developer = chat && !kept && has_text(&body, b"\"developer\"");
    let schema = settings.response_json_schema.as_ref();
    let schema = schema.filter(|_| foreign && operation == Operation::Responses);
    let tweaks = schema.is_some() || tweak::wanted(provider, operation, &body);
    if !tidy && !developer && !tweaks {
        return Ok(body);
    }
    let mut value = parse(&body)?;
    let mut changed = false;
    if let Some(Value::Array(messages)) = value.get_mut("messages").filter(|_| chat) {
        changed |= messages::clean_up(messages, &settings.cleanup_commands);
        changed |= settings.merge_messages && messages::merge(messages);
        changed |= developer && messages::developer_to_system(messages);
    }
    changed |= tweak::apply(provider, operation, &mut value);
    if let Some(schema) = schema.filter(|_| provider.row.has(Tweak::ResponseJsonSchema)) {
        changed |= tweak::text_format(&mut value, schema);
    }
    Ok(if changed { write(&value) } else { body })
}

/// The body with `stream_options.include_usage: true`, unless the client said something about it.
fn with_usage(body: Bytes) -> Result<(Bytes, bool), NotAnObject> {
    // Looking for the text first spares most bodies a reading.
    let mut options = None;
    if has_text(&body, b"\"stream_options\"") {
        [options] = json::scan(&body, &["stream_options"]).map_err(|_| NotAnObject)?;
    }
    let options = match options.map(serde_json::from_str::<Value>) {
        Some(Ok(Value::Object(options))) if options.get("include_usage").is_some_and(|value| !value.is_null()) => {
            return Ok((body, false));
        }
        Some(Ok(Value::Object(mut options))) => {
            options.insert("include_usage".to_owned(), Value::Bool(true));
            Value::Object(options).to_string()
        }
        Some(_) | None => "{\"include_usage\":true}".to_owned(),
    };
    Ok((json::set_field(&body, "stream_options", &options), true))
}

fn parse(body: &Bytes) -> Result<Map<String, Value>, NotAnObject> {
    serde_json::from_slice(body).map_err(|_| NotAnObject)
}

fn write(value: &Map<String, Value>) -> Bytes {
    // Writing a parsed value cannot fail: its keys are text.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn has_text(body: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(body, text).is_some()
}
