//! Our own form: everything that can be said ends up in the plan.

use std::time::Duration;

use super::*;
use claviger_pool::{Limits, Strategy};

use crate::{ClientKey, Clients, Form, LogFormat, LogLevel, StateFile};

#[test]
fn the_smallest_file_follows_the_promise() {
    let plan = plan("providers:\n  - { type: openai, apiTokens: [sk-1, sk-2] }\n");
    assert_eq!((plan.form, plan.headers, plan.drain_timeout), (Form::Own, true, Duration::from_secs(30)));
    assert_eq!(plan.listen[0].address.to_string(), "127.0.0.1:8080");
    assert_eq!(plan.admin.as_ref().expect("an admin port").listen.to_string(), "127.0.0.1:8081");
    assert_eq!(plan.clients, Clients::LoopbackOnly);
    assert_eq!(routing(&plan), ["default [] openai"]);
    let route = &plan.routes.routes[0];
    assert_eq!((route.deadline, route.max_wait), (Duration::from_secs(120), Duration::from_secs(5)));
    assert_eq!((route.patience, route.guess_budget), (Duration::from_millis(2500), 4));
    assert_eq!(
        (route.first_token_timeout, route.stream_idle_timeout),
        (Duration::from_secs(10), Duration::from_secs(60))
    );
    assert_eq!((route.max_attempts, route.reuse_failed), (None, false));
    assert_eq!(plan.providers[0].attempt_timeout, None);
    assert_eq!(plan.providers[0].connect_timeout, Duration::from_secs(5));
}

