use proptest::prelude::*;

use super::*;

const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
    --b\r\ncontent-disposition: form-data; name=file; filename=\"model\\\".wav\"\r\nContent-Type: audio/wav\r\n\r\n\
    \r\n--bc\r\nname=\"model\"\r\n\
    --b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b--\r\n";

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[test]
fn the_boundary_is_read_quoted_or_bare() {
    assert_eq!(boundary("multipart/form-data; boundary=abc").as_deref(), Some("abc"));
    assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\"").as_deref(), Some("a b;c"));
    assert_eq!(boundary("multipart/form-data;boundary=----x; charset=utf-8").as_deref(), Some("----x"));
    let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
    for unusable in [
        "multipart/form-data",
        "multipart/mixed; boundary=a",
        "application/json",
        "multipart/form-data; boundary=",
        &long,
    ] {
        assert_eq!(boundary(unusable), None, "{unusable}");
    }
}

#[test]
fn text_fields_are_found_and_files_are_not() {
    assert_eq!(text_field(FORM.as_bytes(), "b", "model").as_deref(), Some("whisper-1"));
    assert_eq!(text_field(FORM.as_bytes(), "b", "empty").as_deref(), Some(""));
    assert_eq!(text_field(FORM.as_bytes(), "b", "file"), None);
    assert_eq!(text_field(FORM.as_bytes(), "other", "model"), None);
    assert_eq!(text_field(&FORM.replace("\r\n", "\n").into_bytes(), "b", "model").as_deref(), Some("whisper-1"));
    assert_eq!(count(FORM.as_bytes(), "b", "model"), 1);
}

#[test]
fn a_field_is_replaced_where_it_stands() {
    let set = set_field(&bytes(FORM), "b", "model", "other");
    assert_eq!(set, FORM.replace("whisper-1", "other"));
    assert_eq!(
        set_field(&set, "b", "empty", "x"),
        FORM.replace("whisper-1", "other").replace("\r\n\r\n\r\n--b--", "\r\n\r\nx\r\n--b--")
    );
}

#[test]
fn a_field_without_content_and_line_break_gets_both() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n--b--";
    assert_eq!(text_field(body.as_bytes(), "b", "model").as_deref(), Some(""));
    let set = set_field(&bytes(body), "b", "model", "m");
    assert_eq!(set, body.replace("\r\n--b--", "\r\nm\r\n--b--"));
    assert_eq!(text_field(&set, "b", "model").as_deref(), Some("m"));
}

#[test]
fn a_missing_field_becomes_the_last_part() {
    let set = set_field(&bytes(FORM), "b", "say \"hi\"", "1");
    let part = "--b\r\nContent-Disposition: form-data; name=\"say %22hi%22\"\r\n\r\n1\r\n";
    assert_eq!(set, FORM.replace("--b--", &format!("{part}--b--")));
    assert_eq!(check(&set, "b"), Ok(()));
    assert_eq!(
        set_field(&bytes("--b--"), "b", "n", "v"),
        "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--b--"
    );
}

#[test]
fn what_is_malformed_is_named_and_left_alone() {
    let cut = &FORM[..FORM.len() - 6];
    let cases = [
        ("", MultipartError::NoParts),
        ("x--b\r\n", MultipartError::NoParts),
        ("--b\r\nno header\r\n\r\nx\r\n--b--", MultipartError::BadHeader),
        ("--b\r\nA: b\r\n", MultipartError::BadHeader),
        ("--b\r\nA: b\r\n\r\nx", MultipartError::NotTerminated),
        (cut, MultipartError::NotTerminated),
    ];
    for (body, error) in cases {
        assert_eq!(check(body.as_bytes(), "b"), Err(error), "{body}");
        assert_eq!(set_field(&bytes(body), "b", "absent", "v"), body);
    }
    assert_eq!(check(FORM.as_bytes(), "b"), Ok(()));
    assert_eq!(check(b"preamble\r\n--b \t\r\n\r\nx\r\n--b--", "b"), Ok(()));
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn setting_a_field_reads_back_and_leaves_the_rest(
        fields in prop::collection::vec(("[a-c]", "[a-b\r\n-]{0,12}"), 0..5), name in "[a-d]", value in "[x-z\r\n]{0,6}",
    ) {
        let mut form = String::new();
        for (field, text) in &fields {
            form += &format!("--bound\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n");
        }
        form += "--bound--\r\n";
        let body = Bytes::from(form);
        let set = set_field(&body, "bound", &name, &value);
        prop_assert_eq!(text_field(&set, "bound", &name), Some(value));
        for (field, text) in fields.iter().filter(|(field, _)| *field != name) {
            let first = fields.iter().find(|(other, _)| other == field).map(|(_, text)| text.clone());
            prop_assert_eq!(text_field(&set, "bound", field), first, "{:?}", text);
        }
        if let Some(old) = text_field(&body, "bound", &name) {
            prop_assert_eq!(set_field(&set, "bound", &name, &old), body);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(words in prop::collection::vec(prop::sample::select(vec![
        "--b", "--", "\r\n", "\n", "b", "Content-Disposition: form-data; name=\"a\"", ";", "\"", "\\", ": ", "é",
    ]), 0..24)) {
        let body = Bytes::from(words.concat());
        let well_formed = check(&body, "b").is_ok();
        let set = set_field(&body, "b", "a", "1");
        if well_formed {
            prop_assert_eq!(text_field(&set, "b", "a"), Some("1".to_owned()));
        }
        let _ = boundary(&words.concat());
    }
}
