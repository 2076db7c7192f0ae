//! The dialects by name: which there are, and who speaks them.

use claviger_types::{Dialect, Operation};

use crate::codec::{Client, Upstream};
use crate::{anthropic, openai_chat};

/// A wire protocol for conversations. Finer than [`Dialect`], which says how a caller is answered: OpenAI has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// OpenAI chat completions, and all who copy them.
    OpenAiChat,
    /// Anthropic messages.
    Anthropic,
}

impl Protocol {
    /// All.
    pub const ALL: &[Self] = &[Self::OpenAiChat, Self::Anthropic];

    /// The stable name: rows, labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::Anthropic => "anthropic",
        }
    }

    /// The protocol with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|protocol| protocol.name() == name)
    }

    /// What the caller speaks. `None`: the operation is no conversation.
    pub const fn of_caller(dialect: Dialect, operation: Operation) -> Option<Self> {
        match (dialect, operation) {
            (Dialect::OpenAi, Operation::ChatCompletions) => Some(Self::OpenAiChat),
            (Dialect::Anthropic, Operation::AnthropicMessages) => Some(Self::Anthropic),
            _ => None,
        }
    }

    /// Its caller's side. `None`: no caller speaks it.
    pub fn client(self) -> Option<&'static dyn Client> {
        match self {
            Self::OpenAiChat => Some(&openai_chat::OpenAiChat),
            Self::Anthropic => Some(&anthropic::Anthropic),
        }
    }

    /// Its provider's side. `None`: no provider speaks it.
    pub fn upstream(self) -> Option<&'static dyn Upstream> {
        match self {
            Self::OpenAiChat => Some(&openai_chat::OpenAiChat),
            Self::Anthropic => Some(&anthropic::Anthropic),
        }
    }
}
