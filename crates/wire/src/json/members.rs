//! Where the members of the top-level object stand in its bytes.
//!
//! Walks over JSON that was validated before, so it looks at quotes, brackets and commas only; on anything else it
//! gives up without an answer, and it never panics.

use std::ops::Range;

use memchr::{memchr2, memchr3};

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
    /// Walks the whole object. `None` when it has not the shape of one.
    pub(super) fn read(body: &[u8], key: &str) -> Option<Self> {
        let mut at = Cursor { body, at: 0 };
        let mut members = Self { named: Vec::new(), is_empty: true, close: 0 };
        let (mut comma_before, mut kept) = (None, false);
        at.expect(b'{')?;
        if at.peek()? == b'}' {
            members.close = at.at;
            at.at += 1;
            return (at.peek().is_none()).then_some(members);
        }
        members.is_empty = false;
        let mut previous_was_named = false;
        loop {
            at.peek()?;
            let key_start = at.at;
            if previous_was_named && let Some(last) = members.named.last_mut() {
                last.next_key = Some(key_start);
            }
            previous_was_named = at.key_is(key)?;
            at.expect(b':')?;
            at.peek()?;
            let start = at.at;
            at.value()?;
            let value = start..at.at;
            if previous_was_named {
                members.named.push(Member { key_start, value, comma_before, next_key: None, after_a_kept_one: kept });
            }
            kept |= !previous_was_named;
            let delimiter = at.peek()?;
            let place = at.at;
            at.at += 1;
            match delimiter {
                b',' => comma_before = Some(place),
                b'}' => {
                    members.close = place;
                    return (at.peek().is_none()).then_some(members);
                }
                _ => return None,
            }
        }
    }
}

/// Calls `see` with each top-level key and raw value, as far as the bytes go.
pub(super) fn walk<'b>(body: &'b [u8], mut see: impl FnMut(&str, &'b [u8])) -> Option<()> {
    let mut at = Cursor { body, at: 0 };
    at.expect(b'{')?;
    loop {
        at.peek()?;
        let key = at.string()?;
        at.expect(b':')?;
        at.peek()?;
        let start = at.at;
        at.value()?;
        if let Ok(key) = serde_json::from_slice::<String>(&body[key]) {
            see(&key, &body[start..at.at]);
        }
        at.expect(b',')?;
    }
}

struct Cursor<'b> {
    body: &'b [u8],
    at: usize,
}

impl Cursor<'_> {
    /// The next byte that is not white space, not consumed.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.body.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Consumes a string, quotes included.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.expect(b'"')?;
        loop {
            self.at += memchr2(b'"', b'\\', self.body.get(self.at..)?)?;
            let found = self.body[self.at];
            self.at += if found == b'"' { 1 } else { 2 };
            if found == b'"' {
                return Some(start..self.at);
            }
        }
    }

    /// Consumes a key and says whether it is this one, however it is escaped.
    fn key_is(&mut self, key: &str) -> Option<bool> {
        let range = self.string()?;
        let raw = &self.body[range];
        if memchr::memchr(b'\\', raw).is_none() {
            return Some(raw.get(1..raw.len() - 1)? == key.as_bytes());
        }
        serde_json::from_slice::<String>(raw).ok().map(|unescaped| unescaped == key).or(Some(false))
    }

    /// Consumes a value of any kind.
    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.container(b'{', b'}'),
            b'[' => self.container(b'[', b']'),
            _ => {
                let start = self.at;
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b':');
                self.at += self.body[start..].iter().position(ends)?;
                (self.at > start).then_some(())
            }
        }
    }

    /// Consumes a container. Only its own kind of bracket is counted: in valid JSON the other kind is balanced inside.
    fn container(&mut self, open: u8, close: u8) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.at += memchr3(open, close, b'"', self.body.get(self.at..)?)?;
            match self.body[self.at] {
                b'"' => {
                    self.string()?;
                    continue;
                }
                byte if byte == open => depth += 1,
                _ => depth -= 1,
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}
