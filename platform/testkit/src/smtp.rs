//! A small mail server that keeps what it is sent: SMTP over a real socket (RFC 5321), for tests of outgoing mail.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The largest message it takes.
const LARGEST: usize = 25 * 1024 * 1024;

/// How long a message is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The sender in the envelope.
    pub from: String,
    /// The recipients in the envelope.
    pub to: Vec<String>,
    /// Headers and body, with the lines as sent (CR LF).
    pub data: Vec<u8>,
}

/// One part of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its `Content-Type`, such as `text/plain; charset=utf-8`.
    pub content_type: String,
    /// Its text.
    pub text: String,
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<Mail>,
    /// Replies to the next recipients, in place of acceptance.
    refusals: Vec<String>,
}

/// A running mail server. It ends when this value is dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl SmtpSink {
    /// Listens on a free port of this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the address of a socket");
        let state = Arc::new(Mutex::new(State::default()));
        let (sender, count) = watch::channel(0);
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, sender) = (Arc::clone(&shared), sender.clone());
                // A client that hangs up ends its session.
                tokio::spawn(async move { Session::new(stream, state, sender).serve().await });
            }
        });
        Self {
            address,
            state,
            count,
            task,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a setting: `smtp://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Answers the next recipient with this line (such as `450 4.2.1 Try again later`); may be called several times.
    pub fn refuse_next(&self, reply: &str) {
        self.lock().refusals.push(reply.to_owned());
    }

    /// All that has come so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().mails.clone()
    }

    /// Waits until `count` messages have come in all, and returns them.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let mut seen = self.count.clone();
        let arrived = tokio::time::timeout(PATIENCE, seen.wait_for(|seen| *seen >= count)).await;
        let mails = self.mails();
        assert!(
            arrived.is_ok(),
            "waited for {count} messages, {} came",
            mails.len()
        );
        mails
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Session {
    stream: BufReader<TcpStream>,
    state: Arc<Mutex<State>>,
    count: watch::Sender<usize>,
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, state: Arc<Mutex<State>>, count: watch::Sender<usize>) -> Self {
        Self {
            stream: BufReader::new(stream),
            state,
            count,
            greeted: false,
            from: None,
            to: Vec::new(),
        }
    }

    async fn serve(mut self) -> std::io::Result<()> {
        self.say("220 localhost ESMTP").await?;
        while let Some(line) = self.line().await? {
            let text = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
            let reply = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    self.greeted = true;
                    self.reset();
                    format!(
                        "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {LARGEST}"
                    )
                }
                "HELO" => {
                    self.greeted = true;
                    self.reset();
                    "250 localhost".to_owned()
                }
                "MAIL" => self.mail(rest),
                "RCPT" => self.recipient(rest),
                "DATA" => self.data().await?,
                "RSET" => {
                    self.reset();
                    "250 2.0.0 Forgotten".to_owned()
                }
                "NOOP" => "250 2.0.0 Done".to_owned(),
                "VRFY" => "252 2.1.5 Send and see".to_owned(),
                "QUIT" => return self.say("221 2.0.0 Bye").await,
                _ => "500 5.5.2 Unknown command".to_owned(),
            };
            self.say(&reply).await?;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn mail(&mut self, argument: &str) -> String {
        if !self.greeted || self.from.is_some() {
            return "503 5.5.1 Bad sequence of commands".to_owned();
        }
        match path(argument, "FROM:") {
            Some(from) => {
                self.from = Some(from);
                "250 2.1.0 Sender taken".to_owned()
            }
            None => "501 5.5.4 Syntax: MAIL FROM:<address>".to_owned(),
        }
    }

    fn recipient(&mut self, argument: &str) -> String {
        if self.from.is_none() {
            return "503 5.5.1 Bad sequence of commands".to_owned();
        }
        let Some(to) = path(argument, "TO:").filter(|to| !to.is_empty()) else {
            return "501 5.5.4 Syntax: RCPT TO:<address>".to_owned();
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.refusals.is_empty() {
            return state.refusals.remove(0);
        }
        self.to.push(to);
        "250 2.1.5 Recipient taken".to_owned()
    }

    /// Reads a message up to the line with a single dot.
    async fn data(&mut self) -> std::io::Result<String> {
        if self.to.is_empty() {
            return Ok("503 5.5.1 Bad sequence of commands".to_owned());
        }
        self.say("354 End with a line that holds a single dot")
            .await?;
        let mut data = Vec::new();
        loop {
            let Some(line) = self.line().await? else {
                // Cut off: not a message.
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            };
            if line == b"." {
                break;
            }
            // Another dot was put before a line that starts with one.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            if data.len() + line.len() <= LARGEST + 1 {
                data.extend_from_slice(line);
                data.extend_from_slice(b"\r\n");
            }
        }
        let from = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        if data.len() > LARGEST {
            return Ok("552 5.3.4 Message too large".to_owned());
        }
        let count = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.mails.push(Mail { from, to, data });
            state.mails.len()
        };
        self.count.send_replace(count);
        Ok("250 2.0.0 Message taken".to_owned())
    }

    /// The next line without its end; none when the client has hung up.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    async fn say(&mut self, reply: &str) -> std::io::Result<()> {
        self.stream
            .get_mut()
            .write_all(format!("{reply}\r\n").as_bytes())
            .await
    }
}

/// The address in `FROM:<address> PARAMETERS`.
fn path(argument: &str, prefix: &str) -> Option<String> {
    let rest = argument
        .get(prefix.len()..)
        .filter(|_| argument[..prefix.len()].eq_ignore_ascii_case(prefix))?;
    let (address, _parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}

impl Mail {
    /// The value of a header: unfolded, with encoded words (RFC 2047) decoded.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.data).into_owned();
        header(split_head(&text).0, name)
    }

    /// The parts of the message that are no containers, in order, their transfer encoding undone.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        collect_parts(&String::from_utf8_lossy(&self.data), &mut parts);
        parts
    }

    /// The text of the first part of this type, such as `text/html`.
    #[must_use]
    pub fn text_of(&self, content_type: &str) -> Option<String> {
        let is = |part: &Part| {
            part.content_type
                .to_ascii_lowercase()
                .starts_with(content_type)
        };
        self.parts().into_iter().find(is).map(|part| part.text)
    }
}

fn split_head(text: &str) -> (&str, &str) {
    text.split_once("\r\n\r\n").unwrap_or((text, ""))
}

fn header(head: &str, name: &str) -> Option<String> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = unfolded.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })?;
    Some(decode_words(&value))
}

/// Decodes `=?utf-8?b?..?=` and `=?utf-8?q?..?=`; blanks between two such words do not count.
fn decode_words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, word, after)) = next_word(rest) {
        if !(before.trim().is_empty() && !out.is_empty() && rest.len() < value.len()) {
            out.push_str(before);
        }
        out.push_str(&word);
        rest = after;
    }
    out + rest
}

fn next_word(text: &str) -> Option<(&str, String, &str)> {
    let (before, rest) = text.split_once("=?")?;
    let mut fields = rest.splitn(4, '?');
    let (_charset, encoding, content, after) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    let bytes = match encoding {
        "b" | "B" => STANDARD.decode(content).ok()?,
        _ => quoted_printable(&content.replace('_', " ")),
    };
    Some((
        before,
        String::from_utf8_lossy(&bytes).into_owned(),
        after.strip_prefix('=')?,
    ))
}

fn collect_parts(entity: &str, parts: &mut Vec<Part>) {
    let (head, body) = split_head(entity);
    let content_type = header(head, "Content-Type").unwrap_or_else(|| "text/plain".to_owned());
    if let Some(boundary) = boundary(&content_type) {
        // Before the first boundary and after the last there is nothing to see.
        let whole = format!("\r\n{body}");
        let delimiter = format!("\r\n--{boundary}");
        for part in whole
            .split(&delimiter)
            .skip(1)
            .take_while(|part| !part.starts_with("--"))
        {
            collect_parts(
                part.trim_start_matches([' ', '\t'])
                    .trim_start_matches("\r\n"),
                parts,
            );
        }
        return;
    }
    let encoding = header(head, "Content-Transfer-Encoding")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let bytes = match encoding.as_str() {
        "base64" => {
            let packed: String = body.split_whitespace().collect();
            STANDARD.decode(packed).unwrap_or_default()
        }
        "quoted-printable" => quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    parts.push(Part {
        content_type,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    });
}

fn boundary(content_type: &str) -> Option<String> {
    if !content_type.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let (_, value) = content_type.split_once("boundary=")?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => value.split(';').next()?.trim(),
    };
    Some(value.to_owned())
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "");
    let mut out = Vec::with_capacity(joined.len());
    let mut bytes = joined.bytes();
    while let Some(byte) = bytes.next() {
        let pair = || Some([bytes.clone().next()?, bytes.clone().nth(1)?]);
        let code = (byte == b'=').then(pair).flatten();
        let code =
            code.and_then(|pair| u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok());
        match code {
            Some(decoded) => {
                out.push(decoded);
                bytes.nth(1);
            }
            None => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use lettre::message::MultiPart;
    use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn transport(sink: &SmtpSink) -> AsyncSmtpTransport<Tokio1Executor> {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(sink.address().port())
            .build()
    }

    fn message() -> Message {
        Message::builder()
            .from("Northlight <hello@northlight.example>".parse().unwrap())
            .to("Zoë <zoe@example.com>".parse().unwrap())
            .subject("Grüße aus dem Studio, und noch viel mehr Wörter, damit die Zeile umbricht")
            .multipart(MultiPart::alternative_plain_html(
                ".A line that starts with a dot\r\nCafé = 3 €\r\n".to_owned(),
                format!("<p>Café {}</p>", "é".repeat(200)),
            ))
            .unwrap()
    }

    #[tokio::test]
    async fn what_lettre_sends_arrives_whole_and_can_be_read() {
        let sink = SmtpSink::start().await;
        transport(&sink).send(message()).await.unwrap();
        let mails = sink.wait_for(1).await;
        let mail = &mails[0];
        assert_eq!(
            (mail.from.as_str(), mail.to.as_slice()),
            (
                "hello@northlight.example",
                &["zoe@example.com".to_owned()][..]
            )
        );
        let subject = "Grüße aus dem Studio, und noch viel mehr Wörter, damit die Zeile umbricht";
        assert_eq!(mail.header("subject").unwrap(), subject);
        assert_eq!(mail.header("To").unwrap(), "Zoë <zoe@example.com>");
        assert_eq!(mail.header("X-Missing"), None);
        assert_eq!(mail.parts().len(), 2);
        let plain = mail.text_of("text/plain").unwrap();
        assert_eq!(
            plain.trim_end(),
            ".A line that starts with a dot\r\nCafé = 3 €"
        );
        assert_eq!(
            mail.text_of("text/html").unwrap().trim_end(),
            format!("<p>Café {}</p>", "é".repeat(200))
        );
    }

    #[tokio::test]
    async fn a_refusal_reaches_the_sender_once() {
        let sink = SmtpSink::start().await;
        sink.refuse_next("450 4.2.1 Try again later");
        let refusal = transport(&sink).send(message()).await.unwrap_err();
        assert!(refusal.is_transient(), "{refusal}");
        assert!(sink.mails().is_empty());
        transport(&sink).send(message()).await.unwrap();
        assert_eq!(sink.wait_for(1).await.len(), 1);
    }

    #[tokio::test]
    async fn commands_out_of_order_are_refused_and_a_cut_off_message_is_not_kept() {
        let sink = SmtpSink::start().await;
        let mut client = TcpStream::connect(sink.address()).await.unwrap();
        let talk = "MAIL FROM:<a@example.com>\r\nEHLO me\r\nRCPT TO:<b@example.com>\r\nDATA\r\nmail from:<a@example.com> SIZE=9\r\n\
                    RCPT TO:broken\r\nRCPT TO:<b@example.com>\r\nRSET\r\nDATA\r\nNOOP\r\nWHAT\r\n\
                    MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nMAIL FROM:<c@example.com>\r\n\
                    RCPT TO:<b@example.com>\r\nDATA\r\nSubject: cut\r\n";
        client.write_all(talk.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        let codes: Vec<&str> = answer
            .lines()
            .filter(|line| line.get(3..4) == Some(" "))
            .map(|line| &line[..3])
            .collect();
        let expected = [
            "220", "503", "250", "503", "503", "250", "501", "250", "250", "503", "250", "500",
            "250", "250", "354", "250", "250", "250", "354",
        ];
        assert_eq!(codes, expected, "{answer}");
        let mails = sink.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(
            mails[0],
            Mail {
                from: String::new(),
                to: vec!["b@example.com".into()],
                data: b"Subject: x\r\n\r\n.\r\n".to_vec()
            }
        );
    }
}
