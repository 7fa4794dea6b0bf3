//! Starting the PostgreSQL programs, and looking at processes.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal};

use crate::account::Account;

/// A command that runs as `account`, with a cleared environment, in a process group of its own (so that a Ctrl-C in
/// the terminal reaches the program alone, which then stops the server in order), and that does not outlive the
/// thread that spawns it.
pub(crate) fn command(program: impl AsRef<OsStr>, account: &Account) -> Command {
    use std::os::unix::process::CommandExt as _;

    let mut command = Command::new(program);
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", "/usr/bin:/bin");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .current_dir("/");
    if account.switch {
        // The standard library drops the supplementary groups as well when root changes to another user.
        command.uid(account.uid).gid(account.gid);
    }
    end_with_this_thread(&mut command);
    command
}

/// Asks the kernel to stop the child when the thread that spawned it ends, which is also when the whole process is
/// killed: no orphan keeps the data folder. Elsewhere than on Linux an orphan is found and stopped at the next start.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the death signal can be set only by the child itself, between fork and exec"
)]
fn end_with_this_thread(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    let parent = rustix::process::getpid();
    let ask = move || {
        // SIGINT is PostgreSQL's fast shutdown: sessions are cut off, the data is left consistent.
        rustix::process::set_parent_process_death_signal(Some(Signal::INT))?;
        // The parent may have ended before the line above took effect.
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(rustix::io::Errno::SRCH.into())
        }
    };
    // SAFETY: the closure makes two system calls through wrappers that neither allocate nor lock, touches no memory
    // shared with another thread, and so does only what is allowed between fork and exec.
    unsafe {
        command.pre_exec(ask);
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_this_thread(_command: &mut Command) {}

/// Whether a process runs; a zombie, which the kernel still lists, does not.
pub(crate) fn is_running(pid: Pid) -> bool {
    // A refusal by the kernel (EPERM) means that there is one, of another user.
    let listed = !matches!(
        rustix::process::test_kill_process(pid),
        Err(rustix::io::Errno::SRCH)
    );
    listed && !is_zombie(pid)
}

/// The state stands after the name in parentheses, which may itself hold any character.
fn is_zombie(pid: Pid) -> bool {
    let stat =
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
}

/// The running processes of a server on `data`: its first process and its backends, which all work in that folder.
pub(crate) fn servers_on(data: &Path, pid_in_file: Option<Pid>) -> Vec<Pid> {
    let ours = rustix::process::getpid();
    let mut found: Vec<Pid> = working_in(data)
        .into_iter()
        .filter(|pid| *pid != ours && is_running(*pid))
        .collect();
    if let Some(pid) = pid_in_file
        && !found.contains(&pid)
        && is_running(pid)
        && names_folder(pid, data)
    {
        found.push(pid);
    }
    found
}

#[cfg(target_os = "linux")]
fn working_in(data: &Path) -> Vec<Pid> {
    let process = |entry: fs::DirEntry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        (fs::read_link(entry.path().join("cwd")).ok()? == data).then_some(pid)
    };
    let listing = fs::read_dir("/proc").into_iter().flatten().flatten();
    listing.filter_map(process).collect()
}

#[cfg(not(target_os = "linux"))]
fn working_in(_data: &Path) -> Vec<Pid> {
    Vec::new()
}

/// Whether the command line of a process names the folder, as that of our server does.
fn names_folder(pid: Pid, data: &Path) -> bool {
    let id = pid.as_raw_nonzero().to_string();
    let listing = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &id])
        .stdin(Stdio::null())
        .output();
    listing.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&*data.to_string_lossy()))
}
