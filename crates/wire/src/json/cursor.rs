//! A strict walk over JSON text (RFC 8259) that builds nothing.
//!
//! In: text. Out: the text of keys and values where they stand, or nothing at the first letter that is not JSON. Bodies
//! are long and mostly strings, so strings are skipped many bytes at a time. It never panics and never recurses.

use std::borrow::Cow;

use wide::u8x16;

use crate::raw::unescaped;

/// A place in a text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

/// Bytes of a string that are looked at together.
const STRIDE: usize = 16;

impl<'t> Cursor<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Where it stands, in bytes.
    pub(crate) const fn place(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, not consumed.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Consumes this byte, white space before it included.
    pub(crate) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Whether nothing but white space is left.
    pub(crate) fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Consumes a key and its colon.
    pub(crate) fn key(&mut self) -> Option<Cow<'t, str>> {
        self.expect(b'"')?;
        let start = self.at;
        let is_escaped = self.rest_of_string()?;
        let key = self.text.get(start..self.at - 1)?;
        self.expect(b':')?;
        Some(if is_escaped { unescaped(key) } else { Cow::Borrowed(key) })
    }

    /// Reads a text that is the inside of a string and its closing quote, and no more. Whether there are escapes in it.
    pub(crate) fn ends_string(mut self) -> Option<bool> {
        self.rest_of_string().filter(|_| self.at == self.text.len())
    }

    /// Consumes a value of any kind; its text.
    pub(crate) fn value(&mut self) -> Option<&'t str> {
        self.peek()?;
        let start = self.at;
        let mut nest = Nest::default();
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    self.rest_of_string()?;
                }
                b'{' => {
                    self.at += 1;
                    if self.peek()? != b'}' {
                        nest.push(true);
                        self.any_key()?;
                        continue;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    if self.peek()? != b']' {
                        nest.push(false);
                        continue;
                    }
                    self.at += 1;
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            loop {
                let Some(in_object) = nest.innermost() else { return self.text.get(start..self.at) };
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if in_object {
                            self.any_key()?;
                        }
                        break;
                    }
                    b'}' if in_object => nest.pop(),
                    b']' if !in_object => nest.pop(),
                    _ => return None,
                }
                self.at += 1;
            }
        }
    }

    /// Walks an object. For each key, `take` consumes the value. `None` when it is no object; what was seen before the
    /// fault was right.
    pub(crate) fn members(&mut self, mut take: impl FnMut(&str, &mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.key()?;
            take(&key, self)?;
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    /// Walks an array. For each element, `take` consumes it.
    pub(crate) fn elements(&mut self, mut take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            take(self)?;
            if !self.goes_on(b']')? {
                return Some(());
            }
        }
    }

    /// Consumes the comma before another member, or the bracket at the end.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            _ => (byte == end).then_some(false),
        }
    }

    /// Consumes a key of which nobody wants to know.
    fn any_key(&mut self) -> Option<()> {
        self.expect(b'"')?;
        self.rest_of_string()?;
        self.expect(b':')
    }

    /// Consumes what comes after the opening quote of a string, closing quote included. Whether there are escapes in it.
    fn rest_of_string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut is_escaped = false;
        loop {
            self.at += plain(bytes.get(self.at..)?);
            match bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(is_escaped);
                }
                b'\\' => {
                    is_escaped = true;
                    let escape = match bytes.get(self.at + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                        b'u' => {
                            let digits = bytes.get(self.at + 2..self.at + 6)?;
                            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
                        }
                        _ => return None,
                    };
                    self.at += escape;
                }
                // a control character
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let digits = |at: usize| bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
        let mut at = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        at += match (bytes.get(at)?, digits(at)) {
            (_, 0) => return None,
            // no zero before other digits
            (b'0', _) => 1,
            (_, count) => count,
        };
        if bytes.get(at) == Some(&b'.') {
            at += 1 + Some(digits(at + 1)).filter(|count| *count > 0)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            at += Some(digits(at)).filter(|count| *count > 0)?;
        }
        self.at = at;
        Some(())
    }
}

/// How many bytes of a string stand for themselves: up to a quote, a backslash or a control character.
fn plain(bytes: &[u8]) -> usize {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    for (nth, stride) in strides.iter().enumerate() {
        let bytes = u8x16::new(*stride);
        let controls = bytes.simd_eq(bytes.min(u8x16::splat(b' ' - 1)));
        let ends = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\')) | controls;
        let ends = ends.to_bitmask();
        if ends != 0 {
            return nth * STRIDE + ends.trailing_zeros() as usize;
        }
    }
    let is_end = |byte: &u8| matches!(byte, 0..b' ' | b'"' | b'\\');
    strides.len() * STRIDE + rest.iter().position(is_end).unwrap_or(rest.len())
}

/// Which brackets are open, a bit each: `true` for an object.
#[derive(Default)]
struct Nest {
    depth: usize,
    /// The innermost ones, the last at the right.
    bits: u64,
    /// Full sets of outer ones.
    outer: Vec<u64>,
}

impl Nest {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    const fn innermost(&self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.bits & 1 == 1) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.value().is_some() && cursor.is_over()
    }

    #[test]
    fn what_is_json_and_what_is_not() {
        let long = format!("\"{}\\n{}\"", "é".repeat(100), "x".repeat(77));
        for good in ["0", "-0.5e+10", "1E2", "\"\\u00e9\\/\"", " [ ] ", "{\"a\":[1,{\"b\":null}],\"\":true}", &long] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "tru",
            "nulll",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "[1 2]",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"a",
            "\"\t\"",
            "[}",
            "{]",
            "[1",
            "{\"a\"}",
            "1 2",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn nesting_of_any_depth_is_told_apart() {
        for depth in [1, 63, 64, 65, 128, 129, 100_000] {
            let mixed = |open: &str, close: &str| format!("{}{}", open.repeat(depth), close.repeat(depth));
            assert!(is_json(&mixed("[", "]")), "{depth}");
            assert!(is_json(&format!("{}1{}", "[{\"a\":".repeat(depth), "}]".repeat(depth))), "{depth}");
            assert!(!is_json(&format!("{}1{}", "[{\"a\":".repeat(depth), "]}".repeat(depth))), "{depth}");
        }
    }

    proptest! {
        #![proptest_config(crate::testing::fixed_cases())]

        #[test]
        fn it_accepts_what_the_json_library_accepts(words in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\\\"", "\\u00e9", "a", "é", " ", "\n", "true", "null", "false", "0",
            "1", "-", ".", "e", "+", "\"k\":", "\"some longer text that fills more than one stride of bytes\"", "{}", "[]",
        ]), 0..14)) {
            let text = words.concat();
            // a lone half of a surrogate pair is the one thing that the library minds and the grammar does not
            prop_assert_eq!(is_json(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}
