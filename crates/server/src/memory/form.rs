//! Facts as JSON and back. Moments mean nothing to another process, so the file has wall times.

use std::time::Duration;

use claviger_pool::{Fact, Whose};
use claviger_types::{Class, Fingerprint, WallTime};
use serde::{Deserialize, Serialize};

use crate::clock::Now;

/// Files of a later version are not read.
const VERSION: u32 = 1;

/// No rest is longer than this, whatever the file and the clocks say: the pool believes hints up to an hour.
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Serialize, Deserialize)]
struct Contents {
    version: u32,
    /// Milliseconds since the epoch, as all times here.
    written: u64,
    facts: Vec<Entry>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    provider: String,
    /// The fingerprint, all 16 hex digits; absent where an account is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    /// One model on the credential; absent where all of it is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    class: String,
    since: u64,
    until: u64,
    trips: u32,
    by_probe: bool,
    wanted: u32,
}

/// The file's text.
pub(super) fn encode(facts: &[Fact], now: Now) -> Vec<u8> {
    let facts = facts.iter().map(|fact| entry(fact, now)).collect();
    let contents = Contents { version: VERSION, written: now.wall.as_millis(), facts };
    // plain strings and numbers: this cannot fail
    let mut text = serde_json::to_vec(&contents).unwrap_or_default();
    text.push(b'\n');
    text
}

fn entry(fact: &Fact, now: Now) -> Entry {
    let hex = |fingerprint: &Fingerprint| Some(format!("{:016x}", fingerprint.as_u64()));
    let (credential, model, account) = match &fact.whose {
        Whose::Credential(fingerprint) => (hex(fingerprint), None, None),
        Whose::Model(fingerprint, model) => (hex(fingerprint), Some(model.clone()), None),
        Whose::Account(name) => (None, None, Some(name.clone())),
    };
    Entry {
        provider: fact.provider.clone(),
        credential,
        model,
        account,
        class: fact.cause.name().to_owned(),
        since: now.wall_of(fact.since).as_millis(),
        // up to the next whole millisecond: nobody is asked too early
        until: now.wall_of(fact.until).as_millis().saturating_add(1),
        trips: fact.trips,
        by_probe: fact.by_probe,
        wanted: fact.wanted,
    }
}

/// The facts of the file, in this process's moments. Entries that this version cannot understand are left out.
pub(super) fn decode(text: &[u8], now: Now) -> Result<Vec<Fact>, String> {
    let Version { version } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if version != VERSION {
        return Err(format!("it has version {version}, this program knows version {VERSION}"));
    }
    let contents: Contents = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let written = WallTime::from_millis(contents.written);
    Ok(contents.facts.into_iter().filter_map(|entry| fact(entry, written, now)).collect())
}

fn fact(entry: Entry, written: WallTime, now: Now) -> Option<Fact> {
    let cause = Class::ALL.into_iter().find(|class| class.name() == entry.class)?;
    if cause.is_guess() || cause.is_callers() {
        return None;
    }
    let fingerprint = match &entry.credential {
        Some(hex) => Some(Fingerprint::from_u64(u64::from_str_radix(hex, 16).ok()?)),
        None => None,
    };
    let whose = match (fingerprint, entry.model, entry.account) {
        (Some(fingerprint), None, None) => Whose::Credential(fingerprint),
        (Some(fingerprint), Some(model), None) => Whose::Model(fingerprint, model),
        (None, None, Some(account)) => Whose::Account(account),
        (None | Some(_), _, _) => return None,
    };
    // a clock that was set back meanwhile must not prolong a rest beyond what was left of it when this was written
    let left = |at: WallTime| Duration::from_millis(entry.until.saturating_sub(at.as_millis()));
    let left = left(now.wall).min(left(written)).min(LONGEST);
    Some(Fact {
        provider: entry.provider,
        whose,
        cause,
        since: now.moment_of(WallTime::from_millis(entry.since)).min(now.moment),
        until: now.moment.plus(left),
        trips: entry.trips,
        by_probe: entry.by_probe,
        wanted: entry.wanted.max(1),
    })
}

#[cfg(test)]
mod tests {
    use claviger_types::{Moment, Secret};

