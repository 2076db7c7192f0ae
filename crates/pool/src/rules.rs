//! The numbers of the pool, each with its reason. Sources: DESIGN section 4 and the ablations of the selection study.

use std::time::Duration;

use claviger_types::Class;

/// A hint is believed up to this; afterwards one probe decides.
pub(crate) const HINT_CAP: Duration = Duration::from_secs(3600);
/// `retry-after` counts whole seconds, rounded up.
pub(crate) const HINT_UNIT: Duration = Duration::from_secs(1);
/// Hints are stretched by up to this share, so that not everybody returns in the same instant.
pub(crate) const HINT_JITTER: f64 = 0.05;

/// How fast evidence about endpoint and neighbours fades. Seconds-long, so that an outage is seen and forgotten fast.
pub(crate) const EVIDENCE_HALF_LIFE: f64 = 3.0;
/// A fact about a credential shows that the endpoint answers: half as good as a success.
pub(crate) const FACT_IS_LIFE: f64 = 0.5;

/// EWMA step of the success score.
pub(crate) const SCORE_STEP: f64 = 0.2;
/// A low score drifts half way back to 1 in so many seconds.
pub(crate) const SCORE_HALF_LIFE: f64 = 30.0;
/// Share = weight × score to this power: one failure of a healthy credential leaves it a quarter of its share.
pub(crate) const SCORE_POWER: i32 = 6;
/// The score after a successful probe: the share ramps up from an eighth.
pub(crate) const SCORE_RESTORED: f64 = 0.7;

/// Who takes this many times longer than the others to the first content loses share with the square of it. Less says
/// nothing about a credential: latency follows model, prompt and hour.
pub(crate) const SLOW: f64 = 2.5;
/// How often shares that drift are looked at again.
pub(crate) const DRIFT: Duration = Duration::from_millis(500);

/// Below this part of its quota a credential loses share, so that it lasts until the reset.
pub(crate) const ALLOWANCE_THIN: f64 = 0.1;
/// It keeps this part of its share until nothing is left.
pub(crate) const ALLOWANCE_LEAST: f64 = 0.05;
/// Who has nothing left is asked again after this time although the reset is later: many providers refill bit by bit.
/// Where that is refused, the reset is waited for from then on.
pub(crate) const ALLOWANCE_EARLY: Duration = Duration::from_secs(1);
/// How long a remaining quota is believed whose reset was not told, and the longest otherwise: good answers say it
/// anew all the time.
pub(crate) const ALLOWANCE_UNKNOWN: Duration = Duration::from_secs(1);
/// See [`ALLOWANCE_UNKNOWN`].
pub(crate) const ALLOWANCE_CAP: Duration = Duration::from_secs(60);

/// Cost of an attempt that still waits for its first content, in units of one service: a silent credential loses its
/// turn before any timeout.
pub(crate) const PENDING_PENALTY: f64 = 5.0;
/// Debt from worse days is capped at so many turns of the least weighted credential.
pub(crate) const DEBT_CAP: f64 = 4.0;

/// Blame-weighted failures in a row that eject.
pub(crate) const EJECT_STRIKES: f64 = 3.0;
/// First and longest ejection.
pub(crate) const EJECT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));
/// One ejection is forgotten after so many good seconds.
pub(crate) const EJECT_FORGET: f64 = 60.0;
/// Ejections and breaker gaps vary by this share either way.
pub(crate) const JITTER: f64 = 0.25;
/// A timeout costs the caller more than an error, so it weighs more.
pub(crate) const TIMEOUT_WEIGHT: f64 = 1.5;

/// An answer that broke after its beginning had been passed on cannot be rescued.
pub(crate) const BROKEN_WEIGHT: f64 = 2.0;

/// The endpoint's bucket: emptied by guesses in proportion to the endpoint's share of the blame, filled by successes.
pub(crate) const BUCKET: f64 = 10.0;
/// At or below this the endpoint is suspect: retries of what it may have failed are this far apart.
pub(crate) const BUCKET_SUSPECT: f64 = 7.0;
/// See [`BUCKET_SUSPECT`].
pub(crate) const RETRY_GAP: Duration = Duration::from_millis(500);
/// What a successful probe of an open endpoint refills the bucket to.
pub(crate) const BUCKET_RESTORED: f64 = 8.0;
/// First and later gaps between probes of an open endpoint.
pub(crate) const BREAKER_GAP: (Duration, Duration) = (Duration::from_millis(150), Duration::from_millis(200));
/// How much later a request may probe for each time that it has failed.
pub(crate) const PROBE_YIELD: Duration = Duration::from_millis(40);
/// A probe that is silent for so many times longer than the last failure took, and at least so long, is likely to
/// succeed.
pub(crate) const PROMISING: (u32, Duration) = (2, Duration::from_millis(100));
/// A probe that is silent for so long does not hold up the next one.
pub(crate) const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// Share of requests that may probe while healthy credentials are there, and how many may be saved up.
pub(crate) const PROBE_SHARE: f64 = 0.1;
/// See [`PROBE_SHARE`].
pub(crate) const PROBE_BURST: f64 = 3.0;

