//! Who was asked for which request, read from what the provider has seen.

use std::collections::{BTreeMap, BTreeSet};

use claviger_testkit::Seen;

/// A token that looks like a real one and is like no other.
pub(crate) fn token(number: usize) -> String {
    // a fixed stride far from a power of two: beginnings and ends differ between tokens
    let spread = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("sk-proj-{spread:016x}{:016x}", spread.rotate_left(29))
}

/// The first `count` tokens.
pub(crate) fn tokens(count: usize) -> Vec<String> {
    (0..count).map(token).collect()
}

/// The tokens that the request with this text was sent with, in order.
pub(crate) fn asked_for(seen: &[Seen], text: &str) -> Vec<String> {
    seen.iter().filter(|seen| text_of(seen) == text).map(|seen| seen.token.clone()).collect()
}

/// Fails when any request was sent twice with one token. Requests are told apart by their text.
pub(crate) fn never_twice(seen: &[Seen]) {
    let mut by_text: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in seen {
        by_text.entry(text_of(one)).or_default().push(&one.token);
    }
    for (text, tokens) in by_text {
        let different: BTreeSet<&str> = tokens.iter().copied().collect();
        assert_eq!(different.len(), tokens.len(), "the request `{text}` met a token twice: {tokens:?}");
    }
}

/// The text in the first message, in any protocol.
fn text_of(seen: &Seen) -> String {
    let json = seen.json();
    let places = [
        "/messages/0/content",
        "/messages/0/content/0/text",
        "/contents/0/parts/0/text",
        "/input",
        "/input/0/content",
        "/input/0/content/0/text",
        "/prompt",
    ];
    places.iter().find_map(|place| json.pointer(place)?.as_str()).unwrap_or_default().to_owned()
}
