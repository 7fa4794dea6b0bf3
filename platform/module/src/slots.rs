//! Places in the platform's pages that modules fill.
//!
//! Each is an async function with a limit of 250 ms; one that fails or is late leaves a small note
//! and never breaks the page.

use std::pin::Pin;

use http::StatusCode;
use icondata_core::IconData;
use kernel::Result;
use maud::Markup;
use ui::Stat;
use uuid::Uuid;

use crate::Ctx;

/// What a slot's function returns.
pub type SlotFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A card on the home page.
#[derive(Debug)]
pub struct HomeCard {
    /// Heading.
    pub title: String,
    /// Where the heading's link leads, with its text.
    pub more: Option<(&'static str, String)>,
    /// Content.
    pub body: Markup,
}

/// A record found by the palette's search.
#[derive(Debug)]
pub struct SearchHit {
    /// What people know it by.
    pub label: String,
    /// What kind of thing it is: "Post".
    pub kind: &'static str,
    /// Where it stands.
    pub href: String,
    /// Icon.
    pub icon: &'static IconData,
    /// The label in pieces, those marked that were looked for; empty when it is shown as it is.
    pub title: Vec<(String, bool)>,
    /// One line that shows why it was found, in such pieces; empty when the label does.
    pub snippet: Vec<(String, bool)>,
}

/// A step that a new tenant is guided through.
#[derive(Debug)]
pub struct OnboardingStep {
    /// What to do: "Write your first post".
    pub title: &'static str,
    /// Why, in one sentence.
    pub help: &'static str,
    /// Where it is done.
    pub href: &'static str,
    /// Whether it is done.
    pub done: bool,
}

/// A kind of object that can be shared with a single member or guest.
#[derive(Debug)]
pub struct Shareable {
    /// The kind, such as `blog.post`.
    pub kind: &'static str,
    /// What people call one: "post".
    pub noun: &'static str,
    /// What can be given on one, the least first.
    pub levels: &'static [ShareLevel],
    /// What guests get, if there are pages for guests: such permissions as [`crate::Invited`] asks for.
    pub guests: Option<&'static [&'static str]>,
    /// Finds one for the person of the request; `None` when there is none of that id, or none that they may share.
    pub find: for<'a> fn(&'a Ctx, Uuid) -> SlotFuture<'a, Option<SharedObject>>,
}

/// Something that can be given on one object.
#[derive(Debug)]
pub struct ShareLevel {
    /// Key, as stored: `edit`.
    pub key: &'static str,
    /// What it allows: "Edit it".
    pub title: &'static str,
    /// The permissions. Nobody gives what they lack: those that the giver lacks on the object are left out, and without
    /// the first the level cannot be given at all.
    pub permissions: &'static [&'static str],
}

/// An object that can be shared.
#[derive(Debug)]
pub struct SharedObject {
    /// What people know it by.
    pub name: String,
    /// Its page for members.
    pub href: String,
    /// Its page for guests, if it has one.
    pub guest_href: Option<String>,
}

/// What has become of an address at which there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It has moved.
    Moved {
        /// Where to, as an absolute address.
        location: String,
        /// With which of the statuses of redirects.
        status: StatusCode,
    },
    /// It is gone for good.
    Gone,
}

type FiguresFn = for<'a> fn(&'a Ctx) -> SlotFuture<'a, Vec<Stat>>;
type HomeFn = for<'a> fn(&'a Ctx) -> SlotFuture<'a, Option<HomeCard>>;
type SearchFn = for<'a> fn(&'a Ctx, &'a str) -> SlotFuture<'a, Vec<SearchHit>>;
type OnboardingFn = for<'a> fn(&'a Ctx) -> SlotFuture<'a, Vec<OnboardingStep>>;
type VisitorHomeFn = for<'a> fn(&'a Ctx) -> SlotFuture<'a, Option<String>>;
type LostFn = for<'a> fn(&'a Ctx) -> SlotFuture<'a, Option<Lost>>;

/// What a module contributes to the platform's pages.
#[derive(Clone, Default)]
pub struct Slots {
    /// Figures at the top of the home page.
    pub figures: Vec<FiguresFn>,
    /// Cards on the home page.
    pub home: Vec<HomeFn>,
    /// Sources of the palette's search.
    pub search: Vec<SearchFn>,
    /// Steps of the checklist that new tenants see.
    pub onboarding: Vec<OnboardingFn>,
    /// Candidates for the tenant's public front page: a path on its host.
    pub front: Vec<VisitorHomeFn>,
    /// Kinds of objects that can be shared.
    pub shareable: Vec<&'static Shareable>,
    /// Who may know what has become of a visitor's address at which there is no page.
    pub lost: Vec<LostFn>,
}

impl Slots {
    /// Adds figures to the top of the home page; those of one source take one line of its twelve columns together.
    pub fn home_figures(&mut self, figures: FiguresFn) -> &mut Self {
        self.figures.push(figures);
        self
    }

    /// Adds a card to the home page; `None` when there is nothing to show to this person.
    pub fn home_card(&mut self, card: HomeFn) -> &mut Self {
        self.home.push(card);
        self
    }

    /// Adds a source to the palette's search; it shows only what the person may see.
    pub fn search(&mut self, source: SearchFn) -> &mut Self {
        self.search.push(source);
        self
    }

    /// Adds steps to the checklist that new tenants see.
    pub fn onboarding(&mut self, steps: OnboardingFn) -> &mut Self {
        self.onboarding.push(steps);
        self
    }

    /// Is asked what has become of the address that a visitor asks for when there is no page at it.
    pub fn lost(&mut self, source: LostFn) -> &mut Self {
        self.lost.push(source);
        self
    }

    /// Offers a front page for the tenant's public site.
    pub fn front_page(&mut self, path: VisitorHomeFn) -> &mut Self {
        self.front.push(path);
        self
    }

    /// Lets single objects of a kind be shared with members and guests.
    pub fn shareable(&mut self, kind: &'static Shareable) -> &mut Self {
        self.shareable.push(kind);
        self
    }
}
