//! What the property tests of this crate share.

use proptest::test_runner::{Config, RngSeed};

/// The same cases in every run. `PROPTEST_CASES` still sets how many.
pub(crate) fn fixed_cases() -> Config {
    Config { rng_seed: RngSeed::Fixed(0x5eed), failure_persistence: None, ..Config::default() }
}
