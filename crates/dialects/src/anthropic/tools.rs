//! Tools and their choice, written ("Tool use", 2026-11).

use std::borrow::Cow;

use crate::json::Object;
use crate::model::{Dropped, Request, Tool, ToolChoice, Vendor, WebSearch};
use crate::text::Text;

use super::family::Version;
use super::write_cache;

/// What stands for a schema when a function takes no arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// The search tool whose results every model can cite ("Web search tool", 2026-11).
const WEB_SEARCH: &str = "web_search_20250305";

pub(super) fn write(body: &mut Object<'_>, request: &Request<'_>, model: Version, dropped: &mut Dropped) {
    if request.tools.is_empty() {
        return;
    }
    let allowed = |name: &Text<'_>| match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => names.contains(name),
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Required | ToolChoice::Named(_)) | None => true,
    };
    let is_known = |tool: &&Tool<'_>| match tool {
        Tool::Function(function) => allowed(&function.name),
        Tool::WebSearch(_) => true,
        Tool::Opaque(tool) => tool.vendor == Vendor::Anthropic && tool.json.is_some(),
    };
    let foreign = request.tools.iter().filter_map(|tool| match tool {
        Tool::Opaque(foreign) if !is_known(&tool) => Some(foreign),
        Tool::Function(_) | Tool::WebSearch(_) | Tool::Opaque(_) => None,
    });
    foreign.for_each(|tool| dropped.note(&format!("tools.{}", tool.kind)));
    // A choice among no tools is refused, and so is an empty list beside one.
    if !request.tools.iter().any(|tool| is_known(&tool)) {
        let is_told = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
        return dropped.note_if(is_told, "tool_choice");
    }
    body.list("tools", |list| {
        for tool in request.tools.iter().filter(is_known) {
            match tool {
                Tool::Function(function) => list.object(|object| {
                    object.text("name", &function.name);
                    object.maybe_text("description", function.description.as_deref());
                    object.raw("input_schema", function.schema.map_or(NO_ARGUMENTS, |schema| schema.get()));
                    if function.strict == Some(true) && model.takes_schema() {
                        object.flag("strict", true);
                    }
                    write_cache(object, function.cache.as_ref());
                }),
                Tool::WebSearch(search) => list.object(|object| web_search(object, search, dropped)),
                Tool::Opaque(tool) => tool.json.iter().for_each(|json| list.raw(json.get())),
            }
        }
    });
    choice(body, request, model, dropped);
}

fn web_search(object: &mut Object<'_>, search: &WebSearch<'_>, dropped: &mut Dropped) {
    object.text("type", WEB_SEARCH);
    object.text("name", "web_search");
    if let Some(most) = search.max_uses {
        object.count("max_uses", most);
    }
    for (key, domains) in [("allowed_domains", &search.allowed_domains), ("blocked_domains", &search.blocked_domains)] {
        if !domains.is_empty() {
            object.list(key, |list| domains.iter().for_each(|domain| list.text(domain)));
        }
    }
    if let Some(location) = &search.location {
        object.object("user_location", |place| {
            place.text("type", "approximate");
            place.maybe_text("city", location.city.as_deref());
            place.maybe_text("region", location.region.as_deref());
            place.maybe_text("country", location.country.as_deref());
            place.maybe_text("timezone", location.timezone.as_deref());
        });
    }
    dropped.note_if(search.context_size.is_some(), "tools.search_context_size");
    write_cache(object, search.cache.as_ref());
}

/// Whether several may be called at once is said within the choice; not with `none`.
fn choice(body: &mut Object<'_>, request: &Request<'_>, model: Version, dropped: &mut Dropped) {
    let one_at_a_time = request.parallel_tool_calls == Some(false);
    let (kind, name) = match &request.tool_choice {
        None if one_at_a_time => ("auto", None),
        None => return,
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => ("auto", None),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => ("any", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name)),
    };
    let (kind, name) = match kind {
        "any" | "tool" if !model.can_be_forced() => {
            dropped.note("tool_choice");
            ("auto", None)
        }
        kind => (kind, name),
    };
    body.object("tool_choice", |choice| {
        choice.text("type", kind);
        choice.maybe_text("name", name.map(Text::as_str));
        if one_at_a_time && kind != "none" {
            choice.flag("disable_parallel_tool_use", true);
        }
    });
}

/// An id as it must be here: letters, digits, `_` and `-`. Others' ids may hold more (`functions.search:0`).
pub(super) fn id<'t>(id: &'t Text<'_>) -> Cow<'t, str> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match id.chars().all(is_fit) {
        true => Cow::Borrowed(id.as_str()),
        false => Cow::Owned(id.chars().map(|c| if is_fit(c) { c } else { '_' }).collect()),
    }
}
