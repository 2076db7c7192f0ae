//! The events of an answer that comes as a stream.
//!
//! A reader sends them in this order: `Start`, then per part `Open`, its `Delta`s, `Close`; per choice one `Finish`;
//! `Usage` whenever it is known; at last `End`. Parts of one choice may overlap (parallel tool calls): a writer whose
//! dialect forbids that puts a [`crate::sequence::Sequencer`] before itself. Part numbers start at 0 in each choice,
//! rise by one with each `Open` and are not used again.

use serde_json::value::RawValue;

use super::{CallKind, Citation, Fault, Finish, Media, OpaquePart, Usage, Vendor};
use crate::text::Text;

/// One event.
#[derive(Debug)]
pub enum Event<'e> {
    /// The answer begins. Once, first.
    Start(Start<'e>),
    /// A part begins.
    Open {
        /// The answer's number.
        choice: u32,
        /// The part's number.
        part: u32,
        /// What it is.
        opening: Opening<'e>,
    },
    /// A part goes on.
    Delta {
        /// The answer's number.
        choice: u32,
        /// The part's number.
        part: u32,
        /// What is added.
        delta: Delta<'e>,
    },
    /// A part is complete.
    Close {
        /// The answer's number.
        choice: u32,
        /// The part's number.
        part: u32,
    },
    /// An answer is complete.
    Finish {
        /// The answer's number.
        choice: u32,
        /// Why.
        finish: Finish<'e>,
    },
    /// What was used so far: totals, not additions.
    Usage(Usage),
    /// The provider is alive and says nothing.
    Ping,
    /// It failed in the middle. Nothing comes after it.
    Fault(Fault<'e>),
    /// It is complete. Nothing comes after it.
    End,
}

/// The beginning of an answer.
#[derive(Debug, Default)]
pub struct Start<'e> {
    /// The provider's id of it.
    pub id: Option<Text<'e>>,
    /// The model that answers.
    pub model: Option<Text<'e>>,
    /// When, in Unix seconds.
    pub created: Option<u64>,
    /// What is known of the usage: the prompt, mostly.
    pub usage: Option<Usage>,
    /// The service tier that serves it.
    pub service_tier: Option<Text<'e>>,
}

/// What a part is.
#[derive(Debug)]
pub enum Opening<'e> {
    /// Text.
    Text,
    /// Words of refusal.
    Refusal,
    /// Thoughts.
    Thinking {
        /// OpenAI's id of the reasoning item.
        id: Option<Text<'e>>,
        /// Who seals it, if it will be sealed.
        vendor: Option<Vendor>,
    },
    /// A tool call.
    ToolCall {
        /// Links the result to the call.
        id: Text<'e>,
        /// The tool's name.
        name: Text<'e>,
        /// Which kind of tool.
        kind: CallKind,
        /// Gemini's `thoughtSignature`.
        signature: Option<Text<'e>>,
    },
    /// Media, whole.
    Media(Media<'e>),
    /// A part that only its own dialect understands, whole.
    Opaque(OpaquePart<'e>),
}

/// What is added to a part.
#[derive(Debug)]
pub enum Delta<'e> {
    /// Text, words of refusal, or thoughts, by the part's kind.
    Text(Text<'e>),
    /// The proof of thoughts.
    Signature(Text<'e>),
    /// Hidden thoughts.
    Hidden(Text<'e>),
    /// Text of a tool call's arguments.
    Arguments(Text<'e>),
    /// Where text comes from.
    Citation(Citation<'e>),
    /// Log probabilities of the text just sent, in OpenAI's shape.
    Logprobs(&'e RawValue),
}
