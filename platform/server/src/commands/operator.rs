//! `atelier operator`: the way in for the first operator, who has nobody to ask.

use std::io::Read as _;

use accounts::operators::{self, NewOperator};
use accounts::{Act, Author, passwords};
use clap::Subcommand;
use kernel::{Email, Error, OperatorRole, Result};

use crate::platform::Platform;
use crate::settings::Settings;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make somebody an operator. Prints a link to choose a password, unless they have one.
    Add {
        /// Address to log in with.
        #[arg(long)]
        email: String,
        /// Name that others see.
        #[arg(long)]
        name: String,
        /// `support_readonly`, support, billing or admin.
        #[arg(long)]
        role: String,
        /// Read a password from standard input in place of printing a link.
        #[arg(long)]
        password_stdin: bool,
    },
}

pub async fn run(settings: &Settings, command: Command) -> Result<()> {
    let Command::Add {
        email,
        name,
        role,
        password_stdin,
    } = command;
    let store = Store::open(settings).await?;
    let (tenant_pool, platform_pool) = store.connect().await?;
    let platform = super::serve::platform(settings, tenant_pool, platform_pool)?;
    let password = if password_stdin {
        Some(read_password()?)
    } else {
        None
    };
    let told = add(&platform, &email, &name, &role, password.as_deref()).await?;
    println!("{told}");
    store.close().await;
    Ok(())
}

/// Makes somebody an operator, and says how they enter.
///
/// # Errors
/// [`Error::Invalid`], [`Error::BadRequest`] and [`Error::Conflict`], with what to do.
pub async fn add(
    platform: &Platform,
    email: &str,
    name: &str,
    role: &str,
    password: Option<&str>,
) -> Result<String> {
    let email = Email::parse(email)?;
    let role = OperatorRole::from_key(role).ok_or_else(|| {
        let known = OperatorRole::ALL.map(OperatorRole::key).join(", ");
        Error::bad_request("role", format!("{role} is no role. There are: {known}."))
    })?;
    let hash = match password {
        Some(password) => {
            passwords::check("password", password, &[email.as_str(), name])?;
            Some(passwords::hash(password).await?)
        }
        None => None,
    };
    let now = platform.app.now();
    let links = platform.app.links();
    let mut tx = platform.db.begin().await?;
    let new = NewOperator {
        email: &email,
        name,
        role,
        password_hash: hash.as_deref(),
    };
    let added = operators::add(tx.conn(), new, now).await?;
    Act::new(
        Author::CommandLine,
        "console.operator.added",
        "Added at the command line.",
        now,
    )?
    .on("operator", added.user, name.trim())
    .write(tx.conn())
    .await?;
    tx.commit().await?;
    let console = links.ops("/");
    Ok(match added.secret {
        Some(secret) => format!(
            "{} may enter {console} as {}. Choose a password within 30 minutes:\n{}",
            email.as_str(),
            role.title(),
            links.base(&format!("/reset/{}", secret.as_str()))
        ),
        None => format!(
            "{} may enter {console} as {} with the password of that account.",
            email.as_str(),
            role.title()
        ),
    })
}

/// The first line of standard input.
fn read_password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(Error::internal)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
