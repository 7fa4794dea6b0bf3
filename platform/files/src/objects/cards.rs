//! What the library's pages are made of: the form for uploads, a file in the grid and in the table.

use maud::{Markup, html};
use module::Ctx;
use ui::{Tone, badge, field, icon, icon_sized, icons, meter, submit, table};

use super::{File, Size};
use crate::quota::Room;
use crate::{Files, Visibility};

pub(super) const PATH: &str = "/app/files";
pub(super) const REGION: &str = "files";

/// How long addresses on the library's own pages hold.
const SHOWN: std::time::Duration = std::time::Duration::from_hours(1);

/// Where files are chosen or dropped. Without its script it is a plain form.
pub(super) fn uploader(files: &Files, errors: &[kernel::FieldError]) -> Markup {
    let most = kernel::size(i64::try_from(files.max_upload()).unwrap_or(i64::MAX));
    html! {
        form.files-drop method="post" action=(PATH) enctype="multipart/form-data" data-files-upload=(REGION)
            data-files-most=(files.max_upload()) {
            (icon_sized(icons::LuUpload, 20))
            div.files-drop-text {
                p { strong { "Add pictures" } }
                p.files-drop-hint { "JPEG, PNG or WebP, up to " (most) " each. Places and camera details are removed." }
            }
            (field::file("file", "Pictures to upload", "image/jpeg,image/png,image/webp").multiple().required().errors(errors).hide_label())
            label.check { input type="checkbox" name="visibility" value="private"; span { "Private" } }
            (submit("Upload").primary().icon(icons::LuUpload))
            ul.files-queue data-files-queue aria-label="Uploads" {}
        }
    }
}

/// How much room is left.
pub(super) fn room(room: Room) -> Markup {
    let used = kernel::size(room.used);
    html! {
        div.files-room {
            @if let Some(limit) = room.limit {
                span { (used) " of " (kernel::size(limit)) " taken" }
                (meter("Room taken", u64::try_from(room.used).unwrap_or(0), u64::try_from(limit).unwrap_or(0)))
            } @else {
                span { (used) " taken" }
            }
        }
    }
}

/// The picture of a file at about this width. What it shows is said beside it, so that the alt text stays out.
pub(super) fn picture(files: &Files, ctx: &Ctx, file: &File, size: Option<&Size>) -> Markup {
    html! {
        @if let Some(size) = size.filter(|_| file.deleted_at.is_none()) {
            img src=(files.signed_path(ctx, file, &size.variant, SHOWN)) alt="" width=(size.width) height=(size.height)
                loading="lazy" decoding="async";
        } @else {
            // What is in the trash is not sent any more.
            span.files-none { (icon_sized(icons::LuImage, 20)) }
        }
    }
}

/// Files as pictures.
pub(super) fn grid(files: &Files, ctx: &Ctx, found: &[File]) -> Markup {
    html! {
        ul.files-grid {
            @for file in found {
                li.files-card data-row {
                    div.files-frame { (picture(files, ctx, file, small(file))) }
                    a.files-name href=(page(file)) { (file.name) }
                    small { (measures(file)) }
                    (marks(file))
                }
            }
        }
    }
}

/// Files as a table.
pub(super) fn list(
    files: &Files,
    ctx: &Ctx,
    found: &[File],
    sorting: &table::Sorting<'_>,
) -> Markup {
    let head = html! {
        (sorting.head("name", "Name"))
        (table::head("Marks"))
        (table::head("Measures"))
        (sorting.number_head("largest", "Size"))
        (table::head("By"))
        (sorting.head("newest", "Added"))
    };
    let body = html! {
        @for file in found {
            tr data-row {
                td {
                    span.files-line {
                        span.files-thumb { (picture(files, ctx, file, thumb(file))) }
                        a.files-name href=(page(file)) { (file.name) }
                    }
                }
                td { (marks(file)) }
                td { (file.width) " × " (file.height) }
                td.number { (kernel::size(file.bytes)) }
                td { (file.uploader) }
                td { (day(ctx, file)) }
            }
        }
    };
    table::table("Files", &head, &body)
}

fn marks(file: &File) -> Markup {
    html! {
        span.files-marks {
            @if file.deleted_at.is_none() && file.alt_text.is_empty() { (badge(Tone::Warn, "No alt text")) }
            @if file.visibility == Visibility::Private { (badge(Tone::Info, "Private")) }
            @if file.uses > 0 { (badge(Tone::Neutral, &used(file.uses))) }
        }
    }
}

fn used(uses: i64) -> String {
    if uses == 1 {
        "Used once".to_owned()
    } else {
        format!("Used {uses} times")
    }
}

pub(super) fn measures(file: &File) -> String {
    format!(
        "{} × {} · {}",
        file.width,
        file.height,
        kernel::size(file.bytes)
    )
}

pub(super) fn page(file: &File) -> String {
    format!("{PATH}/{}", file.id)
}

/// The day on which a file came, on the tenant's calendar.
pub(super) fn day(ctx: &Ctx, file: &File) -> String {
    let at = file.created_at.in_zone(&ctx.tenant().zone);
    at.strftime("%-d %b %Y").to_string()
}

fn thumb(file: &File) -> Option<&Size> {
    file.sizes.iter().find(|size| size.variant == "thumb")
}

/// The copy that fills a card of the grid.
fn small(file: &File) -> Option<&Size> {
    file.sizes.iter().find(|size| size.variant != "thumb")
}

/// A sign that something is shown elsewhere.
pub(super) fn place(usage: &crate::Usage) -> Markup {
    html! { li { (icon(icons::LuFileText)) a.link href=(usage.path) { (usage.title) } } }
}
