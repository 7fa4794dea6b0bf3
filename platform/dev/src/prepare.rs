//! `cargo dev prepare`: generated files.
//!
//! The statement macros write what the database says of each statement into one folder named by the environment, while
//! each crate is to have its own. So the whole workspace is compiled once with this program standing before `rustc`,
//! which names a folder for the crate that is being compiled.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::workspace::{Member, files_below, shown};
use crate::{Outcome, cluster, openapi, setup, shell, workspace};

/// Names the folder to collect in, and with that makes this program stand before `rustc`.
pub const COLLECT: &str = "ATELIER_PREPARE";

pub async fn prepare() -> Outcome<()> {
    statements().await?;
    shell::title("docs/openapi.json");
    openapi::write()
}

/// The generated files and what they hold, to tell later what changed.
pub fn generated() -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = workspace::members()
        .into_iter()
        .map(|member| member.folder.join(".sqlx"));
    let files = folders
        .flat_map(|folder| files_below(&folder))
        .chain([openapi::file()]);
    files
        .filter_map(|file| fs::read(&file).ok().map(|content| (file, content)))
        .collect()
}

/// Makes the `.sqlx` folders anew.
async fn statements() -> Outcome<()> {
    setup::ensure_programs()?;
    shell::title("statements");
    let server = cluster::start().await?;
    let owner = server.url("atelier_owner", localdb::DATABASE);
    let outcome = match migrate(&owner).await {
        Ok(()) => collect(&owner),
        Err(reason) => Err(reason),
    };
    server.stop().await;
    outcome
}

/// Applies every migration, owner by owner in the order of their dependencies.
async fn migrate(url: &str) -> Outcome<()> {
    let folder = workspace::root().join("migrations");
    let order = fs::read_to_string(folder.join("ORDER"))
        .map_err(|error| format!("migrations/ORDER: {error}"))?;
    let owners: Vec<&str> = order.split_whitespace().collect();
    for entry in fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
    {
        let name = entry.file_name();
        if !owners.iter().any(|owner| OsStr::new(owner) == name) {
            return Err(format!(
                "migrations/ORDER does not name {}.",
                name.display()
            ));
        }
    }
    let mut connection = PgConnection::connect(url)
        .await
        .map_err(|error| error.to_string())?;
    for file in owners
        .iter()
        .flat_map(|owner| files_below(&folder.join(owner)))
    {
        if file.extension().is_none_or(|end| end != "sql") {
            continue;
        }
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", shown(&file)))?;
        // One message, and with that one transaction.
        let applied = connection.execute(AssertSqlSafe(text)).await;
        applied.map_err(|error| format!("{}: {error}", shown(&file)))?;
    }
    connection.close().await.map_err(|error| error.to_string())
}

/// Compiles every crate against the database and takes over what the macros wrote.
fn collect(url: &str) -> Outcome<()> {
    let collected = workspace::target().join("prepare");
    let failed = |error: std::io::Error| format!("Could not use {}: {error}", collected.display());
    if collected.exists() {
        fs::remove_dir_all(&collected).map_err(failed)?;
    }
    fs::create_dir_all(&collected).map_err(failed)?;
    let own = std::env::current_exe().map_err(failed)?;
    let members = workspace::members();
    let touched = touch(&members, &collected).map_err(failed)?;
    let mut cargo = shell::cargo();
    cargo.args(["check", "--workspace", "--all-targets"]);
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", own)
        .env(COLLECT, &collected)
        .env("DATABASE_URL", url)
        .env_remove("SQLX_OFFLINE");
    let compiled = shell::run(&mut cargo);
    // With the old times the ordinary build finds its own results up to date.
    for (file, time) in touched {
        let _ = File::open(&file).and_then(|open| open.set_modified(time));
    }
    compiled?;
    let mut count = 0;
    for member in &members {
        let from = collected.join(&member.name);
        count += files_below(&from).len();
        replace(&from, &member.folder.join(".sqlx"))
            .map_err(|error| format!("{}/.sqlx: {error}", shown(&member.folder)))?;
    }
    eprintln!("{count} statements");
    Ok(())
}

/// Makes the sources look changed, so that cargo compiles every crate: a changed migration is not visible to it. Returns
/// the times before.
fn touch(members: &[Member], collected: &Path) -> std::io::Result<Vec<(PathBuf, SystemTime)>> {
    // A file written now has the time of now.
    let probe = collected.join("now");
    fs::write(&probe, "")?;
    let now = fs::metadata(&probe)?.modified()?;
    fs::remove_file(&probe)?;
    let mut touched = Vec::new();
    let sources = members
        .iter()
        .flat_map(|member| files_below(&member.folder));
    for file in sources.filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let open = File::open(&file)?;
        touched.push((file, open.metadata()?.modified()?));
        open.set_modified(now)?;
    }
    Ok(touched)
}

/// Makes `to` hold what `from` holds and nothing else. Files that are the same stay untouched.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let new = files_below(from);
    if new.is_empty() {
        return if to.exists() {
            fs::remove_dir_all(to)
        } else {
            Ok(())
        };
    }
    fs::create_dir_all(to)?;
    for old in files_below(to) {
        if !new.iter().any(|file| file.file_name() == old.file_name()) {
            fs::remove_file(old)?;
        }
    }
    for file in new {
        let target = to.join(file.file_name().unwrap_or_default());
        let content = fs::read(&file)?;
        if fs::read(&target).ok().as_ref() != Some(&content) {
            fs::write(target, content)?;
        }
    }
    Ok(())
}

/// Cargo starts this program with the path and the arguments of `rustc`: names the crate's folder and becomes `rustc`.
pub fn stand_before_rustc(folder: &OsStr) -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(rustc) = arguments.next() else {
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(rustc);
    command.args(arguments).env_remove(COLLECT);
    // Cargo asks rustc for its version, too, which belongs to no crate.
    if let Some(name) = std::env::var_os("CARGO_PKG_NAME") {
        let folder = Path::new(folder).join(name);
        if let Err(error) = fs::create_dir_all(&folder) {
            eprintln!("{}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
        command.env("SQLX_OFFLINE_DIR", folder);
    }
    let error = command.exec();
    eprintln!("Could not run rustc: {error}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_and_what_is_the_same_stays_untouched() {
        let root = std::env::temp_dir().join(format!("dev-replace-{}", std::process::id()));
        let (from, to) = (root.join("from"), root.join("to"));
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&to).unwrap();
        for (file, content) in [
            (from.join("same"), "1"),
            (from.join("changed"), "new"),
            (from.join("added"), "2"),
        ] {
            fs::write(file, content).unwrap();
        }
        for (file, content) in [
            (to.join("same"), "1"),
            (to.join("changed"), "old"),
            (to.join("gone"), "3"),
        ] {
            fs::write(file, content).unwrap();
        }
        let long_ago = SystemTime::UNIX_EPOCH;
        File::open(to.join("same"))
            .unwrap()
            .set_modified(long_ago)
            .unwrap();

        replace(&from, &to).unwrap();
        let names = |folder: &Path| {
            files_below(folder)
                .iter()
                .map(|file| file.file_name().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&to), ["added", "changed", "same"]);
        assert_eq!(fs::read_to_string(to.join("changed")).unwrap(), "new");
        assert_eq!(
            fs::metadata(to.join("same")).unwrap().modified().unwrap(),
            long_ago
        );

        fs::remove_dir_all(&from).unwrap();
        replace(&from, &to).unwrap();
        assert!(!to.exists());
        fs::remove_dir_all(&root).unwrap();
    }
}
