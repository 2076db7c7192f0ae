//! Listens, accepts, and hands each request to [`crate::handle`]. Knows nothing of answers or faults.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use parking_lot::{Mutex, RwLock};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use crate::{
    connection::{Ending, Io},
    handle,
    ledger::Ledger,
    script::{Script, TokenScript},
    seen::{Log, Seen},
};

/// Everything one server knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) script: RwLock<Arc<Script>>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) log: Mutex<Log>,
    /// Rings when a request arrives or ends.
    pub(crate) changed: Notify,
    pub(crate) started: Instant,
    /// Whether `/__seen` and its kin are served.
    pub(crate) controls: bool,
    /// Closes when the server stops: for what has left its connection, as WebSockets do.
    pub(crate) stopping: watch::Receiver<()>,
}

impl State {
    pub(crate) fn set_token(&self, token: &str, behaviour: TokenScript) {
        let mut script = self.script.write();
        Arc::make_mut(&mut script).tokens.insert(token.to_owned(), behaviour);
    }

    pub(crate) fn clear(&self) {
        self.log.lock().clear();
        self.ledger.lock().clear();
    }
}

/// Starts scripted providers.
#[derive(Clone, Copy, Debug)]
pub struct ScriptedUpstream;

impl ScriptedUpstream {
    /// Listens on a free loopback port. Must be called inside a tokio runtime with I/O and time.
    pub async fn start(script: Script) -> io::Result<Running> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), script).await
    }

    /// Listens on `addr`; port 0 takes a free one.
    pub async fn start_on(addr: SocketAddr, script: Script) -> io::Result<Running> {
        Self::listen(addr, script, false).await
    }

    /// As [`Self::start_on`], and anyone who can connect may read `GET /__seen` and change the script by
    /// `POST /__script`, `/__token/NAME` and `/__reset`: for tests in other languages.
    pub async fn start_with_controls(addr: SocketAddr, script: Script) -> io::Result<Running> {
        Self::listen(addr, script, true).await
    }

    async fn listen(addr: SocketAddr, script: Script, controls: bool) -> io::Result<Running> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (stop, stopping) = watch::channel(());
        let state = Arc::new(State {
            script: RwLock::new(Arc::new(script)),
            ledger: Mutex::default(),
            log: Mutex::default(),
            changed: Notify::new(),
            started: Instant::now(),
            controls,
            stopping,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Running { addr, state, accepting, _stop: stop })
    }
}

/// A listening provider. Dropping it stops it: the port is freed and open connections are cut soon after.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
    /// Dropped with the server.
    _stop: watch::Sender<()>,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://ADDRESS`, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The latest requests, in order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.log.lock().all()
    }

    /// Waits until the requests seen satisfy `enough`, and returns them. Never returns if they never do.
    pub async fn seen_when(&self, enough: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        loop {
            let changed = self.state.changed.notified();
            let seen = self.seen();
            if enough(&seen) {
                return seen;
            }
            changed.await;
        }
    }

    /// How many requests came with `token`, also when `seen` has forgotten them.
    pub fn count(&self, token: &str) -> usize {
        usize::try_from(self.state.ledger.lock().count(token)).unwrap_or(usize::MAX)
    }

    /// Replaces the behaviour of one token, for requests that arrive from now on. Its request number goes on.
    pub fn set_token(&self, token: &str, script: TokenScript) {
        self.state.set_token(token, script);
    }

    /// Replaces the whole script, for requests that arrive from now on.
    pub fn set_script(&self, script: Script) {
        *self.state.script.write() = Arc::new(script);
    }

    /// Forgets requests, counts, used limits and stored objects; the script stays.
    pub fn clear(&self) {
        self.state.clear();
    }

    /// Waits until it ends by itself, which only a failure of the runtime brings about.
    pub async fn wait(mut self) {
        let _ = (&mut self.accepting).await;
    }

    /// Stops and waits until port and connections are closed.
    pub async fn stop(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await; // the only error is the cancellation asked for
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// How long to wait after a failed accept: without, a full descriptor table would keep a core busy.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Runs until aborted; the connections go with it, because the set owns them.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    connections.spawn(connection(tcp, Arc::clone(&state)));
                }
                // Out of descriptors, or a client that left in between: the next one may do better.
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(tcp: TcpStream, state: Arc<State>) {
    let _ = tcp.set_nodelay(true); // only a matter of speed
    let ending = Arc::new(Ending::default());
    let io = TokioIo::new(Io::new(tcp, Arc::clone(&ending)));
    let service = service_fn(move |request| handle::handle(Arc::clone(&state), Arc::clone(&ending), request));
    // Errors are what scripts and clients make on purpose; `seen` tells them.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(io, service).await;
}
