//! What can be configured, from where, and what production refuses.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use config::{Config, Environment, File, FileFormat};
use database::Binding;
use files::{FilesSettings, SigningKey, StorageSettings};
use kernel::{Email, Error, Result};
use module::Links;
use serde::Deserialize;

/// The file that documents every setting is also its source of defaults.
const DEFAULTS: &str = include_str!("../../../deploy/settings.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where this runs.
    pub environment: Stage,
    /// How it is reached.
    pub http: Http,
    /// Where data is kept.
    pub database: Database,
    /// Programs and their keys.
    pub access: Access,
    /// How mail leaves.
    pub mail: Mail,
    /// Where files are kept.
    pub storage: Storage,
    /// What is told about its work.
    pub telemetry: Telemetry,
    /// Background work.
    pub worker: Worker,
    /// Subscriptions.
    pub billing: Billing,
}

/// Where the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// On a developer's machine: mailbox page, component gallery, private database.
    Development,
    /// For real.
    Production,
}

/// How the server is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// How people reach the platform.
    pub base_url: String,
    /// Networks of believed proxies.
    pub trusted_proxies: Vec<String>,
    /// Largest body in bytes.
    pub body_limit: usize,
    request_timeout: u64,
    upload_timeout: u64,
    header_timeout: u64,
    drain_timeout: u64,
    drain_delay: u64,
}

/// Where data is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// URL of the owner role.
    pub url: Secret,
    /// Direct URL, past any pooler.
    pub direct_url: Secret,
    /// URL of the role of tenants.
    pub tenant_url: Secret,
    /// URL of the role of the platform.
    pub platform_url: Secret,
    /// Connections for each run-time role; 0 for four per core.
    pub pool_size: u32,
    binding: String,
}

/// Programs and their keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// What keys are hashed with.
    pub key_pepper: Secret,
    /// What keys were hashed with before.
    pub former_key_pepper: Secret,
    /// What tokens are signed with.
    pub token_secret: Secret,
    /// What tokens were signed with before.
    pub former_token_secret: Secret,
    /// Requests a minute by one key.
    pub key_requests: u32,
    /// Requests a minute by all keys of a tenant.
    pub tenant_requests: u32,
}

/// How mail leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// SMTP server; empty in development.
    pub smtp_url: Secret,
    /// Address that all mail comes from.
    pub from_address: String,
}

/// Where files are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    url: String,
    allow_local: bool,
    endpoint: String,
    region: String,
    access_key: Secret,
    secret_key: Secret,
    signing_key: Secret,
    max_upload: u64,
}

/// What is told about the server's work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Filter of log lines.
    pub log: String,
    /// `text` or `json`.
    pub log_format: String,
    /// OTLP receiver; empty sends nothing.
    pub otlp_endpoint: String,
}

/// Background work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Whether this process runs jobs.
    pub enabled: bool,
    job_limit: u64,
}

impl Worker {
    /// How long a job may run.
    #[must_use]
    pub fn job_limit(&self) -> Duration {
        Duration::from_secs(self.job_limit)
    }
}

/// Subscriptions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    operators: Vec<String>,
}

impl Billing {
    /// Who is told when a tenant asks for an invoice.
    ///
    /// # Errors
    /// [`Error::BadRequest`] that names what is no address.
    pub fn operators(&self) -> Result<Vec<Email>> {
        let parse = |text: &String| {
            Email::parse(text).map_err(|_| {
                Error::bad_request(
                    "settings",
                    format!("Settings: billing.operators: {text} is not an e-mail address"),
                )
            })
        };
        self.operators.iter().map(parse).collect()
    }
}

/// A setting that must not be shown. Its value is reached by [`Secret::expose`] alone.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value, or `None` when it is empty.
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "(not set)"
        } else {
            "(secret)"
        })
    }
}

impl Settings {
    /// Reads the settings of this process: defaults, then the file named by `ATELIER_SETTINGS`, then
    /// `ATELIER__*`, `DATABASE_URL` and `DATABASE_DIRECT_URL`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] that names the unknown, missing, mistyped or unsafe setting.
    pub fn load() -> Result<Self> {
        Self::from_environment(&std::env::vars().collect())
    }

