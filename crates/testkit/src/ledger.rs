//! What each token and account has used: request numbers, rate, quota, open requests, stored objects.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{answers::Shelf, script::TokenScript};

/// The books of one server.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    requests: HashMap<String, u64>,
    accounts: HashMap<String, Account>,
}

/// What tokens of one account share.
#[derive(Debug, Default)]
struct Account {
    accepted: VecDeque<Instant>,
    served: u64,
    open: u64,
    /// Files, batches, jobs, videos and responses made here.
    shelf: Arc<Mutex<Shelf>>,
}

/// Whether a request may be served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes, and with a rate limit, how much of it is left.
    Go { remaining: Option<u32> },
    /// The rate is used up for this long.
    RateLimited { wait: Duration },
    /// No money left.
    QuotaSpent,
    /// Too many at once.
    Crowded,
}

impl Ledger {
    /// Counts an arrival. Returns the token's request number, from 1.
    pub(crate) fn arrive(&mut self, token: &str, account: &str) -> u64 {
        self.account(account).open += 1;
        let number = self.requests.entry(token.to_owned()).or_default();
        *number += 1;
        *number
    }

    /// A request ended.
    pub(crate) fn leave(&mut self, account: &str) {
        let account = self.account(account);
        account.open = account.open.saturating_sub(1);
    }

    /// Checks the limits of `script`; what is admitted is counted.
    pub(crate) fn admit(&mut self, account: &str, script: &TokenScript, now: Instant) -> Admission {
        let account = self.account(account);
        if script.concurrency.is_some_and(|limit| account.open > limit.max) {
            return Admission::Crowded;
        }
        if script.quota.is_some_and(|quota| account.served >= quota.requests) {
            return Admission::QuotaSpent;
        }
        let mut remaining = None;
        if let Some(limit) = script.rate_limit {
            let window = Duration::from_millis(limit.per_ms);
            while account.accepted.front().is_some_and(|at| now.duration_since(*at) >= window) {
                account.accepted.pop_front();
            }
            let used = u32::try_from(account.accepted.len()).unwrap_or(u32::MAX);
            if used >= limit.requests {
                let wait = account.accepted.front().map_or(window, |at| window.saturating_sub(now.duration_since(*at)));
                return Admission::RateLimited { wait };
            }
            account.accepted.push_back(now);
            remaining = Some(limit.requests - used - 1);
        }
        account.served += 1;
        Admission::Go { remaining }
    }

    /// The books of one account.
    fn account(&mut self, account: &str) -> &mut Account {
        self.accounts.entry(account.to_owned()).or_default()
    }

    /// What `account` has stored.
    pub(crate) fn shelf(&mut self, account: &str) -> Arc<Mutex<Shelf>> {
        Arc::clone(&self.account(account).shelf)
    }

    /// How many requests came with `token`.
    pub(crate) fn count(&self, token: &str) -> u64 {
        self.requests.get(token).copied().unwrap_or_default()
    }

    /// Forgets everything except which requests are open.
    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        for account in self.accounts.values_mut() {
            *account = Account { open: account.open, ..Account::default() };
        }
    }
}
