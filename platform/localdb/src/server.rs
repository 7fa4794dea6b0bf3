//! Starting the server, keeping it running, and stopping it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection as _, PgConnection};
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle as Task;

use crate::error::{Doing as _, Error};
use crate::find::{Binaries, Existing, Search};
use crate::folder::{self, Folder, PORT};
use crate::log::{self, Tail};
use crate::{process, roles};

/// The superuser of the server.
const SUPERUSER: &str = "postgres";

/// Recovery after a crash may take a while.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// How long a server that finds the locks of a dead one is started again.
const LOCKED_WITHIN: Duration = Duration::from_secs(10);

/// How long a killed program is waited for that still holds the folder.
const HELD_WITHIN: Duration = Duration::from_secs(2);

/// What sessions get at a stop before they are cut off without a checkpoint.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// The pauses before the restarts of a server that ended by itself.
const BACK_OFF: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
];

/// A server that ran this long has recovered from its earlier ends.
const STEADY: Duration = Duration::from_mins(1);

/// What happens to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Acknowledged writes survive a crash of the machine.
    Durable,
    /// For tests: fast, never synced to disk, removed at the end.
    Throwaway,
}

/// What server to run.
#[derive(Debug, Clone)]
pub struct Config {
    data_dir: Option<PathBuf>,
    mode: Mode,
}

impl Config {
    /// A server that keeps its data in `data_dir`; see [`crate::default_data_dir`].
    #[must_use]
    pub fn durable(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: Some(data_dir.into()),
            mode: Mode::Durable,
        }
    }

    /// A server for tests in a temporary folder of its own.
    #[must_use]
    pub fn throwaway() -> Self {
        Self {
            data_dir: None,
            mode: Mode::Throwaway,
        }
    }

    /// Whether a start has to make the data folder first, which takes a second or two.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.data_dir
            .as_deref()
            .is_none_or(|data_dir| !folder::data(data_dir).exists())
    }

    /// What happens to the data.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Ready,
    Restarting,
    /// It ended after its last restart.
    GaveUp,
}

#[derive(Debug, Clone, Copy)]
enum Stop {
    /// Sessions are cut off, the data is checkpointed.
    Fast,
    /// No checkpoint; a durable server recovers at its next start.
    Immediate,
}

/// A running server. It is stopped when this value is dropped; [`LocalServer::stop`] is the gentler way.
#[derive(Debug)]
pub struct LocalServer {
    socket_folder: PathBuf,
    condition: watch::Receiver<Condition>,
    stop: Option<oneshot::Sender<Stop>>,
    thread: Option<JoinHandle<()>>,
}

