//! Bytes that are HTTP only at first sight: requests hidden in others, odd targets, noise.

use claviger_testkit::Running;

use crate::abuse::{guarded, unharmed};
use crate::harness::{Answer, Gateway, chat, soon};

/// A request hidden behind another.
const HIDDEN: &str = "POST /v1/hidden HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";

/// Sends the bytes and reads every answer until the connection closes, which the head timeout sees to.
async fn answers(gateway: &Gateway, bytes: &[u8]) -> Vec<Answer> {
    let mut wire = gateway.wire().await;
    wire.write(bytes).await;
    let mut all = Vec::new();
    while let Some(answer) = soon("an answer or a close", wire.answer()).await {
        all.push(answer);
    }
    all
}

fn head(lines: &str) -> String {
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{lines}\r\n")
}

/// Each case must get at most one answer, that a refusal, and nothing may go up. All that break this are named.
async fn are_refused(provider: &Running, gateway: &Gateway, cases: &[(&str, String)]) {
    let mut wrong = Vec::new();
    for (what, bytes) in cases {
        let all = answers(gateway, format!("{bytes}{HIDDEN}").as_bytes()).await;
        let statuses: Vec<u16> = all.iter().map(|answer| answer.status).collect();
        let went_up: Vec<String> =
            provider.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
        provider.clear();
        if statuses.len() > 1 || statuses.iter().any(|status| !(400..500).contains(status)) || !went_up.is_empty() {
            wrong.push(format!("{what}: answered {statuses:?}, went up: {went_up:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    unharmed(provider, gateway).await;
}

#[tokio::test]
async fn requests_whose_end_is_ambiguous_are_refused() {
    let (provider, gateway) = guarded().await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"smuggler"}]}"#;
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let plain = |lines: &str| format!("{}{body}", head(lines));
    let chunks = |lines: &str| format!("{}{chunked}", head(lines));
    let cases = [
        ("two lengths", plain(&format!("content-length: {length}\r\ncontent-length: 0\r\n"))),
        ("a list of lengths", plain(&format!("content-length: {length}, 0\r\n"))),
        ("a negative length", plain("content-length: -1\r\n")),
        ("a signed length", plain(&format!("content-length: +{length}\r\n"))),
        ("a hexadecimal length", plain("content-length: 0x40\r\n")),
        ("an overflowing length", plain("content-length: 18446744073709551617\r\n")),
        ("an unknown coding", chunks("transfer-encoding: xchunked\r\n")),
        ("chunks before another coding", chunks("transfer-encoding: chunked, gzip\r\n")),
        ("chunks twice", chunks("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n")),
        ("identity", chunks("transfer-encoding: identity\r\n")),
        ("a folded coding", chunks("transfer-encoding:\r\n chunked\r\n")),
        ("a space before the colon", chunks("transfer-encoding : chunked\r\n")),
        ("a vertical tab", chunks("transfer-encoding: \x0bchunked\r\n")),
        ("a zero byte", chunks("transfer-encoding: chunked\0\r\n")),
        ("a bare carriage return", plain("x-a: b\rcontent-length: 4\r\n")),
        ("chunks in HTTP/1.0", chunks("transfer-encoding: chunked\r\n").replacen("HTTP/1.1", "HTTP/1.0", 1)),
    ];
    are_refused(&provider, &gateway, &cases).await;
}

#[tokio::test]
async fn where_chunks_and_a_length_disagree_what_follows_is_never_read() {
    let (provider, gateway) = guarded().await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"are you there"}]}"#;
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for lines in [
        format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", body.len()),
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n".to_owned(),
        "x-a: b\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n".to_owned(),
    ] {
        // chunks count, as RFC 9112 section 6.3 has it, and the connection ends there
        let all = answers(&gateway, format!("{}{chunked}{HIDDEN}", head(&lines)).as_bytes()).await;
        assert!(all.len() <= 1, "{lines}: {} answers", all.len());
    }
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn chunks_that_are_wrong_are_refused() {
    let (provider, gateway) = guarded().await;
    let of = |rest: &str| format!("{}{rest}", head("transfer-encoding: chunked\r\n"));
    let extension = format!("5;{}\r\n", "e".repeat(200_000));
    let trailers = format!("0\r\n{}\r\n", "x-trailer: y\r\n".repeat(20_000));
    let cases = [
        ("no number", of("zz\r\nhello\r\n0\r\n\r\n")),
        ("a negative size", of("-5\r\nhello\r\n0\r\n\r\n")),
        ("a prefixed size", of("0x5\r\nhello\r\n0\r\n\r\n")),
        ("an overflowing size", of("fffffffffffffffff\r\nhello\r\n0\r\n\r\n")),
        ("a chunk longer than said", of("3\r\nhello\r\n0\r\n\r\n")),
        ("a chunk without end", of("5\r\nhello0\r\n\r\n")),
        ("a huge extension", of(&extension)),
        ("endless trailers", of(&trailers)),
        ("a break", of("5\r\nhel")),
    ];
    are_refused(&provider, &gateway, &cases).await;
}

