//! A request for the next message of a conversation.

use serde_json::value::RawValue;

use super::{CacheMark, Message, Part, Tool, ToolChoice, WebSearch};
use crate::text::{Number, Text};

/// What is asked. Field names are those under which `x-claviger-dropped` reports them.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// The model as the caller named it.
    pub model: Text<'a>,
    /// The conversation in order, system messages where they stood.
    pub messages: Vec<Message<'a>>,
    /// What the model may call.
    pub tools: Vec<Tool<'a>>,
    /// Whether and what it must call.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// How the next token is drawn.
    pub sampling: Sampling<'a>,
    /// Most LLM tokens of the answer, reasoning included.
    pub max_output: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<Text<'a>>,
    /// How many answers; `None` is one.
    pub n: Option<u64>,
    /// Whether log probabilities are wanted, and how many alternatives of each.
    pub logprobs: Option<bool>,
    /// Alternatives per position.
    pub top_logprobs: Option<u64>,
    /// The form of the answer.
    pub output: OutputForm<'a>,
    /// How much to think.
    pub reasoning: Reasoning<'a>,
    /// Kinds of output (`text`, `audio`, `image`) in lower case, if named.
    pub modalities: Vec<Text<'a>>,
    /// OpenAI's `audio` object: voice and format of spoken answers.
    pub audio: Option<&'a RawValue>,
    /// Whether the answer is to come as a stream.
    pub stream: bool,
    /// Whether the caller wants the usage of a stream. Dialects that always send it say true.
    pub include_usage: bool,
    /// The caller's end user: OpenAI's `user`, Anthropic's `metadata.user_id`.
    pub user: Option<Text<'a>>,
    /// OpenAI's `metadata`: an object of strings.
    pub metadata: Option<&'a RawValue>,
    /// The service tier, in the caller's own word.
    pub service_tier: Option<Text<'a>>,
    /// Gemini's `safetySettings`.
    pub safety: Option<&'a RawValue>,
    /// A cache mark for the whole request.
    pub cache: Option<CacheMark<'a>>,
    /// What only the caller's dialect knows, by its own names.
    pub extras: Vec<Extra<'a>>,
}

impl<'a> Request<'a> {
    /// The extra with this name.
    pub fn extra(&self, name: &str) -> Option<&'a RawValue> {
        self.extras.iter().find(|extra| extra.name.as_str() == name).map(|extra| extra.value)
    }

    /// The search in the web, if one is offered.
    pub fn web_search(&self) -> Option<&WebSearch<'a>> {
        self.tools.iter().find_map(|tool| match tool {
            Tool::WebSearch(search) => Some(search),
            Tool::Function(_) | Tool::Opaque(_) => None,
        })
    }

    /// The name of the tool that was called under this id: for dialects whose results need it.
    pub fn tool_name(&self, id: &str) -> Option<&str> {
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        parts.into_iter().find_map(|part| match part {
            Part::ToolCall(call) if call.id.as_str() == id => Some(call.name.as_str()),
            Part::ToolCall(_)
            | Part::Text(_)
            | Part::Refusal(_)
            | Part::Media(_)
            | Part::ToolResult(_)
            | Part::Thinking(_)
            | Part::Opaque(_) => None,
        })
    }
}

/// A field that the reader has no place for, with its JSON text.
#[derive(Clone, Debug)]
pub struct Extra<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// Its value.
    pub value: &'a RawValue,
}

/// How the next token is drawn. Numbers stay as the caller wrote them; zero is a value.
#[derive(Debug, Default)]
pub struct Sampling<'a> {
    /// 0 to 2 at OpenAI and Google, 0 to 1 at Anthropic.
    pub temperature: Option<Number<'a>>,
    /// 0 to 1.
    pub top_p: Option<Number<'a>>,
    /// A count.
    pub top_k: Option<Number<'a>>,
    /// 0 to 1.
    pub min_p: Option<Number<'a>>,
    /// A whole number.
    pub seed: Option<Number<'a>>,
    /// -2 to 2.
    pub presence_penalty: Option<Number<'a>>,
    /// -2 to 2.
    pub frequency_penalty: Option<Number<'a>>,
    /// Above 0; 1 is none.
    pub repetition_penalty: Option<Number<'a>>,
    /// OpenAI's `logit_bias`: an object of numbers by token id.
    pub logit_bias: Option<&'a RawValue>,
}

/// The form of the answer.
#[derive(Debug, Default)]
pub enum OutputForm<'a> {
    /// Free text, or what the provider's default is.
    #[default]
    Free,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name.
        name: Option<Text<'a>>,
        /// What it is for.
        description: Option<Text<'a>>,
        /// The JSON schema.
        schema: &'a RawValue,
        /// Whether the answer must fit it exactly.
        strict: Option<bool>,
    },
}

/// How much to think, as far as the caller said: an effort, a budget, or both.
#[derive(Debug, Default)]
pub struct Reasoning<'a> {
    /// In a word.
    pub effort: Option<Effort>,
    /// In LLM tokens. Zero: do not think.
    pub budget: Option<u64>,
    /// Switched on (true) or off (false) without a measure: the model decides how much.
    pub switch: Option<bool>,
    /// Whether the thoughts are to be shown.
    pub show: Option<bool>,
    /// OpenAI's `summary`: `auto`, `concise`, `detailed`.
    pub summary: Option<Text<'a>>,
}

impl Reasoning<'_> {
    /// Whether nothing was said.
    pub const fn is_unset(&self) -> bool {
        self.effort.is_none() && self.budget.is_none() && self.switch.is_none()
    }

    /// Whether it was said that there must be none.
    pub fn is_off(&self) -> bool {
        self.switch == Some(false)
            || self.budget == Some(0)
            || self.budget.is_none() && self.effort == Some(Effort::None)
    }

    /// The effort, taken from the budget when none was named: the steps of Higress ai-proxy v2.2.1 (below 4096 low,
    /// below 16384 medium, else high). `None` when neither was named.
    pub fn effort_or_budget(&self) -> Option<Effort> {
        self.effort.or_else(|| {
            Some(match self.budget? {
                0 => Effort::None,
                1..4096 => Effort::Low,
                4096..16384 => Effort::Medium,
                16384.. => Effort::High,
            })
        })
    }

    /// The budget, taken from the effort when none was named: Higress ai-proxy v2.2.1 has low 1024, medium 8192, high
    /// 16384; the ends are ours. `None` when neither was named.
    pub fn budget_or_effort(&self) -> Option<u64> {
        self.budget.or_else(|| {
            Some(match self.effort? {
                Effort::None => 0,
                Effort::Minimal | Effort::Low => 1024,
                Effort::Medium => 8192,
                Effort::High => 16384,
                Effort::XHigh => 24576,
                Effort::Max => 32768,
            })
        })
    }
}

/// Reasoning effort: the words of OpenAI (`reasoning_effort`) and Anthropic (`output_config.effort`), 2026-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// No reasoning.
    None,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// Medium.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// As much as possible.
    Max,
}

impl Effort {
    /// All, from least to most.
    pub const ALL: [Self; 7] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh, Self::Max];

    /// The effort with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.word() == word)
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }
}
