//! Service accounts: credentials that sign in for an access token, which all requests share.
//!
//! A token is fetched when it is first needed, and again before it ends. One that the provider refuses is replaced once,
//! and the credential tried once more, before anybody hears of it. Neither key nor token is ever shown.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use claviger_flow::Failed;
use claviger_net::{OutBody, Outgoing, Reply};
use claviger_providers::{AccessToken, Provider, ServiceAccount, refusal};
use claviger_types::{Class, Secret, Verdict, WallTime};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rustls_pki_types::PrivateKeyDer;

use crate::drive::attempt::Sending;
use crate::fetched::{self, Fetched, Kept, Source};
use crate::side::{self, Via};

/// Longest answer of a token endpoint.
const ANSWER: usize = 64 << 10;

/// A service account, and the token it has.
pub(crate) struct Account {
    who: ServiceAccount,
    /// `None`: the key cannot be used.
    key: Option<RsaKeyPair>,
    ahead: Duration,
    timeout: Duration,
    token: Fetched<Secret>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("who", &self.who.masked()).finish_non_exhaustive()
    }
}

impl Account {
    /// The account of a credential; `None` when its key file cannot be read, or the provider wants no accounts.
    pub(crate) fn of(provider: &Provider, file: &Secret) -> Option<Self> {
        let who = ServiceAccount::read(file).ok()?;
        Some(Self {
            key: rsa(who.key()),
            who,
            ahead: provider.renew_ahead(),
            timeout: provider.side_call_timeout(),
            token: Fetched::default(),
        })
    }

    /// Whether it works as the provider's settings say, so that it may go on with what it has.
    pub(crate) fn suits(&self, provider: &Provider) -> bool {
        self.ahead == provider.renew_ahead() && self.timeout == provider.side_call_timeout()
    }

    /// Who it is, for logs and labels.
    pub(crate) fn masked(&self) -> String {
        self.who.masked()
    }

    fn signed(&self, now: WallTime) -> Option<(String, Vec<u8>)> {
        let key = self.key.as_ref()?;
        let unsigned = self.who.unsigned(now);
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signature).ok()?;
        Some((unsigned, signature))
    }
}

fn rsa(key: &PrivateKeyDer<'_>) -> Option<RsaKeyPair> {
    match key {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok(),
        _ => None,
    }
}

impl Source for Account {
    type Value = Secret;
    // the pool knows how long to leave the account alone
    const FAILED: Duration = Duration::ZERO;

    fn place(&self) -> &Fetched<Secret> {
        &self.token
    }

    async fn fetch(&self, via: &Via) -> Result<Kept<Secret>, Verdict> {
        let (now, who) = (via.shared.clock.both(), self.who.masked());
        let Some((unsigned, signature)) = self.signed(now.wall) else {
            tracing::warn!(account = %who, "the service account's private key is no RSA key that can sign");
            return Err(Verdict::of(Class::InvalidCredential, "account_key_unusable"));
        };
        let (tls, authority, path) = self.who.endpoint();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = Outgoing {
            method: Method::POST,
            path,
            headers: HeaderMap::from_iter([
                (header::CONTENT_TYPE, form),
                (header::ACCEPT, HeaderValue::from_static("application/json")),
            ]),
            body: OutBody::Whole(ServiceAccount::form(&unsigned, &signature)),
            upgrade: false,
        };
        let found = match side::call(via, (tls, authority), request, self.timeout, ANSWER).await {
            Ok((status, body)) => AccessToken::read(status.as_u16(), &body).inspect_err(|_| {
                let said = refusal(&body).unwrap_or_default();
                tracing::warn!(account = %who, status = status.as_u16(), %said, "the service account got no token");
            }),
            Err(Class::Timeout) => Err(Verdict::of(Class::Timeout, "sign_in_timeout")),
            Err(_) => Err(Verdict::of(Class::Connection, "sign_in_unreachable")),
        };
        let token = found?;
        let (renew, until) = (now.moment.plus(token.renewed_after(self.ahead)), now.moment.plus(token.life));
        tracing::debug!(account = %who, seconds = token.life.as_secs(), "the service account signed in");
        Ok(Kept { value: token.token, renew, until })
    }
}

/// Sends with the account's token; with a new one, once, when the provider refuses it.
pub(crate) async fn send(account: Option<&Arc<Account>>, sending: &Sending<'_>) -> Result<Reply, Failed> {
    // nothing has reached the provider
    let failed = |verdict| Failed::silent(verdict, true);
    let Some(account) = account else {
        return Err(failed(Verdict::of(Class::InvalidCredential, "account_unreadable")));
    };
    let via = sending.via();
    let token = fetched::get(account, &via, None).await.map_err(failed)?;
    let reply = sending.with(Some(&token.value)).await?;
    if reply.status != StatusCode::UNAUTHORIZED || !sending.is_repeatable() {
        return Ok(reply);
    }
    drop(reply);
    let token = fetched::get(account, &via, Some(&token)).await.map_err(failed)?;
    sending.with(Some(&token.value)).await
}
