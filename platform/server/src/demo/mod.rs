//! The demo of a development server: two studios with an owner each, a few posts, and what readers say of them.
//!
//! It goes through the same functions as people do, so it can hold nothing that they could not have made.
//! Loading it again changes nothing.

mod art;
mod props;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use accounts::operators::{self, NewOperator};
use accounts::users::{self, NewUser};
use accounts::{Act, Author};
use blog::comments::{self, CommentSettings, Draft, Mode, Posted};
use blog::images::Wanted;
use blog::posts::versions::Reason;
use blog::posts::{self, Edit, Move, NewPost, PostId, Step, Text};
use blog::redirects::{self, RedirectInput};
use blog::series::{self, SeriesInput};
use blog::settings::{self, Settings};
use files::{FileId, Incoming};
use futures::future::try_join_all;
use http::Method;
use kernel::{Email, Error, OperatorRole, Result, TenantId, UserId};
use module::{Account, Ctx, RequestFacts};
use tenants::SignupForm;

use crate::platform::Platform;

/// The operator of the demo.
pub const OPERATOR: Operator = Operator {
    name: "Priya Raman",
    email: "priya@atelier.example",
    password: PASSWORD,
};

/// Somebody who runs the platform.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// Their name.
    pub name: &'static str,
    /// Address to sign in with, at the console.
    pub email: &'static str,
    /// Password to sign in with.
    pub password: &'static str,
}

/// A way to look around.
#[derive(Debug)]
pub struct LogIn {
    /// Name of the workspace.
    pub workspace: &'static str,
    /// Label of its address.
    pub slug: &'static str,
    /// Address to sign in with.
    pub email: &'static str,
    /// Password to sign in with.
    pub password: &'static str,
}

/// Known to every developer, and refused by nothing but production, which loads no demo.
const PASSWORD: &str = "paper lantern harbour";

struct Studio {
    slug: &'static str,
    name: &'static str,
    interest: &'static str,
    owner: &'static str,
    email: &'static str,
    posts: &'static [Written],
    /// Title and description of a series that has all of its posts.
    series: (&'static str, &'static str),
    /// A post that is not published yet.
    draft: (&'static str, &'static str),
    /// What readers say of the first post: name and words. The last one waits for its mail.
    readers: &'static [(&'static str, &'static str)],
}

/// A post of a studio.
struct Written {
    title: &'static str,
    content: &'static str,
    tags: &'static [&'static str],
    /// Published so many days ago.
    age: u64,
    /// Colours of its picture, a number that makes it its own, and what can be seen.
    picture: (art::Palette, u32, &'static str),
}

const STUDIOS: [Studio; 2] = [
    Studio {
        slug: "halden",
        name: "Halden Portraits",
        interest: "photo",
        owner: "Aiko Tanabe",
        email: "aiko@halden.example",
        posts: &[
            Written {
                title: "How we light a portrait",
                content: LIGHT,
                tags: &["Light", "Studio"],
                age: 58,
                picture: (art::DUSK, 3, "Hills in the last light of the evening"),
            },
            Written {
                title: "Ten minutes with a nervous sitter",
                content: SITTER,
                tags: &["People"],
                age: 23,
                picture: (art::DAWN, 5, "Blue hills under an early sun"),
            },
            Written {
                title: "A north window at last",
                content: WINDOW,
                tags: &["Studio"],
                age: 5,
                picture: (art::NORTH, 8, "A clear morning over green hills"),
            },
        ],
        series: (
            "From window to portrait",
            "How a studio in the north makes do with one light, part by part.",
        ),
        draft: (
            "Notes for the autumn lookbook",
            "Fog machine: **no**. Reflector, two stands, tea.\n",
        ),
        readers: &[
            (
                "Jonas Weber",
                "The triangle on the far cheek changed how I look at *every* portrait. Thank you.",
            ),
            (
                "Noor Haddad",
                "Does this work with a window to the west, late in the day? Mine is all I have.",
            ),
            (
                "Lena Fors",
                "I tried it with a bed sheet as the reflector. Not bad at all.",
            ),
        ],
    },
    Studio {
        slug: "clef",
        name: "Clef & Co. Music",
        interest: "music",
        owner: "Theo Marchetti",
        email: "theo@clef.example",
        posts: &[
            Written {
                title: "Why scales need not be dull",
                content: SCALES,
                tags: &["Practice"],
                age: 58,
                picture: (art::NORTH, 2, "Waves of green hills"),
            },
            Written {
                title: "Our first house concert",
                content: CONCERT,
                tags: &["Concerts"],
                age: 23,
                picture: (art::DUSK, 7, "A warm evening over the hills"),
            },
        ],
        series: (
            "A year of playing together",
            "From the first scale to the first concert.",
        ),
        draft: (
            "Choosing a first violin",
            "Rent before you buy. More to follow.\n",
        ),
        readers: &[("Marta Silva", "The lullaby version got my son to practise.")],
    },
];

