//! When somebody leaves, the keys that they made go on: programs must not stop because a person did. The owners are
//! asked to look whether the keys are still needed.

use kernel::{MembershipId, Result};
use messaging::Notification;
use module::JobContext;
use serde::Deserialize;
use tenant_resolver::TenantTx;

use crate::keys::{Key, store};

/// The event `member.removed`, as far as it matters here.
#[derive(Deserialize)]
struct Left {
    membership: MembershipId,
}

/// Tells the owners of the keys that whoever left has made and that still work.
pub(crate) async fn member_left(tx: &mut TenantTx, context: JobContext) -> Result<()> {
    let left: Left = context.read()?;
    let mut keys = store::made_by(tx, left.membership).await?;
    // Brought back within moments, before this ran: nothing to look at.
    keys.retain(|key| key.works(context.now) && !key.maker_is_here);
    let Some(first) = keys.first() else {
        return Ok(());
    };
    let title = match keys.len() {
        1 => format!("{} left, and 1 key they made still works", first.maker),
        count => format!(
            "{} left, and {count} keys they made still work",
            first.maker
        ),
    };
    let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let body = format!(
        "Look whether these are still needed, and revoke what is not: {}.",
        names.join(", ")
    );
    let link = one_application(&keys).unwrap_or_else(|| "/app/settings/applications".to_owned());
    for owner in tenants::owners(tx).await? {
        let news = Notification {
            recipient: owner.membership,
            kind: "workspace.keys",
            title: &title,
            body: &body,
            link: &link,
        };
        messaging::notify(tx, news, context.now).await?;
    }
    Ok(())
}

/// The page of the application that all of the keys belong to, if it is one.
fn one_application(keys: &[Key]) -> Option<String> {
    let first = keys.first()?.application;
    keys.iter()
        .all(|key| key.application == first)
        .then(|| format!("/app/settings/applications/{first}"))
}
