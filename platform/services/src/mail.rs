//! Sending one finished mail.

use std::fmt;
use std::time::Duration;

use kernel::Email;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::response::Category;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

/// How long a server may take for one step of the conversation.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Connections kept open to the mail server, for each node.
const CONNECTIONS: u32 = 4;

/// Where mail goes and who it comes from.
#[derive(Clone)]
pub struct MailSettings {
    /// URL of the SMTP server, with its credentials; `None` keeps mail in the development mailbox.
    pub smtp_url: Option<String>,
    /// Address that all mail comes from: the mail server must be allowed to send for its domain.
    pub sender: Email,
}

/// The URL holds a password, so it is never printed.
impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings")
            .field("smtp", &self.smtp_url.is_some())
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// Sends mail. Cloning shares the connections.
#[derive(Clone)]
pub enum Mailer {
    /// Over SMTP.
    Smtp {
        /// Connections to the server.
        transport: AsyncSmtpTransport<Tokio1Executor>,
        /// Address that all mail comes from.
        sender: Email,
    },
    /// Not at all: the stored mail is the mail, and the development mailbox shows it.
    Development,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp { .. } => "Smtp",
            Self::Development => "Development",
        })
    }
}

/// A mail, ready to be sent.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// Its id, from which the `Message-ID` is made: a mail sent twice can be told by it.
    pub id: Uuid,
    /// Name that it comes from: the tenant's or the platform's.
    pub from_name: String,
    /// Whom it goes to.
    pub to: Email,
    /// Their name; may be empty.
    pub to_name: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Email>,
    /// Subject.
    pub subject: String,
    /// Content as plain text.
    pub text: String,
    /// The same content as a document.
    pub html: String,
    /// Address that takes its reader off the list by a POST, for the headers of RFC 8058.
    pub unsubscribe_url: Option<String>,
}

/// What the mail server said when it took a mail over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The server's own words, which usually hold its id for the mail; `None` when nothing was sent.
    pub reply: Option<String>,
}

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Another try may help.
    Temporary(String),
    /// No further try will help.
    Permanent(String),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Temporary(reason) | Self::Permanent(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for SendError {}

impl Mailer {
    /// A mailer for the settings. No connection is made yet.
    ///
    /// # Errors
    /// [`kernel::Error::BadRequest`] when the URL cannot be read; the message does not repeat it.
    pub fn new(settings: &MailSettings) -> kernel::Result<Self> {
        let Some(url) = &settings.smtp_url else {
            return Ok(Self::Development);
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| {
                kernel::Error::bad_request(
                    "smtp_url",
                    "The mail server is not given as smtp://user:password@host:port.",
                )
            })?
            .timeout(Some(TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS))
            .build();
        Ok(Self::Smtp {
            transport,
            sender: settings.sender.clone(),
        })
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// [`SendError::Temporary`] or [`SendError::Permanent`].
    pub async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, SendError> {
        let Self::Smtp { transport, sender } = self else {
            tracing::info!(mail = %mail.id, to = %mail.to.masked(), "mail kept in the development mailbox");
            return Ok(Receipt { reply: None });
        };
        let message = message(mail, sender)?;
        match transport.send(message).await {
            Ok(response) => Ok(Receipt {
                reply: response.first_line().map(str::to_owned),
            }),
            Err(error) => Err(classify(&error)),
        }
    }
}

/// A refusal for good (5xx) concerns this mail; a refused log-in (53x, RFC 4954 6) concerns our
/// settings, which somebody will repair while the mail waits.
fn classify(error: &lettre::transport::smtp::Error) -> SendError {
    let about_log_in = error
        .status()
        .is_some_and(|code| code.category == Category::Unspecified3);
    if error.is_permanent() && !about_log_in {
        SendError::Permanent(error.to_string())
    } else {
        SendError::Temporary(error.to_string())
    }
}

/// Every header goes through lettre's typed ones, which encode what is not plain text; a line break
/// cannot end a header.
fn message(mail: &OutgoingMail, sender: &Email) -> Result<Message, SendError> {
    let domain = sender.as_str().rsplit('@').next().unwrap_or("localhost");
    let mut builder = Message::builder()
        .from(mailbox(&mail.from_name, sender)?)
        .to(mailbox(&mail.to_name, &mail.to)?)
        .subject(one_line(&mail.subject))
        .message_id(Some(format!("<{}@{domain}>", mail.id)));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox("", reply_to)?);
    }
    let mut message = builder
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|error| SendError::Permanent(error.to_string()))?;
    if let Some(url) = &mail.unsubscribe_url {
        let headers = message.headers_mut();
        headers.insert_raw(HeaderValue::new(
            HeaderName::new_from_ascii_str("List-Unsubscribe"),
            format!("<{}>", address(url)),
        ));
        headers.insert_raw(HeaderValue::new(
            HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
            "List-Unsubscribe=One-Click".to_owned(),
        ));
    }
    Ok(message)
}

