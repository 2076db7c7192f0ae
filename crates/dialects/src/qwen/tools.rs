//! Tools and their choice, written ("Function calling", 2026-11).

use crate::json::Object;
use crate::model::{Dropped, Request, Tool, ToolChoice};
use crate::text::Text;

pub(super) fn write(parameters: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
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
    if functions().next().is_none() {
        return;
    }
    parameters.list("tools", |list| {
        for function in functions() {
            dropped.note_if(function.cache.is_some(), "tools.cache_control");
            dropped.note_if(function.strict == Some(true), "tools.strict");
            list.object(|tool| {
                tool.text("type", "function");
                tool.object("function", |fields| {
                    fields.text("name", &function.name);
                    fields.maybe_text("description", function.description.as_deref());
                    if let Some(schema) = function.schema {
                        fields.raw("parameters", schema.get());
                    }
                });
            });
        }
    });
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => parameters.text("tool_choice", "auto"),
        Some(ToolChoice::None) => parameters.text("tool_choice", "none"),
        Some(ToolChoice::Named(name)) => parameters.object("tool_choice", |choice| {
            choice.text("type", "function");
            choice.object("function", |function| function.text("name", name));
        }),
        // A call cannot be demanded without a name.
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => dropped.note("tool_choice"),
    }
    if let Some(parallel) = request.parallel_tool_calls {
        parameters.flag("parallel_tool_calls", parallel);
    }
}
