//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object};
use crate::model::{
    CallKind, Dropped, Media, MediaKind, Message, OutputForm, Part, Request, Role, Source, Tool, ToolChoice,
};
use crate::plain::note_rest;
use crate::text::Text;

const TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "max_tokens",
    "stop",
    "logprobs",
    "response_format",
    "reasoning_effort",
    "tools",
    "tool_choice",
    "documents",
    "citation_options",
    "safety_mode",
    "strict_tools",
    "priority",
];

/// Fields of Cohere's own that a caller may name as they are.
const OWN: &[&str] = &["documents", "citation_options", "safety_mode", "strict_tools", "priority"];

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let model = context.model.as_deref().unwrap_or(&request.model);
    Object::write(out, |body| {
        body.text("model", model);
        body.list("messages", |list| {
            request.messages.iter().for_each(|message| write_message(list, message, dropped));
        });
        let sampling = &request.sampling;
        body.number("temperature", sampling.temperature.as_ref());
        body.number("p", sampling.top_p.as_ref());
        body.number("k", sampling.top_k.as_ref());
        body.number("seed", sampling.seed.as_ref());
        body.number("presence_penalty", sampling.presence_penalty.as_ref());
        body.number("frequency_penalty", sampling.frequency_penalty.as_ref());
        if let Some(most) = request.max_output {
            body.count("max_tokens", most);
        }
        if !request.stop.is_empty() {
            body.list("stop_sequences", |list| request.stop.iter().for_each(|text| list.text(text)));
        }
        if request.logprobs == Some(true) {
            body.flag("logprobs", true);
        }
        tools(body, request, dropped);
        form(body, &request.output, "json_schema");
        thinking(body, request, model, dropped);
        for name in OWN {
            if let Some(value) = request.extra(name) {
                body.raw(name, value.get());
            }
        }
        // Streaming must be said either way.
        body.flag("stream", request.stream);
    });
    note_rest(request, TAKEN, dropped);
}

fn write_message(list: &mut List<'_>, message: &Message<'_>, dropped: &mut Dropped) {
    dropped.note_if(message.name.is_some(), "messages.name");
    for part in &message.parts {
        if let Part::ToolResult(result) = part {
            dropped.note_if(result.is_error == Some(true), "messages.is_error");
            list.object(|object| {
                object.text("role", "tool");
                object.text("tool_call_id", &result.id);
                object.list("content", |list| {
                    result.parts.iter().for_each(|part| write_result_part(list, part, dropped));
                });
            });
        }
    }
    let says_something = message.parts.iter().any(|part| match part {
        Part::Text(_) | Part::Refusal(_) | Part::Media(_) => true,
        Part::ToolCall(call) => call.kind != CallKind::Server,
        Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => false,
    });
    if !says_something {
        return;
    }
    let role = match message.role {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    list.object(|object| {
        object.text("role", role);
        content(object, message, dropped);
        if message.role == Role::Assistant {
            calls(object, message, dropped);
        }
    });
}

/// A tool's result is text or a document ("Tool use", 2026-11).
fn write_result_part(list: &mut List<'_>, part: &Part<'_>, dropped: &mut Dropped) {
    match part {
        Part::Text(text) => write_text(list, &text.text),
        Part::Refusal(text) => write_text(list, text),
        Part::Media(media) => match &media.source {
            Source::Text(text) => write_text(list, text),
            Source::Url(_) | Source::Base64(_) | Source::File(_) => {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
        },
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => dropped.note("messages"),
    }
}

fn write_text(list: &mut List<'_>, text: &str) {
    list.object(|block| {
        block.text("type", "text");
        block.text("text", text);
    });
}

fn content(object: &mut Object<'_>, message: &Message<'_>, dropped: &mut Dropped) {
    let mut texts: Vec<&str> = Vec::new();
    let mut images: Vec<&Media<'_>> = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => {
                dropped.note_if(text.cache.is_some(), "messages.cache_control");
                texts.push(&text.text);
            }
            Part::Refusal(text) => texts.push(text),
            Part::Media(media) => match (&media.source, media.kind) {
                (Source::Text(text), _) => texts.push(text),
                (Source::Url(_) | Source::Base64(_), MediaKind::Image) => images.push(media),
                (Source::Url(_) | Source::Base64(_) | Source::File(_), _) => {
                    dropped.note(&format!("messages.{}", media.kind.name()));
                }
            },
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) => {}
        }
    }
    match (texts.as_slice(), images.is_empty()) {
        ([], true) => {}
        ([only], true) => object.text("content", only),
        _ => object.list("content", |list| {
            // Order counts where pictures stand between words.
            for part in &message.parts {
                match part {
                    Part::Text(text) => write_text(list, &text.text),
                    Part::Refusal(text) => write_text(list, text),
                    Part::Media(media) => write_media(list, media),
                    Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
                }
            }
        }),
    }
}