#[test]
fn ports_callers_caps_and_logs_are_read() {
    let digest = "00".repeat(31) + "0a";
    let text = format!(
        "\
listen: [localhost:1, {{ address: 0.0.0.0:2, tls: {{ cert: c.pem, key: k.pem }} }}]
admin: {{ listen: 0.0.0.0:3, token: \"${{KEY}}\" }}
clients: [{{ name: a, keyFile: /run/token }}, {{ name: b, keySha256: {digest} }}]
limits: {{ bufferBody: 1MiB, maxBody: 2000, headerTimeout: 1m30s }}
log: {{ format: json, level: debug, receipts: false }}
headers: false
drainTimeout: 5s
stateFile: /var/lib/claviger/one.json
egress: {{ connectTo: \"127.0.0.1:9\", tls: false }}
providers:
  - {{ id: x, type: openai, apiTokens: [t-1, t-2] }}
  - {{ id: y, type: openai, apiTokens: [t-3], egress: {{ http2: true }} }}
"
    );
    let loaded = read(&text);
    assert_eq!(loaded.files, ["/run/token"]);
    let plan = loaded.plan.expect("a plan");
    assert_eq!(
        plan.listen.iter().map(|l| (l.address.port(), l.tls.is_some())).collect::<Vec<_>>(),
        [(1, false), (2, true)]
    );
    assert!(plan.admin.expect("an admin port").token.is_some_and(|token| token.matches("sk-from-env-0001")));
    let Clients::Keys(clients) = &plan.clients else { panic!("{:?}", plan.clients) };
    assert!(matches!(&clients[0].key, ClientKey::Plain(key) if key.matches("sk-from-file-01")));
    assert!(matches!(&clients[1].key, ClientKey::Sha256(digest) if digest[31] == 10));
    assert_eq!((plan.limits.buffer_body, plan.limits.max_body), (1 << 20, 2000));
    assert_eq!(plan.limits.header_timeout, Duration::from_secs(90));
    assert_eq!((plan.log.format, plan.log.level, plan.log.receipts), (LogFormat::Json, LogLevel::Debug, false));
    assert_eq!((plan.headers, plan.drain_timeout), (false, Duration::from_secs(5)));
    assert_eq!(plan.state_file, StateFile::At("/var/lib/claviger/one.json".into()));
    assert_eq!(plan.providers[0].egress.connect_to.as_deref(), Some("127.0.0.1:9"));
    assert_eq!((plan.providers[1].egress.connect_to.as_deref(), plan.providers[1].egress.http2), (None, Some(true)));
}

#[test]
fn the_state_file_is_the_usual_one_a_named_one_or_none() {
    let with = |top: &str| plan(&format!("{top}\nproviders: [{{ type: openai, apiTokens: [t-1, t-2] }}]\n")).state_file;
    assert_eq!(with(""), StateFile::Usual);
    assert_eq!(with("stateFile: off"), StateFile::Off);
    assert_eq!(with("stateFile: false"), StateFile::Off);
    assert_eq!(with("stateFile: facts.json"), StateFile::At("facts.json".into()));
    let wrong = |top: &str| brief(&format!("{top}\nproviders: [{{ type: openai, apiTokens: [t-1, t-2] }}]\n"));
    assert_eq!(wrong("stateFile: ''"), ["E 1 invalid stateFile"]);
    assert_eq!(wrong("stateFile: [a]"), ["E 1 invalid stateFile"]);
}

#[test]
fn ports_that_others_reach_need_keys() {
    let with = |top: &str| brief(&format!("{top}\nproviders: [{{ type: openai, apiTokens: [t-1, t-2] }}]\n"));
    assert_eq!(with("listen: 0.0.0.0:1"), ["E 1 missing listen"]);
    assert_eq!(with("listen: ['127.0.0.1:1', '[::]:1']"), ["E 1 missing listen"]);
    assert!(with("listen: 0.0.0.0:1\nclients: open").is_empty());
    assert!(with("listen: '[::1]:1'\nadmin: false").is_empty());
    assert_eq!(with("admin: { listen: 0.0.0.0:1 }"), ["E 1 missing admin.listen"]);
    assert_eq!(with("admin: { listen: 0.0.0.0:1, tokenFile: /run/empty }"), ["E 1 file admin.tokenFile"]);
    assert_eq!(with("listen: 127.0.0.1:8081"), ["E 1 duplicate listen"]);
    assert_eq!(with("listen: :8080"), ["E 1 invalid listen"]);
    assert_eq!(with("clients: []"), ["E 1 missing clients"]);
    assert_eq!(with("clients: [{ name: a }]"), ["E 1 missing clients[0].key"]);
    assert_eq!(with("clients: [{ name: a, keySha256: abc }]"), ["E 1 invalid clients[0].keySha256"]);
    assert_eq!(with("clients: [{ name: a, key: k }, { name: b, key: k }]"), ["E 1 duplicate clients[1]"]);
}

#[test]
fn credentials_carry_what_their_entry_says() {
    let text = "\
providers:
  - type: openai
    apiTokens:
      - { token: 'a-${KEY}', name: one, weight: 3, models: [gpt-*], account: acme, limits: { rpm: 5, tpd: 7, concurrency: 2 } }
      - { tokenFile: /run/token }
      - 123456
    selection: { strategy: sticky }
    connectTimeout: 250ms
";
    let plan = plan(text);
    let provider = &plan.providers[0];
    let [one, two, three] = &provider.credentials[..] else { panic!("three credentials") };
    assert!(one.secret.matches("a-sk-from-env-0001") && two.secret.matches("sk-from-file-01"));
    assert!(three.secret.matches("123456"));
    assert_eq!((one.name.as_deref(), one.weight, one.account.as_deref()), (Some("one"), 3, Some("acme")));
    assert_eq!(one.models, ["gpt-*"]);
    let limits = Limits { rpm: Some(5), tpd: Some(7), concurrency: Some(2), ..Limits::default() };
    assert_eq!((one.limits, two.limits, two.weight), (limits, Limits::default(), 1));
    assert_eq!((provider.selection, provider.connect_timeout), (Strategy::Sticky, Duration::from_millis(250)));
    assert_eq!(provider.settings.tokens, 3);
}

#[test]
fn routes_name_matchers_tiers_and_times() {
    let text = "\
providers:
  - { id: a, type: openai, apiTokens: [t-1] }
  - { type: openai, apiTokens: [t-2] }
  - { type: openai, apiTokens: [t-3] }
routes:
  - name: big
    match: { models: [gpt-*], hosts: [API.example], paths: [/v1], headers: { X-Team: blue* } }
    tiers: [[{ provider: a, model: m }, { provider: openai }], [{ provider: openai-2 }]]
    deadline: 1m
    maxWait: 0s
    guessBudget: 9
  - tiers: [[{ provider: a }, { provider: openai }]]
";
    let plan = plan(text);
    assert_eq!(routing(&plan), ["big [api.example] a+openai > openai-2", "route-2 [] a+openai"]);
    let route = &plan.routes.routes[0];
    assert_eq!(route.matcher.headers, [("x-team".to_owned(), "blue*".to_owned())]);
    assert_eq!(route.tiers[0].targets[0].model.as_deref(), Some("m"));
    assert_eq!((route.deadline, route.max_wait, route.guess_budget), (Duration::from_secs(60), Duration::ZERO, 9));
}

#[test]
fn explicit_retries_are_honoured_and_only_those() {
    let route = |retry: &str| {
        let plan = plan(&format!("providers: [{{ type: openai, apiTokens: [t-1, t-2], {retry} }}]"));
        let route = &plan.routes.routes[0];
        (route.max_attempts, route.reuse_failed, plan.providers[0].attempt_timeout.map(|time| time.as_millis()))
    };
    assert_eq!(route("retryOnFailure: { enabled: true }"), (None, false, None));
    assert_eq!(
        route("retryOnFailure: { enabled: true, maxRetries: 5, retryTimeout: 900 }"),
        (Some(6), false, Some(900))
    );
    assert_eq!(route("retryOnFailure: { enabled: false }"), (Some(1), false, None));
    assert_eq!(route("retryOnFailure: { reuseFailedCredentials: true }"), (None, true, None));
    let plan = plan(
        "providers: [{ type: openai, apiTokens: [t-1, t-2], firstByteTimeout: 700, failover: { enabled: true } }]",
    );
    assert_eq!(plan.routes.routes[0].first_token_timeout, Duration::from_millis(700));
    assert_eq!(plan.providers[0].failover.enabled, Some(true));
}

#[test]
fn the_schema_is_json() {
    let schema: serde_json::Value = serde_json::from_str(crate::schema()).expect("JSON");
    assert_eq!(schema["type"], "object");
}
