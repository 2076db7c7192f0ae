//! A request for the provider, written.

use crate::codec::{Context, Refused};
use crate::json::{List, Object, text_of};
use crate::model::{Dropped, OutputForm, Part, Request, Role};
use crate::plain::note_rest;
use crate::settings::Settings;
use crate::text::Number;

use super::additional::Additional;
use super::blocks::{self, cache_mark, cache_point};
use super::family::Family;
use super::settings::{CachePoints, Retention};
use super::tools;

/// Fields of Converse's own that a caller may name as they are.
const OWN: &[&str] = &[
    "guardrailConfig",
    "additionalModelResponseFieldPaths",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
];

/// What is written, or noted, here.
const TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "stop",
    "tools",
    "tools.web_search",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "service_tier",
    "metadata",
    "cache_control",
    "prompt_cache_retention",
    "additionalModelRequestFields",
];

/// What one side says until the other speaks: roles must alternate.
struct Turn<'r, 'a> {
    is_assistant: bool,
    parts: Vec<&'r Part<'a>>,
}

/// Where the configuration wants cache points.
struct Caching {
    retention: Option<Retention>,
    points: CachePoints,
}

pub(super) fn write(
    request: &Request<'_>,
    context: &Context,
    dropped: &mut Dropped,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let model = context.model.as_deref().unwrap_or(&request.model);
    let family = Family::of(model);
    let turns = turns(request, family, dropped)?;
    let caching = caching(request, context, family, dropped);
    let additional = Additional::of(request, context, family, dropped);
    Object::write(out, |body| {
        body.list("messages", |list| messages(list, &turns, &caching, family));
        system(body, request, &caching, family, dropped);
        inference(body, request, family, &additional, dropped);
        tools::write(body, request, family, model, dropped);
        additional.write(body);
        output_form(body, request, family.takes_schema(model), dropped);
        service_tier(body, request, dropped);
        metadata(body, request, dropped);
        for name in OWN {
            if let Some(value) = request.extra(name) {
                body.raw(name, value.get());
            }
        }
    });
    let taken: Vec<&str> = TAKEN.iter().chain(OWN).copied().collect();
    note_rest(request, &taken, dropped);
    Ok(())
}

fn turns<'r, 'a>(
    request: &'r Request<'a>,
    family: Family,
    dropped: &mut Dropped,
) -> Result<Vec<Turn<'r, 'a>>, Refused> {
    let mut turns: Vec<Turn<'r, 'a>> = Vec::with_capacity(request.messages.len());
    for message in request.messages.iter().filter(|message| !message.role.instructs()) {
        dropped.note_if(message.name.is_some(), "messages.name");
        let is_assistant = message.role == Role::Assistant;
        for part in &message.parts {
            dropped.note_if(cache_mark(part).is_some() && !family.caches(), "messages.cache_control");
            if !blocks::is_kept(part, family, dropped)? {
                continue;
            }
            match turns.last_mut() {
                Some(turn) if turn.is_assistant == is_assistant => turn.parts.push(part),
                Some(_) | None => turns.push(Turn { is_assistant, parts: vec![part] }),
            }
        }
    }
    Ok(turns)
}

fn caching(request: &Request<'_>, context: &Context, family: Family, dropped: &mut Dropped) -> Caching {
    let own = if let Settings::Bedrock(settings) = &context.profile.settings { Some(settings) } else { None };
    let asked = request.extra("prompt_cache_retention");
    dropped.note_if(asked.is_some() && !family.caches(), "prompt_cache_retention");
    dropped.note_if(request.cache.is_some() && !family.caches(), "cache_control");
    let word = asked.map(|raw| text_of(raw).to_string());
    let word = word.as_deref().or_else(|| own.and_then(|settings| settings.cache_retention.as_deref()));
    let mut points = own.map(|settings| settings.cache_points).unwrap_or_default();
    let mut retention = word.and_then(Retention::from_word);
    if let Some(mark) = &request.cache {
        // A mark for the whole request means all that comes before the answer.
        points.last_message = true;
        let is_hour = mark.ttl.as_deref() == Some("1h");
        retention = retention.or(Some(if is_hour { Retention::Hour } else { Retention::Short }));
    }
    Caching { retention: retention.filter(|_| family.caches()), points }
}

fn messages(list: &mut List<'_>, turns: &[Turn<'_, '_>], caching: &Caching, family: Family) {
    let last = turns.len().saturating_sub(1);
    let last_user = turns.iter().rposition(|turn| !turn.is_assistant);
    for (at, turn) in turns.iter().enumerate() {
        list.object(|object| {
            object.text("role", if turn.is_assistant { "assistant" } else { "user" });
            object.list("content", |list| {
                turn.parts.iter().for_each(|part| blocks::write(list, part, family));
                let is_wanted = caching.points.last_message && at == last
                    || caching.points.last_user_message && Some(at) == last_user;
                let has_one = turn.parts.last().is_some_and(|part| cache_mark(part).is_some());
                if let Some(retention) = caching.retention.filter(|_| is_wanted && !has_one) {
                    cache_point(list, retention.ttl());
                }
            });
        });
    }
}

