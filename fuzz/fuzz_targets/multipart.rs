//! Setting a field of a well-formed form reads back and keeps it well formed.
#![no_main]

use bytes::Bytes;
use claviger_wire::multipart;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = std::str::from_utf8(input).map(multipart::boundary);
    let body = Bytes::copy_from_slice(input);
    let set = multipart::set_field(&body, "b", "model", "m");
    if multipart::check(&body, "b").is_ok() {
        assert_eq!(multipart::check(&set, "b"), Ok(()));
        assert_eq!(multipart::text_field(&set, "b", "model").as_deref(), Some("m"));
    } else {
        assert_eq!(set, body);
    }
});
