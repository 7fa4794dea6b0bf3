//! The settings of the blog, at `/app/blog/settings`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError};
use maud::html;
use module::extract::Form;
use module::{Allowed, Ctx, Result, Routes};
use ui::field::Choice;
use ui::{Card, Page, error_summary, field};

use super::{FeedContent, Settings, get, update};
use crate::comments::CommentSettings;
use crate::forms::{Pairs, lapsed, lapsed_notice, rev, told, value};
use crate::manifest::UpdateSettings;

const PATH: &str = "/app/blog/settings";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/settings", edit)
        .post("/settings", change)
}

fn form(ctx: &Ctx, settings: &Settings, errors: &[FieldError]) -> Page {
    let shut = lapsed(ctx);
    let choices = vec![
        Choice::new("full", "Whole posts"),
        Choice::new("excerpt", "Excerpts"),
    ];
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        form.stack method="post" action=(PATH) {
            input type="hidden" name="rev" value=(settings.rev);
            (Card::new(html! { div.stack {
                (field::text("title", "Title").value(&settings.title).errors(errors).disabled(shut)
                    .help(format!("Empty: {}.", ctx.tenant().name)))
                (field::text("tagline", "Tagline").value(&settings.tagline).errors(errors).disabled(shut).help("One line below the title."))
                (field::textarea("description", "Description", 3).value(&settings.description).errors(errors).disabled(shut)
                    .help("For search engines and feeds."))
            } }).title("Blog"))
            (Card::new(html! { div.stack {
                (field::number("posts_per_page", "Posts on a page").value(settings.posts_per_page.to_string()).min("1").max("100").errors(errors).disabled(shut))
                (field::number("feed_items", "Posts in a feed").value(settings.feed_items.to_string()).min("1").max("100").errors(errors).disabled(shut))
                (field::select("feed_content", "Feeds carry", choices).value(settings.feed_content.as_str()).disabled(shut))
                (field::checkbox("indexable", "Search engines are welcome", settings.indexable).disabled(shut))
            } }).title("Lists and feeds"))
            (Card::new(html! {
                (field::number("preview_ttl_hours", "Hours that a preview link works").value(settings.preview_ttl_hours.to_string()).min("1").max("720").errors(errors).disabled(shut)
                    .help("When nobody chooses. Links that are out already stay as they are."))
            }).title("Previews"))
            (crate::comments::settings_card(&settings.comments, errors, shut))
        }
    };
    Page::new("Blog settings")
        .body(html! { div.stack { (body) } })
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .narrow()
}

async fn edit(ctx: Allowed<UpdateSettings>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let settings = get(&mut tx).await?;
    Ok(form(&ctx, &settings, &[]))
}

async fn change(ctx: Allowed<UpdateSettings>, Form(pairs): Form<Pairs>) -> Result<Response> {
    // What is no number is out of range.
    let number = |name: &str| value(&pairs, name).trim().parse().unwrap_or(0);
    let typed = Settings {
        title: value(&pairs, "title").to_owned(),
        tagline: value(&pairs, "tagline").to_owned(),
        description: value(&pairs, "description").to_owned(),
        posts_per_page: number("posts_per_page"),
        feed_items: number("feed_items"),
        feed_content: FeedContent::parse(value(&pairs, "feed_content")).unwrap_or_default(),
        indexable: value(&pairs, "indexable") == "true",
        preview_ttl_hours: number("preview_ttl_hours"),
        comments: CommentSettings::read(&pairs),
        rev: rev(&pairs).unwrap_or_default(),
        updated_at: None,
    };
    let mut tx = ctx.begin().await?;
    match update(&mut tx, &ctx, Some(typed.rev), typed.clone()).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(told(PATH, "Settings saved", None)?)
        }
        Err(Error::Invalid(errors)) => Ok(form(&ctx, &typed, &errors).into_response()),
        Err(Error::PreconditionFailed) => {
            drop(tx);
            let mut tx = ctx.begin().await?;
            let rev = get(&mut tx).await?.rev;
            let errors = [FieldError::new(
                "",
                "changed_meanwhile",
                "Somebody else changed the settings in the meantime. Look at your entries and save again.",
            )];
            Ok(form(&ctx, &Settings { rev, ..typed }, &errors).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
