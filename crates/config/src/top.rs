//! The keys about the gateway itself: ports, callers, caps, logs. The same, and strict, in all forms.

mod clients;
mod ports;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use claviger_flow::Routes;

use crate::node::Value;
use crate::plan::{
    Admin, Clients, EgressPlan, Form, Limits, Listen, LogFormat, LogLevel, LogPlan, Plan, ProviderPlan, StateFile,
};
use crate::problem::Code;
use crate::reader::{Item, Reader};

pub(crate) use ports::secret;

/// How long requests in flight may go on after SIGTERM, unless `drainTimeout` says otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// Everything that is not about providers and routes.
pub(crate) struct Top {
    pub(crate) listen: Vec<Listen>,
    pub(crate) admin: Option<Admin>,
    pub(crate) clients: Clients,
    pub(crate) limits: Limits,
    pub(crate) log: LogPlan,
    pub(crate) egress: EgressPlan,
    pub(crate) headers: bool,
    pub(crate) drain_timeout: Duration,
    pub(crate) state_file: StateFile,
}

impl Top {
    pub(crate) fn into_plan(self, form: Form, providers: Vec<ProviderPlan>, routes: Routes) -> Plan {
        Plan {
            form,
            listen: self.listen,
            admin: self.admin,
            clients: self.clients,
            providers,
            routes,
            limits: self.limits,
            log: self.log,
            headers: self.headers,
            drain_timeout: self.drain_timeout,
            state_file: self.state_file,
        }
    }
}

/// Reads them. Without a map (an empty file), everything is as it comes.
pub(crate) fn read(map: Option<&Reader<'_>>) -> Top {
    let get = |key| map.and_then(|map| map.own(key));
    let listen_item = get("listen");
    let listen = ports::listen(listen_item.as_ref());
    let admin_item = get("admin");
    let admin = ports::admin(admin_item.as_ref());
    let clients_item = get("clients");
    let clients = clients::read(clients_item.as_ref());
    clients::guard(&clients, &listen, listen_item.as_ref());
    if let (Some(admin), Some(item)) = (&admin, admin_item.as_ref().or(listen_item.as_ref()))
        && listen.iter().any(|listen| listen.address == admin.listen && admin.listen.port() != 0)
    {
        let message = format!("{} is both a data port and the admin port", admin.listen);
        item.error(Code::Duplicate, &message, "give one of them another port");
    }
    Top {
        listen,
        admin,
        clients,
        limits: get("limits").map(|item| limits(&item)).unwrap_or_default(),
        log: log(get("log").as_ref()),
        egress: get("egress").map(|item| egress(&item)).unwrap_or_default(),
        headers: get("headers").and_then(|item| item.flag()).unwrap_or(true),
        drain_timeout: get("drainTimeout").and_then(|item| item.duration()).unwrap_or(DRAIN),
        state_file: get("stateFile").and_then(|item| state_file(&item)).unwrap_or_default(),
    }
}

/// A path, or `off`; `false` means the same.
fn state_file(item: &Item<'_>) -> Option<StateFile> {
    if item.node.value == Value::Bool(false) {
        return Some(StateFile::Off);
    }
    let text = item.filled("write the path of a file, or `off`")?;
    Some(if text == "off" { StateFile::Off } else { StateFile::At(text.into()) })
}

fn limits(item: &Item<'_>) -> Limits {
    let default = Limits::default();
    let Some(map) = item.map() else { return default };
    let bytes = |key, default| map.get(key).and_then(|item| item.bytes()).unwrap_or(default);
    let time = |key, default| map.get(key).and_then(|item| item.positive_duration()).unwrap_or(default);
    let limits = Limits {
        buffer_body: bytes("bufferBody", default.buffer_body),
        max_body: bytes("maxBody", default.max_body),
        max_header_bytes: bytes("maxHeaderBytes", default.max_header_bytes),
        header_timeout: time("headerTimeout", default.header_timeout),
        body_idle_timeout: time("bodyIdleTimeout", default.body_idle_timeout),
        buffer_answer: bytes("bufferAnswer", default.buffer_answer),
    };
    map.finish();
    limits
}

fn log(item: Option<&Item<'_>>) -> LogPlan {
    let mut log = LogPlan { format: LogFormat::default(), level: LogLevel::default(), receipts: true };
    let Some(map) = item.and_then(Item::map) else { return log };
    let formats = [("human", LogFormat::Human), ("json", LogFormat::Json)];
    if let Some(format) = map.get("format").and_then(|item| item.choice(&formats)) {
        log.format = format;
    }
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    if let Some(level) = map.get("level").and_then(|item| item.choice(&levels)) {
        log.level = level;
    }
    if let Some(receipts) = map.get("receipts").and_then(|item| item.flag()) {
        log.receipts = receipts;
    }
    map.finish();
    log
}

/// How a provider is really reached; at the top level the default for all.
pub(crate) fn egress(item: &Item<'_>) -> EgressPlan {
    let Some(map) = item.map() else { return EgressPlan::default() };
    let connect_to = map.get("connectTo").and_then(|item| host_and_port(&item));
    let client_cert = map.get("clientCert").and_then(|item| pair(&item));
    let proxy = map.get("proxy").and_then(|item| {
        let text = item.text()?;
        let good = text.strip_prefix("http://").is_some_and(|rest| is_host_and_port(rest.trim_end_matches('/')));
        if !good {
            item.error(Code::Invalid, "this is no address of a proxy", "write `http://host:port`");
        }
        good.then_some(text)
    });
    let egress = EgressPlan {
        connect_to,
        tls: map.get("tls").and_then(|item| item.flag()),
        ca_file: map.get("caFile").and_then(|item| path(&item)),
        client_cert,
        proxy,
        http2: map.get("http2").and_then(|item| item.flag()),
    };
    map.finish();
    egress
}

fn host_and_port(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if !is_host_and_port(&text) {
        item.error(Code::Invalid, "this is no `host:port`", "write one such as `127.0.0.1:9000`");
        return None;
    }
    Some(text)
}

fn is_host_and_port(text: &str) -> bool {
    if text.parse::<SocketAddr>().is_ok() {
        return true;
    }
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let fits = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-' | b'_');
        !host.is_empty() && host.bytes().all(fits) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

pub(crate) fn path(item: &Item<'_>) -> Option<PathBuf> {
    item.filled("write the path of a file").map(PathBuf::from)
}

/// `{cert, key}`, both needed.
fn pair(item: &Item<'_>) -> Option<(PathBuf, PathBuf)> {
    let map = item.map()?;
    let cert = map.need("cert", "name a PEM file with the certificate chain").and_then(|item| path(&item));
    let key = map.need("key", "name a PEM file with the private key").and_then(|item| path(&item));
    map.finish();
    cert.zip(key)
}
