//! Setting a field of a valid object reads back, and setting the old value again restores the bytes.
#![no_main]

use bytes::Bytes;
use claviger_wire::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let body = Bytes::copy_from_slice(input);
    let set = json::set_field(&body, "model", "\"m\"");
    let removed = json::remove_field(&body, "model");
    let Ok(found) = json::scan(&body, &["model"]) else { return };
    assert_eq!(json::scan(&set, &["model"]), Ok(vec![Some("\"m\"")]));
    assert_eq!(json::scan(&removed, &["model"]), Ok(vec![None]));
    match found[0] {
        Some(old) => assert_eq!(json::set_field(&set, "model", old), body),
        None => assert_eq!(removed, body),
    }
});
