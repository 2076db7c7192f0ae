//! The items of a stream that is read: which there are, and what of them has been told.

use crate::text::Text;

use super::fields::EventFields;

/// Where something belongs.
#[derive(Clone, Debug, Default)]
pub(super) struct Place<'e> {
    /// The item's place in the output.
    pub(super) index: Option<u32>,
    /// The item's id.
    pub(super) id: Option<Text<'e>>,
    /// The part's place in the item.
    pub(super) content_index: u32,
    /// The part's place in the summary.
    pub(super) summary_index: u32,
}

impl<'e> Place<'e> {
    /// The place an event speaks of.
    pub(super) fn of(event: &mut EventFields<'e>) -> Self {
        Self {
            index: event.output_index,
            id: event.item_id.take(),
            content_index: event.content_index.unwrap_or(0),
            summary_index: event.summary_index.unwrap_or(0),
        }
    }

    /// The same place, with the item's own id if the event did not name it.
    pub(super) fn or_id(&self, id: Option<&Text<'e>>) -> Self {
        Self { id: self.id.clone().or_else(|| id.cloned()), ..self.clone() }
    }
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
    Thinking,
    Call,
    /// A search.
    Server,
    /// Nothing is added to it.
    Whole,
}

/// An item, as far as it has come.
#[derive(Debug)]
pub(super) struct Item {
    index: Option<u32>,
    id: String,
    parts: Vec<ItemPart>,
    /// Whether the thoughts told are a summary, and how far in it.
    summary: Option<(bool, u32)>,
}

#[derive(Debug)]
struct ItemPart {
    kind: Kind,
    content_index: u32,
    /// Its number in the model.
    number: u32,
    is_open: bool,
    has_said: bool,
    is_cited: bool,
}

impl Item {
    pub(super) fn new(place: &Place<'_>) -> Self {
        let id = place.id.as_deref().unwrap_or_default().to_owned();
        Self { index: place.index, id, parts: Vec::new(), summary: None }
    }

    /// Whether it is the one at this place. Ids come second: some change them from event to event.
    pub(super) fn is_at(&self, place: &Place<'_>) -> bool {
        match (self.index, place.index) {
            (Some(own), Some(index)) => own == index,
            (None, _) | (_, None) => self.id == place.id.as_deref().unwrap_or_default(),
        }
    }

    /// The number of the part at this place, and whether it is new; a new one gets the number `next`.
    pub(super) fn part(&mut self, kind: Kind, content_index: u32, next: u32) -> (u32, bool) {
        if let Some(part) = self.find(kind, content_index) {
            return (part.number, false);
        }
        let is_open = true;
        self.parts.push(ItemPart { kind, content_index, number: next, is_open, has_said: false, is_cited: false });
        (next, true)
    }

    /// Only messages have several parts.
    fn find(&mut self, kind: Kind, content_index: u32) -> Option<&mut ItemPart> {
        let is_content = |kind| matches!(kind, Kind::Text | Kind::Refusal);
        self.parts.iter_mut().find(|part| match is_content(kind) {
            true => is_content(part.kind) && part.content_index == content_index,
            false => part.kind == kind,
        })
    }

    fn numbered(&mut self, number: u32) -> Option<&mut ItemPart> {
        self.parts.iter_mut().find(|part| part.number == number)
    }

    pub(super) fn has(&mut self, kind: Kind) -> bool {
        self.find(kind, 0).is_some()
    }

    pub(super) fn is_open(&mut self, number: u32) -> bool {
        self.numbered(number).is_some_and(|part| part.is_open)
    }

    /// Notes that a part goes on. False: it is closed, and nothing may be added.
    pub(super) fn says(&mut self, number: u32) -> bool {
        self.numbered(number).is_some_and(|part| {
            part.has_said |= part.is_open;
            part.is_open
        })
    }

    /// Whether a part has told what it says. One that is closed has.
    pub(super) fn has_said(&mut self, kind: Kind, content_index: u32) -> bool {
        self.find(kind, content_index).is_some_and(|part| part.has_said || !part.is_open)
    }

    /// Notes a source of a part. False: it is closed.
    pub(super) fn cites(&mut self, number: u32) -> bool {
        self.numbered(number).is_some_and(|part| {
            part.is_cited |= part.is_open;
            part.is_open
        })
    }

    /// Whether sources of a part were told. If it is closed, all were.
    pub(super) fn is_cited(&mut self, content_index: u32) -> bool {
        self.find(Kind::Text, content_index).is_none_or(|part| part.is_cited || !part.is_open)
    }

    /// Whether thoughts are to be told, and if so whether they begin a new part of the summary. `None`: they say in
    /// another way what was told already.
    pub(super) fn thinks(&mut self, is_summary: bool, summary_index: u32) -> Option<bool> {
        let (is_summary_told, last) = *self.summary.get_or_insert((is_summary, summary_index));
        self.summary = Some((is_summary_told, summary_index));
        (is_summary == is_summary_told).then_some(last != summary_index)
    }

    /// Closes a part of a message: its number, if it was open.
    pub(super) fn close_content(&mut self, content_index: u32) -> Option<u32> {
        let part = self.find(Kind::Text, content_index).filter(|part| part.is_open)?;
        part.is_open = false;
        Some(part.number)
    }

    /// Closes all: the numbers of those that were open.
    pub(super) fn close(&mut self) -> Vec<u32> {
        let open = self.parts.iter_mut().filter(|part| part.is_open);
        open.map(|part| {
            part.is_open = false;
            part.number
        })
        .collect()
    }
}
