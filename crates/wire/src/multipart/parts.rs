//! Walks over the parts of a form.

use memchr::memmem;

use super::{Field, MultipartError, Part};

/// The parts in order. After the last one [`Parts::close`] tells where the closing line starts.
///
/// Lines may end in CRLF or, as some clients write them, in LF.
pub(super) struct Parts<'b> {
    body: &'b [u8],
    finder: memmem::Finder<'b>,
    /// Where the next part's head starts.
    next: Option<usize>,
    close: Option<usize>,
    started: bool,
}

/// A line made of a boundary.
enum Line {
    /// Another part follows, from this place.
    Part { start: usize, after: usize },
    /// The closing line.
    Close { start: usize },
}

impl<'b> Parts<'b> {
    pub(super) fn new(body: &'b [u8], boundary: &'b str) -> Self {
        Self { body, finder: memmem::Finder::new(boundary), next: None, close: None, started: false }
    }

    /// Where the closing line starts, once it was reached.
    pub(super) fn close(&self) -> Option<usize> {
        self.close
    }

    /// The next line that is this boundary, at or after `from`.
    fn line(&self, from: usize) -> Option<Line> {
        let mut at = from;
        loop {
            let found = at + self.finder.find(self.body.get(at..)?)?;
            at = found + 1;
            let Some(start) = found.checked_sub(2).filter(|start| *start >= from) else { continue };
            let dashes = &self.body[start..found] == b"--";
            let at_line_start = start == 0 || self.body[start - 1] == b'\n';
            if !dashes || !at_line_start {
                continue;
            }
            let rest = &self.body[found + self.finder.needle().len()..];
            if rest.starts_with(b"--") {
                return Some(Line::Close { start });
            }
            let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let newline = line_break(&rest[blanks..]);
            if newline > 0 {
                let after = self.body.len() - rest.len() + blanks + newline;
                return Some(Line::Part { start, after });
            }
        }
    }

    fn part(&mut self, head_start: usize) -> Result<Part, MultipartError> {
        let head_length = head_length(&self.body[head_start..]).ok_or(MultipartError::BadHeader)?;
        let content_start = head_start + head_length;
        let line = self.line(content_start).ok_or(MultipartError::NotTerminated)?;
        let line_start = match line {
            Line::Part { start, after } => {
                self.next = Some(after);
                start
            }
            Line::Close { start } => {
                self.close = Some(start);
                start
            }
        };
        let text = &self.body[content_start..line_start];
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let content = content_start..content_start + text.len();
        Ok(Part { head: head_start..content_start, content, is_bare: line_start == content_start })
    }
}

impl Iterator for Parts<'_> {
    type Item = Result<Part, MultipartError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.started {
            self.started = true;
            match self.line(0) {
                None => return Some(Err(MultipartError::NoParts)),
                Some(Line::Close { start }) => self.close = Some(start),
                Some(Line::Part { after, .. }) => self.next = Some(after),
            }
        }
        let head_start = self.next.take()?;
        Some(self.part(head_start))
    }
}

/// The length of the line break these bytes start with; 0 for none.
fn line_break(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// The length of the head, its empty line included.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let empty = line_break(&bytes[at..]);
        if empty > 0 {
            return Some(at + empty);
        }
        let line = memchr::memchr(b'\n', &bytes[at..])?;
        if !bytes[at..at + line].contains(&b':') && !bytes[at].is_ascii_whitespace() {
            return None;
        }
        at += line + 1;
    }
}

/// Whether the part has this field name and no file name.
pub(super) fn is_text_field(body: &[u8], part: &Part, name: &str) -> bool {
    named(body, part).is_some_and(|field| field.name == name && !field.is_file)
}

/// The part as a field of the form. `None` for parts that are none.
pub(super) fn named<'b>(body: &'b [u8], part: &Part) -> Option<Field<'b>> {
    let head = std::str::from_utf8(&body[part.head.clone()]).ok()?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value)
        })
    };
    let (kind, parameters) = header("content-disposition")?.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let file_name = parameter(parameters, "filename").or_else(|| parameter(parameters, "filename*"));
    Some(Field {
        name: parameter(parameters, "name")?,
        is_file: file_name.is_some(),
        file_name,
        media_type: header("content-type").map(str::trim),
        content: &body[part.content.clone()],
    })
}

/// The value of a `key=value` or `key="value"` parameter in a list parted by semicolons.
pub(super) fn parameter(list: &str, wanted: &str) -> Option<String> {
    let mut rest = list;
    loop {
        let (key, after) = rest.split_once('=')?;
        // A parameter without a value may stand before this one.
        let key = key.rsplit(';').next().unwrap_or(key).trim();
        let (value, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if key.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// Reads on after an opening quote: the unescaped text, and what follows the closing quote.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}
