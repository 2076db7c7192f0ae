//! For dialects that know few fields: what they do not know is noted, and messages become text.

use crate::model::{Dropped, Message, OutputForm, Part, Request, Source, Tool};

/// Notes each field of a request that is set and not among those taken, by its name in OpenAI chat. A value that says
/// nothing (`n: 1`) is no loss. Parts of messages are not looked at.
pub(crate) fn note_rest(request: &Request<'_>, taken: &[&str], dropped: &mut Dropped) {
    let sampling = &request.sampling;
    let speaks_only = request.modalities.iter().all(|word| word.as_str() == "text");
    let fields = [
        (sampling.temperature.is_some(), "temperature"),
        (sampling.top_p.is_some(), "top_p"),
        (sampling.top_k.is_some(), "top_k"),
        (sampling.min_p.is_some(), "min_p"),
        (sampling.seed.is_some(), "seed"),
        (sampling.presence_penalty.is_some(), "presence_penalty"),
        (sampling.frequency_penalty.is_some(), "frequency_penalty"),
        (sampling.repetition_penalty.is_some(), "repetition_penalty"),
        (sampling.logit_bias.is_some(), "logit_bias"),
        (request.max_output.is_some(), "max_tokens"),
        (!request.stop.is_empty(), "stop"),
        (request.n.is_some_and(|n| n > 1), "n"),
        (request.logprobs == Some(true), "logprobs"),
        (request.top_logprobs.is_some(), "top_logprobs"),
        (!matches!(request.output, OutputForm::Free), "response_format"),
        (!request.reasoning.is_unset() && !request.reasoning.is_off(), "reasoning_effort"),
        (!speaks_only, "modalities"),
        (request.audio.is_some(), "audio"),
        (request.user.is_some(), "user"),
        (request.metadata.is_some(), "metadata"),
        (request.service_tier.as_deref().is_some_and(|tier| tier != "auto"), "service_tier"),
        (request.safety.is_some(), "safety_settings"),
        (request.cache.is_some(), "cache_control"),
        (request.parallel_tool_calls == Some(false) && !request.tools.is_empty(), "parallel_tool_calls"),
        (request.tool_choice.is_some() && !request.tools.is_empty(), "tool_choice"),
    ];
    for (is_set, name) in fields {
        dropped.note_if(is_set && !taken.contains(&name), name);
    }
    for tool in &request.tools {
        match tool {
            Tool::Function(_) => dropped.note_if(!taken.contains(&"tools"), "tools"),
            Tool::WebSearch(_) => dropped.note_if(!taken.contains(&"tools.web_search"), "tools.web_search"),
            Tool::Opaque(tool) => dropped.note(&format!("tools.{}", tool.kind)),
        }
    }
    dropped.note_extras(request, taken);
}

/// The text of a message whose speaker's name is lost.
pub(crate) fn text_of_message(message: &Message<'_>, dropped: &mut Dropped) -> String {
    dropped.note_if(message.name.is_some(), "messages.name");
    words(message, dropped)
}

/// The text of a message; results of tools and refusals are told in words, all else is noted.
pub(crate) fn words(message: &Message<'_>, dropped: &mut Dropped) -> String {
    let mut text = String::new();
    message.parts.iter().for_each(|part| add(&mut text, part, dropped));
    text
}

fn add(text: &mut String, part: &Part<'_>, dropped: &mut Dropped) {
    match part {
        Part::Text(part) => {
            dropped.note_if(part.cache.is_some(), "messages.cache_control");
            text.push_str(&part.text);
        }
        Part::Refusal(words) => text.push_str(words),
        Part::Media(media) => match &media.source {
            Source::Text(words) => {
                dropped.note_if(media.name.is_some(), "messages.document.title");
                dropped.note_if(media.context.is_some(), "messages.document.context");
                text.push_str(words);
            }
            Source::Url(_) | Source::Base64(_) | Source::File(_) => {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
        },
        Part::ToolCall(_) => dropped.note("messages.tool_calls"),
        Part::ToolResult(result) => {
            dropped.note("messages.tool_call_id");
            dropped.note_if(result.is_error == Some(true), "messages.is_error");
            result.parts.iter().for_each(|part| add(text, part, dropped));
        }
        Part::Thinking(_) => dropped.note("messages.thinking"),
        Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
    }
}
