//! Finding the PostgreSQL programs of the machine.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt};

use crate::account::{Account, is_root};
use crate::error::Error;
use crate::fetch::{fetched_to, pinned, programs_in};
use crate::folder::cache_dir;
use crate::process;

/// The oldest major version that the product runs on.
pub const OLDEST_MAJOR: u32 = 15;

/// The folder of the PostgreSQL programs, tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Holds `postgres` and `initdb`.
    pub dir: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

impl Binaries {
    /// The first usable programs of this machine.
    ///
    /// Looked for, in this order: `ATELIER_PG_BIN`, `pg_config --bindir`, `PATH`, the versioned folders of Debian,
    /// RHEL, Homebrew and Postgres.app (newest first), and the product's own cache.
    pub fn find() -> Result<Self, Error> {
        Search::of_machine().find(&Account::for_server(Path::new(""))?, None)
    }

    /// The path of one program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl fmt::Display for Binaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {} in {}", self.major, self.dir.display())
    }
}

/// Data that is there already. Only programs of the same major version can read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Existing<'a> {
    pub(crate) major: u32,
    pub(crate) data: &'a Path,
}

/// Where to look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// `ATELIER_PG_BIN`: looked at alone when set, so that a wrong value is noticed.
    pub(crate) chosen: Option<PathBuf>,
    /// `PATH`.
    pub(crate) path: Option<OsString>,
    /// The folder that the versioned folders are below: `/`.
    pub(crate) root: PathBuf,
    /// Where `fetch` puts programs.
    pub(crate) cache: Option<PathBuf>,
}

impl Search {
    pub(crate) fn of_machine() -> Self {
        Self {
            chosen: env::var_os("ATELIER_PG_BIN")
                .filter(|chosen| !chosen.is_empty())
                .map(PathBuf::from),
            path: env::var_os("PATH"),
            root: PathBuf::from("/"),
            cache: cache_dir().ok(),
        }
    }

    pub(crate) fn find(
        &self,
        account: &Account,
        existing: Option<Existing<'_>>,
    ) -> Result<Binaries, Error> {
        let mut others = Vec::new();
        let mut looked = Vec::new();
        for dir in self.candidates() {
            match probe(&dir, account) {
                Ok(found) if existing.is_none_or(|existing| existing.major == found.major) => {
                    return Ok(found);
                }
                Ok(found) => others.push(found),
                Err(reason) => looked.push(format!("  {}: {reason}", dir.display())),
            }
        }
        match (existing, others.first()) {
            (Some(existing), Some(newer)) => Err(Error::OtherMajor {
                folder: existing.data.to_owned(),
                needed: existing.major,
                found: others
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
                advice: move_advice(existing, newer),
            }),
            _ => Err(Error::NoBinaries {
                install: install_advice(),
                looked: looked.join("\n"),
            }),
        }
    }

    /// The folders to look at, each once, in order.
    fn candidates(&self) -> Vec<PathBuf> {
        if let Some(chosen) = &self.chosen {
            return vec![chosen.clone()];
        }
        let mut found = Vec::new();
        let on_path: Vec<PathBuf> = self.path.iter().flat_map(env::split_paths).collect();
        found.extend(
            on_path
                .iter()
                .map(|dir| dir.join("pg_config"))
                .find(|file| file.is_file())
                .and_then(bindir),
        );
        // A link in PATH leads to the folder where the other programs are.
        let linked = |dir: &PathBuf| {
            dir.join("postgres")
                .canonicalize()
                .ok()?
                .parent()
                .map(Path::to_owned)
        };
        found.extend(on_path.iter().filter_map(linked));
        found.extend(on_path);
        for (parent, before, after) in VERSIONED {
            found.extend(versioned(&self.root.join(parent), before, after));
        }
        found.extend(
            self.cache
                .iter()
                .map(|cache| programs_in(&fetched_to(cache))),
        );
        let mut unique: Vec<PathBuf> = Vec::new();
        for dir in found {
            if dir.join("postgres").is_file() && !unique.contains(&dir) {
                unique.push(dir);
            }
        }
        unique
    }
}

/// Folders named by version: parent, what stands before the number, what follows.
const VERSIONED: [(&str, &str, &str); 6] = [
    ("usr/lib/postgresql", "", "bin"),
    ("usr", "pgsql-", "bin"),
    ("opt/homebrew/opt", "postgresql@", "bin"),
    ("usr/local/opt", "postgresql@", "bin"),
    ("home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The versioned folders below `parent`, newest first.
fn versioned(parent: &Path, before: &str, after: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let version = |entry: fs::DirEntry| {
        let number: u32 = entry
            .file_name()
            .to_str()?
            .strip_prefix(before)?
            .parse()
            .ok()?;
        Some((number, entry.path().join(after)))
    };
    let mut found: Vec<(u32, PathBuf)> = entries.filter_map(version).collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, dir)| dir).collect()
}

