//! Reads the events of one stream, and knows again those that differ from one before in the text they carry only.
//!
//! Most of a stream is the same frame around a few letters each time. Who has read the frame once needs to look at the
//! letters only; anything else about an event that differs is read in full, by [`read`].

use claviger_types::Operation;

use super::shapes::Delta;
use super::{Data, Reading, read};
use crate::json::cursor::Cursor;
use crate::raw::{Raw, field, object};
use crate::sse::Event;

/// Frames that were of no use before none is looked for any more: some number their events.
const TRIES: u8 = 4;

/// A [`read`] that remembers. For the events of one stream, in their order.
#[derive(Debug, Default)]
pub struct Reader {
    frame: Option<Frame>,
    /// Frames remembered since one was met again.
    tried: u8,
}

/// The largest frame that is remembered, bytes.
const LARGEST: usize = 4096;

/// An event around a text: read with any other text that is not empty, it means the same.
#[derive(Debug)]
struct Frame {
    /// Up to and with the text's opening quote.
    before: Box<[u8]>,
    /// From its closing quote on.
    after: Box<[u8]>,
}

impl Reader {
    /// The same as [`read`].
    pub fn read(&mut self, operation: Operation, event: &Event) -> Reading {
        let text_only = Reading { content: true, ..Reading::default() };
        if self.frame.as_ref().is_some_and(|frame| frame.is_around(&event.raw)) {
            self.tried = 0;
            return text_only;
        }
        let reading = read(operation, event);
        if reading == text_only && self.tried < TRIES {
            self.frame = Frame::of(event);
            self.tried += 1;
        }
        reading
    }
}

impl Frame {
    /// The frame of an event that adds text to a chat or to a content block.
    fn of(event: &Event) -> Option<Self> {
        let data = event.data();
        let fields: Data<'_> = object(data.trim())?;
        let text = added(&fields).filter(|raw| raw.starts_with('"') && raw.len() > 2)?;
        let raw = &event.raw;
        // not where the data had to be put together
        let start =
            raw.as_ptr_range().contains(&text.as_ptr()).then(|| text.as_ptr() as usize - raw.as_ptr() as usize)?;
        let (before, after) = (&raw[..=start], &raw[start + text.len() - 1..]);
        (before.len() + after.len() <= LARGEST).then(|| Self { before: before.into(), after: after.into() })
    }

    fn is_around(&self, raw: &[u8]) -> bool {
        let Some(text) = raw.strip_prefix(&self.before[..]).and_then(|rest| rest.strip_suffix(&self.after[..])) else {
            return false;
        };
        // The closing quote is looked for as well: only there may the text end.
        let quoted = &raw[self.before.len()..=self.before.len() + text.len()];
        let escaped = std::str::from_utf8(quoted).ok().and_then(|quoted| Cursor::new(quoted).ends_string());
        // Half of a surrogate pair is no text: who may have one is read in full.
        let is_text = |escaped: bool| !escaped || !text.windows(3).any(|three| matches!(three, br"\ud" | br"\uD"));
        !text.is_empty() && escaped.is_some_and(is_text)
    }
}

fn added<'a>(data: &Data<'a>) -> Raw<'a> {
    match data.choices.as_deref() {
        Some([choice]) => choice.added(),
        Some(_) => None,
        None => field::<Delta<'_>>(data.delta).and_then(|delta| delta.text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAMES: [(&str, &str); 6] = [
        (r#"data: {"id":"a","choices":[{"index":0,"delta":{"content":""#, "\"},\"finish_reason\":null}]}\n\n"),
        (
            r#"data: {"choices":[{"delta":{"content":""#,
            "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"total_tokens\":1}}\n\n",
        ),
        (
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"",
            "\"}}\n\n",
        ),
        (r#"data: {"choices":[{"delta":{"content":""#, "\"}}],\"error\":{\"message\":\"no\"}}\n\n"),
        (r#"data: {"choices":[{"delta":{"reasoning":""#, "\"}}]}\n\n"),
        (r#"data: {"type":"response.output_text.delta","delta":""#, "\"}\n\n"),
    ];

    fn event(frame: usize, text: &str) -> Event {
        let (before, after) = FRAMES[frame];
        Event::new([before, text, after].concat().into())
    }

    #[test]
    fn an_event_in_a_known_frame_is_known_and_one_that_only_looks_so_is_not() {
        let mut reader = Reader::default();
        assert!(reader.read(Operation::ChatCompletions, &event(0, "Hi")).content);
        let frame = reader.frame.as_ref().unwrap();
        for known in ["a", r#"\"\u00e4\n"#, "{}"] {
            assert!(frame.is_around(&event(0, known).raw), "{known:?}");
        }
        for other in ["", "a\" b", "\\", "\n", r#"x"},"error":{"message":""#] {
            assert!(!frame.is_around(&event(0, other).raw), "{other:?}");
        }
        assert!(!frame.is_around(&frame.before) && !frame.is_around(b"") && !frame.is_around(&event(1, "Hi").raw));
    }

    #[test]
    fn frames_that_never_come_again_are_not_looked_for_any_more() {
        let mut reader = Reader::default();
        for number in 0..10 {
            let data = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}],\"created\":{number}}}\n\n");
            assert!(reader.read(Operation::ChatCompletions, &Event::new(data.into())).content);
        }
        assert_eq!(reader.tried, TRIES);
    }

    proptest! {
        #[test]
        fn who_remembers_reads_the_same(
            events in prop::collection::vec((0..FRAMES.len(), r#"[a"\\{},:\n]{0,4}|Hallo|ä|a?\\u[Dd]800"#), 1..20),
        ) {
            let mut reader = Reader::default();
            for (frame, text) in events {
                let event = event(frame, &text);
                let operation = Operation::ChatCompletions;
                prop_assert_eq!(reader.read(operation, &event), read(operation, &event), "{:?}", event);
            }
        }
    }
}
