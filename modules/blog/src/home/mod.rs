//! What the blog shows on the staff's home page.

mod store;

use kernel::{PageRequest, Timestamp};
use maud::html;
use module::{Ctx, HomeCard, SlotFuture};
use tenant_resolver::TenantTx;
use ui::{Row, Stat, Trend, rows};

use crate::comments::{self, Mode, Order, Status};
use crate::posts::{self, Filter, Listed, Sort, display_title, store as post_store};
use crate::{settings, show};

/// Comments of so many days are summed up, and compared with those of as many before.
const DAYS: usize = 30;
/// Posts that went live in so many weeks make the small line.
const WEEKS: usize = 12;
/// Most rows of a card.
const ROWS: i64 = 5;

/// The figures of the blog: posts for who sees them all, comments for moderators where there are any.
pub(crate) fn figures(ctx: &Ctx) -> SlotFuture<'_, Vec<Stat>> {
    Box::pin(async move {
        if !ctx.may("blog.posts.read") || !ctx.access("blog").reads() {
            return Ok(Vec::new());
        }
        let now = ctx.now();
        let mut tx = ctx.begin().await?;
        let mut stats = of_posts(&mut tx, now).await?;
        if ctx.may("blog.comments.moderate") {
            let open = settings::get(&mut tx).await?.comments.comments_mode != Mode::Off;
            stats.extend(of_comments(&mut tx, ctx, open).await?);
        }
        let span = u8::try_from(12 / stats.len().max(1)).unwrap_or(12);
        Ok(stats.into_iter().map(|stat| stat.span(span)).collect())
    })
}

async fn of_posts(tx: &mut TenantTx, now: Timestamp) -> kernel::Result<Vec<Stat>> {
    let counts = post_store::counts(tx, None, now).await?;
    let weeks = series::<WEEKS>(&store::published_by_week(tx, now, WEEKS).await?);
    let planned: Vec<String> = [
        (counts.in_review, "for review"),
        (counts.scheduled, "scheduled"),
    ]
    .iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    let planned = if planned.is_empty() {
        "none for review or scheduled".to_owned()
    } else {
        planned.join(", ")
    };
    Ok(vec![
        Stat::new("Live posts", counts.published.to_string())
            .note(format!(
                "{} in the last {WEEKS} weeks",
                weeks.iter().sum::<i64>()
            ))
            .points(&weeks)
            .href("/app/blog/posts?status=published"),
        Stat::new("Drafts", counts.draft.to_string())
            .note(planned)
            .href("/app/blog/posts?status=draft"),
    ])
}

/// Nothing where comments are closed and always were.
async fn of_comments(tx: &mut TenantTx, ctx: &Ctx, open: bool) -> kernel::Result<Vec<Stat>> {
    let waiting = store::waiting(tx).await?;
    let days = series::<{ 2 * DAYS }>(&store::said_by_day(tx, ctx.now(), 2 * DAYS).await?);
    let (before, last) = days.split_at(DAYS);
    let (before, now) = (before.iter().sum::<i64>(), last.iter().sum::<i64>());
    if !open && waiting.number == 0 && before + now == 0 {
        return Ok(Vec::new());
    }
    let trend = match now.cmp(&before) {
        std::cmp::Ordering::Greater => Trend::Up,
        std::cmp::Ordering::Equal => Trend::Flat,
        std::cmp::Ordering::Less => Trend::Down,
    };
    let oldest = match waiting.oldest {
        Some(at) => format!("the oldest {}", show::ago(ctx, at)),
        None => "all are decided".to_owned(),
    };
    Ok(vec![
        Stat::new("Comments", now.to_string())
            .trend(trend, now.abs_diff(before).to_string())
            .note(format!("vs the {DAYS} days before"))
            .points(last)
            .href("/app/blog/comments?status=approved"),
        Stat::new("To approve", waiting.number.to_string())
            .note(oldest)
            .href("/app/blog/comments"),
    ])
}