impl LocalServer {
    /// Finds the programs, makes the data folder where it is missing, starts the server, waits until it answers, and
    /// makes the roles and the database `atelier` where they are missing.
    ///
    /// The server belongs to a thread of its own, because the kernel ties the death signal of a child to the thread
    /// that started it, and a thread of an async runtime may end early.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let (started, start) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || own_thread(&config, started, stopped));
        let thread = thread.doing("start the thread of", Path::new("PostgreSQL"))?;
        let (socket_folder, condition) = start.await.unwrap_or(Err(Error::Interrupted))?;
        Ok(Self {
            socket_folder,
            condition,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// How sqlx connects to `database` as `user`, through the unix socket and without a password.
    #[must_use]
    pub fn options(&self, user: &str, database: &str) -> PgConnectOptions {
        options(&self.socket_folder, user, database)
    }

    /// The same as an address, which psql understands too.
    #[must_use]
    pub fn url(&self, user: &str, database: &str) -> String {
        let folder = percent_encoded(&self.socket_folder.to_string_lossy());
        format!(
            "postgres://{}@localhost/{}?host={folder}&port={PORT}",
            percent_encoded(user),
            percent_encoded(database)
        )
    }

    /// How to connect as the superuser of the server, for tasks of an administrator.
    #[must_use]
    pub fn superuser_options(&self, database: &str) -> PgConnectOptions {
        self.options(SUPERUSER, database)
    }

    /// The address for the superuser.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url(SUPERUSER, database)
    }

    /// Whether the server answers: false while it is started again after it ended by itself.
    #[must_use]
    pub fn healthy(&self) -> bool {
        *self.condition.borrow() == Condition::Ready
            && self
                .thread
                .as_ref()
                .is_some_and(|thread| !thread.is_finished())
    }

    /// Returns when the server has ended for good although nobody stopped it. The program can only end then.
    pub async fn lost(&self) {
        let mut condition = self.condition.clone();
        // An error means that the thread has ended, which comes to the same.
        let _ = condition
            .wait_for(|condition| *condition == Condition::GaveUp)
            .await;
    }

    /// Stops the server: sessions are cut off at once and the data is left consistent. Takes up to 30 s, after which
    /// the server is ended without a checkpoint. A throw-away server's data is removed.
    pub async fn stop(mut self) {
        self.send(Stop::Fast);
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn send(&mut self, how: Stop) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(how);
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.send(Stop::Immediate);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn options(socket_folder: &Path, user: &str, database: &str) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(socket_folder)
        .port(PORT);
    options
        .username(user)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

type Started = Result<(PathBuf, watch::Receiver<Condition>), Error>;

/// The thread that owns the server from its preparation to its end.
fn own_thread(
    config: &Config,
    started: oneshot::Sender<Started>,
    mut stopped: oneshot::Receiver<Stop>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error).doing("start the thread of", Path::new("PostgreSQL")));
            return;
        }
    };
    runtime.block_on(async {
        let mut server = match prepare(config).await {
            Ok(server) => server,
            Err(error) => return drop(started.send(Err(error))),
        };
        let first = tokio::select! {
            first = server.first_start() => first,
            // Nobody waits for the server any more.
            _ = &mut stopped => Err(Error::Interrupted),
        };
        if let Err(error) = first {
            // The folder is free again before the caller learns of the failure and may try once more.
            server.end(Stop::Immediate).await;
            return drop(started.send(Err(error)));
        }
        let (condition, receiver) = watch::channel(Condition::Ready);
        if started
            .send(Ok((server.folder.run.clone(), receiver)))
            .is_err()
        {
            return server.end(Stop::Immediate).await;
        }
        let how = tokio::select! {
            stop = &mut stopped => stop,
            error = server.keep_running(&condition) => {
                tracing::error!(%error, "the local PostgreSQL server is gone");
                condition.send_replace(Condition::GaveUp);
                // The folder stays ours until the program lets go of the server.
                stopped.await
            }
        };
        server.end(how.unwrap_or(Stop::Immediate)).await;
    });
}

/// Programs, folder and child of one server.
struct Server {
    mode: Mode,
    binaries: Binaries,
    folder: Folder,
    child: Option<(Child, Task<()>)>,
    tail: Tail,
}

/// Everything up to a complete data folder.
async fn prepare(config: &Config) -> Result<Server, Error> {
    let data_dir = match &config.data_dir {
        Some(data_dir) => data_dir.clone(),
        None => folder::new_throwaway().await,
    };
    let folder = Folder::open(&data_dir, HELD_WITHIN).await?;
    let prepared = prepare_data(config.mode, &folder).await;
    match prepared {
        Ok(binaries) => Ok(Server {
            mode: config.mode,
            binaries,
            folder,
            child: None,
            tail: Tail::default(),
        }),
        Err(error) => {
            if config.mode == Mode::Throwaway {
                folder.remove();
            }
            Err(error)
        }
    }
}

