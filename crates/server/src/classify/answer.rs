//! A recorded answer: what `curl -i` prints, or a body with status and headers beside it.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use claviger_providers::Recorded;

/// Answers beyond this many bytes are no error descriptions.
const LONGEST: u64 = 4 << 20;

/// Reads a file or standard input; `status` and `headers` of the command line win over what the file says.
pub(super) fn read(file: Option<&Path>, status: Option<u16>, headers: &[String]) -> anyhow::Result<Recorded> {
    let mut bytes = Vec::new();
    match file.filter(|file| *file != Path::new("-")) {
        Some(path) => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            file.take(LONGEST).read_to_end(&mut bytes)?
        }
        None => std::io::stdin().take(LONGEST).read_to_end(&mut bytes)?,
    };
    let mut recorded = parse(bytes);
    if let Some(status) = status {
        recorded.status = status;
    }
    for header in headers {
        let Some((name, value)) = split(header) else { bail!("{header:?} is no header; write `name: value`") };
        recorded.header(name, value);
    }
    if recorded.status == 0 && !recorded.body.starts_with(b"transport:") {
        bail!("no status is known; write --status, or give the answer with its head, as `curl -i` prints it");
    }
    Ok(recorded)
}

/// Head and body, when there is a head. Of several heads (redirects, `100 Continue`) the last one counts.
fn parse(bytes: Vec<u8>) -> Recorded {
    let mut recorded = Recorded::default();
    let bytes = Bytes::from(bytes);
    let mut rest = &bytes[..];
    while rest.starts_with(b"HTTP/") {
        let (head, body) = match find(rest, b"\r\n\r\n").or_else(|| find(rest, b"\n\n")) {
            Some((at, length)) => (&rest[..at], &rest[at + length..]),
            None => (rest, &[][..]),
        };
        recorded = Recorded::default();
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        recorded.status = status.unwrap_or_default();
        for (name, value) in lines.filter_map(split) {
            recorded.header(name, value);
        }
        rest = body;
    }
    recorded.body = bytes.slice_ref(rest);
    recorded
}

fn find(text: &[u8], end: &[u8]) -> Option<(usize, usize)> {
    text.windows(end.len()).position(|window| window == end).map(|at| (at, end.len()))
}

/// Name and value of a header line. Headers of event stream frames begin with a colon.
fn split(line: &str) -> Option<(&str, &str)> {
    let start = usize::from(line.starts_with(':'));
    let at = start + line.get(start..)?.find(':')?;
    Some((line[..at].trim(), line[at + 1..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_its_head_is_taken_apart() {
        for end in ["\r\n", "\n"] {
            let text = ["HTTP/1.1 100 Continue", "", "HTTP/2 429", "retry-after: 7", "", "{\"a\":\n\n1}"].join(end);
            let recorded = parse(text.into_bytes());
            assert_eq!((recorded.status, &recorded.body[..]), (429, &b"{\"a\":\n\n1}"[..]));
            assert_eq!(recorded.headers["retry-after"], "7");
        }
        assert_eq!(parse(b"{}".to_vec()).body, "{}");
        assert_eq!(split(":exception-type: x"), Some((":exception-type", "x")));
    }
}
