//! The operator's message hygiene, for conversations in which neither side speaks OpenAI chat: clean-up commands,
//! merging of neighbours, and thoughts that become the answer where there is none.
//!
//! Works on the common model, so it is the same for every pair of dialects.

use crate::model::{Answer, Delta, Event, Message, Opening, Part, Role, TextPart};
use crate::text::Text;

/// Most bytes of thoughts kept per choice of a stream; what is beyond them does not become an answer.
const MAX_KEPT: usize = 4 << 20;

/// What is tidied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hygiene {
    /// User messages that drop themselves and all earlier ones but instructions.
    pub commands: Vec<String>,
    /// Whether neighbouring messages of one role become one.
    pub merges: bool,
    /// Whether thoughts become the text of an answer that has none.
    pub promotes: bool,
}

impl Hygiene {
    /// Tidies a conversation.
    pub(crate) fn tidy(&self, messages: &mut Vec<Message<'_>>) {
        if let Some(last) = messages.iter().rposition(|message| self.is_command(message)) {
            let mut at = 0;
            messages.retain(|message| {
                at += 1;
                at > last + 1 || message.role.instructs()
            });
        }
        if self.merges {
            merge(messages);
        }
    }

    fn is_command(&self, message: &Message<'_>) -> bool {
        match (message.role, message.parts.as_slice()) {
            (Role::User, [Part::Text(part)]) => self.commands.iter().any(|command| *command == part.text.as_str()),
            _ => false,
        }
    }
}

/// Joins neighbours of the caller's side, and of the model's; nothing follows the calls of tools in one message.
fn merge(messages: &mut Vec<Message<'_>>) {
    let mut merged: Vec<Message<'_>> = Vec::with_capacity(messages.len());
    for message in messages.drain(..) {
        let calls = |last: &Message<'_>| last.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        match merged.last_mut() {
            Some(last) if last.role == message.role && !message.role.instructs() && !calls(last) => {
                last.parts.extend(message.parts);
            }
            Some(_) | None => merged.push(message),
        }
    }
    *messages = merged;
}

/// Thoughts become the text of every choice that says nothing else; they stand nowhere else afterwards.
pub(crate) fn promote(answer: &mut Answer<'_>) {
    for choice in &mut answer.choices {
        if choice.parts.iter().any(says) {
            continue;
        }
        for part in &mut choice.parts {
            if let Part::Thinking(thinking) = part
                && !thinking.text.is_empty()
            {
                let text = std::mem::take(&mut thinking.text);
                *part = Part::Text(TextPart { text, ..TextPart::default() });
            }
        }
    }
}

/// Whether a part is an answer.
fn says(part: &Part<'_>) -> bool {
    match part {
        Part::Text(part) => !part.text.is_empty(),
        Part::Refusal(_) | Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Opaque(_) => true,
        Part::Thinking(_) => false,
    }
}

/// The same for a stream: thoughts pass as they come, and are said again as text when a choice ends without any.
#[derive(Debug, Default)]
pub(crate) struct Promotion {
    choices: Vec<Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    index: u32,
    /// The number of the next part.
    next: u32,
    /// The parts that are thoughts.
    thinking: Vec<u32>,
    thoughts: String,
    answered: bool,
}

impl Promotion {
    /// Takes in the next event. What must be said before it: a text, and the choice and part it is.
    pub(crate) fn before(&mut self, event: &Event<'_>) -> Option<(u32, u32, Text<'static>)> {
        match event {
            Event::Open { choice, part, opening } => {
                let state = self.choice(*choice);
                state.next = state.next.max(part + 1);
                match opening {
                    Opening::Thinking { .. } => state.thinking.push(*part),
                    Opening::Text => {}
                    Opening::Refusal | Opening::ToolCall { .. } | Opening::Media(_) | Opening::Opaque(_) => {
                        state.answered = true;
                    }
                }
                None
            }
            Event::Delta { choice, part, delta: Delta::Text(text) } => {
                let state = self.choice(*choice);
                if !state.thinking.contains(part) {
                    state.answered |= !text.is_empty();
                } else if state.thoughts.len() + text.len() <= MAX_KEPT {
                    state.thoughts.push_str(text);
                }
                None
            }
            Event::Finish { choice, .. } => {
                let state = self.choice(*choice);
                let owed = !std::mem::replace(&mut state.answered, true) && !state.thoughts.is_empty();
                let text = std::mem::take(&mut state.thoughts);
                owed.then(|| (*choice, state.next, Text::from(text)))
            }
            Event::Start(_)
            | Event::Delta { .. }
            | Event::Close { .. }
            | Event::Usage(_)
            | Event::Ping
            | Event::Fault(_)
            | Event::End => None,
        }
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        let at = self.choices.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            self.choices.push(Choice { index, ..Choice::default() });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }
}
