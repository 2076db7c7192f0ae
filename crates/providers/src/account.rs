//! Signing in with a service account: RFC 7523 as Google asks for it ("Using OAuth 2.0 for Server to Server
//! Applications", developers.google.com/identity/protocols/oauth2/service-account, 2026-11).
//!
//! In: the account's key file, Unix seconds, the token endpoint's answer. Out: what to sign and to send, the access
//! token, when to fetch the next one, or what a refusal means. Nothing is signed, sent or kept here.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use claviger_types::{Class, Scope, Secret, Verdict, WallTime};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::provider::Provider;
use crate::row::Auth;
use crate::url::Url;

/// Where Google's accounts sign in unless their key file says otherwise.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// What access is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// What is asked of the token endpoint, escaped as it stands in the form.
const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
/// How long a signed request for a token is good: the most that Google takes.
const ASSERTION_LIFE: u64 = 3600;
/// By how much our clock may be ahead of Google's, which refuses what is signed in its future.
const CLOCK_AHEAD: u64 = 10;
/// How long a token lives when the answer does not say.
const TOKEN_LIFE: u64 = 3600;
/// How long before its end a token is renewed, unless `vertexTokenRefreshAhead` says otherwise.
const RENEW_AHEAD: u64 = 60;
/// How long side calls of the gateway's own may take, unless `timeout` says otherwise. Higress waits 120 s.
const SIDE_CALL: u64 = 10_000;

/// A service account, read from its key file. `Debug` shows who it is, and no key.
pub struct ServiceAccount {
    email: String,
    key_id: String,
    key: PrivateKeyDer<'static>,
    token_uri: String,
    endpoint: Url,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("masked", &self.masked()).finish_non_exhaustive()
    }
}

/// The members of a key file that matter.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    token_uri: String,
}

impl ServiceAccount {
    /// Reads a key file.
    ///
    /// # Errors
    /// What it lacks, in words that hold nothing of it.
    pub fn read(file: &Secret) -> Result<Self, &'static str> {
        let file: KeyFile = serde_json::from_str(file.expose()).map_err(|_| "it is no service account's JSON key")?;
        if file.client_email.is_empty() {
            return Err("`client_email` is missing in the JSON key");
        }
        let pem = Secret::new(file.private_key);
        if pem.expose().is_empty() {
            return Err("`private_key` is missing in the JSON key");
        }
        let key = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes())
            .map_err(|_| "the JSON key's `private_key` is no private key in PEM form")?;
        let token_uri = if file.token_uri.is_empty() { TOKEN_URI.to_owned() } else { file.token_uri };
        let endpoint = Url::parse(&token_uri).filter(|url| !url.authority.is_empty());
        let endpoint = endpoint.ok_or("the JSON key's `token_uri` is no URL")?;
        Ok(Self { email: file.client_email, key_id: file.private_key_id, key, token_uri, endpoint })
    }

    /// Who it is: the address, and the end of the key's id. For logs and labels.
    pub fn masked(&self) -> String {
        let skipped = self.key_id.chars().count().saturating_sub(4);
        format!("{}…{}", self.email, self.key_id.chars().skip(skipped).collect::<String>())
    }

    /// The key to sign with.
    pub const fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// Whether the token endpoint is reached by TLS, its authority, and its path with the query.
    pub fn endpoint(&self) -> (bool, String, String) {
        let (url, tls) = (&self.endpoint, self.endpoint.tls(true));
        let path = if url.path.is_empty() { "/" } else { &url.path };
        (tls, url.host(true), crate::path::with_query(path.to_owned(), url.query.as_deref()))
    }

    /// What has to be signed with RS256 to ask for a token.
    pub fn unsigned(&self, now: WallTime) -> String {
        let issued = (now.as_millis() / 1000).saturating_sub(CLOCK_AHEAD);
        let mut header = Map::from_iter([("alg".to_owned(), json!("RS256")), ("typ".to_owned(), json!("JWT"))]);
        if !self.key_id.is_empty() {
            header.insert("kid".to_owned(), json!(self.key_id));
        }
        let expires = issued + ASSERTION_LIFE;
        let claims = json!({"iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": issued, "exp": expires});
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(Value::Object(header)), part(claims))
    }

    /// The form to post, once `unsigned` has its signature.
    pub fn form(unsigned: &str, signature: &[u8]) -> Bytes {
        format!("grant_type={GRANT}&assertion={unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)).into()
    }
}

/// What a token endpoint gave.
#[derive(Debug)]
pub struct AccessToken {
    /// Goes into requests.
    pub token: Secret,
    /// How long it is good.
    pub life: Duration,
}

impl AccessToken {
    /// Reads the token endpoint's answer.
    ///
    /// # Errors
    /// What it means that there is no token: a refusal is a fact about the account, all else a guess.
    pub fn read(status: u16, body: &[u8]) -> Result<Self, Verdict> {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let token = answer["access_token"].as_str().filter(|token| !token.is_empty());
        match (status, token) {
            (200..=299, Some(token)) => {
                let told = &answer["expires_in"];
                let seconds = told.as_u64().or_else(|| told.as_str()?.parse().ok()).filter(|seconds| *seconds > 0);
                let life = Duration::from_secs(seconds.unwrap_or(TOKEN_LIFE));
                Ok(Self { token: Secret::new(token), life })
            }
            (429, _) => Err(Verdict::of(Class::RateLimited, "sign_in_rate_limited").scoped(Scope::Token)),
            (408, _) => Err(Verdict::of(Class::Timeout, "sign_in_timeout")),
            (400..=499, _) => Err(Verdict::of(Class::InvalidCredential, "sign_in_refused")),
            _ => Err(Verdict::of(Class::ServerError, "sign_in_failed")),
        }
    }

    /// How long after it was fetched the next one is to be fetched: `ahead` of its end, or after half of its life when
    /// it does not live so long.
    pub fn renewed_after(&self, ahead: Duration) -> Duration {
        self.life.checked_sub(ahead).filter(|span| !span.is_zero()).unwrap_or(self.life / 2)
    }
}

/// The word by which a token endpoint says why it refuses (RFC 6749, 5.2), if it is one: fit for logs.
pub fn refusal(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let word = answer["error"].as_str()?;
    let is_word = !word.is_empty() && word.len() <= 64 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_word.then(|| word.to_owned())
}

impl Provider {
    /// Whether its credentials are service accounts, which sign in for an access token.
    pub fn signs_in(&self) -> bool {
        self.arm(None).auth == Auth::ServiceAccount
    }

    /// How long before its end an access token is to be renewed.
    pub fn renew_ahead(&self) -> Duration {
        Duration::from_secs(self.number("vertexTokenRefreshAhead").unwrap_or(RENEW_AHEAD))
    }

    /// How long calls of the gateway's own may take: signing in, a context file.
    pub fn side_call_timeout(&self) -> Duration {
        Duration::from_millis(self.number("timeout").unwrap_or(SIDE_CALL))
    }

    fn number(&self, option: &str) -> Option<u64> {
        self.settings.text(option).parse().ok().filter(|number| *number > 0)
    }
}

#[cfg(test)]
mod tests;
