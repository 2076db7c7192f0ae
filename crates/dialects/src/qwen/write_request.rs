//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object, json_of};
use crate::model::{CallKind, Dropped, Media, MediaKind, Message, OutputForm, Part, Request, Role, Source, ToolResult};
use crate::plain::{note_rest, text_of_message};
use crate::settings::Settings;
use crate::text::{Number, Text};

use super::settings::QwenSettings;
use super::{is_multimodal, tools};

const TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "max_tokens",
    "stop",
    "n",
    "logprobs",
    "top_logprobs",
    "response_format",
    "reasoning_effort",
    "tools",
    "tools.web_search",
    "tool_choice",
    "parallel_tool_calls",
    "enable_search",
    "search_options",
    "translation_options",
    "vl_high_resolution_images",
    "enable_code_interpreter",
];

/// Parameters of Qwen's own that a caller may name as they are.
const OWN: &[&str] = &["search_options", "translation_options", "vl_high_resolution_images", "enable_code_interpreter"];

/// Said before the names of files where the caller has no instructions ("Qwen-Long", 2026-11: they must stand first).
const STOCK_INSTRUCTIONS: &str = "You are a helpful assistant.";

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let model = context.model.as_deref().unwrap_or(&request.model);
    let settings = if let Settings::Qwen(settings) = &context.profile.settings { Some(&**settings) } else { None };
    let as_list = is_multimodal(model);
    Object::write(out, |body| {
        body.text("model", model);
        body.object("input", |input| {
            input.list("messages", |list| {
                let files = settings.map(|settings| settings.file_ids.as_slice()).unwrap_or_default();
                let has_files = model.starts_with("qwen-long") && !files.is_empty();
                if has_files {
                    instructions_and_files(list, request, files, dropped);
                }
                for message in request.messages.iter().filter(|message| !has_files || !message.role.instructs()) {
                    write_message(list, message, as_list, dropped);
                }
            });
        });
        body.object("parameters", |parameters| write_parameters(parameters, request, settings, dropped));
    });
    note_rest(request, TAKEN, dropped);
}

/// One message of instructions, one that names the files.
fn instructions_and_files(list: &mut List<'_>, request: &Request<'_>, files: &[String], dropped: &mut Dropped) {
    let instructing = request.messages.iter().filter(|message| message.role.instructs());
    let texts: Vec<String> = instructing.map(|message| text_of_message(message, dropped)).collect();
    let files: Vec<String> = files.iter().map(|id| format!("fileid://{id}")).collect();
    let instructions = if texts.is_empty() { STOCK_INSTRUCTIONS.to_owned() } else { texts.join("\n") };
    for text in [instructions, files.join(",")] {
        list.object(|message| {
            message.text("role", "system");
            message.text("content", &text);
        });
    }
}

fn write_message(list: &mut List<'_>, message: &Message<'_>, as_list: bool, dropped: &mut Dropped) {
    for part in &message.parts {
        if let Part::ToolResult(result) = part {
            list.object(|object| write_result(object, result, as_list, dropped));
        }
    }
    let is_said = |part: &&Part<'_>| match part {
        Part::Text(_) | Part::Refusal(_) => true,
        Part::Media(media) => is_visible(media),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => false,
    };
    let said: Vec<&Part<'_>> = message.parts.iter().filter(is_said).collect();
    note_unsaid(message, dropped);
    let is_call = |part: &&Part<'_>| matches!(part, Part::ToolCall(call) if call.kind != CallKind::Server);
    let has_calls = message.parts.iter().any(|part| is_call(&part));
    if said.is_empty() && !has_calls {
        return;
    }
    list.object(|object| {
        let role = match message.role {
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        object.text("role", role);
        object.maybe_text("name", message.name.as_deref());
        write_content(object, &said, as_list);
        if has_calls {
            object.list("tool_calls", |list| {
                for part in message.parts.iter().filter(is_call) {
                    if let Part::ToolCall(call) = part {
                        list.object(|fields| {
                            fields.text("id", &call.id);
                            fields.text("type", "function");
                            fields.object("function", |function| {
                                function.text("name", &call.name);
                                function.text("arguments", &json_of(&call.arguments));
                            });
                        });
                    }
                }
            });
        }
    });
}

fn note_unsaid(message: &Message<'_>, dropped: &mut Dropped) {
    for part in &message.parts {
        match part {
            Part::Text(text) => dropped.note_if(text.cache.is_some(), "messages.cache_control"),
            Part::Media(media) if !is_visible(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::Media(media) => dropped.note_if(media.detail.as_deref() == Some("high"), "messages.image_url.detail"),
            Part::Thinking(_) => dropped.note("messages.thinking"),
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
            Part::Refusal(_) | Part::ToolCall(_) | Part::ToolResult(_) => {}
        }
    }
}

fn write_result(object: &mut Object<'_>, result: &ToolResult<'_>, as_list: bool, dropped: &mut Dropped) {
    dropped.note_if(result.is_error == Some(true), "messages.is_error");
    object.text("role", "tool");
    object.text("tool_call_id", &result.id);
    object.maybe_text("name", result.name.as_deref());
    let said: Vec<&Part<'_>> = result.parts.iter().collect();
    write_content(object, &said, as_list);
}

/// A single text is a string to text models; the others' content is always a list.
fn write_content(object: &mut Object<'_>, said: &[&Part<'_>], as_list: bool) {
    match said {
        [] => object.text("content", ""),
        [Part::Text(text)] if !as_list => object.text("content", &text.text),
        [Part::Refusal(text)] if !as_list => object.text("content", text),
        parts => object.list("content", |list| parts.iter().for_each(|part| write_piece(list, part))),
    }
}

