//! A caller's request, read.

use crate::codec::Refused;
use crate::json::TextOr;
use crate::model::{
    Effort, Function, Location, Message, OpaqueTool, OutputForm, Part, Reasoning, Request, Role, Sampling, Tool,
    ToolChoice, ToolResult, Vendor, WebSearch,
};
use crate::openai_custom;
use crate::text::{Number, Text};

use super::fields::{
    Body, Cache, ChoiceFields, Format, FunctionFields, MessageFields, ReasoningFields, ThinkingFields, ToolFields,
    WebSearchOptions,
};
use super::message_in::{content, spoken};

pub(super) fn read(body: &str) -> Result<Request<'_>, Refused> {
    let body: Body<'_> = serde_json::from_str(body)?;
    let Some(conversation) = body.messages else {
        return Err(Refused::field("messages", "Missing required parameter: 'messages'"));
    };
    let mut tools: Vec<Tool<'_>> = body.tools.unwrap_or_default().into_iter().map(tool).collect();
    tools.extend(body.functions.unwrap_or_default().into_iter().map(|fields| Tool::Function(function(fields, None))));
    tools.extend(body.web_search_options.map(web_search));
    let choice = body.tool_choice.map(choice).or(body.function_call.map(old_choice));
    let count = |number: Option<Number<'_>>| number.as_ref().map(Number::count);
    Ok(Request {
        model: body.model.ok_or_else(|| Refused::field("model", "you must provide a model parameter"))?,
        messages: messages(conversation)?,
        tools,
        tool_choice: choice.transpose()?,
        parallel_tool_calls: body.parallel_tool_calls,
        sampling: Sampling {
            temperature: body.temperature,
            top_p: body.top_p,
            top_k: body.top_k,
            min_p: body.min_p,
            seed: body.seed,
            presence_penalty: body.presence_penalty,
            frequency_penalty: body.frequency_penalty,
            repetition_penalty: body.repetition_penalty,
            logit_bias: body.logit_bias,
        },
        max_output: count(body.max_completion_tokens).or(count(body.max_tokens)),
        stop: match body.stop {
            None => Vec::new(),
            Some(TextOr::Text(text)) => vec![text],
            Some(TextOr::Other(texts)) => texts,
        },
        n: count(body.n),
        logprobs: body.logprobs,
        top_logprobs: count(body.top_logprobs),
        output: body.response_format.map(form).transpose()?.unwrap_or_default(),
        reasoning: reasoning(
            body.reasoning_effort,
            count(body.reasoning_max_tokens),
            body.enable_thinking,
            body.reasoning,
            body.thinking,
        ),
        modalities: body.modalities.unwrap_or_default(),
        audio: body.audio,
        stream: body.stream.unwrap_or(false),
        include_usage: body.stream_options.and_then(|options| options.include_usage).unwrap_or(false),
        user: body.user,
        metadata: body.metadata,
        service_tier: body.service_tier,
        safety: None,
        cache: None,
        extras: body.unknown,
    })
}

/// Results of tools are messages of their own here; those that follow each other become one message of the user's.
fn messages<'a>(list: Vec<MessageFields<'a>>) -> Result<Vec<Message<'a>>, Refused> {
    let mut messages: Vec<Message<'a>> = Vec::with_capacity(list.len());
    for fields in list {
        let role = match fields.role.as_deref() {
            Some("system") => Role::System,
            Some("developer") => Role::Developer,
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("tool" | "function") => {
                let result = Part::ToolResult(result(fields));
                match messages.last_mut() {
                    Some(last) if matches!(last.parts.last(), Some(Part::ToolResult(_))) => last.parts.push(result),
                    Some(_) | None => {
                        messages.push(Message { role: Role::User, name: None, parts: vec![result] });
                    }
                }
                continue;
            }
            Some(_) | None => {
                return Err(Refused::field("messages.role", "a message needs a role: system, user, assistant or tool"));
            }
        };
        let mark = fields.cache_control.as_ref().map(|cache| cache.ttl.clone());
        let name = fields.name.clone();
        let mut parts = match role {
            Role::Assistant => spoken(fields),
            Role::System | Role::Developer | Role::User => content(fields.content),
        };
        // A mark on the message is a mark on its end.
        if let (Some(ttl), Some(Part::Text(text))) = (mark, parts.last_mut()) {
            text.cache = Some(crate::model::CacheMark { ttl });
        }
        messages.push(Message { role, name, parts });
    }
    Ok(messages)
}

