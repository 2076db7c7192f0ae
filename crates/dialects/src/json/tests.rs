use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::text::{Number, Text};

record! {
    /// For these tests.
    struct Thing<'a> {
        name: Text<'a> = "name" | "title",
        size: Number<'a> = "size",
        inner: TextOr<'a, Vec<Text<'a>>> = "inner",
        loose: Loose<'a, Text<'a>> = "loose",
    }
}

fn thing(text: &str) -> Thing<'_> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_record_keeps_what_it_does_not_know() {
    let thing = thing(r#"{"name":"a","odd":{"b":[1]},"none":null}"#);
    assert_eq!(thing.unknown.len(), 1);
    assert_eq!((thing.unknown[0].name.as_str(), thing.unknown[0].value.get()), ("odd", r#"{"b":[1]}"#));
}

#[test]
fn null_does_not_undo_what_stands_under_another_name() {
    assert_eq!(thing(r#"{"name":"a","title":null}"#).name.as_deref(), Some("a"));
}

#[test]
fn numbers_stay_as_they_were_written() {
    for (text, want) in [("0.10", "0.10"), ("1e2", "1e2"), ("\"7\"", "7"), ("-0", "-0")] {
        assert_eq!(thing(&format!(r#"{{"size":{text}}}"#)).size.unwrap().as_str(), want);
    }
    for wrong in ["true", "[]", "\"seven\"", "\"\"", "{}"] {
        assert!(serde_json::from_str::<Thing<'_>>(&format!(r#"{{"size":{wrong}}}"#)).is_err(), "{wrong}");
    }
}

#[test]
fn a_number_is_held_within_a_range() {
    let raw = |text: &str| serde_json::from_str::<Box<RawValue>>(text).unwrap();
    for (text, want) in [("1.5", "1"), ("-3", "0"), ("0.5", "0.5")] {
        assert_eq!(Number::read(&raw(text)).unwrap().clamped(0, 1).as_str(), want);
    }
}

#[test]
fn a_field_of_an_answer_may_surprise() {
    assert!(thing(r#"{"loose":[1]}"#).loose.unwrap().known().is_none());
    assert_eq!(thing(r#"{"loose":"x"}"#).loose.unwrap().known().as_deref(), Some("x"));
}

#[test]
fn either_a_string_or_a_list_is_read() {
    assert!(matches!(thing(r#"{"inner":"a\n"}"#).inner, Some(TextOr::Text(text)) if text.as_str() == "a\n"));
    assert!(matches!(thing(r#"{"inner":["a"]}"#).inner, Some(TextOr::Other(list)) if list.len() == 1));
    assert!(serde_json::from_str::<Thing<'_>>(r#"{"inner":1}"#).is_err());
}

#[test]
fn arguments_become_an_object_whatever_the_model_wrote() {
    assert_eq!(json_of(" {\"a\":1} "), "{\"a\":1}");
    assert_eq!(json_of(""), "{}");
    assert_eq!(json_of("null"), "{}");
    assert_eq!(json_of("{\"a\":"), r#"{"raw_arguments":"{\"a\":"}"#);
    assert_eq!(json_of("[1]"), r#"{"raw_arguments":"[1]"}"#);
}

#[test]
fn values_of_pretty_bodies_fit_on_one_line() {
    let mut out = Vec::new();
    Object::write(&mut out, |object| object.raw("a", "{\r\n  \"b\": \"\\n\"\n}"));
    assert!(!out.contains(&b'\n') && !out.contains(&b'\r'));
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), json!({ "a": { "b": "\n" } }));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(key in any::<String>(), text in any::<String>(), count in any::<u64>(), flag in any::<bool>()) {
        let mut out = Vec::new();
        Object::write(&mut out, |object| {
            object.text(&key, &text);
            object.joined("joined", &[&text, &key]);
            object.count("count", count);
            object.flag("flag", flag);
            object.list("list", |list| {
                list.text(&text);
                list.object(|_| {});
            });
        });
        let mut want = json!({});
        want[&key] = text.clone().into();
        for (name, value) in [("joined", json!(format!("{text}{key}"))), ("count", json!(count)), ("flag", json!(flag)), ("list", json!([text, {}]))] {
            want[name] = value;
        }
        prop_assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), want);
    }
}