#[tokio::test]
async fn heads_that_are_wrong_are_refused() {
    let (provider, gateway) = guarded().await;
    let whole = String::from_utf8(chat("smuggler").bytes("x")).unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no version", b"GET /v1/models\r\nhost: x\r\n\r\n".to_vec()),
        ("an unknown version", b"GET /v1/models HTTP/3.7\r\nhost: x\r\n\r\n".to_vec()),
        ("lower case", b"get /v1/models http/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a target with a space", b"GET /v1/ models HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a target with a zero byte", b"GET /v1/\0models HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("no target", b"GET HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a relative target", b"GET v1/models HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a header without colon", whole.replace("content-type:", "content-type").into_bytes()),
        ("an empty header name", whole.replace("content-type", "").into_bytes()),
        ("a folded header", whole.replace("content-type: ", "content-type:\r\n ").into_bytes()),
        ("a header name in Greek", whole.replace("content-type", "κόσμε").into_bytes()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("an HTTP/2 preface and nonsense", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense that is no frame".to_vec()),
        ("a cut HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\n".to_vec()),
        ("empty lines", b"\r\n".repeat(5000)),
        ("zero bytes", vec![0; 100_000]),
    ];
    for (what, bytes) in cases {
        is_refused_or_noise(&gateway, what, &bytes).await;
    }
    unharmed(&provider, &gateway).await;
}

/// As above, where the answer may be in another protocol.
async fn is_refused_or_noise(gateway: &Gateway, what: &str, bytes: &[u8]) {
    let mut wire = gateway.wire().await;
    wire.write(bytes).await;
    wire.half_close().await;
    let said = soon(&format!("{what}: a close"), wire.rest()).await;
    if let Some(rest) = said.strip_prefix(b"HTTP/1.1 ") {
        assert_eq!(rest.first(), Some(&b'4'), "{what}: {}", String::from_utf8_lossy(&said));
        assert_eq!(said.windows(9).filter(|nine| nine == b"HTTP/1.1 ").count(), 1, "{what}");
    }
}

#[tokio::test]
async fn noise_is_refused() {
    let (provider, gateway) = guarded().await;
    // splitmix64 from a fixed seed: the same noise every time
    let mut state = 0x5eed_u64;
    let mut dice = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 31)
    };
    let whole = chat("smuggler").bytes("x");
    for round in 0..60 {
        let noise: Vec<u8> = match round % 2 {
            0 => (0..dice() % 4000).map(|_| dice().to_le_bytes()[0]).collect(),
            // a request with some bytes of its head changed
            _ => {
                let mut bent = whole.clone();
                for _ in 0..4 {
                    let at = usize::try_from(dice() % 60).unwrap();
                    bent[at] = dice().to_le_bytes()[0] & 0x1f;
                }
                bent
            }
        };
        is_refused_or_noise(&gateway, &format!("round {round}"), &noise).await;
    }
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn odd_targets_reach_what_they_name_and_nothing_else() {
    let (provider, gateway) = guarded().await;
    let request = |target: &str| {
        let mut one = chat("are you there");
        target.clone_into(&mut one.path);
        one
    };
    // the absolute form is for proxies; its host is not where we connect to
    let absolute = gateway.ask(&request("http://evil.example/v1/chat/completions")).await;
    assert_eq!(absolute.status, 200, "{}", absolute.text());
    let seen = provider.seen().pop().unwrap();
    assert_eq!((seen.path.as_str(), seen.host), ("/v1/chat/completions", provider.addr().to_string()));
    for target in ["*", "evil.example:443", "/v1/%zz/models", "/v1/files/%", "/v1/files/%c3%28"] {
        let mut wire = gateway.wire().await;
        wire.send(&request(target).method(if target == "*" { "OPTIONS" } else { "POST" })).await;
        if let Some(answer) = soon("an answer or a close", wire.answer()).await {
            assert!((400..500).contains(&answer.status), "{target}: {} {}", answer.status, answer.text());
        }
    }
    let connect = answers(&gateway, b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n").await;
    for answer in connect {
        assert!((400..500).contains(&answer.status), "we are no proxy: {} {}", answer.status, answer.text());
    }
    // escapes in a path that a provider may know stay as they are
    for path in ["/v1/files/a%2Fb", "/v1/files/..%2f..%2fadmin", "/v1/models/a%20b"] {
        gateway.ask(&crate::harness::get(path)).await;
    }
    for seen in provider.seen() {
        let kept = ["/v1/chat/completions", "/v1/files/a%2Fb", "/v1/files/..%2f..%2fadmin", "/v1/models/a%20b"];
        assert!(kept.contains(&seen.path.as_str()), "{}", seen.path);
    }
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
    gateway.still_serves().await;
}
