//! What is in force: one configuration with everything built from it. Replaced as a whole on reload; a request keeps
//! the one it began with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use claviger_config::{CredentialPlan, Plan, ProviderPlan};
use claviger_net::{Egress, Net};
use claviger_pool::{Checks, CredentialId, CredentialSpec, Health, Pool, ProviderSpec, Roster, Strategy};
use claviger_providers::Provider;
use claviger_types::{Moment, Operation, Secret};
use foldhash::fast::RandomState;
use http::HeaderValue;

use crate::context::Context;
use crate::tokens::Account;

/// A configuration in force.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) plan: Plan,
    pub(crate) roster: Roster,
    pub(crate) supplies: Vec<Supply>,
    /// Whether any provider chooses by caller or conversation.
    pub(crate) is_sticky: bool,
    /// Whether any credential has a limit on usage.
    pub(crate) counts_usage: bool,
    keys: HashMap<CredentialId, Key, RandomState>,
}

/// A provider, ready to send to.
#[derive(Debug)]
pub(crate) struct Supply {
    /// Its id as a header.
    pub(crate) name: Option<HeaderValue>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Option<Duration>,
    /// The file whose text stands in its conversations.
    pub(crate) context: Option<Arc<Context>>,
}

/// A credential's secret, and how it is shown.
#[derive(Debug)]
pub(crate) struct Key {
    /// `None` for providers that need no token, and for accounts.
    pub(crate) secret: Option<Secret>,
    /// `name (sk-…a1b2)` or `sk-…a1b2`.
    pub(crate) shown: String,
    /// The same as a header. The ellipsis of masked secrets is no ASCII, but bytes that a header may have.
    pub(crate) header: Option<HeaderValue>,
    /// Its name or masked form alone, for labels.
    pub(crate) label: String,
    pub(crate) fingerprint: String,
    pub(crate) provider: usize,
    /// Set for service accounts, empty for one that cannot be read: requests carry a token for which it signs in.
    pub(crate) account: Option<Option<Arc<Account>>>,
    /// Whether it was refused a summary of thoughts: until the next reload none is asked for in translation.
    pub(crate) no_summaries: AtomicBool,
}

impl Live {
    /// Builds everything the plan needs; the pool keeps what it learned about credentials that stay, and those that sign
    /// in keep what they have of `old`.
    ///
    /// # Errors
    /// When a certificate of an egress cannot be loaded; the pool is then untouched.
    pub(crate) fn build(
        plan: Plan,
        old: Option<&Self>,
        pool: &mut Pool,
        now: Moment,
    ) -> Result<Self, claviger_net::NetError> {
        let mut supplies = Vec::with_capacity(plan.providers.len());
        for provider in &plan.providers {
            let egress = Arc::new(egress(provider));
            Net::check(&egress)?;
            supplies.push(Supply {
                name: HeaderValue::from_str(provider.provider.id()).ok(),
                context: context(provider, old),
                egress,
                connect_timeout: provider.connect_timeout,
                attempt_timeout: provider.attempt_timeout,
            });
        }
        let wanted: Vec<_> = plan.providers.iter().map(provider_spec).collect();
        let roster = pool.reconcile(now, &wanted);
        let mut keys = HashMap::default();
        for (index, (provider, ids)) in plan.providers.iter().zip(&roster.credentials).enumerate() {
            if provider.credentials.is_empty() {
                keys.extend(ids.first().map(|id| (*id, Key::none(index))));
            }
            for (credential, id) in provider.credentials.iter().zip(ids) {
                let before = old.and_then(|old| old.key(*id));
                keys.entry(*id).or_insert_with(|| Key::of(credential, index, &provider.provider, before));
            }
        }
        let is_sticky = plan.providers.iter().any(|provider| provider.selection == Strategy::Sticky);
        let mut limits = plan.providers.iter().flat_map(|provider| &provider.credentials).map(|c| c.limits);
        let counts_usage = limits.any(|limits| limits.tpm.is_some() || limits.tpd.is_some());
        Ok(Self { plan, roster, supplies, is_sticky, counts_usage, keys })
    }

    /// How many credentials there are.
    pub(crate) fn credentials(&self) -> usize {
        self.keys.len()
    }

