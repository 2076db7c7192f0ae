//! `listen` and `admin`.

use std::net::{Ipv4Addr, SocketAddr};

use claviger_types::Secret;

use crate::node::Value;
use crate::plan::{Admin, Listen, TlsFiles};
use crate::problem::Code;
use crate::reader::{Item, Reader};
use crate::top::pair;

/// The data port, unless `listen` says otherwise.
const DATA: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The admin port, unless `admin` says otherwise.
const ADMIN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// `addr:port`, `{address, tls}`, or a list of these.
pub(super) fn listen(item: Option<&Item<'_>>) -> Vec<Listen> {
    let default = vec![Listen { address: DATA, tls: None }];
    let Some(item) = item else { return default };
    if !item.is_list() {
        return one(item).map_or(default, |listen| vec![listen]);
    }
    let items = item.list();
    if items.is_empty() {
        item.error(Code::Missing, "this list is empty", "write one address such as `127.0.0.1:8080`");
    }
    let mut all: Vec<Listen> = Vec::new();
    for item in &items {
        let Some(listen) = one(item) else { continue };
        if listen.address.port() != 0 && all.iter().any(|other| other.address == listen.address) {
            item.error(Code::Duplicate, &format!("{} is listed twice", listen.address), "remove one");
        }
        all.push(listen);
    }
    all
}

fn one(item: &Item<'_>) -> Option<Listen> {
    if !item.is_map() {
        return Some(Listen { address: address(item)?, tls: None });
    }
    let map = item.map()?;
    let address = map.need("address", "write one such as `127.0.0.1:8080`").and_then(|item| address(&item));
    let tls = map.get("tls").and_then(|item| pair(&item)).map(|(cert, key)| TlsFiles { cert, key });
    map.finish();
    Some(Listen { address: address?, tls })
}

fn address(item: &Item<'_>) -> Option<SocketAddr> {
    let text = item.text()?;
    let text = text.trim();
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    if let Ok(address) = numeric.parse() {
        return Some(address);
    }
    let port = text.trim_start_matches(['*', ':']);
    let fix = match port.parse::<u16>() {
        Ok(port) => format!("write `127.0.0.1:{port}` for this machine only, `0.0.0.0:{port}` for everybody"),
        Err(_) => "write an IP address and a port, such as `127.0.0.1:8080`".to_owned(),
    };
    item.error(Code::Invalid, &format!("{text:?} is no address with a port"), &fix);
    None
}

/// `{listen, token | tokenFile}`, or `false`.
pub(super) fn admin(item: Option<&Item<'_>>) -> Option<Admin> {
    let default = Some(Admin { listen: ADMIN, token: None });
    let Some(item) = item else { return default };
    if !item.is_map() {
        if item.node.value == Value::Bool(false) {
            return None;
        }
        item.wrong::<()>("a map, or false", "write `admin: { listen: 127.0.0.1:8081 }`, or `admin: false`");
        return default;
    }
    let Some(map) = item.map() else { return default };
    let listen = map.get("listen").map_or(Some(ADMIN), |item| address(&item));
    let mark = item.context.mark();
    let token = secret(&map, "token", "tokenFile");
    let broken = item.context.errors_since(mark) > 0;
    if let Some(listen) = listen
        && !listen.ip().is_loopback()
        && token.is_none()
        && !broken
    {
        map.problem(
            crate::Severity::Error,
            Code::Missing,
            "listen",
            "an admin port that others can reach needs a token",
            "write `token: \"${ADMIN_TOKEN}\"`, or listen on 127.0.0.1",
        );
    }
    map.finish();
    Some(Admin { listen: listen.unwrap_or(ADMIN), token })
}

/// A secret that stands in the file, or in a file of its own. `None` when neither key is set, or after a problem.
pub(crate) fn secret(map: &Reader<'_>, plain: &'static str, file: &'static str) -> Option<Secret> {
    let (plain_item, file_item) = (map.get(plain), map.get(file));
    if plain_item.is_some()
        && let Some(item) = &file_item
    {
        let message = format!("`{plain}` and `{file}` exclude each other");
        item.error(Code::Invalid, &message, "remove one of them");
        return None;
    }
    if let Some(item) = plain_item {
        return item.filled("write the secret, or a reference such as `${NAME}`").map(Secret::new);
    }
    let item = file_item?;
    let name = item.filled("write the path of a file")?;
    item.context.read_secret(&name, item.place(), &item.path).map(Secret::new)
}
