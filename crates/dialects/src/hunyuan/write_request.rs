//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object, json_of};
use crate::model::{
    CallKind, Dropped, Function, Media, MediaKind, Message, Part, Request, Role, Source, Tool, ToolChoice, ToolResult,
};
use crate::plain::note_rest;
use crate::text::Text;

const TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "seed",
    "stop",
    "reasoning_effort",
    "tools",
    "tools.web_search",
    "tool_choice",
    "parallel_tool_calls",
];

/// What stands for a schema when a function takes no arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    Object::write(out, |body| {
        body.text("Model", context.model.as_deref().unwrap_or(&request.model));
        body.list("Messages", |list| messages(list, request, dropped));
        if request.stream {
            body.flag("Stream", true);
        }
        let sampling = &request.sampling;
        body.number("TopP", sampling.top_p.as_ref());
        body.number("Temperature", sampling.temperature.as_ref());
        body.number("Seed", sampling.seed.as_ref());
        if !request.stop.is_empty() {
            body.list("Stop", |list| request.stop.iter().for_each(|text| list.text(text)));
        }
        tools(body, request, dropped);
        if !request.reasoning.is_unset() {
            // On or off is all that can be said.
            let says_more = request.reasoning.budget.is_some_and(|budget| budget > 0);
            dropped.note_if(says_more, "reasoning_effort");
            body.flag("EnableThinking", !request.reasoning.is_off());
        }
    });
    note_rest(request, TAKEN, dropped);
}

/// A system message must stand first and alone ("ChatCompletions: Messages", 2026-11).
fn messages(list: &mut List<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let instructing = || request.messages.iter().filter(|message| message.role.instructs());
    let texts: Vec<String> = instructing().map(|message| crate::plain::text_of_message(message, dropped)).collect();
    if !texts.is_empty() {
        list.object(|message| {
            message.text("Role", "system");
            message.text("Content", &texts.join("\n"));
        });
    }
    for message in request.messages.iter().filter(|message| !message.role.instructs()) {
        write_message(list, message, dropped);
    }
}

fn write_message(list: &mut List<'_>, message: &Message<'_>, dropped: &mut Dropped) {
    dropped.note_if(message.name.is_some(), "messages.name");
    let mut said: Vec<&Part<'_>> = Vec::new();
    let mut has_calls = false;
    let mut thoughts: Vec<&str> = Vec::new();
    for part in &message.parts {
        match part {
            Part::ToolResult(result) => list.object(|object| write_result(object, result, dropped)),
            Part::Text(text) => {
                dropped.note_if(text.cache.is_some(), "messages.cache_control");
                said.push(part);
            }
            Part::Refusal(_) => said.push(part),
            Part::Media(media) if is_visible(media) => {
                dropped.note_detail(media);
                said.push(part);
            }
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::ToolCall(call) => has_calls |= call.kind != CallKind::Server,
            Part::Thinking(thinking) if thinking.hidden.is_none() && thinking.signature.is_none() => {
                thoughts.push(&thinking.text);
            }
            Part::Thinking(_) => dropped.note("messages.thinking"),
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
        }
    }
    if said.is_empty() && !has_calls {
        return;
    }
    list.object(|object| {
        object.text("Role", if message.role == Role::Assistant { "assistant" } else { "user" });
        write_content(object, &said);
        if !thoughts.is_empty() {
            object.joined("ReasoningContent", &thoughts);
        }
        if has_calls {
            object.list("ToolCalls", |list| write_calls(list, message));
        }
    });
}

