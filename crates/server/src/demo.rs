//! The gateway in front of a provider of its own, so that a first `curl` answers without any account: three healthy
//! tokens among broken ones, and the broken ones do not show.

use anyhow::Context as _;
use claviger_testkit::{ScriptedUpstream, demo_script};

use crate::reload;
use crate::run::{Start, run};

/// Runs the demo until it is stopped.
pub(crate) async fn run_demo() -> anyhow::Result<()> {
    let script = demo_script();
    let tokens: Vec<String> = script.tokens.keys().cloned().collect();
    let upstream = ScriptedUpstream::start(script).await.context("cannot start the demo provider")?;
    let mut text = format!(
        "listen: {}\nadmin: {{ listen: {} }}\nproviders:\n  - id: demo\n    type: openai\n    openaiCustomUrl: {}/v1\n    apiTokens:\n",
        std::env::var("CLAVIGER_LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned()),
        std::env::var("CLAVIGER_ADMIN_LISTEN").unwrap_or_else(|_| "127.0.0.1:8081".to_owned()),
        upstream.url(),
    );
    for token in tokens {
        let name = token.trim_start_matches("sk-demo-");
        text.push_str(&format!("      - {{ token: {token}, name: {name} }}\n"));
    }
    // the embedded provider answers at once, so nobody needs to be patient with its stalling tokens
    text.push_str("routes:\n  - tiers: [ [ { provider: demo } ] ]\n    firstTokenTimeout: 500ms\n");
    let loaded = reload::load("the demo's configuration", &text);
    let plan = loaded.plan.with_context(|| format!("the demo does not load: {:?}", loaded.problems))?;
    let notes = vec![
        "demo: no configuration was given, so an embedded provider answers; most of its tokens are broken".to_owned(),
        "try: curl -s http://127.0.0.1:8080/v1/chat/completions -H 'content-type: application/json' -d \
         '{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'"
            .to_owned(),
    ];
    run(Start { plan, file: None, state: None, secrets: Vec::new(), notes }).await
}
