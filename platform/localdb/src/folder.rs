//! The data folder: where it is, who owns it, and that one process alone uses it.
//!
//! ```text
//! <data folder>/postgres/     0700, owned by the user of the server
//!     lock                    held (flock) for the life of the process
//!     data/                   what initdb makes
//!     run/                    the socket
//!     postgres.log            and postgres.log.old
//! ```

use std::env;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Gid, OFlags, Uid};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use crate::Error;
use crate::account::{Account, is_root};
use crate::error::Doing as _;
use crate::process;

/// Part of the name of the socket file; no TCP port is opened.
pub(crate) const PORT: u16 = 5432;

/// A socket address holds this many bytes with its closing zero on every platform.
const LONGEST_SOCKET_PATH: usize = 103;

/// The start of the name of each throw-away folder.
pub(crate) const THROWAWAY_PREFIX: &str = "atelier-test-";

/// How long the dead are given to leave the process table, and orphans to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder for the data of a durable server: `ATELIER_DATA_DIR`, else the platform's folder for data of programs
/// (as root one that the unprivileged user of the server can enter, which a home folder is not).
pub fn default_data_dir() -> Result<PathBuf, Error> {
    let set = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(chosen) = env::var_os("ATELIER_DATA_DIR").filter(|path| !path.is_empty()) {
        return std::path::absolute(&chosen).doing("resolve", Path::new(&chosen));
    }
    if is_root() {
        return Ok(PathBuf::from("/var/lib/atelier"));
    }
    let home = set("HOME").or_else(|| Account::current().home);
    if cfg!(target_os = "macos") {
        return home
            .map(|home| home.join("Library/Application Support/Atelier"))
            .ok_or(Error::NoHome);
    }
    let data = set("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share")));
    data.map(|data| data.join("atelier")).ok_or(Error::NoHome)
}