/// Makes what the demo needs besides a database, for a [`load`] to come.
///
/// # Errors
/// When a picture cannot be painted.
pub async fn prepare() -> Result<()> {
    props::props().await.map(drop)
}

/// Loads what is missing, and tells how to sign in.
///
/// # Errors
/// When the database cannot answer.
pub async fn load(platform: &Platform) -> Result<Vec<LogIn>> {
    // Side by side, because a first start waits for them.
    let studios = try_join_all(STUDIOS.iter().map(|studio| furnish(platform, studio)));
    tokio::try_join!(hire(platform), studios)?;
    Ok(STUDIOS
        .iter()
        .map(|studio| LogIn {
            workspace: studio.name,
            slug: studio.slug,
            email: studio.email,
            password: PASSWORD,
        })
        .collect())
}

/// Makes a studio with all that it has, unless it is there.
async fn furnish(platform: &Platform, studio: &Studio) -> Result<()> {
    match open(platform, studio).await? {
        Some((account, tenant)) => fill(platform, studio, &account, tenant).await,
        None => Ok(()),
    }
}

/// Makes the operator, unless there is one.
async fn hire(platform: &Platform) -> Result<()> {
    let now = platform.app.now();
    let email = Email::parse(OPERATOR.email)?;
    let mut tx = platform.db.begin().await?;
    if users::find_by_email(tx.conn(), &email).await?.is_some() {
        return Ok(());
    }
    let props = props::props().await?;
    let new = NewOperator {
        email: &email,
        name: OPERATOR.name,
        role: OperatorRole::Admin,
        password_hash: Some(&props.password_hash),
    };
    let added = operators::add(tx.conn(), new, now).await?;
    Act::new(
        Author::CommandLine,
        "console.operator.added",
        "The demo has one.",
        now,
    )?
    .on("operator", added.user, OPERATOR.name)
    .write(tx.conn())
    .await?;
    tx.commit().await
}

/// Makes the owner and the studio; `None` when the owner is there already.
async fn open(platform: &Platform, studio: &Studio) -> Result<Option<(Account, TenantId)>> {
    let now = platform.app.now();
    let email = Email::parse(studio.email)?;
    let mut tx = platform.db.begin().await?;
    if users::find_by_email(tx.conn(), &email).await?.is_some() {
        return Ok(None);
    }
    let props = props::props().await?;
    let new = NewUser {
        email: &email,
        name: studio.owner,
        password_hash: Some(&props.password_hash),
        locale: "en-GB",
        time_zone: "Europe/Berlin",
        verified: true,
    };
    let user: UserId = users::create(tx.conn(), new, now)
        .await?
        .ok_or_else(|| Error::internal("the demo's owner is there already"))?;
    tx.commit().await?;
    let account = Account {
        user,
        name: studio.owner.to_owned(),
        email: studio.email.to_owned(),
    };
    let form = SignupForm {
        interest: studio.interest.to_owned(),
        name: studio.name.to_owned(),
        slug: studio.slug.to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        ..SignupForm::default()
    };
    let tenant = platform
        .tenants
        .create_workspace(&account, &form, &facts(), now)
        .await?;
    Ok(Some((account, tenant.id)))
}

/// Writes the posts as the owner would.
async fn fill(
    platform: &Platform,
    studio: &Studio,
    account: &Account,
    tenant: TenantId,
) -> Result<()> {
    platform.app.resolver().forget(tenant);
    let site = platform
        .app
        .resolver()
        .by_id(tenant)
        .await?
        .ok_or(Error::NotFound("workspace"))?;
    let principal = platform
        .tenants
        .principal(tenant, account.user)
        .await?
        .ok_or(Error::NotFound("member"))?;
    let person = principal.into_person(account.user);
    let ctx = Ctx::new(platform.app.clone(), site, Some(Arc::new(person)), facts());
    let pictures = try_join_all(studio.posts.iter().map(|plan| hang(platform, &ctx, plan))).await?;
    let mut written = Vec::new();
    for (plan, picture) in studio.posts.iter().zip(pictures) {
        let mut tx = ctx.begin().await?;
        let new = NewPost {
            feature: Wanted {
                picture: picture.to_string(),
                alt: String::new(),
            },
            ..draft(plan.title, plan.content, plan.tags)
        };
        let post = posts::create(&mut tx, &ctx, new).await?;
        posts::step(&mut tx, &ctx, post.id, None, &Step::Plain(Move::Publish)).await?;
        let earlier = Edit {
            published_at: Some(ctx.now().minus(Duration::from_hours(24 * plan.age))),
            ..Edit::default()
        };
        posts::save(&mut tx, &ctx, post.id, None, earlier, Reason::Save).await?;
        tx.commit().await?;
        written.push(post.id);
    }
    if let Some(post) = written.first() {
        discuss(&ctx, studio, *post).await?;
    }
    let (title, description) = studio.series;
    let input = SeriesInput {
        title: title.to_owned(),
        description: description.to_owned(),
        ..SeriesInput::default()
    };
    let mut tx = ctx.begin().await?;
    let begun = series::create(&mut tx, &ctx, input).await?;
    series::arrange(&mut tx, &ctx, begun.id, None, &written).await?;
    let former = RedirectInput {
        source: "/journal".to_owned(),
        target: "/blog".to_owned(),
        ..RedirectInput::default()
    };
    redirects::create(&mut tx, &ctx, &former).await?;
    tx.commit().await?;
    let (title, content) = studio.draft;
    let mut tx = ctx.begin().await?;
    posts::create(&mut tx, &ctx, draft(title, content, &[])).await?;
    tx.commit().await
}

