//! A request for the provider, written.

use crate::codec::{Context, Profile, ReasoningForm};
use crate::json::{List, Object};
use crate::model::{Dropped, Effort, OutputForm, Request, Role, Tool, ToolChoice};
use crate::openai_custom;
use crate::text::Text;

use super::message_out;

/// Extras that other dialects of OpenAI's know by the same name and meaning (API reference, 2026-11).
const SHARED: [&str; 7] = [
    "store",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "verbosity",
    "moderation",
];

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let model = context.model.as_deref().unwrap_or(&request.model);
    let profile = &context.profile;
    Object::write(out, |body| {
        body.text("model", model);
        body.list("messages", |list| {
            for message in &request.messages {
                message_out::write(list, message, profile, dropped);
            }
        });
        limits(body, request, model, profile);
        sampling(body, request);
        form(body, request);
        tools(body, request, model, dropped);
        reasoning(body, request, profile);
        if !profile.no_user {
            body.maybe_text("user", request.user.as_deref());
        }
        if let Some(metadata) = request.metadata {
            body.raw("metadata", metadata.get());
        }
        service_tier(body, request);
        if !request.modalities.is_empty() {
            body.list("modalities", |list| request.modalities.iter().for_each(|word| list.text(word)));
        }
        if let Some(audio) = request.audio {
            body.raw("audio", audio.get());
        }
        for extra in request.extras.iter().filter(|extra| SHARED.contains(&extra.name.as_str())) {
            body.raw(&extra.name, extra.value.get());
        }
        if request.stream {
            body.flag("stream", true);
            body.object("stream_options", |options| options.flag("include_usage", true));
        }
    });
    note(request, profile, dropped);
}

fn note(request: &Request<'_>, profile: &Profile, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    dropped.note_if(sampling.top_k.is_some(), "top_k");
    dropped.note_if(sampling.min_p.is_some(), "min_p");
    dropped.note_if(sampling.repetition_penalty.is_some(), "repetition_penalty");
    dropped.note_if(profile.no_user && request.user.is_some(), "user");
    dropped.note_if(request.safety.is_some(), "safety_settings");
    dropped.note_if(request.cache.is_some(), "cache_control");
    // The highest efforts are known to a few models only: written as the highest that all know.
    let is_lowered = request.reasoning.effort.is_some_and(|effort| effort > Effort::High);
    dropped.note_if(is_lowered && profile.reasoning_form == ReasoningForm::Effort, "reasoning_effort");
    dropped.note_extras(request, &SHARED);
}

fn limits(body: &mut Object<'_>, request: &Request<'_>, model: &str, profile: &Profile) {
    let key = match profile.max_completion_tokens || only_completion_tokens(model) {
        true => "max_completion_tokens",
        false => "max_tokens",
    };
    if let Some(most) = request.max_output {
        body.count(key, most);
    }
    if let Some(n) = request.n {
        body.count("n", n);
    }
    if let Some(wanted) = request.logprobs {
        body.flag("logprobs", wanted);
    }
    if let Some(count) = request.top_logprobs {
        body.count("top_logprobs", count);
    }
    if !request.stop.is_empty() {
        body.list("stop", |list| request.stop.iter().for_each(|text| list.text(text)));
    }
}

/// OpenAI's reasoning models refuse `max_tokens` ("Chat: max_tokens", 2026-11: "not compatible with o-series models").
fn only_completion_tokens(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    ["o1", "o3", "o4-", "gpt-5"].iter().any(|family| name.starts_with(family))
}

fn sampling(body: &mut Object<'_>, request: &Request<'_>) {
    let sampling = &request.sampling;
    body.number("temperature", sampling.temperature.as_ref());
    body.number("top_p", sampling.top_p.as_ref());
    body.number("seed", sampling.seed.as_ref());
    body.number("presence_penalty", sampling.presence_penalty.as_ref());
    body.number("frequency_penalty", sampling.frequency_penalty.as_ref());
    if let Some(bias) = sampling.logit_bias {
        body.raw("logit_bias", bias.get());
    }
}

fn form(body: &mut Object<'_>, request: &Request<'_>) {
    match &request.output {
        OutputForm::Free => {}
        OutputForm::JsonObject => body.object("response_format", |format| format.text("type", "json_object")),
        OutputForm::JsonSchema { name, description, schema, strict } => body.object("response_format", |format| {
            format.text("type", "json_schema");
            format.object("json_schema", |fields| {
                fields.text("name", name.as_deref().unwrap_or("answer"));
                fields.maybe_text("description", description.as_deref());
                fields.raw("schema", schema.get());
                if let Some(strict) = strict {
                    fields.flag("strict", *strict);
                }
            });
        }),
    }
}

