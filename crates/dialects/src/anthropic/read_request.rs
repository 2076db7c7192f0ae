//! A caller's request, read.

use crate::codec::Refused;
use crate::json::TextOr;
use crate::model::{
    Effort, Extra, Function, Message, OpaqueTool, OutputForm, Part, Reasoning, Request, Role, Sampling, TextPart, Tool,
    ToolChoice, Vendor, WebSearch,
};
use crate::text::{Number, Text};

use super::blocks::{Content, part};
use super::fields::{
    Body, Cache, ChoiceFields, Format, LocationFields, MessageFields, OutputConfig, ThinkingFields, ToolFields,
};

/// Claude Code puts a counter that changes with each request into a system text that begins like this. It is for
/// Anthropic's own accounts only, and would spoil every other provider's prompt cache.
const BILLING: &str = "x-anthropic-billing-header:";

pub(super) fn read(body: &str) -> Result<Request<'_>, Refused> {
    let body: Body<'_> = serde_json::from_str(body)?;
    let mut messages = Vec::with_capacity(body.messages.as_ref().map_or(0, Vec::len) + 1);
    messages.extend(body.system.map(system));
    let Some(conversation) = body.messages else { return Err(Refused::field("messages", "messages: Field required")) };
    for fields in conversation {
        messages.push(message(fields)?);
    }
    let (tool_choice, parallel_tool_calls) = body.tool_choice.map(choice).transpose()?.unwrap_or_default();
    let mut extras = body.unknown;
    let (effort, format) = body.output_config.map(|config| output_config(config, &mut extras)).unwrap_or_default();
    let user = body.metadata.and_then(|metadata| {
        extras.extend(metadata.unknown);
        metadata.user_id
    });
    Ok(Request {
        model: body.model.ok_or_else(|| Refused::field("model", "model: Field required"))?,
        messages,
        tools: body.tools.unwrap_or_default().into_iter().map(tool).collect(),
        tool_choice,
        parallel_tool_calls,
        sampling: Sampling {
            temperature: body.temperature,
            top_p: body.top_p,
            top_k: body.top_k,
            ..Sampling::default()
        },
        max_output: body.max_tokens.as_ref().map(Number::count),
        stop: body.stop_sequences.unwrap_or_default(),
        output: format.or(body.output_format).map(form).unwrap_or_default(),
        reasoning: reasoning(body.thinking, effort),
        stream: body.stream.unwrap_or(false),
        // Every Anthropic stream tells its usage.
        include_usage: true,
        user,
        service_tier: body.service_tier,
        cache: body.cache_control.map(Cache::mark),
        extras,
        ..Request::default()
    })
}

fn system<'a>(system: TextOr<'a, Vec<super::fields::Block<'a>>>) -> Message<'a> {
    let parts = match system {
        TextOr::Text(text) => Content::Text(text).parts(),
        TextOr::Other(blocks) => blocks.into_iter().filter_map(part).collect(),
    };
    let parts = parts.into_iter().map(|part| match part {
        Part::Text(TextPart { text, citations, cache, signature }) if text.starts_with(BILLING) => {
            Part::Text(TextPart { text: text.slice(without_counter), citations, cache, signature })
        }
        part => part,
    });
    Message { role: Role::System, name: None, parts: parts.collect() }
}

fn without_counter(text: &str) -> &str {
    match text.rfind(" cch=") {
        Some(at) => &text[..at],
        None => text,
    }
}

fn message(fields: MessageFields<'_>) -> Result<Message<'_>, Refused> {
    let role = match fields.role.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some(_) | None => {
            return Err(Refused::field("messages.role", "messages: the role must be `user` or `assistant`"));
        }
    };
    Ok(Message { role, name: None, parts: fields.content.map(Content::parts).unwrap_or_default() })
}

fn tool(fields: ToolFields<'_>) -> Tool<'_> {
    let kind = fields.kind.unwrap_or_default();
    match kind.as_str() {
        "" | "custom" => Tool::Function(Function {
            name: fields.name.unwrap_or_default(),
            description: fields.description,
            schema: fields.input_schema,
            strict: fields.strict,
            cache: fields.cache_control.map(Cache::mark),
            extras: fields.unknown,
        }),
        word if word.starts_with("web_search_") => Tool::WebSearch(WebSearch {
            max_uses: fields.max_uses.as_ref().map(Number::count),
            allowed_domains: fields.allowed_domains.unwrap_or_default(),
            blocked_domains: fields.blocked_domains.unwrap_or_default(),
            context_size: None,
            location: fields.user_location.map(LocationFields::location),
            cache: fields.cache_control.map(Cache::mark),
        }),
        _ => Tool::Opaque(OpaqueTool { kind, vendor: Vendor::Anthropic, json: None }),
    }
}

/// The choice, and whether several tools may be called at once: said by each choice but `none`, and yes by default
/// ("Parallel tool use", 2026-11).
fn choice(fields: ChoiceFields<'_>) -> Result<(Option<ToolChoice<'_>>, Option<bool>), Refused> {
    let choice = match fields.kind.as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::None,
        Some("tool") => ToolChoice::Named(
            fields.name.ok_or_else(|| Refused::field("tool_choice.name", "tool_choice.name: Field required"))?,
        ),
        Some(_) | None => {
            return Err(Refused::field("tool_choice", "tool_choice: the type must be auto, any, tool or none"));
        }
    };
    let parallel = match choice {
        ToolChoice::None => None,
        ToolChoice::Auto | ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { .. } => {
            Some(!fields.disable_parallel_tool_use.unwrap_or(false))
        }
    };
    Ok((Some(choice), parallel))
}

fn output_config<'a>(config: OutputConfig<'a>, extras: &mut Vec<Extra<'a>>) -> (Option<Effort>, Option<Format<'a>>) {
    extras.extend(config.unknown);
    (config.effort.and_then(|word| Effort::from_word(&word)), config.format)
}

fn form(format: Format<'_>) -> OutputForm<'_> {
    match format.schema {
        Some(schema) => OutputForm::JsonSchema { name: None, description: None, schema, strict: Some(true) },
        None => OutputForm::Free,
    }
}

fn reasoning<'a>(thinking: Option<ThinkingFields<'a>>, effort: Option<Effort>) -> Reasoning<'a> {
    let Some(thinking) = thinking else { return Reasoning { effort, ..Reasoning::default() } };
    let switch = match thinking.kind.as_deref() {
        Some("disabled") => Some(false),
        Some("enabled" | "adaptive") => Some(true),
        Some(_) | None => None,
    };
    Reasoning {
        effort,
        budget: thinking.budget_tokens.as_ref().map(Number::count).filter(|_| switch == Some(true)),
        switch,
        show: thinking.display.map(|word: Text<'_>| word.as_str() != "omitted"),
        summary: None,
    }
}
