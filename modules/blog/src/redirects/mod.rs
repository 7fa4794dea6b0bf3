//! Redirects: where visitors are sent on from addresses that lead nowhere any more.
//!
//! They are asked only when nothing else answers, so live content always wins. A path is compared in one spelling and
//! comes before all patterns, which are tried in their order. A chain is cut short when it is written, and what would
//! lead in a circle is refused; all writes of a tenant wait for each other, so two of them cannot close one together.
//!
//! The table belongs to the site; until there is a site module it lives here (`docs/decisions/0031-redirects-live-in-the-blog.md`).

pub mod api;
pub(crate) mod find;
pub mod import;
pub mod pages;
mod store;

use kernel::{Cursor, Error, FieldError, Fields, Page, PageRequest, Result, Timestamp};
use module::{Ctx, enqueue};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::content::redirect;
use crate::jobs::{PurgeRedirect, TRASH};

pub use store::Redirect;

kernel::id!(
    /// Identifies a redirect.
    RedirectId
);

/// Most redirects of a tenant.
const MAX: i64 = 5_000;
/// Most patterns among them: each is tried on every address that leads nowhere.
const MAX_PATTERNS: i64 = 100;
/// Most links of a chain that are followed.
const MAX_CHAIN: usize = 20;

/// What a redirect leads from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One path.
    #[default]
    Exact,
    /// Every path that a regular expression matches.
    Pattern,
}

impl Kind {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Pattern => "pattern",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Exact, Self::Pattern]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// What becomes of a query that came along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryRule {
    /// It is left out.
    #[default]
    Drop,
    /// It comes along.
    Keep,
}

impl QueryRule {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Keep => "keep",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Drop, Self::Keep]
            .into_iter()
            .find(|rule| rule.as_str() == name)
    }
}

/// Who made a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody, on a page or by the API.
    Manual,
    /// A file.
    Import,
}

impl Origin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Import => "import",
        }
    }
}

/// What is said of a redirect.
#[derive(Clone, Debug)]
pub struct RedirectInput {
    /// What it leads from.
    pub kind: Kind,
    /// The path, or the pattern.
    pub source: String,
    /// A path or an absolute address; of no meaning with status 410.
    pub target: String,
    /// 301, 302, 307, 308 or 410.
    pub status: i16,
    /// What becomes of a query.
    pub query: QueryRule,
    /// Patterns with a lower number are tried first.
    pub position: i32,
    /// Whether it is in use.
    pub enabled: bool,
}

impl Default for RedirectInput {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            source: String::new(),
            target: String::new(),
            status: 301,
            query: QueryRule::default(),
            position: 1,
            enabled: true,
        }
    }
}

/// A redirect that keeps the rules, as it is stored.
struct Checked {
    kind: Kind,
    source: String,
    target: Option<String>,
    status: i16,
    query: QueryRule,
    position: i32,
    enabled: bool,
}

impl RedirectInput {
    fn check(&self) -> Result<Checked> {
        let mut fields = Fields::default();
        let (source, groups) = match self.kind {
            Kind::Exact => (fields.take(redirect::exact_source(&self.source)), Some(0)),
            Kind::Pattern => {
                let text = self.source.trim();
                let compiled = fields.take(redirect::pattern(text));
                let groups = compiled.map(|pattern| pattern.captures_len() - 1);
                (groups.map(|_| text.to_owned()), groups)
            }
        };
        fields
            .check(
                matches!(self.status, 301 | 302 | 307 | 308 | 410),
                "status",
                "invalid",
                "Use 301, 302, 307, 308 or 410.",
            )
            .check(
                (0..=100_000).contains(&self.position),
                "position",
                "invalid",
                "Use a number between 0 and 100000.",
            );
        let target = match groups {
            Some(groups) if self.status != 410 => {
                fields.take(redirect::target(&self.target, groups))
            }
            _ => None,
        };
        fields.check(
            self.kind == Kind::Pattern || source.is_none() || source != target,
            "target",
            "loop",
            "A redirect cannot lead to itself.",
        );
        fields.finish()?;
        // `finish` has failed already when there is none.
        let source = source.ok_or_else(|| Error::internal("a redirect from nowhere"))?;
        Ok(Checked {
            kind: self.kind,
            source,
            target,
            status: self.status,
            query: self.query,
            position: self.position,
            enabled: self.enabled,
        })
    }
}

/// Adds a redirect.
pub async fn create(tx: &mut TenantTx, ctx: &Ctx, input: &RedirectInput) -> Result<Redirect> {
    let checked = input.check()?;
    store::lock(tx).await?;
    let redirect = add(tx, checked, Origin::Manual, ctx.now()).await?;
    tell(ctx, tx, "blog.redirect.created", &redirect).await?;
    Ok(redirect)
}

/// Adds a redirect under the lock.
async fn add(
    tx: &mut TenantTx,
    mut checked: Checked,
    origin: Origin,
    now: Timestamp,
) -> Result<Redirect> {
    room(tx, checked.kind).await?;
    straighten(tx, &mut checked, now).await?;
    let id = RedirectId::new();
    store::insert(tx, id, &checked, origin, now).await?;
    get(tx, id).await
}

/// Refuses one more than there may be.
async fn room(tx: &mut TenantTx, kind: Kind) -> Result<()> {
    let (all, patterns) = store::count(tx).await?;
    if all < MAX && (kind == Kind::Exact || patterns < MAX_PATTERNS) {
        return Ok(());
    }
    let message = "There is room for 5,000 redirects, 100 of them patterns.";
    Err(FieldError::new("source", "too_many", message).into())
}

