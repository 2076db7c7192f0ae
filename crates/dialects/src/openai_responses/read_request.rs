//! A caller's request, read.
//!
//! What lives at OpenAI alone (earlier responses, conversations, stored prompts and items, background work) is refused:
//! another provider cannot have it, and an answer without it would be an answer to something else.

use serde_json::value::RawValue;

use crate::codec::Refused;
use crate::json::{TextOr, text_of};
use crate::model::{
    Effort, Extra, Function, Message, OpaqueTool, OutputForm, Part, Reasoning, Request, Role, Sampling, TextPart, Tool,
    ToolChoice, Vendor, WebSearch,
};
use crate::text::{Number, Text};

use super::fields::{Body, ChoiceFields, Format, ItemFields, LocationFields, ReasoningFields, ToolFields};
use super::items_in::{content, result, spoken};

pub(super) fn read(body: &str) -> Result<Request<'_>, Refused> {
    let mut body: Body<'_> = serde_json::from_str(body)?;
    refuse_state(&body)?;
    let messages = messages(&mut body)?;
    let mut extras = std::mem::take(&mut body.unknown);
    let (logprobs, top_logprobs) = logprobs(&body, &mut extras)?;
    let user = user(&mut body, &mut extras);
    defaults(&body, &mut extras);
    let config = body.text.unwrap_or_default();
    keep(&mut extras, "verbosity", config.verbosity);
    nested(&mut extras, "text", config.unknown);
    Ok(Request {
        model: body.model.ok_or_else(|| Refused::field("model", "Missing required parameter: 'model'"))?,
        messages,
        tools: tools(body.tools.unwrap_or_default(), &mut extras)?,
        tool_choice: body.tool_choice.map(|raw| choice(raw, &mut extras)).transpose()?.flatten(),
        parallel_tool_calls: body.parallel_tool_calls,
        sampling: Sampling { temperature: body.temperature, top_p: body.top_p, ..Sampling::default() },
        max_output: body.max_output_tokens.as_ref().map(Number::count),
        logprobs,
        top_logprobs,
        output: config.format.map(|raw| form(raw, &mut extras)).transpose()?.unwrap_or_default(),
        reasoning: body.reasoning.map(|fields| reasoning(fields, &mut extras)).unwrap_or_default(),
        stream: body.stream.unwrap_or(false),
        // Every response tells its usage.
        include_usage: true,
        user,
        metadata: body.metadata,
        service_tier: body.service_tier,
        extras,
        ..Request::default()
    })
}

/// "Conversation state", "Background mode", "Reusable prompts", 2026-11.
fn refuse_state(body: &Body<'_>) -> Result<(), Refused> {
    let is_named = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get() != r#""""#);
    let stateful = [
        ("previous_response_id", is_named(body.previous_response_id)),
        ("conversation", is_named(body.conversation)),
        ("prompt", body.prompt.is_some()),
        ("background", body.background == Some(true)),
    ];
    match stateful.into_iter().find(|(_, is_set)| *is_set) {
        None => Ok(()),
        Some((name, _)) => Err(Refused::field(
            name,
            format!(
                "'{name}' needs state that only OpenAI keeps, and this model is served elsewhere: \
                 send the whole conversation in 'input' instead"
            ),
        )),
    }
}

fn messages<'a>(body: &mut Body<'a>) -> Result<Vec<Message<'a>>, Refused> {
    let mut messages = Vec::new();
    let plain =
        |role, text| Message { role, name: None, parts: vec![Part::Text(TextPart { text, ..TextPart::default() })] };
    match body.instructions.take() {
        Some(TextOr::Text(text)) if !text.is_empty() => messages.push(plain(Role::System, text)),
        Some(TextOr::Text(_)) | None => {}
        Some(TextOr::Other(items)) => items.into_iter().try_for_each(|item| read_item(item, &mut messages))?,
    }
    match body.input.take() {
        None => return Err(Refused::field("input", "Missing required parameter: 'input'")),
        Some(TextOr::Text(text)) => messages.push(plain(Role::User, text)),
        Some(TextOr::Other(items)) => items.into_iter().try_for_each(|item| read_item(item, &mut messages))?,
    }
    Ok(messages)
}