/// An address without what could end it or the header that it stands in.
fn address(url: &str) -> String {
    url.chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>'))
        .collect()
}

fn mailbox(name: &str, address: &Email) -> Result<Mailbox, SendError> {
    let address: Address = address
        .as_str()
        .parse()
        .map_err(|_| SendError::Permanent("The address cannot be sent to.".to_owned()))?;
    let name = one_line(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

/// The text with every run of blanks and control characters as one blank.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> OutgoingMail {
        OutgoingMail {
            id: Uuid::nil(),
            from_name: "Northlight".into(),
            to: Email::parse("mara@example.com").unwrap(),
            to_name: "Mara Lindqvist".into(),
            reply_to: None,
            subject: "Welcome".into(),
            text: "Good morning".into(),
            html: "<p>Good morning</p>".into(),
            unsubscribe_url: None,
        }
    }

    fn sender() -> Email {
        Email::parse("no-reply@atelier.example").unwrap()
    }

    fn headers(mail: &OutgoingMail) -> Vec<String> {
        let raw = String::from_utf8(message(mail, &sender()).unwrap().formatted()).unwrap();
        let (head, _) = raw.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ")
            .split("\r\n")
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_mail_has_both_forms_and_an_id_of_ours() {
        let raw = String::from_utf8(message(&mail(), &sender()).unwrap().formatted()).unwrap();
        assert!(raw.contains("multipart/alternative"), "{raw}");
        assert!(raw.contains("text/plain") && raw.contains("text/html"));
        assert!(raw.contains("Message-ID: <00000000-0000-0000-0000-000000000000@atelier.example>"));
    }

    #[test]
    fn no_text_adds_a_header_or_a_recipient() {
        let attack = "Hi\r\nBcc: everyone@example.com\r\n\r\nBuy";
        let names = |mail: &OutgoingMail| {
            let mut names: Vec<String> = headers(mail)
                .iter()
                .filter_map(|line| line.split_once(':').map(|(name, _)| name.to_lowercase()))
                .collect();
            names.sort();
            names
        };
        let expected = names(&mail());
        for attacked in [
            OutgoingMail {
                subject: attack.into(),
                ..mail()
            },
            OutgoingMail {
                from_name: attack.into(),
                ..mail()
            },
            OutgoingMail {
                to_name: attack.into(),
                ..mail()
            },
        ] {
            assert_eq!(names(&attacked), expected, "{attacked:?}");
            let message = message(&attacked, &sender()).unwrap();
            assert_eq!(message.envelope().to().len(), 1);
        }
    }

    #[test]
    fn mail_programs_can_unsubscribe_with_one_click() {
        let mail = OutgoingMail {
            unsubscribe_url: Some("https://a.example/u/1>\r\nBcc: x@y.z".into()),
            ..mail()
        };
        let headers = headers(&mail);
        assert!(
            headers.contains(&"List-Unsubscribe: <https://a.example/u/1Bcc:x@y.z>".to_owned()),
            "{headers:?}"
        );
        assert!(
            headers.contains(&"List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned()),
            "{headers:?}"
        );
    }

    #[test]
    fn names_in_other_scripts_are_encoded() {
        let to = headers(&OutgoingMail {
            to_name: "Žofia, \"Ž\" <x@y.z>".into(),
            ..mail()
        });
        let to = to.iter().find(|line| line.starts_with("To:")).unwrap();
        assert!(to.is_ascii(), "{to}");
        assert!(to.ends_with("<mara@example.com>"), "{to}");
    }

    #[test]
    fn settings_never_print_the_password() {
        let settings = MailSettings {
            smtp_url: Some("smtp://user:hunter2@mail.example".into()),
            sender: sender(),
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
        let broken = MailSettings {
            smtp_url: Some("hunter2".into()),
            ..settings
        };
        let error = Mailer::new(&broken).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}
