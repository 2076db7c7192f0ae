//! `claviger explain`: asks a running gateway's admin port, or a configuration file about a gateway that just started.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use claviger_config::Severity;
use claviger_pool::Pool;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{Question, table};
use crate::clock::Clock;
use crate::live::Live;
use crate::reload;

/// The answer comes from memory: a gateway that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(10);

/// Say why each credential would or would not be chosen now, and when that changes.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The client's model. Without one, everything that is in use.
    #[arg(short, long)]
    model: Option<String>,
    /// The client's path.
    #[arg(long)]
    path: Option<String>,
    /// The host the client addresses, for routes that go by it.
    #[arg(long)]
    host: Option<String>,
    /// Only this provider, past the routes.
    #[arg(short, long)]
    provider: Option<String>,
    /// The admin port of the running gateway. A token it needs is read from CLAVIGER_ADMIN_TOKEN.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT")]
    admin: String,
    /// Ask no gateway: what one with this configuration would do right after its start.
    #[arg(short, long, conflicts_with = "admin")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What to print.
pub(crate) async fn run(args: Explain) -> anyhow::Result<String> {
    let Explain { model, path, host, provider, admin, config, json } = args;
    let question = Question { model, path, host, provider };
    let found = match config {
        Some(file) => fresh(&file, &question)?,
        None => tokio::time::timeout(PATIENCE, ask(&admin, &question))
            .await
            .with_context(|| format!("{admin} did not answer within {} s", PATIENCE.as_secs()))??,
    };
    if json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Ok(table::text(&found, colours))
}

fn fresh(file: &Path, question: &Question) -> anyhow::Result<Value> {
    let (_, loaded) = reload::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let Some(plan) = loaded.plan else {
        let errors = loaded.problems.iter().filter(|problem| problem.severity == Severity::Error);
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        bail!("the configuration has errors:\n{}", errors.join("\n"));
    };
    let (clock, mut pool) = (Clock::new(), Pool::new());
    let live = Live::build(plan, None, &mut pool, clock.now())?;
    super::explain(&live, &mut pool, clock.both(), question).map_err(anyhow::Error::msg)
}

async fn ask(admin: &str, question: &Question) -> anyhow::Result<Value> {
    let admin = admin.trim_start_matches("http://").trim_end_matches('/');
    let stream = TcpStream::connect(admin).await.with_context(|| {
        format!(
            "no gateway answers at {admin}; `--admin ADDRESS:PORT` names the admin port of another, `--config FILE` \
             asks none"
        )
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::get(format!("/explain?{}", question.query())).header(header::HOST, admin);
    if let Ok(token) = std::env::var("CLAVIGER_ADMIN_TOKEN") {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let reply = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = reply.status();
    let body = reply.into_body().collect().await?.to_bytes();
    let found = serde_json::from_slice::<Value>(&body).ok();
    match (status, found) {
        (StatusCode::OK, Some(found)) => Ok(found),
        (StatusCode::UNAUTHORIZED, _) => bail!("the admin port wants its token: set CLAVIGER_ADMIN_TOKEN"),
        (_, Some(found)) if found["error"].is_string() => bail!("{}", found["error"].as_str().unwrap_or_default()),
        (status, _) => bail!("{admin} is no admin port of this version of Claviger: it answers {status}"),
    }
}
