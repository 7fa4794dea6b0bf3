//! The page on which an object is shared, at `/app/share/{kind}/{id}`: with members, and with guests by a link.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, MembershipId};
use maud::{Markup, Render, html};
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Member, Routes, Shareable, SharedObject, Slots};
use tenant_resolver::TenantTx;
use ui::field::{self, Choice};
use ui::{Card, Page, Row, Tone, avatar, banner, copy_field, error_summary, icons, rows, submit};
use uuid::Uuid;

use super::{Share, ShareId, ShareInput, find, level_title, on_object, until};
use crate::Tenants;
use crate::guards::ManageMembers;
use crate::guests::{self, GuestGrant, GuestGrantId, GuestInput};
use crate::members::{self, Filter};
use crate::respond::{day, done};

type Pairs = Vec<(String, String)>;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/app/share/{kind}/{id}", show)
        .post("/app/share/{kind}/{id}/members", give)
        .post("/app/share/{kind}/{id}/members/{share}/revoke", take)
        .post("/app/share/{kind}/{id}/guests", invite)
        .post("/app/share/{kind}/{id}/guests/{guest}/revoke", dismiss)
        .post("/app/people/{id}/shares/{share}/revoke", take_from_member)
}

/// An object's page of sharing.
struct View<'a> {
    ctx: &'a Ctx,
    slots: &'a Slots,
    kind: &'static Shareable,
    object: Uuid,
    shared: SharedObject,
}

impl<'a> View<'a> {
    async fn find(
        ctx: &'a Ctx,
        slots: &'a Slots,
        kind: &str,
        object: Uuid,
    ) -> module::Result<Self> {
        let (kind, shared) = find(ctx, slots, kind, object).await?;
        Ok(Self {
            ctx,
            slots,
            kind,
            object,
            shared,
        })
    }

    fn path(&self) -> String {
        format!("/app/share/{}/{}", self.kind.kind, self.object)
    }

    /// The page, with what was typed and what is wrong with it, or with a fresh link.
    async fn draw(
        &self,
        tx: &mut TenantTx,
        typed: &Pairs,
        errors: &[FieldError],
        link: Option<&str>,
    ) -> module::Result<Page> {
        let now = self.ctx.now();
        let shares = on_object(tx, self.kind.kind, self.object, now).await?;
        let guests = guests::on_object(tx, self.kind.kind, self.object).await?;
        let everybody = Filter {
            status: Some(members::Status::Active),
            limit: 500,
            ..Filter::default()
        };
        let (people, _) = members::list(tx, &everybody, now).await?;
        let people: Vec<(MembershipId, String)> = people
            .into_iter()
            .filter(|member| {
                self.ctx
                    .visitor()
                    .is_none_or(|person| person.membership != member.id)
            })
            .map(|member| (member.id, member.name))
            .collect();
        let for_guests = value(typed, "form") == "guest";
        let (of_members, of_guests) = if for_guests {
            (&[][..], errors)
        } else {
            (errors, &[][..])
        };
        Ok(Page::new(format!("Share this {}", self.kind.noun))
            .document_title(format!("Share {}", self.shared.name))
            .lead(self.shared.name.clone())
            .crumb(self.shared.name.clone(), self.shared.href.clone())
            .narrow()
            .status(if errors.is_empty() {
                StatusCode::OK
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            })
            .body(html! {
                div.stack {
                    (error_summary(errors))
                    @if let Some(link) = link { (fresh(link)) }
                    (self.members_card(&shares, &people, typed, of_members))
                    @if self.kind.guests.is_some() && self.shared.guest_href.is_some() {
                        (self.guests_card(&guests, typed, of_guests))
                    }
                }
            }))
    }

    fn members_card(
        &self,
        shares: &[Share],
        people: &[(MembershipId, String)],
        typed: &Pairs,
        errors: &[FieldError],
    ) -> Markup {
        let held = crate::members::pages::permissions(self.ctx);
        let levels: Vec<Choice> = self
            .kind
            .levels
            .iter()
            .filter(|level| !Tenants::of_level(&held, level).is_empty())
            .map(|level| Choice::new(level.key, level.title))
            .collect();
        let people: Vec<Choice> = people
            .iter()
            .map(|(id, name)| Choice::new(id.to_string(), name.clone()))
            .collect();
        let list: Vec<Row> = shares.iter().map(|share| self.share_row(share)).collect();
        let alone = people.is_empty();
        Card::new(html! { div.stack {
            p { "They see this " (self.kind.noun) " alone, whatever their role." }
            @if !list.is_empty() { (rows(&list)) }
            @if alone { p { "Nobody else is in the workspace. Invite somebody first." } }
            @else { form.stack method="post" action={ (self.path()) "/members" } {
                (field::select("member", "Whom", people).value(value(typed, "member")).errors(errors))
                (field::select("level", "What they may do", levels).value(value(typed, "level")).errors(errors))
                (field::date("until", "Last day").value(value(typed, "until")).optional().errors(errors)
                    .help("Empty: until you take it back."))
                div { (submit("Share").primary().icon(icons::LuUserPlus)) }
            } }
        } })
        .title("With people of the workspace")
        .render()
    }

