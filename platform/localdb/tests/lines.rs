//! What the local server promises, one test for each promise, against the real programs. The last test runs all of
//! them again as an ordinary user when this run is root's.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use localdb::{Config, DATABASE, Error, LocalServer};
use rustix::process::{Pid, Signal};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

const OWNER: &str = "atelier_owner";
const TENANT: &str = "atelier_tenant";

/// A data folder that is removed at the end of its test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("localdb-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("postgres/data")
    }

    /// The process id of the server's first process.
    fn postmaster(&self) -> Pid {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().trim().parse().unwrap()).unwrap()
    }

    async fn start(&self) -> Result<LocalServer, Error> {
        LocalServer::start(Config::durable(&self.0)).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn is_running(pid: Pid) -> bool {
    let stat =
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn connect(server: &LocalServer, user: &str) -> PgConnection {
    PgConnection::connect_with(&server.options(user, DATABASE))
        .await
        .unwrap()
}

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query("select current_setting($1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .unwrap()
        .get(0)
}

/// This test binary again, running the helper [`app`] as a program that owns a server on `scratch`. It is killed with
/// the test.
struct App(Child);

impl App {
    fn start(scratch: &Scratch) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "app", "--nocapture"])
            .env("LOCALDB_TEST_APP", &scratch.0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines
                .map_while(Result::ok)
                .any(|line| line.ends_with("serving")),
            "the program did not start"
        );
        Self(child)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test: the program that other tests kill.
#[tokio::test]
#[ignore = "a helper that other tests start as a process of its own"]
async fn app() {
    let Some(folder) = std::env::var_os("LOCALDB_TEST_APP") else {
        return;
    };
    let server = LocalServer::start(Config::durable(folder)).await.unwrap();
    println!("\nserving");
    std::future::pending::<()>().await;
    drop(server);
}

// Line 1 (`DATABASE_URL`) and line 2 (where programs are looked for) are tested next to their code.

#[tokio::test]
async fn line_4_the_folder_is_private_and_belongs_to_one_process_and_an_unprivileged_user() {
    let scratch = Scratch::new("folder");
    let server = scratch.start().await.unwrap();

    for folder in [
        scratch.0.clone(),
        scratch.0.join("postgres"),
        scratch.data(),
    ] {
        let found = fs::metadata(&folder).unwrap();
        assert_eq!(
            found.permissions().mode() & 0o777,
            0o700,
            "{}",
            folder.display()
        );
        assert_ne!(found.uid(), 0, "{}", folder.display());
        if !is_root() {
            assert_eq!(found.uid(), rustix::process::geteuid().as_raw());
        }
    }

    let refusal = scratch.start().await.unwrap_err();
    assert!(
        matches!(&refusal, Error::InUse { pid, .. } if *pid == std::process::id().to_string()),
        "{refusal}"
    );
    assert!(server.healthy());
    server.stop().await;
    scratch.start().await.unwrap().stop().await;
}

#[tokio::test]
async fn line_4_a_folder_that_the_server_cannot_enter_is_refused_with_a_cure() {
    if !is_root() {
        return;
    }
    let home = Scratch::new("home");
    fs::create_dir(&home.0).unwrap();
    fs::set_permissions(&home.0, fs::Permissions::from_mode(0o700)).unwrap();
    let refusal = LocalServer::start(Config::durable(home.0.join("data")))
        .await
        .unwrap_err();
    assert!(matches!(refusal, Error::CannotEnter { .. }), "{refusal}");
    assert!(
        refusal.to_string().contains("ATELIER_DATA_DIR"),
        "{refusal}"
    );
}

#[tokio::test]
async fn line_5_the_data_is_utf8_in_the_c_locale_with_checksums_synced_and_without_tcp() {
    let scratch = Scratch::new("settings");
    // What a start left that was cut off in the middle of initdb.
    fs::create_dir_all(scratch.0.join("postgres/data.unfinished/base")).unwrap();
    if is_root() {
        fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert!(Config::durable(&scratch.0).is_new());
    let server = scratch.start().await.unwrap();
    assert!(!Config::durable(&scratch.0).is_new());
    assert!(!scratch.0.join("postgres/data.unfinished").exists());

    let mut connection = connect(&server, "postgres").await;
    for (name, value) in [
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("timezone", "UTC"),
    ] {
        // Later versions have no such setting; the catalogue has it in all.
        let found = match name {
            "lc_collate" => {
                let database =
                    "select datcollate from pg_database where datname = current_database()";
                sqlx::query(database)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap()
                    .get(0)
            }
            _ => setting(&mut connection, name).await,
        };
        assert_eq!(found, value, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn line_5_roles_and_database_are_made_once_with_no_more_rights_than_they_need() {
    let scratch = Scratch::new("roles");
    let server = scratch.start().await.unwrap();
    let mut superuser = connect(&server, "postgres").await;
    let rows = superuser
        .fetch_all(
            "select rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, oid::int8
               from pg_roles where rolname like 'atelier\\_%' order by 1",
        )
        .await
        .unwrap();
    let found: Vec<(String, bool, bool)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(3)))
        .collect();
    let expected = [
        ("atelier_backup", true, true),
        (OWNER, true, false),
        ("atelier_platform", true, false),
        ("atelier_search", false, true),
        (TENANT, true, false),
    ];
    assert_eq!(
        found,
        expected.map(|(name, login, bypass)| (name.to_owned(), login, bypass))
    );
    for row in &rows {
        assert!(
            (2..7)
                .filter(|column| *column != 3)
                .all(|column| !row.get::<bool, _>(column))
        );
    }
    let oids: Vec<i64> = rows.iter().map(|row| row.get(7)).collect();

    // The owner makes tables, with the extension; the others make none, and only the one for dumps reads all.
    let mut owner = connect(&server, OWNER).await;
    let table = "create table probe (during tstzrange, n int, exclude using gist (n with =, during with &&))";
    owner.execute(table).await.unwrap();
    for role in [TENANT, "atelier_platform", "atelier_backup"] {
        let mut connection = connect(&server, role).await;
        assert!(
            connection.execute("create table mine ()").await.is_err(),
            "{role}"
        );
        assert!(
            connection.execute("delete from probe").await.is_err(),
            "{role}"
        );
        let reads = connection.execute("select from probe").await.is_ok();
        assert_eq!(reads, role == "atelier_backup", "{role}");
    }
    server.stop().await;

    // A second start makes nothing anew.
    let server = scratch.start().await.unwrap();
    let mut superuser = connect(&server, "postgres").await;
    let again = superuser
        .fetch_all(
            "select oid::int8 from pg_roles where rolname like 'atelier\\_%' order by rolname",
        )
        .await
        .unwrap();
    assert_eq!(
        again
            .iter()
            .map(|row| row.get::<i64, _>(0))
            .collect::<Vec<_>>(),
        oids
    );
    superuser.execute("select from probe").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn line_6_the_server_has_its_own_process_group_a_clean_environment_and_a_short_socket() {
    // Longer than a socket address, so the socket lies elsewhere.
    let long = "d".repeat(120);
    let scratch = Scratch::new(&long);
    let server = scratch.start().await.unwrap();

    let url: String = server.url(TENANT, DATABASE);
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let socket = options.get_socket().unwrap().clone();
    assert!(
        socket.as_os_str().len() < 80 && socket.exists(),
        "{}",
        socket.display()
    );
    assert_eq!(
        fs::metadata(&socket).unwrap().permissions().mode() & 0o777,
        0o700
    );
    PgConnection::connect_with(&options).await.unwrap();

    let postmaster = scratch.postmaster();
    assert_eq!(
        rustix::process::getpgid(Some(postmaster)).unwrap(),
        postmaster
    );
    assert_ne!(rustix::process::getpgid(None).unwrap(), postmaster);
    let process = Path::new("/proc").join(postmaster.as_raw_nonzero().to_string());
    let environment = fs::read(process.join("environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(
        !environment.contains("HOME=") && !environment.contains("CARGO"),
        "{environment}"
    );
    let status = fs::read_to_string(process.join("status")).unwrap();
    let uid = status
        .lines()
        .find(|line| line.starts_with("Uid:"))
        .unwrap();
    assert!(
        uid.split_whitespace().skip(1).all(|uid| uid != "0"),
        "{uid}"
    );
    server.stop().await;
    assert!(!socket.exists(), "the folder of the socket is left");
}

#[tokio::test]
async fn line_6_no_server_outlives_a_killed_program() {
    let scratch = Scratch::new("orphan");
    let app = App::start(&scratch);
    let postmaster = scratch.postmaster();
    assert!(is_running(postmaster));
    rustix::process::kill_process(app.pid(), Signal::KILL).unwrap();
    until("the server to follow its program", || {
        !is_running(postmaster)
    })
    .await;
}

#[tokio::test]
async fn line_7_a_server_that_ends_while_starting_shows_the_last_lines_of_its_log() {
    let scratch = Scratch::new("broken");
    scratch.start().await.unwrap().stop().await;
    let settings = scratch.data().join("postgresql.conf");
    let text = fs::read_to_string(&settings).unwrap() + "\nmax_connections = many\n";
    fs::write(&settings, text).unwrap();
    let failure = scratch.start().await.unwrap_err();
    assert!(
        matches!(&failure, Error::Exited { log } if log.contains("max_connections")),
        "{failure}"
    );
}

#[tokio::test]
async fn line_7_a_server_that_has_to_recover_is_waited_for_and_no_acknowledged_write_is_lost() {
    let scratch = Scratch::new("recovery");
    let server = scratch.start().await.unwrap();
    let mut owner = connect(&server, OWNER).await;
    owner
        .execute("create table written (n int primary key)")
        .await
        .unwrap();
    owner
        .execute("insert into written select generate_series(1, 50000)")
        .await
        .unwrap();
    // Dropped: stopped without a checkpoint, as after a crash.
    drop(server);

    let server = scratch.start().await.unwrap();
    let log = fs::read_to_string(scratch.0.join("postgres/postgres.log")).unwrap();
    assert!(log.contains("automatic recovery in progress"), "{log}");
    let mut owner = connect(&server, OWNER).await;
    let count: i64 = owner
        .fetch_one("select count(*) from written")
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 50_000);
    server.stop().await;
}

#[tokio::test]
async fn line_8_after_program_and_server_are_killed_together_the_next_start_works() {
    let scratch = Scratch::new("both-killed");
    let app = App::start(&scratch);
    let postmaster = scratch.postmaster();
    for pid in [postmaster, app.pid()] {
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
    let server = scratch.start().await.unwrap();
    assert_ne!(scratch.postmaster(), postmaster);
    server.stop().await;
}

#[tokio::test]
async fn line_8_a_zombie_or_a_stranger_named_in_the_pid_file_does_not_block_the_start() {
    let scratch = Scratch::new("zombie");
    scratch.start().await.unwrap().stop().await;
    // The stranger runs as the user of the server, so that PostgreSQL alone would take it for one.
    let owner = fs::metadata(scratch.data()).unwrap().uid();
    let mut sleep = Command::new("sleep");
    sleep.arg("600");
    if is_root() {
        std::os::unix::process::CommandExt::uid(&mut sleep, owner);
    }
    let mut stranger = sleep.spawn().unwrap();
    let pid_file = scratch.data().join("postmaster.pid");
    let stale = format!(
        "{}\n{}\n1700000000\n5432\n\n\n",
        stranger.id(),
        scratch.data().display()
    );

    fs::write(&pid_file, &stale).unwrap();
    scratch.start().await.unwrap().stop().await;
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "the stranger was stopped"
    );

    // Killed and not waited for: a zombie.
    stranger.kill().unwrap();
    let pid = Pid::from_child(&stranger);
    until("the zombie", || !is_running(pid)).await;
    fs::write(&pid_file, &stale).unwrap();
    scratch.start().await.unwrap().stop().await;
    stranger.wait().unwrap();
}

#[tokio::test]
async fn line_8_an_orphan_of_a_killed_program_is_found_and_stopped() {
    let scratch = Scratch::new("stopped-orphan");
    scratch.start().await.unwrap().stop().await;
    // A server on the folder that no program of ours owns, as on platforms without a death signal.
    let binaries = localdb::Binaries::find().unwrap();
    let found = fs::metadata(scratch.data()).unwrap();
    let mut orphan = Command::new(binaries.program("postgres"));
    orphan
        .arg("-D")
        .arg(scratch.data())
        .args(["-c", "listen_addresses="])
        .arg("-k")
        .arg(scratch.0.join("postgres/run"));
    if is_root() {
        use std::os::unix::process::CommandExt as _;
        orphan.uid(found.uid()).gid(found.gid());
    }
    let mut orphan = orphan.stderr(Stdio::null()).spawn().unwrap();
    let pid_file = scratch.data().join("postmaster.pid");
    until("the orphan", || {
        fs::read_to_string(&pid_file).is_ok_and(|text| text.contains("ready"))
    })
    .await;

    let server = scratch.start().await.unwrap();
    assert!(
        orphan.try_wait().unwrap().is_some(),
        "the orphan still runs"
    );
    server.stop().await;
}

#[tokio::test]
async fn line_9_a_server_that_dies_is_started_again_three_times() {
    let scratch = Scratch::new("supervised");
    let server = scratch.start().await.unwrap();
    for restart in 1..=3 {
        let before = scratch.postmaster();
        rustix::process::kill_process(before, Signal::KILL).unwrap();
        until("the death to be noticed", || !server.healthy()).await;
        until("the restart", || server.healthy()).await;
        assert_ne!(scratch.postmaster(), before, "restart {restart}");
        connect(&server, TENANT).await;
    }
    rustix::process::kill_process(scratch.postmaster(), Signal::KILL).unwrap();
    tokio::time::timeout(Duration::from_secs(20), server.lost())
        .await
        .expect("the loss is told");
    assert!(!server.healthy());
    server.stop().await;
}

#[tokio::test]
async fn line_9_a_stop_cuts_sessions_off_and_leaves_nothing_to_recover() {
    let scratch = Scratch::new("stop");
    let server = scratch.start().await.unwrap();
    let mut busy = connect(&server, OWNER).await;
    let query = tokio::spawn(async move { busy.execute("select pg_sleep(600)").await.is_err() });
    let mut superuser = connect(&server, "postgres").await;
    loop {
        let sleeping = superuser
            .fetch_all("select from pg_stat_activity where query = 'select pg_sleep(600)'")
            .await
            .unwrap();
        if !sleeping.is_empty() {
            break;
        }
    }
    let postmaster = scratch.postmaster();
    server.stop().await;
    assert!(query.await.unwrap());
    assert!(!is_running(postmaster));
    let log = fs::read_to_string(scratch.0.join("postgres/postgres.log")).unwrap();
    assert!(log.contains("database system is shut down"), "{log}");
    assert!(!scratch.data().join("postmaster.pid").exists());
}

#[tokio::test]
async fn line_10_data_of_another_major_version_is_refused_and_left_alone() {
    let scratch = Scratch::new("major");
    let data = scratch.data();
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    if is_root() {
        fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let refusal = scratch.start().await.unwrap_err();
    let text = refusal.to_string();
    assert!(
        matches!(refusal, Error::OtherMajor { needed: 9, .. }),
        "{text}"
    );
    for needed in [
        "written by PostgreSQL 9",
        "Nothing was changed",
        "pg_dumpall",
        "psql",
        &data.display().to_string(),
    ] {
        assert!(text.contains(needed), "{needed:?} is not in: {text}");
    }
    let left: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["PG_VERSION"]);
    assert_eq!(fs::read_to_string(data.join("PG_VERSION")).unwrap(), "9\n");
}

#[tokio::test]
async fn a_throwaway_server_is_fast_and_leaves_nothing_behind() {
    let server = LocalServer::start(Config::throwaway()).await.unwrap();
    let mut connection = connect(&server, "postgres").await;
    for (name, value) in [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("autovacuum", "off"),
        ("max_connections", "300"),
    ] {
        assert_eq!(setting(&mut connection, name).await, value, "{name}");
    }
    let folder = PathBuf::from(setting(&mut connection, "data_directory").await);
    assert!(folder.exists());
    server.stop().await;
    assert!(!folder.parent().unwrap().parent().unwrap().exists());

    // Nor does one that is merely dropped.
    let server = LocalServer::start(Config::throwaway()).await.unwrap();
    let mut connection = connect(&server, "postgres").await;
    let folder = PathBuf::from(setting(&mut connection, "data_directory").await);
    drop(server);
    assert!(!folder.parent().unwrap().parent().unwrap().exists());
}

#[tokio::test]
async fn the_address_works_for_any_database_name() {
    let server = LocalServer::start(Config::throwaway()).await.unwrap();
    let mut superuser = connect(&server, "postgres").await;
    let name = "odd name/with?signs";
    superuser
        .execute(AssertSqlSafe(format!("create database \"{name}\"")))
        .await
        .unwrap();
    let mut inside = PgConnection::connect(&server.superuser_url(name))
        .await
        .unwrap();
    let current: String = inside
        .fetch_one("select current_database()")
        .await
        .unwrap()
        .get(0);
    assert_eq!(current, name);
    server.stop().await;
}

#[test]
fn every_promise_holds_for_an_ordinary_user_too() {
    if !is_root() {
        return;
    }
    // A copy, because the folder of the build may be closed to others.
    let folder = Scratch::new("ordinary");
    fs::create_dir(&folder.0).unwrap();
    let (binary, home) = (folder.0.join("tests"), folder.0.join("home"));
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    fs::create_dir(&home).unwrap();
    for path in [&folder.0, &binary, &home] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
    let out = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(&binary)
        .current_dir("/")
        .env_clear()
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("setpriv (util-linux) runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(
        text.contains("line_9") && text.contains("0 failed"),
        "{text}"
    );
}
