//! A secret that cannot be printed.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// An API token or client key. Wiped when dropped; `Debug` and `Display` show the masked form only, and there is no
/// `Serialize`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that writes it into a request.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in time that depends on the lengths only.
    pub fn matches(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// Whether the SHA-256 of `given` is `digest`, in constant time: for keys that are configured as hashes.
    pub fn digest_matches(given: &str, digest: &[u8; 32]) -> bool {
        Sha256::digest(given.as_bytes()).as_slice().ct_eq(digest).into()
    }

    /// What may be shown: the letters before the first dash (up to four) and the last four characters, `sk-…a1b2`;
    /// only `…` for secrets of fewer than 12 characters.
    pub fn masked(&self) -> String {
        let count = self.0.chars().count();
        if count < 12 {
            return "…".to_owned();
        }
        let prefix = match self.0.find(['-', '_']) {
            Some(at) if (1..=4).contains(&at) => &self.0[..=at],
            _ => "",
        };
        let last: String = self.0.chars().skip(count - 4).collect();
        format!("{prefix}…{last}")
    }

    /// A short name for this secret that tells it from others and tells nothing about it.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::digest(self.0.as_bytes());
        Fingerprint(u64::from_be_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ]))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.masked())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// The first 64 bits of the SHA-256 of a secret. Equal for equal secrets; shown as 8 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint with these bits, as a state file holds them.
    pub const fn from_u64(bits: u64) -> Self {
        Self(bits)
    }

    /// All 64 bits, for maps and state files.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_its_kind_and_last_four_only() {
        let secret = Secret::new("sk-proj-abcdefgha1b2");
        assert_eq!(secret.masked(), "sk-…a1b2");
        assert_eq!(format!("{secret:?} {secret}"), "Secret(sk-…a1b2) sk-…a1b2");
        assert_eq!(Secret::new("short").masked(), "…");
        assert_eq!(Secret::new("AIzaSyA1234567890").masked(), "…7890");
        assert_eq!(Secret::new("schlüsselschlüssel").masked(), "…ssel");
    }

    #[test]
    fn equal_secrets_match_and_share_a_fingerprint() {
        let (a, b) = (Secret::new("one-secret-value"), Secret::new("one-secret-value"));
        assert!(a.matches(b.expose()) && !a.matches("one-secret-valuf") && !a.matches("one"));
        assert_eq!(a.fingerprint(), b.fingerprint());
        assert_eq!(a.fingerprint().to_string().len(), 8);
    }
}