/// Items of the model's that follow each other are one message, as are results of tools.
fn read_item<'a>(item: ItemFields<'a>, messages: &mut Vec<Message<'a>>) -> Result<(), Refused> {
    let role = match (item.kind.as_deref(), item.role.as_deref()) {
        (Some("item_reference"), _) | (None, None) => {
            return Err(Refused::field(
                "input",
                "items can be named by their id only where they are stored, and this model is served elsewhere: \
                 send the items themselves",
            ));
        }
        (Some("compaction" | "compaction_trigger"), _) => {
            return Err(Refused::field(
                "input",
                "a compacted conversation can only be read by the one who compacted it",
            ));
        }
        (Some("function_call_output" | "custom_tool_call_output"), _) => {
            let wrong = |_| Refused::field("input.output", "a tool's output must be a string or a list of parts");
            let result = Part::ToolResult(result(item).map_err(wrong)?);
            match messages.last_mut() {
                Some(last) if matches!(last.parts.last(), Some(Part::ToolResult(_))) => last.parts.push(result),
                Some(_) | None => messages.push(Message { role: Role::User, name: None, parts: vec![result] }),
            }
            return Ok(());
        }
        (Some("message") | None, Some("system")) => Role::System,
        (Some("message") | None, Some("developer")) => Role::Developer,
        (Some("message") | None, Some("user")) => Role::User,
        (Some("message") | None, Some("assistant")) => Role::Assistant,
        (Some("message") | None, _) => {
            return Err(Refused::field("input.role", "a message needs a role: user, assistant, system or developer"));
        }
        (Some(_), _) => Role::Assistant,
    };
    if role != Role::Assistant {
        messages.push(Message { role, name: None, parts: content(item.content) });
        return Ok(());
    }
    if messages.last().is_none_or(|last| last.role != Role::Assistant) {
        messages.push(Message { role, name: None, parts: Vec::new() });
    }
    if let Some(last) = messages.last_mut() {
        spoken(item, &mut last.parts);
    }
    Ok(())
}

/// Keeps a field as an extra, if it is set.
fn keep<'a>(extras: &mut Vec<Extra<'a>>, name: &'static str, value: Option<&'a RawValue>) {
    extras.extend(value.map(|value| Extra { name: Text::fixed(name), value }));
}

/// Keeps what nobody else knows of an object, by its path.
fn nested<'a>(extras: &mut Vec<Extra<'a>>, object: &str, unknown: Vec<Extra<'a>>) {
    let says_something = |extra: &Extra<'_>| extra.value.get() != "false";
    extras.extend(
        unknown
            .into_iter()
            .filter(says_something)
            .map(|Extra { name, value }| Extra { name: [object, ".", name.as_str()].concat().into(), value }),
    );
}

/// Fields that say something only if they do not hold their default.
fn defaults<'a>(body: &Body<'a>, extras: &mut Vec<Extra<'a>>) {
    let unless = |value: Option<&'a RawValue>, default: &str| value.filter(|value| value.get() != default);
    // Nothing is stored here anyway.
    keep(extras, "store", unless(body.store, "false"));
    keep(extras, "truncation", unless(body.truncation, r#""disabled""#));
    if let Some(options) = &body.stream_options {
        keep(extras, "stream_options", unless(options.include_obfuscation, "false"));
        nested(extras, "stream_options", options.unknown.clone());
    }
}

/// `include` asks for parts of the answer: sealed thoughts always come, probabilities are a field of their own.
fn logprobs<'a>(body: &Body<'a>, extras: &mut Vec<Extra<'a>>) -> Result<(Option<bool>, Option<u64>), Refused> {
    let count = body.top_logprobs.as_ref().map(Number::count).filter(|count| *count > 0);
    let Some(raw) = body.include else { return Ok((count.map(|_| true), count)) };
    let wrong = |_| Refused::field("include", "include must be a list of strings");
    let names: Vec<Text<'_>> = serde_json::from_str(raw.get()).map_err(wrong)?;
    let wanted = names.iter().any(|name| name.as_str() == "message.output_text.logprobs");
    let is_known =
        |name: &Text<'_>| matches!(name.as_str(), "message.output_text.logprobs" | "reasoning.encrypted_content");
    if !names.iter().all(is_known) {
        keep(extras, "include", Some(raw));
    }
    Ok(((wanted || count.is_some()).then_some(true), count))
}

/// `safety_identifier` took the place of `user` ("Safety best practices", 2026-11); where both are given they differ.
fn user<'a>(body: &mut Body<'a>, extras: &mut Vec<Extra<'a>>) -> Option<Text<'a>> {
    match (body.user.take(), body.safety_identifier) {
        (Some(user), identifier) => {
            keep(extras, "safety_identifier", identifier);
            Some(user)
        }
        (None, identifier) => identifier.map(text_of),
    }
}