    use super::*;

    const DAY: u64 = 1_800_000_000_000;

    fn now(seconds: u64, wall: u64) -> Now {
        Now { moment: at(seconds), wall: WallTime::from_millis(wall) }
    }

    fn at(seconds: u64) -> Moment {
        Moment::START.plus(Duration::from_secs(seconds))
    }

    fn facts() -> Vec<Fact> {
        let fingerprint = Secret::new("sk-secret-0123456789").fingerprint();
        let dead = Fact {
            provider: "main".to_owned(),
            whose: Whose::Credential(fingerprint),
            cause: Class::InvalidCredential,
            since: at(100),
            until: at(140),
            trips: 3,
            by_probe: true,
            wanted: 2,
        };
        let model = Whose::Model(fingerprint, "gpt-4o \"x\"".to_owned());
        let limited = Fact { whose: model, cause: Class::RateLimited, by_probe: false, ..dead.clone() };
        let poor = Fact { whose: Whose::Account("acme".to_owned()), cause: Class::QuotaExhausted, ..dead.clone() };
        vec![dead, limited, poor]
    }

    fn left(fact: &Fact, now: Now) -> Duration {
        fact.until.since(now.moment)
    }

    #[test]
    fn facts_come_back_with_their_times() {
        let text = encode(&facts(), now(110, DAY));
        let shown = String::from_utf8(text.clone()).unwrap();
        assert!(!shown.contains("secret") && !shown.contains("sk-"), "{shown}");
        // ten seconds later by the wall, five seconds into another process
        let then = now(5, DAY + 10_000);
        let back = decode(&text, then).unwrap();
        for (back, old) in back.iter().zip(facts()) {
            assert_eq!((&back.provider, &back.whose, back.cause), (&old.provider, &old.whose, old.cause));
            assert_eq!((back.trips, back.by_probe, back.wanted), (old.trips, old.by_probe, old.wanted));
            assert_eq!(back.since, Moment::START, "it began before this process");
            assert_eq!(left(back, then), Duration::from_millis(20_001));
        }
        assert_eq!(back.len(), 3);
    }

    #[test]
    fn what_is_over_is_due_at_once() {
        let then = now(5, DAY + 3_600_000);
        let back = decode(&encode(&facts(), now(110, DAY)), then).unwrap();
        assert!(back.iter().all(|fact| fact.until == then.moment));
    }

    #[test]
    fn clocks_that_were_set_prolong_nothing() {
        let earlier = now(5, DAY - 86_400_000);
        let back = decode(&encode(&facts(), now(110, DAY)), earlier).unwrap();
        assert!(back.iter().all(|fact| left(fact, earlier) == Duration::from_millis(30_001)), "what was left of it");
        assert!(back.iter().all(|fact| fact.since <= earlier.moment));
        let far = Fact { until: Moment::NEVER, ..facts().remove(0) };
        let then = now(5, DAY);
        let back = decode(&encode(&[far], now(110, DAY)), then).unwrap();
        assert_eq!(left(&back[0], then), LONGEST);
    }

    #[test]
    fn what_is_no_state_file_is_refused_and_what_is_not_understood_left_out() {
        let then = now(5, DAY);
        for wrong in ["", "{", "[]", "{\"version\":1}", "{\"version\":2,\"written\":1,\"facts\":[]}", "\u{0}\u{0}"] {
            assert!(decode(wrong.as_bytes(), then).is_err(), "{wrong}");
        }
        let text = String::from_utf8(encode(&facts(), now(110, DAY))).unwrap();
        let with = |old: &str, new: &str| decode(text.replace(old, new).as_bytes(), then).unwrap().len();
        assert_eq!(with("rate_limited", "bored"), 2, "a class of another version");
        assert_eq!(with("rate_limited", "timeout"), 2, "a guess is no fact");
        assert_eq!(with("\"credential\":\"", "\"credential\":\"x"), 1, "no fingerprint");
        assert_eq!(with("\"account\":\"acme\",", ""), 2, "nobody is meant");
        assert_eq!(with("\"trips\":3", "\"later\":[],\"trips\":3"), 3, "more than this version knows");
    }
}