    /// As [`Settings::load`], from a given environment.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_environment(variables: &HashMap<String, String>) -> Result<Self> {
        let refuse = |error: config::ConfigError| {
            Error::bad_request("settings", format!("Settings: {error}"))
        };
        let mut sources = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = variables.get("ATELIER_SETTINGS") {
            sources = sources.add_source(File::from(PathBuf::from(path)).format(FileFormat::Toml));
        }
        let overrides = variables
            .iter()
            .filter(|(name, _)| name.starts_with("ATELIER__"));
        let overrides = overrides
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let environment = Environment::with_prefix("ATELIER")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("http.trusted_proxies")
            .with_list_parse_key("billing.operators")
            .source(Some(overrides));
        let mut settings: Self = sources
            .add_source(environment)
            .build()
            .and_then(Config::try_deserialize)
            .map_err(refuse)?;
        let variable = |name: &str| {
            variables
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        if let Some(url) = variable("DATABASE_URL") {
            settings.database.url = Secret(url);
        }
        if let Some(url) = variable("DATABASE_DIRECT_URL") {
            settings.database.direct_url = Secret(url);
        }
        settings.check()?;
        Ok(settings)
    }

    /// Absolute addresses under the base URL.
    ///
    /// # Errors
    /// When `http.base_url` is none.
    pub fn links(&self) -> Result<Links> {
        Links::parse(&self.http.base_url)
    }

    /// Where files are kept and how much is taken at once.
    ///
    /// # Errors
    /// When a folder of this machine is wanted and there is none.
    pub fn files(&self) -> Result<FilesSettings> {
        let storage = &self.storage;
        let folder = if storage.url.is_empty() {
            localdb::default_data_dir()
                .map_err(Error::internal)?
                .join("files")
        } else {
            PathBuf::new()
        };
        let text = |secret: &Secret| secret.expose().map(str::to_owned);
        Ok(FilesSettings {
            storage: StorageSettings {
                url: storage.url.clone(),
                folder,
                endpoint: storage.endpoint.clone(),
                region: storage.region.clone(),
                access_key: text(&storage.access_key),
                secret_key: text(&storage.secret_key),
            },
            signing_key: storage.signing_key.expose().map(SigningKey::from),
            max_upload: storage.max_upload,
        })
    }

    fn check(&self) -> Result<()> {
        let refuse = |message: &str| {
            Err(Error::bad_request(
                "settings",
                format!("Settings: {message}"),
            ))
        };
        let links = self.links()?;
        self.database.binding()?;
        self.billing.operators()?;
        if !matches!(self.telemetry.log_format.as_str(), "text" | "json") {
            return refuse("telemetry.log_format is text or json");
        }
        if self.worker.job_limit == 0 {
            return refuse("worker.job_limit is at least one second");
        }
        if self.access.key_requests == 0 || self.access.tenant_requests == 0 {
            return refuse("access.key_requests and access.tenant_requests are at least 1");
        }
        if self.environment == Stage::Production {
            if self.database.url.expose().is_none() {
                return refuse("production needs DATABASE_URL: it starts no database of its own");
            }
            if !links.secure() {
                return refuse(
                    "production needs an https http.base_url: cookies would travel in the clear",
                );
            }
            if !self.access.is_secret() {
                return refuse(
                    "production needs an access.key_pepper and an access.token_secret of its own, of at least 32 letters",
                );
            }
            if self.mail.smtp_url.expose().is_none() {
                return refuse(
                    "production needs mail.smtp_url: confirmation mails could not leave",
                );
            }
            if self.mail.from_address.ends_with(".localhost") {
                return refuse("production needs a mail.from_address of its own");
            }
            if !self.storage.url.starts_with("s3://") && !self.storage.allow_local {
                return refuse(
                    "production needs a storage.url such as s3://bucket: other nodes would not see files of a folder, unless storage.allow_local says otherwise",
                );
            }
            if self
                .storage
                .signing_key
                .expose()
                .is_none_or(|key| key.len() < 32)
            {
                return refuse(
                    "production needs a storage.signing_key of at least 32 characters, the same on all nodes",
                );
            }
        }
        Ok(())
    }
}

impl Http {
    /// Time after which an unanswered request gets 504.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// Time after which an unfinished upload gets 504.
    #[must_use]
    pub fn upload_timeout(&self) -> Duration {
        Duration::from_secs(self.upload_timeout)
    }

    /// Time a client may take to send its headers.
    #[must_use]
    pub fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout)
    }

    /// Time that running requests may take to end at shutdown.
    #[must_use]
    pub fn drain_timeout(&self) -> Duration {
        Duration::from_secs(self.drain_timeout)
    }

    /// Time between "not ready" and closing the listener at shutdown.
    #[must_use]
    pub fn drain_delay(&self) -> Duration {
        Duration::from_secs(self.drain_delay)
    }
}

impl Access {
    /// What every copy of this program has: good for development alone.
    const KNOWN: &str = "for development alone";

