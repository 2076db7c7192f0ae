//! `toolConfig` ("ToolConfiguration", 2026-11).

use crate::json::{List, Object};
use crate::model::{Dropped, Function, Part, Request, Tool, ToolChoice, Vendor};

use super::blocks::write_cache_point;
use super::family::Family;

/// What stands for a schema when a function takes no arguments: Bedrock refuses one whose type is not `object`.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

pub(super) fn write(body: &mut Object<'_>, request: &Request<'_>, family: Family, model: &str, dropped: &mut Dropped) {
    let has_history = request.messages.iter().flat_map(|message| &message.parts).any(is_tool_block);
    let is_forbidden = request.tool_choice == Some(ToolChoice::None);
    let functions: Vec<&Function<'_>> =
        request.tools.iter().filter_map(|tool| function(tool, request, dropped)).collect();
    // There is no "none": no tools are offered, unless earlier calls stand in the conversation, for which they must be.
    if is_forbidden && !has_history || functions.is_empty() && !has_history && !has_own(request) {
        return;
    }
    dropped.note_if(is_forbidden, "tool_choice");
    dropped.note_if(request.parallel_tool_calls == Some(false) && !functions.is_empty(), "parallel_tool_calls");
    let takes_strict = family.takes_schema(model);
    body.object("toolConfig", |config| {
        config.list("tools", |list| {
            for function in &functions {
                dropped.note_if(function.strict == Some(true) && !takes_strict, "tools.strict");
                dropped.note_if(function.cache.is_some() && !family.caches(), "tools.cache_control");
                list.object(|tool| tool.object("toolSpec", |spec| write_function(spec, function, takes_strict)));
                write_cache_point(list, function.cache.as_ref(), family);
            }
            for tool in &request.tools {
                if let Tool::Opaque(tool) = tool
                    && let (Vendor::Amazon, Some(json)) = (tool.vendor, tool.json)
                {
                    list.raw(json.get());
                }
            }
            if functions.is_empty() && !has_own(request) {
                called_before(list, request);
            }
        });
        let wanted = request.tool_choice.as_ref().filter(|choice| family.can_be_forced() || !forces(choice));
        dropped.note_if(wanted.is_none() && request.tool_choice.is_some(), "tool_choice");
        config.object("toolChoice", |choice| write_choice(choice, wanted));
    });
}

fn has_own(request: &Request<'_>) -> bool {
    request.tools.iter().any(|tool| matches!(tool, Tool::Opaque(tool) if tool.vendor == Vendor::Amazon))
}

fn is_tool_block(part: &Part<'_>) -> bool {
    matches!(part, Part::ToolCall(_) | Part::ToolResult(_))
}

/// A tool as a function that may be called; notes the others.
fn function<'r, 'a>(tool: &'r Tool<'a>, request: &Request<'_>, dropped: &mut Dropped) -> Option<&'r Function<'a>> {
    match (tool, &request.tool_choice) {
        (Tool::Function(function), Some(ToolChoice::Allowed { names, .. })) => {
            names.iter().any(|name| name.as_str() == function.name.as_str()).then_some(function)
        }
        (Tool::Function(function), _) => Some(function),
        (Tool::WebSearch(_), _) => {
            dropped.note("tools.web_search");
            None
        }
        (Tool::Opaque(tool), _) => {
            if tool.vendor != Vendor::Amazon || tool.json.is_none() {
                dropped.note(&format!("tools.{}", tool.kind));
            }
            None
        }
    }
}

fn write_function(spec: &mut Object<'_>, function: &Function<'_>, takes_strict: bool) {
    spec.text("name", &function.name);
    spec.maybe_text("description", function.description.as_deref().filter(|text| !text.is_empty()));
    spec.object("inputSchema", |schema| {
        schema.raw("json", function.schema.map_or(NO_ARGUMENTS, |schema| schema.get()));
    });
    if function.strict == Some(true) && takes_strict {
        spec.flag("strict", true);
    }
}

/// Tools of which only earlier calls are left: Bedrock refuses a conversation with calls and without tools.
fn called_before(list: &mut List<'_>, request: &Request<'_>) {
    let mut known: Vec<&str> = Vec::new();
    for part in request.messages.iter().flat_map(|message| &message.parts) {
        if let Part::ToolCall(call) = part
            && !known.contains(&call.name.as_str())
        {
            known.push(&call.name);
            let function = Function { name: call.name.borrow(), ..Function::default() };
            list.object(|tool| tool.object("toolSpec", |spec| write_function(spec, &function, false)));
        }
    }
}

const fn forces(choice: &ToolChoice<'_>) -> bool {
    match choice {
        ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. } => true,
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. } => false,
    }
}

fn write_choice(choice: &mut Object<'_>, wanted: Option<&ToolChoice<'_>>) {
    match wanted {
        None | Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. }) => {
            choice.object("auto", |_| {});
        }
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => choice.object("any", |_| {}),
        Some(ToolChoice::Named(name)) => choice.object("tool", |tool| tool.text("name", name)),
    }
}
