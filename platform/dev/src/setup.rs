//! What tests need from the machine: PostgreSQL, Chromium with fonts, and axe-core.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use localdb::npm::Package;

use crate::{Outcome, shell, workspace};

/// axe-core finds what makes a page hard to use with a screen reader or a keyboard.
const AXE: Package = Package {
    name: "axe-core",
    version: "4.14.1",
    sha512: "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5",
};

/// Another source of it, for a machine with pip and without npm: a package that carries the file, with its hash.
const AXE_BY_PIP: &str = "axe-playwright-python==0.1.8 \
                          --hash=sha256:fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8\n";

/// What a browser is called.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Installs what is missing where that is possible without asking; otherwise names the one command that does.
pub fn ensure_programs() -> Outcome<()> {
    let mut packages = Vec::new();
    if let Err(error) = localdb::Binaries::find(None) {
        if !matches!(error, localdb::Error::NoBinaries { .. }) {
            return Err(error.to_string());
        }
        packages.push("postgresql");
    }
    if browser().is_none() {
        packages.extend(["chromium", "fonts-dejavu-core", "fonts-noto-color-emoji"]);
    }
    if packages.is_empty() {
        return Ok(());
    }
    if !shell::works("apt-get", &["--version"]) {
        let postgres = localdb::find::install_command();
        return Err(format!(
            "The tests need PostgreSQL {} or later with its contrib modules, and Chromium.{}",
            localdb::find::OLDEST_MAJOR,
            postgres
                .map(|command| format!(" PostgreSQL: {command}"))
                .unwrap_or_default()
        ));
    }
    let by_sudo = !shell::works("test", &["-w", "/var/lib/dpkg"]);
    let command = format!(
        "apt-get install --yes --no-install-recommends {}",
        packages.join(" ")
    );
    if by_sudo && !shell::works("sudo", &["-n", "true"]) {
        return Err(format!(
            "Some programs that the tests need are missing. Run this and try again:\n  sudo {command}"
        ));
    }
    shell::title(&format!("installing {}", packages.join(", ")));
    let apt = || {
        let mut apt = if by_sudo {
            Command::new("sudo")
        } else {
            Command::new("env")
        };
        if by_sudo {
            apt.arg("-n").arg("env");
        }
        apt.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-qq",
            "-o=Dpkg::Use-Pty=0",
        ])
        .stdin(Stdio::null());
        // The closing lines of a run are for tests.
        apt.stdout(std::io::stderr());
        apt
    };
    // Old lists still name most packages, so a failure here need not be the end.
    if let Err(reason) = shell::run(apt().arg("update")) {
        eprintln!("{reason}");
    }
    shell::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&packages),
    )
    .map_err(|reason| format!("{reason}\nRun this by hand and try again:\n  {command}"))
}

fn browser() -> Option<&'static str> {
    BROWSERS
        .into_iter()
        .find(|name| shell::works(name, &["--version"]))
}

/// The file `axe.min.js`, fetched once into the target folder; none, with the reason told, when there is no way to it.
pub fn axe() -> Option<PathBuf> {
    let folder = workspace::target()
        .join("tools")
        .join(format!("{}-{}", AXE.name, AXE.version));
    let file = folder.join("axe.min.js");
    if file.is_file() {
        return Some(file);
    }
    match AXE.unpack_into(&folder) {
        Ok(()) => Some(file),
        Err(by_npm) => axe_by_pip()
            .map_err(|by_pip| eprintln!("No axe-core: {by_npm} {by_pip}"))
            .ok(),
    }
}

fn axe_by_pip() -> Outcome<PathBuf> {
    let folder = workspace::target().join("tools/axe-by-pip");
    let file = folder.join("axe_playwright_python/axe.min.js");
    if file.is_file() {
        return Ok(file);
    }
    let failed = |error: std::io::Error| format!("Could not write {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    let pinned = folder.join("pinned.txt");
    fs::write(&pinned, AXE_BY_PIP).map_err(failed)?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--target",
    ]);
    shell::run(
        pip.arg(&folder)
            .arg("-r")
            .arg(&pinned)
            .stdin(Stdio::null())
            .stdout(std::io::stderr()),
    )?;
    if file.is_file() {
        Ok(file)
    } else {
        Err("The package has no axe.min.js.".to_owned())
    }
}
