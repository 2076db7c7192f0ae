//! A whole answer, written.

use crate::codec::Asked;
use crate::json::{List, Object};
use crate::model::{Answer, CallKind, Choice, Citation, Media, MediaKind, Part, Source, Thinking};
use crate::text::Text;

use super::message_out::{write_call, write_details};
use super::{finish_word, write_usage};

pub(super) fn write(answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
    Object::write(out, |body| {
        match answer.id.as_deref() {
            Some(id) if !id.is_empty() => body.text("id", id),
            Some(_) | None => body.text("id", &asked.id("chatcmpl-")),
        }
        body.text("object", "chat.completion");
        body.count("created", answer.created.unwrap_or(asked.now));
        body.text("model", answer.model.as_deref().unwrap_or(&asked.model));
        body.list("choices", |list| answer.choices.iter().for_each(|choice| write_choice(list, choice)));
        if let Some(usage) = &answer.usage {
            write_usage(body, usage);
        }
        body.maybe_text("service_tier", answer.service_tier.as_deref());
    });
}

fn write_choice(list: &mut List<'_>, choice: &Choice<'_>) {
    list.object(|object| {
        object.count("index", u64::from(choice.index));
        object.object("message", |message| {
            message.maybe_text("name", choice.name.as_deref());
            write_message(message, &choice.parts);
        });
        object.text("finish_reason", finish_word(choice.finish.as_ref()));
        match choice.logprobs {
            // Responses have the bare list.
            Some(list) if list.get().starts_with('[') => {
                object.object("logprobs", |logprobs| logprobs.raw("content", list.get()));
            }
            Some(logprobs) => object.raw("logprobs", logprobs.get()),
            None => object.null("logprobs"),
        }
        if let Some(safety) = choice.safety {
            object.raw("content_filter_results", safety.get());
        }
    });
}

/// What a message has by kind: here each kind has a field of its own.
#[derive(Default)]
struct Sorted<'p> {
    texts: Vec<&'p str>,
    refusals: Vec<&'p str>,
    thoughts: Vec<&'p Thinking<'p>>,
    citations: Vec<&'p Citation<'p>>,
    media: Vec<&'p Media<'p>>,
}

fn write_message(message: &mut Object<'_>, parts: &[Part<'_>]) {
    let mut sorted = Sorted::default();
    let mut has_calls = false;
    for part in parts {
        match part {
            Part::Text(text) => {
                sorted.texts.push(&text.text);
                sorted.citations.extend(&text.citations);
            }
            Part::Refusal(text) => sorted.refusals.push(text),
            Part::Thinking(thinking) => sorted.thoughts.push(thinking),
            Part::Media(media) => sorted.media.push(media),
            Part::ToolCall(call) => has_calls |= call.kind != CallKind::Server,
            Part::ToolResult(_) | Part::Opaque(_) => {}
        }
    }
    message.text("role", "assistant");
    match sorted.texts.is_empty() {
        true => message.null("content"),
        false => message.joined("content", &sorted.texts),
    }
    match sorted.refusals.is_empty() {
        true => message.null("refusal"),
        false => message.joined("refusal", &sorted.refusals),
    }
    let thoughts: Vec<&str> =
        sorted.thoughts.iter().map(|thought| thought.text.as_str()).filter(|text| !text.is_empty()).collect();
    if !thoughts.is_empty() {
        message.joined("reasoning_content", &thoughts);
    }
    if sorted.thoughts.iter().any(|thought| thought.signature.is_some() || thought.hidden.is_some()) {
        write_details(message, 0, sorted.thoughts.iter().copied());
    }
    if has_calls {
        message.list("tool_calls", |list| {
            for part in parts {
                if let Part::ToolCall(call) = part
                    && call.kind != CallKind::Server
                {
                    write_call(list, call);
                }
            }
        });
    }
    write_citations(message, &sorted.citations);
    write_media(message, &sorted.media);
}

/// "Web search: citations", 2026-11. Only pages have a place here.
fn write_citations(message: &mut Object<'_>, citations: &[&Citation<'_>]) {
    if citations.iter().all(|citation| citation.url.is_none()) {
        return;
    }
    message.list("annotations", |list| citations.iter().for_each(|citation| write_citation(list, citation)));
}

pub(super) fn write_citation(list: &mut List<'_>, citation: &Citation<'_>) {
    let Some(url) = &citation.url else { return };
    list.object(|annotation| {
        annotation.text("type", "url_citation");
        annotation.object("url_citation", |page| {
            page.text("url", url);
            page.text("title", citation.title.as_deref().unwrap_or_default());
            page.count("start_index", citation.start.unwrap_or(0));
            page.count("end_index", citation.end.unwrap_or(0));
            page.maybe_text("content", citation.quote.as_deref());
        });
    });
}

/// Sounds as OpenAI has them, pictures as OpenRouter has them ("Image generation", 2026-11).
fn write_media(message: &mut Object<'_>, media: &[&Media<'_>]) {
    if let Some(sound) = media.iter().find(|media| media.kind == MediaKind::Audio)
        && let Source::Base64(data) = &sound.source
    {
        message.object("audio", |audio| {
            audio.text("id", "audio_0");
            audio.text("data", data);
            audio.text("transcript", sound.transcript.as_deref().unwrap_or_default());
            audio.count("expires_at", 0);
        });
    }
    let images = || media.iter().filter(|media| media.kind == MediaKind::Image);
    if images().next().is_some() {
        message.list("images", |list| images().for_each(|image| write_image(list, image)));
    }
}

pub(super) fn write_image(list: &mut List<'_>, image: &Media<'_>) {
    list.object(|part| {
        part.text("type", "image_url");
        part.object("image_url", |url| match &image.source {
            Source::Url(address) | Source::File(address) => url.text("url", address),
            Source::Base64(data) | Source::Text(data) => {
                let mime = image.mime.as_ref().map_or("image/png", Text::as_str);
                url.joined("url", &["data:", mime, ";base64,", data]);
            }
        });
    });
}
