//! A caller's request, read.

use serde_json::value::RawValue;

use crate::codec::{Context, Refused};
use crate::model::{
    CallKind, Effort, Extra, Function, Message, OpaqueTool, OutputForm, Part, Reasoning, Request, Role, Sampling,
    TextPart, Tool, ToolCall, ToolChoice, ToolResult, Vendor, WebSearch,
};
use crate::text::{Number, Text};

use super::fields::{
    Body, CallFields, Config, ContentFields, FunctionFields, OutcomeFields, ResponseFields, ThinkingFields, ToolConfig,
    ToolFields,
};
use super::parts_in::{Found, arguments, compact, part, push};
use super::schema::to_json_schema;

pub(super) fn read<'a>(body: &'a str, context: &'a Context) -> Result<Request<'a>, Refused> {
    let mut body: Body<'a> = serde_json::from_str(body)?;
    // A request to count may be wrapped into one to answer ("Counting tokens", 2026-11).
    if let (None, Some(inner)) = (&body.contents, body.generate) {
        body = serde_json::from_str(inner.get())?;
    }
    let named = context.named_model.as_deref().map(Text::from).or(body.model);
    let Some(contents) = body.contents else {
        return Err(Refused::field("contents", "contents is not specified"));
    };
    let mut extras = body.unknown;
    let mut conversation = Conversation::default();
    let mut messages = Vec::with_capacity(contents.len() + 1);
    messages.extend(body.system.map(|system| conversation.message(Role::System, system, &mut extras)));
    for content in contents {
        let role = match content.role.as_deref() {
            Some("model") => Role::Assistant,
            None | Some("user" | "function" | "tool" | "") => Role::User,
            Some(_) => return Err(Refused::field("contents.role", "Please use a valid role: user, model.")),
        };
        let message = conversation.message(role, content, &mut extras);
        match messages.last_mut() {
            Some(last) if belongs(last, &message) => {
                message.parts.into_iter().for_each(|part| push(&mut last.parts, part))
            }
            Some(_) | None => messages.push(message),
        }
    }
    let config = body.config.unwrap_or_default();
    let tools: Vec<ToolFields<'a>> = body.tools.unwrap_or_default();
    let schemas = Schemas::keep(&tools, config.schema, context);
    let request = Request {
        model: named
            .map(|model| model.slice(|name| name.strip_prefix("models/").unwrap_or(name)))
            .ok_or_else(|| Refused::field("model", "model is not specified"))?,
        messages,
        tools: tools.into_iter().flat_map(|fields| read_tools(fields, &schemas)).collect(),
        tool_choice: body.tool_config.map(|config| choice(config, &mut extras)).transpose()?.flatten(),
        stream: context.stream,
        include_usage: true,
        metadata: body.labels,
        service_tier: body.service_tier,
        safety: body.safety,
        ..Request::default()
    };
    Ok(configured(request, config, &schemas, extras))
}

/// Clients keep each chunk of a streamed answer, and some each result, as a content of its own: together they are one
/// message.
fn belongs(last: &Message<'_>, next: &Message<'_>) -> bool {
    let is_result = |message: &Message<'_>| matches!(message.parts.first(), Some(Part::ToolResult(_)));
    last.role == next.role && (next.role == Role::Assistant || is_result(last) && is_result(next))
}

fn configured<'a>(
    request: Request<'a>,
    config: Config<'a>,
    schemas: &Schemas<'a>,
    mut extras: Vec<Extra<'a>>,
) -> Request<'a> {
    let count = |number: Option<Number<'_>>| number.as_ref().map(Number::count);
    extras.extend(config.unknown);
    let mime = config.mime.and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok());
    let is_json = mime.as_deref() == Some("application/json");
    let is_rare = !is_json && mime.as_deref().is_some_and(|mime| mime != "text/plain");
    extras.extend(config.mime.filter(|_| is_rare).map(|value| Extra { name: Text::fixed("responseMimeType"), value }));
    let schema = config.json_schema.or(config.schema.map(|schema| schemas.converted(schema)));
    let is_text = mime.is_some() && !is_json;
    let unused = config.schema.filter(|_| is_text);
    extras.extend(unused.map(|value| Extra { name: Text::fixed("responseSchema"), value }));
    let output = match schema {
        Some(schema) if !is_text => OutputForm::JsonSchema { name: None, description: None, schema, strict: None },
        None if is_json => OutputForm::JsonObject,
        Some(_) | None => OutputForm::Free,
    };
    Request {
        sampling: Sampling {
            temperature: config.temperature,
            top_p: config.top_p,
            top_k: config.top_k,
            seed: config.seed,
            presence_penalty: config.presence_penalty,
            frequency_penalty: config.frequency_penalty,
            ..Sampling::default()
        },
        max_output: count(config.max_output),
        stop: config.stop.unwrap_or_default(),
        n: count(config.candidate_count),
        logprobs: config.want_logprobs,
        top_logprobs: count(config.logprobs),
        output,
        reasoning: config.thinking.map(|thinking| reasoning(thinking, &mut extras)).unwrap_or_default(),
        modalities: lower_case(config.modalities.unwrap_or_default()),
        extras,
        ..request
    }
}

