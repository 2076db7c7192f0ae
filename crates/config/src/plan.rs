//! The validated configuration: what the request path uses. Built whole or not at all.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use claviger_flow::Routes;
use claviger_providers::{Provider, Settings};
use claviger_types::Secret;

/// Everything a gateway needs to know.
#[derive(Debug)]
pub struct Plan {
    /// Which form the file has.
    pub form: Form,
    /// Data ports.
    pub listen: Vec<Listen>,
    /// The admin port; `None` when switched off.
    pub admin: Option<Admin>,
    /// Who may call.
    pub clients: Clients,
    /// All usable providers.
    pub providers: Vec<ProviderPlan>,
    /// Which requests go where.
    pub routes: Routes,
    /// Caps on sizes and times.
    pub limits: Limits,
    /// What is logged.
    pub log: LogPlan,
    /// Whether answers carry the `x-claviger-*` headers.
    pub headers: bool,
    /// How long requests in flight may go on after SIGTERM.
    pub drain_timeout: Duration,
    /// Where the facts about credentials survive a restart.
    pub state_file: StateFile,
}

/// The file in which the facts about credentials survive a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateFile {
    /// One of the user's own, named after the configuration file.
    #[default]
    Usual,
    /// None: every start begins without knowing anything.
    Off,
    /// This one.
    At(PathBuf),
}

/// The form of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Claviger's own.
    Own,
    /// The Higress plugin object.
    Higress,
    /// The Kubernetes manifest around it.
    WasmPlugin,
}

/// A data port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where.
    pub address: SocketAddr,
    /// With TLS.
    pub tls: Option<TlsFiles>,
}

/// PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The admin port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where.
    pub listen: SocketAddr,
    /// Required from callers when set; always set when not on loopback.
    pub token: Option<Secret>,
}

/// Who may call the data port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clients {
    /// No keys: everybody who reaches loopback.
    LoopbackOnly,
    /// Everybody, as the operator said explicitly.
    Open,
    /// Holders of these keys.
    Keys(Vec<Client>),
}

/// A named client key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// For receipts.
    pub name: String,
    /// What opens the door.
    pub key: ClientKey,
}

/// A client key as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKey {
    /// The key itself.
    Plain(Secret),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// A provider with everything around it.
#[derive(Debug)]
pub struct ProviderPlan {
    /// What it wants and means.
    pub provider: Arc<Provider>,
    /// What it was built from.
    pub settings: Settings,
    /// Its tokens; empty for providers that need none.
    pub credentials: Vec<CredentialPlan>,
    /// How it is really reached.
    pub egress: EgressPlan,
    /// What the file says about health, explicitly.
    pub failover: FailoverPlan,
    /// How credentials are chosen.
    pub selection: claviger_pool::Strategy,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long one attempt may take to its first content (Higress' `retryTimeout`).
    pub attempt_timeout: Option<Duration>,
}

/// A token.
#[derive(Clone, Debug)]
pub struct CredentialPlan {
    /// The token itself.
    pub secret: Secret,
    /// How it is shown.
    pub name: Option<String>,
    /// Relative share, at least 1.
    pub weight: u32,
    /// Glob patterns of upstream models; empty: all.
    pub models: Vec<String>,
    /// Who shares its quota.
    pub account: Option<String>,
    /// What the operator allows it.
    pub limits: claviger_pool::Limits,
}

/// How a provider is really reached; Host and path stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPlan {
    /// `host:port` to connect to.
    pub connect_to: Option<String>,
    /// Overrides the scheme.
    pub tls: Option<bool>,
    /// Additional CA certificates, PEM.
    pub ca_file: Option<PathBuf>,
    /// Client certificate and key, PEM.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    /// `http://host:port` of a proxy.
    pub proxy: Option<String>,
    /// Whether HTTP/2 is spoken: always, never, or as negotiated.
    pub http2: Option<bool>,
}

/// `failover` as far as the file sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailoverPlan {
    /// `enabled`.
    pub enabled: Option<bool>,
    /// `failureThreshold`.
    pub failure_threshold: Option<u32>,
    /// `successThreshold`.
    pub success_threshold: Option<u32>,
    /// `healthCheckInterval`.
    pub health_check_interval: Option<Duration>,
    /// `healthCheckTimeout`.
    pub health_check_timeout: Option<Duration>,
    /// `healthCheckModel`.
    pub health_check_model: Option<String>,
    /// `failoverOnStatus`.
    pub failover_on_status: Option<Vec<String>>,
    /// `retryOnFailure.retryOnStatus`.
    pub retry_on_status: Option<Vec<String>>,
}

/// Caps on sizes and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bodies up to this many bytes are kept and can be resent.
    pub buffer_body: usize,
    /// Bodies beyond this many bytes are refused.
    pub max_body: usize,
    /// Request heads beyond this many bytes are refused.
    pub max_header_bytes: usize,
    /// How long a request head may take.
    pub header_timeout: Duration,
    /// The longest silence within a request body.
    pub body_idle_timeout: Duration,
    /// Answers up to this many bytes are read whole before they are passed on.
    pub buffer_answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            buffer_body: 64 << 20,
            max_body: 1 << 30,
            max_header_bytes: 64 << 10,
            header_timeout: Duration::from_secs(15),
            body_idle_timeout: Duration::from_secs(30),
            buffer_answer: 16 << 20,
        }
    }
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlan {
    /// Human or JSON.
    pub format: LogFormat,
    /// From which level on.
    pub level: LogLevel,
    /// Whether each request leaves a line.
    pub receipts: bool,
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// For machines.
    Json,
}

/// From which level on operational events are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what needs a person.
    Error,
    /// Also what is wrong but survived.
    Warn,
    /// Also what an operator should know.
    #[default]
    Info,
    /// Also how requests were decided.
    Debug,
    /// Everything.
    Trace,
}