async fn prepare_data(mode: Mode, folder: &Folder) -> Result<Binaries, Error> {
    may_enter(folder)?;
    let (data, major) = (folder.data(), folder.major());
    let existing = major.map(|major| Existing { major, data: &data });
    let binaries = Search::of_machine().find(&folder.account, existing)?;
    if major.is_none() {
        tracing::info!(%binaries, folder = %data.display(), "making a new data folder");
        initdb(mode, &binaries, folder).await?;
    }
    Ok(binaries)
}

/// A home folder of root, for one, cannot be entered by the user of the server.
fn may_enter(folder: &Folder) -> Result<(), Error> {
    let shell = Path::new("/bin/sh");
    let mut command = process::command(shell, &folder.account);
    command
        .args(["-c", "cd -- \"$0\" && test -w ."])
        .arg(&folder.run)
        .stderr(Stdio::null());
    if command.status().doing("run", shell)?.success() {
        return Ok(());
    }
    let (folder, user) = (folder.run.clone(), folder.account.name.clone());
    Err(Error::CannotEnter { folder, user })
}

/// Makes the data folder under another name, so that it appears complete or not at all.
async fn initdb(mode: Mode, binaries: &Binaries, folder: &Folder) -> Result<(), Error> {
    let unfinished = folder.unfinished()?;
    let mut command = process::command(binaries.program("initdb"), &folder.account);
    command.arg("--pgdata").arg(&unfinished).args([
        "--username",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
    ]);
    command.args(["--locale=C", "--no-instructions", "--data-checksums"]);
    if mode == Mode::Throwaway {
        command.arg("--no-sync");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = Command::from(command);
    let out = command
        .kill_on_drop(true)
        .output()
        .await
        .doing("run", &binaries.program("initdb"))?;
    if !out.status.success() {
        let output = String::from_utf8_lossy(&out.stderr).into_owned()
            + &String::from_utf8_lossy(&out.stdout);
        return Err(Error::Initdb { output });
    }
    fs::rename(&unfinished, folder.data()).doing("complete", &folder.data())
}

/// How a launch ended that did not succeed.
enum Launch {
    /// The locks of a server that is about to disappear are in the way.
    Locked,
    Failed(Error),
}

impl Server {
    async fn first_start(&mut self) -> Result<(), Error> {
        self.launch().await?;
        roles::ensure(&self.superuser()).await
    }

    /// Starts the server and waits until it answers.
    async fn launch(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + LOCKED_WITHIN;
        loop {
            self.folder.clear_leftovers().await?;
            match self.launch_once().await {
                Ok(()) => return Ok(()),
                Err(Launch::Locked) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(Launch::Locked) => {
                    return Err(Error::Exited {
                        log: self.tail.text(),
                    });
                }
                Err(Launch::Failed(error)) => return Err(error),
            }
        }
    }

    async fn launch_once(&mut self) -> Result<(), Launch> {
        self.tail = Tail::default();
        let program = self.binaries.program("postgres");
        let child = Command::from(self.command()).kill_on_drop(true).spawn();
        let mut child = child.doing("run", &program).map_err(Launch::Failed)?;
        let log = child
            .stderr
            .take()
            .map(|output| log::keep(output, self.folder.log(), self.tail.clone()));
        let log = tokio::spawn(async {
            if let Some(log) = log {
                log.await;
            }
        });
        let options = self.superuser();
        let ready = tokio::time::timeout(READY_WITHIN, answers(&options));
        let ready = tokio::select! {
            ready = ready => ready.is_ok(),
            _ = child.wait() => {
                // All that it wrote comes before the end of its output.
                let _ = tokio::time::timeout(Duration::from_secs(1), log).await;
                let log = self.tail.text();
                let locked = (log.contains("lock file") && log.contains("already exists"))
                    || (log.contains("shared memory block") && log.contains("still in use"));
                return Err(if locked { Launch::Locked } else { Launch::Failed(Error::Exited { log }) });
            }
        };
        if !ready {
            let _ = child.kill().await;
            let seconds = READY_WITHIN.as_secs();
            let log = self.tail.text();
            return Err(Launch::Failed(Error::NotReady { seconds, log }));
        }
        self.child = Some((child, log));
        Ok(())
    }

    fn command(&self) -> std::process::Command {
        let mut command = process::command(self.binaries.program("postgres"), &self.folder.account);
        // A list of quoted paths, so that a comma or a blank in the path does no harm.
        let socket_folders = format!(
            "\"{}\"",
            self.folder.run.to_string_lossy().replace('"', "\"\"")
        );
        let fixed = [
            // No TCP at all; only the same user and root reach the socket.
            ("listen_addresses", ""),
            ("unix_socket_directories", &socket_folders),
            ("unix_socket_permissions", "0700"),
            ("logging_collector", "off"),
            ("log_destination", "stderr"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
        ];
        let durable = [
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
        ];
        let throwaway = [
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            ("autovacuum", "off"),
            ("max_connections", "300"),
            // In files of its folder, so that a server that was killed leaves nothing behind.
            ("dynamic_shared_memory_type", "mmap"),
        ];
        let by_mode: &[_] = match self.mode {
            Mode::Durable => &durable,
            Mode::Throwaway => &throwaway,
        };
        command
            .arg("-D")
            .arg(self.folder.data())
            .args(["-p", &PORT.to_string()]);
        for (name, value) in fixed.iter().chain(by_mode) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stderr(Stdio::piped());
        command
    }

    fn superuser(&self) -> PgConnectOptions {
        options(&self.folder.run, SUPERUSER, SUPERUSER)
    }

    /// Starts the server again when it ends by itself; returns when it did so once too often.
    async fn keep_running(&mut self, condition: &watch::Sender<Condition>) -> Error {
        let mut restarts = 0;
        loop {
            let since = Instant::now();
            let ended = match &mut self.child {
                Some((child, _)) => child.wait().await.ok(),
                None => None,
            };
            self.child = None;
            condition.send_replace(Condition::Restarting);
            if since.elapsed() >= STEADY {
                restarts = 0;
            }
            tracing::warn!(?ended, log = %self.tail.text(), "the local PostgreSQL server ended by itself");
            let Some(pause) = BACK_OFF.get(restarts) else {
                return Error::GaveUp {
                    restarts,
                    log: self.tail.text(),
                };
            };
            restarts += 1;
            tokio::time::sleep(*pause).await;
            match self.launch().await {
                Ok(()) => {
                    condition.send_replace(Condition::Ready);
                }
                Err(error) => {
                    tracing::warn!(%error, restarts, "the local PostgreSQL server did not start again");
                }
            }
        }
    }

    /// Ends the server and, for a throw-away one, its data.
    async fn end(mut self, how: Stop) {
        if let Some((mut child, log)) = self.child.take() {
            let steps: &[(Signal, Duration)] = match how {
                Stop::Fast => &[
                    (Signal::INT, STOP_WITHIN),
                    (Signal::QUIT, Duration::from_secs(5)),
                ],
                Stop::Immediate => &[(Signal::QUIT, Duration::from_secs(5))],
            };
            let mut ended = false;
            for (signal, patience) in steps {
                if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
                    // It may have ended this moment.
                    let _ = rustix::process::kill_process(pid, *signal);
                }
                ended = tokio::time::timeout(*patience, child.wait()).await.is_ok();
                if ended {
                    break;
                }
            }
            if !ended {
                let _ = child.kill().await;
            }
            // Ends when the last process of the server closes its standard error.
            let _ = tokio::time::timeout(Duration::from_secs(1), log).await;
        }
        if self.mode == Mode::Throwaway {
            self.folder.remove();
        }
    }
}

/// Returns when the server accepts a connection.
async fn answers(options: &PgConnectOptions) {
    loop {
        let attempt =
            tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(options)).await;
        if let Ok(Ok(connection)) = attempt {
            let _ = connection.close().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}