fn lower_case(words: Vec<Text<'_>>) -> Vec<Text<'_>> {
    words.into_iter().map(|word| Text::from(word.to_ascii_lowercase())).collect()
}

/// "Thinking", 2026-11. A budget of -1 leaves the measure to the model.
fn reasoning<'a>(fields: ThinkingFields<'a>, extras: &mut Vec<Extra<'a>>) -> Reasoning<'a> {
    extras.extend(fields.unknown);
    let is_dynamic = fields.budget.as_ref().is_some_and(|budget| budget.value() < 0.0);
    let level = fields.level.map(|level| level.to_ascii_lowercase());
    Reasoning {
        effort: level.and_then(|level| Effort::from_word(&level)),
        budget: fields.budget.filter(|_| !is_dynamic).as_ref().map(Number::count),
        switch: is_dynamic.then_some(true),
        show: fields.show,
        summary: None,
    }
}

/// The schemas in Google's form, as JSON schema, kept beside the body.
struct Schemas<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'a> Schemas<'a> {
    fn keep(tools: &[ToolFields<'a>], output: Option<&'a RawValue>, context: &'a Context) -> Self {
        let functions = tools.iter().filter_map(|fields| fields.functions.as_deref()).flatten();
        let of_tools = functions.filter(|function| function.json_schema.is_none()).filter_map(|f| f.parameters);
        let googles: Vec<&'a RawValue> = of_tools.chain(output).collect();
        if googles.is_empty() {
            return Self(Vec::new());
        }
        let converted = googles.iter().map(|schema| to_json_schema(schema).unwrap_or_else(|| (*schema).to_owned()));
        let kept = context.kept.keep(converted.collect());
        let mut pairs: Vec<_> = googles.into_iter().zip(kept.iter().map(AsRef::as_ref)).collect();
        pairs.sort_by_key(|(google, _)| google.get().as_ptr());
        Self(pairs)
    }

    /// What was made of this one. They are found by where they stand.
    fn converted(&self, schema: &'a RawValue) -> &'a RawValue {
        let found = self.0.binary_search_by_key(&schema.get().as_ptr(), |(google, _)| google.get().as_ptr());
        found.ok().and_then(|at| self.0.get(at)).map_or(schema, |(_, converted)| converted)
    }
}

fn read_tools<'a>(fields: ToolFields<'a>, schemas: &Schemas<'a>) -> Vec<Tool<'a>> {
    let functions = fields.functions.unwrap_or_default();
    let mut tools: Vec<Tool<'a>> =
        functions.into_iter().map(|fields| Tool::Function(function(fields, schemas))).collect();
    if let Some(search) = fields.search {
        let blocked_domains = search.exclude.unwrap_or_default();
        tools.push(Tool::WebSearch(WebSearch { blocked_domains, ..WebSearch::default() }));
        // ways to search that only Google has
        let own = search.unknown.iter().map(|own| Text::from(format!("googleSearch.{}", own.name)));
        tools.extend(own.map(|kind| Tool::Opaque(OpaqueTool { kind, vendor: Vendor::Google, json: None })));
    }
    tools.extend(
        fields
            .unknown
            .into_iter()
            .map(|own| Tool::Opaque(OpaqueTool { kind: own.name, vendor: Vendor::Google, json: Some(own.value) })),
    );
    tools
}

fn function<'a>(fields: FunctionFields<'a>, schemas: &Schemas<'a>) -> Function<'a> {
    Function {
        name: fields.name.unwrap_or_default(),
        description: fields.description,
        schema: fields.json_schema.or(fields.parameters.map(|schema| schemas.converted(schema))),
        strict: None,
        cache: None,
        extras: fields.unknown,
    }
}

/// "Function calling: function calling modes", 2026-11.
fn choice<'a>(config: ToolConfig<'a>, extras: &mut Vec<Extra<'a>>) -> Result<Option<ToolChoice<'a>>, Refused> {
    extras.extend(config.unknown);
    let Some(calling) = config.calling else { return Ok(None) };
    extras.extend(calling.unknown);
    let mut names = calling.allowed.unwrap_or_default();
    let mode = calling.mode.map(|mode| mode.to_ascii_uppercase());
    Ok(Some(match (mode.as_deref(), names.len()) {
        (None | Some("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED"), 0) => ToolChoice::Auto,
        (None | Some("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED"), _) => ToolChoice::Allowed { names, required: false },
        (Some("ANY"), 0) => ToolChoice::Required,
        (Some("ANY"), 1) => ToolChoice::Named(names.swap_remove(0)),
        (Some("ANY"), _) => ToolChoice::Allowed { names, required: true },
        (Some("NONE"), _) => ToolChoice::None,
        (Some(_), _) => {
            return Err(Refused::field(
                "toolConfig.functionCallingConfig.mode",
                "the mode is AUTO, ANY, NONE or VALIDATED",
            ));
        }
    }))
}

/// What is known of the conversation so far: calls get an id if they have none, and results find theirs.
#[derive(Default)]
struct Conversation<'a> {
    calls: u32,
    /// Calls without a result, in order.
    open: Vec<(Text<'a>, Text<'a>)>,
}

impl<'a> Conversation<'a> {
    fn message(&mut self, role: Role, content: ContentFields<'a>, extras: &mut Vec<Extra<'a>>) -> Message<'a> {
        let fields = content.parts.unwrap_or_default();
        let mut parts = Vec::with_capacity(fields.len());
        for fields in fields {
            for (name, value) in
                [("contents.parts.videoMetadata", fields.video), ("contents.parts.partMetadata", fields.metadata)]
            {
                extras.extend(value.map(|value| Extra { name: Text::fixed(name), value }));
            }
            match part(fields) {
                Some(Found::Said(said)) if role == Role::Assistant => push(&mut parts, said),
                Some(Found::Said(said)) => parts.push(said),
                Some(Found::Call(call, signature)) => parts.push(Part::ToolCall(self.call(call, signature))),
                Some(Found::Response(response)) => parts.push(Part::ToolResult(self.result(response))),
                None => {}
            }
        }
        Message { role, name: None, parts }
    }

    fn call(&mut self, fields: CallFields<'a>, signature: Option<Text<'a>>) -> ToolCall<'a> {
        let id = fields.id.filter(|id| !id.is_empty()).unwrap_or_else(|| Text::from(format!("call_{}", self.calls)));
        self.calls += 1;
        let name = fields.name.unwrap_or_default();
        self.open.push((id.clone(), name.clone()));
        ToolCall { id, name, arguments: arguments(fields.args), kind: CallKind::Function, cache: None, signature }
    }

    /// A result belongs to the call with its id, else to the oldest of its name that has none.
    fn result(&mut self, fields: ResponseFields<'a>) -> ToolResult<'a> {
        let id = fields.id.filter(|id| !id.is_empty());
        let name = fields.name.unwrap_or_default();
        let at = self.open.iter().position(|(open, called)| match &id {
            Some(id) => open == id,
            None => *called == name,
        });
        let id = at.map(|at| self.open.remove(at).0).or(id).unwrap_or_else(|| name.clone());
        let (text, is_error) = fields.response.map(outcome).unwrap_or_default();
        let text = TextPart { text, ..TextPart::default() };
        let mut parts = Vec::from_iter((!text.text.is_empty()).then_some(Part::Text(text)));
        parts.extend(fields.parts.unwrap_or_default().into_iter().filter_map(part).filter_map(|found| match found {
            Found::Said(said) => Some(said),
            Found::Call(..) | Found::Response(_) => None,
        }));
        ToolResult { id, name: Some(name), parts, is_error, cache: None }
    }
}

/// "Use `output` to specify function output and `error` to specify error details; otherwise the whole is the output"
/// ("FunctionResponse", 2026-11).
fn outcome(response: &RawValue) -> (Text<'_>, Option<bool>) {
    let fields: OutcomeFields<'_> = serde_json::from_str(response.get()).unwrap_or_default();
    match (fields.output, fields.error, fields.unknown.is_empty()) {
        (Some(output), None, true) => (compact(output), None),
        (None, Some(error), true) => (compact(error), Some(true)),
        _ => (compact(response), None),
    }
}
