//! The first catalogue. Operators change it afterwards; what they did is never overwritten.

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

use crate::{Cycle, PlanId, PriceId, ProductId, store};

struct FirstProduct {
    key: &'static str,
    name: &'static str,
    description: &'static str,
    status: &'static str,
    plans: &'static [FirstPlan],
}

struct FirstPlan {
    slug: &'static str,
    name: &'static str,
    description: &'static str,
    /// Euro cents for a month and for a year.
    prices: [i64; 2],
    /// Most people in the workspace; `None` for no limit.
    seats: Option<i64>,
    /// Most bytes of files; `None` for no limit.
    room: Option<i64>,
    features: &'static [&'static str],
}

const TRIAL_DAYS: i32 = 21;

const PRODUCTS: [FirstProduct; 4] = [
    FirstProduct {
        key: "blog",
        name: "Blog",
        description: "Write, schedule and publish on your own address, in your own colours.",
        status: "active",
        plans: &[
            FirstPlan {
                slug: "solo",
                name: "Solo",
                description: "For one person and a steady voice.",
                prices: [900, 9000],
                seats: Some(3),
                room: Some(5_000_000_000),
                features: &[
                    "Unlimited posts",
                    "Scheduling and versions",
                    "Feeds and search engines",
                    "3 people",
                    "5 GB for pictures",
                ],
            },
            FirstPlan {
                slug: "studio",
                name: "Studio",
                description: "For a team that writes together.",
                prices: [1900, 19000],
                seats: None,
                room: Some(100_000_000_000),
                features: &[
                    "Everything in Solo",
                    "Unlimited people",
                    "Roles and audit log",
                    "API for your own front end",
                    "100 GB for pictures",
                ],
            },
        ],
    },
    FirstProduct {
        key: "photo",
        name: "Photo studio",
        description: "Bookings, proofing galleries and invoices for photographers.",
        status: "draft",
        plans: &[],
    },
    FirstProduct {
        key: "music",
        name: "Music lessons",
        description: "Lessons, families, billing and instruments for music schools.",
        status: "draft",
        plans: &[],
    },
    FirstProduct {
        key: "site",
        name: "Website",
        description: "Pages, menus and forms for everything that is not a post.",
        status: "draft",
        plans: &[],
    },
];

/// Writes what is missing.
pub(crate) async fn write(conn: &mut PgConnection, now: Timestamp) -> Result<()> {
    for (sort, product) in (0..).zip(&PRODUCTS) {
        let new = store::NewProduct {
            id: ProductId::new(),
            key: product.key,
            name: product.name,
            description: product.description,
            status: product.status,
            sort,
        };
        if !store::insert_product(&mut *conn, &new, now).await? {
            continue;
        }
        for (sort, plan) in (0..).zip(product.plans) {
            write_plan(&mut *conn, new.id, plan, sort, now).await?;
        }
    }
    Ok(())
}

async fn write_plan(
    conn: &mut PgConnection,
    product: ProductId,
    plan: &FirstPlan,
    sort: i32,
    now: Timestamp,
) -> Result<()> {
    let id = PlanId::new();
    let features: Vec<String> = plan
        .features
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    let new = store::NewPlan {
        id,
        product,
        slug: plan.slug,
        name: plan.name,
        description: plan.description,
        sort,
        trial_days: TRIAL_DAYS,
        features: &features,
    };
    store::insert_plan(&mut *conn, &new, now).await?;
    for (cycle, amount) in [Cycle::Monthly, Cycle::Yearly].into_iter().zip(plan.prices) {
        store::insert_price(&mut *conn, PriceId::new(), id, "EUR", amount, cycle, now).await?;
    }
    store::insert_entitlement(&mut *conn, id, "workspace.seats", "count", plan.seats).await?;
    store::insert_entitlement(&mut *conn, id, "files.bytes", "bytes", plan.room).await
}
