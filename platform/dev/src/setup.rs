//! What tests need from the machine: PostgreSQL, Chromium with fonts, axe-core, and a server that speaks S3.

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

/// The version of moto, a server that speaks S3.
const MOTO: &str = "5.2.5";

/// What a browser is called.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Chromium and the letters it needs, signs and pictures included.
const BROWSER_PACKAGES: [&str; 3] = ["chromium", "fonts-dejavu-core", "fonts-noto-color-emoji"];

/// What fetches the S3 server, and axe-core where there is no npm.
const PIP_PACKAGES: [&str; 2] = ["python3-pip", "ca-certificates"];

/// Installs what is missing where that is possible without asking; otherwise names the one command that does.
pub fn ensure_programs() -> Outcome<()> {
    let mut missing = Vec::new();
    if let Err(error) = localdb::Binaries::find() {
        if !matches!(error, localdb::Error::NoBinaries { .. }) {
            return Err(error.to_string());
        }
        missing.push("postgresql");
    }
    if !works_pip() {
        missing.extend(PIP_PACKAGES);
    }
    if !has_browser() {
        missing.extend(BROWSER_PACKAGES);
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !shell::works("apt-get", &["--version"]) {
        let oldest = localdb::find::OLDEST_MAJOR;
        let postgres =
            localdb::find::install_command().map(|command| format!(" PostgreSQL: {command}"));
        return Err(format!(
            "The tests need PostgreSQL {oldest} or later with its contrib modules, and Chromium.{}",
            postgres.unwrap_or_default()
        ));
    }
    let by_sudo = !shell::works("test", &["-w", "/var/lib/dpkg"]);
    if by_sudo && !shell::works("sudo", &["-n", "true"]) {
        let command = format!("sudo apt-get install --yes {}", missing.join(" "));
        return Err(format!(
            "Programs that the tests need are missing. Run this and try again:\n  {command}"
        ));
    }
    // Old lists still name most packages, so a failure here need not be the end.
    if let Err(reason) = apt(by_sudo, &["update"]) {
        eprintln!("{reason}");
    }
    let (needed, browser): (Vec<&str>, Vec<&str>) = missing
        .iter()
        .partition(|name| !BROWSER_PACKAGES.contains(name));
    if !needed.is_empty() {
        install(by_sudo, &needed)?;
    }
    // Ubuntu has Chromium as a snap alone, which a container cannot run. The browser tests then say that they skip.
    if !browser.is_empty()
        && let Err(reason) = install(by_sudo, &browser)
    {
        eprintln!("{reason}\nGoing on without a browser.");
    }
    Ok(())
}

fn install(by_sudo: bool, packages: &[&str]) -> Outcome<()> {
    shell::title(&format!("installing {}", packages.join(", ")));
    apt(
        by_sudo,
        &[&["install", "--yes", "--no-install-recommends"], packages].concat(),
    )
}

fn apt(by_sudo: bool, arguments: &[&str]) -> Outcome<()> {
    let mut apt = Command::new(if by_sudo { "sudo" } else { "env" });
    if by_sudo {
        apt.args(["-n", "env"]);
    }
    apt.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o=Dpkg::Use-Pty=0",
    ])
    .args(arguments);
    // The standard output is for the tests.
    shell::run(apt.stdin(Stdio::null()).stdout(std::io::stderr()))
}

fn has_browser() -> bool {
    BROWSERS
        .into_iter()
        .any(|name| shell::works(name, &["--version"]))
}

fn works_pip() -> bool {
    shell::works("python3", &["-m", "pip", "--version"])
}

fn tools() -> PathBuf {
    workspace::target().join("tools")
}

fn axe_file() -> PathBuf {
    tools().join(format!("{}-{}/axe.min.js", AXE.name, AXE.version))
}

fn axe_by_pip_file() -> PathBuf {
    tools().join("axe-by-pip/axe_playwright_python/axe.min.js")
}

/// The file `axe.min.js`, fetched once into the target folder; none, with the reason told, when there is no way to it.
pub fn axe() -> Option<PathBuf> {
    let file = axe_file();
    let folder = file.parent()?;
    match AXE.unpack_into(folder) {
        Ok(()) => Some(file),
        Err(by_npm) => axe_by_pip()
            .map_err(|by_pip| eprintln!("No axe-core: {by_npm} {by_pip}"))
            .ok(),
    }
}

/// The folder of the packages of moto, a server that speaks S3, installed once into the target folder; none, with the
/// reason told, where pip cannot.
pub fn moto() -> Option<PathBuf> {
    let folder = tools().join(format!("moto-{MOTO}"));
    // The folder itself is there as soon as pip begins.
    let done = folder.join("complete");
    if done.is_file() {
        return Some(folder);
    }
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--upgrade",
        "--only-binary=:all:",
        "--target",
    ]);
    let installed = shell::run(
        pip.arg(&folder)
            .arg(format!("moto[server]=={MOTO}"))
            .stdin(Stdio::null())
            .stdout(std::io::stderr()),
    )
    .and_then(|()| {
        fs::write(&done, MOTO)
            .map_err(|error| format!("Could not write {}: {error}", done.display()))
    });
    match installed {
        Ok(()) => Some(folder),
        Err(reason) => {
            eprintln!("No S3 server: {reason}");
            None
        }
    }
}

fn axe_by_pip() -> Outcome<PathBuf> {
    let file = axe_by_pip_file();
    if file.is_file() {
        return Ok(file);
    }
    let folder = tools().join("axe-by-pip");
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
