//! `errorRules`: how failures of this provider are read before the rules that come with the program are asked.
//!
//! The form is that of the rule files, so the keys are theirs.

use std::collections::BTreeMap;

use claviger_providers::{MAX_RULES, RuleDraft, rule_problems};

use crate::problem::{Code, Severity};
use crate::reader::{Item, Reader};

/// The rules as far as they can be read; everything wrong with them is reported.
pub(super) fn read(map: &Reader<'_>) -> Vec<RuleDraft> {
    let Some(item) = map.own("errorRules") else { return Vec::new() };
    let maps: Vec<Reader<'_>> = item.list().iter().filter_map(Item::map).collect();
    let rules: Vec<RuleDraft> = maps.iter().map(rule).collect();
    if rules.len() > MAX_RULES {
        let message = format!("these are {} rules, and more than {MAX_RULES} are not read", rules.len());
        item.error(Code::Invalid, &message, "put phrases and codes of one meaning into one rule");
    }
    for (at, found) in rule_problems(&rules) {
        let code = match found.key {
            "" => Code::Unreachable,
            key if maps[at].peek(key).is_none() => Code::Missing,
            _ => Code::Invalid,
        };
        maps[at].problem(Severity::Error, code, found.key, &found.message, &found.fix);
    }
    for map in maps {
        map.finish();
    }
    rules
}

fn rule(map: &Reader<'_>) -> RuleDraft {
    let text = |key| map.get(key).and_then(|item| item.text()).unwrap_or_default();
    let texts = |key| map.get(key).map(|item| item.texts()).unwrap_or_default();
    let flag = |key| map.get(key).and_then(|item| item.flag());
    RuleDraft {
        name: text("name"),
        transport: texts("transport"),
        status: texts("status"),
        header: map.get("header").map(|item| header(&item)).unwrap_or_default(),
        code: texts("code"),
        r#type: texts("type"),
        reason: texts("reason"),
        any: texts("any"),
        says: texts("says"),
        body: texts("body"),
        param: flag("param"),
        above_limit: flag("above_limit"),
        embedded: flag("embedded"),
        class: text("class"),
        scope: text("scope"),
        retry_elsewhere: flag("retry_elsewhere"),
        hint: text("hint"),
        resets: text("resets"),
    }
}

fn header(item: &Item<'_>) -> BTreeMap<String, String> {
    let Some(map) = item.map() else { return BTreeMap::new() };
    map.entries().filter_map(|(name, item)| Some((name.text.to_lowercase(), item.text()?))).collect()
}
