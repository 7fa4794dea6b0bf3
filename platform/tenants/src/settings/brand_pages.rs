//! The settings of colour and logo.

use axum::Extension;
use axum::extract::{DefaultBodyLimit, Multipart};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError};
use maud::{Markup, Render, html};
use module::extract::{Form, Query};
use module::{Allowed, Ctx, Routes};
use serde::Deserialize;
use ui::color::{Rgb, Theme, Tokens};
use ui::{Card, Page, field, submit};

use super::logo::{MAX_BYTES, refuse};
use super::pages::sections;
use super::read_colour;
use crate::Tenants;
use crate::guards::{ReadSettings, UpdateSettings};
use crate::respond::done;

const PATH: &str = "/app/settings/brand";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get(PATH, show)
        .post(PATH, save_colour)
        .post("/app/settings/brand/logo/remove", remove_logo)
        .merge(
            Routes::new()
                .post("/app/settings/brand/logo", save_logo)
                // Somewhat more than is allowed, so that what is too large can be told in words.
                .map_router(|router| router.layer(DefaultBodyLimit::max(MAX_BYTES * 2))),
        )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Preview {
    brand: String,
}

/// The form; with a colour in the query it shows what would become of that one.
async fn show(ctx: Allowed<ReadSettings>, Query(preview): Query<Preview>) -> Page {
    let colour = read_colour(&preview.brand).unwrap_or_else(|_| ctx.tenant().brand.clone());
    page(&ctx, &colour, &[])
}

fn page(ctx: &Ctx, colour: &str, errors: &[FieldError]) -> Page {
    let may = ctx.may("workspace.settings.update");
    let tenant = ctx.tenant();
    Page::new("Settings")
        .document_title("Brand")
        .lead("Your colour and logo, in the app, on public pages and in mails.")
        .script("tenants-brand.js")
        .body(html! {
            (sections(ctx, "brand"))
            (ui::error_summary(errors))
            div.grid {
                (Card::new(html! {
                    form.stack method="post" action=(PATH) {
                        (field::colour("brand", "Colour").value(colour).disabled(!may).errors(errors)
                            .help("Any colour will do: buttons and links get the nearest shade that can be read well."))
                        (field::text("hex", "As a number").value(colour).max_length(7).mono().disabled(!may))
                        @if may { div { (submit("Save the colour").primary()) } }
                    }
                }).title("Colour").span(6))
                (Card::new(preview(&tenant.name, colour)).title("Preview").id("brand-preview").span(6))
                (Card::new(html! {
                    div.stack {
                        @if let Some(hash) = &tenant.logo {
                            img src={ "/_t/logo/" (hash) } alt={ "Logo of " (tenant.name) } width="96" style="block-size:auto";
                        } @else {
                            p { "No logo yet: the first letter of the name stands in for it." }
                        }
                        @if may {
                            form.stack method="post" action="/app/settings/brand/logo" enctype="multipart/form-data" {
                                (field::file("logo", "Picture", "image/png,image/jpeg,image/webp").required().errors(errors)
                                    .help("PNG, JPEG or WebP, at most 2 MB. It is scaled to 512 pixels."))
                                div { (submit("Upload")) }
                            }
                            @if tenant.logo.is_some() {
                                form method="post" action="/app/settings/brand/logo/remove" { (submit("Remove the logo").ghost()) }
                            }
                        }
                    }
                }).title("Logo").span(6))
            }
        })
}

/// What becomes of a colour: button, link and chosen thing, on light and on dark.
fn preview(name: &str, colour: &str) -> Markup {
    let brand = Rgb::parse(colour).or_else(|| Rgb::parse(ui::color::DEFAULT_BRAND));
    let Some(theme) = brand.map(Theme::from_brand) else {
        return Markup::default();
    };
    let sample = |label: &str, surface: &str, tokens: &Tokens| {
        let Tokens {
            brand,
            on_brand,
            brand_text,
            brand_soft,
        } = tokens;
        html! {
            div style={ "background:" (surface) ";padding:16px;border-radius:10px" } {
                p style={ "color:" (brand_text) ";margin-block-end:10px" } { strong { (name) } " · " (label) }
                div.cluster {
                    span.button style={ "background:" (brand) ";color:" (on_brand) ";border-color:" (brand) } { "Primary" }
                    span.badge style={ "background:" (brand_soft) ";color:" (brand_text) } { "Chosen" }
                    span style={ "color:" (brand_text) ";text-decoration:underline" } { "A link" }
                }
            }
        }
    };
    html! {
        div.stack {
            (sample("light", "#ffffff", &theme.light))
            (sample("dark", "#17171a", &theme.dark))
        }
    }
    .render()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ColourForm {
    brand: String,
    hex: String,
}

async fn save_colour(
    ctx: Allowed<UpdateSettings>,
    Extension(tenants): Extension<Tenants>,
    Form(form): Form<ColourForm>,
) -> module::Result<Response> {
    // Two controls for one value: what differs from the present colour is what the person changed.
    let present = &ctx.tenant().brand;
    let wanted = if !form.hex.trim().is_empty() && !form.hex.trim().eq_ignore_ascii_case(present) {
        &form.hex
    } else {
        &form.brand
    };
    let mut tx = ctx.begin().await?;
    match tenants.save_colour(&mut tx, &ctx, wanted).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(done(PATH, "The colour is saved."))
        }
        Err(Error::Invalid(errors)) => Ok(refused(&ctx, &errors)),
        Err(error) => Err(error.into()),
    }
}

async fn save_logo(
    ctx: Allowed<UpdateSettings>,
    Extension(tenants): Extension<Tenants>,
    upload: Multipart,
) -> module::Result<Response> {
    let saved = async {
        let bytes = picture(upload).await?;
        let mut tx = ctx.begin().await?;
        tenants.save_logo(&mut tx, &ctx, bytes).await?;
        tx.commit().await
    };
    match saved.await {
        Ok(()) => Ok(done(PATH, "The logo is saved.")),
        Err(Error::Invalid(errors)) => Ok(refused(&ctx, &errors)),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of the field `logo`.
async fn picture(mut upload: Multipart) -> kernel::Result<Vec<u8>> {
    let too_large = || {
        refuse(
            "too_large",
            "The picture is larger than 2 MB. Save it smaller and try again.",
        )
    };
    let unread = |error: axum::extract::multipart::MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            too_large()
        } else {
            Error::bad_request("invalid_body", error.body_text())
        }
    };
    while let Some(field) = upload.next_field().await.map_err(unread)? {
        if field.name() == Some("logo") {
            let bytes = field.bytes().await.map_err(unread)?;
            return Ok(bytes.to_vec());
        }
    }
    Ok(Vec::new())
}

async fn remove_logo(
    ctx: Allowed<UpdateSettings>,
    Extension(tenants): Extension<Tenants>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    tenants.remove_logo(&mut tx, &ctx).await?;
    tx.commit().await?;
    Ok(done(PATH, "The logo is removed."))
}

fn refused(ctx: &Ctx, errors: &[FieldError]) -> Response {
    page(ctx, &ctx.tenant().brand, errors)
        .status(StatusCode::UNPROCESSABLE_ENTITY)
        .into_response()
}
