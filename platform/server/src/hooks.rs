//! Where crates that may not know each other meet: sign-up starts a trial, standings complete a
//! tenant, mail is a job of the platform.

use std::sync::Arc;

use accounts::Accounts;
use billing::{Addressee, Addressees, Billing, Usage};
use files::Files;
use kernel::{Clock, Email, LimitOverride, Standing, TenantId};
use messaging::{MailId, Messaging};
use module::Links;
use serde::Deserialize;
use sqlx::PgConnection;
use tenant_resolver::Lookup;
use tenants::{NewTenant, Provision, StandingsSource, Tenants};
use worker::PlatformJobs;

/// What `tenants` needs from `billing`.
#[must_use]
pub fn hooks(clock: &Clock) -> tenants::Hooks {
    tenants::Hooks {
        standings: Arc::new(Subscriptions {
            clock: clock.clone(),
        }),
        provision: vec![Arc::new(Trial {
            clock: clock.clone(),
        })],
        permissions: crate::modules::permissions(),
        areas: crate::modules::manifests()
            .into_iter()
            .map(|manifest| (manifest.key, manifest.title))
            .collect(),
    }
}

/// What subscriptions say, and what operators set above them.
struct Subscriptions {
    clock: Clock,
}

impl StandingsSource for Subscriptions {
    fn standings<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
    ) -> Lookup<'a, Vec<Standing>> {
        Box::pin(async move {
            let mut standings = billing::standings(&mut *conn, tenant).await?;
            let set = catalog::overrides::in_force(conn, tenant, self.clock.now()).await?;
            for (module, access, until) in set.access {
                for standing in standings.iter_mut().filter(|held| held.module == module) {
                    standing.override_access = Some((access, until));
                }
            }
            Ok(standings)
        })
    }

    fn overrides<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
    ) -> Lookup<'a, Vec<LimitOverride>> {
        Box::pin(async move {
            let set = catalog::overrides::in_force(conn, tenant, self.clock.now()).await?;
            Ok(set.limits)
        })
    }
}

/// Every new tenant begins with a trial of each product on sale, whatever the person said they do.
struct Trial {
    clock: Clock,
}

impl Provision for Trial {
    fn provision<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: &'a NewTenant,
    ) -> Lookup<'a, ()> {
        Box::pin(async move {
            for module in crate::modules::manifests() {
                match billing::start_trial(conn, tenant.id, module.key, self.clock.now()).await {
                    Err(error) if error.code() == "not_on_sale" => {}
                    result => drop(result?),
                }
            }
            Ok(())
        })
    }
}

/// What `billing` needs from `tenants` and from the settings.
#[must_use]
pub fn billing(links: &Links, operators: &[Email]) -> billing::Setup {
    let modules = crate::modules::manifests();
    billing::Setup {
        links: links.clone(),
        addressees: Arc::new(Owners),
        operators: operators.to_vec(),
        usage: Arc::new(Counts),
        entitlements: catalog::ENTITLEMENTS
            .iter()
            .chain(modules.iter().flat_map(|manifest| manifest.entitlements))
            .collect(),
    }
}

struct Owners;

impl Addressees for Owners {
    fn find<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
    ) -> Lookup<'a, Option<Addressee>> {
        Box::pin(async move {
            let contact = tenants::contact(conn, tenant).await?;
            Ok(contact.map(|contact| Addressee {
                slug: contact.slug,
                name: contact.name,
                zone: contact.zone,
                owners: contact.owners,
            }))
        })
    }
}

/// The counts that plans limit, each by whoever keeps it.
struct Counts;

impl Usage for Counts {
    fn used<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
        entitlement: &'a str,
    ) -> Lookup<'a, Option<i64>> {
        Box::pin(async move {
            Ok(match entitlement {
                tenants::SEATS => Some(tenants::people(conn, tenant).await?),
                files::BYTES => Some(files::used_by(conn, tenant).await?),
                _ => None,
            })
        })
    }
}

/// A job of the kind [`messaging::DELIVER`].
#[derive(Deserialize)]
struct Delivery {
    mail: MailId,
}

/// Who does the platform's own jobs.
#[must_use]
pub fn platform_jobs(
    accounts: &Accounts,
    messaging: &Messaging,
    tenants: &Tenants,
    billing: &Billing,
    files: &Files,
) -> PlatformJobs {
    let mut jobs = PlatformJobs::default();
    let deliver = messaging.clone();
    jobs.on(messaging::DELIVER, move |job| {
        let messaging = deliver.clone();
        async move {
            messaging
                .deliver(job.read::<Delivery>()?.mail, job.now)
                .await
        }
    });
    jobs.hold_while_suspended(messaging::DELIVER, messaging::waits_while_suspended);
    let purge = messaging.clone();
    jobs.every(
        "platform.mail.purge",
        std::time::Duration::from_hours(24),
        move |job| {
            let messaging = purge.clone();
            async move { messaging.purge(job.now).await.map(drop) }
        },
    );
    let purge = messaging.clone();
    jobs.every(
        "platform.notifications.purge",
        std::time::Duration::from_hours(24),
        move |job| {
            let messaging = purge.clone();
            async move { messaging.purge_notifications(job.now).await.map(drop) }
        },
    );
    let accounts = accounts.clone();
    jobs.every(
        "platform.accounts.purge",
        std::time::Duration::from_hours(1),
        move |job| {
            let accounts = accounts.clone();
            async move { accounts.purge(job.now).await.map(drop) }
        },
    );
    let active = tenants.clone();
    jobs.every(
        "platform.blog.render",
        std::time::Duration::from_hours(24),
        move |job| {
            let tenants = active.clone();
            async move { render_again(&tenants, &job).await }
        },
    );
    let tenants = tenants.clone();
    jobs.every(
        "platform.tenants.purge",
        std::time::Duration::from_hours(1),
        move |job| {
            let tenants = tenants.clone();
            async move { tenants.purge(job.now).await.map(drop) }
        },
    );
    let billing = billing.clone();
    jobs.every(
        "platform.billing.attend",
        std::time::Duration::from_mins(10),
        move |job| {
            let billing = billing.clone();
            async move { billing.attend(job.now).await.map(drop) }
        },
    );
    let files = files.clone();
    jobs.every(
        "platform.files.sweep",
        std::time::Duration::from_hours(1),
        move |job| {
            let files = files.clone();
            async move { files.sweep(&job.app, &job.db, job.now).await.map(drop) }
        },
    );
    jobs
}

/// Lets each tenant's blog render again what an older build made; where there is nothing, that is one look.
async fn render_again(tenants: &Tenants, job: &worker::PlatformContext) -> kernel::Result<()> {
    let again = blog::jobs::RenderAgain::with_present();
    let mut tx = job.db.begin().await?;
    for tenant in tenants.active(&mut tx).await? {
        module::enqueue_for(tx.conn(), tenant, &again, job.now).await?;
    }
    tx.commit().await
}