fn write_piece(list: &mut List<'_>, part: &Part<'_>) {
    match part {
        Part::Text(text) => list.object(|piece| piece.text("text", &text.text)),
        Part::Refusal(text) => list.object(|piece| piece.text("text", text)),
        Part::Media(media) if is_visible(media) => list.object(|piece| match &media.source {
            Source::Url(address) => piece.text(media.kind.name(), address),
            Source::Base64(data) => {
                let mime = media.mime.as_ref().map_or(default_mime(media.kind), Text::as_str);
                piece.joined(media.kind.name(), &["data:", mime, ";base64,", data]);
            }
            Source::Text(text) | Source::File(text) => piece.text("text", text),
        }),
        Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
    }
}

const fn default_mime(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image/png",
        MediaKind::Audio => "audio/wav",
        MediaKind::Video => "video/mp4",
        MediaKind::Document => "application/octet-stream",
    }
}

/// Pictures, sounds and films by address or data; documents as text alone.
const fn is_visible(media: &Media<'_>) -> bool {
    match (&media.source, media.kind) {
        (Source::Text(_), _) => true,
        (Source::Url(_) | Source::Base64(_), MediaKind::Image | MediaKind::Audio | MediaKind::Video) => true,
        (Source::Url(_) | Source::Base64(_), MediaKind::Document) | (Source::File(_), _) => false,
    }
}

fn write_parameters(
    parameters: &mut Object<'_>,
    request: &Request<'_>,
    settings: Option<&QwenSettings>,
    dropped: &mut Dropped,
) {
    let sampling = &request.sampling;
    parameters.text("result_format", "message");
    parameters.number("temperature", sampling.temperature.as_ref());
    parameters.number("top_p", sampling.top_p.as_ref().map(inner).as_ref());
    parameters.number("top_k", sampling.top_k.as_ref());
    parameters.number("seed", sampling.seed.as_ref());
    parameters.number("presence_penalty", sampling.presence_penalty.as_ref());
    parameters.number("frequency_penalty", sampling.frequency_penalty.as_ref());
    parameters.number("repetition_penalty", sampling.repetition_penalty.as_ref());
    for (key, count) in [("max_tokens", request.max_output), ("n", request.n), ("top_logprobs", request.top_logprobs)] {
        if let Some(count) = count {
            parameters.count(key, count);
        }
    }
    if request.logprobs == Some(true) {
        parameters.flag("logprobs", true);
    }
    if !request.stop.is_empty() {
        parameters.list("stop", |list| request.stop.iter().for_each(|text| list.text(text)));
    }
    tools::write(parameters, request, dropped);
    let search = request.web_search();
    search.into_iter().for_each(|search| dropped.note_search(search));
    match request.extra("enable_search") {
        Some(wanted) => parameters.raw("enable_search", wanted.get()),
        None if search.is_some() || settings.is_some_and(|settings| settings.enable_search) => {
            parameters.flag("enable_search", true);
        }
        None => {}
    }
    write_form(parameters, &request.output);
    let reasoning = &request.reasoning;
    if !reasoning.is_unset() {
        // "Deep thinking", 2026-11.
        parameters.flag("enable_thinking", !reasoning.is_off());
        if let Some(budget) = reasoning.budget_or_effort().filter(|_| !reasoning.is_off()) {
            parameters.count("thinking_budget", budget);
        }
    }
    for name in OWN {
        if let Some(value) = request.extra(name) {
            parameters.raw(name, value.get());
        }
    }
    if request.stream {
        parameters.flag("incremental_output", true);
    }
}

/// `top_p` lies above 0 and below 1 ("DashScope API reference: top_p", 2026-11); the ends are those of Higress.
fn inner<'n>(number: &Number<'n>) -> Number<'n> {
    let json = |text| serde_json::from_str(text).unwrap_or_else(|_| number.clone());
    match number.value() {
        value if value < 0.000_001 => json("0.000001"),
        value if value > 0.999_999 => json("0.999999"),
        _ => number.clone(),
    }
}

/// "Structured output", 2026-11.
fn write_form(parameters: &mut Object<'_>, output: &OutputForm<'_>) {
    match output {
        OutputForm::Free => {}
        OutputForm::JsonObject => {
            parameters.object("response_format", |format| format.text("type", "json_object"));
        }
        OutputForm::JsonSchema { name, description, schema, strict } => {
            parameters.object("response_format", |format| {
                format.text("type", "json_schema");
                format.object("json_schema", |fields| {
                    fields.text("name", name.as_deref().unwrap_or("answer"));
                    fields.maybe_text("description", description.as_deref());
                    fields.raw("schema", schema.get());
                    if let Some(strict) = strict {
                        fields.flag("strict", *strict);
                    }
                });
            });
        }
    }
}
