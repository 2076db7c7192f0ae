//! `clients`: who may call.

use claviger_types::Secret;

use crate::plan::{Client, ClientKey, Clients, Listen};
use crate::problem::Code;
use crate::reader::Item;
use crate::top::secret;

/// Reads `open` or a list of named keys.
pub(super) fn read(item: Option<&Item<'_>>) -> Clients {
    let Some(item) = item else { return Clients::LoopbackOnly };
    if !item.is_list() {
        if item.text().as_deref() != Some("open") {
            let fix = "write `clients: [{ name: …, key: … }]`, or `clients: open` to let everybody in";
            item.error(Code::Invalid, "this is neither a list of keys nor `open`", fix);
        }
        return Clients::Open;
    }
    let mut clients: Vec<Client> = Vec::new();
    for entry in item.list() {
        let Some(client) = one(&entry) else { continue };
        if clients.iter().any(|other| other.name == client.name) {
            let message = format!("two clients are named {:?}", client.name);
            entry.error(Code::Duplicate, &message, "give each a name of its own");
        } else if let Some(other) = clients.iter().find(|other| same(&other.key, &client.key)) {
            let message = format!("this is the key of {:?} too", other.name);
            entry.error(Code::Duplicate, &message, "give each client a key of its own");
        }
        clients.push(client);
    }
    if item.list().is_empty() {
        item.error(Code::Missing, "this list is empty", "name a client, or remove `clients` to serve loopback only");
    }
    Clients::Keys(clients)
}

fn one(entry: &Item<'_>) -> Option<Client> {
    let map = entry.map()?;
    let name = map.need("name", "write a name, for logs").and_then(|item| item.filled("write a name, for logs"));
    let hash = map.get("keySha256");
    let key = match &hash {
        Some(item) if map.peek("key").is_some() || map.peek("keyFile").is_some() => {
            item.error(Code::Invalid, "`key`, `keyFile` and `keySha256` exclude each other", "keep one of them");
            None
        }
        Some(item) => sha256(item),
        None => secret(&map, "key", "keyFile").map(ClientKey::Plain),
    };
    if hash.is_none() && map.peek("key").is_none() && map.peek("keyFile").is_none() {
        map.missing("key", "write `key: \"${NAME}\"`, `keyFile: PATH` or `keySha256: HEX`");
    }
    map.knows(["key", "keyFile"]);
    map.finish();
    Some(Client { name: name?, key: key? })
}

fn sha256(item: &Item<'_>) -> Option<ClientKey> {
    let text = item.text()?;
    let hex = text.trim();
    let mut digest = [0_u8; 32];
    let good = hex.len() == 64
        && hex.is_ascii()
        && digest.iter_mut().enumerate().all(|(index, byte)| {
            u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).map(|value| *byte = value).is_ok()
        });
    if !good {
        item.error(Code::Invalid, "this is no SHA-256", "write the 64 hex digits that `sha256sum` prints for the key");
    }
    good.then_some(ClientKey::Sha256(digest))
}

fn same(a: &ClientKey, b: &ClientKey) -> bool {
    match (a, b) {
        (ClientKey::Plain(a), ClientKey::Plain(b)) => a == b,
        (ClientKey::Sha256(a), ClientKey::Sha256(b)) => a == b,
        (ClientKey::Plain(plain), ClientKey::Sha256(digest)) | (ClientKey::Sha256(digest), ClientKey::Plain(plain)) => {
            Secret::digest_matches(plain.expose(), digest)
        }
    }
}

/// Without keys only this machine may be served.
pub(super) fn guard(clients: &Clients, listen: &[Listen], item: Option<&Item<'_>>) {
    let Some(item) = item else { return };
    if *clients != Clients::LoopbackOnly {
        return;
    }
    if let Some(reachable) = listen.iter().find(|listen| !listen.address.ip().is_loopback()) {
        let message = format!("others can reach {}, and no client needs a key", reachable.address);
        let fix = "name `clients`, listen on 127.0.0.1, or write `clients: open` to let everybody in";
        item.error(Code::Missing, &message, fix);
    }
}