fn system(body: &mut Object<'_>, request: &Request<'_>, caching: &Caching, family: Family, dropped: &mut Dropped) {
    let mut texts = Vec::new();
    for part in request.messages.iter().filter(|message| message.role.instructs()).flat_map(|message| &message.parts) {
        dropped.note_if(cache_mark(part).is_some() && !family.caches(), "messages.cache_control");
        match part {
            Part::Text(text) if !text.text.trim().is_empty() => texts.push(part),
            Part::Text(_) => {}
            Part::Refusal(_)
            | Part::Media(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Thinking(_)
            | Part::Opaque(_) => dropped.note("system"),
        }
    }
    let Some(last) = texts.last() else { return };
    body.list("system", |list| {
        texts.iter().for_each(|part| blocks::write(list, part, family));
        let is_wanted = caching.points.system && cache_mark(last).is_none();
        if let Some(retention) = caching.retention.filter(|_| is_wanted) {
            cache_point(list, retention.ttl());
        }
    });
}

/// "InferenceConfiguration", 2026-11. Temperature ends at 1.
fn inference(
    body: &mut Object<'_>,
    request: &Request<'_>,
    family: Family,
    additional: &Additional<'_>,
    dropped: &mut Dropped,
) {
    let sampling = &request.sampling;
    let is_thinking = additional.is_claude_thinking;
    let takes_any = !additional.is_nova_at_most && family.takes_sampling();
    // With thoughts, Claude takes no temperature, and no top_p below 0.95 ("Extended thinking", 2026-11).
    let is_free = takes_any && !is_thinking;
    let is_one = |number: &Number<'_>| (number.value() - 1.0).abs() < f64::EPSILON;
    let is_lost = |number: &Number<'_>| if is_free { number.value() > 1.0 } else { !is_one(number) };
    dropped.note_if(sampling.temperature.as_ref().is_some_and(is_lost), "temperature");
    let temperature = sampling.temperature.as_ref().filter(|_| is_free).map(|number| number.clamped(0, 1));
    let top_p = sampling.top_p.as_ref().filter(|number| takes_any && (is_free || number.value() >= 0.95));
    dropped.note_if(top_p.is_none() && sampling.top_p.as_ref().is_some_and(|number| !is_one(number)), "top_p");
    let stop = || request.stop.iter().filter(|text| !text.is_empty());
    if additional.max_tokens.is_none() && temperature.is_none() && top_p.is_none() && stop().next().is_none() {
        return;
    }
    body.object("inferenceConfig", |config| {
        if let Some(most) = additional.max_tokens {
            config.count("maxTokens", most);
        }
        config.number("temperature", temperature.as_ref());
        config.number("topP", top_p);
        if stop().next().is_some() {
            config.list("stopSequences", |list| stop().for_each(|text| list.text(text)));
        }
    });
}

/// "OutputFormat", 2026-11: the schema goes as text.
fn output_form(body: &mut Object<'_>, request: &Request<'_>, is_able: bool, dropped: &mut Dropped) {
    match &request.output {
        OutputForm::Free => {}
        OutputForm::JsonObject => dropped.note("response_format"),
        OutputForm::JsonSchema { .. } if !is_able => dropped.note("response_format"),
        OutputForm::JsonSchema { name, description, schema, strict: _ } => body.object("outputConfig", |config| {
            config.object("textFormat", |format| {
                format.text("type", "json_schema");
                format.object("structure", |structure| {
                    structure.object("jsonSchema", |fields| {
                        fields.text("schema", schema.get());
                        fields.maybe_text("name", name.as_deref());
                        fields.maybe_text("description", description.as_deref());
                    });
                });
            });
        }),
    }
}

/// "ServiceTier", 2026-11. `auto` is the default of the account; Anthropic's `standard_only` is the default tier.
fn service_tier(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let word = match request.service_tier.as_deref() {
        None | Some("auto") => return,
        Some("default" | "standard_only") => "default",
        Some("flex") => "flex",
        Some("priority") => "priority",
        Some("reserved") => "reserved",
        Some(_) => return dropped.note("service_tier"),
    };
    body.object("serviceTier", |tier| tier.text("type", word));
}

/// OpenAI's `metadata` as `requestMetadata`, if it fits: at most 256 of few signs ("Converse", 2026-11).
fn metadata(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let Some(metadata) = request.metadata else { return };
    let fits = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "_:@$#=/+,-.".contains(c);
    let is_fit = |text: &str| text.len() <= 256 && text.chars().all(fits);
    let pairs: std::collections::BTreeMap<String, String> = serde_json::from_str(metadata.get()).unwrap_or_default();
    let all_fit = pairs.len() <= 16 && pairs.iter().all(|(key, value)| !key.is_empty() && is_fit(key) && is_fit(value));
    match all_fit && !pairs.is_empty() && request.extra("requestMetadata").is_none() {
        true => body.raw("requestMetadata", metadata.get()),
        false => dropped.note("metadata"),
    }
}