/// Counts by how many periods ago, as one row with the oldest first and zeroes where there is none.
fn series<const LENGTH: usize>(counts: &[(i32, i64)]) -> [i64; LENGTH] {
    let mut row = [0; LENGTH];
    for (ago, count) in counts {
        let place = usize::try_from(*ago)
            .ok()
            .and_then(|ago| LENGTH.checked_sub(ago + 1));
        if let Some(place) = place.and_then(|place| row.get_mut(place)) {
            *place += count;
        }
    }
    row
}

async fn newest(ctx: &Ctx, limit: i64) -> kernel::Result<Vec<Listed>> {
    if !ctx.may_somewhere("blog.posts.read") || !ctx.access("blog").reads() {
        return Ok(Vec::new());
    }
    let filter = Filter {
        only: ctx.only_on("blog.posts.read", posts::KIND),
        ..Filter::default()
    };
    let page = PageRequest { limit, after: None };
    let mut tx = ctx.begin().await?;
    let mut posts = post_store::list(&mut tx, &filter, Sort::Updated, page, ctx.now()).await?;
    posts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(posts)
}

/// The posts that were changed last.
pub(crate) fn recent_posts(ctx: &Ctx) -> SlotFuture<'_, Option<HomeCard>> {
    Box::pin(async move {
        let posts = newest(ctx, ROWS).await?;
        if posts.is_empty() {
            return Ok(None);
        }
        let list: Vec<Row> = posts
            .iter()
            .map(|post| {
                Row::new(display_title(&post.title))
                    .href(format!("/app/blog/posts/{}/edit", post.id))
                    .note(html! { "Changed " (show::ago(ctx, post.updated_at)) })
                    .end(show::state_badge(
                        post.state(ctx.now()),
                        post.is_changed(ctx.now()),
                    ))
            })
            .collect();
        Ok(Some(HomeCard {
            title: "Recent posts".into(),
            more: Some(("All posts", "/app/blog/posts".into())),
            body: rows(&list),
        }))
    })
}

/// The comments that have waited longest, for those who decide about them.
pub(crate) fn comments_to_approve(ctx: &Ctx) -> SlotFuture<'_, Option<HomeCard>> {
    Box::pin(async move {
        if !ctx.may("blog.comments.moderate") || !ctx.access("blog").reads() {
            return Ok(None);
        }
        let filter = comments::Filter {
            status: Some(Status::Pending),
            ..comments::Filter::default()
        };
        let page = PageRequest {
            limit: ROWS,
            after: None,
        };
        let mut tx = ctx.begin().await?;
        let waiting = comments::queue(&mut tx, &filter, Order::Oldest, page).await?;
        drop(tx);
        if waiting.items.is_empty() {
            return Ok(None);
        }
        let list: Vec<Row> = waiting
            .items
            .iter()
            .map(|comment| {
                let name = comment.author_name.as_ref().or(comment.guest_name.as_ref());
                let name = name.map_or("A reader", String::as_str);
                Row::new(brief(&comment.content))
                    .lead(ui::avatar(name))
                    .href(format!("/app/blog/comments/{}", comment.id))
                    .note(html! { (name) " on “" (display_title(&comment.post_title)) "”, " (show::ago(ctx, comment.created_at)) })
            })
            .collect();
        Ok(Some(HomeCard {
            title: "Comments to approve".into(),
            more: Some(("All of them", "/app/blog/comments".into())),
            body: rows(&list),
        }))
    })
}

/// The beginning of a text on one line.
fn brief(text: &str) -> String {
    const MOST: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    let cut: String = line.chars().take(MOST - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_place_for_each_period() {
        assert_eq!(
            series::<4>(&[(0, 3), (2, 1), (9, 7), (-1, 7)]),
            [0, 1, 0, 3]
        );
        assert_eq!(series::<2>(&[]), [0, 0]);
    }

    #[test]
    fn texts_are_cut_to_a_line() {
        assert_eq!(brief("Two\n\nlines"), "Two lines");
        let long = brief(&"word ".repeat(40));
        assert!(long.ends_with('…') && long.chars().count() <= 80, "{long}");
    }
}
