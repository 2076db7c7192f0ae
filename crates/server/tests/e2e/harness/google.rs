//! Google: a token endpoint and Vertex behind one address, and the key files of accounts that sign in there.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What the token endpoint does with an account.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SignIn {
    /// Gives a token that lives so many seconds.
    Given(u64),
    /// Refuses with this word.
    Refused(&'static str),
    /// Closes the connection.
    Cut,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) host: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
struct State {
    accounts: HashMap<String, SignIn>,
    given: usize,
    refused: HashSet<String>,
    asked: Vec<Asked>,
}

/// A listening Google.
pub(crate) struct Google {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    open: watch::Sender<bool>,
}

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());

/// The key file of an account.
pub(crate) fn key_file(email: &str) -> Value {
    json!({
        "type": "service_account", "project_id": "acme", "private_key_id": "key-id-0123",
        "private_key": KEY.serialize_pem(), "client_email": email, "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

/// The middle of the private key, as text.
pub(crate) fn key_middle() -> String {
    let pem = KEY.serialize_pem();
    pem.lines().nth(10).unwrap().to_owned()
}

impl Google {
    /// Accounts that are not named get a token that lives an hour.
    pub(crate) async fn start(accounts: &[(&str, SignIn)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accounts = accounts.iter().map(|(email, sign_in)| ((*email).to_owned(), *sign_in)).collect();
        let state = Arc::new(Mutex::new(State { accounts, ..State::default() }));
        let (open, opened) = watch::channel(true);
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (state, opened) = (Arc::clone(&shared), opened.clone());
                let service = service_fn(move |request| answer(Arc::clone(&state), opened.clone(), request));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service));
            }
        });
        Self { address, state, open }
    }

    /// Lets the token endpoint answer, or hold its answers back.
    pub(crate) fn opens(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// From now on Vertex refuses this token.
    pub(crate) fn refuses(&self, token: &str) {
        self.state.lock().refused.insert(token.to_owned());
    }

    fn of(&self, sign_ins: bool) -> Vec<Asked> {
        let asked = &self.state.lock().asked;
        asked.iter().filter(|asked| asked.line.ends_with(" /token") == sign_ins).cloned().collect()
    }

    /// The requests for a token.
    pub(crate) fn sign_ins(&self) -> Vec<Asked> {
        self.of(true)
    }

    /// All others.
    pub(crate) fn calls(&self) -> Vec<Asked> {
        self.of(false)
    }
}

/// The claims of a signed request for a token; fails when the signature is not the account's.
pub(crate) fn claims(body: &str) -> Value {
    let (grant, assertion) = body.split_once("&assertion=").unwrap();
    assert_eq!(grant, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.subject_public_key_info());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    assert_eq!(part(header), json!({"alg": "RS256", "typ": "JWT", "kid": "key-id-0123"}));
    part(claims)
}

async fn answer(
    state: Arc<Mutex<State>>,
    mut opened: watch::Receiver<bool>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let text = |name| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let asked = Asked {
        line: format!("{} {}", parts.method, parts.uri),
        host: text(header::HOST),
        authorization: text(header::AUTHORIZATION),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    state.lock().asked.push(asked.clone());
    let (status, kind, body) = if asked.line.ends_with(" /token") {
        let _ = opened.wait_for(|open| *open).await;
        token(&state, &asked)?
    } else if state.lock().refused.contains(asked.authorization.trim_start_matches("Bearer ")) {
        let error = json!({"error": {"code": 401, "message": "Request had invalid authentication credentials.",
            "status": "UNAUTHENTICATED"}});
        (401, "application/json", error.to_string())
    } else {
        vertex(&asked.line)
    };
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
    Ok(response.body(Full::new(body.into())).unwrap())
}

type Said = (u16, &'static str, String);

fn token(state: &Mutex<State>, asked: &Asked) -> Result<Said, std::io::Error> {
    let email = claims(&asked.body)["iss"].as_str().unwrap().to_owned();
    let mut state = state.lock();
    match state.accounts.get(&email).copied().unwrap_or(SignIn::Given(3600)) {
        SignIn::Given(life) => {
            state.given += 1;
            let token = format!("ya29.{email}.{}", state.given);
            let said = json!({"access_token": token, "expires_in": life, "token_type": "Bearer"});
            Ok((200, "application/json", said.to_string()))
        }
        SignIn::Refused(word) => {
            let said = json!({"error": word, "error_description": format!("no token for {}", asked.body)});
            Ok((400, "application/json", said.to_string()))
        }
        SignIn::Cut => Err(std::io::Error::other("cut")),
    }
}

fn vertex(line: &str) -> Said {
    let content = json!({"role": "model", "parts": [{"text": "ok"}]});
    let usage = json!({"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2});
    let gemini = json!({"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage});
    if line.contains(":streamGenerateContent") {
        return (200, "text/event-stream", format!("data: {gemini}\n\n"));
    }
    let body = if line.contains(":rawPredict") {
        json!({"id": "m", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "ok"}], "usage": {"input_tokens": 1, "output_tokens": 1}})
    } else if line.contains("/openapi/") {
        let message = json!({"role": "assistant", "content": "ok"});
        json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    } else {
        gemini
    };
    (200, "application/json", body.to_string())
}
