//! What is removed for good: uploads that were interrupted, and files whose time in the trash is over.

mod store;

use std::time::Duration;

use database::PlatformDb;
use kernel::{Result, Timestamp};
use module::{App, Ctx};
use tenant_resolver::{TenantDb, TenantTx};

use crate::objects::KEEP;
use crate::storage::{derivative_key, key};
use crate::{Files, quota};

/// How long an upload may take. Requests end long before.
const STORING: Duration = Duration::from_hours(1);
/// Most tenants that one run looks after; the next run goes on.
const TENANTS: i64 = 200;
/// Most files of one tenant that one run removes.
const FILES: usize = 500;

/// A file that is being removed.
struct Doomed {
    id: crate::FileId,
    sha256: String,
    visibility: crate::Visibility,
    bytes: i64,
    variants: Vec<String>,
}

impl Files {
    /// Removes what is due in all tenants; returns how many files.
    ///
    /// # Errors
    /// When the database or the store does not answer. What was removed until then stays so.
    pub async fn sweep(&self, app: &App, db: &PlatformDb, now: Timestamp) -> Result<u64> {
        let (trash, storing) = (now.minus(KEEP), now.minus(STORING));
        let mut removed = 0;
        for tenant in store::tenants_with_work(db.pool(), trash, storing, TENANTS).await? {
            if let Some(site) = app.resolver().by_id(tenant).await? {
                removed += self.sweep_tenant(&site.db, trash, storing).await?;
            }
        }
        Ok(removed)
    }

    /// Removes everything in the trash of the tenant of this request now; returns how many files.
    ///
    /// # Errors
    /// As [`Files::sweep`].
    pub async fn empty_trash(&self, ctx: &Ctx) -> Result<u64> {
        // What was put there by this very instant, nothing later.
        let soon = ctx.now().plus(Duration::from_micros(1));
        let removed = self
            .sweep_tenant(&ctx.site().db, soon, ctx.now().minus(STORING))
            .await?;
        if removed > 0 {
            let mut tx = ctx.begin().await?;
            ctx.audit("files.trash.emptied")
                .detail(serde_json::json!({ "files": removed }))
                .write(&mut tx)
                .await?;
            tx.commit().await?;
        }
        Ok(removed)
    }

    /// One file after the other, each in a transaction that holds its row: an upload of the same bytes waits, and then
    /// begins anew.
    async fn sweep_tenant(
        &self,
        db: &TenantDb,
        trash: Timestamp,
        storing: Timestamp,
    ) -> Result<u64> {
        let mut removed = 0;
        for _ in 0..FILES {
            let mut tx = db.begin().await?;
            let Some(doomed) = store::next(&mut tx, trash, storing).await? else {
                break;
            };
            self.remove_bytes(&tx, &doomed).await?;
            store::delete(&mut tx, doomed.id).await?;
            quota::give_back(&mut tx, doomed.bytes).await?;
            tx.commit().await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// The bytes go before the row: if this is interrupted, the row is still there to tell of the rest.
    async fn remove_bytes(&self, tx: &TenantTx, doomed: &Doomed) -> Result<()> {
        let original = key(tx.tenant(), doomed.visibility, &doomed.sha256);
        for variant in &doomed.variants {
            self.storage()
                .remove(&derivative_key(&original, variant))
                .await?;
        }
        self.storage().remove(&original).await
    }
}
