//! What the start says: who listens where, with what behind it. Standard error, so that standard output stays for
//! receipts.

use std::fmt::Write as _;
use std::io::Write as _;

use claviger_config::Clients;

use crate::live::Live;

pub(crate) fn print(live: &Live, data: &[String], admin: Option<&str>, notes: &[String]) {
    let _ = std::io::stderr().write_all(text(live, data, admin, notes).as_bytes());
}

fn text(live: &Live, data: &[String], admin: Option<&str>, notes: &[String]) -> String {
    let mut text = format!("Claviger {}\n", env!("CARGO_PKG_VERSION"));
    let callers = match &live.plan.clients {
        Clients::LoopbackOnly => "no client keys, loopback only".to_owned(),
        Clients::Open => "open to everybody (`clients: open`)".to_owned(),
        Clients::Keys(keys) => format!("{} client key(s)", keys.len()),
    };
    for url in data {
        let _ = writeln!(text, "  data       {url}/v1   {callers}");
    }
    match admin {
        Some(url) => {
            let _ = writeln!(text, "  admin      {url}   /healthz /readyz /metrics /state /explain");
        }
        None => text.push_str("  admin      off\n"),
    }
    for provider in &live.plan.providers {
        let id = provider.provider.id();
        let (kind, count) = (provider.provider.kind(), provider.credentials.len());
        let _ = writeln!(text, "  provider   {id} ({kind}), {count} credential(s)");
    }
    let _ = writeln!(text, "  routes     {}", live.plan.routes.routes.len());
    for note in notes {
        let _ = writeln!(text, "  {note}");
    }
    text
}