fn write_content(object: &mut Object<'_>, said: &[&Part<'_>]) {
    match said {
        [] => object.text("Content", ""),
        [Part::Text(text)] => object.text("Content", &text.text),
        [Part::Refusal(text)] => object.text("Content", text),
        parts => object.list("Contents", |list| {
            for part in parts {
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

fn write_text(list: &mut List<'_>, text: &str) {
    list.object(|content| {
        content.text("Type", "text");
        content.text("Text", text);
    });
}

/// Pictures by address or data, films by address ("ChatCompletions: Contents", 2026-11).
const fn is_visible(media: &Media<'_>) -> bool {
    match (media.kind, &media.source) {
        (_, Source::Text(_)) | (MediaKind::Image, Source::Url(_) | Source::Base64(_)) => true,
        (MediaKind::Video, Source::Url(_)) => true,
        (MediaKind::Video, Source::Base64(_))
        | (MediaKind::Audio | MediaKind::Document, Source::Url(_) | Source::Base64(_))
        | (_, Source::File(_)) => false,
    }
}

fn write_media(list: &mut List<'_>, media: &Media<'_>) {
    let (kind, key) = match media.kind {
        MediaKind::Video => ("video_url", "VideoUrl"),
        MediaKind::Image | MediaKind::Audio | MediaKind::Document => ("image_url", "ImageUrl"),
    };
    match &media.source {
        Source::Text(text) => write_text(list, text),
        Source::Url(address) | Source::File(address) => list.object(|content| {
            content.text("Type", kind);
            content.object(key, |url| url.text("Url", address));
        }),
        Source::Base64(data) => list.object(|content| {
            content.text("Type", kind);
            let mime = media.mime.as_ref().map_or("image/png", Text::as_str);
            content.object(key, |url| url.joined("Url", &["data:", mime, ";base64,", data]));
        }),
    }
}

fn write_result(object: &mut Object<'_>, result: &ToolResult<'_>, dropped: &mut Dropped) {
    dropped.note_if(result.is_error == Some(true), "messages.is_error");
    object.text("Role", "tool");
    object.text("ToolCallId", &result.id);
    let mut texts: Vec<&str> = Vec::new();
    for part in &result.parts {
        match part {
            Part::Text(text) => texts.push(&text.text),
            Part::Refusal(text) => texts.push(text),
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
        }
    }
    object.joined("Content", &texts);
}

fn write_calls(list: &mut List<'_>, message: &Message<'_>) {
    for part in &message.parts {
        if let Part::ToolCall(call) = part
            && call.kind != CallKind::Server
        {
            list.object(|fields| {
                fields.text("Id", &call.id);
                fields.text("Type", "function");
                fields.object("Function", |function| {
                    function.text("Name", &call.name);
                    function.text("Arguments", &json_of(&call.arguments));
                });
            });
        }
    }
}

/// Schemas go as text. A call can be demanded of one named tool only.
fn tools(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let offered = |name: &Text<'_>| match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => names.iter().any(|other| other == name),
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Required | ToolChoice::Named(_)) | None => true,
    };
    let functions = || {
        request.tools.iter().filter_map(|tool| match tool {
            Tool::Function(function) => Some(function).filter(|function| offered(&function.name)),
            Tool::WebSearch(_) | Tool::Opaque(_) => None,
        })
    };
    if let Some(search) = request.web_search() {
        dropped.note_search(search);
        body.flag("EnableEnhancement", true);
    }
    if functions().next().is_none() {
        return;
    }
    dropped.note_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    body.list("Tools", |list| {
        for function in functions() {
            dropped.note_if(function.cache.is_some(), "tools.cache_control");
            dropped.note_if(function.strict == Some(true), "tools.strict");
            list.object(|tool| write_function(tool, function));
        }
    });
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => body.text("ToolChoice", "auto"),
        Some(ToolChoice::None) => body.text("ToolChoice", "none"),
        Some(ToolChoice::Named(name)) => {
            let named = functions().find(|function| function.name.as_str() == name.as_str());
            body.text("ToolChoice", "custom");
            if let Some(function) = named {
                body.object("CustomTool", |tool| write_function(tool, function));
            }
        }
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => dropped.note("tool_choice"),
    }
}

fn write_function(tool: &mut Object<'_>, function: &Function<'_>) {
    tool.text("Type", "function");
    tool.object("Function", |fields| {
        fields.text("Name", &function.name);
        fields.text("Parameters", function.schema.map_or(NO_ARGUMENTS, |schema| schema.get()));
        fields.maybe_text("Description", function.description.as_deref());
    });
}
