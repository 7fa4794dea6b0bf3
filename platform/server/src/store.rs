//! The database of this process: its own private server, or the one it was given.

use std::str::FromStr as _;

use database::migrate::{Applied, Owner, migrate, pending};
use database::pools::{PoolSettings, connect};
use database::roles;
use kernel::{Error, Result};
use localdb::{Config, LocalServer};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgPool};

use crate::schema;
use crate::settings::{Settings, Stage};

/// Name of the database on the private server.
const DATABASE: &str = "atelier";

/// The ways to the database.
pub struct Store {
    /// The private server, when there is one.
    pub local: Option<LocalServer>,
    /// Where migrations and roles are made, on a direct connection.
    pub owner: PgConnectOptions,
    /// The same, for a role that may create roles, if we have one.
    admin: PgConnectOptions,
    tenant: PgConnectOptions,
    platform: PgConnectOptions,
    pool: PoolSettings,
    password: Option<String>,
}

impl Store {
    /// Finds the database that the settings name, or starts a private server.
    ///
    /// # Errors
    /// When the server cannot be started, or a URL cannot be read.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let mut pool = PoolSettings::default();
        if settings.database.pool_size > 0 {
            pool.connections = settings.database.pool_size;
        }
        match settings.database.url.expose() {
            Some(url) => Self::given(settings, url, pool),
            None => Self::private(pool).await,
        }
    }

    /// Whether [`Store::open`] will have to make the private server's data first.
    #[must_use]
    pub fn is_new(settings: &Settings) -> bool {
        settings.database.url.expose().is_none()
            && localdb::default_data_dir().is_ok_and(|folder| Config::durable(folder).is_new())
    }

    async fn private(pool: PoolSettings) -> Result<Self> {
        let folder = localdb::default_data_dir().map_err(Error::internal)?;
        let local = LocalServer::start(Config::durable(folder))
            .await
            .map_err(Error::internal)?;
        let options = |role: &str| local.options(role, DATABASE);
        Ok(Self {
            owner: options(roles::OWNER),
            admin: local.superuser_options(DATABASE),
            tenant: options(roles::TENANT),
            platform: options(roles::PLATFORM),
            pool,
            password: None,
            local: Some(local),
        })
    }

    fn given(settings: &Settings, url: &str, pool: PoolSettings) -> Result<Self> {
        let database = &settings.database;
        let parse = |url: &str| {
            // The parser's message may quote the URL, and with it the password.
            PgConnectOptions::from_str(url).map_err(|_| {
                Error::bad_request("settings", "Settings: a database URL cannot be read")
            })
        };
        let pooled = parse(url)?;
        let direct = database
            .direct_url
            .expose()
            .map_or_else(|| Ok(pooled.clone()), parse)?;
        let run_time = |own: Option<&str>, role: &str| {
            own.map_or_else(|| Ok(pooled.clone().username(role)), parse)
        };
        let password = url::Url::parse(url)
            .ok()
            .and_then(|url| url.password().map(str::to_owned));
        Ok(Self {
            local: None,
            // Whoever migrates, the owner owns: otherwise the run-time roles would meet tables of a stranger.
            owner: if direct.get_username() == roles::OWNER {
                direct.clone()
            } else {
                direct.clone().options([("role", roles::OWNER)])
            },
            admin: direct,
            tenant: run_time(database.tenant_url.expose(), roles::TENANT)?,
            platform: run_time(database.platform_url.expose(), roles::PLATFORM)?,
            pool,
            password,
        })
    }

    /// Makes or verifies the roles, and applies missing migrations.
    ///
    /// # Errors
    /// When a migration fails or a role is unsafe.
    pub async fn migrate(&self) -> Result<Applied> {
        let mut conn = self.admin.clone().connect().await?;
        roles::ensure(&mut conn, self.password.as_deref())
            .await
            .map_err(Error::internal)?;
        drop(conn);
        migrate(self.owner.clone(), &schema::owners())
            .await
            .map_err(Error::internal)
    }

    /// Opens the pool of the role of tenants and that of the platform.
    ///
    /// # Errors
    /// When the server cannot be reached, the schema is older than this build, a run-time role could
    /// see other tenants' rows, or a rule of the catalogue is broken.
    pub async fn connect(&self) -> Result<(PgPool, PgPool)> {
        let tenant = connect(self.tenant.clone(), self.pool)
            .await
            .map_err(Error::internal)?;
        let platform = connect(self.platform.clone(), self.pool)
            .await
            .map_err(Error::internal)?;
        for pool in [&tenant, &platform] {
            roles::verify_runtime(pool).await.map_err(Error::internal)?;
        }
        self.verify_schema(&platform, &schema::owners()).await?;
        Ok((tenant, platform))
    }

    async fn verify_schema(&self, platform: &PgPool, owners: &[Owner]) -> Result<()> {
        let missing = pending(platform, owners).await.map_err(Error::internal)?;
        if let Some(first) = missing.first() {
            let count = missing.len();
            return Err(Error::internal(format!(
                "the schema is older than this build: {count} migrations are missing, first {} {}; run `atelier migrate`",
                first.owner, first.version
            )));
        }
        let mut conn = self.owner.clone().connect().await?;
        let findings = database::lint::check(&mut conn, &schema::RULES)
            .await
            .map_err(Error::internal)?;
        if findings.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
        Err(Error::internal(format!(
            "the database breaks rules that keep tenants apart:\n{}",
            list.join("\n")
        )))
    }

    /// Stops the private server, if there is one.
    pub async fn close(self) {
        if let Some(local) = self.local {
            local.stop().await;
        }
    }
}

/// Whether migrations run by themselves at start: on a developer's machine alone.
#[must_use]
pub fn migrates_itself(settings: &Settings) -> bool {
    settings.environment == Stage::Development
}
