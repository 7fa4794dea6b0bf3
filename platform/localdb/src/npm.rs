//! Files from pinned npm packages: fetched with the npm client, refused when their hash differs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::error::Doing as _;

/// One version of a package, and the hash of its archive.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Such as `axe-core`.
    pub name: &'static str,
    /// An exact version.
    pub version: &'static str,
    /// SHA-512 of the archive in lower-case hexadecimal (the registry shows the same value in base64).
    pub sha512: &'static str,
}

impl Package {
    /// Fetches the package and unpacks it to `folder`, which appears complete or not at all. Nothing in the package
    /// is run. Does nothing when the folder exists.
    pub fn unpack_into(&self, folder: &Path) -> Result<(), Error> {
        if folder.exists() {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).doing("create", parent)?;
        let work = parent.join(format!(".fetch-{}", std::process::id()));
        fs::create_dir_all(&work).doing("create", &work)?;
        let result = self
            .fetch(&work)
            .and_then(|unpacked| match fs::rename(&unpacked, folder) {
                // Another process was faster.
                Err(_) if folder.exists() => Ok(()),
                other => other.doing("create", folder),
            });
        let _ = fs::remove_dir_all(&work);
        result
    }

    fn fetch(&self, work: &Path) -> Result<PathBuf, Error> {
        let spec = format!("{}@{}", self.name, self.version);
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", "--pack-destination"])
            .arg(work)
            .arg(&spec)
            .current_dir(work);
        run(
            &mut npm,
            &format!("fetch {spec}"),
            "Install Node.js with npm.",
        )?;
        let mut files = fs::read_dir(work)
            .doing("read", work)?
            .flatten()
            .map(|entry| entry.path());
        let archive = files.find(|path| path.extension().is_some_and(|end| end == "tgz"));
        let archive =
            archive.ok_or_else(|| Error::Fetch(format!("npm left no archive of {spec}.")))?;
        self.unpack(&archive, work)
    }

    /// Unpacks an archive next to itself, if it is the pinned one.
    fn unpack(&self, archive: &Path, work: &Path) -> Result<PathBuf, Error> {
        let spec = format!("{}@{}", self.name, self.version);
        let hash = sha512(archive)?;
        if hash != self.sha512 {
            return Err(Error::Fetch(format!(
                "The archive of {spec} is not the pinned one and was thrown away: its SHA-512 is {hash}, not {}.",
                self.sha512
            )));
        }
        let mut tar = Command::new("tar");
        tar.arg("-xzf")
            .arg(archive)
            .arg("-C")
            .arg(work)
            .arg("--no-same-owner");
        run(&mut tar, &format!("unpack {spec}"), "Install tar.")?;
        let unpacked = work.join("package");
        // The user of the server reads it too, and umask may be strict.
        let mut open = Command::new("chmod");
        open.args(["-R", "u+rwX,go+rX,go-w"]).arg(&unpacked);
        run(
            &mut open,
            &format!("open {spec} to other users"),
            "Install coreutils.",
        )?;
        Ok(unpacked)
    }
}

/// The hash as the platform's own tool prints it.
fn sha512(file: &Path) -> Result<String, Error> {
    let mut tool = if cfg!(target_os = "macos") {
        let mut shasum = Command::new("shasum");
        shasum.args(["-a", "512"]);
        shasum
    } else {
        Command::new("sha512sum")
    };
    let out = run(tool.arg(file), "hash the archive", "Install coreutils.")?;
    Ok(out.split_whitespace().next().unwrap_or_default().to_owned())
}

/// What a command prints on success.
fn run(command: &mut Command, task: &str, cure: &str) -> Result<String, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stdin(Stdio::null()).output();
    let out =
        out.map_err(|error| Error::Fetch(format!("Could not {task}: {name}: {error}. {cure}")))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        return Err(Error::Fetch(format!(
            "Could not {task}: {name} said: {said}"
        )));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_unpacked_only_when_it_is_the_pinned_one() {
        let work = std::env::temp_dir().join(format!("localdb-npm-{}", std::process::id()));
        fs::create_dir_all(work.join("package")).unwrap();
        fs::write(work.join("package/file"), "content").unwrap();
        let archive = work.join("archive.tgz");
        let mut tar = Command::new("tar");
        run(
            tar.arg("-czf")
                .arg(&archive)
                .arg("-C")
                .arg(&work)
                .arg("package"),
            "pack",
            "",
        )
        .unwrap();
        fs::remove_dir_all(work.join("package")).unwrap();

        let pinned = |sha512| Package {
            name: "example",
            version: "1.0.0",
            sha512,
        };
        let refusal = pinned("00").unpack(&archive, &work).unwrap_err();
        assert!(
            refusal.to_string().contains("not the pinned one"),
            "{refusal}"
        );
        assert!(!work.join("package").exists());

        let hash: &'static str = sha512(&archive).unwrap().leak();
        assert_eq!(hash.len(), 128);
        let unpacked = pinned(hash).unpack(&archive, &work).unwrap();
        assert_eq!(
            fs::read_to_string(unpacked.join("file")).unwrap(),
            "content"
        );
        fs::remove_dir_all(&work).unwrap();
    }
}
