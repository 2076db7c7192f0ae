//! Error and usage fields are found or not, but never a panic, and never an overlong message.
#![no_main]

use claviger_wire::{answer, fault};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = answer::read(input);
    let _ = fault::hidden_in_success(input);
    if let Some(fields) = fault::in_json(input) {
        assert!(fields.message.len() <= 2048);
    }
});