/// Pause after a check of the gateway's own that told nothing.
pub(crate) const CHECK_AGAIN: Duration = Duration::from_secs(5);

/// Keys refused within this time of each other were probably refused for the same reason.
pub(crate) const LIKEWISE: Duration = Duration::from_secs(10);

/// A learned pace grows until the next refusal, by a power of e of this times the seconds since then, and
/// [`PACE_HASTE`] times their square: carefully where the limit is near, then ever faster, in case it has moved.
pub(crate) const PACE_GROWTH: f64 = 0.02;
/// See [`PACE_GROWTH`].
pub(crate) const PACE_HASTE: f64 = 0.002;
/// The first pace is this much more than what was accepted lately.
pub(crate) const PACE_HOPE: f64 = 1.2;
/// What was accepted before the first refusal is measured with this half-life in seconds.
pub(crate) const PACE_HALF_LIFE: f64 = 2.0;
/// Refusals within so many seconds are one lesson.
pub(crate) const PACE_ONE_BURST: f64 = 0.5;
/// Two refusals within so many seconds measure the limit between them.
pub(crate) const PACE_BETWEEN: f64 = 60.0;
/// So many seconds' worth of a pace are saved up while somebody rests or is not asked.
pub(crate) const PACE_SAVED: f64 = 1.2;
/// Never slower than one in ten seconds.
pub(crate) const PACE_LEAST: f64 = 0.1;
/// Below this fading count of accepted attempts an endpoint is down rather than slow.
pub(crate) const PACE_ALIVE: f64 = 1.0;
/// Learned limits are forgotten after so many seconds without a refusal.
pub(crate) const LEARNED_FORGET: f64 = 60.0;
/// So many credentials that rest for a rate limit are tried by who cannot wait, although their pace is not open.
pub(crate) const HASTY_TRIES: usize = 3;
/// So many requests may wait for an endpoint; more are refused at once.
pub(crate) const LINE_MOST: usize = 10_000;
/// Lines up to this are counted exactly.
pub(crate) const LINE_COUNTED: usize = 256;
/// How soon somebody who waits for a place in a window looks again, should nobody wake them.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Patience with an unproven credential while nothing is known about the endpoint's speed.
pub(crate) const UNPROVEN_PATIENCE: Duration = Duration::from_secs(2);
/// The same for an answer that does not stream.
pub(crate) const UNPROVEN_PATIENCE_WHOLE: Duration = Duration::from_secs(4);
/// Never hedge sooner, however fast the endpoint usually is.
pub(crate) const SHORTEST_PATIENCE: Duration = Duration::from_millis(500);
/// Least patience with a proven credential: models may think before they speak.
pub(crate) const PROVEN_PATIENCE: Duration = Duration::from_secs(5);

/// So many attempts that wait together without anybody having been heard show that the endpoint is silent.
pub(crate) const SILENT_TOGETHER: u32 = 4;
/// Then patience is so many times longer.
pub(crate) const SILENT_PATIENCE: u32 = 4;

/// (provider, model) pairs kept before idle ones are forgotten, and how long a pair must have been idle.
pub(crate) const ENDPOINTS_KEPT: usize = 512;
/// See [`ENDPOINTS_KEPT`].
pub(crate) const ENDPOINT_IDLE: Duration = Duration::from_secs(600);

/// First and longest rest after a fact that came without a hint.
pub(crate) const fn rest(class: Class) -> (Duration, Duration) {
    let minutes_15 = Duration::from_secs(900);
    match class {
        Class::InvalidCredential => (Duration::from_secs(15), minutes_15),
        Class::QuotaExhausted | Class::Permission | Class::ModelUnavailable => (Duration::from_secs(60), minutes_15),
        Class::RateLimited => (Duration::from_millis(250), Duration::from_secs(60)),
        Class::Overloaded | Class::ServerError | Class::Timeout | Class::Connection => EJECT,
        Class::BadRequest | Class::ContentPolicy | Class::PayloadTooLarge | Class::Unsupported => {
            (Duration::ZERO, Duration::ZERO)
        }
    }
}

/// `base` doubled `times` times, at most `longest`.
pub(crate) fn doubled((base, longest): (Duration, Duration), times: u32) -> Duration {
    base.saturating_mul(1_u32.checked_shl(times.min(20)).unwrap_or(u32::MAX)).min(longest)
}

/// A number in `[0, 1)` from the upper bits of `dice`; `salt` gives independent numbers from one throw.
pub(crate) fn unit(dice: u64, salt: u64) -> f64 {
    (mix(dice, salt) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The number that splitmix64 gives `step` steps after `seed`: cheap, and good enough to spread moments in time and keys
/// over a ring.
pub(crate) const fn mix(seed: u64, step: u64) -> u64 {
    let z = seed.wrapping_add(step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `rest` varied by ±[`JITTER`].
pub(crate) fn jittered(rest: Duration, dice: u64) -> Duration {
    rest.mul_f64(1.0 + JITTER * (2.0 * unit(dice, 1) - 1.0))
}
