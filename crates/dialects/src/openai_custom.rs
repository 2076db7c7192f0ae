//! OpenAI's custom tools, which take free text: chat completions nest what stands flat in responses.
//!
//! In: the JSON of either shape. Out: the other, so that one of OpenAI's dialects can pass on what came in the other.

use serde_json::value::RawValue;

use crate::json::{Object, record};
use crate::model::{OpaqueTool, Tool, Vendor};
use crate::text::Text;

record! {
    /// A custom tool ("Function calling: custom tools", 2026-11).
    pub(crate) struct Custom<'a> {
        name: Text<'a> = "name",
        description: Text<'a> = "description",
        format: Format<'a> = "format",
    }
}

record! {
    /// What its input must look like: a grammar stands here, or in an object of its own.
    pub(crate) struct Format<'a> {
        kind: Text<'a> = "type",
        syntax: Text<'a> = "syntax",
        definition: Text<'a> = "definition",
        grammar: Grammar<'a> = "grammar",
    }
}

record! {
    /// A grammar.
    pub(crate) struct Grammar<'a> {
        syntax: Text<'a> = "syntax",
        definition: Text<'a> = "definition",
    }
}

/// Whether a tool is one of OpenAI's custom tools, and so can be written.
pub(crate) fn is_custom(tool: &OpaqueTool<'_>) -> bool {
    tool.vendor == Vendor::OpenAi && tool.kind.as_str() == "custom" && tool.json.is_some()
}

/// Whether one of the tools is a custom tool of this name.
pub(crate) fn has_custom(tools: &[Tool<'_>], name: &str) -> bool {
    tools.iter().any(|tool| match tool {
        Tool::Opaque(tool) if is_custom(tool) => tool.json.is_some_and(|json| read(json).name.as_deref() == Some(name)),
        Tool::Opaque(_) | Tool::Function(_) | Tool::WebSearch(_) => false,
    })
}

/// A tool's name.
pub(crate) fn name(json: &RawValue) -> Option<Text<'_>> {
    read(json).name
}

fn read(json: &RawValue) -> Custom<'_> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

/// Writes the fields of a tool as responses have them.
pub(crate) fn write_flat(object: &mut Object<'_>, json: &RawValue) {
    write(object, json, |format, grammar| {
        format.maybe_text("syntax", grammar.syntax.as_deref());
        format.maybe_text("definition", grammar.definition.as_deref());
    });
}

/// Writes the fields of a tool as chat completions have them within `custom`.
pub(crate) fn write_nested(object: &mut Object<'_>, json: &RawValue) {
    write(object, json, |format, grammar| {
        format.object("grammar", |fields| {
            fields.maybe_text("syntax", grammar.syntax.as_deref());
            fields.maybe_text("definition", grammar.definition.as_deref());
        });
    });
}

fn write(object: &mut Object<'_>, json: &RawValue, write_grammar: impl FnOnce(&mut Object<'_>, &Grammar<'_>)) {
    let tool = read(json);
    object.text("name", tool.name.as_deref().unwrap_or_default());
    object.maybe_text("description", tool.description.as_deref());
    let Some(Format { kind, syntax, definition, grammar, .. }) = tool.format else { return };
    let nested = grammar.unwrap_or_default();
    let grammar =
        Grammar { syntax: syntax.or(nested.syntax), definition: definition.or(nested.definition), unknown: Vec::new() };
    object.object("format", |format| {
        format.maybe_text("type", kind.as_deref());
        if grammar.syntax.is_some() || grammar.definition.is_some() {
            write_grammar(format, &grammar);
        }
    });
}
