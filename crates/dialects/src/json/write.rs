//! Writing.

use memchr::memchr2;

use crate::text::Number;

/// An object being written. The closing brace comes when the function that fills it returns.
#[derive(Debug)]
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

/// A list being written.
#[derive(Debug)]
pub(crate) struct List<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

impl Object<'_> {
    /// Writes an object at the end of `out`.
    pub(crate) fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        fill(&mut Object { out, is_empty: true });
        out.push(b'}');
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        quote(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        quote(self.key(key), value);
    }

    /// A string, if there is one.
    pub(crate) fn maybe_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// A string made of pieces: no joined copy is made.
    pub(crate) fn joined(&mut self, key: &str, pieces: &[&str]) {
        let out = self.key(key);
        out.push(b'"');
        for piece in pieces {
            escape(out, piece);
        }
        out.push(b'"');
    }

    /// A count.
    pub(crate) fn count(&mut self, key: &str, value: u64) {
        digits(self.key(key), value);
    }

    /// A number, as it was written, if there is one.
    pub(crate) fn number(&mut self, key: &str, value: Option<&Number<'_>>) {
        if let Some(value) = value {
            self.key(key).extend_from_slice(value.as_str().as_bytes());
        }
    }

    /// A truth value.
    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.key(key).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `null`.
    pub(crate) fn null(&mut self, key: &str) {
        self.key(key).extend_from_slice(b"null");
    }

    /// JSON text as it stands; it must be one valid value.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        one_line(self.key(key), json);
    }

    /// An object.
    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        Object::write(self.key(key), fill);
    }

    /// A list.
    pub(crate) fn list(&mut self, key: &str, fill: impl FnOnce(&mut List<'_>)) {
        List::write(self.key(key), fill);
    }
}

impl List<'_> {
    /// Writes a list at the end of `out`.
    pub(crate) fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut List<'_>)) {
        out.push(b'[');
        fill(&mut List { out, is_empty: true });
        out.push(b']');
    }

    fn item(&mut self) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out
    }

    /// A string.
    pub(crate) fn text(&mut self, value: &str) {
        quote(self.item(), value);
    }

    /// JSON text as it stands; it must be one valid value.
    pub(crate) fn raw(&mut self, json: &str) {
        one_line(self.item(), json);
    }

    /// An object.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        Object::write(self.item(), fill);
    }
}

/// Values may come from pretty-printed bodies, and a line end would break the event of a stream. In JSON they only
/// stand between tokens: inside strings they are escaped.
fn one_line(out: &mut Vec<u8>, json: &str) {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr2(b'\n', b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b' ');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// RFC 8259 section 7: quotes, backslashes and control characters must be escaped, all else may stand as it is.
fn escape(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..at]);
        start = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(b'0', |c| c as u8);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[start..]);
}

fn digits(out: &mut Vec<u8>, mut value: u64) {
    let mut buffer = [0_u8; 20];
    let mut at = buffer.len();
    loop {
        at -= 1;
        let digit = (value % 10) as u8;
        buffer[at] = b'0' + digit;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}
