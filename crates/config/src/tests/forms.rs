//! The Higress forms: which part is active, which rules can match, what is left out.

use super::*;
use crate::Form;

const TWO: &str = "providers:\n  - { id: a, type: openai, apiTokens: [t-1, t-2] }\n  - { id: b, type: deepseek, apiTokens: [t-3, t-4] }\n";

#[test]
fn the_form_is_known_by_its_keys() {
    assert_eq!(plan("provider: { type: openai, apiTokens: [t-1] }").form, Form::Higress);
    assert_eq!(plan("{}").form, Form::Higress);
    assert_eq!(brief("{}"), ["W 1 ignored "]);
    assert_eq!(plan(&format!("activeProviderId: a\n{TWO}")).form, Form::Higress);
    assert_eq!(plan(TWO).form, Form::Own);
}

#[test]
fn only_the_active_provider_is_there_and_read_leniently() {
    let chosen = plan(&format!("activeProviderId: b\n{TWO}"));
    assert_eq!(routing(&chosen), ["default [] b"]);
    let text = "\
listen: 127.0.0.1:7
activeProviderId: 7
providers:
  - { id: 7, type: ollama, ollamaServerHost: h, ollamaServerPort: \"11434\", colour: red,
      apiTokens: 12, mergeConsecutiveMessages: \"true\", modelMapping: { 1: 2 }, failover: { failureThreshold: 0 } }
";
    assert_eq!(brief(text), ["W 4 no_failover providers[0]", "W 4 unknown_key providers[0].colour"]);
    let plan = plan(text);
    let settings = &plan.providers[0].settings;
    assert_eq!(plan.listen[0].address.port(), 7);
    assert_eq!((settings.text("ollamaServerPort").as_str(), settings.merge_messages), ("11434", true));
    assert_eq!(settings.model_mapping, [("1".to_owned(), "2".to_owned())]);
    assert!(plan.providers[0].credentials[0].secret.matches("12"));
    assert_eq!(plan.providers[0].failover.failure_threshold, None);
}

#[test]
fn our_own_keys_are_strict_in_a_higress_file_too() {
    let text = "\
listen: nowhere
clents: open
provider:
  type: openai
  apiToken: x
  apiTokens: [t-1, \"\", { token: t-2, weight: 0 }]
  egress: { conectTo: \"h:1\" }
";
    assert_eq!(
        brief(text),
        [
            "E 1 invalid listen",
            "W 2 unknown_key clents",
            "W 5 ignored provider.apiToken",
            "E 6 invalid provider.apiTokens[2].weight",
            "E 7 unknown_key provider.egress.conectTo",
        ]
    );
}

#[test]
fn rules_become_routes_in_order_and_share_global_providers() {
    let text = format!(
        "\
{TWO}activeProviderId: a
_rules_:
  - {{ _match_domain_: [B.example, '*.b'], activeProviderId: b }}
  - {{ _match_domain_: c.example, activeProviderId: b }}
  - {{ _match_domain_: [off.example] }}
  - {{ _match_domain_: [d.example], provider: {{ id: a, type: openai, apiTokens: [t-9, t-8] }} }}
  - {{ _match_domain_: [e.example], providers: [], activeProviderId: a }}
"
    );
    let plan = plan(&text);
    assert_eq!(
        routing(&plan),
        [
            "rule-1 [b.example *.b] b",
            "rule-2 [c.example] b",
            "rule-3 [off.example]",
            "rule-4 [d.example] a",
            "rule-5 [e.example]",
            "default [] a-2"
        ]
    );
    assert_eq!(plan.providers.len(), 3);
    assert_eq!(brief(&text), ["W 10 ignored _rules_[4].activeProviderId"]);
}

#[test]
fn rules_on_envoys_names_need_to_be_told_what_this_gateway_stands_for() {
    let rules = format!(
        "\
{TWO}_rules_:
  - {{ _match_route_: [r], _match_service_: ['s:443'], _match_domain_: [x], activeProviderId: a }}
  - {{ _match_service_: [s], activeProviderId: b }}
  - {{ _match_route_prefix_: [pre-], activeProviderId: a }}
"
    );
    assert_eq!(
        brief(&rules),
        ["W 5 unreachable _rules_[0]", "W 6 unreachable _rules_[1]", "W 7 unreachable _rules_[2]"]
    );
    let routes = |higress: &str| routing(&plan(&format!("higress: {higress}\n{rules}")));
    assert_eq!(routes("{ route: r, service: outbound|443||s }"), ["rule-1 [] a", "rule-2 [] b"]);
    assert_eq!(routes("{ route: q, service: 's:80' }"), ["rule-2 [] b"]);
    assert_eq!(routes("{ route: pre-1 }"), ["rule-3 [] a"]);
    assert_eq!(routes("{ service: other }"), Vec::<String>::new());
}

#[test]
fn a_broken_rule_fails_all_and_a_broken_global_part_only_itself() {
    let rule = "_rules_: [{ _match_domain_: [d], provider: { type: openai, apiTokens: [t-1, t-2] } }]\n";
    let global = format!("provider: {{ type: openai, protocol: sideways }}\n{rule}");
    assert_eq!(brief(&global), ["W 1 invalid provider.protocol"]);
    assert_eq!(routing(&plan(&global)), ["rule-1 [d] openai"]);
    assert_eq!(
        brief("_rules_: [{ _match_domain_: [d], provider: { type: deepseek } }]"),
        ["E 1 missing _rules_[0].provider.apiTokens"]
    );
    assert_eq!(
        brief("_rules_: [{ _match_route_: [r], provider: { type: deepseek } }]"),
        ["W 1 unreachable _rules_[0]", "E 1 missing _rules_[0].provider.apiTokens"]
    );
    assert_eq!(brief("_rules_: [{ activeProviderId: a }]").first().map(String::as_str), Some("E 1 missing _rules_[0]"));
    assert_eq!(brief("_rules_: []"), ["E 1 missing _rules_"]);
}

const MANIFEST: &str = "\
apiVersion: v1
kind: ConfigMap
data: {}
---
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: { name: ai-proxy, namespace: higress-system }
spec:
  phase: UNSPECIFIED_PHASE
  url: oci://registry.example/ai-proxy:2.0.0
  defaultConfig:
    listen: 127.0.0.1:7
    activeProviderId: a
    providers:
      - { id: a, type: openai, apiTokens: [t-1, t-2] }
  matchRules:
    - { domain: [d.example], config: { activeProviderId: a } }
    - { domain: [x.example], configDisable: true, config: { provider: { type: nonsense } } }
    - { ingress: [default/r], config: { provider: { type: deepseek, apiTokens: [t-3, t-4] } } }
";

#[test]
fn a_manifest_is_read_wherever_it_stands_in_the_file() {
    let manifest = plan(MANIFEST);
    assert_eq!((manifest.form, manifest.listen[0].address.port()), (Form::WasmPlugin, 7));
    assert_eq!(routing(&manifest), ["rule-1 [d.example] a", "default [] a"]);
    assert_eq!(brief(MANIFEST), ["W 1 ignored ", "W 19 unreachable spec.matchRules[2]"]);
    let stands = MANIFEST.replace("    listen:", "    higress: { route: default/r }\n    listen:");
    assert_eq!(routing(&plan(&stands)), ["rule-1 [d.example] a", "rule-2 [] deepseek", "default [] a"]);
    let off = MANIFEST.replace("  defaultConfig:", "  defaultConfigDisable: true\n  defaultConfig:");
    assert_eq!(routing(&plan(&off)), ["rule-1 [d.example]"], "nothing is left to choose from");
    let whole = format!("{MANIFEST}  pluginConfig: {{ provider: {{ type: groq, apiTokens: [t-1, t-2] }} }}\n");
    assert_eq!(routing(&plan(&whole)), ["default [] groq"]);
}

#[test]
fn a_manifest_of_another_kind_is_no_configuration() {
    assert_eq!(brief("kind: ConfigMap\ndata: {}\n"), ["E 1 missing kind"]);
    let two = format!("{MANIFEST}---\nkind: WasmPlugin\nmetadata: {{ name: key-auth }}\nspec: {{}}\n");
    assert_eq!(routing(&plan(&two)).len(), 2);
    let same = format!("{MANIFEST}---\nkind: WasmPlugin\nmetadata: {{ name: ai-proxy-2 }}\nspec: {{}}\n");
    assert!(brief(&same).contains(&"E 21 duplicate ".to_owned()), "{:?}", brief(&same));
}

#[test]
fn the_plugin_is_known_by_its_configuration_too_and_every_other_document_is_told_to_be_left_alone() {
    let renamed = MANIFEST.replace("ai-proxy", "mine");
    let text = format!(
        "{renamed}---\nkind: WasmPlugin\nspec: {{ defaultConfig: {{ keys: [] }} }}\n---\nlisten: 127.0.0.1:8\n---\nkind: Service\n"
    );
    assert_eq!(plan(&text).listen[0].address.port(), 7);
    let said = lines(&read(&text).problems);
    let about = |line: &str| said.iter().find(|said| said.contains(line)).cloned().unwrap_or_default();
    assert!(about("f.yaml:21:1: warning").contains("kind WasmPlugin is not read"), "{said:#?}");
    assert!(about("f.yaml:24:1: warning").contains("spec.defaultConfig"), "{said:#?}");
    assert!(about("f.yaml:26:1: warning").contains("kind Service is not read"), "{said:#?}");
}

#[test]
fn a_file_cut_off_anywhere_is_read_without_panic_and_never_half() {
    let flow = "{\"providers\": [{\"type\": \"openai\", \"apiTokens\": [\"t-1\", {\"token\": \"${KEY}\"}]}]}";
    for text in [MANIFEST, TWO, flow] {
        for (end, _) in text.char_indices() {
            let loaded = read(&text[..end]);
            let broken = loaded.problems.iter().any(|problem| problem.severity == Severity::Error);
            assert_eq!(loaded.plan.is_none(), broken, "{:?}", &text[..end]);
        }
    }
}
