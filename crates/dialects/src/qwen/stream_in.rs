//! A provider's stream, read ("Streaming output", 2026-11).

use crate::codec::{Asked, Sink};
use crate::json::{Loose, TextOr, text_of};
use crate::model::{Event, Part, Start};
use crate::sse::{SseReader, broken};
use crate::teller::{Teller, Voice};
use crate::text::Text;

use super::answer::{choices, piece};
use super::fields::{AnswerFields, CallFields, ChoiceFields, SearchFields, UsageFields};
use super::pieces::Pieces;
use super::settings::{QwenThoughts, thoughts};
use super::{fault, read_finish};

#[derive(Debug)]
pub(super) struct Reader {
    teller: Teller,
    thoughts: QwenThoughts,
    /// Whether texts may come as all that was said so far.
    may_repeat: bool,
    choices: Vec<Progress>,
    has_cited: bool,
}

/// How far one of the answers has come.
#[derive(Debug)]
struct Progress {
    index: u32,
    text: Pieces,
    thoughts: Pieces,
    /// The arguments of each call, by its index.
    calls: Vec<(u64, String)>,
    /// Whether `<think>` stands open in the text.
    is_thinking: bool,
}

impl SseReader for Reader {
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" {
            return self.finish(sink);
        }
        let answer = match serde_json::from_str::<AnswerFields<'_>>(data) {
            Ok(answer) => answer,
            Err(_) => return sink(Event::Fault(broken("an event of the stream could not be read".to_owned()))),
        };
        let AnswerFields { id, output, usage, code, .. } = answer;
        let Some(mut output) = output.filter(|_| name != Some("error") && code.is_none_or(|code| code.get() == "\"\""))
        else {
            return sink(Event::Fault(fault(0, data.as_bytes())));
        };
        self.teller.start(Start { id, ..Start::default() }, sink);
        let search = output.search.take().and_then(Loose::known).map(SearchFields::citations);
        for (fields, at) in choices(output).into_iter().zip(0..) {
            self.choice(fields, at, sink);
        }
        if let Some(pages) = search.filter(|pages| !pages.is_empty() && !self.has_cited) {
            self.has_cited = true;
            pages.into_iter().for_each(|page| self.teller.voice(0).cite(page, sink));
        }
        self.teller.usage(usage.and_then(Loose::known).map(UsageFields::usage), sink);
    }

    fn finish(&mut self, sink: Sink<'_>) {
        // There is no terminator: the last event has the finish reason.
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

impl Reader {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            teller: Teller::default(),
            thoughts: thoughts(asked),
            may_repeat: asked.has_tools,
            choices: Vec::new(),
            has_cited: false,
        }
    }

    fn choice(&mut self, fields: ChoiceFields<'_>, at: u32, sink: Sink<'_>) {
        let index = fields.index.unwrap_or(at);
        let known = self.choices.iter().position(|progress| progress.index == index);
        let place = known.unwrap_or_else(|| {
            self.choices.push(Progress::new(index, self.may_repeat));
            self.choices.len() - 1
        });
        let (progress, voice) = (&mut self.choices[place], self.teller.voice(index));
        let message = fields.message.unwrap_or_default();
        let finish = fields.finish_reason.and_then(read_finish);
        if let Some(text) = message.reasoning {
            progress.think(&text, self.thoughts, voice, sink);
        }
        match message.content {
            Some(TextOr::Text(text)) => progress.say(&text, voice, sink),
            Some(TextOr::Other(pieces)) => {
                for part in pieces.into_iter().filter_map(piece) {
                    match part {
                        Part::Text(text) => progress.say(&text.text, voice, sink),
                        Part::Media(media) => voice.show(media, sink),
                        Part::Refusal(_)
                        | Part::ToolCall(_)
                        | Part::ToolResult(_)
                        | Part::Thinking(_)
                        | Part::Opaque(_) => {}
                    }
                }
            }
            None => {}
        }
        let calls = message.tool_calls.unwrap_or_default();
        if finish.is_some() || !calls.is_empty() {
            progress.settle(self.thoughts, voice, sink);
        }
        for (fields, at) in calls.into_iter().zip(0..) {
            progress.call(fields, at, voice, sink);
        }
        if let Some(finish) = finish {
            voice.finish(finish, sink);
        }
    }
}

impl Progress {
    fn new(index: u32, may_repeat: bool) -> Self {
        let text = || if may_repeat { Pieces::default() } else { Pieces::certain() };
        Self { index, text: text(), thoughts: text(), calls: Vec::new(), is_thinking: false }
    }

    fn think(&mut self, text: &str, form: QwenThoughts, voice: &mut Voice, sink: Sink<'_>) {
        let is_thinking = &mut self.is_thinking;
        self.thoughts.add(text, |text| tell_thought(text, form, is_thinking, voice, sink));
    }

    fn say(&mut self, text: &str, voice: &mut Voice, sink: Sink<'_>) {
        if text.is_empty() && self.is_thinking {
            return;
        }
        self.close_thoughts(voice, sink);
        self.text.add(text, |text| voice.say(text.into(), sink));
    }

    fn close_thoughts(&mut self, voice: &mut Voice, sink: Sink<'_>) {
        if self.is_thinking {
            self.is_thinking = false;
            voice.say(Text::fixed("</think>\n"), sink);
        }
    }

    /// The texts are complete.
    fn settle(&mut self, form: QwenThoughts, voice: &mut Voice, sink: Sink<'_>) {
        let is_thinking = &mut self.is_thinking;
        self.thoughts.finish(|text| tell_thought(text, form, is_thinking, voice, sink));
        self.close_thoughts(voice, sink);
        self.text.finish(|text| voice.say(text.into(), sink));
    }

    fn call(&mut self, fields: CallFields<'_>, at: u64, voice: &mut Voice, sink: Sink<'_>) {
        let index = fields.index.unwrap_or(at);
        let function = fields.function.unwrap_or_default();
        let place = self.calls.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
            voice.call(index, fields.id.unwrap_or_default(), function.name.unwrap_or_default(), sink);
            self.calls.push((index, String::new()));
            self.calls.len() - 1
        });
        let said = &mut self.calls[place].1;
        let arguments = function.arguments.map(text_of).unwrap_or_default();
        // No piece of an object's text repeats the text from its opening brace on.
        let more = match said.len() > 1 {
            true => arguments.strip_prefix(said.as_str()).unwrap_or(&arguments),
            false => &arguments,
        };
        said.push_str(more);
        voice.arguments(index, more.into(), sink);
    }
}

fn tell_thought(text: &str, form: QwenThoughts, is_thinking: &mut bool, voice: &mut Voice, sink: Sink<'_>) {
    match form {
        QwenThoughts::Passthrough => voice.think(text.into(), sink),
        QwenThoughts::Ignore => {}
        QwenThoughts::Concat if text.is_empty() => {}
        QwenThoughts::Concat => {
            if !*is_thinking {
                *is_thinking = true;
                voice.say(Text::fixed("<think>"), sink);
            }
            voice.say(text.into(), sink);
        }
    }
}
