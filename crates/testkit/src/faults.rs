//! Chooses the faults that hit a request, and applies them to the answer. Pure: chance comes from seed, token and number.

mod apply;

pub(crate) use apply::{Outgoing, apply};

use std::time::Duration;

use claviger_types::{Operation, glob};

use crate::script::{Fault, FaultKind, TokenScript};

/// What the filters of a fault look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) seed: u64,
    pub(crate) token: &'a str,
    pub(crate) number: u64,
    pub(crate) operation: Operation,
    pub(crate) model: Option<&'a str>,
}

/// The faults that hit one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// Wait this long first.
    pub(crate) delay: Duration,
    /// Wait this long between frames.
    pub(crate) pace: Duration,
    /// Cut frames into pieces of so many bytes.
    pub(crate) drip: Option<usize>,
    /// Compress; true: also unasked.
    pub(crate) gzip: Option<bool>,
    /// What goes wrong.
    pub(crate) fault: Option<FaultKind>,
}

/// The faults of `script` that hit `subject`.
pub(crate) fn plan(script: &TokenScript, subject: &Subject<'_>) -> Plan {
    let mut plan = Plan::default();
    for (index, fault) in script.faults.iter().enumerate() {
        if !hits(fault, subject, index) {
            continue;
        }
        match &fault.kind {
            FaultKind::Delay { ms } => plan.delay += Duration::from_millis(*ms),
            FaultKind::Pace { ms } => plan.pace = Duration::from_millis(*ms),
            FaultKind::Drip { bytes, every_ms } => {
                plan.drip = Some((*bytes).max(1));
                plan.pace = Duration::from_millis(*every_ms);
            }
            FaultKind::Gzip { forced } => plan.gzip = Some(*forced),
            kind => plan.fault = plan.fault.take().or_else(|| Some(kind.clone())),
        }
    }
    plan
}

fn hits(fault: &Fault, subject: &Subject<'_>, index: usize) -> bool {
    fault.from.is_none_or(|from| subject.number >= from)
        && fault.to.is_none_or(|to| subject.number <= to)
        && fault.operation.as_deref().is_none_or(|pattern| names(pattern, subject.operation))
        && fault.model.as_deref().is_none_or(|pattern| subject.model.is_some_and(|model| glob(pattern, model)))
        && fault.probability.is_none_or(|probability| chance(subject, index) < probability)
}

fn names(pattern: &str, operation: Operation) -> bool {
    let name = operation.name();
    glob(pattern, name) || name.rsplit('/').next().is_some_and(|last| glob(pattern, last))
}

/// A number in 0..1 that depends on seed, token, request number and the fault's place alone.
fn chance(subject: &Subject<'_>, index: usize) -> f64 {
    let mut state = subject.seed ^ digest(subject.token.as_bytes());
    for part in [subject.number, index as u64] {
        state = mix(state.wrapping_add(part.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    }
    // 53 bits are what a double holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "the value has 53 bits")]
    let unit = (state >> 11) as f64 / (1_u64 << 53) as f64;
    unit
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014).
const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// FNV-1a: short, stable across versions, good enough for ids and dice in tests.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
