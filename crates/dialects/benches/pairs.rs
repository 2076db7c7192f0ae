//! What a translation costs, per pair of dialects.

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Translation};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Pairs with a caller's side and another provider's side.
fn pairs() -> Vec<(Protocol, Protocol)> {
    let all = Protocol::ALL.iter();
    all.flat_map(|client| Protocol::ALL.iter().map(move |upstream| (*client, *upstream)))
        .filter(|(client, upstream)| Translation::new(*client, *upstream, Context::default()).is_some())
        .collect()
}

/// A conversation of some 20 kB in the caller's dialect.
fn request(client: Protocol) -> Vec<u8> {
    let long = "The ferry leaves at nine, \"rain or shine\". ".repeat(40);
    let mut turns = Vec::new();
    for turn in 0..12 {
        let role = if turn % 2 == 0 { "user" } else { "assistant" };
        turns.push(format!(r#"{{"role":"{role}","content":{}}}"#, serde_json::Value::from(long.as_str())));
    }
    let _ = client;
    format!(r#"{{"model":"some-model","max_tokens":500,"temperature":0.5,"messages":[{}]}}"#, turns.join(",")).into()
}

#[divan::bench(args = pairs())]
fn requests(bencher: Bencher<'_, '_>, (client, upstream): (Protocol, Protocol)) {
    let body = request(client);
    let Some(mut translation) = Translation::new(client, upstream, Context::default()) else { return };
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| translation.request(black_box(&body)).map(|out| out.body.len()));
}

/// A stream of 200 small events in the provider's dialect.
fn stream(upstream: Protocol) -> Bytes {
    let mut text = String::new();
    match upstream {
        Protocol::OpenAiChat => {
            for _ in 0..200 {
                text.push_str("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n");
            }
            text.push_str(
                "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
            );
        }
        Protocol::Anthropic => {
            text.push_str("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n");
            for _ in 0..200 {
                text.push_str("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n");
            }
            text.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }
    }
    text.into()
}

#[divan::bench(args = pairs())]
fn streams(bencher: Bencher<'_, '_>, (client, upstream): (Protocol, Protocol)) {
    let bytes = stream(upstream);
    let Some(translation) = Translation::new(client, upstream, Context::default()) else { return };
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut stream = translation.stream();
        let mut out = Vec::new();
        stream.push(black_box(bytes.clone()), &mut out);
        out.len()
    });
}
