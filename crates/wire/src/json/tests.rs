use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[test]
fn wanted_fields_come_back_as_they_stand() {
    let body = br#" { "model" : "gpt-4o" ,"n":{"model":1}, "stream":true, "temperature":1.0e3 } "#;
    let found = scan(body, &["model", "stream", "absent", "n", "temperature"]).unwrap();
    assert_eq!(found, [Some("\"gpt-4o\""), Some("true"), None, Some("{\"model\":1}"), Some("1.0e3")]);
}

#[test]
fn a_wanted_key_given_twice_is_refused_even_when_escaped() {
    for body in [r#"{"model":"a","model":"b"}"#, r#"{"model":"a","\u006dodel":"b"}"#] {
        assert_eq!(scan(body.as_bytes(), &["model"]), Err(JsonError::Duplicate("model".into())));
    }
    assert_eq!(scan(br#"{"x":1,"x":2,"model":3}"#, &["model"]).unwrap(), [Some("3")]);
}

#[test]
fn what_is_not_one_object_is_told_apart_and_not_repeated() {
    assert_eq!(scan(b"[1]", &[]), Err(JsonError::NotObject));
    assert_eq!(scan(b"\"secret\"", &[]), Err(JsonError::NotObject));
    assert_eq!(scan(b"{\"a\":\"\xff\"}", &[]), Err(JsonError::InvalidUtf8));
    for body in [
        "",
        "{",
        "{\"a\":secret}",
        "{\"a\":1} secret",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{secret:1}",
        "secret",
        "{\"a\":\"se\ncret\"}",
    ] {
        let error = scan(body.as_bytes(), &["a"]).unwrap_err();
        assert!(matches!(error, JsonError::Syntax { .. }), "{body}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let error = scan(b"{\n \"a\": tru }", &[]).unwrap_err();
    assert_eq!(error.to_string(), "the body is not valid JSON: expected ident at line 2 column 10");
}

#[test]
fn a_cut_body_shows_the_fields_before_the_cut() {
    let body = br#"{"stream":true,"model":"m","messages":[{"content":"and so o"#;
    assert_eq!(in_prefix(body, &["model", "stream", "messages"]), [Some("\"m\""), Some("true"), None]);
    assert_eq!(in_prefix(b"{\"model\":\"gp", &["model"]), [None]);
    assert_eq!(in_prefix(b"", &["model"]), [None]);
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(scan(deep.as_bytes(), &["a"]).is_ok());
    assert_eq!(set_field(&bytes(&deep), "a", "1"), r#"{"a":1}"#);
}

#[test]
fn a_field_is_replaced_in_place_and_nothing_else_moves() {
    let cases = [
        (r#"{ "model" :  "a" , "x": [ "}" ] }"#, r#"{ "model" :  "new" , "x": [ "}" ] }"#),
        (r#"{"x":{"model":"in\"ner"},"model":1.50}"#, r#"{"x":{"model":"in\"ner"},"model":"new"}"#),
        (r#"{"mod\u0065l":null}"#, r#"{"mod\u0065l":"new"}"#),
        ("{}", r#"{"model":"new"}"#),
        ("{\"x\":1\n} \n", "{\"x\":1\n,\"model\":\"new\"} \n"),
        (r#"{"model":1,"model":{"a":2}}"#, r#"{"model":1,"model":"new"}"#),
    ];
    for (body, expected) in cases {
        assert_eq!(set_field(&bytes(body), "model", "\"new\""), expected);
    }
}

#[test]
fn a_field_is_removed_with_one_comma() {
    let cases = [
        (r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
        (r#"{ "b":2 , "a":1 }"#, r#"{ "b":2  }"#),
        (r#"{"b":2,"a":[1,{"a":2}],"c":3}"#, r#"{"b":2,"c":3}"#),
        (r#"{ "a":1 }"#, "{  }"),
        (r#"{"a":1,"a":2,"b":3,"a":4}"#, r#"{"b":3}"#),
        (r#"{"a":1,"a":2}"#, "{}"),
        (r#"{"b":1}"#, r#"{"b":1}"#),
    ];
    for (body, expected) in cases {
        assert_eq!(remove_field(&bytes(body), "a"), expected);
    }
}

#[test]
fn a_body_that_is_no_object_stays_as_it_is() {
    for body in [
        "",
        "{",
        "}",
        "[]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":\"\\",
        "{\"a\":[}",
        "null",
        "{\"a\":1}x",
        "{,}",
        "{\"a\":]}",
    ] {
        assert_eq!(set_field(&bytes(body), "a", "2"), body);
        assert_eq!(remove_field(&bytes(body), "a"), body);
    }
}

#[test]
fn quoting_escapes_what_json_needs() {
    assert_eq!(quote("a\"b\\c\n\u{1}é"), r#""a\"b\\c\n\u0001é""#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c{}\\[\\]\"\\\\,:é ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c\"\\\\]{0,2}", inner), 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("[a-c\"\\\\]{0,2}", any_json()), 0..6).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn surgery_means_what_a_tree_edit_means(object in any_object(), key in "[a-c\"\\\\]{0,2}", pretty: bool) {
        let value = Value::Object(object.clone());
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let body = Bytes::from(text);
        let found = scan(&body, &[&key]).unwrap();
        let parsed = found[0].map(|raw| serde_json::from_str::<Value>(raw).unwrap());
        prop_assert_eq!(parsed.as_ref(), object.get(&key));

        let mut expected = object.clone();
        expected.insert(key.clone(), json!({"n": 1}));
        let set = set_field(&body, &key, "{\"n\": 1}");
        prop_assert_eq!(&serde_json::from_slice::<Value>(&set).unwrap(), &Value::Object(expected));
        if object.contains_key(&key) {
            let back = set_field(&set, &key, found[0].unwrap());
            prop_assert_eq!(&back, &body);
        }

        let mut expected = object;
        expected.shift_remove(&key);
        let removed = remove_field(&body, &key);
        prop_assert_eq!(serde_json::from_slice::<Value>(&removed).unwrap(), Value::Object(expected));
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(prop::sample::select(b"{}[]\":,\\ a1\xff\n".to_vec()), 0..40)) {
        let body = Bytes::from(body);
        let valid = scan(&body, &["a"]).is_ok();
        let set = set_field(&body, "a", "1");
        let removed = remove_field(&body, "a");
        if valid {
            prop_assert_eq!(scan(&set, &["a"]).unwrap(), [Some("1")]);
            prop_assert_eq!(scan(&removed, &["a"]).unwrap(), [None]);
        }
    }
}
