//! A whole answer told as the events of a stream: for callers that asked for a stream of a provider that has none.

use serde_json::value::RawValue;

use crate::codec::Sink;
use crate::model::{Answer, Delta, Event, Opening, Part, Start};
use crate::text::Text;

/// Gives the events that the answer would have come as.
pub(crate) fn replay(answer: &Answer<'_>, sink: Sink<'_>) {
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| Text::from(text.to_string()));
    sink(Event::Start(Start {
        id: text(&answer.id),
        model: text(&answer.model),
        created: answer.created,
        usage: answer.usage,
        service_tier: text(&answer.service_tier),
    }));
    for choice in &answer.choices {
        // they are of all the text, and go where it has ended
        let last = choice.parts.iter().rposition(|part| matches!(part, Part::Text(_)));
        for (at, (part, number)) in choice.parts.iter().zip(0..).enumerate() {
            let logprobs = choice.logprobs.filter(|_| last == Some(at));
            tell(part, logprobs, choice.index, number, sink);
        }
        if let Some(finish) = &choice.finish {
            sink(Event::Finish { choice: choice.index, finish: finish.clone() });
        }
    }
    if let Some(usage) = answer.usage {
        sink(Event::Usage(usage));
    }
    sink(Event::End);
}

fn tell(content: &Part<'_>, logprobs: Option<&RawValue>, choice: u32, part: u32, sink: Sink<'_>) {
    let mut deltas: Vec<Delta<'_>> = Vec::new();
    let opening = match content {
        Part::Text(text) => {
            deltas.push(Delta::Text(text.text.borrow()));
            deltas.extend(logprobs.map(Delta::Logprobs));
            deltas.extend(text.citations.iter().cloned().map(Delta::Citation));
            Opening::Text
        }
        Part::Refusal(text) => {
            deltas.push(Delta::Text(text.borrow()));
            Opening::Refusal
        }
        Part::Thinking(thinking) => {
            let said = Some(&thinking.text).filter(|text| !text.is_empty());
            deltas.extend(said.map(|text| Delta::Text(text.borrow())));
            deltas.extend(thinking.signature.as_ref().map(|seal| Delta::Signature(seal.borrow())));
            deltas.extend(thinking.hidden.as_ref().map(|data| Delta::Hidden(data.borrow())));
            Opening::Thinking { id: thinking.id.as_ref().map(Text::borrow), vendor: thinking.vendor }
        }
        Part::ToolCall(call) => {
            deltas.push(Delta::Arguments(call.arguments.borrow()));
            Opening::ToolCall {
                id: call.id.borrow(),
                name: call.name.borrow(),
                kind: call.kind,
                signature: call.signature.as_ref().map(Text::borrow),
            }
        }
        Part::Media(media) => Opening::Media(media.clone()),
        Part::Opaque(opaque) => Opening::Opaque(opaque.clone()),
        Part::ToolResult(_) => return,
    };
    sink(Event::Open { choice, part, opening });
    for delta in deltas {
        sink(Event::Delta { choice, part, delta });
    }
    sink(Event::Close { choice, part });
}