fn tools<'a>(list: Vec<&'a RawValue>, extras: &mut Vec<Extra<'a>>) -> Result<Vec<Tool<'a>>, Refused> {
    list.into_iter().map(|raw| tool(raw, extras)).collect()
}

fn tool<'a>(raw: &'a RawValue, extras: &mut Vec<Extra<'a>>) -> Result<Tool<'a>, Refused> {
    let fields: ToolFields<'_> = serde_json::from_str(raw.get())?;
    let kind = fields.kind.unwrap_or_default();
    Ok(match kind.as_str() {
        "function" => {
            nested(extras, "tools", fields.unknown);
            Tool::Function(Function {
                name: fields.name.ok_or_else(|| Refused::field("tools.name", "a function needs a name"))?,
                description: fields.description,
                schema: fields.parameters,
                strict: fields.strict,
                cache: None,
                extras: Vec::new(),
            })
        }
        word if word.starts_with("web_search") => {
            let filters = fields.filters.unwrap_or_default();
            nested(extras, "tools", fields.unknown);
            nested(extras, "tools.filters", filters.unknown);
            Tool::WebSearch(WebSearch {
                max_uses: None,
                allowed_domains: filters.allowed_domains.unwrap_or_default(),
                blocked_domains: filters.blocked_domains.unwrap_or_default(),
                context_size: fields.search_context_size,
                location: fields.user_location.map(LocationFields::location),
                cache: None,
            })
        }
        "" => return Err(Refused::field("tools.type", "a tool needs a type")),
        _ => Tool::Opaque(OpaqueTool { kind, vendor: Vendor::OpenAi, json: Some(raw) }),
    })
}

/// The choice. That of a tool which OpenAI runs itself is an extra: nobody else can call it.
fn choice<'a>(raw: &'a RawValue, extras: &mut Vec<Extra<'a>>) -> Result<Option<ToolChoice<'a>>, Refused> {
    let wrong = || Refused::field("tool_choice", "tool_choice must be none, auto, required or name a tool");
    let fields: ChoiceFields<'a> = match serde_json::from_str(raw.get()).map_err(|_| wrong())? {
        TextOr::Text(word) => {
            let word: Text<'_> = word;
            return match word.as_str() {
                "auto" => Ok(Some(ToolChoice::Auto)),
                "none" => Ok(Some(ToolChoice::None)),
                "required" => Ok(Some(ToolChoice::Required)),
                _ => Err(wrong()),
            };
        }
        TextOr::Other(fields) => fields,
    };
    match (fields.kind.as_deref(), fields.name) {
        (Some("function" | "custom"), Some(name)) => Ok(Some(ToolChoice::Named(name))),
        (Some("function" | "custom") | None, _) => Err(wrong()),
        (Some("allowed_tools"), _) => Ok(Some(ToolChoice::Allowed {
            names: fields.tools.unwrap_or_default().into_iter().filter_map(|tool| tool.name).collect(),
            required: fields.mode.as_deref() == Some("required"),
        })),
        (Some(_), _) => {
            keep(extras, "tool_choice", Some(raw));
            Ok(None)
        }
    }
}

fn form<'a>(raw: &'a RawValue, extras: &mut Vec<Extra<'a>>) -> Result<OutputForm<'a>, Refused> {
    let format: Format<'_> = serde_json::from_str(raw.get())?;
    match format.kind.as_deref() {
        Some("json_object") => Ok(OutputForm::JsonObject),
        Some("json_schema") => Ok(OutputForm::JsonSchema {
            name: format.name,
            description: format.description,
            schema: format.schema.ok_or_else(|| Refused::field("text.format.schema", "text.format needs a schema"))?,
            strict: format.strict,
        }),
        Some("text") | None => Ok(OutputForm::Free),
        Some(_) => {
            keep(extras, "text.format", Some(raw));
            Ok(OutputForm::Free)
        }
    }
}

fn reasoning<'a>(fields: ReasoningFields<'a>, extras: &mut Vec<Extra<'a>>) -> Reasoning<'a> {
    nested(extras, "reasoning", fields.unknown);
    Reasoning {
        // A word nobody knows still asks for reasoning: Higress ai-proxy v2.2.1 takes the middle.
        effort: fields.effort.map(|word| Effort::from_word(&word).unwrap_or(Effort::Medium)),
        show: fields.summary.is_some().then_some(true),
        summary: fields.summary,
        ..Reasoning::default()
    }
}
