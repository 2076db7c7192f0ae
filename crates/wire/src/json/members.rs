//! Where the members of the top-level object stand in its bytes.

use std::ops::Range;

use super::cursor::Cursor;

/// The members with one key, and what is needed to add another.
pub(super) struct Members {
    pub(super) named: Vec<Member>,
    pub(super) is_empty: bool,
    /// Where the closing brace is.
    pub(super) close: usize,
}

/// One member with the key that was asked for.
pub(super) struct Member {
    pub(super) key_start: usize,
    pub(super) value: Range<usize>,
    pub(super) comma_before: Option<usize>,
    /// Where the next member's key starts, if there is one.
    pub(super) next_key: Option<usize>,
    /// Whether a member with another key came before.
    pub(super) after_a_kept_one: bool,
}

impl Members {
    /// Walks the whole object. `None` when it is none.
    pub(super) fn read(body: &[u8], key: &str) -> Option<Self> {
        let mut at = Cursor::new(std::str::from_utf8(body).ok()?);
        let mut members = Self { named: Vec::new(), is_empty: true, close: 0 };
        let (mut comma_before, mut kept) = (None, false);
        at.expect(b'{')?;
        if at.peek()? == b'}' {
            members.close = at.place();
            at.expect(b'}')?;
            return at.is_over().then_some(members);
        }
        members.is_empty = false;
        let mut previous_was_named = false;
        loop {
            at.peek()?;
            let key_start = at.place();
            if previous_was_named && let Some(last) = members.named.last_mut() {
                last.next_key = Some(key_start);
            }
            previous_was_named = at.key()? == key;
            at.peek()?;
            let start = at.place();
            at.value()?;
            let value = start..at.place();
            if previous_was_named {
                members.named.push(Member { key_start, value, comma_before, next_key: None, after_a_kept_one: kept });
            }
            kept |= !previous_was_named;
            let delimiter = at.peek()?;
            let place = at.place();
            at.expect(delimiter)?;
            match delimiter {
                b',' => comma_before = Some(place),
                b'}' => {
                    members.close = place;
                    return at.is_over().then_some(members);
                }
                _ => return None,
            }
        }
    }
}