    fn share_row(&self, share: &Share) -> Row {
        let zone = &self.ctx.tenant().zone;
        let revoke = format!("{}/members/{}/revoke", self.path(), share.id);
        Row::new(&share.member_name)
            .lead(avatar(&share.member_name))
            .note(html! {
                (level_title(self.slots, &share.kind, &share.level))
                @if let Some(end) = share.expires_at { ", until " (day(end.minus(std::time::Duration::from_secs(1)), zone)) }
                ", by " (share.giver_name)
            })
            .end(html! { form method="post" action=(revoke) { (submit(format!("Take back from {}", share.member_name)).ghost().icon_only(icons::LuX)) } })
    }

    fn guests_card(&self, guests: &[GuestGrant], typed: &Pairs, errors: &[FieldError]) -> Markup {
        let now = self.ctx.now();
        let list: Vec<Row> = guests
            .iter()
            .filter(|grant| grant.holds(now))
            .map(|grant| {
                let revoke = format!("{}/guests/{}/revoke", self.path(), grant.id);
                guest_row(self.ctx, grant, &revoke, None)
            })
            .collect();
        let of_guest = value(typed, "form") == "guest";
        let typed = |name: &str| if of_guest { value(typed, name) } else { "" };
        Card::new(html! { div.stack {
            p { "A link to this " (self.kind.noun) " and nothing else. No account is needed." }
            @if !list.is_empty() { (rows(&list)) }
            form.stack method="post" action={ (self.path()) "/guests" } {
                input type="hidden" name="form" value="guest";
                (field::text("label", "Whom is it for?").value(typed("label")).max_length(120).required().errors(errors))
                (field::email("email", "Mail the link to").value(typed("email")).autocomplete("off").optional().errors(errors))
                details open[!typed("code").is_empty() || !typed("max_uses").is_empty()] {
                    summary { "Limits" }
                    (field::text("code", "Access code").value(typed("code")).autocomplete("off").optional().errors(errors)
                        .help("Tell it another way than the link."))
                    (field::number("max_uses", "How often the link works").value(typed("max_uses")).min("1").max("1000").optional().errors(errors))
                }
                (field::date("guest_until", "Last day").value(typed("guest_until")).optional().errors(errors)
                    .help("Empty: two weeks."))
                div { (submit("Make a link").primary().icon(icons::LuLink)) }
            }
        } })
        .title("With somebody outside")
        .render()
    }
}

/// A link, the one time that it can be shown.
fn fresh(link: &str) -> Markup {
    html! {
        (banner(Tone::Ok, "The link is made. Copy it now: it cannot be shown again.", None))
        (copy_field("guest-link", "Link for your guest", link))
    }
}

/// A guest's link in a list.
pub(crate) fn guest_row(ctx: &Ctx, grant: &GuestGrant, revoke: &str, object: Option<&str>) -> Row {
    let zone = &ctx.tenant().zone;
    let last = grant.expires_at.minus(std::time::Duration::from_secs(1));
    Row::new(&grant.label)
        .lead(avatar(&grant.label))
        .note(html! {
            @if let Some(object) = object { (object) ", " }
            "until " (day(last, zone))
            ", used " (grant.uses) @if let Some(most) = grant.max_uses { " of " (most) }
            @if grant.uses == 1 { " time" } @else { " times" }
            @if grant.has_code { ", with a code" }
            @if let Some(email) = &grant.email { ", mailed to " (email) }
            ", by " (grant.giver_name)
        })
        .end(html! { form method="post" action=(revoke) { (submit(format!("End the link for {}", grant.label)).ghost().icon_only(icons::LuX)) } })
}

fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs
        .iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value)
}

