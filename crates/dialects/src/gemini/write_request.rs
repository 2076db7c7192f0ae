//! A request for the provider, written.

use crate::codec::Context;
use crate::json::Object;
use crate::model::{Dropped, Media, MediaKind, OutputForm, Part, Request, Source};
use crate::text::Text;

use super::family::Version;
use super::fields::{AudioFields, ExtraBody, GoogleFields};
use super::parts_out::write_text;
use super::schema::is_googles;
use super::{GeminiSettings, thinking, tools, turns};

/// Names under which callers of other dialects send what only Google knows.
const TAKEN: [&str; 5] = ["extra_body", "google", "cachedContent", "cached_content", "safety_settings"];

/// More stop texts are refused ("GenerationConfig: stopSequences", 2026-11).
const MAX_STOP: usize = 5;

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let model = context.model.as_deref().unwrap_or(&request.model);
    let version = Version::of(model);
    let google = google_fields(request);
    let settings = GeminiSettings::of(context);
    let is_vertex = settings.is_some_and(|settings| settings.is_vertex);
    Object::write(out, |body| {
        // A request of instructions alone is refused: they are then what the user says.
        let has_turns = request.messages.iter().any(|message| !message.role.instructs());
        body.list("contents", |list| turns::write(list, request, version, has_turns, dropped));
        if has_turns {
            system(body, request, dropped);
        }
        tools::write(body, request, version, dropped);
        safety(body, request, settings, &google);
        if let Some(name) = cached_content(request, &google) {
            body.text("cachedContent", &name);
        }
        // "Custom metadata labels", Vertex AI, 2026-11.
        if let Some(labels) = request.metadata.filter(|_| is_vertex) {
            body.raw("labels", labels.get());
        }
        body.object("generationConfig", |config| {
            sampling(config, request, dropped);
            form(config, request, version, dropped);
            modalities(config, request);
            voice(config, request, dropped);
            resolution(config, request, dropped);
            match google.thinking {
                Some(own) => config.raw("thinkingConfig", own.get()),
                None => {
                    let budget = settings.and_then(|settings| settings.thinking_budget);
                    thinking::plan(&request.reasoning, version, budget, dropped).write(config);
                }
            }
        });
    });
    note(request, is_vertex, dropped);
}

/// What has no place in the dialect.
fn note(request: &Request<'_>, is_vertex: bool, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    dropped.note_if(sampling.min_p.is_some(), "min_p");
    dropped.note_if(sampling.repetition_penalty.is_some(), "repetition_penalty");
    dropped.note_if(sampling.logit_bias.is_some(), "logit_bias");
    dropped.note_if(request.user.is_some(), "user");
    dropped.note_if(request.metadata.is_some() && !is_vertex, "metadata");
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
                        Part::Text(text) => {
                            dropped.note_if(text.cache.is_some(), "system.cache_control");
                            write_text(list, &[&text.text], None);
                        }
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

/// "GenerationConfig", 2026-11.
fn sampling(config: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
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
    let stop = || request.stop.iter().filter(|text| !text.is_empty()).take(MAX_STOP);
    dropped.note_if(stop().count() < request.stop.len(), "stop");
    if stop().next().is_some() {
        config.list("stopSequences", |list| stop().for_each(|text| list.text(text)));
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

fn modalities(config: &mut Object<'_>, request: &Request<'_>) {
    if !request.modalities.is_empty() {
        config.list("responseModalities", |list| {
            request.modalities.iter().for_each(|word| list.text(&word.to_ascii_uppercase()));
        });
    }
}

/// "Speech generation", 2026-11. Sound comes as PCM of 24 kHz, whatever format is asked for; voices of OpenAI's are
/// unknown.
fn voice(config: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let Some(audio) = request.audio else { return };
    let AudioFields { voice, format, .. } = serde_json::from_str(audio.get()).unwrap_or_default();
    dropped.note_if(format.is_some_and(|format| format.as_str() != "pcm16"), "audio.format");
    let Some(voice) = voice else { return };
    // Google's are names of stars and moons, OpenAI's are written in small letters ("Text to speech", 2026-11).
    if !voice.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        return dropped.note("audio.voice");
    }
    config.object("speechConfig", |speech| {
        speech.object("voiceConfig", |config| {
            config.object("prebuiltVoiceConfig", |prebuilt| prebuilt.text("voiceName", &voice));
        });
    });
}

/// How finely pictures are looked at is said for all of them at once ("MediaResolution", 2026-11).
fn resolution(config: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
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
