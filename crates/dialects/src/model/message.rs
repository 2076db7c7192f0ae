//! A message and its parts.

use serde_json::value::RawValue;

use super::{CallKind, Citation, Vendor};
use crate::text::Text;

/// One message. Results of tools are parts of a user message.
#[derive(Debug)]
pub struct Message<'a> {
    /// Whose it is.
    pub role: Role,
    /// The speaker's name, if several share a role.
    pub name: Option<Text<'a>>,
    /// What it says, in order.
    pub parts: Vec<Part<'a>>,
}

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions below the system's: OpenAI's newer word. Most others have one kind only.
    Developer,
    /// The caller's side.
    User,
    /// The model's side.
    Assistant,
}

impl Role {
    /// Whether it instructs.
    pub const fn instructs(self) -> bool {
        match self {
            Self::System | Self::Developer => true,
            Self::User | Self::Assistant => false,
        }
    }
}

/// A part of a message or of an answer.
#[derive(Debug)]
pub enum Part<'a> {
    /// Text.
    Text(TextPart<'a>),
    /// The model's words of refusal.
    Refusal(Text<'a>),
    /// An image, a sound, a film or a document.
    Media(Media<'a>),
    /// The model calls a tool.
    ToolCall(ToolCall<'a>),
    /// What a tool gave.
    ToolResult(ToolResult<'a>),
    /// What the model thought.
    Thinking(Thinking<'a>),
    /// A part that only its own dialect understands.
    Opaque(OpaquePart<'a>),
}

/// Text.
#[derive(Debug, Default)]
pub struct TextPart<'a> {
    /// The text.
    pub text: Text<'a>,
    /// Where it comes from.
    pub citations: Vec<Citation<'a>>,
    /// The prompt may be cached up to here.
    pub cache: Option<CacheMark<'a>>,
    /// Gemini's `thoughtSignature`, which must come back with the part.
    pub signature: Option<Text<'a>>,
}

/// Anything that is not text.
#[derive(Clone, Debug)]
pub struct Media<'a> {
    /// What it is.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: Source<'a>,
    /// The media type (`image/png`), as far as it is known.
    pub mime: Option<Text<'a>>,
    /// A file name or title.
    pub name: Option<Text<'a>>,
    /// OpenAI's `detail` of images: `low`, `high`, `auto`.
    pub detail: Option<Text<'a>>,
    /// Anthropic's `context` of documents.
    pub context: Option<Text<'a>>,
    /// Whether the model is to cite from it.
    pub citations: Option<bool>,
    /// What is said in it (spoken answers).
    pub transcript: Option<Text<'a>>,
    /// The prompt may be cached up to here.
    pub cache: Option<CacheMark<'a>>,
    /// Gemini's `thoughtSignature`, which must come back with the part.
    pub signature: Option<Text<'a>>,
}

impl<'a> Media<'a> {
    /// Media with a source and nothing else said.
    pub const fn new(kind: MediaKind, source: Source<'a>) -> Self {
        Self {
            kind,
            source,
            mime: None,
            name: None,
            detail: None,
            context: None,
            citations: None,
            transcript: None,
            cache: None,
            signature: None,
        }
    }

    /// The same, owned.
    pub fn into_owned(self) -> Media<'static> {
        let owned = |text: Option<Text<'_>>| text.map(Text::into_owned);
        Media {
            kind: self.kind,
            source: match self.source {
                Source::Url(url) => Source::Url(url.into_owned()),
                Source::Base64(data) => Source::Base64(data.into_owned()),
                Source::Text(text) => Source::Text(text.into_owned()),
                Source::File(id) => Source::File(id.into_owned()),
            },
            mime: owned(self.mime),
            name: owned(self.name),
            detail: owned(self.detail),
            context: owned(self.context),
            citations: self.citations,
            transcript: owned(self.transcript),
            cache: self.cache.map(|mark| CacheMark { ttl: owned(mark.ttl) }),
            signature: owned(self.signature),
        }
    }
}

/// A kind of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// A PDF, a text file and the like.
    Document,
}

impl MediaKind {
    /// The kind that a media type belongs to.
    pub fn of(mime: &str) -> Self {
        match mime.split('/').next().unwrap_or_default() {
            "image" => Self::Image,
            "audio" => Self::Audio,
            "video" => Self::Video,
            _ => Self::Document,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
        }
    }
}

/// Where the bytes of media are.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// An address to fetch them from.
    Url(Text<'a>),
    /// Here, in base64.
    Base64(Text<'a>),
    /// Here, as plain text (documents).
    Text(Text<'a>),
    /// At the provider, by its id.
    File(Text<'a>),
}

/// The model calls a tool.
#[derive(Debug)]
pub struct ToolCall<'a> {
    /// Links the result to the call. Empty if the dialect has none.
    pub id: Text<'a>,
    /// The tool's name.
    pub name: Text<'a>,
    /// The arguments: the text of a JSON object, or free text of a custom tool.
    pub arguments: Text<'a>,
    /// Which kind of tool.
    pub kind: CallKind,
    /// The prompt may be cached up to here.
    pub cache: Option<CacheMark<'a>>,
    /// Gemini's `thoughtSignature`, which must come back with the call.
    pub signature: Option<Text<'a>>,
}

/// What a tool gave.
#[derive(Debug, Default)]
pub struct ToolResult<'a> {
    /// The call's id.
    pub id: Text<'a>,
    /// The tool's name, if the dialect says it; otherwise find the call with [`super::Request`]'s messages.
    pub name: Option<Text<'a>>,
    /// Text and media.
    pub parts: Vec<Part<'a>>,
    /// Whether the tool failed.
    pub is_error: Option<bool>,
    /// The prompt may be cached up to here.
    pub cache: Option<CacheMark<'a>>,
}

/// What the model thought: readable, sealed, or both. A seal is only of use to the vendor that made it.
#[derive(Debug, Default)]
pub struct Thinking<'a> {
    /// The thoughts or a summary of them. Empty when hidden.
    pub text: Text<'a>,
    /// Proves that `text` is the vendor's own: Anthropic's `signature`, Gemini's `thoughtSignature`.
    pub signature: Option<Text<'a>>,
    /// Thoughts only the vendor can read: Anthropic's redacted thinking, OpenAI's encrypted reasoning.
    pub hidden: Option<Text<'a>>,
    /// OpenAI's id of the reasoning item.
    pub id: Option<Text<'a>>,
    /// Who sealed it.
    pub vendor: Option<Vendor>,
}

/// A part that only its own dialect understands: written back only by a dialect of the same vendor.
#[derive(Clone, Debug)]
pub struct OpaquePart<'a> {
    /// Its type word.
    pub kind: Text<'a>,
    /// Whose.
    pub vendor: Vendor,
    /// All of it, if the reader kept it.
    pub json: Option<&'a RawValue>,
}

/// The prompt may be cached up to here: Anthropic's `cache_control`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheMark<'a> {
    /// `5m` or `1h`, if said.
    pub ttl: Option<Text<'a>>,
}
