//! The facts about the blog: who may do what, and where its pages are.

use kernel::{Permission, Role, Scope};
use module::{MailPace, Manifest, NavLink, NotificationKind, QuickAction, guard};
use ui::icons;

use crate::events;
use crate::review::notices;

guard!(
    /// May see all posts, drafts of others included, with their authors; or one that was shared with them.
    ReadPosts = "blog.posts.read" on "blog.post"
);
guard!(
    /// May write posts of their own, as long as these are not live, and keep their own profile.
    WritePosts = "blog.posts.write" on "blog.post"
);
guard!(
    /// May edit every post, live ones included, and every author's profile.
    EditAnyPost = "blog.posts.edit_any"
);
guard!(
    /// May read what visitors can read, as a front end of one's own does.
    ReadContent = "blog.content.read"
);
guard!(
    /// May put posts before visitors and take them away again.
    PublishPosts = "blog.posts.publish"
);
guard!(
    /// May move the posts that they may edit to the trash, and take them back.
    DeletePosts = "blog.posts.delete"
);
guard!(
    /// May see the tags, and how many posts have each.
    ReadTags = "blog.tags.read"
);
guard!(
    /// May rename, describe, merge and delete tags. Naming a new tag on a post is part of writing.
    ManageTags = "blog.tags.manage"
);
guard!(
    /// May see the series with the titles of their posts, drafts included.
    ReadSeries = "blog.series.read"
);
guard!(
    /// May make, change, put in order and delete series.
    ManageSeries = "blog.series.manage"
);
guard!(
    /// May see and change where visitors are sent on from former addresses.
    ManageRedirects = "blog.redirects.manage"
);
guard!(
    /// May see title, tagline, feeds and the like.
    ReadSettings = "blog.settings.read"
);
guard!(
    /// May change title, tagline, feeds and the like.
    UpdateSettings = "blog.settings.update"
);

guard!(
    /// May read the public comments on posts that they may read.
    ReadComments = "blog.comments.read"
);
guard!(
    /// May comment on live posts as a member, and take back what they said.
    WriteComments = "blog.comments.write"
);
guard!(
    /// May decide which comments appear, answer as the blog, and ban.
    ModerateComments = "blog.comments.moderate"
);
guard!(
    /// May remove a reader's identity from every comment.
    EraseComments = "blog.comments.erase"
);

const EDITORS: &[Role] = &[Role::Manager, Role::Editor];
const READERS: &[Role] = &[Role::Manager, Role::Editor, Role::Author, Role::Viewer];
const WRITERS: &[Role] = &[Role::Manager, Role::Editor, Role::Author];

