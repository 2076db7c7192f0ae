//! Explanations of a gateway that just started, and of one that learned.

use std::time::Duration;

use claviger_pool::{Fact, Whose};
use claviger_types::{Class, Secret, WallTime};

use super::*;

const CONFIG: &str = "\
providers:
  - { id: main, type: openai, apiTokens: [{ token: sk-1-0123456789, name: one }, sk-2-0123456789] }
  - { id: backup, type: deepseek, apiTokens: [sk-3-0123456789] }
routes:
  - { name: gpt, match: { models: [gpt-*] }, tiers: [[{ provider: main }], [{ provider: backup, model: deepseek-chat }]] }
";

fn gateway() -> (Live, Pool) {
    let mut pool = Pool::new();
    let plan = crate::reload::load("test.yaml", CONFIG).plan.expect("a plan");
    (Live::build(plan, None, &mut pool, Moment::START).expect("it builds"), pool)
}

fn now() -> Now {
    Now { moment: Moment::from_nanos(5_000_000_000), wall: WallTime::from_millis(1_800_000_000_000) }
}

fn of(model: &str) -> Question {
    Question { model: Some(model.to_owned()), ..Question::default() }
}

fn sentences(found: &Value, tier: usize) -> Vec<String> {
    let all = found["tiers"][tier]["credentials"].as_array().unwrap();
    all.iter().map(|one| one["because"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fresh_gateway_tells_the_order_of_the_plan() {
    let (live, mut pool) = gateway();
    let found = explain(&live, &mut pool, now(), &of("gpt-4o")).unwrap();
    assert_eq!((&found["route"], found["tiers"].as_array().unwrap().len()), (&json!("gpt"), 2));
    assert_eq!(sentences(&found, 0), ["would be chosen next", "ready, 1 would be chosen before"]);
    assert_eq!(sentences(&found, 1), ["ready, the first of this tier"]);
    assert_eq!(found["tiers"][1]["endpoints"][0]["model"], "deepseek-chat");
    assert!(!found.to_string().contains("0123456789"), "masked: {found}");
    let text = table::text(&found, false);
    assert!(text.starts_with("gpt-4o at /v1/chat/completions: route `gpt`, within 120 s"), "{text}");
    assert!(text.contains("tier 2") && text.contains("one (sk-…6789)") && !text.contains('\x1b'), "{text}");
    assert!(table::text(&found, true).contains(GREEN), "colours where they are wanted");
}

const GREEN: &str = "\x1b[32m";

#[test]
fn who_is_out_is_told_with_the_reason_and_the_time() {
    let (live, mut pool) = gateway();
    let dead = Fact {
        provider: "main".to_owned(),
        whose: Whose::Credential(Secret::new("sk-1-0123456789").fingerprint()),
        cause: Class::InvalidCredential,
        since: now().moment,
        until: now().moment.plus(Duration::from_secs(60)),
        trips: 0,
        by_probe: true,
        wanted: 1,
    };
    let model = Whose::Model(Secret::new("sk-2-0123456789").fingerprint(), "gpt-4o".to_owned());
    let limited = Fact { whose: model, cause: Class::RateLimited, by_probe: false, ..dead.clone() };
    assert_eq!(pool.restore(now().moment, &[dead, limited]), 2);
    let found = explain(&live, &mut pool, now(), &of("gpt-4o")).unwrap();
    let all = sentences(&found, 0).join("\n");
    assert!(all.contains(": invalid_credential since 08:00:00Z; then a listing of models tries the key"), "{all}");
    assert!(all.contains(": rate_limited") && all.contains("then it is asked again without a probe"), "{all}");
    assert_eq!(sentences(&found, 1), ["would be chosen next"]);
    let used = explain(&live, &mut pool, now(), &Question::default()).unwrap();
    let models: Vec<&Value> =
        used["tiers"].as_array().unwrap().iter().map(|tier| &tier["endpoints"][0]["model"]).collect();
    assert_eq!(models, [&json!("gpt-4o"), &json!("deepseek-chat")]);
}

#[test]
fn what_cannot_be_explained_is_said() {
    let (live, mut pool) = gateway();
    let mut wrong = |question: &Question| explain(&live, &mut pool, now(), question).unwrap_err();
    assert_eq!(wrong(&of("other")), "no route serves the model `other` at /v1/chat/completions");
    let nobody = Question { provider: Some("nobody".to_owned()), ..Question::default() };
    assert_eq!(wrong(&nobody), "there is no provider `nobody`, only `main`, `backup`");
    let images = Question { path: Some("/v1/images/generations".to_owned()), ..of("gpt-image-1") };
    let found = explain(&live, &mut pool, now(), &images).unwrap();
    assert_eq!(found["unable"][0]["provider"], "backup");
}

#[test]
fn questions_survive_a_query() {
    let all = Question {
        model: Some("a/b:c d&e=ü%41+".to_owned()),
        path: Some("/v1/chat/completions".to_owned()),
        host: None,
        provider: Some("main".to_owned()),
    };
    assert_eq!(Question::read(&all.query()), Ok(all));
    assert_eq!(Question::read("model=gpt%2D4o+x%"), Ok(of("gpt-4o x%")));
    assert!(Question::read("modle=x").is_err());
    assert_eq!(Question::read(""), Ok(Question::default()));
}
