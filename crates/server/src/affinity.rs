//! Which credential holds the state behind an id: files, batches, stored responses, jobs, videos.
//!
//! Learned from the answers that made them; bounded, and lost at restart (an unknown id is then sought at every
//! credential, which a provider answers with "not found" until the right one).

use std::collections::{HashMap, VecDeque};

use claviger_pool::CredentialId;

/// How many ids are remembered; the oldest go first.
const KEPT: usize = 100_000;

/// Id → credential.
#[derive(Debug, Default)]
pub(crate) struct Affinity {
    holders: HashMap<Box<str>, CredentialId>,
    order: VecDeque<Box<str>>,
}

impl Affinity {
    pub(crate) fn remember(&mut self, id: &str, holder: CredentialId) {
        if self.holders.insert(id.into(), holder).is_none() {
            self.order.push_back(id.into());
            if self.order.len() > KEPT
                && let Some(oldest) = self.order.pop_front()
            {
                self.holders.remove(&oldest);
            }
        }
    }

    pub(crate) fn holder(&self, id: &str) -> Option<CredentialId> {
        self.holders.get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use claviger_pool::{CredentialSpec, Pool, ProviderSpec};
    use claviger_types::{Moment, Secret};

    use super::*;

    #[test]
    fn the_oldest_ids_are_forgotten_first() {
        let fingerprint = Secret::new("k").fingerprint();
        let credentials = vec![CredentialSpec::new(fingerprint)];
        let roster = Pool::new().reconcile(Moment::START, &[ProviderSpec { credentials, ..ProviderSpec::default() }]);
        let holder = roster.credentials[0][0];
        let mut affinity = Affinity::default();
        for i in 0..=KEPT {
            affinity.remember(&format!("file-{i}"), holder);
        }
        assert_eq!(affinity.holder("file-0"), None);
        assert_eq!(affinity.holder(&format!("file-{KEPT}")), Some(holder));
    }
}