/// The facts.
pub(crate) static MANIFEST: Manifest = Manifest {
    key: "blog",
    title: "Blog",
    icon: icons::LuNewspaper,
    version: env!("CARGO_PKG_VERSION"),
    permissions: &[
        Permission {
            key: "blog.content.read",
            title: "Read live posts over the API",
            roles: READERS,
        },
        Permission {
            key: "blog.posts.read",
            title: "See posts and drafts",
            roles: READERS,
        },
        Permission {
            key: "blog.posts.write",
            title: "Write own posts",
            roles: WRITERS,
        },
        Permission {
            key: "blog.posts.edit_any",
            title: "Edit all posts",
            roles: EDITORS,
        },
        Permission {
            key: "blog.posts.publish",
            title: "Publish posts",
            roles: EDITORS,
        },
        Permission {
            key: "blog.posts.delete",
            title: "Delete posts they may edit",
            roles: WRITERS,
        },
        Permission {
            key: "blog.tags.read",
            title: "See tags",
            roles: READERS,
        },
        Permission {
            key: "blog.tags.manage",
            title: "Manage tags",
            roles: EDITORS,
        },
        Permission {
            key: "blog.series.read",
            title: "See series",
            roles: READERS,
        },
        Permission {
            key: "blog.series.manage",
            title: "Manage series",
            roles: EDITORS,
        },
        Permission {
            key: "blog.comments.read",
            title: "Read public comments over the API",
            roles: READERS,
        },
        Permission {
            key: "blog.comments.write",
            title: "Comment on posts",
            roles: READERS,
        },
        Permission {
            key: "blog.comments.moderate",
            title: "Moderate comments",
            roles: EDITORS,
        },
        Permission {
            key: "blog.comments.erase",
            title: "Remove readers' identity from comments",
            roles: &[Role::Manager],
        },
        Permission {
            key: "blog.redirects.manage",
            title: "Manage redirects",
            roles: EDITORS,
        },
        Permission {
            key: "blog.settings.read",
            title: "See the blog's settings over the API",
            roles: READERS,
        },
        Permission {
            key: "blog.settings.update",
            title: "Change the blog's settings",
            roles: &[Role::Manager],
        },
    ],
    scopes: &[
        Scope {
            key: "content:read",
            title: "Read what visitors can read",
            permissions: &["blog.content.read", "blog.comments.read"],
        },
        Scope {
            key: "posts:read",
            title: "Read all posts, drafts included",
            permissions: &[
                "blog.posts.read",
                "blog.tags.read",
                "blog.series.read",
                "blog.settings.read",
                "blog.comments.read",
            ],
        },
        Scope {
            key: "posts:write",
            title: "Write, change and delete posts",
            permissions: &[
                "blog.posts.read",
                "blog.posts.write",
                "blog.posts.edit_any",
                "blog.posts.delete",
                "blog.tags.read",
                "blog.series.read",
            ],
        },
        Scope {
            key: "posts:publish",
            title: "Publish posts and take them back",
            permissions: &["blog.posts.read", "blog.posts.publish"],
        },
        Scope {
            key: "tags:write",
            title: "Manage tags",
            permissions: &["blog.tags.read", "blog.tags.manage"],
        },
        Scope {
            key: "series:write",
            title: "Manage series",
            permissions: &["blog.series.read", "blog.series.manage"],
        },
        Scope {
            key: "comments:write",
            title: "Comment on posts",
            permissions: &["blog.comments.read", "blog.comments.write"],
        },
        Scope {
            key: "comments:moderate",
            title: "Moderate comments",
            permissions: &["blog.comments.read", "blog.comments.moderate"],
        },
        Scope {
            key: "redirects:write",
            title: "Manage redirects",
            permissions: &["blog.redirects.manage"],
        },
        Scope {
            key: "settings:write",
            title: "Change the blog's settings",
            permissions: &["blog.settings.read", "blog.settings.update"],
        },
    ],
    entitlements: &[],
    navigation: &[
        NavLink {
            label: "Posts",
            path: "/app/blog/posts",
            icon: icons::LuFileText,
            permission: Some("blog.posts.read"),
            tab: true,
            go: Some('b'),
        },
        NavLink {
            label: "Comments",
            path: "/app/blog/comments",
            icon: icons::LuMessagesSquare,
            permission: Some("blog.comments.moderate"),
            tab: true,
            go: Some('m'),
        },
        NavLink {
            label: "Tags",
            path: "/app/blog/tags",
            icon: icons::LuTags,
            permission: Some("blog.tags.read"),
            tab: false,
            go: None,
        },
        NavLink {
            label: "Series",
            path: "/app/blog/series",
            icon: icons::LuListOrdered,
            permission: Some("blog.series.read"),
            tab: false,
            go: None,
        },
        NavLink {
            label: "Authors",
            path: "/app/blog/authors",
            icon: icons::LuPenLine,
            permission: Some("blog.posts.read"),
            tab: false,
            go: None,
        },
        NavLink {
            label: "Redirects",
            path: "/app/blog/redirects",
            icon: icons::LuWaypoints,
            permission: Some("blog.redirects.manage"),
            tab: false,
            go: None,
        },
        NavLink {
            label: "Settings",
            path: "/app/blog/settings",
            icon: icons::LuSettings2,
            permission: Some("blog.settings.update"),
            tab: false,
            go: None,
        },
    ],
    actions: &[QuickAction {
        label: "New post",
        path: "/app/blog/posts/new",
        icon: icons::LuPlus,
        permission: "blog.posts.write",
    }],
    events: events::KINDS,
    notifications: &[
        NotificationKind {
            key: crate::comments::NOTICE,
            title: "Comments on posts",
            mail: MailPace::Soon,
        },
        NotificationKind {
            key: crate::comments::ANSWER,
            title: "Answers to my comments",
            mail: MailPace::Soon,
        },
        NotificationKind {
            key: notices::DECISIONS,
            title: "Posts that wait for review, and what was decided",
            mail: MailPace::Now,
        },
        NotificationKind {
            key: notices::NOTES,
            title: "Review notes on posts",
            mail: MailPace::Soon,
        },
    ],
};
