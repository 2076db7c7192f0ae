//! What a translation costs, per pair of dialects: a conversation of 20 kB, and a stream of 200 small events.

use std::path::Path;

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Translation};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Pairs of a caller's side and another provider's side.
fn pairs() -> Vec<(Protocol, Protocol)> {
    let all = Protocol::ALL.iter();
    all.flat_map(|client| Protocol::ALL.iter().map(move |upstream| (*client, *upstream)))
        .filter(|(client, upstream)| translation(*client, *upstream).is_some())
        .collect()
}

fn translation(client: Protocol, upstream: Protocol) -> Option<Translation> {
    let context = Context { named_model: Some("m".to_owned()), ..Context::default() };
    Translation::new(client, upstream, context)
}

/// A conversation of some 20 kB in this dialect.
fn request(dialect: Protocol) -> Option<Vec<u8>> {
    let long = "The ferry leaves at nine, \"rain or shine\". ".repeat(40);
    let turns: Vec<String> = (0..12)
        .map(|turn| {
            let role = if turn % 2 == 0 { "user" } else { "assistant" };
            format!(r#"{{"role":"{role}","content":{}}}"#, serde_json::Value::from(long.as_str()))
        })
        .collect();
    let body = format!(r#"{{"model":"m","max_tokens":500,"temperature":0.5,"messages":[{}]}}"#, turns.join(","));
    match translation(Protocol::OpenAiChat, dialect) {
        Some(mut translation) => translation.request(body.as_bytes()).ok().map(|out| out.body.to_vec()),
        None => Some(body.into()),
    }
}

#[divan::bench(args = pairs())]
fn requests(bencher: Bencher<'_, '_>, (client, upstream): (Protocol, Protocol)) {
    let (Some(body), Some(mut translation)) = (request(client), translation(client, upstream)) else { return };
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| translation.request(black_box(&body)).map(|out| out.body.len()));
}

/// A stream of 200 small events in this dialect, or its first fixture if no caller speaks it.
fn stream(dialect: Protocol) -> Bytes {
    let mut text = String::new();
    for _ in 0..200 {
        text.push_str(concat!(
            r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","#,
            r#""choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}"#,
            "\n\n"
        ));
    }
    text.push_str("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    if dialect == Protocol::OpenAiChat {
        return text.into();
    }
    if let Some(translation) = translation(dialect, Protocol::OpenAiChat) {
        let mut out = Vec::new();
        translation.stream().push(text.into(), &mut out);
        return out.into();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(dialect.name()).join("streams");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let first = files.filter(|path| !path.to_string_lossy().contains(".to-")).min();
    first.and_then(|path| std::fs::read(path).ok()).unwrap_or_default().into()
}

#[divan::bench(args = pairs())]
fn streams(bencher: Bencher<'_, '_>, (client, upstream): (Protocol, Protocol)) {
    let bytes = stream(upstream);
    let Some(translation) = translation(client, upstream) else { return };
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut stream = translation.stream();
        let mut out = Vec::with_capacity(64 << 10);
        stream.push(black_box(bytes.clone()), &mut out);
        out.len()
    });
}