/// The folder for fetched programs, which the user of the server must be able to read.
pub(crate) fn cache_dir() -> Result<PathBuf, Error> {
    let set = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(chosen) = set("ATELIER_CACHE_DIR") {
        return Ok(chosen);
    }
    if is_root() {
        return Ok(PathBuf::from("/var/cache/atelier"));
    }
    let home = set("HOME").or_else(|| Account::current().home);
    if cfg!(target_os = "macos") {
        return home
            .map(|home| home.join("Library/Caches/Atelier"))
            .ok_or(Error::NoHome);
    }
    let cache = set("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(".cache")));
    cache
        .map(|cache| cache.join("atelier"))
        .ok_or(Error::NoHome)
}

/// Where the server's own data are in a data folder, once there are any.
pub(crate) fn data(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres/data")
}

/// A data folder that this process holds.
#[derive(Debug)]
pub(crate) struct Folder {
    /// `<data folder>/postgres`.
    root: PathBuf,
    pub(crate) account: Account,
    /// Where the socket is.
    pub(crate) run: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder where it is missing and takes its lock. One that is held is waited for during `patience`: a
    /// program that was killed lets go of it a moment later.
    pub(crate) async fn open(data_dir: &Path, patience: Duration) -> Result<Self, Error> {
        let account = Account::for_server(&data(data_dir))?;
        if !data_dir.exists() {
            if let Some(parent) = data_dir.parent() {
                fs::create_dir_all(parent).doing("create", parent)?;
            }
            make_private(data_dir, &account)?;
        }
        // PostgreSQL works in the resolved folder, by which its processes are found again.
        let data_dir = data_dir.canonicalize().doing("resolve", data_dir)?;
        let root = data_dir.join("postgres");
        make_private(&root, &account)?;
        let mut lock = open_own(&root.join("lock"))?;
        let deadline = Instant::now() + patience;
        loop {
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(Errno::WOULDBLOCK) => {
                    let mut pid = String::new();
                    lock.read_to_string(&mut pid)
                        .doing("read", &root.join("lock"))?;
                    let pid = if pid.is_empty() { "?".to_owned() } else { pid };
                    return Err(Error::InUse {
                        folder: data_dir,
                        pid,
                    });
                }
                other => break other.doing("lock", &root.join("lock"))?,
            }
        }
        let pid = std::process::id().to_string();
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(pid.as_bytes()))
            .doing("write", &root.join("lock"))?;
        let run = socket_folder(&root, &account);
        make_private(&run, &account)?;
        Ok(Self {
            root,
            account,
            run,
            _lock: lock,
        })
    }

    /// What initdb makes.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// A name for a new data folder that is not complete yet. What a start left that was cut off is removed.
    pub(crate) fn unfinished(&self) -> Result<PathBuf, Error> {
        let path = self.root.join("data.unfinished");
        if path.exists() {
            fs::remove_dir_all(&path).doing("remove", &path)?;
        }
        Ok(path)
    }

    /// The major version that wrote the data, if there is any.
    pub(crate) fn major(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Stops what a killed process left running on this folder, and forgets what a dead one left lying.
    ///
    /// The lock is ours, so no other live program uses the folder. PostgreSQL itself refuses a folder whose pid file
    /// names *any* live process of the same user, a zombie or a stranger with a reused id included.
    pub(crate) async fn clear_leftovers(&self) -> Result<(), Error> {
        let data = self.data();
        let pid_file = data.join("postmaster.pid");
        let socket_lock = self.run.join(format!(".s.PGSQL.{PORT}.lock"));
        let named = pid_in(&pid_file);
        let signals = [Signal::INT, Signal::QUIT, Signal::KILL];
        for signal in signals {
            let running = process::servers_on(&data, named);
            if running.is_empty() {
                break;
            }
            tracing::warn!(folder = %data.display(), ?signal, "stopping a PostgreSQL server that a killed program left");
            for pid in &running {
                // It may have ended meanwhile.
                let _ = rustix::process::kill_process(*pid, signal);
            }
            wait_for_end(&running).await;
        }
        if process::servers_on(&data, named).is_empty() {
            for file in [&pid_file, &socket_lock] {
                match fs::remove_file(file) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(error).doing("remove", file);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Removes a throw-away folder with all it holds.
    pub(crate) fn remove(self) {
        if let Some(data_dir) = self.root.parent()
            && let Err(error) = fs::remove_dir_all(data_dir)
        {
            tracing::warn!(folder = %data_dir.display(), %error, "could not remove a throw-away data folder");
        }
    }
}

impl Drop for Folder {
    /// Lets go of the folder. The lock goes with its file.
    fn drop(&mut self) {
        if !self.run.starts_with(&self.root) {
            // Still full while a server that could not be ended uses it.
            let _ = fs::remove_dir(&self.run);
        }
    }
}

async fn wait_for_end(pids: &[Pid]) {
    let ended = async {
        while pids.iter().any(|pid| process::is_running(*pid)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, ended).await;
}

fn pid_in(file: &Path) -> Option<Pid> {
    Pid::from_raw(
        fs::read_to_string(file)
            .ok()?
            .lines()
            .next()?
            .trim()
            .parse()
            .ok()?,
    )
}

/// A new folder for a throw-away server. Those that killed processes left are removed first.
pub(crate) async fn new_throwaway() -> PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let temp = env::temp_dir();
    sweep(&temp).await;
    sweep(Path::new(MEMORY)).await;
    let temp = if memory_suits() {
        PathBuf::from(MEMORY)
    } else {
        temp
    };
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    temp.join(format!("{THROWAWAY_PREFIX}{}-{count}", std::process::id()))
}

/// A file system in memory, on Linux.
const MEMORY: &str = "/dev/shm";
/// So much of it has to be free, in bytes.
const ROOM: u64 = 4 * 1024 * 1024 * 1024;

/// Whether throw-away data fits into memory. Tests make and drop a database each, of a thousand files: file systems on
/// disks are slow at that, ext4 most of all, which looks for an inode that was not freed within the last seconds.
/// Whoever names a folder for temporary files gets that.
fn memory_suits() -> bool {
    env::var_os("TMPDIR").is_none()
        && rustix::fs::access(MEMORY, rustix::fs::Access::WRITE_OK).is_ok()
        && rustix::fs::statvfs(MEMORY).is_ok_and(|free| free.f_bavail * free.f_frsize >= ROOM)
}

/// Removes the throw-away folders in `temp` that no process holds.
pub(crate) async fn sweep(temp: &Path) {
    let ours = rustix::process::geteuid().as_raw();
    let entries = fs::read_dir(temp).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with(THROWAWAY_PREFIX)
    }) {
        let removable = is_root() || entry.metadata().is_ok_and(|found| found.uid() == ours);
        // A folder whose lock file names nobody is being made at this moment.
        let made =
            fs::metadata(entry.path().join("postgres/lock")).is_ok_and(|lock| lock.len() > 0);
        if !removable || !made {
            continue;
        }
        if let Ok(folder) = Folder::open(&entry.path(), Duration::ZERO).await
            && folder.clear_leftovers().await.is_ok()
        {
            folder.remove();
        }
    }
}

/// The folder of the socket: next to the data, or a short one when that path is too long for a socket address.
fn socket_folder(root: &Path, account: &Account) -> PathBuf {
    let near = root.join("run");
    let name = format!("/.s.PGSQL.{PORT}");
    if near.as_os_str().len() + name.len() <= LONGEST_SOCKET_PATH {
        return near;
    }
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    PathBuf::from(format!(
        "/tmp/atelier-{}-{:016x}",
        account.uid,
        hasher.finish()
    ))
}

/// Makes a folder that only `account` may enter, or makes sure that an existing one is such.
fn make_private(path: &Path, account: &Account) -> Result<(), Error> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).doing("create", path),
    }
    let found = fs::symlink_metadata(path).doing("inspect", path)?;
    let may_take = account.switch && found.uid() == 0;
    if !found.is_dir() || (found.uid() != account.uid && !may_take) {
        return Err(Error::NotOurs {
            folder: path.to_owned(),
        });
    }
    if may_take {
        let (owner, group) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
        rustix::fs::chown(path, Some(owner), Some(group)).doing("hand over", path)?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).doing("protect", path)
}

/// Opens a file of ours in a folder that the user of the server may write: never through a link planted there.
pub(crate) fn open_own(path: &Path) -> Result<File, Error> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags);
    options.open(path).doing("open", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_socket_always_fits_into_a_socket_address() {
        let account = Account::current();
        let near = socket_folder(Path::new("/var/lib/atelier/postgres"), &account);
        assert_eq!(near, Path::new("/var/lib/atelier/postgres/run"));
        for length in 1..200 {
            let root = PathBuf::from(format!("/{}", "d".repeat(length)));
            let socket = socket_folder(&root, &account).join(format!(".s.PGSQL.{PORT}"));
            assert!(
                socket.as_os_str().len() <= LONGEST_SOCKET_PATH,
                "{}",
                socket.display()
            );
        }
    }

    #[test]
    fn a_link_in_place_of_a_file_of_ours_is_not_followed() {
        let folder = env::temp_dir().join(format!("localdb-link-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let planted = folder.join("lock");
        std::os::unix::fs::symlink(folder.join("elsewhere"), &planted).unwrap();
        assert!(open_own(&planted).is_err());
        assert!(!folder.join("elsewhere").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