async fn show(
    ctx: Member,
    Extension(slots): Extension<Slots>,
    Path((kind, id)): Path<(String, Uuid)>,
) -> module::Result<Page> {
    let view = View::find(&ctx, &slots, &kind, id).await?;
    let mut tx = ctx.begin().await?;
    view.draw(&mut tx, &Vec::new(), &[], None).await
}

async fn give(
    ctx: Member,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    Path((kind, id)): Path<(String, Uuid)>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let view = View::find(&ctx, &slots, &kind, id).await?;
    let mut tx = ctx.begin().await?;
    let given = match input(&ctx, &pairs) {
        Ok(input) => {
            let object = (id, &view.shared);
            tenants
                .share(&mut tx, &ctx, view.kind, object, &input)
                .await
        }
        Err(error) => Err(error),
    };
    match given {
        Ok(_) => {
            tx.commit().await?;
            Ok(done(&view.path(), "It is shared, and they are told."))
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            Ok(view
                .draw(&mut tx, &pairs, &errors, None)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn input(ctx: &Ctx, pairs: &Pairs) -> kernel::Result<ShareInput> {
    let member = value(pairs, "member")
        .parse()
        .map_err(|_| FieldError::new("member", "required", "Choose whom to share it with."))?;
    Ok(ShareInput {
        member,
        level: value(pairs, "level").to_owned(),
        expires_at: until(value(pairs, "until"), ctx)?,
    })
}

async fn take(
    ctx: Member,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    Path((kind, id, share)): Path<(String, Uuid, ShareId)>,
) -> module::Result<Response> {
    let view = View::find(&ctx, &slots, &kind, id).await?;
    let mut tx = ctx.begin().await?;
    let taken = tenants.unshare(&mut tx, &ctx, share).await?;
    if (taken.kind.as_str(), taken.object) != (view.kind.kind, id) {
        return Err(Error::NotFound("share").into());
    }
    tx.commit().await?;
    let text = format!("{} cannot see it any more.", taken.member_name);
    Ok(done(&view.path(), &text))
}

async fn take_from_member(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path((id, share)): Path<(MembershipId, ShareId)>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let taken = tenants.unshare(&mut tx, &ctx, share).await?;
    if taken.member != id {
        return Err(Error::NotFound("share").into());
    }
    tx.commit().await?;
    Ok(done(&format!("/app/people/{id}"), "It is taken back."))
}

async fn invite(
    ctx: Member,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    Path((kind, id)): Path<(String, Uuid)>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let view = View::find(&ctx, &slots, &kind, id).await?;
    let mut tx = ctx.begin().await?;
    let made = match guest_input(&ctx, &pairs) {
        Ok(input) => {
            let object = (id, &view.shared);
            tenants
                .invite_guest(&mut tx, &ctx, view.kind, object, &input)
                .await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok((_, link)) => {
            let page = view.draw(&mut tx, &Vec::new(), &[], Some(&link)).await?;
            tx.commit().await?;
            Ok(page.into_response())
        }
        Err(Error::Invalid(mut errors)) => {
            // The page has two last days.
            for error in errors.iter_mut().filter(|error| error.field == "until") {
                error.field = "guest_until".into();
            }
            let mut tx = ctx.begin().await?;
            Ok(view
                .draw(&mut tx, &pairs, &errors, None)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn guest_input(ctx: &Ctx, pairs: &Pairs) -> kernel::Result<GuestInput> {
    let max_uses = match value(pairs, "max_uses").trim() {
        "" => None,
        uses => Some(uses.parse().map_err(|_| {
            FieldError::new("max_uses", "invalid", "Enter a number from 1 to 1000.")
        })?),
    };
    Ok(GuestInput {
        label: value(pairs, "label").to_owned(),
        email: value(pairs, "email").to_owned(),
        code: value(pairs, "code").to_owned(),
        max_uses,
        expires_at: until(value(pairs, "guest_until"), ctx)?,
    })
}

async fn dismiss(
    ctx: Member,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    Path((kind, id, guest)): Path<(String, Uuid, GuestGrantId)>,
) -> module::Result<Response> {
    let view = View::find(&ctx, &slots, &kind, id).await?;
    let mut tx = ctx.begin().await?;
    let ended = tenants.dismiss_guest(&mut tx, &ctx, guest).await?;
    if (ended.kind.as_str(), ended.object) != (view.kind.kind, id) {
        return Err(Error::NotFound("link").into());
    }
    tx.commit().await?;
    let text = format!("The link for {} works no longer.", ended.label);
    Ok(done(&view.path(), &text))
}