    /// The secret and name of a credential; `None` after it was removed.
    pub(crate) fn key(&self, id: CredentialId) -> Option<&Key> {
        self.keys.get(&id)
    }
}

impl Key {
    fn none(provider: usize) -> Self {
        let nothing = || "none".to_owned();
        Self {
            secret: None,
            shown: nothing(),
            header: None,
            label: nothing(),
            fingerprint: nothing(),
            provider,
            account: None,
            no_summaries: AtomicBool::new(false),
        }
    }

    fn of(credential: &CredentialPlan, index: usize, provider: &Provider, before: Option<&Self>) -> Self {
        let account = provider.signs_in().then(|| {
            let same = before.and_then(|key| key.account.clone().flatten()).filter(|account| account.suits(provider));
            same.or_else(|| Account::of(provider, &credential.secret).map(Arc::new))
        });
        let masked = match &account {
            None => credential.secret.masked(),
            Some(account) => account.as_ref().map_or_else(|| "…".to_owned(), |account| account.masked()),
        };
        let fingerprint = credential.secret.fingerprint().to_string();
        let (shown, label) = match &credential.name {
            Some(name) => (format!("{name} ({masked})"), name.clone()),
            None => (masked.clone(), format!("{masked}#{fingerprint}")),
        };
        let secret = account.is_none().then(|| credential.secret.clone());
        let no_summaries = AtomicBool::new(false);
        let header = HeaderValue::from_bytes(shown.as_bytes()).ok();
        Self { secret, shown, header, label, fingerprint, provider: index, account, no_summaries }
    }
}

/// The provider's context file, with the text it already has.
fn context(plan: &ProviderPlan, old: Option<&Live>) -> Option<Arc<Context>> {
    let (file, timeout) = (plan.provider.context_file()?, plan.provider.side_call_timeout());
    let owners = plan.credentials.iter().filter(|_| file.with_token);
    let tokens: Vec<_> = owners.map(|credential| credential.secret.clone()).collect();
    let known = old.into_iter().flat_map(|old| &old.supplies).filter_map(|supply| supply.context.as_ref());
    let same = known.into_iter().find(|context| context.suits(file, &tokens, timeout)).cloned();
    Some(same.unwrap_or_else(|| Arc::new(Context::new(file, tokens, timeout))))
}

fn provider_spec(plan: &ProviderPlan) -> ProviderSpec {
    let failover = &plan.failover;
    let health = Health {
        failure_threshold: failover.failure_threshold,
        success_threshold: failover.success_threshold,
        interval: failover.health_check_interval,
        checks: checks(plan),
    };
    ProviderSpec { id: plan.provider.id().to_owned(), strategy: plan.selection, health, credentials: specs(plan) }
}

/// How the gateway finds out by itself whether a credential works again.
fn checks(plan: &ProviderPlan) -> Checks {
    let failover = &plan.failover;
    let prompts = failover.health_check_model.is_some() && failover.enabled != Some(false);
    if prompts && plan.provider.supports(Operation::ChatCompletions) {
        Checks::Everything
    } else if !plan.credentials.is_empty() && plan.provider.supports(Operation::Models) {
        Checks::Keys
    } else {
        Checks::Never
    }
}

fn specs(provider: &ProviderPlan) -> Vec<CredentialSpec> {
    if provider.credentials.is_empty() {
        // a provider without tokens still has health: one nameless credential
        let fingerprint = Secret::new(String::new()).fingerprint();
        return vec![CredentialSpec::new(fingerprint)];
    }
    let spec = |credential: &CredentialPlan| CredentialSpec {
        fingerprint: credential.secret.fingerprint(),
        weight: credential.weight,
        account: credential.account.clone(),
        models: credential.models.clone(),
        limits: credential.limits,
    };
    provider.credentials.iter().map(spec).collect()
}

fn egress(provider: &ProviderPlan) -> Egress {
    let plan = &provider.egress;
    Egress {
        connect_to: plan.connect_to.clone(),
        tls: plan.tls,
        ca_file: plan.ca_file.clone(),
        client_cert: plan.client_cert.clone(),
        proxy: plan.proxy.clone(),
        http2: plan.http2,
    }
}