fn result(fields: MessageFields<'_>) -> ToolResult<'_> {
    ToolResult {
        // The older form has the function's name alone.
        id: fields.tool_call_id.or_else(|| fields.name.clone()).unwrap_or_default(),
        name: fields.name,
        parts: content(fields.content),
        is_error: None,
        cache: fields.cache_control.map(Cache::mark),
    }
}

fn tool(fields: ToolFields<'_>) -> Tool<'_> {
    match (fields.function, fields.custom) {
        (Some(declared), _) => Tool::Function(function(declared, fields.cache_control)),
        (None, json) => {
            Tool::Opaque(OpaqueTool { kind: fields.kind.unwrap_or_default(), vendor: Vendor::OpenAi, json })
        }
    }
}

fn function<'a>(fields: FunctionFields<'a>, cache: Option<Cache<'a>>) -> Function<'a> {
    Function {
        name: fields.name.unwrap_or_default(),
        description: fields.description,
        schema: fields.parameters,
        strict: fields.strict,
        cache: cache.map(Cache::mark),
        extras: fields.unknown,
    }
}

fn web_search(options: WebSearchOptions<'_>) -> Tool<'_> {
    Tool::WebSearch(WebSearch {
        context_size: options.search_context_size,
        location: options.user_location.and_then(|location| location.approximate).map(|place| Location {
            city: place.city,
            region: place.region,
            country: place.country,
            timezone: place.timezone,
        }),
        ..WebSearch::default()
    })
}

fn choice<'a>(choice: TextOr<'a, ChoiceFields<'a>>) -> Result<ToolChoice<'a>, Refused> {
    let wrong = || Refused::field("tool_choice", "tool_choice must be none, auto, required or name a tool");
    match choice {
        TextOr::Text(word) => match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" | "any" => Ok(ToolChoice::Required),
            _ => Err(wrong()),
        },
        TextOr::Other(ChoiceFields { allowed_tools: Some(allowed), .. }) => Ok(ToolChoice::Allowed {
            names: allowed.tools.unwrap_or_default().into_iter().filter_map(tool_name).collect(),
            required: allowed.mode.as_deref() == Some("required"),
        }),
        TextOr::Other(fields) => {
            let named = fields.function.or(fields.custom).and_then(|function| function.name);
            match (named, fields.kind.as_deref()) {
                (Some(name), _) => Ok(ToolChoice::Named(name)),
                (None, Some("auto")) => Ok(ToolChoice::Auto),
                (None, Some("none")) => Ok(ToolChoice::None),
                (None, Some("required" | "any")) => Ok(ToolChoice::Required),
                (None, Some(_) | None) => Err(wrong()),
            }
        }
    }
}

fn tool_name(tool: ToolFields<'_>) -> Option<Text<'_>> {
    match (tool.function, tool.custom) {
        (Some(function), _) => function.name,
        (None, custom) => openai_custom::name(custom?),
    }
}

fn old_choice<'a>(choice: TextOr<'a, FunctionFields<'a>>) -> Result<ToolChoice<'a>, Refused> {
    match choice {
        TextOr::Text(word) if word.as_str() == "none" => Ok(ToolChoice::None),
        TextOr::Text(_) => Ok(ToolChoice::Auto),
        TextOr::Other(fields) => Ok(ToolChoice::Named(fields.name.unwrap_or_default())),
    }
}

fn form(format: Format<'_>) -> Result<OutputForm<'_>, Refused> {
    match format.kind.as_deref() {
        Some("json_object") => Ok(OutputForm::JsonObject),
        Some("json_schema") => {
            let missing =
                || Refused::field("response_format.json_schema", "response_format needs a json_schema.schema");
            let fields = format.json_schema.ok_or_else(missing)?;
            Ok(OutputForm::JsonSchema {
                name: fields.name,
                description: fields.description,
                schema: fields.schema.ok_or_else(missing)?,
                strict: fields.strict,
            })
        }
        Some(_) | None => Ok(OutputForm::Free),
    }
}

fn reasoning<'a>(
    word: Option<Text<'a>>,
    budget: Option<u64>,
    enabled: Option<bool>,
    object: Option<ReasoningFields<'a>>,
    thinking: Option<ThinkingFields<'a>>,
) -> Reasoning<'a> {
    let object = object.unwrap_or_default();
    let thinking = thinking.unwrap_or_default();
    let switch = match thinking.kind.as_deref() {
        Some("enabled" | "adaptive" | "auto") => Some(true),
        Some("disabled") => Some(false),
        Some(_) | None => None,
    };
    // A word nobody knows still asks for reasoning: Higress ai-proxy v2.2.1 takes the middle.
    let effort = word.or(object.effort).map(|word| Effort::from_word(&word).unwrap_or(Effort::Medium));
    let count = |number: Option<Number<'_>>| number.as_ref().map(Number::count);
    Reasoning {
        effort,
        budget: budget.or(count(object.max_tokens)).or(count(thinking.budget)),
        switch: switch.or(enabled).or(object.enabled),
        show: object.exclude.map(|exclude| !exclude),
        summary: object.summary,
    }
}
