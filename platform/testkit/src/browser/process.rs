//! Finding Chromium, starting it, and making sure that it ends with this process.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Names the browser's program.
pub(super) const CHROMIUM: &str = "ATELIER_CHROMIUM";

/// What it is called, where [`CHROMIUM`] does not say.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The first connects, the others keep Chromium from asking the network for anything and from asking a person for
/// anything.
const FLAGS: [&str; 16] = [
    "--remote-debugging-port=0",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-default-apps",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--hide-scrollbars",
];

/// Runs the browser and waits for its own input to close, which happens when the test process ends in whatever way, a
/// kill included; then ends the browser and removes its folder.
const WATCHDOG: &str = r#"
profile=$1; shift
"$@" </dev/null & browser=$!
cat >/dev/null
kill -9 "$browser" 2>/dev/null
wait "$browser" 2>/dev/null
rm -rf "$profile" || { sleep 1; rm -rf "$profile"; }
"#;

/// The program to run, if the machine has one.
pub(super) fn executable() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(CHROMIUM).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        assert!(
            named.is_file(),
            "{CHROMIUM} names {}, which is no file",
            named.display()
        );
        return Some(named);
    }
    let path = std::env::var_os("PATH")?;
    NAMES
        .iter()
        .flat_map(|name| {
            std::env::split_paths(&path)
                .map(|folder| folder.join(name))
                .collect::<Vec<_>>()
        })
        .find(|program| program.is_file())
}

/// Starts the browser; the address of its debugging protocol.
pub(super) fn launch(executable: &Path) -> String {
    use std::os::unix::process::CommandExt as _;

    let profile = std::env::temp_dir().join(format!("atelier-browser-{}", std::process::id()));
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(&profile)
        .arg(executable)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("about:blank")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl+C in the terminal ends the tests; the watchdog must live on to clean up.
        .process_group(0);
    let mut watchdog = command.spawn().expect("/bin/sh runs");
    let mut lines = BufReader::new(watchdog.stderr.take().expect("its errors are piped")).lines();
    let mut said = String::new();
    let address = loop {
        let line = lines
            .next()
            .and_then(Result::ok)
            .unwrap_or_else(|| panic!("{} does not start:\n{said}", executable.display()));
        if let Some((_, address)) = line.split_once("DevTools listening on ") {
            break address.trim().to_owned();
        }
        said.push_str(&line);
        said.push('\n');
    };
    // Somebody has to read on, or the browser stops at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    keep(watchdog);
    address
}

/// Holds the watchdog's input open until the end of the process: a static value is never dropped.
fn keep(watchdog: Child) {
    static WATCHDOG: OnceLock<Child> = OnceLock::new();
    let kept = WATCHDOG.set(watchdog);
    assert!(kept.is_ok(), "a process has one browser");
}
