//! Any bytes are translated or refused by any pair of dialects: no panic, JSON comes out, a stream ends once, and it says
//! the same however its bytes are cut.
#![no_main]

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Translation};
use libfuzzer_sys::fuzz_target;

fn stream(translation: &Translation, bytes: &Bytes, size: usize) -> Vec<u8> {
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        stream.push(rest.split_to(size.clamp(1, rest.len())), &mut out);
    }
    stream.finish(&mut out);
    assert!(stream.has_ended());
    let length = out.len();
    stream.finish(&mut out);
    assert_eq!(out.len(), length);
    out
}

// The first bytes choose the pair and the cuts; the rest is a request, an answer and a stream.
fuzz_target!(|input: &[u8]| {
    let [client, upstream, size, rest @ ..] = input else { return };
    let pick = |byte: &u8| Protocol::ALL[usize::from(*byte) % Protocol::ALL.len()];
    let context = Context { named_model: Some("m".to_owned()), ..Context::default() };
    let Some(mut translation) = Translation::new(pick(client), pick(upstream), context) else { return };
    let is_json = |body: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    match translation.request(rest) {
        Ok(outgoing) => assert!(is_json(&outgoing.body)),
        Err(refused) => assert!(is_json(&translation.refusal(&refused).body)),
    }
    for status in [200, 400, 529] {
        assert!(is_json(&translation.answer(status, rest).body));
    }
    let bytes = Bytes::copy_from_slice(rest);
    let whole = stream(&translation, &bytes, bytes.len());
    assert!(stream(&translation, &bytes, usize::from(*size)) == whole);
});
