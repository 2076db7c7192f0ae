//! Tools and their choice, written ("Function calling"; "Grounding with Google Search", 2026-11).

use crate::json::{List, Object};
use crate::model::{Dropped, Function, Request, Tool, ToolChoice, Vendor};
use crate::text::Text;

use super::family::Version;
use super::schema::{is_empty, is_googles};

/// Whether the caller brings functions of its own.
pub(super) fn has_functions(request: &Request<'_>) -> bool {
    functions(request).next().is_some()
}

fn functions<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r Function<'r>> {
    request.tools.iter().filter_map(|tool| match tool {
        Tool::Function(function) => Some(function),
        Tool::WebSearch(_) | Tool::Opaque(_) => None,
    })
}

pub(super) fn write(body: &mut Object<'_>, request: &Request<'_>, version: Version, dropped: &mut Dropped) {
    let has_functions = has_functions(request);
    // Before the third generation functions and Google's own tools exclude each other.
    let is_alone = !has_functions || version.is_third();
    let own = |tool: &&Tool<'_>| match tool {
        Tool::Function(_) => false,
        Tool::WebSearch(_) => is_alone,
        Tool::Opaque(tool) => is_alone && tool.vendor == Vendor::Google && tool.json.is_some(),
    };
    let has_own = request.tools.iter().any(|tool| own(&tool));
    note(request, is_alone, dropped);
    if has_functions || has_own {
        body.list("tools", |list| {
            if has_functions {
                list.object(|tool| {
                    tool.list("functionDeclarations", |list| {
                        functions(request).for_each(|function| write_function(list, function));
                    });
                });
            }
            for tool in request.tools.iter().filter(own) {
                match tool {
                    Tool::Function(_) => {}
                    Tool::WebSearch(_) => list.object(|tool| tool.object("googleSearch", |_| {})),
                    Tool::Opaque(own) => {
                        list.object(|tool| tool.raw(&own.kind, own.json.map_or("{}", |json| json.get())));
                    }
                }
            }
        });
    }
    let choice = request.tool_choice.as_ref().filter(|_| has_functions).and_then(mode);
    if choice.is_none() && !(has_functions && has_own) {
        return;
    }
    body.object("toolConfig", |config| {
        if let Some((mode, names)) = choice {
            config.object("functionCallingConfig", |calling| {
                calling.text("mode", mode);
                if !names.is_empty() {
                    calling.list("allowedFunctionNames", |list| names.iter().for_each(|name| list.text(name)));
                }
            });
        }
        // "Combine built-in tools and function calling", 2026-11.
        if has_functions && has_own {
            config.flag("includeServerSideToolInvocations", true);
        }
    });
}

fn note(request: &Request<'_>, is_alone: bool, dropped: &mut Dropped) {
    dropped.note_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    for tool in &request.tools {
        match tool {
            Tool::Function(function) => {
                dropped.note_if(function.strict == Some(true), "tools.strict");
                dropped.note_if(function.cache.is_some(), "tools.cache_control");
            }
            Tool::WebSearch(_) if !is_alone => dropped.note("tools.web_search"),
            Tool::WebSearch(search) => dropped.note_search(search),
            Tool::Opaque(tool) => {
                let is_kept = is_alone && tool.vendor == Vendor::Google && tool.json.is_some();
                if !is_kept {
                    dropped.note(&format!("tools.{}", tool.kind));
                }
            }
        }
    }
}

fn write_function(list: &mut List<'_>, function: &Function<'_>) {
    list.object(|fields| {
        fields.text("name", &function.name);
        fields.maybe_text("description", function.description.as_deref());
        // An object without properties is refused as a schema.
        if let Some(schema) = function.schema.filter(|schema| !is_empty(schema)) {
            let key = if is_googles(schema) { "parameters" } else { "parametersJsonSchema" };
            fields.raw(key, schema.get());
        }
    });
}

/// "Function calling: function calling modes", 2026-11. `AUTO` is the default; names go with `ANY` and `VALIDATED` only.
fn mode<'c>(choice: &'c ToolChoice<'_>) -> Option<(&'static str, &'c [Text<'c>])> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(("NONE", &[])),
        ToolChoice::Required => Some(("ANY", &[])),
        ToolChoice::Named(name) => Some(("ANY", std::slice::from_ref(name))),
        ToolChoice::Allowed { names, required: true } => Some(("ANY", names)),
        ToolChoice::Allowed { names, required: false } => Some(("VALIDATED", names)),
    }
}
