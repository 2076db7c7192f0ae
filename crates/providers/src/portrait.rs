//! What a type can do, told for people: worked out by the rules that requests follow, so that a page made of it is true.
//!
//! Told is an entry in our own form. In: the rows. Out: for each type the ways to ask it, and what each serves. No request, no configuration.

use claviger_dialects::Protocol;
use claviger_types::Operation;
use serde_json::Value;

use crate::arm::{self, Arm};
use crate::check::holds_all;
use crate::row::{Auth, Row, Tokens};
use crate::settings::Settings;
use crate::table;

/// One type.
#[derive(Clone, Debug)]
pub struct Portrait {
    /// Its name.
    pub name: &'static str,
    /// Whether an entry must have `apiTokens`.
    pub needs_tokens: bool,
    /// Whether operations without a path of their own are sent where the caller sent them.
    pub passes_others: bool,
    /// The ways to ask it, the usual one first.
    pub ways: Vec<Way>,
}

/// One way to ask a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The settings it is for, in the words of the rows; none: the usual one.
    pub settings: Vec<String>,
    /// Patterns of the models it is for; none: all others.
    pub models: Vec<String>,
    /// The host, its options in braces where they have no default.
    pub host: String,
    /// How the credential is written.
    pub auth: String,
    /// What is spoken in conversations.
    pub speaks: Protocol,
    /// Operations whose bytes pass.
    pub passes: Vec<Operation>,
    /// Operations that are translated.
    pub translates: Vec<Operation>,
    /// Whether LLM tokens are counted by the provider for callers of other protocols.
    pub counts: bool,
}

/// All types, in alphabetical order.
pub fn portraits() -> impl Iterator<Item = Portrait> {
    table::rows().map(|row| Portrait {
        name: &row.name,
        needs_tokens: row.tokens == Tokens::Required,
        passes_others: satisfying(row, &[]).is_some_and(|settings| arm::chosen(row, &settings).passes_others),
        ways: ways(row),
    })
}

fn ways(row: &Row) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    let base = (row.tokens == Tokens::Required).then(|| "apiTokens".to_owned());
    let variants = row.variants.iter().map(|variant| variant.r#if.clone());
    let choice = row.responses.then(|| vec!["dialect=responses".to_owned()]);
    for conditions in std::iter::once(base.into_iter().collect()).chain(variants).chain(choice) {
        let Some(settings) = satisfying(row, &conditions) else { continue };
        let chosen = arm::chosen(row, &settings);
        let (usual, arms) = Arm::all(row, &settings);
        let models = row.models.iter().filter(|model| holds_all(&model.then.r#if, &settings));
        let hosts = models.map(|model| model.then.host.as_deref().unwrap_or(&chosen.host));
        let all = std::iter::once((&usual, chosen.host.as_str())).chain(arms.iter().zip(hosts));
        for (arm, host) in all {
            let way = way(row, arm, host, &conditions);
            let same = |known: &Way| Way { settings: way.settings.clone(), ..known.clone() } == way;
            match ways.iter_mut().find(|known| same(known)) {
                // the usual way is better told by what it is for
                Some(known) if told(&known.settings).is_empty() => known.settings = way.settings,
                Some(_) => {}
                None => ways.push(way),
            }
        }
    }
    let needed = |text: &String| row.tokens == Tokens::Required && text == "apiTokens";
    for way in &mut ways {
        way.settings = told(&way.settings);
        way.settings.retain(|text| !needed(text));
    }
    ways
}

/// What holds by itself is not told.
fn told(conditions: &[String]) -> Vec<String> {
    conditions.iter().filter(|text| *text != "protocol=openai" && *text != "ownForm").cloned().collect()
}

fn way(row: &Row, arm: &Arm, host: &str, conditions: &[String]) -> Way {
    let all = || Operation::ALL.iter().copied().filter(|operation| *operation != Operation::Other);
    let passes: Vec<_> = all().filter(|operation| arm.passes(*operation)).collect();
    Way {
        settings: conditions.to_vec(),
        models: arm.patterns().to_vec(),
        host: with_defaults(host, row),
        auth: auth(&arm.auth),
        speaks: arm.speech.protocol,
        translates: all().filter(|operation| !arm.passes(*operation) && arm.caller(*operation).is_some()).collect(),
        counts: arm.counts(),
        passes,
    }
}

/// Settings under which all conditions hold. `None`: no such settings are known.
fn satisfying(row: &Row, conditions: &[String]) -> Option<Settings> {
    let mut settings = Settings { kind: row.name.clone(), own_form: true, ..Settings::default() };
    if row.azure {
        let url = "https://NAME.openai.azure.com?api-version=VERSION";
        settings.options.insert("azureServiceUrl".to_owned(), Value::from(url));
    }
    for condition in conditions {
        let (key, text) = condition.split_once('=').unwrap_or((condition, "true"));
        match key {
            "apiTokens" => settings.tokens = 1,
            key if key.starts_with('!') || key.ends_with('!') || key == "protocol" || key == "ownForm" => {}
            key => drop(settings.options.insert(key.to_owned(), Value::from(text))),
        }
    }
    holds_all(conditions, &settings).then_some(settings)
}

/// `{option}` replaced by its default, if it has one.
fn with_defaults(host: &str, row: &Row) -> String {
    let fill = |host: String, (key, text): (&String, &String)| host.replace(&format!("{{{key}}}"), text);
    row.defaults.iter().fold(host.to_owned(), fill)
}

fn auth(auth: &Auth) -> String {
    match auth {
        Auth::Bearer => "`authorization: Bearer TOKEN`".to_owned(),
        Auth::BearerOrCaller => "`authorization: Bearer TOKEN`, without tokens the caller's own".to_owned(),
        Auth::Raw => "`authorization: TOKEN`".to_owned(),
        Auth::Scheme(name) => format!("`authorization: {name} TOKEN`"),
        Auth::Header(name) => format!("`{name}: TOKEN`"),
        Auth::Query(name) => format!("`?{name}=TOKEN`"),
        Auth::Aws => "AWS signature, version 4".to_owned(),
        Auth::Tencent => "Tencent signature, `TC3-HMAC-SHA256`".to_owned(),
        Auth::ServiceAccount => "access token of a service account".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_and_every_variant_of_its_row_is_told() {
        assert_eq!(portraits().count(), table::supported_types().count());
        for row in table::rows() {
            for variant in &row.variants {
                assert!(satisfying(row, &variant.r#if).is_some(), "{}: {:?}", row.name, variant.r#if);
            }
        }
    }

    #[test]
    fn what_passes_is_not_translated_and_everyone_who_can_is() {
        for portrait in portraits() {
            for way in &portrait.ways {
                assert!(way.translates.iter().all(|operation| !way.passes.contains(operation)), "{}", portrait.name);
            }
        }
        let claude = portraits().find(|portrait| portrait.name == "claude").unwrap();
        assert!(claude.ways[0].passes.contains(&Operation::AnthropicMessages));
        assert!(claude.ways[0].translates.contains(&Operation::ChatCompletions));
        assert!(claude.ways.iter().any(|way| way.settings == ["claudeCodeMode"]));
    }
}