fn tools(body: &mut Object<'_>, request: &Request<'_>, model: &str, dropped: &mut Dropped) {
    let can_write = |tool: &Tool<'_>| match tool {
        Tool::Function(_) => true,
        Tool::WebSearch(_) => false,
        Tool::Opaque(tool) => openai_custom::is_custom(tool),
    };
    if request.tools.iter().any(can_write) {
        body.list("tools", |list| request.tools.iter().for_each(|tool| write_tool(list, tool, dropped)));
    }
    for tool in &request.tools {
        match tool {
            Tool::Function(_) => {}
            // Only search models take it ("Web search: chat completions", 2026-11).
            Tool::WebSearch(search) if model.contains("search") => body.object("web_search_options", |options| {
                options.maybe_text("search_context_size", search.context_size.as_deref());
                if let Some(location) = &search.location {
                    options.object("user_location", |fields| {
                        fields.text("type", "approximate");
                        fields.object("approximate", |place| {
                            place.maybe_text("city", location.city.as_deref());
                            place.maybe_text("region", location.region.as_deref());
                            place.maybe_text("country", location.country.as_deref());
                            place.maybe_text("timezone", location.timezone.as_deref());
                        });
                    });
                }
            }),
            Tool::WebSearch(_) => dropped.note("tools.web_search"),
            Tool::Opaque(opaque) if !can_write(tool) => dropped.note(&format!("tools.{}", opaque.kind)),
            Tool::Opaque(_) => {}
        }
    }
    let has_functions = request.tools.iter().any(can_write);
    if let (Some(choice), true) = (&request.tool_choice, has_functions) {
        write_choice(body, choice, &request.tools);
    }
    if let (Some(parallel), true) = (request.parallel_tool_calls, has_functions) {
        body.flag("parallel_tool_calls", parallel);
    }
}

fn write_tool(list: &mut List<'_>, tool: &Tool<'_>, dropped: &mut Dropped) {
    match tool {
        Tool::Function(function) => list.object(|object| {
            object.text("type", "function");
            object.object("function", |fields| {
                fields.text("name", &function.name);
                fields.maybe_text("description", function.description.as_deref());
                if let Some(schema) = function.schema {
                    fields.raw("parameters", schema.get());
                }
                if let Some(strict) = function.strict {
                    fields.flag("strict", strict);
                }
            });
            dropped.note_if(function.cache.is_some(), "tools.cache_control");
        }),
        Tool::Opaque(tool) if openai_custom::is_custom(tool) => {
            if let Some(json) = tool.json {
                list.object(|object| {
                    object.text("type", "custom");
                    object.object("custom", |fields| openai_custom::write_nested(fields, json));
                });
            }
        }
        Tool::WebSearch(_) | Tool::Opaque(_) => {}
    }
}

fn write_choice(body: &mut Object<'_>, choice: &ToolChoice<'_>, tools: &[Tool<'_>]) {
    match choice {
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", "required"),
        ToolChoice::Named(name) => body.object("tool_choice", |choice| write_named(choice, name, tools)),
        ToolChoice::Allowed { names, required } => body.object("tool_choice", |choice| {
            choice.text("type", "allowed_tools");
            choice.object("allowed_tools", |allowed| {
                allowed.text("mode", if *required { "required" } else { "auto" });
                allowed.list("tools", |list| {
                    names.iter().for_each(|name| list.object(|tool| write_named(tool, name, tools)));
                });
            });
        }),
    }
}

fn write_named(object: &mut Object<'_>, name: &Text<'_>, tools: &[Tool<'_>]) {
    let kind = if openai_custom::has_custom(tools, name) { "custom" } else { "function" };
    object.text("type", kind);
    object.object(kind, |tool| tool.text("name", name));
}

fn reasoning(body: &mut Object<'_>, request: &Request<'_>, profile: &Profile) {
    let reasoning = &request.reasoning;
    let is_off = reasoning.is_off();
    match (profile.reasoning_form, reasoning.budget) {
        (ReasoningForm::Switch, _) => {
            let is_on = !is_off && !reasoning.is_unset();
            body.object("thinking", |thinking| thinking.text("type", if is_on { "enabled" } else { "disabled" }));
        }
        (ReasoningForm::Budget, Some(budget)) if !is_off => {
            body.object("reasoning", |fields| fields.count("max_tokens", budget));
        }
        (ReasoningForm::Effort | ReasoningForm::Budget, _) => {
            let word = match reasoning.effort_or_budget() {
                // Only callers whose own dialect has the word say it.
                _ if is_off => reasoning.effort.filter(|effort| *effort == Effort::None).map(Effort::word),
                // The highest efforts are known to a few models only; all that take an effort take this one.
                Some(Effort::XHigh | Effort::Max) => Some(Effort::High.word()),
                effort => effort.map(Effort::word),
            };
            body.maybe_text("reasoning_effort", word);
        }
    }
}

/// "Priority processing", "Flex processing", 2026-11. Anthropic's `standard_only` is OpenAI's `default`.
fn service_tier(body: &mut Object<'_>, request: &Request<'_>) {
    match request.service_tier.as_deref() {
        Some("standard_only") => body.text("service_tier", "default"),
        tier => body.maybe_text("service_tier", tier),
    }
}

/// The word for a role. Most of OpenAI's followers know no `developer`.
pub(super) const fn role(role: Role, profile: &Profile) -> &'static str {
    match role {
        Role::Developer if !profile.no_developer => "developer",
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
