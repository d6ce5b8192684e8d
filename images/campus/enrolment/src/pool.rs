//! A small bounded pool of database connections.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, NoTls};

use crate::arguments::Arguments;

/// Longest wait for a free connection.
const WAIT: Duration = Duration::from_secs(2);
/// Longest time to open a connection, name look-up and password included.
const CONNECT: Duration = Duration::from_secs(3);
/// Most bytes of a credentials file.
const CREDENTIAL_BYTES: usize = 4096;

/// Why there is no connection, or why one failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    /// All connections are taken.
    #[error("wait for a free database connection: none in {} s", WAIT.as_secs())]
    Exhausted,
    /// The name or password file cannot be read.
    #[error("read the credentials file {}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// Cause.
        #[source]
        cause: std::io::Error,
    },
    /// The database does not answer in time.
    #[error("connect to the database: no answer in {} s", CONNECT.as_secs())]
    ConnectTimeout,
    /// The database refused or the way there is broken.
    #[error("connect to the database")]
    Connect(#[source] tokio_postgres::Error),
    /// A statement failed.
    #[error("ask the database")]
    Query(#[source] tokio_postgres::Error),
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Connections to one database; at most as many as it was made with.
#[derive(Debug)]
pub(crate) struct Pool {
    host: String,
    port: u16,
    database: String,
    credentials: PathBuf,
    size: usize,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Client>>,
}

/// A connection on loan; it goes back when it is dropped.
pub(crate) struct Connection {
    client: Option<Client>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool that opens nothing yet.
    pub(crate) fn new(arguments: &Arguments) -> Arc<Self> {
        let size = usize::from(arguments.database_connections);
        Arc::new(Self {
            host: arguments.database_host.clone(),
            port: arguments.database_port,
            database: arguments.database_name.clone(),
            credentials: arguments.database_credentials.clone(),
            size,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Vec::with_capacity(size)),
        })
    }

    /// Lends a connection that was open a moment ago, or opens one.
    ///
    /// # Errors
    /// [`PoolError`] when none gets free, or none can be opened, in time.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Connection, PoolError> {
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| PoolError::Exhausted)?
            .map_err(|_| PoolError::Exhausted)?;
        let kept = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // What the database closed in the meantime is no use to anyone.
            idle.retain(|client| !client.is_closed());
            idle.pop()
        };
        let client = match kept {
            Some(client) => client,
            None => self.open().await?,
        };
        Ok(Connection { client: Some(client), pool: Arc::clone(self), _permit: permit })
    }

    /// Connections on loan and connections at most.
    pub(crate) fn usage(&self) -> (usize, usize) {
        (self.size.saturating_sub(self.permits.available_permits()), self.size)
    }

    async fn open(&self) -> Result<Client, PoolError> {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.database)
            .user(self.credential("username").await?)
            .password(self.credential("password").await?)
            .application_name("enrolment")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(30))
            // A statement that waits longer than a visitor would is given up by the database itself.
            .options("-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=10000");
        let (client, connection) = tokio::time::timeout(CONNECT, config.connect(NoTls))
            .await
            .map_err(|_| PoolError::ConnectTimeout)?
            .map_err(PoolError::Connect)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                crate::log::line("warning", "connection lost", &[("error", &chain(&error))]);
            }
        });
        Ok(client)
    }

    async fn credential(&self, name: &str) -> Result<String, PoolError> {
        let path = self.credentials.join(name);
        let failed = |cause| PoolError::Credentials { path: path.clone(), cause };
        let text = tokio::fs::read_to_string(&path).await.map_err(failed)?;
        if text.len() > CREDENTIAL_BYTES {
            return Err(failed(std::io::Error::other("the file is too long")));
        }
        Ok(text.trim_end_matches('\n').to_owned())
    }
}

impl Connection {
    /// Closes the connection instead of giving it back: its state is not known.
    pub(crate) fn discard(mut self) {
        self.client = None;
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("a connection has its client until it is dropped or discarded")
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("a connection has its client until it is dropped or discarded")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|client| !client.is_closed()) {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
    }
}
