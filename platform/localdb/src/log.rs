//! The server's log: kept on disk under a size cap, its last lines in memory for messages.

use std::collections::VecDeque;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::folder::open_own;

/// The log and its predecessor take at most twice this many bytes.
pub(crate) const CAP: u64 = 4 * 1024 * 1024;

/// How many lines are shown when the server ends.
const LAST_LINES: usize = 20;

/// The last lines that the server wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(crate) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Copies what the server writes to its standard error into the log, until every process of the server has ended.
///
/// The log must never hold the server up: when the disk is full, lines are dropped.
pub(crate) async fn keep(output: impl AsyncRead + Unpin, path: PathBuf, tail: Tail) {
    let mut lines = BufReader::new(output).split(b'\n');
    let mut written = append(&path);
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).into_owned();
        if let Some((file, size)) = &mut written {
            if writeln!(file, "{line}").is_ok() {
                *size += line.len() as u64 + 1;
            }
            if *size >= CAP {
                let _ = fs::rename(&path, path.with_extension("log.old"));
                written = append(&path);
            }
        }
        tail.push(line);
    }
}

fn append(path: &Path) -> Option<(fs::File, u64)> {
    let mut file = open_own(path).ok()?;
    let size = file.seek(SeekFrom::End(0)).ok()?;
    Some((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_log_stays_under_its_cap_and_the_last_lines_are_kept() {
        let folder = std::env::temp_dir().join(format!("localdb-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("postgres.log");
        let line = format!("{}\n", "x".repeat(1023));
        let text = line.repeat(usize::try_from(3 * CAP / 1024).unwrap()) + "the end\n";
        let tail = Tail::default();
        keep(text.as_bytes(), path.clone(), tail.clone()).await;

        let size = |path: &std::path::Path| fs::metadata(path).unwrap().len();
        assert!(size(&path) <= CAP + 1024, "{}", size(&path));
        assert!(size(&path.with_extension("log.old")) <= CAP + 1024);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        assert_eq!(tail.text().lines().count(), LAST_LINES);
        assert!(tail.text().ends_with("the end"));
        assert!(fs::read_to_string(&path).unwrap().ends_with("the end\n"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
