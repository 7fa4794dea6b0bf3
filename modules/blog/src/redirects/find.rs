//! What answers a visitor where no page is.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use kernel::{Result, TenantId, Timestamp};
use module::{Ctx, Lost};
use regex::Regex;
use tenant_resolver::TenantTx;

use super::{Kind, QueryRule, Redirect, RedirectId, store};
use crate::content::redirect;

/// Patterns that are kept compiled, over all tenants.
const COMPILED: usize = 2_000;
/// Uses are written this long after the last time, with the first that comes then.
const BATCH: Duration = Duration::from_secs(10);
/// Redirects whose uses are counted in memory.
const COUNTED: usize = 10_000;

/// A redirect that applies to a path.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    /// The redirect.
    pub redirect: Redirect,
    /// Where it leads, as an absolute address; none when the path is gone for good.
    pub location: Option<String>,
}

/// Where a path leads that has no page. `path` may have a query.
pub(crate) async fn find(tx: &mut TenantTx, path: &str, origin: &str) -> Result<Option<Match>> {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let Some(path) = redirect::normalise(path) else {
        return Ok(None);
    };
    for candidate in store::candidates(tx, &path).await? {
        let target = match target(&candidate, &path) {
            Target::Elsewhere => continue,
            Target::Gone => {
                return Ok(Some(Match {
                    redirect: candidate,
                    location: None,
                }));
            }
            Target::At(target) => target,
        };
        let query = query.filter(|_| candidate.query == QueryRule::Keep);
        let location = redirect::location(origin, &target, query);
        // A pattern may match where it leads itself: such a visitor would never arrive.
        let itself = target.starts_with('/')
            && redirect::normalise(target.split(['?', '#']).next().unwrap_or_default()).as_ref()
                == Some(&path);
        if let Some(location) = location.filter(|_| !itself) {
            return Ok(Some(Match {
                redirect: candidate,
                location: Some(location),
            }));
        }
    }
    Ok(None)
}

/// Where a redirect leads a path.
enum Target {
    /// It is not about this path.
    Elsewhere,
    /// Nowhere any more.
    Gone,
    At(String),
}

fn target(redirect: &Redirect, path: &str) -> Target {
    let target = redirect.target.as_deref();
    let target = match redirect.kind {
        Kind::Exact => target.map(str::to_owned),
        Kind::Pattern => {
            let pattern = compiled(&redirect.source);
            let Some(caught) = pattern.as_ref().and_then(|pattern| pattern.captures(path)) else {
                return Target::Elsewhere;
            };
            target.map(|target| redirect::filled(target, &caught))
        }
    };
    target.map_or(Target::Gone, Target::At)
}

/// A pattern, compiled once for all tenants that have it.
fn compiled(text: &str) -> Option<Regex> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pattern) = known.get(text) {
        return Some(pattern.clone());
    }
    let pattern = redirect::pattern(text).ok()?;
    if known.len() >= COMPILED {
        known.clear();
    }
    known.insert(text.to_owned(), pattern.clone());
    Some(pattern)
}

/// Answers a visitor whose address leads nowhere, if a redirect does.
pub(crate) async fn answer(ctx: &Ctx) -> Result<Option<Lost>> {
    if !ctx.access("blog").reads() {
        return Ok(None);
    }
    let mut tx = ctx.begin().await?;
    let Some(found) = find(&mut tx, &ctx.request().path, &ctx.link("")).await? else {
        return Ok(None);
    };
    let id = found.redirect.id;
    if let Some(hits) = due(ctx.tenant().id, id, ctx.now()) {
        store::add_hits(&mut tx, id, hits, ctx.now()).await?;
        tx.commit().await?;
    }
    let status = u16::try_from(found.redirect.status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::MOVED_PERMANENTLY);
    Ok(Some(match found.location {
        Some(location) => Lost::Moved { location, status },
        None => Lost::Gone,
    }))
}

/// Counts a use, and says how many are to be written now. A node that ends loses those of the last seconds.
fn due(tenant: TenantId, redirect: RedirectId, now: Timestamp) -> Option<i64> {
    type Uses = HashMap<(TenantId, RedirectId), (i64, Timestamp)>;
    static USES: LazyLock<Mutex<Uses>> = LazyLock::new(Mutex::default);
    let mut uses = USES.lock().unwrap_or_else(PoisonError::into_inner);
    if uses.len() >= COUNTED {
        uses.clear();
    }
    match uses.get_mut(&(tenant, redirect)) {
        None => {
            uses.insert((tenant, redirect), (0, now));
            Some(1)
        }
        Some((count, written)) => {
            *count += 1;
            if now.since(*written) < BATCH {
                return None;
            }
            *written = now;
            Some(std::mem::take(count))
        }
    }
}