/// Lets readers comment, and the owner answer the first.
async fn discuss(ctx: &Ctx, studio: &Studio, post: PostId) -> Result<()> {
    let comments = |comments_mode| Settings {
        comments: CommentSettings {
            comments_mode,
            ..CommentSettings::default()
        },
        ..Settings::default()
    };
    let mut tx = ctx.begin().await?;
    settings::update(&mut tx, ctx, None, comments(Mode::Anyone)).await?;
    tx.commit().await?;
    let reader = Ctx::new(ctx.app().clone(), ctx.site().clone(), None, facts());
    let mut first = None;
    for (at, (name, content)) in studio.readers.iter().enumerate() {
        let mut tx = ctx.begin().await?;
        if at > 0 && at + 1 == studio.readers.len() {
            settings::update(&mut tx, ctx, None, comments(Mode::VerifiedGuests)).await?;
        }
        let draft = Draft {
            content: (*content).to_owned(),
            name: (*name).to_owned(),
            email: format!("reader{at}@{}.example", studio.slug),
            ..Draft::default()
        };
        let posted = comments::post_on(&mut tx, &reader, post, &draft).await?;
        tx.commit().await?;
        if let Posted::Taken { id, .. } = posted {
            first.get_or_insert(id);
        }
    }
    let Some(first) = first.filter(|_| studio.readers.len() > 1) else {
        return Ok(());
    };
    let mut tx = ctx.begin().await?;
    let thanks = "That makes our day. There will be a second part about windows to the west.";
    comments::moderate::reply(&mut tx, ctx, first, thanks).await?;
    tx.commit().await
}

/// Uploads a post's picture.
async fn hang(platform: &Platform, ctx: &Ctx, written: &Written) -> Result<FileId> {
    let (_, seed, alt) = written.picture;
    let painted = props::props().await?.pictures.get(&seed);
    let painted = painted.ok_or(Error::NotFound("picture of the demo"))?;
    let name = format!("{}.jpg", written.title);
    let incoming = Incoming::of(&name, alt, painted.clone()).await?;
    let (tx, taken) = platform.files.take(ctx, incoming).await?;
    tx.commit().await?;
    Ok(taken.file.id)
}

fn draft(title: &str, content: &str, tags: &[&str]) -> NewPost {
    NewPost {
        text: Text {
            title: title.to_owned(),
            content: content.to_owned(),
            ..Text::default()
        },
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..NewPost::default()
    }
}

fn facts() -> RequestFacts {
    RequestFacts {
        id: "demo".to_owned(),
        method: Method::POST,
        path: "/".to_owned(),
        ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: "Atelier demo".to_owned(),
    }
}

const LIGHT: &str = "\
One window, one reflector, and the patience to move both by a hand's width.

## Begin with the window

Stand your sitter an arm's length from it and turn them until the far cheek keeps a triangle of light. That triangle is
the whole trick; everything else is housekeeping.

## Then the reflector

Bring it in from the dark side, low, until the eyes wake up. If you can see that there is a reflector, it is too close.

> Light is a conversation. Let the window speak first.

A short list for the wall:

- turn off every lamp in the room
- meter for the bright cheek
- breathe, then press
";

const SITTER: &str = "\
What to say, what to leave out, and when to put the camera down.

People do not freeze because of the camera. They freeze because nobody has told them what comes next. So tell them: \
\"I will take some that do not count.\" Those are the ones you will keep.
";

const WINDOW: &str = "\
The wall is gone, the light is here to stay. From next week Studio A has three metres of glass to the north, and we have \
an excuse to photograph everything again.
";

const SCALES: &str = "\
A scale is a melody that has not decided on a rhythm yet. Give it one.

1. Play it as a tango.
2. Play it as a lullaby.
3. Play it backwards, and name the note on which you got lost.
";

const CONCERT: &str = "\
Fourteen players, one cello that arrived by tram, and cake. Thank you for coming; the next date is in the calendar.
";
