//! Schema, documentation, examples and reader say the same: each is held against the others.

#![expect(clippy::unwrap_used, reason = "documents that cannot be read fail the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use claviger_config::{Loaded, Severity, Source, load};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;

#[path = "documents/validate.rs"]
mod validate;

use validate::{Check, list};

/// Keys of the top level that our own form has not.
const HIGRESS: [&str; 5] = ["provider", "activeProviderId", "_rules_", "_plugin_id_", "higress"];

/// Objects with a closed set of keys: where each stands in the schema, and a file with room for more of them at `@`.
const OBJECTS: &[(&str, &str)] = &[
    ("gateway", "{ providers: [ { type: openai } ], @ }"),
    ("gateway", "{ provider: { type: openai }, @ }"),
    ("listen/anyOf/1", "{ listen: { address: '127.0.0.1:1', @ } }"),
    ("tlsFiles", "{ listen: { address: '127.0.0.1:1', tls: { cert: c, @ } } }"),
    ("tlsFiles", "{ egress: { clientCert: { cert: c, @ } } }"),
    ("admin/anyOf/1", "{ admin: { listen: '127.0.0.1:1', @ } }"),
    ("client", "{ clients: [ { name: n, @ } ] }"),
    ("limits", "{ limits: { maxBody: 1, @ } }"),
    ("log", "{ log: { level: info, @ } }"),
    ("egress", "{ egress: { tls: true, @ } }"),
    ("egress", "{ providers: [ { type: openai, egress: { tls: true, @ } } ] }"),
    ("provider", "{ providers: [ { type: openai, @ } ] }"),
    ("credential/anyOf/1", "{ providers: [ { type: openai, apiTokens: [ { token: t, @ } ] } ] }"),
    (
        "credential/anyOf/1/properties/limits",
        "{ providers: [ { type: openai, apiTokens: [ { token: t, limits: { rpm: 1, @ } } ] } ] }",
    ),
    ("selection", "{ providers: [ { type: openai, selection: { strategy: sticky, @ } } ] }"),
    ("failover", "{ providers: [ { type: openai, failover: { enabled: true, @ } } ] }"),
    ("retryOnFailure", "{ providers: [ { type: openai, retryOnFailure: { enabled: true, @ } } ] }"),
    ("customSetting", "{ providers: [ { type: openai, customSettings: [ { name: seed, @ } ] } ] }"),
    ("context", "{ providers: [ { type: openai, context: { serviceName: s, @ } } ] }"),
    ("route", "{ providers: [ { id: a, type: openai } ], routes: [ { name: r, @ } ] }"),
    (
        "route/properties/match",
        "{ providers: [ { id: a, type: openai } ], routes: [ { match: { paths: [ /v1 ], @ } } ] }",
    ),
    ("target", "{ providers: [ { id: a, type: openai } ], routes: [ { tiers: [ [ { provider: a, @ } ] ] } ] }"),
    ("higress", "{ provider: { type: openai }, higress: { route: r, @ } }"),
    ("rule", "{ providers: [ { id: a, type: openai } ], _rules_: [ { _match_domain_: [ d ], @ } ] }"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "the documents under test are files")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema() -> Value {
    serde_json::from_str(&read(&root().join("schema/claviger.schema.json"))).unwrap()
}

fn documentation() -> String {
    read(&root().join("docs/config.md"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn examples() -> Vec<PathBuf> {
    files(&root().join("examples"), "yaml")
}

fn loaded(name: &str, text: &str) -> Loaded {
    // a secret for every name, so that no two are the same
    let env = |name: &str| Some(format!("made-up-secret-number-{name}"));
    let read_file = |path: &str| Ok(format!("made-up-secret-in-{path}\n"));
    load(&Source { name, text, env: &env, read_file: &read_file })
}

/// The keys of which the reader says that it does not read them.
fn unread(text: &str) -> BTreeSet<String> {
    let all = loaded("test.yaml", text).problems;
    let not_read =
        |code: &str, message: &str| code == "unknown_key" || code == "ignored" && message.contains("not read");
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    all.iter().filter(|found| not_read(found.code, &found.message)).map(|found| last(&found.path)).collect()
}

fn yaml_to_json(yaml: &Yaml<'_>) -> Value {
    if let Some(map) = yaml.as_mapping() {
        let pair = |(key, value): (&Yaml<'_>, &Yaml<'_>)| (key.as_str().unwrap_or("").to_owned(), yaml_to_json(value));
        return Value::Object(map.iter().map(pair).collect());
    }
    if let Some(items) = yaml.as_sequence() {
        return Value::Array(items.iter().map(yaml_to_json).collect());
    }
    if let Some(flag) = yaml.as_bool() {
        return Value::Bool(flag);
    }
    if let Some(number) = yaml.as_integer() {
        return Value::from(number);
    }
    if let Some(number) = yaml.as_floating_point() {
        return Value::from(number);
    }
    yaml.as_str().map_or(Value::Null, Value::from)
}

fn documents(path: &Path) -> Vec<Value> {
    Yaml::load_from_str(&read(path)).unwrap().iter().map(yaml_to_json).collect()
}

/// The keys the schema has for an object, in the form of the file.
fn keys_of(schema: &Value, object: &str, template: &str) -> BTreeSet<String> {
    let found = schema.pointer(&format!("/$defs/{object}/properties")).unwrap_or_else(|| panic!("no {object}"));
    let plugin = template.starts_with("{ provider:");
    let other_form = |key: &str| object == "gateway" && if plugin { key == "routes" } else { HIGRESS.contains(&key) };
    found.as_object().unwrap().keys().filter(|key| !other_form(key)).cloned().collect()
}

/// Every name under `properties`, anywhere.
fn property_names(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                if key == "properties" {
                    names.extend(value.as_object().unwrap().keys().cloned());
                }
                property_names(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| property_names(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn used_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                keys.insert(key.clone());
                used_keys(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| used_keys(item, keys)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The file with these keys added, all without a value: the reader learns of a key before it looks at the value.
fn with_keys<'k>(template: &str, keys: impl IntoIterator<Item = &'k String>) -> String {
    let pairs: Vec<String> = keys.into_iter().map(|key| format!("{key}: ~")).collect();
    template.replace('@', &pairs.join(", "))
}

fn stands_in(template: &str, key: &str) -> bool {
    let flat = template.replace(['{', '[', ','], " ");
    flat.split_whitespace().any(|word| word.strip_suffix(':') == Some(key))
}

#[test]
fn every_example_loads_without_an_error() {
    let all = examples();
    assert!(all.len() >= 8, "{all:?}");
    for path in all {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let loaded = loaded(&name, &read(&path));
        let errors = loaded.problems.iter().filter(|found| found.severity == Severity::Error);
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert!(loaded.plan.is_some(), "{name}");
        assert!(!loaded.problems.iter().any(|found| found.code == "unknown_key"), "{:#?}", loaded.problems);
    }
}

#[test]
fn every_example_says_what_it_shows_and_how_to_run_it() {
    for path in examples() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = read(&path);
        let head = text.lines().next().unwrap_or_default();
        assert!(
            head.starts_with("# ") && head.ends_with(&format!("claviger serve --config examples/{name}")),
            "{head}"
        );
        assert!(documentation().contains(&format!("](../examples/{name})")), "{name} is not in docs/config.md");
    }
}

#[test]
fn every_example_fits_the_schema() {
    let schema = schema();
    for path in examples() {
        for document in documents(&path) {
            let mut check = Check::new(&schema);
            check.value(&schema, &document, "");
            assert!(check.wrong.is_empty(), "{}: {:#?}", path.display(), check.wrong);
        }
    }
}

#[test]
fn a_key_that_is_mistyped_does_not_fit_the_schema() {
    let schema = schema();
    for (object, template) in OBJECTS {
        let text = with_keys(template, [&"madeUpKey".to_owned()]);
        let document = yaml_to_json(&Yaml::load_from_str(&text).unwrap()[0]);
        let check = Check::new(&schema);
        assert!(!check.holds(&schema, &document), "{object}");
    }
}

#[test]
fn the_full_example_has_every_key_of_our_own() {
    let schema = schema();
    let mut used = BTreeSet::new();
    documents(&root().join("examples/full.yaml")).iter().for_each(|document| used_keys(document, &mut used));
    let theirs = ["provider", "failover", "context", "rule", "higress"];
    let ours = OBJECTS.iter().filter(|(object, file)| !theirs.contains(object) && !file.starts_with("{ provider:"));
    let mut own: BTreeSet<String> = ours.flat_map(|(object, file)| keys_of(&schema, object, file)).collect();
    own.extend(["id", "type", "apiTokens", "selection", "egress", "connectTimeout"].map(str::to_owned));
    let unused: Vec<_> = own.difference(&used).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_key_of_the_schema_is_documented() {
    let text = documentation();
    let mut names = BTreeSet::new();
    property_names(&schema(), &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn look(schema: &Value, path: &str, bare: &mut Vec<String>) {
        let Some(entries) = schema.as_object() else {
            schema.as_array().into_iter().flatten().for_each(|item| look(item, path, bare));
            return;
        };
        for (key, value) in entries {
            if key == "properties" {
                let lacks = |value: &Value| value.get("description").is_none() && value.get("$ref").is_none();
                let found = value.as_object().unwrap().iter().filter(|(_, value)| lacks(value));
                bare.extend(found.map(|(name, _)| format!("{path}/{name}")));
            }
            look(value, &format!("{path}/{key}"), bare);
        }
    }
    let schema = schema();
    let mut bare = Vec::new();
    look(&schema, "", &mut bare);
    let defs = schema["$defs"].as_object().unwrap();
    bare.extend(defs.iter().filter(|(_, def)| def.get("description").is_none()).map(|(name, _)| name.clone()));
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn the_reader_knows_every_key_of_the_schema() {
    let schema = schema();
    let made_up = "madeUpKey".to_owned();
    for (object, template) in OBJECTS {
        for key in keys_of(&schema, object, template).iter().filter(|key| !stands_in(template, key)) {
            let unread = unread(&with_keys(template, [key, &made_up]));
            assert!(!unread.contains(key), "{object}: {key} is in the schema, but not read");
            assert!(unread.contains(&made_up), "{object}, {key}: a made-up key is not reported");
        }
    }
}

#[test]
fn the_schema_knows_every_key_of_the_reader() {
    // whatever the reader may know stands as a text in its source
    let word = regex::Regex::new("\"([A-Za-z_][A-Za-z0-9_]*)\"").unwrap();
    let mut words = BTreeSet::new();
    property_names(&schema(), &mut words);
    for path in files(&root().join("crates/config/src"), "rs") {
        words.extend(word.captures_iter(&read(&path)).map(|found| found[1].to_owned()));
    }
    // these decide the form, at the top
    let special = ["kind", "provider", "activeProviderId", "_rules_"];
    for (object, template) in OBJECTS {
        let known = keys_of(&schema(), object, template);
        let top = *object == "gateway";
        let strange = words.iter().filter(|word| !known.contains(*word) && !stands_in(template, word));
        let strange: Vec<&String> = strange.filter(|word| !(top && special.contains(&word.as_str()))).collect();
        let unread = unread(&with_keys(template, strange.iter().copied()));
        let accepted: Vec<_> = strange.into_iter().filter(|word| !unread.contains(*word)).collect();
        assert!(accepted.is_empty(), "{object}: the reader knows {accepted:?}, the schema does not");
    }
}

#[test]
fn every_provider_type_is_in_schema_and_documentation() {
    let (schema, text) = (schema(), documentation());
    let listed: BTreeSet<String> = list(&schema["$defs"]["provider"]["properties"]["type"]["enum"])
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let rows: BTreeSet<String> = files(&root().join("crates/providers/rows"), "toml")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(listed, rows);
    for name in listed {
        assert!(text.contains(&format!("`{name}`")), "{name} is not in docs/config.md");
    }
}

#[test]
fn every_code_of_a_problem_is_documented() {
    let text = documentation();
    let source = read(&root().join("crates/config/src/problem.rs"));
    let word = regex::Regex::new("=> \"([a-z_]+)\"").unwrap();
    for code in word.captures_iter(&source).map(|found| found[1].to_owned()) {
        if !["error", "warning"].contains(&code.as_str()) {
            assert!(text.contains(&format!("| `{code}` |")), "{code} is not in docs/config.md");
        }
    }
}