/// "Image inputs", 2026-11.
fn write_media(list: &mut List<'_>, media: &Media<'_>) {
    match (&media.source, media.kind) {
        (Source::Text(text), _) => write_text(list, text),
        (Source::Url(_) | Source::Base64(_), MediaKind::Image) => list.object(|block| {
            block.text("type", "image_url");
            block.object("image_url", |image| {
                match &media.source {
                    Source::Base64(data) => {
                        let mime = media.mime.as_ref().map_or("image/png", Text::as_str);
                        image.joined("url", &["data:", mime, ";base64,", data]);
                    }
                    Source::Url(address) | Source::File(address) | Source::Text(address) => image.text("url", address),
                }
                image.maybe_text("detail", media.detail.as_deref());
            });
        }),
        (Source::Url(_) | Source::Base64(_) | Source::File(_), _) => {}
    }
}

/// Calls, with the thoughts before them as their plan. Thoughts without calls have no place.
fn calls(object: &mut Object<'_>, message: &Message<'_>, dropped: &mut Dropped) {
    let mut thoughts: Vec<&str> = Vec::new();
    let mut has_calls = false;
    for part in &message.parts {
        match part {
            Part::Thinking(thinking) => {
                dropped.note_if(thinking.hidden.is_some() || thinking.signature.is_some(), "messages.thinking");
                thoughts.push(&thinking.text);
            }
            Part::ToolCall(call) => has_calls |= call.kind != CallKind::Server,
            Part::Text(_) | Part::Refusal(_) | Part::Media(_) | Part::ToolResult(_) | Part::Opaque(_) => {}
        }
    }
    thoughts.retain(|text| !text.is_empty());
    if !has_calls {
        return dropped.note_if(!thoughts.is_empty(), "messages.thinking");
    }
    if !thoughts.is_empty() {
        object.joined("tool_plan", &thoughts);
    }
    object.list("tool_calls", |list| {
        for part in &message.parts {
            if let Part::ToolCall(call) = part
                && call.kind != CallKind::Server
            {
                list.object(|fields| {
                    fields.text("id", &call.id);
                    fields.text("type", "function");
                    fields.object("function", |function| {
                        function.text("name", &call.name);
                        function.text("arguments", &crate::json::json_of(&call.arguments));
                    });
                });
            }
        }
    });
}

/// There is no way to name the one tool to call: only that one is offered then.
fn tools(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let offered = |name: &Text<'_>| match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => names.iter().any(|other| other == name),
        Some(ToolChoice::Named(only)) => only == name,
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Required) | None => true,
    };
    let functions = || {
        request.tools.iter().filter_map(|tool| match tool {
            Tool::Function(function) => Some(function),
            Tool::WebSearch(_) | Tool::Opaque(_) => None,
        })
    };
    if functions().next().is_none() {
        return;
    }
    body.list("tools", |list| {
        for function in functions().filter(|function| offered(&function.name)) {
            dropped.note_if(function.cache.is_some(), "tools.cache_control");
            list.object(|tool| {
                tool.text("type", "function");
                tool.object("function", |fields| {
                    fields.text("name", &function.name);
                    fields.maybe_text("description", function.description.as_deref());
                    let none = r#"{"type":"object","properties":{}}"#;
                    fields.raw("parameters", function.schema.map_or(none, |schema| schema.get()));
                });
            });
        }
    });
    if functions().all(|function| function.strict == Some(true)) && request.extra("strict_tools").is_none() {
        body.flag("strict_tools", true);
    }
    match &request.tool_choice {
        None | Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => {}
        Some(ToolChoice::None) => body.text("tool_choice", "NONE"),
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }) => {
            body.text("tool_choice", "REQUIRED");
        }
    }
}

/// "Structured outputs", 2026-11. The versions have different names for the schema.
pub(crate) fn form(body: &mut Object<'_>, output: &OutputForm<'_>, key: &str) {
    let schema = match output {
        OutputForm::Free => return,
        OutputForm::JsonObject => None,
        OutputForm::JsonSchema { schema, .. } => Some(schema),
    };
    body.object("response_format", |format| {
        format.text("type", "json_object");
        if let Some(schema) = schema {
            format.raw(key, schema.get());
        }
    });
}

/// "Reasoning", 2026-11: only the models that are named for it can think, and they do unless told not to.
fn thinking(body: &mut Object<'_>, request: &Request<'_>, model: &str, dropped: &mut Dropped) {
    let reasoning = &request.reasoning;
    if reasoning.is_unset() {
        return;
    }
    let is_off = reasoning.is_off();
    if !model.contains("reasoning") {
        return dropped.note_if(!is_off, "reasoning_effort");
    }
    body.object("thinking", |thinking| {
        thinking.text("type", if is_off { "disabled" } else { "enabled" });
        if let Some(budget) = reasoning.budget_or_effort().filter(|_| !is_off) {
            thinking.count("token_budget", budget);
        }
    });
}
