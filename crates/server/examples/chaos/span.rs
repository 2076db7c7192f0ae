//! One model name, four vendors: `OpenAI`, Anthropic, Google and Amazon share one tier, two of three credentials of each
//! are broken, each in its own way, and clients of four protocols ask.

use std::fmt::Write as _;

use claviger_testkit::{Fault, FaultKind, Script, TokenScript};

use super::question::{Client, Question};

/// What clients ask for.
const MODEL: &str = "any-model";

/// Name, further lines of the entry (`{address}` to be filled in), and what the vendor calls the model.
const VENDORS: [(&str, &str, &str); 4] = [
    ("openai", "type: openai, openaiCustomUrl: \"http://{address}/v1\"", "gpt-5-mini"),
    ("claude", "type: claude, egress: { connectTo: \"{address}\", tls: false }", "claude-sonnet-4-5"),
    ("gemini", "type: gemini, egress: { connectTo: \"{address}\", tls: false }", "gemini-2.5-flash"),
    (
        "bedrock",
        "type: bedrock, awsRegion: us-east-1, egress: { connectTo: \"{address}\", tls: false }",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
];

fn token(vendor: &str, number: usize) -> String {
    format!("sk-span-{vendor}-{number}-0123456789abcdef")
}

/// The ways to be broken, two for each vendor.
fn broken() -> [TokenScript; 8] {
    [
        TokenScript::status(401),
        TokenScript::healthy().fault(Fault::status(429).header("retry-after", "3600")),
        TokenScript::status(403),
        TokenScript::status(500),
        TokenScript::broken(FaultKind::Reset),
        TokenScript::healthy().quota(0),
        TokenScript::broken(FaultKind::StallHead),
        TokenScript::status(503),
    ]
}

/// The provider that is all four vendors.
pub(crate) fn script() -> Script {
    let mut broken = broken().into_iter();
    VENDORS.iter().fold(Script::new(), |script, (vendor, _, _)| {
        let script = script.healthy([token(vendor, 2)]);
        broken.by_ref().take(2).enumerate().fold(script, |script, (at, way)| script.token(token(vendor, at), way))
    })
}

/// The gateway's configuration in front of it.
pub(crate) fn configuration(address: &str) -> String {
    let mut text =
        String::from("listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\nlog: { receipts: false }\nproviders:\n");
    let mut targets = Vec::new();
    for (vendor, entry, model) in VENDORS {
        let tokens: Vec<String> = (0..3).map(|number| token(vendor, number)).collect();
        let entry = entry.replace("{address}", address);
        let _ = writeln!(text, "  - {{ id: {vendor}, {entry}, apiTokens: [{}] }}", tokens.join(", "));
        targets.push(format!("{{ provider: {vendor}, model: \"{model}\" }}"));
    }
    let _ = writeln!(text, "routes:\n  - {{ match: {{ models: [{MODEL}] }}, tiers: [[{}]] }}", targets.join(", "));
    text
}

/// The clients take turns; every second request of each is a stream.
pub(crate) fn question(number: usize) -> Question {
    let clients = Client::ALL.len();
    Question::new(Client::ALL[number % clients], MODEL, number, number / clients % 2 == 1)
}