    /// The secrets as the crate takes them.
    #[must_use]
    pub fn secrets(&self) -> access::Secrets {
        access::Secrets {
            pepper: access::Pepper::new(self.key_pepper.expose().unwrap_or_default()),
            former_pepper: self.former_key_pepper.expose().map(access::Pepper::new),
            signer: access::Signer::new(
                self.token_secret.expose().unwrap_or_default(),
                self.former_token_secret.expose(),
            ),
        }
    }

    /// The limits as the crate takes them.
    #[must_use]
    pub fn budget(&self) -> access::Budget {
        access::Budget {
            key: i64::from(self.key_requests),
            tenant: i64::from(self.tenant_requests),
        }
    }

    fn is_secret(&self) -> bool {
        [&self.key_pepper, &self.token_secret].iter().all(|secret| {
            secret
                .expose()
                .is_some_and(|text| text.len() >= 32 && !text.contains(Self::KNOWN))
        })
    }
}

impl Database {
    /// How the tenant is bound to a transaction.
    ///
    /// # Errors
    /// When the setting is neither `plain` nor `citus`.
    pub fn binding(&self) -> Result<Binding> {
        match self.binding.as_str() {
            "plain" => Ok(Binding::Plain),
            "citus" => Ok(Binding::Citus),
            _ => Err(Error::bad_request(
                "settings",
                "Settings: database.binding is plain or citus",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Settings> {
        Settings::from_environment(
            &variables
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        )
    }

    #[test]
    fn defaults_serve_development() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.environment, Stage::Development);
        assert_eq!(
            settings.links().unwrap().base("/"),
            "http://localhost:8080/"
        );
    }

    #[test]
    fn the_environment_overrides() {
        let settings = load(&[
            ("ATELIER__HTTP__LISTEN", "0.0.0.0:9000"),
            ("ATELIER__HTTP__BASE_URL", "http://example.test:9000"),
            ("ATELIER__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,::1/128"),
            ("ATELIER__DATABASE__POOL_SIZE", "3"),
            ("DATABASE_URL", "postgres://x"),
        ])
        .unwrap();
        assert_eq!(settings.http.listen.port(), 9000);
        assert_eq!(settings.http.trusted_proxies.len(), 2);
        assert_eq!(settings.database.pool_size, 3);
        assert_eq!(settings.database.url.expose(), Some("postgres://x"));
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = load(&[("ATELIER__HTTP__LISTNE", "1")]).unwrap_err();
        assert!(error.to_string().contains("listne"), "{error}");
        let error = load(&[("ATELIER__HTTP__LISTEN", "nowhere")]).unwrap_err();
        assert!(error.to_string().contains("listen"), "{error}");
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = load(&[("DATABASE_URL", "postgres://u:hunter2@h/db")]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn files_stay_in_the_data_folder_unless_said_otherwise() {
        let files = load(&[]).unwrap().files().unwrap();
        assert!(files.storage.is_local());
        assert!(files.storage.folder.ends_with("files"));
        let settings = load(&[
            ("ATELIER__STORAGE__URL", "s3://bucket/prefix"),
            ("ATELIER__STORAGE__ACCESS_KEY", "key-id"),
            ("ATELIER__STORAGE__SECRET_KEY", "hunter2"),
            ("ATELIER__STORAGE__SIGNING_KEY", "hunter2"),
        ])
        .unwrap();
        let files = settings.files().unwrap();
        assert!(!files.storage.is_local());
        assert_eq!(files.storage.secret_key.as_deref(), Some("hunter2"));
        assert!(!format!("{settings:?} {files:?}").contains("hunter2"));
    }

    #[test]
    fn production_refuses_what_is_unsafe() {
        let safe = [
            ("ATELIER__ENVIRONMENT", "production"),
            ("ATELIER__HTTP__BASE_URL", "https://atelier.test"),
            (
                "ATELIER__ACCESS__KEY_PEPPER",
                "0123456789abcdef0123456789abcdef",
            ),
            (
                "ATELIER__ACCESS__TOKEN_SECRET",
                "fedcba9876543210fedcba9876543210",
            ),
            ("ATELIER__MAIL__SMTP_URL", "smtp://mail.test"),
            ("ATELIER__MAIL__FROM_ADDRESS", "hello@atelier.test"),
            ("ATELIER__STORAGE__URL", "s3://atelier-files"),
            (
                "ATELIER__STORAGE__SIGNING_KEY",
                "0123456789abcdef0123456789abcdef",
            ),
            ("DATABASE_URL", "postgres://atelier_owner@db/atelier"),
        ];
        assert!(load(&safe).is_ok());
        for missing in 1..safe.len() {
            let mut variables = safe.to_vec();
            variables.remove(missing);
            assert!(load(&variables).is_err(), "without {}", safe[missing].0);
        }
    }
}
