//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object, json_of};
use crate::model::{CallKind, Dropped, Message, Part, Request, Role, Tool, ToolChoice, ToolResult};
use crate::plain::{note_rest, words};
use crate::text::Text;

const TAKEN: &[&str] =
    &["temperature", "top_p", "max_tokens", "n", "tools", "tool_choice", "parallel_tool_calls", "plugins"];

/// The names of Higress ai-proxy v2.2.1 for who has none: both sides must have one.
const BOT: &str = "MM智能助理";
const USER: &str = "小明";

/// A bot must have a setting; said where the caller has no instructions.
const STOCK_SETTING: &str = "You are a helpful assistant.";

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let instructing = || request.messages.iter().filter(|message| message.role.instructs());
    let bot = instructing().find_map(|message| message.name.as_ref()).map_or(BOT, Text::as_str);
    let settings: Vec<String> = instructing().map(|message| words(message, dropped)).collect();
    let setting = if settings.is_empty() { STOCK_SETTING.to_owned() } else { settings.join("\n") };
    Object::write(out, |body| {
        body.text("model", context.model.as_deref().unwrap_or(&request.model));
        if request.stream {
            body.flag("stream", true);
        }
        if let Some(most) = request.max_output {
            body.count("tokens_to_generate", most);
        }
        body.number("temperature", request.sampling.temperature.as_ref());
        body.number("top_p", request.sampling.top_p.as_ref());
        if let Some(n) = request.n.filter(|n| *n > 1) {
            body.count("beam_width", n);
        }
        body.flag("mask_sensitive_info", true);
        body.list("messages", |list| {
            for message in request.messages.iter().filter(|message| !message.role.instructs()) {
                write_message(list, message, bot, request, dropped);
            }
        });
        body.list("bot_setting", |list| {
            list.object(|fields| {
                fields.text("bot_name", bot);
                fields.text("content", &setting);
            });
        });
        body.object("reply_constraints", |reply| {
            reply.text("sender_type", "BOT");
            reply.text("sender_name", bot);
        });
        functions(body, request, dropped);
        if let Some(plugins) = request.extra("plugins") {
            body.raw("plugins", plugins.get());
        }
    });
    note_rest(request, TAKEN, dropped);
}

fn write_message(list: &mut List<'_>, message: &Message<'_>, bot: &str, request: &Request<'_>, dropped: &mut Dropped) {
    let (kind, name) = match message.role {
        Role::Assistant => ("BOT", bot),
        Role::User | Role::System | Role::Developer => ("USER", message.name.as_ref().map_or(USER, Text::as_str)),
    };
    let mut text = String::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(part) => {
                dropped.note_if(part.cache.is_some(), "messages.cache_control");
                text.push_str(&part.text);
            }
            Part::Refusal(words) => text.push_str(words),
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::ToolCall(call) if call.kind == CallKind::Server => {}
            Part::ToolCall(call) => calls.push(call),
            Part::ToolResult(result) => {
                let name = request.tool_name(&result.id).or(result.name.as_deref()).unwrap_or_default();
                list.object(|fields| write_result(fields, result, name, dropped));
            }
            Part::Thinking(_) => dropped.note("messages.thinking"),
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
        }
    }
    // A message holds one call at most.
    let mut write = |text: &str, call: Option<&crate::model::ToolCall<'_>>| {
        list.object(|fields| {
            fields.text("sender_type", kind);
            fields.text("sender_name", name);
            fields.text("text", text);
            if let Some(call) = call {
                fields.object("function_call", |function| {
                    function.text("name", &call.name);
                    function.text("arguments", &json_of(&call.arguments));
                });
            }
        });
    };
    let mut calls = calls.into_iter();
    let first = calls.next();
    if !text.is_empty() || first.is_some() {
        write(&text, first);
    }
    calls.for_each(|call| write("", Some(call)));
}

fn write_result(fields: &mut Object<'_>, result: &ToolResult<'_>, name: &str, dropped: &mut Dropped) {
    dropped.note_if(result.is_error == Some(true), "messages.is_error");
    let mut texts: Vec<&str> = Vec::new();
    for part in &result.parts {
        match part {
            Part::Text(text) => texts.push(&text.text),
            Part::Refusal(text) => texts.push(text),
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {
                dropped.note("messages.tool_result");
            }
        }
    }
    fields.text("sender_type", "FUNCTION");
    fields.text("sender_name", name);
    fields.joined("text", &texts);
}

fn functions(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let offered = |name: &Text<'_>| match &request.tool_choice {
        Some(ToolChoice::None) => false,
        Some(ToolChoice::Allowed { names, .. }) => names.iter().any(|other| other == name),
        Some(ToolChoice::Auto | ToolChoice::Required | ToolChoice::Named(_)) | None => true,
    };
    let functions = || {
        request.tools.iter().filter_map(|tool| match tool {
            Tool::Function(function) => Some(function).filter(|function| offered(&function.name)),
            Tool::WebSearch(_) | Tool::Opaque(_) => None,
        })
    };
    if functions().next().is_none() {
        return;
    }
    dropped.note_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    body.list("functions", |list| {
        for function in functions() {
            dropped.note_if(function.cache.is_some(), "tools.cache_control");
            dropped.note_if(function.strict == Some(true), "tools.strict");
            list.object(|fields| {
                fields.text("name", &function.name);
                fields.maybe_text("description", function.description.as_deref());
                if let Some(schema) = function.schema {
                    fields.raw("parameters", schema.get());
                }
            });
        }
    });
    match &request.tool_choice {
        Some(ToolChoice::Named(name)) => body.object("function_call", |choice| {
            choice.text("type", "specific");
            choice.text("name", name);
        }),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => dropped.note("tool_choice"),
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. }) | None => {}
    }
}
