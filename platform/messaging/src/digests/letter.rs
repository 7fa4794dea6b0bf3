//! What mail about news says.

use kernel::{Email, MembershipId, Result};
use module::JobContext;
use tenant_resolver::TenantTx;

use super::News;
use super::store::Reader;
use crate::{Brand, Letter, MailId, unsubscribe};

/// Most news that a mail shows; the rest is counted.
const SHOWN: usize = 30;

/// Writes one mail about these news, of which there is at least one.
pub(super) async fn send(
    tx: &mut TenantTx,
    job: &JobContext,
    member: MembershipId,
    reader: &Reader,
    news: &[News],
) -> Result<MailId> {
    let tenant = &job.site.tenant;
    let links = job.app.links();
    let link = |path: &str| links.tenant(&tenant.slug, path);
    let mut kinds: Vec<&str> = news.iter().map(|news| news.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let out = unsubscribe::link(tx, links, tenant, member, &kinds, job.now).await?;
    let (template, subject) = match news {
        [one] => ("messaging.notification", one.title.clone()),
        many => (
            "messaging.digest",
            format!("{} new for you in {}", many.len(), tenant.name),
        ),
    };
    let mut letter = Letter::new(template, subject)
        .to(&Email::parse(&reader.address)?, &reader.name)
        .brand(Brand::of_tenant(links, tenant))
        .unsubscribe(out);
    if let [one] = news {
        if !one.body.is_empty() {
            letter = letter.paragraph(&one.body);
        }
        letter = letter.button("Open it", link(&format!("/app/inbox/{}", one.id)));
    } else {
        for one in news.iter().take(SHOWN) {
            let url = link(&format!("/app/inbox/{}", one.id));
            letter = letter.item(&one.title, &one.body, url);
        }
        if news.len() > SHOWN {
            letter = letter.paragraph(format!("And {} more.", news.len() - SHOWN));
        }
        letter = letter.button("Open your inbox", link("/app/inbox"));
    }
    letter
        .fine_print(format!(
            "You get this as a member of {}. Choose what you are told about, and how: {}",
            tenant.name,
            link("/app/me/notifications")
        ))
        .send(tx.conn(), Some(tenant.id), job.now)
        .await
}
