//! The provider behind the demo: three tokens that work, and one of each kind that does not.

use serde_json::json;

use crate::script::{Fault, FaultKind, Script, TokenScript};

/// The demo's provider. Tokens: `sk-demo-healthy-1` to `-3`, which stream word by word; and `sk-demo-revoked` (401),
/// `sk-demo-no-money` (402), `sk-demo-quota` (429 `insufficient_quota`), `sk-demo-rate-limited` (429, `retry-after`),
/// `sk-demo-forbidden` (403), `sk-demo-server-error` (500), `sk-demo-reset` (connection reset), `sk-demo-stall` (no
/// answer), `sk-demo-stall-stream` (the role, then silence).
pub fn demo_script() -> Script {
    let quota = json!({ "error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota", "param": null, "code": "insufficient_quota",
    } });
    let word_by_word = || TokenScript::broken(FaultKind::Pace { ms: 20 });
    let script = Script { keep_seen: 100, ..Script::new() };
    let script =
        (1..=3).fold(script, |script, number| script.token(format!("sk-demo-healthy-{number}"), word_by_word()));
    script
        .token("sk-demo-revoked", TokenScript::status(401))
        .token("sk-demo-no-money", TokenScript::status(402))
        .token("sk-demo-quota", TokenScript::default().fault(Fault::status(429).body(quota)))
        .token("sk-demo-rate-limited", TokenScript::default().fault(Fault::status(429).header("retry-after", "30")))
        .token("sk-demo-forbidden", TokenScript::status(403))
        .token("sk-demo-server-error", TokenScript::status(500))
        .token("sk-demo-reset", TokenScript::broken(FaultKind::Reset))
        .token("sk-demo-stall", TokenScript::broken(FaultKind::StallHead))
        .token("sk-demo-stall-stream", TokenScript::broken(FaultKind::StallStream { after_events: 1 }))
}
