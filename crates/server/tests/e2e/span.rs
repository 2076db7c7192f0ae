//! A pool that spans vendors: clients of four protocols ask for one model, four vendors serve it, and of each vendor's
//! three credentials two are broken, each in its own way.

use claviger_testkit::{Fault, FaultKind, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Answer, Config, Gateway, Provider, Request, launch, never_twice, post, token, tokens};

/// What clients ask for, and what each vendor calls it.
const MODELS: [(&str, &str); 4] = [
    ("openai", "gpt-5-mini"),
    ("claude", "claude-sonnet-4-5"),
    ("gemini", "gemini-2.5-flash"),
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
];

/// The ways to be broken, two for each vendor; every third token is healthy.
fn ways() -> [TokenScript; 8] {
    [
        TokenScript::status(401),
        TokenScript::healthy().fault(Fault::status(429).header("retry-after", "3600")),
        TokenScript::status(403),
        TokenScript::status(500),
        TokenScript::broken(FaultKind::Reset),
        TokenScript::healthy().quota(0),
        TokenScript::broken(FaultKind::ErrorIn200 { body: None }),
        TokenScript::status(503),
    ]
}

async fn world() -> (Running, Gateway) {
    let healthy = (0..4).map(|vendor| token(vendor * 3 + 2));
    let broken = ways().into_iter().enumerate().map(|(at, way)| (token(at / 2 * 3 + at % 2), way));
    let script = broken.fold(Script::new().healthy(healthy), |script, (token, way)| script.token(token, way));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let all = tokens(12);
    let mut config = Config::default();
    for (at, (vendor, _)) in MODELS.iter().enumerate() {
        let entry = match *vendor {
            "openai" => Provider::at("openai", &provider.url()),
            "bedrock" => Provider::of_type("bedrock", "bedrock", provider.addr()).line("awsRegion: us-east-1"),
            other => Provider::of_type(other, other, provider.addr()),
        };
        config = config.provider(entry.tokens(&all[at * 3..at * 3 + 3]));
    }
    let target = |(vendor, model): &(&str, &str)| format!("{{ provider: {vendor}, model: \"{model}\" }}");
    let targets: Vec<String> = MODELS.iter().map(target).collect();
    let gateway = launch(&config.tiers(&format!("[ [ {} ] ]", targets.join(", ")))).await;
    (provider, gateway)
}

/// The protocols of the clients, each with the place of its text in a whole answer and in an event.
const CLIENTS: [(&str, &str, &str); 4] = [
    ("/v1/chat/completions", "/choices/0/message/content", "/choices/0/delta/content"),
    ("/v1/responses", "/output/0/content/0/text", "/delta"),
    ("/v1/messages", "/content/0/text", "/delta/text"),
    ("/v1beta/models/any", "/candidates/0/content/parts/0/text", "/candidates/0/content/parts/0/text"),
];

fn question(path: &str, text: &str, stream: bool) -> Request {
    let said = json!([{ "role": "user", "content": text }]);
    match path {
        "/v1/responses" => post(path, &json!({ "model": "any", "input": said, "stream": stream, "store": false })),
        "/v1beta/models/any" => {
            let action = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            let contents = json!([{ "role": "user", "parts": [{ "text": text }] }]);
            post(&format!("{path}:{action}"), &json!({ "contents": contents }))
        }
        _ => post(path, &json!({ "model": "any", "messages": said, "stream": stream, "max_tokens": 100 })),
    }
}

fn told(answer: &Answer, stream: bool, whole: &str, piece: &str) -> String {
    let text = |body: &Value, place: &str| body.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
    if !stream {
        return text(&answer.json(), whole);
    }
    let body = answer.text();
    let events = body.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    // responses have deltas of more than text; this one is of the text alone
    events.map(|event| text(&event, piece)).collect()
}

#[tokio::test]
async fn clients_of_every_protocol_are_served_by_whatever_vendor_works() {
    let (provider, gateway) = world().await;
    let mut served = std::collections::BTreeMap::new();
    for number in 0..320 {
        let (path, whole, piece) = CLIENTS[number % 4];
        let stream = number / 4 % 2 == 1;
        let text = format!("request {number}");
        let answer = gateway.ask(&question(path, &text, stream)).await;
        assert_eq!(answer.status, 200, "{path} {number}: {}", answer.text());
        assert_eq!(told(&answer, stream, whole, piece), format!("You said: {text}"), "{path}: {}", answer.text());
        *served.entry(answer.header("x-claviger-provider").unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    // a vendor of whose first two credentials both fail by guesses is left alone for a second or so
    assert!(served.len() >= 2, "{served:?}");
    let seen = provider.seen();
    let count = |number: usize| seen.iter().filter(|one| one.token == token(number)).count();
    assert!((0..12).filter(|number| number % 3 != 2 && count(*number) > 0).count() >= 4, "broken ones were met");
    // revoked, limited for an hour, barred, without money: facts, which one request learns for all others
    let facts = [0, 1, 3, 7].map(count);
    assert!(facts.iter().all(|count| *count <= 3), "what one request learns, the next one knows: {facts:?}");
    never_twice(&seen);
}
