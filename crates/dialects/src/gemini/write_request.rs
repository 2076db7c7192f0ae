//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object};
use crate::model::{
    CallKind, Dropped, Media, MediaKind, Message, OutputForm, Part, Request, Role, Source, Thinking, ToolCall,
    ToolResult, Vendor,
};
use crate::text::Text;

use super::family::Version;
use super::fields::{ExtraBody, GoogleFields};
use super::parts_out::{is_known, write_call, write_media, write_place, write_text, write_thought};
use super::schema::is_googles;
use super::{GeminiSettings, seal, thinking, tools};

/// Names under which callers of other dialects send what only Google knows.
const TAKEN: [&str; 5] = ["extra_body", "google", "cachedContent", "cached_content", "safety_settings"];

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let model = context.model.as_deref().unwrap_or(&request.model);
    let version = Version::of(model);
    let google = google_fields(request);
    let settings = GeminiSettings::of(context);
    Object::write(out, |body| {
        // A request of instructions alone is refused: they are then what the user says.
        let has_turns = request.messages.iter().any(|message| !message.role.instructs());
        body.list("contents", |list| contents(list, request, version, has_turns, dropped));
        if has_turns {
            system(body, request, dropped);
        }
        tools::write(body, request, version, dropped);
        safety(body, request, settings, &google);
        if let Some(name) = cached_content(request, &google) {
            body.text("cachedContent", &name);
        }
        body.object("generationConfig", |config| {
            sampling(config, request);
            form(config, request, version, dropped);
            modalities(config, request, dropped);
            match google.thinking {
                Some(own) => config.raw("thinkingConfig", own.get()),
                None => {
                    let budget = settings.and_then(|settings| settings.thinking_budget);
                    thinking::plan(&request.reasoning, version, budget, dropped).write(config);
                }
            }
        });
    });
    note(request, dropped);
}

/// What has no place in the dialect.
fn note(request: &Request<'_>, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    dropped.note_if(sampling.min_p.is_some(), "min_p");
    dropped.note_if(sampling.repetition_penalty.is_some(), "repetition_penalty");
    dropped.note_if(sampling.logit_bias.is_some(), "logit_bias");
    dropped.note_if(request.audio.is_some(), "audio");
    dropped.note_if(request.user.is_some(), "user");
    dropped.note_if(request.metadata.is_some(), "metadata");
    dropped.note_if(request.service_tier.as_deref().is_some_and(|tier| tier != "auto"), "service_tier");
    dropped.note_if(request.cache.is_some(), "cache_control");
    dropped.note_extras(request, &TAKEN);
}

/// "OpenAI compatibility: extra body", 2026-11.
fn google_fields<'r>(request: &Request<'r>) -> GoogleFields<'r> {
    let nested = request.extra("extra_body").and_then(|raw| serde_json::from_str::<ExtraBody<'r>>(raw.get()).ok());
    let direct = || request.extra("google").and_then(|raw| serde_json::from_str(raw.get()).ok());
    nested.and_then(|body| body.google).or_else(direct).unwrap_or_default()
}

fn cached_content<'r>(request: &Request<'r>, google: &GoogleFields<'r>) -> Option<Text<'r>> {
    let own = request.extra("cachedContent").or_else(|| request.extra("cached_content"));
    own.map(crate::json::text_of).or_else(|| google.cached_content.clone())
}

/// The caller's settings, else the provider's.
fn safety(
    body: &mut Object<'_>,
    request: &Request<'_>,
    configured: Option<&GeminiSettings>,
    google: &GoogleFields<'_>,
) {
    let settings = request.safety.or(google.safety).or_else(|| request.extra("safety_settings"));
    if let Some(settings) = settings {
        return body.raw("safetySettings", settings.get());
    }
    let Some(configured) = configured.filter(|configured| !configured.safety.is_empty()) else { return };
    body.list("safetySettings", |list| {
        for (category, threshold) in &configured.safety {
            list.object(|setting| {
                setting.text("category", category);
                setting.text("threshold", threshold);
            });
        }
    });
}

fn system(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let instructions = || request.messages.iter().filter(|message| message.role.instructs());
    if instructions().all(|message| message.parts.is_empty()) {
        return;
    }
    body.object("systemInstruction", |content| {
        content.list("parts", |list| {
            for message in instructions() {
                for part in &message.parts {
                    match part {
                        Part::Text(text) if text.text.is_empty() => {}
                        Part::Text(text) => write_text(list, &[&text.text], None),
                        Part::Refusal(_)
                        | Part::Media(_)
                        | Part::ToolCall(_)
                        | Part::ToolResult(_)
                        | Part::Thinking(_)
                        | Part::Opaque(_) => dropped.note("system"),
                    }
                }
            }
        });
    });
}