/// Changes a redirect. `based_on` is the revision that the person saw, if it is known.
pub async fn update(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: RedirectId,
    based_on: Option<i64>,
    input: &RedirectInput,
) -> Result<Redirect> {
    let checked = input.check()?;
    store::lock(tx).await?;
    let before = get(tx, id).await?;
    if based_on.is_some_and(|rev| rev != before.rev) {
        return Err(Error::PreconditionFailed);
    }
    let redirect = replace(tx, id, checked, ctx.now()).await?;
    tell(ctx, tx, "blog.redirect.changed", &redirect).await?;
    Ok(redirect)
}

/// Changes a redirect under the lock.
async fn replace(
    tx: &mut TenantTx,
    id: RedirectId,
    mut checked: Checked,
    now: Timestamp,
) -> Result<Redirect> {
    straighten(tx, &mut checked, now).await?;
    store::update(tx, id, &checked, now).await?;
    get(tx, id).await
}

/// Leads a path to where its target leads in the end, and whatever led to it as well: a visitor is sent on once.
async fn straighten(tx: &mut TenantTx, checked: &mut Checked, now: Timestamp) -> Result<()> {
    if checked.kind != Kind::Exact || !checked.enabled {
        return Ok(());
    }
    let Some(mut target) = checked.target.clone() else {
        return Ok(());
    };
    for _ in 0..MAX_CHAIN {
        if target == checked.source {
            return Err(FieldError::new(
                "target",
                "loop",
                "Other redirects lead from there back to this path.",
            )
            .into());
        }
        match store::target_of(tx, &target).await? {
            Some(next) => target = next,
            None => break,
        }
    }
    store::redirect_to(tx, &checked.source, &target, now).await?;
    checked.target = Some(target);
    Ok(())
}

/// Deletes a redirect; for 30 days it can be taken back.
pub async fn delete(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: RedirectId,
    based_on: Option<i64>,
) -> Result<Redirect> {
    store::lock(tx).await?;
    let redirect = get(tx, id).await?;
    if based_on.is_some_and(|rev| rev != redirect.rev) {
        return Err(Error::PreconditionFailed);
    }
    let now = ctx.now();
    store::set_deleted(tx, id, now).await?;
    let job = PurgeRedirect {
        redirect: id,
        deleted_at: now,
    };
    enqueue(tx, &job, now.plus(TRASH)).await?;
    tell(ctx, tx, "blog.redirect.deleted", &redirect).await?;
    Ok(redirect)
}

/// Takes a deleted redirect back. It is held to the rules of a new one: others may lead elsewhere by now.
///
/// # Errors
/// A conflict when another redirect leads on from there meanwhile, when it would close a circle, and when there is no
/// room.
pub async fn restore(tx: &mut TenantTx, ctx: &Ctx, id: RedirectId) -> Result<Redirect> {
    store::lock(tx).await?;
    let deleted = store::find_any(tx, id)
        .await?
        .ok_or(Error::NotFound("redirect"))?;
    if deleted.deleted_at.is_none() {
        return Ok(deleted);
    }
    put_back(tx, &deleted, ctx.now())
        .await
        .map_err(in_the_way)?;
    tell(ctx, tx, "blog.redirect.restored", &deleted).await?;
    get(tx, id).await
}

async fn put_back(tx: &mut TenantTx, deleted: &Redirect, now: Timestamp) -> Result<()> {
    let mut checked = Checked {
        kind: deleted.kind,
        source: deleted.source.clone(),
        target: deleted.target.clone(),
        status: deleted.status,
        query: deleted.query,
        position: deleted.position,
        enabled: deleted.enabled,
    };
    room(tx, checked.kind).await?;
    straighten(tx, &mut checked, now).await?;
    store::set_restored(tx, deleted.id, checked.target.as_deref(), now).await
}

/// A rule that is broken where nothing was typed: something else stands in the way.
fn in_the_way(error: Error) -> Error {
    match error {
        Error::Invalid(errors) => match errors.into_iter().next() {
            Some(first) => Error::conflict("redirect_in_the_way", first.message),
            None => Error::internal("a refusal without a reason"),
        },
        other => other,
    }
}

/// Removes a redirect for good that was deleted at `deleted_at` and not taken back since.
pub(crate) async fn purge_expired(
    tx: &mut TenantTx,
    id: RedirectId,
    deleted_at: Timestamp,
) -> Result<()> {
    store::remove(tx, id, deleted_at).await
}

/// One redirect, or the answer that there is none.
pub async fn get(tx: &mut TenantTx, id: RedirectId) -> Result<Redirect> {
    store::find(tx, id)
        .await?
        .ok_or(Error::NotFound("redirect"))
}

/// One part of the list, newest first.
pub async fn list(
    tx: &mut TenantTx,
    q: Option<&str>,
    request: PageRequest,
) -> Result<Page<Redirect>> {
    let redirects = store::list(tx, q, request).await?;
    Ok(Page::cut(redirects, request, |redirect| Cursor {
        at: redirect.created_at,
        id: redirect.id.0,
    }))
}

async fn tell(
    ctx: &Ctx,
    tx: &mut TenantTx,
    action: &'static str,
    redirect: &Redirect,
) -> Result<()> {
    ctx.audit(action)
        .on("redirect", redirect.id, &redirect.source)
        .write(tx)
        .await
}
