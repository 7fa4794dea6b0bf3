//! A letter: content and brand, from which both forms of a mail are made.

use kernel::{Email, Result, TenantId, Timestamp};
use module::Links;
use sqlx::PgConnection;
use tenant_resolver::Tenant;

use crate::MailId;
use crate::mail::store::{self, NewMail};
use crate::render;

/// Whose letter it is, as its reader sees it.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Name of the tenant or the platform.
    pub name: String,
    /// Brand colour as `#rrggbb`. Any will do: the colours of the letter are derived from it.
    pub color: String,
    /// Absolute address of the logo.
    pub logo_url: Option<String>,
    /// Host that stands in the foot: `northlight.atelier.app`.
    pub host: String,
}

impl Brand {
    /// The platform's own brand.
    #[must_use]
    pub fn platform(host: impl Into<String>) -> Self {
        Self {
            name: "Atelier".into(),
            color: ui::color::DEFAULT_BRAND.into(),
            logo_url: None,
            host: host.into(),
        }
    }

    /// A tenant's brand.
    #[must_use]
    pub fn of_tenant(links: &Links, tenant: &Tenant) -> Self {
        Self {
            name: tenant.name.clone(),
            color: tenant.brand.clone(),
            logo_url: tenant
                .logo
                .as_ref()
                .map(|hash| links.tenant(&tenant.slug, &format!("/_t/logo/{hash}"))),
            host: links.tenant_host(&tenant.slug),
        }
    }
}

/// A piece of a letter.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Paragraph(String),
    Button {
        label: String,
        url: String,
    },
    Fact {
        label: String,
        value: String,
    },
    Quote(String),
    Item {
        title: String,
        text: String,
        url: String,
    },
}

/// A mail in the making. Everything it is given is plain text.
#[derive(Clone, Debug)]
#[must_use = "a letter does nothing until it is sent"]
pub struct Letter {
    pub(crate) template: &'static str,
    pub(crate) subject: String,
    pub(crate) to: Option<(Email, String)>,
    pub(crate) reply_to: Option<Email>,
    pub(crate) brand: Option<Brand>,
    pub(crate) preheader: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) fine_print: Vec<String>,
    pub(crate) unsubscribe_url: Option<String>,
}

impl Letter {
    /// A letter with its subject, which is also its heading. `template` names the letter for the
    /// log: `accounts.password_reset`.
    pub fn new(template: &'static str, subject: impl Into<String>) -> Self {
        Self {
            template,
            subject: subject.into(),
            to: None,
            reply_to: None,
            brand: None,
            preheader: String::new(),
            parts: Vec::new(),
            fine_print: Vec::new(),
            unsubscribe_url: None,
        }
    }

    /// Whom it goes to. The name may be empty.
    pub fn to(mut self, email: &Email, name: impl Into<String>) -> Self {
        self.to = Some((email.clone(), name.into()));
        self
    }

    /// Where answers go.
    pub fn reply_to(mut self, email: &Email) -> Self {
        self.reply_to = Some(email.clone());
        self
    }

    /// Whose letter it is; the platform's own without this.
    pub fn brand(mut self, brand: Brand) -> Self {
        self.brand = Some(brand);
        self
    }

    /// What the list of mails shows after the subject; the first paragraph without this.
    pub fn preheader(mut self, text: impl Into<String>) -> Self {
        self.preheader = text.into();
        self
    }

    /// A paragraph.
    pub fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Paragraph(text.into()));
        self
    }

    /// The one thing to do, with its absolute address.
    pub fn button(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.parts.push(Part::Button {
            label: label.into(),
            url: url.into(),
        });
        self
    }

    /// A fact worth seeing at a glance: "When", "Friday, 6 March".
    pub fn fact(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.push(Part::Fact {
            label: label.into(),
            value: value.into(),
        });
        self
    }

    /// Words of somebody else, such as a comment.
    pub fn quote(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Quote(text.into()));
        self
    }

    /// One of several things that the letter tells of, with its absolute address; the text may be empty.
    pub fn item(
        mut self,
        title: impl Into<String>,
        text: impl Into<String>,
        url: impl Into<String>,
    ) -> Self {
        self.parts.push(Part::Item {
            title: title.into(),
            text: text.into(),
            url: url.into(),
        });
        self
    }

    /// The absolute address at which its reader gets no more of such letters: a link in the foot and, for mail programs,
    /// the headers of RFC 8058. A POST there must do it at once, whoever sends it.
    pub fn unsubscribe(mut self, url: impl Into<String>) -> Self {
        self.unsubscribe_url = Some(url.into());
        self
    }

    /// A line in small letters at the end: why one gets this mail, how long a link works.
    pub fn fine_print(mut self, text: impl Into<String>) -> Self {
        self.fine_print.push(text.into());
        self
    }

    /// Writes the mail and the job that delivers it in the caller's transaction: a tenant's, with its
    /// own id, or one of the platform.
    ///
    /// # Errors
    /// [`kernel::Error::Internal`] without a recipient; otherwise when the statement fails.
    pub async fn send(
        self,
        conn: &mut PgConnection,
        tenant: Option<TenantId>,
        now: Timestamp,
    ) -> Result<MailId> {
        let html = render::html(&self).into_string();
        let text = render::text(&self);
        let from_name = self
            .brand
            .map_or_else(|| "Atelier".to_owned(), |brand| brand.name);
        let Some((to, to_name)) = self.to else {
            return Err(kernel::Error::internal(format!(
                "letter {} has no recipient",
                self.template
            )));
        };
        let id = MailId::new();
        store::insert(
            conn,
            NewMail {
                id,
                tenant,
                template: self.template,
                to_address: to.as_str(),
                to_name: &to_name,
                from_name: &from_name,
                reply_to: self.reply_to.as_ref().map(Email::as_str),
                subject: &self.subject,
                html: &html,
                text: &text,
                unsubscribe_url: self.unsubscribe_url.as_deref(),
                now,
            },
        )
        .await?;
        Ok(id)
    }
}
