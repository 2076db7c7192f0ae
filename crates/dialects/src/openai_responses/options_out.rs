//! Tools, form and effort of a request, written.

use crate::json::{List, Object};
use crate::model::{CallKind, Dropped, Effort, Function, OutputForm, Part, Request, Tool, ToolChoice, WebSearch};
use crate::openai_custom;

use super::family;

/// What stands for a schema when a function takes no arguments: `parameters` must be given.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// `text`: the form of the answer, and how wordy it is.
pub(super) fn text(body: &mut Object<'_>, request: &Request<'_>) {
    let verbosity = request.extra("verbosity");
    if matches!(request.output, OutputForm::Free) && verbosity.is_none() {
        return;
    }
    body.object("text", |text| {
        match &request.output {
            OutputForm::Free => {}
            OutputForm::JsonObject => text.object("format", |format| format.text("type", "json_object")),
            OutputForm::JsonSchema { name, description, schema, strict } => text.object("format", |format| {
                format.text("type", "json_schema");
                format.text("name", name.as_deref().unwrap_or("answer"));
                format.maybe_text("description", description.as_deref());
                format.raw("schema", schema.get());
                if let Some(strict) = strict {
                    format.flag("strict", *strict);
                }
            }),
        }
        if let Some(verbosity) = verbosity {
            text.raw("verbosity", verbosity.get());
        }
    });
}

pub(super) fn tools(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    for tool in &request.tools {
        if !can_write(tool)
            && let Tool::Opaque(tool) = tool
        {
            dropped.note(&format!("tools.{}", tool.kind));
        }
    }
    if !request.tools.iter().any(can_write) {
        return;
    }
    body.list("tools", |list| {
        for tool in request.tools.iter().filter(|tool| can_write(tool)) {
            match tool {
                Tool::Function(function) => list.object(|object| write_function(object, function, dropped)),
                Tool::WebSearch(search) => list.object(|object| web_search(object, search, dropped)),
                Tool::Opaque(tool) => list.object(|object| {
                    object.text("type", "custom");
                    if let Some(json) = tool.json {
                        openai_custom::write_flat(object, json);
                    }
                }),
            }
        }
    });
    if let Some(choice) = &request.tool_choice {
        write_choice(body, choice, request);
    }
    if let Some(parallel) = request.parallel_tool_calls {
        body.flag("parallel_tool_calls", parallel);
    }
}

fn can_write(tool: &Tool<'_>) -> bool {
    match tool {
        Tool::Function(_) | Tool::WebSearch(_) => true,
        Tool::Opaque(tool) => openai_custom::is_custom(tool),
    }
}

/// Here functions are strict unless it is said that they are not, everywhere else it is the other way round
/// ("Migrate to the Responses API", 2026-11).
fn write_function(object: &mut Object<'_>, function: &Function<'_>, dropped: &mut Dropped) {
    object.text("type", "function");
    object.text("name", &function.name);
    object.maybe_text("description", function.description.as_deref());
    object.raw("parameters", function.schema.map_or(NO_ARGUMENTS, |schema| schema.get()));
    object.flag("strict", function.strict.unwrap_or(false));
    dropped.note_if(function.cache.is_some(), "tools.cache_control");
}

/// "Web search", 2026-11.
fn web_search(object: &mut Object<'_>, search: &WebSearch<'_>, dropped: &mut Dropped) {
    object.text("type", "web_search");
    if !search.allowed_domains.is_empty() {
        object.object("filters", |filters| {
            filters.list("allowed_domains", |list| search.allowed_domains.iter().for_each(|domain| list.text(domain)));
        });
    }
    object.maybe_text("search_context_size", search.context_size.as_deref());
    if let Some(location) = &search.location {
        object.object("user_location", |place| {
            place.text("type", "approximate");
            place.maybe_text("city", location.city.as_deref());
            place.maybe_text("region", location.region.as_deref());
            place.maybe_text("country", location.country.as_deref());
            place.maybe_text("timezone", location.timezone.as_deref());
        });
    }
    dropped.note_if(search.max_uses.is_some(), "tools.max_uses");
    dropped.note_if(!search.blocked_domains.is_empty(), "tools.blocked_domains");
    dropped.note_if(search.cache.is_some(), "tools.cache_control");
}

fn write_choice(body: &mut Object<'_>, choice: &ToolChoice<'_>, request: &Request<'_>) {
    match choice {
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", "required"),
        ToolChoice::Named(name) => body.object("tool_choice", |choice| named(choice, name, request)),
        ToolChoice::Allowed { names, required } => body.object("tool_choice", |choice| {
            choice.text("type", "allowed_tools");
            choice.text("mode", if *required { "required" } else { "auto" });
            choice.list("tools", |list: &mut List<'_>| {
                names.iter().for_each(|name| list.object(|tool| named(tool, name, request)));
            });
        }),
    }
}

/// A tool by its name: a custom tool or a search if there is one, else a function.
fn named(object: &mut Object<'_>, name: &str, request: &Request<'_>) {
    let is_function = |tool: &Tool<'_>| matches!(tool, Tool::Function(function) if function.name.as_str() == name);
    let has_search = request.tools.iter().any(|tool| matches!(tool, Tool::WebSearch(_)));
    if name == "web_search" && has_search && !request.tools.iter().any(is_function) {
        return object.text("type", "web_search");
    }
    object.text("type", if openai_custom::has_custom(&request.tools, name) { "custom" } else { "function" });
    object.text("name", name);
}

/// "Reasoning models", 2026-11. Summaries are for callers who want to see thoughts: they must be allowed to an account.
pub(super) fn reasoning(body: &mut Object<'_>, request: &Request<'_>, model: &str, dropped: &mut Dropped) {
    let reasoning = &request.reasoning;
    let effort = match reasoning.effort_or_budget() {
        // Only callers whose own dialect has the word say it.
        _ if reasoning.is_off() => reasoning.effort.filter(|effort| *effort == Effort::None),
        Some(Effort::XHigh | Effort::Max) if !family::has_extra_high(model) => Some(Effort::High),
        Some(Effort::Max) => Some(Effort::XHigh),
        effort => effort,
    };
    let wants_thoughts = !reasoning.is_off() && reasoning.show.unwrap_or(reasoning.switch == Some(true));
    let summary = match &reasoning.summary {
        Some(word) => Some(word.as_str()),
        None => wants_thoughts.then_some("auto"),
    };
    if effort.is_none() && summary.is_none() {
        return;
    }
    if family::never_reasons(model) {
        dropped.note("reasoning_effort");
        return;
    }
    body.object("reasoning", |fields| {
        fields.maybe_text("effort", effort.map(Effort::word));
        fields.maybe_text("summary", summary);
    });
}

/// Whether the call with this id is one of a custom tool: its result is an item of another type.
pub(super) fn is_custom_call(request: &Request<'_>, id: &str) -> bool {
    let mut parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.any(|part| matches!(part, Part::ToolCall(call) if call.kind == CallKind::Custom && call.id.as_str() == id))
}
