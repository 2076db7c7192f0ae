//! Content blocks, read into parts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{TextOr, text_of};
use crate::model::{
    CallKind, Citation, Media, MediaKind, OpaquePart, Part, Source, TextPart, Thinking, ToolCall, ToolResult, Vendor,
    carried,
};
use crate::text::Text;

use super::fields::{Block, Cache, CitationFields, CitationSwitch, SourceFields};

/// What a message or a tool's result holds.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Blocks(Vec<Block<'a>>),
    /// Results of the provider's own tools may be an object.
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of blocks")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Content::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = list.next_element::<Block<'de>>()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
        }
        from.deserialize_any(Kinds)
    }
}

impl<'a> Content<'a> {
    pub(super) fn parts(self) -> Vec<Part<'a>> {
        match self {
            Self::Text(text) => vec![Part::Text(TextPart { text, ..TextPart::default() })],
            Self::Blocks(blocks) => blocks.into_iter().filter_map(part).collect(),
            Self::Other => Vec::new(),
        }
    }
}

/// A block as a part. `None` for blocks that say nothing.
pub(super) fn part<'a>(block: Block<'a>) -> Option<Part<'a>> {
    let kind = block.kind.clone().unwrap_or_default();
    let cache = |cache: Option<Cache<'a>>| cache.map(Cache::mark);
    Some(match kind.as_str() {
        "text" => Part::Text(TextPart {
            text: block.text.unwrap_or_default(),
            citations: citations(block.citations),
            cache: cache(block.cache_control),
            signature: None,
        }),
        "image" => Part::Media(Media { cache: cache(block.cache_control), ..media(MediaKind::Image, block.source)? }),
        "document" => Part::Media(document(block)?),
        "tool_use" | "server_tool_use" => Part::ToolCall(ToolCall {
            id: block.id.unwrap_or_default(),
            name: block.name.unwrap_or_default(),
            arguments: block.input.map_or(Text::fixed("{}"), text_of),
            kind: if kind.as_str() == "tool_use" { CallKind::Function } else { CallKind::Server },
            cache: cache(block.cache_control),
            signature: None,
        }),
        "tool_result" => Part::ToolResult(ToolResult {
            id: block.tool_use_id.unwrap_or_default(),
            name: None,
            parts: block.content.map(Content::parts).unwrap_or_default(),
            is_error: block.is_error,
            cache: cache(block.cache_control),
        }),
        "thinking" => Part::Thinking(thinking(block.thinking.unwrap_or_default(), block.signature)),
        "redacted_thinking" => {
            Part::Thinking(Thinking { hidden: block.data, vendor: Some(Vendor::Anthropic), ..Thinking::default() })
        }
        // A page found by the caller's own search ("Search results", 2026-11): text with a source.
        "search_result" => return search_result(block),
        _ => Part::Opaque(OpaquePart { kind, vendor: Vendor::Anthropic, json: None }),
    })
}

/// Thoughts with their signature, which may be another vendor's that travels here.
pub(super) fn thinking<'a>(text: Text<'a>, signature: Option<Text<'a>>) -> Thinking<'a> {
    let Some(signature) = signature.filter(|signature| !signature.is_empty()) else {
        return Thinking { text, ..Thinking::default() };
    };
    match carried(&signature) {
        None => Thinking { text, signature: Some(signature), vendor: Some(Vendor::Anthropic), ..Thinking::default() },
        Some((vendor, id, data)) => {
            let data = Text::from(data.to_owned());
            let id = id.map(|id| Text::from(id.to_owned()));
            let (signature, hidden) = match vendor {
                Vendor::OpenAi => (None, Some(data)),
                Vendor::Anthropic | Vendor::Google | Vendor::Amazon | Vendor::Other => (Some(data), None),
            };
            Thinking { text, signature, hidden, id, vendor: Some(vendor) }
        }
    }
}

fn media<'a>(kind: MediaKind, source: Option<TextOr<'a, SourceFields<'a>>>) -> Option<Media<'a>> {
    let TextOr::Other(source) = source? else { return None };
    let mime = source.media_type;
    let from = match source.kind.as_deref()? {
        "base64" => Source::Base64(source.data?),
        "url" => Source::Url(source.url?),
        "file" => Source::File(source.file_id?),
        "text" => Source::Text(source.data?),
        _ => return None,
    };
    Some(Media { mime, ..Media::new(kind, from) })
}

fn document<'a>(block: Block<'a>) -> Option<Media<'a>> {
    let switch = block.citations.and_then(|raw| serde_json::from_str::<CitationSwitch<'_>>(raw.get()).ok());
    let cache = block.cache_control.map(Cache::mark);
    let mut document = match block.source? {
        // Blocks in place of a file: their text is the document.
        TextOr::Other(SourceFields { content: Some(content), .. }) => {
            Media::new(MediaKind::Document, Source::Text(joined(&content.parts())))
        }
        source => media(MediaKind::Document, Some(source))?,
    };
    document.name = block.title;
    document.context = block.context;
    document.citations = switch.and_then(|switch| switch.enabled);
    document.cache = cache;
    Some(document)
}

fn search_result<'a>(block: Block<'a>) -> Option<Part<'a>> {
    let text = joined(&block.content?.parts());
    let Some(TextOr::Text(source)) = block.source else { return None };
    let mut document = Media::new(MediaKind::Document, Source::Text(text));
    document.name = block.title;
    document.context = Some(source);
    document.cache = block.cache_control.map(Cache::mark);
    Some(Part::Media(document))
}

fn joined<'a>(parts: &[Part<'a>]) -> Text<'a> {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.text.as_str()),
        Part::Refusal(_)
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n").into()
}

fn citations(raw: Option<&RawValue>) -> Vec<Citation<'_>> {
    let list: Vec<&RawValue> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    list.into_iter().map(citation).collect()
}

pub(super) fn citation(json: &RawValue) -> Citation<'_> {
    let fields: CitationFields<'_> = serde_json::from_str(json.get()).unwrap_or_default();
    Citation {
        url: fields.url,
        title: fields.title,
        quote: fields.cited_text,
        start: None,
        end: None,
        json: Some((Vendor::Anthropic, json)),
    }
}
