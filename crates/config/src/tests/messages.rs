//! What `check` prints: several problems at once, each with its line and a way out.

use super::*;

#[test]
fn all_problems_of_a_file_are_told_at_once_in_its_order() {
    let text = "\
listen: 0.0.0.0:8080
providers:
  - id: main
    type: openai
    apiToken: sk-1
    apiTokens:
      - sk-0000000001
      - { token: sk-0000000002, weight: 0 }
      - { token: \"${UNSET}\", nmae: b }
      - { tokenFile: /nowhere }
  - id: main
    type: opnai
routes:
  - tiers: [[{ provider: mian }]]
    deadline: 120
drainTimeot: 3s
";
    let expected = [
        "f.yaml:1:9: error: listen: others can reach 0.0.0.0:8080, and no client needs a key. Fix: name `clients`, \
         listen on 127.0.0.1, or write `clients: open` to let everybody in",
        "f.yaml:5:5: error: providers[0].apiToken: the key `apiToken` is not read. Fix: did you mean `apiTokens`?",
        "f.yaml:8:41: error: providers[0].apiTokens[1].weight: a credential of weight 0 would never be used. Fix: \
         remove the credential, or give it a weight from 1",
        "f.yaml:9:18: error: providers[0].apiTokens[2].token: the environment variable UNSET is not set. Fix: set it, \
         or write a default: `${UNSET:-…}`",
        "f.yaml:9:30: error: providers[0].apiTokens[2].nmae: the key `nmae` is not known here. Fix: did you mean \
         `name`?",
        "f.yaml:10:22: error: providers[0].apiTokens[3].tokenFile: the file /nowhere cannot be read: no such file. \
         Fix: write the secret into that file, or name another",
        "f.yaml:11:9: error: providers[1].id: two providers have the id \"main\". Fix: give each an id of its own",
        "f.yaml:12:5: error: providers[1].type: unknown type \"opnai\". Fix: did you mean `type: openai`?",
        "f.yaml:14:26: error: routes[0].tiers[0][0].provider: no provider has the id \"mian\". Fix: did you mean \
         `main`?",
        "f.yaml:15:15: error: routes[0].deadline: this must be a duration with its unit, not a number. Fix: write \
         `\"120s\"` or `\"120ms\"`",
        "f.yaml:16:1: error: drainTimeot: the key `drainTimeot` is not known here. Fix: did you mean `drainTimeout`?",
    ];
    let loaded = read(text);
    assert!(loaded.plan.is_none());
    assert_eq!(lines(&loaded.problems), expected);
    assert_eq!(loaded.files, ["/nowhere"]);
}

#[test]
fn wrong_types_say_what_was_expected_and_never_what_was_found() {
    let text = "\
admin: [secret-thing]
headers: \"yes\"
limits: { maxBody: 64 mb, headerTimeout: 0s }
log: { level: loud, format: jsn }
providers:
  - type: openai
    apiTokens: { a: secret-thing }
    modelMapping: [x]
    failover: { failureThreshold: -1 }
    retryOnFailure: { retryTimeout: 60s }
    selection: { strategy: roundrobin }
    egress: { connectTo: nowhere, proxy: socks5://h:1, clientCert: { cert: c } }
";
    assert_eq!(
        brief(text),
        [
            "E 1 invalid admin",
            "E 2 invalid headers",
            "E 3 invalid limits.maxBody",
            "E 3 invalid limits.headerTimeout",
            "E 4 invalid log.level",
            "E 4 invalid log.format",
            "E 7 invalid providers[0].apiTokens",
            "E 8 invalid providers[0].modelMapping",
            "E 9 invalid providers[0].failover.failureThreshold",
            "E 10 invalid providers[0].retryOnFailure.retryTimeout",
            "E 11 invalid providers[0].selection.strategy",
            "E 12 invalid providers[0].egress.connectTo",
            "E 12 invalid providers[0].egress.proxy",
            "E 12 missing providers[0].egress.clientCert.key",
        ]
    );
    assert!(!format!("{:?}", read(text)).contains("secret-thing"));
}

#[test]
fn broken_yaml_is_one_problem_with_its_line_and_duplicate_keys_are_all_told() {
    assert_eq!(brief("providers: [\n"), ["E 2 syntax "]);
    assert_eq!(brief(""), ["E 1 syntax "]);
    assert_eq!(brief("# nothing\n---\n"), ["E 1 syntax "]);
    assert_eq!(brief("just text"), ["E 1 invalid "]);
    let twice = "providers:\n  - type: openai\n    type: openai\n    apiTokens: [a, b]\nproviders: []\n";
    assert_eq!(brief(twice), ["E 3 duplicate type", "E 5 duplicate providers"]);
    let second = "providers: [{ type: openai, apiTokens: [a, b] }]\n---\nproviders: []\n";
    assert_eq!(brief(second), ["E 3 syntax "]);
}

#[test]
fn no_problem_and_no_dump_holds_a_secret() {
    let text = "\
admin: { listen: 127.0.0.1:1, token: hidden-admin-token }
clients: [{ name: a, key: hidden-client-key }, { name: b, key: hidden-client-key }]
providers:
  - { type: bedrock, awsRegion: r, awsAccessKey: hidden-access, awsSecretKey: hidden-secret }
  - { type: openai, apiTokens: [hidden-token-1, hidden-token-1, { token: hidden-token-2, weight: x }] }
";
    let loaded = read(text);
    let shown = format!("{loaded:?}{}", lines(&loaded.problems).join("\n"));
    assert!(!shown.contains("hidden"), "{shown}");
    let fine = read("providers: [{ type: openai, apiTokens: [hidden-token-1, hidden-token-2] }]");
    assert!(fine.plan.is_some() && !format!("{fine:?}").contains("hidden"));
}

#[test]
fn what_works_but_not_as_it_seems_is_a_warning() {
    let text = "\
providers:
  - { id: a, type: openai, apiTokens: [sk-1], ollamaServerHost: h }
  - { id: b, type: openai, apiTokens: [sk-2, sk-2, sk-3] }
routes:
  - { match: { models: [x] }, tiers: [[{ provider: a }]] }
  - { tiers: [[{ provider: b }], [{ provider: a }]] }
  - { match: { models: [y] }, tiers: [[{ provider: b }]] }
";
    assert_eq!(
        brief(text),
        [
            "W 2 no_failover providers[0]",
            "W 2 ignored providers[0].ollamaServerHost",
            "W 3 duplicate providers[1].apiTokens[1]",
            "W 7 unreachable routes[2]",
        ]
    );
    let plan = plan(text);
    let weights: Vec<u32> = plan.providers[1].credentials.iter().map(|credential| credential.weight).collect();
    assert_eq!(weights, [2, 1], "a token that stands twice counts twice");
}

#[test]
fn a_route_that_takes_everything_hides_the_next_however_it_is_written() {
    let second = |matcher: &str| {
        let tiers = "tiers: [[{ provider: a }]]";
        brief(&format!(
            "providers: [{{ id: a, type: openai, apiTokens: [t-1, t-2] }}]\nroutes:\n  - {{ match: {matcher}, {tiers} }}\n  - {{ {tiers} }}\n"
        ))
    };
    for matcher in ["{}", "{ models: [\"*\"] }", "{ models: [gpt-4o, \"*\"], hosts: [\"*\"] }", "{ paths: [/] }"] {
        assert_eq!(second(matcher), ["W 4 unreachable routes[1]"], "{matcher}");
    }
    for matcher in ["{ models: [\"gpt-*\"] }", "{ models: [\"*\"], paths: [/v1/] }", "{ headers: { x-a: \"*\" } }"] {
        assert_eq!(second(matcher), [""; 0], "{matcher}");
    }
}

#[test]
fn one_mistake_in_a_list_is_told_once() {
    for (routes, told) in [
        ("5", "E 2 invalid routes"),
        ("[]", "E 2 missing routes"),
        ("[5]", "E 2 invalid routes[0]"),
        ("[{ tiers: 5 }]", "E 2 invalid routes[0].tiers"),
        ("[{ tiers: [] }]", "E 2 missing routes[0].tiers"),
        ("[{ tiers: [5] }]", "E 2 invalid routes[0].tiers[0]"),
        ("[{ tiers: [[]] }]", "E 2 missing routes[0].tiers[0]"),
        ("[{ tiers: [[5]] }]", "E 2 invalid routes[0].tiers[0][0]"),
        ("[{ tiers: [{ provider: a }] }]", "E 2 invalid routes[0].tiers[0]"),
    ] {
        let text = format!("providers: [{{ id: a, type: openai, apiTokens: [t-1, t-2] }}]\nroutes: {routes}\n");
        assert_eq!(brief(&text), [told], "{routes}");
    }
}
