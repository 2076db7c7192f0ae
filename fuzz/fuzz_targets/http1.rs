//! Any cut of a reply reads the same, or is broken at the same place; nothing that a provider can send is a panic.
//!
//! Input: one byte that sets the size of the pieces, then the reply.
#![no_main]

use claviger_net::replay;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((size, reply)) = input.split_first() else { return };
    assert_eq!(replay(reply.chunks(usize::from(*size) + 1)), replay([reply]));
});
