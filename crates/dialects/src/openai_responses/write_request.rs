//! A request for the provider, written.
//!
//! Nothing is left at the provider (`store: false`) unless the caller wants it: the caller's dialect keeps the
//! conversation itself. Sealed thoughts are asked for, so that they can come back.

use crate::codec::{Context, Profile};
use crate::json::Object;
use crate::model::{Dropped, Part, Request, Vendor};

use super::input_out::Ways;
use super::{family, input_out, options_out};

/// Extras that other dialects of OpenAI's know by the same name and meaning (API reference, 2026-11).
const SHARED: [&str; 7] = [
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "moderation",
    "verbosity",
];

/// "Invalid 'max_output_tokens': integer below minimum value" is the answer to less (2026-11).
const MIN_OUTPUT: u64 = 16;

/// The longest name of a user, in characters.
const MAX_USER: usize = 64;

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let model = context.model.as_deref().unwrap_or(&request.model);
    let profile = &context.profile;
    let ways = Ways { marks: family::takes_breakpoints(model), developer: !profile.no_developer };
    Object::write(out, |body| {
        body.text("model", model);
        body.list("input", |list| {
            for message in &request.messages {
                input_out::write(list, message, request, ways, dropped);
            }
        });
        if let Some(most) = request.max_output {
            dropped.note_if(most < MIN_OUTPUT, "max_tokens");
            body.count("max_output_tokens", most.max(MIN_OUTPUT));
        }
        body.number("temperature", request.sampling.temperature.as_ref());
        body.number("top_p", request.sampling.top_p.as_ref());
        if let Some(count) = request.top_logprobs {
            body.count("top_logprobs", count);
        }
        include(body, request, model);
        options_out::text(body, request);
        options_out::tools(body, request, dropped);
        options_out::reasoning(body, request, model, dropped);
        if !profile.no_user {
            body.maybe_text("user", request.user.as_deref().map(shortened));
        }
        if let Some(metadata) = request.metadata {
            body.raw("metadata", metadata.get());
        }
        // Anthropic's `standard_only` is OpenAI's `default` ("Priority processing", 2026-11).
        match request.service_tier.as_deref() {
            Some("standard_only") => body.text("service_tier", "default"),
            tier => body.maybe_text("service_tier", tier),
        }
        for extra in request.extras.iter().filter(|extra| SHARED.contains(&extra.name.as_str())) {
            if extra.name.as_str() != "verbosity" {
                body.raw(&extra.name, extra.value.get());
            }
        }
        if request.extra("store").is_none() {
            body.flag("store", false);
        }
        if request.stream {
            body.flag("stream", true);
        }
    });
    note(request, profile, dropped);
}

/// Longer names of users are refused (2026-11). Their beginning tells users apart as well: hashes stand there.
fn shortened(user: &str) -> &str {
    user.char_indices().nth(MAX_USER).and_then(|(end, _)| user.get(..end)).unwrap_or(user)
}

fn include(body: &mut Object<'_>, request: &Request<'_>, model: &str) {
    let wants_logprobs = request.logprobs == Some(true);
    let has_seals = || {
        let mut parts = request.messages.iter().flat_map(|message| &message.parts);
        parts.any(|part| matches!(part, Part::Thinking(thinking) if thinking.vendor == Some(Vendor::OpenAi)))
    };
    let wants_seals = family::reasons(model) || !family::never_reasons(model) && has_seals();
    if wants_seals || wants_logprobs {
        body.list("include", |list| {
            if wants_seals {
                list.text("reasoning.encrypted_content");
            }
            if wants_logprobs {
                list.text("message.output_text.logprobs");
            }
        });
    }
}

/// What has no place in the dialect.
fn note(request: &Request<'_>, profile: &Profile, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    dropped.note_if(sampling.top_k.is_some(), "top_k");
    dropped.note_if(sampling.min_p.is_some(), "min_p");
    dropped.note_if(sampling.seed.is_some(), "seed");
    dropped.note_if(sampling.presence_penalty.is_some(), "presence_penalty");
    dropped.note_if(sampling.frequency_penalty.is_some(), "frequency_penalty");
    dropped.note_if(sampling.repetition_penalty.is_some(), "repetition_penalty");
    dropped.note_if(sampling.logit_bias.is_some(), "logit_bias");
    dropped.note_if(!request.stop.is_empty(), "stop");
    dropped.note_if(profile.no_user && request.user.is_some(), "user");
    dropped.note_if(request.n.is_some_and(|n| n > 1), "n");
    dropped.note_if(request.modalities.iter().any(|word| word.as_str() != "text"), "modalities");
    dropped.note_if(request.audio.is_some(), "audio");
    dropped.note_if(request.safety.is_some(), "safety_settings");
    dropped.note_if(request.cache.is_some(), "cache_control");
    dropped.note_extras(request, &SHARED);
}
