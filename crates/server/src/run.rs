//! The process from start to end: build, listen, say so, wait for the signal, drain.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use claviger_config::{LogFormat, LogLevel, LogPlan, Plan};
use claviger_net::{Net, NetSettings};
use claviger_pool::Pool;
use claviger_telemetry::{Level, LogSettings, Telemetry};
use parking_lot::Mutex;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::admin::{self, Desk};
use crate::clock::Clock;
use crate::listen::{Gauge, Port};
use crate::live::Live;
use crate::memory::Memory;
use crate::shared::Shared;
use crate::waiting::Waiting;
use crate::{banner, checks, ingress, reload};

/// What to run.
pub(crate) struct Start<'a> {
    pub(crate) plan: Plan,
    /// The file to watch, and what it was like before it was read; `None` for the demo.
    pub(crate) file: Option<(&'a Path, reload::Stamp)>,
    /// Where what was learned survives a restart; `None`: nowhere.
    pub(crate) state: Option<PathBuf>,
    /// Files the plan read secrets from.
    pub(crate) secrets: Vec<String>,
    /// Lines for the banner.
    pub(crate) notes: Vec<String>,
}

/// Runs until SIGTERM or SIGINT.
pub(crate) async fn run(start: Start<'_>) -> anyhow::Result<()> {
    let Start { plan, file, state, secrets, mut notes } = start;
    let log = log_settings(&plan.log);
    claviger_telemetry::init_tracing(log.level, log.format);
    let (clock, net, mut pool) = (Clock::new(), Net::new(NetSettings::default())?, Pool::new());
    let live = Live::build(plan, None, &mut pool, clock.now())?;
    notes.push(
        state.as_ref().map_or_else(|| "state      off".to_owned(), |path| format!("state      {}", path.display())),
    );
    let memory = state.and_then(|path| Memory::open(path, &mut pool, clock.both()));
    let shared = Arc::new(Shared {
        clock,
        pool: Mutex::new(pool),
        waiting: Waiting::default(),
        net,
        telemetry: Telemetry::new(log),
        live: ArcSwap::from_pointee(live),
        affinity: Mutex::default(),
        models: Mutex::default(),
    });
    let live = shared.live();
    let desk = Arc::new(Desk {
        shared: Arc::clone(&shared),
        token: live.plan.admin.as_ref().and_then(|admin| admin.token.clone()),
        ready: AtomicBool::new(true),
        file: file.as_ref().map(|(path, _)| path.display().to_string()),
    });
    // both signals are caught before anybody is told that we are here
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, stopped) = watch::channel(false);
    let (data, admin) = open_ports(&live, &desk, &stopped).await?;
    banner::print(&live, &data.urls, admin.as_ref().map(|port| port.urls[0].as_str()), &notes);
    let keeping = memory.map(|memory| memory.keep(Arc::clone(&shared)));
    let checking = tokio::spawn(checks::watch(Arc::clone(&shared)));
    let watcher =
        file.map(|(path, read)| tokio::spawn(reload::watch(Arc::clone(&shared), path.to_owned(), secrets, read)));
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!(seconds = live.plan.drain_timeout.as_secs(), "draining: no new connections, requests in flight end");
    desk.ready.store(false, Ordering::Relaxed);
    stop.send_replace(true);
    checking.abort();
    if let Some(watcher) = watcher {
        watcher.abort();
    }
    for task in data.tasks {
        task.await.context("a listener ended badly")?;
    }
    // the admin port answers until the data ports are done
    if let Some(admin) = admin {
        admin.tasks.into_iter().for_each(|task| task.abort());
    }
    if let Some(keeping) = keeping {
        keeping.end().await;
    }
    shared.telemetry.flush(std::time::Duration::from_secs(2));
    Ok(())
}

/// Ports that serve.
struct Serving {
    urls: Vec<String>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

async fn open_ports(
    live: &Live,
    desk: &Arc<Desk>,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<(Serving, Option<Serving>)> {
    let (plan, shared) = (&live.plan, &desk.shared);
    // everything is bound before anything serves: a start fails whole
    let mut ports = Vec::with_capacity(plan.listen.len());
    for listen in &plan.listen {
        ports.push(Port::bind(listen.address, listen.tls.as_ref(), plan.limits.clone()).await?);
    }
    let admin = match &plan.admin {
        Some(admin) => Some(Port::bind(admin.listen, None, plan.limits.clone()).await?),
        None => None,
    };
    let telemetry = Arc::clone(shared);
    let gauge: Gauge =
        Arc::new(
            move |begun| {
                if begun { telemetry.telemetry.connection_opened() } else { telemetry.telemetry.connection_closed() }
            },
        );
    let urls = ports.iter().map(Port::url).collect();
    let serve = |port: Port| {
        let shared = Arc::clone(shared);
        let handler = move |request| ingress::serve(Arc::clone(&shared), request);
        tokio::spawn(port.serve(handler, stopped.clone(), plan.drain_timeout, Arc::clone(&gauge)))
    };
    let data = Serving { urls, tasks: ports.into_iter().map(serve).collect() };
    let admin = admin.map(|port| {
        let (url, desk) = (port.url(), Arc::clone(desk));
        let handler = move |request| admin::serve(Arc::clone(&desk), request);
        let (_, never) = watch::channel(false);
        let task = port.serve(handler, never, std::time::Duration::ZERO, Arc::new(|_| {}));
        Serving { urls: vec![url], tasks: vec![tokio::spawn(task)] }
    });
    Ok((data, admin))
}

fn log_settings(plan: &LogPlan) -> LogSettings {
    LogSettings {
        format: match plan.format {
            LogFormat::Human => claviger_telemetry::LogFormat::Human,
            LogFormat::Json => claviger_telemetry::LogFormat::Json,
        },
        level: match plan.level {
            LogLevel::Error => Level::Error,
            LogLevel::Warn => Level::Warn,
            LogLevel::Info => Level::Info,
            LogLevel::Debug => Level::Debug,
            LogLevel::Trace => Level::Trace,
        },
        receipts: plan.receipts,
    }
}
