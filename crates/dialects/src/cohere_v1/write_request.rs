//! A request for the provider, written.

use crate::codec::Context;
use crate::cohere::form;
use crate::json::{List, Object, json_of};
use crate::model::{CallKind, Dropped, Message, Part, Request, Role, ToolResult};
use crate::plain::{note_rest, text_of_message};

use super::tools;

const TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "max_tokens",
    "stop",
    "response_format",
    "tools",
    "tool_choice",
    "documents",
    "connectors",
    "conversation_id",
    "prompt_truncation",
    "citation_quality",
    "safety_mode",
    "search_queries_only",
    "force_single_step",
];

/// Fields of Cohere's own that a caller may name as they are.
const OWN: &[&str] = &[
    "documents",
    "connectors",
    "conversation_id",
    "prompt_truncation",
    "citation_quality",
    "safety_mode",
    "search_queries_only",
    "force_single_step",
];

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let spoken: Vec<&Message<'_>> = request.messages.iter().filter(|message| !message.role.instructs()).collect();
    // The last message is asked, unless the model spoke last: then it is to go on from there.
    let (asked, history) = match spoken.split_last() {
        Some((last, before)) if last.role == Role::User => (Some(*last), before),
        Some(_) | None => (None, spoken.as_slice()),
    };
    let results: Vec<&ToolResult<'_>> = asked.map(results).unwrap_or_default();
    Object::write(out, |body| {
        body.text("message", &asked.map(|message| text_without_results(message, dropped)).unwrap_or_default());
        body.text("model", context.model.as_deref().unwrap_or(&request.model));
        preamble(body, request, dropped);
        if !history.is_empty() {
            body.list("chat_history", |list| {
                history.iter().for_each(|message| write_turn(list, message, request, dropped));
            });
        }
        if !results.is_empty() {
            body.list("tool_results", |list| tools::write_results(list, &results, request, dropped));
        }
        tools::write(body, request, dropped);
        sampling(body, request);
        form(body, &request.output, "schema");
        for name in OWN {
            if let Some(value) = request.extra(name) {
                body.raw(name, value.get());
            }
        }
        if request.stream {
            body.flag("stream", true);
        }
    });
    note_rest(request, TAKEN, dropped);
}

fn sampling(body: &mut Object<'_>, request: &Request<'_>) {
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
}

fn preamble(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let instructing = request.messages.iter().filter(|message| message.role.instructs());
    let texts: Vec<String> = instructing.map(|message| text_of_message(message, dropped)).collect();
    if !texts.is_empty() {
        body.text("preamble", &texts.join("\n"));
    }
}

fn results<'m, 'a>(message: &'m Message<'a>) -> Vec<&'m ToolResult<'a>> {
    let result = |part: &'m Part<'a>| match part {
        Part::ToolResult(result) => Some(result),
        Part::Text(_) | Part::Refusal(_) | Part::Media(_) | Part::ToolCall(_) | Part::Thinking(_) | Part::Opaque(_) => {
            None
        }
    };
    message.parts.iter().filter_map(result).collect()
}

/// The words of a message. Calls and results have places of their own.
fn text_without_results(message: &Message<'_>, dropped: &mut Dropped) -> String {
    let mut text = String::new();
    dropped.note_if(message.name.is_some(), "messages.name");
    for part in &message.parts {
        match part {
            Part::Text(part) => {
                dropped.note_if(part.cache.is_some(), "messages.cache_control");
                text.push_str(&part.text);
            }
            Part::Refusal(words) => text.push_str(words),
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::Thinking(_) => dropped.note("messages.thinking"),
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
            Part::ToolCall(_) | Part::ToolResult(_) => {}
        }
    }
    text
}

fn write_turn(list: &mut List<'_>, message: &Message<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let results = results(message);
    if !results.is_empty() {
        list.object(|turn| {
            turn.text("role", "TOOL");
            turn.list("tool_results", |list| tools::write_results(list, &results, request, dropped));
        });
    }
    let text = text_without_results(message, dropped);
    let is_call = |part: &&Part<'_>| matches!(part, Part::ToolCall(call) if call.kind != CallKind::Server);
    let has_calls = message.parts.iter().any(|part| is_call(&part));
    if text.is_empty() && !has_calls {
        return;
    }
    list.object(|turn| {
        turn.text("role", if message.role == Role::Assistant { "CHATBOT" } else { "USER" });
        turn.text("message", &text);
        if has_calls {
            turn.list("tool_calls", |list| {
                for part in message.parts.iter().filter(is_call) {
                    if let Part::ToolCall(call) = part {
                        list.object(|fields| {
                            fields.text("name", &call.name);
                            fields.raw("parameters", &json_of(&call.arguments));
                        });
                    }
                }
            });
        }
    });
}
