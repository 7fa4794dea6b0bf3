//! The callers, in a process of their own: HTTP/1.1 over connections that stay open.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use uuid::Uuid;

use crate::Outcome;

/// Connections that are open at once.
const CONNECTIONS: usize = 16;
/// An answer that takes longer counts as an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Operation {
    /// Twenty posts.
    List,
    /// One post by its id.
    Read,
    /// A new post.
    Create,
}

/// For how long, and how.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Mode {
    /// Milliseconds.
    For(u64),
    /// Each caller once.
    Each,
    /// So many requests one after another, by one caller.
    Times(usize),
    /// So many callers that go away before the answer.
    HangUp(usize),
}

/// Who asks.
#[derive(Clone, Serialize, Deserialize)]
pub struct Caller {
    /// Header lines that say who.
    pub headers: String,
    /// Posts to read.
    pub posts: Vec<Uuid>,
}

/// What the child process is to do.
#[derive(Serialize, Deserialize)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// What is asked for.
    pub operation: Operation,
    /// For how long.
    pub mode: Mode,
    /// Who asks, in turn.
    pub callers: Vec<Caller>,
}

/// What came back.
#[derive(Default, Serialize, Deserialize)]
pub struct Tally {
    /// Microseconds of each good answer.
    pub latencies: Vec<u32>,
    /// Requests without a good answer.
    pub errors: u64,
    /// What the first error said.
    pub example: Option<String>,
    /// How long all of it took.
    pub seconds: f64,
}

impl Operation {
    fn request(self, caller: &Caller, turn: usize) -> String {
        let headers = &caller.headers;
        match self {
            Self::List => format!("GET /api/v1/blog/posts?limit=20 HTTP/1.1\r\n{headers}\r\n"),
            Self::Read => {
                let post = caller.posts[turn % caller.posts.len()];
                format!("GET /api/v1/blog/posts/{post} HTTP/1.1\r\n{headers}\r\n")
            }
            Self::Create => {
                let key = Uuid::new_v4();
                let body = format!(
                    r#"{{"title":"Morning light {key}","content":"Some *text* with a [link](/blog)."}}"#
                );
                let length = body.len();
                format!(
                    "POST /api/v1/blog/posts HTTP/1.1\r\n{headers}Idempotency-Key: {key}\r\n\
                     Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                )
            }
        }
    }
}

impl Tally {
    /// Good answers.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn answers(&self) -> f64 {
        self.latencies.len().max(1) as f64
    }

    /// Takes in another.
    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors += other.errors;
        self.example = self.example.take().or(other.example);
        self.seconds += other.seconds;
    }

    /// Milliseconds within which so many of a hundred answers came.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        f64::from(sorted.get(last * percent / 100).copied().unwrap_or(0)) / 1_000.0
    }

    fn fail(&mut self, why: String) {
        self.errors += 1;
        self.example.get_or_insert(why);
    }
}

/// Runs a plan in a child process, which ends with this one.
pub async fn run(plan: &Plan) -> Outcome<Tally> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("client")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&serde_json::to_vec(plan)?).await?;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        return Err("the callers failed".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The child process.
pub fn main() -> Outcome<ExitCode> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let plan: Plan = serde_json::from_slice(&text)?;
    // One thread: the cores are there for the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tally = runtime.block_on(call(plan))?;
    serde_json::to_writer(std::io::stdout(), &tally)?;
    Ok(ExitCode::SUCCESS)
}

async fn call(plan: Plan) -> Outcome<Tally> {
    let connections = match plan.mode {
        Mode::Times(_) => 1,
        _ => CONNECTIONS,
    };
    let plan = Arc::new(plan);
    let start = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|number| tokio::spawn(connection(Arc::clone(&plan), number, start)))
        .collect();
    let mut all = Tally::default();
    for task in tasks {
        all.add(task.await?);
    }
    all.seconds = start.elapsed().as_secs_f64();
    Ok(all)
}

/// One connection's share of the plan.
async fn connection(plan: Arc<Plan>, number: usize, start: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut open = None;
    let count = plan.callers.len();
    for turn in 0.. {
        let place = turn * CONNECTIONS + number;
        let more = match plan.mode {
            Mode::For(millis) => start.elapsed() < Duration::from_millis(millis),
            Mode::Each => place < count,
            Mode::Times(times) => turn < times,
            Mode::HangUp(times) => place < times,
        };
        if !more {
            break;
        }
        let caller = match plan.mode {
            Mode::Times(_) => &plan.callers[0],
            _ => &plan.callers[place % count],
        };
        let request = plan.operation.request(caller, turn);
        if matches!(plan.mode, Mode::HangUp(_)) {
            if let Err(error) = leave(plan.address, &request, turn).await {
                tally.fail(error.to_string());
            }
            continue;
        }
        let asked = Instant::now();
        match tokio::time::timeout(PATIENCE, ask(plan.address, &mut open, &request)).await {
            Ok(Ok(())) => {
                let micros = asked.elapsed().as_micros();
                tally
                    .latencies
                    .push(u32::try_from(micros).unwrap_or(u32::MAX));
            }
            failed => {
                open = None;
                tally.fail(match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "no answer in time".to_owned(),
                });
            }
        }
    }
    tally
}

/// Sends a request, or the beginning of one, and goes away after zero to two milliseconds.
async fn leave(address: SocketAddr, request: &str, turn: usize) -> Outcome<()> {
    let mut stream = connect(address).await?;
    let sent = if turn.is_multiple_of(5) {
        request.len() / 2
    } else {
        request.len()
    };
    stream.write_all(&request.as_bytes()[..sent]).await?;
    let wait = u64::try_from(turn % 8)? * 300;
    tokio::time::sleep(Duration::from_micros(wait)).await;
    Ok(())
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends one request and reads its answer to the end.
async fn ask(address: SocketAddr, open: &mut Option<TcpStream>, request: &str) -> Outcome<()> {
    let stream = match open {
        Some(stream) => stream,
        None => open.insert(connect(address).await?),
    };
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(16 * 1024);
    let head = loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the connection ended".into());
        }
        if let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .ok_or("an answer without a length")?;
    let end = head + length.trim().parse::<usize>()?;
    while answer.len() < end {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the connection ended".into());
        }
    }
    if text.starts_with("http/1.1 200") || text.starts_with("http/1.1 201") {
        return Ok(());
    }
    let status = text.lines().next().unwrap_or_default();
    let body = String::from_utf8_lossy(&answer[head..]);
    Err(format!("{status}: {body}").into())
}
