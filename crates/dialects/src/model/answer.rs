//! An answer.

use serde_json::value::RawValue;

use super::{Extra, Part, Usage};
use crate::text::Text;

/// A whole answer.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// The provider's id of it.
    pub id: Option<Text<'a>>,
    /// The model that answered, as the provider names it.
    pub model: Option<Text<'a>>,
    /// When, in Unix seconds, if the provider said.
    pub created: Option<u64>,
    /// The answers: one unless `n` said more.
    pub choices: Vec<Choice<'a>>,
    /// What it used.
    pub usage: Option<Usage>,
    /// The service tier that served it.
    pub service_tier: Option<Text<'a>>,
    /// What only the provider's dialect knows.
    pub extras: Vec<Extra<'a>>,
}

/// One of the answers.
#[derive(Debug, Default)]
pub struct Choice<'a> {
    /// Its number.
    pub index: u32,
    /// The speaker's name, if the provider gives it one.
    pub name: Option<Text<'a>>,
    /// What it says, in order.
    pub parts: Vec<Part<'a>>,
    /// Why it ended. `None`: the provider did not say.
    pub finish: Option<Finish<'a>>,
    /// Log probabilities in OpenAI's shape.
    pub logprobs: Option<&'a RawValue>,
    /// Judgement of its safety, in the provider's own shape.
    pub safety: Option<&'a RawValue>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish<'a> {
    /// It was complete.
    Stop,
    /// It came to one of the caller's stop texts, this one if the provider says which.
    StopText(Option<Text<'a>>),
    /// It came to the limit of its length.
    Length,
    /// It came to the end of the model's context.
    ContextFull,
    /// It calls tools.
    ToolCalls,
    /// A filter held it back.
    Filtered,
    /// The model refused.
    Refused,
    /// It paused and wants to be sent back to go on: Anthropic's `pause_turn`.
    Paused,
    /// It broke off.
    Failed,
    /// In the provider's own word.
    Other(Text<'a>),
}

impl Finish<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Finish<'static> {
        match self {
            Self::Stop => Finish::Stop,
            Self::StopText(text) => Finish::StopText(text.map(Text::into_owned)),
            Self::Length => Finish::Length,
            Self::ContextFull => Finish::ContextFull,
            Self::ToolCalls => Finish::ToolCalls,
            Self::Filtered => Finish::Filtered,
            Self::Refused => Finish::Refused,
            Self::Paused => Finish::Paused,
            Self::Failed => Finish::Failed,
            Self::Other(word) => Finish::Other(word.into_owned()),
        }
    }
}

/// Where a text comes from.
#[derive(Clone, Debug, Default)]
pub struct Citation<'a> {
    /// The page.
    pub url: Option<Text<'a>>,
    /// Its title, or the document's.
    pub title: Option<Text<'a>>,
    /// The words cited.
    pub quote: Option<Text<'a>>,
    /// Where in the answer's text it begins, in characters.
    pub start: Option<u64>,
    /// Where it ends.
    pub end: Option<u64>,
    /// The whole of it in the shape of the vendor named beside.
    pub json: Option<(super::Vendor, &'a RawValue)>,
}
