//! Where the words of an answer come from ("Grounding with Google Search"; "CitationMetadata", 2026-11).
//!
//! Google counts in bytes of the text, the model in characters.

use crate::json::Object;
use crate::model::Citation;
use crate::text::{Number, Text};

use super::fields::{CitationList, GroundingFields};

/// Of a streamed answer longer than this, in bytes, the places of citations are not told: its text is not kept.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// What came with a candidate, as the model has it. `text` is what it said; places beyond it are not told.
pub(super) fn read<'a>(
    grounding: Option<GroundingFields<'a>>,
    citation: Option<CitationList<'a>>,
    text: &str,
) -> Vec<Citation<'a>> {
    let mut found = Vec::new();
    if let Some(GroundingFields { chunks, supports, .. }) = grounding {
        let pages: Vec<_> = chunks.unwrap_or_default().into_iter().map(|chunk| chunk.web.unwrap_or_default()).collect();
        let supports = supports.unwrap_or_default();
        if supports.is_empty() {
            let whole = pages.iter().map(|page| Citation {
                url: page.uri.clone(),
                title: page.title.clone(),
                ..Citation::default()
            });
            found.extend(whole);
        }
        for support in supports {
            let segment = support.segment.unwrap_or_default();
            let end = place(text, segment.end.as_ref());
            // A zero is left out.
            let start = end.and_then(|_| place(text, segment.start.as_ref().or(Some(&Number::from(0_i64)))));
            for index in support.chunks.unwrap_or_default() {
                let page = usize::try_from(index.count()).ok().and_then(|index| pages.get(index));
                let Some(page) = page else { continue };
                let (url, title) = (page.uri.clone(), page.title.clone());
                found.push(Citation { url, title, quote: segment.text.clone(), start, end, json: None });
            }
        }
    }
    for source in citation.and_then(|list| list.sources).unwrap_or_default() {
        let end = place(text, source.end.as_ref());
        let start = end.and_then(|_| place(text, source.start.as_ref().or(Some(&Number::from(0_i64)))));
        found.push(Citation { url: source.uri, title: source.title, quote: None, start, end, json: None });
    }
    found
}

/// A place in bytes as one in characters.
fn place(text: &str, bytes: Option<&Number<'_>>) -> Option<u64> {
    let head = text.get(..usize::try_from(bytes?.count()).ok()?)?;
    u64::try_from(head.chars().count()).ok()
}

/// A place in characters as one in bytes.
fn byte_place(text: &str, characters: u64) -> Option<u64> {
    let characters = usize::try_from(characters).ok()?;
    let bytes = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).nth(characters)?;
    u64::try_from(bytes).ok()
}

/// A source of an answer that is being written.
#[derive(Debug)]
pub(super) struct Page {
    url: String,
    title: String,
    quote: Option<String>,
    range: Option<(u64, u64)>,
}

impl Page {
    /// A citation of a page. `None`: it names none.
    pub(super) fn of(citation: &Citation<'_>) -> Option<Self> {
        Some(Self {
            url: citation.url.as_ref()?.to_string(),
            title: citation.title.as_deref().unwrap_or_default().to_owned(),
            quote: citation.quote.as_ref().map(Text::to_string),
            range: citation.start.zip(citation.end),
        })
    }
}

/// Writes `groundingMetadata` for an answer that said `text`.
pub(super) fn write(candidate: &mut Object<'_>, sources: &[Page], text: &str) {
    if sources.is_empty() {
        return;
    }
    candidate.object("groundingMetadata", |grounding| {
        grounding.list("groundingChunks", |list| {
            for source in sources {
                list.object(|chunk| {
                    chunk.object("web", |web| {
                        web.text("uri", &source.url);
                        web.text("title", &source.title);
                    });
                });
            }
        });
        grounding.list("groundingSupports", |list| {
            for (source, number) in sources.iter().zip(0_u64..) {
                if source.quote.is_none() && source.range.is_none() {
                    continue;
                }
                list.object(|support| {
                    support.object("segment", |segment| {
                        if let Some((start, end)) = source.range
                            && let (Some(start), Some(end)) = (byte_place(text, start), byte_place(text, end))
                        {
                            segment.count("startIndex", start);
                            segment.count("endIndex", end);
                        }
                        segment.maybe_text("text", source.quote.as_deref());
                    });
                    support.list("groundingChunkIndices", |list| list.raw(&number.to_string()));
                });
            }
        });
    });
}
