//! Triton's generate extension, for providers (Triton Inference Server, "Generate extension" and "vLLM backend",
//! 2026-11): one text in, one text out.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, Sink, StreamReader, Unreadable, Upstream, read_fault};
use crate::json::{Object, record};
use crate::model::{Answer, Choice, Dropped, Event, Finish, Part, Request, Role, Start, TextPart};
use crate::plain::{note_rest, text_of_message};
use crate::sse::{Sse, SseReader, broken};
use crate::teller::Teller;
use crate::text::Text;

#[cfg(test)]
mod tests;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triton;

const TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "max_tokens",
    "stop",
];

impl Upstream for Triton {
    fn operation(&self, _: bool) -> Operation {
        Operation::ChatCompletions
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        _: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let text = prompt(request, dropped);
        if text.is_empty() {
            return Err(Refused::field("messages", "there is nothing to ask"));
        }
        Object::write(out, |body| {
            body.text("text_input", &text);
            body.object("parameters", |parameters| write_parameters(parameters, request, dropped));
        });
        note_rest(request, TAKEN, dropped);
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str, _: &'a Asked) -> Result<Answer<'a>, Unreadable> {
        let fields: AnswerFields<'a> = serde_json::from_str(body)?;
        let Some(text) = fields.text else {
            return Err(Unreadable { message: "the answer has no text".to_owned() });
        };
        let parts = vec![Part::Text(TextPart { text, ..TextPart::default() })];
        let choices = vec![Choice { parts, finish: Some(Finish::Stop), ..Choice::default() }];
        Ok(Answer { id: fields.id, model: fields.model, choices, ..Answer::default() })
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(Reader::default()))
    }
}

/// A single message goes as it is. A conversation is told with its speakers, up to where the model is to speak: the
/// server has a model behind it, not its chat template.
fn prompt(request: &Request<'_>, dropped: &mut Dropped) -> String {
    if let [only] = request.messages.as_slice() {
        return text_of_message(only, dropped);
    }
    let mut text = String::new();
    for message in &request.messages {
        let speaker = match message.role {
            Role::System | Role::Developer => "System: ",
            Role::User => "User: ",
            Role::Assistant => "Assistant: ",
        };
        let said = text_of_message(message, dropped);
        if !said.is_empty() {
            text.extend([speaker, said.as_str(), "\n"]);
        }
    }
    if !text.is_empty() {
        text.push_str("Assistant:");
    }
    text
}

/// The names of vLLM's sampling parameters. Lists are refused, so of several stop texts only one could be sent: none is.
fn write_parameters(parameters: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    parameters.flag("stream", request.stream);
    for (name, number) in [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("top_k", &sampling.top_k),
        ("min_p", &sampling.min_p),
        ("seed", &sampling.seed),
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
        ("repetition_penalty", &sampling.repetition_penalty),
    ] {
        parameters.number(name, number.as_ref());
    }
    if let Some(most) = request.max_output {
        parameters.count("max_tokens", most);
    }
    match request.stop.as_slice() {
        [] => {}
        [only] => parameters.text("stop", only),
        _ => dropped.note("stop"),
    }
}

record! {
    /// An answer, or a piece of one.
    struct AnswerFields<'a> {
        id: Text<'a> = "id",
        model: Text<'a> = "model_name",
        text: Text<'a> = "text_output",
    }
}

/// Reads a stream. It has neither terminator nor finish reason: who sent all closes the connection.
#[derive(Debug, Default)]
struct Reader {
    teller: Teller,
    has_spoken: bool,
}

impl SseReader for Reader {
    fn read(&mut self, _: Option<&str>, data: &str, sink: Sink<'_>) {
        let Ok(fields) = serde_json::from_str::<AnswerFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        let Some(text) = fields.text else {
            return sink(Event::Fault(read_fault(0, data.as_bytes())));
        };
        self.has_spoken = true;
        self.teller.start(Start { id: fields.id, model: fields.model, ..Start::default() }, sink);
        self.teller.voice(0).say(text, sink);
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if self.has_spoken {
            self.teller.voice(0).finish(Finish::Stop, sink);
            self.teller.end(sink);
        }
    }
}