fn contents(list: &mut List<'_>, request: &Request<'_>, version: Version, has_turns: bool, dropped: &mut Dropped) {
    let mut calls: Vec<&ToolCall<'_>> = Vec::new();
    for message in &request.messages {
        if message.role.instructs() && has_turns {
            continue;
        }
        dropped.note_if(message.name.is_some(), "messages.name");
        let says_something = message.parts.iter().filter(|part| is_kept(part, dropped)).count() > 0;
        if !says_something && message.role == Role::Assistant {
            continue;
        }
        list.object(|content| {
            content.text("role", if message.role == Role::Assistant { "model" } else { "user" });
            content.list("parts", |list| {
                if !says_something {
                    return write_text(list, &[], None);
                }
                let mut turn = Turn::new(&calls, version);
                turn.results(list, message, request, dropped);
                message.parts.iter().for_each(|part| turn.write(list, part, dropped));
                turn.end(list);
            });
        });
        if message.role == Role::Assistant {
            calls = message.parts.iter().filter_map(called).collect();
        }
    }
}

fn called<'m>(part: &'m Part<'m>) -> Option<&'m ToolCall<'m>> {
    match part {
        Part::ToolCall(call) => Some(call),
        Part::Text(_)
        | Part::Refusal(_)
        | Part::Media(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    }
}

/// Whether a part can be written; notes those that cannot.
fn is_kept(part: &Part<'_>, dropped: &mut Dropped) -> bool {
    match part {
        // Parts without text are refused.
        Part::Text(text) => {
            dropped.note_if(text.cache.is_some(), "messages.cache_control");
            !text.text.is_empty() || text.signature.is_some()
        }
        Part::Refusal(text) => !text.is_empty(),
        Part::Media(media) => {
            let is_kept = is_known(media);
            if !is_kept {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
            dropped.note_if(media.cache.is_some(), "messages.cache_control");
            is_kept
        }
        Part::ToolCall(call) => {
            dropped.note_if(call.cache.is_some(), "messages.cache_control");
            dropped.note_if(call.kind == CallKind::Server, "messages.server_tool_use");
            call.kind != CallKind::Server
        }
        Part::ToolResult(result) => {
            dropped.note_if(result.cache.is_some(), "messages.cache_control");
            true
        }
        Part::Thinking(thinking) => {
            let is_kept = thinking.vendor == Some(Vendor::Google);
            dropped.note_if(!is_kept, "messages.thinking");
            is_kept
        }
        Part::Opaque(opaque) => {
            let is_kept = opaque.vendor == Vendor::Google && opaque.json.is_some();
            if !is_kept {
                dropped.note(&format!("messages.{}", opaque.kind));
            }
            is_kept
        }
    }
}

/// A message being written.
struct Turn<'t> {
    /// What the message before called.
    calls: &'t [&'t ToolCall<'t>],
    version: Version,
    /// The seal of thoughts, which belongs on the part after them.
    seal: Option<&'t str>,
    has_call: bool,
}

impl<'t> Turn<'t> {
    const fn new(calls: &'t [&'t ToolCall<'t>], version: Version) -> Self {
        Self { calls, version, seal: None, has_call: false }
    }

    fn write(&mut self, list: &mut List<'_>, part: &'t Part<'t>, dropped: &mut Dropped) {
        if matches!(part, Part::ToolResult(_)) || !is_kept(part, dropped) {
            return;
        }
        match part {
            Part::Text(text) => write_text(list, &[&text.text], self.signature(text.signature.as_ref())),
            Part::Refusal(text) => write_text(list, &[text], None),
            Part::Media(media) => write_media(list, media, self.signature(media.signature.as_ref())),
            Part::ToolCall(call) => {
                let signature = self.signature(call.signature.as_ref());
                // Of calls at once the first carries the signature; one that another model made has none.
                let needs_one = self.version.is_third() && !self.has_call;
                self.has_call = true;
                write_call(list, call, None, signature.or(needs_one.then_some(seal::UNCHECKED)));
            }
            Part::Thinking(thinking) => self.thought(list, thinking),
            Part::Opaque(opaque) => list.object(|part| {
                part.raw(&opaque.kind, opaque.json.map_or("{}", |json| json.get()));
            }),
            Part::ToolResult(_) => {}
        }
    }

    fn signature(&mut self, own: Option<&'t Text<'t>>) -> Option<&'t str> {
        let of_thoughts = self.seal.take();
        own.map(Text::as_str).or(of_thoughts)
    }

    fn thought(&mut self, list: &mut List<'_>, thinking: &'t Thinking<'t>) {
        self.end(list);
        if !thinking.text.is_empty() {
            write_thought(list, &thinking.text, None);
        }
        self.seal = thinking.signature.as_deref();
    }

    /// A seal that nothing came after stands on an empty part.
    fn end(&mut self, list: &mut List<'_>) {
        if let Some(seal) = self.seal.take() {
            write_text(list, &[], Some(seal));
        }
    }

    /// Results of calls made at once stand in the order of the calls: no id links them.
    fn results(&mut self, list: &mut List<'_>, message: &'t Message<'t>, request: &Request<'_>, dropped: &mut Dropped) {
        let mut results: Vec<&ToolResult<'_>> = message
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::ToolResult(result) => Some(result),
                Part::Text(_)
                | Part::Refusal(_)
                | Part::Media(_)
                | Part::ToolCall(_)
                | Part::Thinking(_)
                | Part::Opaque(_) => None,
            })
            .collect();
        let place = |result: &&ToolResult<'_>| self.calls.iter().position(|call| call.id == result.id);
        results.sort_by_key(|result| place(result).unwrap_or(usize::MAX));
        for result in &results {
            let called = self.calls.iter().find(|call| call.id == result.id).map(|call| call.name.as_str());
            let name = called.or(result.name.as_deref()).or_else(|| request.tool_name(&result.id));
            write_result(list, result, name.unwrap_or(&result.id), self.version, dropped);
        }
        // Before the third generation media cannot stand within a result: they follow the last.
        if !self.version.is_third() {
            for media in results.iter().flat_map(|result| media_of(result)) {
                write_media(list, media, None);
            }
        }
    }
}

