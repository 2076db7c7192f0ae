//! Tools ("Tool use (v1)", 2026-11): parameters are a flat table instead of a schema, and results name their call by
//! repeating it.

use serde_json::value::RawValue;

use crate::json::{List, Object, TextOr, json_of, record};
use crate::model::{Dropped, Function, Part, Request, Tool, ToolChoice, ToolResult};
use crate::text::Text;

record! {
    /// As much of a JSON schema as the table can say.
    struct Schema<'a> {
        properties: Table<'a> = "properties",
        required: Vec<Text<'a>> = "required",
    }
}

record! {
    /// An object of which nothing is known.
    struct Table<'a> {}
}

record! {
    /// One parameter.
    struct Parameter<'a> {
        kind: TextOr<'a, Vec<Text<'a>>> = "type",
        description: Text<'a> = "description",
    }
}

pub(super) fn write(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let offered = |name: &Text<'_>| match &request.tool_choice {
        Some(ToolChoice::None) => false,
        Some(ToolChoice::Allowed { names, .. }) => names.iter().any(|other| other == name),
        Some(ToolChoice::Named(only)) => only == name,
        Some(ToolChoice::Auto | ToolChoice::Required) | None => true,
    };
    let functions = || {
        request.tools.iter().filter_map(|tool| match tool {
            Tool::Function(function) => Some(function).filter(|function| offered(&function.name)),
            Tool::WebSearch(_) | Tool::Opaque(_) => None,
        })
    };
    match &request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }) => {
            dropped.note("tool_choice");
        }
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. }) | None => {}
    }
    if functions().next().is_some() {
        body.list("tools", |list| functions().for_each(|function| write_function(list, function, dropped)));
    }
}

fn write_function(list: &mut List<'_>, function: &Function<'_>, dropped: &mut Dropped) {
    dropped.note_if(function.cache.is_some(), "tools.cache_control");
    dropped.note_if(function.strict == Some(true), "tools.strict");
    let schema: Schema<'_> =
        function.schema.and_then(|schema| serde_json::from_str(schema.get()).ok()).unwrap_or_default();
    let required = schema.required.unwrap_or_default();
    list.object(|tool| {
        tool.text("name", &function.name);
        tool.text("description", function.description.as_deref().unwrap_or_default());
        tool.object("parameter_definitions", |table| {
            for property in schema.properties.map(|table| table.unknown).unwrap_or_default() {
                let is_required = required.contains(&property.name);
                table.object(&property.name, |fields| write_parameter(fields, property.value, is_required));
            }
        });
    });
}

/// Types go by their names in Python.
fn write_parameter(fields: &mut Object<'_>, schema: &RawValue, is_required: bool) {
    let parameter: Parameter<'_> = serde_json::from_str(schema.get()).unwrap_or_default();
    let kind = match &parameter.kind {
        Some(TextOr::Text(word)) => word.as_str(),
        Some(TextOr::Other(words)) => words.iter().map(Text::as_str).find(|word| *word != "null").unwrap_or("object"),
        None => "object",
    };
    fields.maybe_text("description", parameter.description.as_deref());
    fields.text(
        "type",
        match kind {
            "string" => "str",
            "integer" => "int",
            "number" => "float",
            "boolean" => "bool",
            "array" => "list",
            _ => "dict",
        },
    );
    fields.flag("required", is_required);
}

/// What tools gave, each with its call.
pub(super) fn write_results(
    list: &mut List<'_>,
    results: &[&ToolResult<'_>],
    request: &Request<'_>,
    dropped: &mut Dropped,
) {
    for result in results {
        dropped.note_if(result.is_error == Some(true), "messages.is_error");
        list.object(|object| {
            object.object("call", |call| {
                let known = request.messages.iter().flat_map(|message| &message.parts).find_map(|part| match part {
                    Part::ToolCall(call) if call.id == result.id => Some(call),
                    Part::ToolCall(_)
                    | Part::Text(_)
                    | Part::Refusal(_)
                    | Part::Media(_)
                    | Part::ToolResult(_)
                    | Part::Thinking(_)
                    | Part::Opaque(_) => None,
                });
                call.text("name", known.map_or(result.name.as_deref().unwrap_or_default(), |call| &call.name));
                call.raw("parameters", &json_of(known.map_or("{}", |call| &call.arguments)));
            });
            object.list("outputs", |list| {
                for part in &result.parts {
                    match part {
                        Part::Text(text) => write_output(list, &text.text),
                        Part::Refusal(text) => write_output(list, text),
                        Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
                        Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
                    }
                }
            });
        });
    }
}

/// An output is an object: one that comes as text stays what it is.
fn write_output(list: &mut List<'_>, text: &str) {
    let trimmed = text.trim();
    match trimmed.starts_with('{') && serde_json::from_str::<&RawValue>(trimmed).is_ok() {
        true => list.raw(trimmed),
        false => list.object(|output| output.text("output", text)),
    }
}
