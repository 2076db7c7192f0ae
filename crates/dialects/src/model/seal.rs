//! Whose seal is on a thought.

/// Who made something that only its maker can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// Anthropic, also at Bedrock and Vertex.
    Anthropic,
    /// OpenAI, also at Azure.
    OpenAi,
    /// Google.
    Google,
    /// Amazon.
    Amazon,
    /// Another.
    Other,
}

impl Vendor {
    /// All.
    pub const ALL: [Self; 5] = [Self::Anthropic, Self::OpenAi, Self::Google, Self::Amazon, Self::Other];

    /// The word for it in `reasoning_details[].format` (OpenRouter, "Reasoning tokens", 2026-11).
    pub const fn format(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic-claude-v1",
            Self::OpenAi => "openai-responses-v1",
            Self::Google => "google-gemini-v1",
            Self::Amazon => "amazon-bedrock-v1",
            Self::Other => "unknown",
        }
    }

    /// The vendor with this word.
    pub fn from_format(word: &str) -> Self {
        Self::ALL.into_iter().find(|vendor| vendor.format() == word).unwrap_or(match word {
            "azure-openai-responses-v1" => Self::OpenAi,
            _ => Self::Other,
        })
    }
}

/// Marks a seal that travels in another vendor's field.
const CARRIED: &str = "clv1";

/// A seal as text that any field for seals can hold, so that it comes back with the conversation: whose it is, the
/// item's id, the data.
pub(crate) fn carry(vendor: Vendor, id: Option<&str>, data: &str) -> String {
    [CARRIED, vendor.format(), id.unwrap_or_default(), data].join("|")
}

/// A seal that [`carry`] packed. `None`: the field holds its own vendor's seal.
pub(crate) fn carried(text: &str) -> Option<(Vendor, Option<&str>, &str)> {
    let mut fields = text.splitn(4, '|');
    if fields.next() != Some(CARRIED) {
        return None;
    }
    let (vendor, id, data) = (fields.next()?, fields.next()?, fields.next()?);
    Some((Vendor::from_format(vendor), Some(id).filter(|id| !id.is_empty()), data))
}