fn bindir(pg_config: PathBuf) -> Option<PathBuf> {
    let out = Command::new(pg_config)
        .arg("--bindir")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    out.status
        .success()
        .then(|| PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()))
}

/// Tries the programs in `dir` out, as the user who is to run them.
pub(crate) fn probe(dir: &Path, account: &Account) -> Result<Binaries, String> {
    let banner = answer(&dir.join("postgres"), &["--version"], account)?;
    let major = major_in(&banner).ok_or_else(|| format!("it calls itself {:?}", banner.trim()))?;
    if major < OLDEST_MAJOR {
        return Err(format!("it is version {major}"));
    }
    // initdb knows where the extensions are; the folder named here is neither made nor read.
    let settings = answer(
        &dir.join("initdb"),
        &["--show", "--pgdata=/nonexistent"],
        account,
    )?;
    let share = settings
        .lines()
        .find_map(|line| line.strip_prefix("share_path="));
    let share = share.ok_or("initdb does not tell where its files are")?;
    if !Path::new(share)
        .join("extension/btree_gist.control")
        .is_file()
    {
        return Err(
            "the extension btree_gist (PostgreSQL's contrib modules) is missing".to_owned(),
        );
    }
    Ok(Binaries {
        dir: dir.to_owned(),
        major,
    })
}

/// What a program prints.
fn answer(program: &Path, arguments: &[&str], account: &Account) -> Result<String, String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let out = process::command(program, account)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    let out = out.map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{name} is missing"),
        ErrorKind::PermissionDenied => format!("the user {} cannot run {name}", account.name),
        _ => format!("{name}: {error}"),
    })?;
    let text =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    if out.status.success() {
        Ok(text)
    } else {
        Err(format!("{name}: {}", text.trim()))
    }
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, or in `.. 19devel`.
fn major_in(banner: &str) -> Option<u32> {
    let version = banner.trim().strip_prefix("postgres (PostgreSQL) ")?;
    let digits = version
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(version.len());
    version[..digits].parse().ok()
}

/// The commands that take data from one major version to another.
fn move_advice(existing: Existing<'_>, to: &Binaries) -> String {
    let (from, data) = (existing.major, existing.data.display());
    let (new, bin) = (to.major, to.dir.display());
    let options = "-o \"-k /tmp -c listen_addresses=\"";
    format!(
        "Install PostgreSQL {from} again, or set ATELIER_PG_BIN to the folder of its programs. To move to PostgreSQL {new} \
         instead, run these as the owner of the folder, the first three with the programs of PostgreSQL {from}:\n\
         \x20 pg_ctl -D {data} {options} -w start\n\
         \x20 pg_dumpall -h /tmp -U postgres > /tmp/atelier.sql\n\
         \x20 pg_ctl -D {data} -m fast stop\n\
         \x20 mv {data} {data}-{from}\n\
         \x20 {bin}/initdb -D {data} -U postgres -A trust -E UTF8 --locale=C -k\n\
         \x20 {bin}/pg_ctl -D {data} {options} -w start\n\
         \x20 psql -h /tmp -U postgres -d postgres -f /tmp/atelier.sql\n\
         \x20 {bin}/pg_ctl -D {data} -m fast stop"
    )
}

/// The one command that installs PostgreSQL with its contrib modules on this platform, if it is a known one.
#[must_use]
pub fn install_command() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let family = if cfg!(target_os = "macos") {
        "macos".to_owned()
    } else {
        family_in(&release)
    };
    let as_root = if is_root() { "" } else { "sudo " };
    let words: Vec<&str> = family.split_whitespace().collect();
    let is = |names: &[&str]| names.iter().any(|name| words.contains(name));
    if is(&["macos"]) {
        Some("brew install postgresql@17".to_owned())
    } else if is(&["debian", "ubuntu"]) {
        Some(format!("{as_root}apt-get install --yes postgresql"))
    } else if is(&["fedora", "rhel", "centos"]) {
        Some(format!(
            "{as_root}dnf install --assumeyes postgresql-server postgresql-contrib"
        ))
    } else {
        None
    }
}

/// `ID` and `ID_LIKE` of an os-release file.
fn family_in(release: &str) -> String {
    let field = |line: &str| {
        let value = line
            .strip_prefix("ID=")
            .or_else(|| line.strip_prefix("ID_LIKE="))?;
        Some(value.trim_matches('"').to_owned())
    };
    release
        .lines()
        .filter_map(field)
        .collect::<Vec<_>>()
        .join(" ")
}