fn media_of<'r>(result: &'r ToolResult<'_>) -> impl Iterator<Item = &'r Media<'r>> {
    result.parts.iter().filter_map(|part| match part {
        Part::Media(media) if is_known(media) => Some(media),
        Part::Media(_)
        | Part::Text(_)
        | Part::Refusal(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    })
}

/// "Function calling: multimodal function responses", 2026-11.
fn write_result(list: &mut List<'_>, result: &ToolResult<'_>, name: &str, version: Version, dropped: &mut Dropped) {
    let mut pieces: Vec<&str> = Vec::new();
    for part in result.parts.iter().filter(|part| is_kept(part, dropped)) {
        if let Part::Text(crate::model::TextPart { text, .. }) | Part::Refusal(text) = part {
            if !pieces.is_empty() {
                pieces.push("\n");
            }
            pieces.push(text);
        }
    }
    list.object(|part| {
        part.object("functionResponse", |response| {
            response.text("name", name);
            response.object("response", |outcome| {
                outcome.joined(if result.is_error == Some(true) { "error" } else { "output" }, &pieces);
            });
            if version.is_third() && media_of(result).next().is_some() {
                response.list("parts", |list| {
                    media_of(result).for_each(|media| list.object(|part| write_place(part, media)));
                });
            }
        });
    });
}

/// "GenerationConfig", 2026-11.
fn sampling(config: &mut Object<'_>, request: &Request<'_>) {
    let sampling = &request.sampling;
    config.number("temperature", sampling.temperature.as_ref());
    config.number("topP", sampling.top_p.as_ref());
    config.number("topK", sampling.top_k.as_ref());
    config.number("seed", sampling.seed.as_ref());
    config.number("presencePenalty", sampling.presence_penalty.as_ref());
    config.number("frequencyPenalty", sampling.frequency_penalty.as_ref());
    if let Some(most) = request.max_output {
        config.count("maxOutputTokens", most);
    }
    if !request.stop.is_empty() {
        config.list("stopSequences", |list| request.stop.iter().for_each(|text| list.text(text)));
    }
    if let Some(n) = request.n.filter(|n| *n > 1) {
        config.count("candidateCount", n);
    }
    if request.logprobs == Some(true) {
        config.flag("responseLogprobs", true);
        if let Some(count) = request.top_logprobs {
            config.count("logprobs", count);
        }
    }
}

/// "Structured output", 2026-11. Before the third generation there is none beside functions.
fn form(config: &mut Object<'_>, request: &Request<'_>, version: Version, dropped: &mut Dropped) {
    let schema = match &request.output {
        OutputForm::Free => return,
        OutputForm::JsonObject => None,
        OutputForm::JsonSchema { schema, .. } => Some(schema),
    };
    if tools::has_functions(request) && !version.is_third() {
        return dropped.note("response_format");
    }
    config.text("responseMimeType", "application/json");
    if let Some(schema) = schema {
        let key = if is_googles(schema) { "responseSchema" } else { "responseJsonSchema" };
        config.raw(key, schema.get());
    }
}

fn modalities(config: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    if request.modalities.iter().any(|word| word.as_str() != "text") {
        config.list("responseModalities", |list| {
            request.modalities.iter().for_each(|word| list.text(&word.to_ascii_uppercase()));
        });
    }
    // How finely pictures are looked at is said for all of them at once.
    let images = || {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        parts.filter_map(|part| match part {
            Part::Media(Media {
                kind: MediaKind::Image, source: Source::Url(_) | Source::Base64(_), detail, ..
            }) => Some(detail.as_deref().filter(|detail| *detail != "auto")),
            Part::Media(_)
            | Part::Text(_)
            | Part::Refusal(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Thinking(_)
            | Part::Opaque(_) => None,
        })
    };
    let Some(detail) = images().flatten().next() else { return };
    match (detail, images().all(|other| other == Some(detail))) {
        ("low", true) => config.text("mediaResolution", "MEDIA_RESOLUTION_LOW"),
        ("high", true) => config.text("mediaResolution", "MEDIA_RESOLUTION_HIGH"),
        _ => dropped.note("messages.image.detail"),
    }
}
