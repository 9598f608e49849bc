//! The accept loop and its end.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until, timeout_at},
};
use warp::{Filter, Rejection, Reply};

use super::{
    Refusal, Setup, Stopping, admission,
    exchange::Context,
    failure,
    turn_away::{Farewell, MAX_TURNED_AWAY, turn_away},
};
use crate::task;

/// Shortest and longest pause after a failed accept.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

/// An address that cannot be listened on.
#[derive(Debug, Error)]
pub enum BindError {
    /// Another socket has the address.
    #[error(
        "{address} is in use; another program listens there: choose another port with {setting}"
    )]
    InUse {
        /// The address.
        address: SocketAddr,
        /// The key or flag it came from.
        setting: String,
    },
    /// The process may not use the port.
    #[error(
        "{address} may not be listened on: choose a port above 1023 with {setting}, or give the \
         program the capability CAP_NET_BIND_SERVICE"
    )]
    Forbidden {
        /// The address.
        address: SocketAddr,
        /// The key or flag it came from.
        setting: String,
    },
    /// No interface has the address.
    #[error("{address} is no address of this machine: choose one that is with {setting}")]
    Foreign {
        /// The address.
        address: SocketAddr,
        /// The key or flag it came from.
        setting: String,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {source}: check {setting}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// The key or flag it came from.
        setting: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl BindError {
    fn new(address: SocketAddr, setting: &str, source: std::io::Error) -> Self {
        let setting = setting.to_owned();
        match source.kind() {
            ErrorKind::AddrInUse => Self::InUse { address, setting },
            ErrorKind::PermissionDenied => Self::Forbidden { address, setting },
            ErrorKind::AddrNotAvailable => Self::Foreign { address, setting },
            _ => Self::Other {
                address,
                setting,
                source,
            },
        }
    }
}

/// A bound address. From here on the system queues connections; [`serve`](Self::serve) takes them.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens on `address`. `setting` is what the user would change to choose another one, for
    /// the error text: `telemetry.monitoring_port or --listen`.
    pub async fn bind(address: SocketAddr, setting: &str) -> Result<Self, BindError> {
        let failed = |source| BindError::new(address, setting, source);
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that the system chose where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `routes` until [`Serving::shutdown`]. Rejections are answered by
    /// [`failure::recover`]; the routes need no handler of their own.
    pub fn serve<R>(
        self,
        routes: impl Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        setup: Setup,
    ) -> Serving
    where
        R: Reply + 'static,
    {
        let routes = routes
            .map(Reply::into_response)
            .recover(failure::recover)
            .unify()
            .boxed();
        let context = Arc::new(Context::new(routes, setup));
        let (stop, stopping) = watch::channel(None);
        let accepting = Accepting {
            context,
            stopping: Stopping::new(stopping),
            connections: JoinSet::new(),
            turned_away: JoinSet::new(),
        };
        Serving {
            address: self.address,
            stop,
            accepting: task::spawn("listener", accepting.run(self.socket)),
        }
    }
}

/// A listener at work. Dropped without a shutdown it cuts its connections at once.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<Option<Instant>>,
    accepting: JoinHandle<usize>,
}

impl Serving {
    /// The address served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, tells event streams to end, lets requests in flight finish within `grace`
    /// and cuts the rest. Gives the number of connections cut.
    pub async fn shutdown(self, grace: Duration) -> usize {
        self.stop.send_replace(Some(Instant::now() + grace));
        self.accepting.await.unwrap_or_else(|error| {
            tracing::error!(%error, address = %self.address, "the accept loop ended badly");
            0
        })
    }
}

struct Accepting {
    context: Arc<Context>,
    stopping: Stopping,
    connections: JoinSet<()>,
    turned_away: JoinSet<()>,
}

impl Accepting {
    async fn run(mut self, socket: TcpListener) -> usize {
        let mut pause = Pause::default();
        let mut stopping = self.stopping.clone();
        let deadline = {
            let mut stopped = std::pin::pin!(stopping.deadline());
            loop {
                select! {
                    biased;
                    deadline = &mut stopped => break deadline,
                    Some(_) = self.connections.join_next() => {}
                    Some(_) = self.turned_away.join_next() => {}
                    accepted = accept(&socket, &pause) => match accepted {
                        Ok((stream, address)) => {
                            pause = Pause::default();
                            self.admit(stream, address);
                        }
                        Err(error) => {
                            self.context.observer.refused(Refusal::Accept);
                            pause.after(&error);
                        }
                    },
                }
            }
        };
        drop(socket);
        self.drain(deadline).await
    }

    /// Serves a connection, or says that there is no room.
    fn admit(&mut self, stream: TcpStream, address: SocketAddr) {
        if self.connections.len() >= self.context.limits.connections {
            self.context.observer.refused(Refusal::Connections);
            // One that speaks TLS would not understand it.
            if self.context.tls.is_none() && self.turned_away.len() < MAX_TURNED_AWAY {
                let farewell = turn_away(stream, Farewell::NoRoom);
                task::spawn_in(&mut self.turned_away, "farewell", farewell);
            }
            return;
        }
        if let Err(error) = stream.set_nodelay(true) {
            // Only a connection that is gone already refuses this; serving it will show.
            tracing::debug!(%error, %address, "TCP_NODELAY was refused");
        }
        let context = Arc::clone(&self.context);
        let served = admission::serve(stream, address, context, self.stopping.clone());
        task::spawn_in(&mut self.connections, "connection", served);
    }

    /// Waits for the open connections until `deadline`, then cuts them.
    async fn drain(mut self, deadline: Instant) -> usize {
        self.turned_away.abort_all();
        let all_done = async { while self.connections.join_next().await.is_some() {} };
        if timeout_at(deadline, all_done).await.is_ok() {
            return 0;
        }
        let cut = self.connections.len();
        self.connections.shutdown().await;
        cut
    }
}

/// Accepts the next connection, after the pause that a failure asked for.
async fn accept(socket: &TcpListener, pause: &Pause) -> std::io::Result<(TcpStream, SocketAddr)> {
    if let Some(until) = pause.until {
        sleep_until(until).await;
    }
    socket.accept().await
}

/// The pause before the next accept. Without one, a process that has no file descriptors left
/// would spin: the waiting connection stays, and the accept fails at once again.
#[derive(Debug, Default)]
struct Pause {
    length: Duration,
    until: Option<Instant>,
}

impl Pause {
    fn after(&mut self, error: &std::io::Error) {
        use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        // These took the connection with them; the next accept meets another one.
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionReset | Interrupted
        ) {
            return;
        }
        let [shortest, longest] = PAUSES;
        self.length = (self.length * 2).clamp(shortest, longest);
        self.until = Some(Instant::now() + self.length);
        if self.length == shortest {
            tracing::warn!(%error, "cannot accept connections: raise the limit of open files (ulimit -n)");
        }
    }
}