fn install_advice() -> String {
    let fetch = if pinned().is_some() {
        " Or fetch it for this program alone: atelier db fetch"
    } else {
        ""
    };
    match install_command() {
        Some(command) => format!("Install it with: {command}.{fetch}"),
        None => format!("Install it with its contrib modules.{fetch}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::fetch::PINNED;

    /// A folder tree with programs that answer like PostgreSQL's.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Self {
            let root = env::temp_dir().join(format!("localdb-find-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(&root).unwrap();
            Self(root)
        }

        fn postgres(&self, dir: &str, version: &str, with_contrib: bool) -> PathBuf {
            let dir = self.0.join(dir);
            let share = dir.join("../share");
            fs::create_dir_all(&dir).unwrap();
            fs::create_dir_all(share.join("extension")).unwrap();
            if with_contrib {
                fs::write(share.join("extension/btree_gist.control"), "").unwrap();
            }
            Self::script(
                &dir.join("postgres"),
                &format!("echo 'postgres (PostgreSQL) {version}'"),
            );
            Self::script(
                &dir.join("initdb"),
                &format!("echo 'share_path={}' >&2", share.display()),
            );
            dir
        }

        fn script(path: &Path, body: &str) {
            fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }

        fn search(&self) -> Search {
            Search {
                root: self.0.clone(),
                ..Search::default()
            }
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn account() -> Account {
        Account::for_server(Path::new("")).unwrap()
    }

    fn found(search: &Search) -> PathBuf {
        search.find(&account(), None).unwrap().dir
    }

    #[test]
    fn line_2_the_places_are_looked_at_in_order() {
        let tree = Tree::new("order");
        let mut search = tree.search();
        let cache = tree.0.join("cache");
        search.cache = Some(cache.clone());
        let fetched = tree.postgres(
            &format!("cache/postgresql-{PINNED}/native/bin"),
            "17.1",
            true,
        );
        assert_eq!(found(&search), fetched);

        for (dir, version) in [
            ("Applications/Postgres.app/Contents/Versions/16/bin", "16.2"),
            ("opt/homebrew/opt/postgresql@16/bin", "16.2"),
            ("usr/pgsql-16/bin", "16.2"),
            (
                "usr/lib/postgresql/15/bin",
                "15.18 (Debian 15.18-0+deb12u1)",
            ),
            ("usr/lib/postgresql/18/bin", "18beta1"),
        ] {
            let dir = tree.postgres(dir, version, true);
            assert_eq!(found(&search), dir);
        }

        let path = tree.postgres("somewhere/bin", "17.0", true);
        let links = tree.0.join("links");
        fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(path.join("postgres"), links.join("postgres")).unwrap();
        search.path = Some(links.clone().into_os_string());
        assert_eq!(found(&search), path.canonicalize().unwrap());

        let configured = tree.postgres("configured/bin", "17.0", true);
        Tree::script(
            &links.join("pg_config"),
            &format!("echo {}", configured.display()),
        );
        assert_eq!(found(&search), configured);

        let chosen = tree.postgres("chosen/bin", "17.0", true);
        search.chosen = Some(chosen.clone());
        assert_eq!(found(&search), chosen);
    }

    #[test]
    fn line_2_old_incomplete_and_broken_programs_are_passed_over() {
        let tree = Tree::new("unusable");
        tree.postgres("usr/lib/postgresql/21/bin", "14.9", true);
        tree.postgres("usr/lib/postgresql/20/bin", "17.0", false);
        let broken = tree.postgres("usr/lib/postgresql/19/bin", "17.0", true);
        Tree::script(&broken.join("postgres"), "exit 1");
        let bare = tree.postgres("usr/lib/postgresql/18/bin", "17.0", true);
        fs::remove_file(bare.join("initdb")).unwrap();

        let refusal = tree
            .search()
            .find(&account(), None)
            .unwrap_err()
            .to_string();
        for reason in [
            "it is version 14",
            "btree_gist",
            "19/bin: postgres:",
            "initdb is missing",
        ] {
            assert!(refusal.contains(reason), "{reason:?} is not in: {refusal}");
        }
        let usable = tree.postgres("usr/lib/postgresql/15/bin", "15.0", true);
        assert_eq!(found(&tree.search()), usable);
    }

    #[test]
    fn line_2_a_data_folder_gets_its_own_major_version_also_when_it_is_not_the_first() {
        let tree = Tree::new("major");
        tree.postgres("usr/lib/postgresql/17/bin", "17.0", true);
        let older = tree.postgres("usr/lib/postgresql/15/bin", "15.3", true);
        let search = tree.search();
        let written_by = |major| {
            let data = Path::new("/data");
            search.find(&account(), Some(Existing { major, data }))
        };
        let found = written_by(15).unwrap();
        assert_eq!((found.dir, found.major), (older, 15));
        let refusal = written_by(16).unwrap_err();
        assert!(
            matches!(refusal, Error::OtherMajor { needed: 16, .. }),
            "{refusal}"
        );
    }

    #[test]
    fn line_3_without_programs_the_one_command_is_named() {
        let tree = Tree::new("none");
        let refusal = tree
            .search()
            .find(&account(), None)
            .unwrap_err()
            .to_string();
        let command = install_command().unwrap_or_default();
        assert!(
            refusal.contains(&command) && refusal.contains("atelier db fetch"),
            "{refusal}"
        );
        assert_eq!(
            family_in("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"),
            "ubuntu debian"
        );
        assert_eq!(
            family_in("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=9\n"),
            "rocky rhel centos fedora"
        );
    }
}
