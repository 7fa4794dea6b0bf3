//! Files of a tenant: pictures in several sizes, who may see them, what uses them, and how much room they take.
//!
//! Bytes are in an object store (a folder, or S3), rows say what they are. An upload is streamed to the disk, looked at,
//! decoded within limits, and stored with its smaller copies; see [`Files::take`]. Modules name files by [`FileId`] and
//! work in their own transaction:
//!
//! ```ignore
//! // Which of these pictures exist, with what an <img> has to say of them.
//! let pictures = files::pictures(&mut tx, &files::mentioned(&post.content)).await?;
//! // What the post shows, in the transaction that saves it.
//! let post = files::Entity { kind: "blog.post", id: post.id.0, title: &post.title, path: &edit };
//! files::set_usages(&mut tx, post, &ids).await?;
//! ```
#![warn(missing_docs)]

mod media;
mod name;
mod objects;
mod pictures;
mod quota;
mod receive;
mod service;
mod sign;
mod storage;
mod sweep;
mod usages;

use kernel::{FieldError, Permission, Result, Role, Scope};
use module::Routes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use imaging::{MAX_PIXELS, MAX_SIDE, THUMB, WIDTHS};
pub use objects::{Change, File, Filter, Size, Sort, get, list, remove, restore, update};
pub use pictures::{Picture, PictureCopy, Pictures, id_at, mentioned, pictures};
pub use quota::{BYTES, Room, room, used_by};
pub use receive::Incoming;
pub use service::{Files, FilesSettings, SigningKey, Taken};
pub use sign::{LONGEST, Signature};
pub use storage::{Reading, Storage, StorageSettings, key};
pub use usages::{Entity, Usage, set_usages, usages};

/// The migrations of this crate's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

kernel::id!(
    /// Identifies a file.
    FileId
);

/// Who may see a file.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, sqlx::Type,
)]
#[schema(as = FileVisibility)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody who has its address.
    #[default]
    Public,
    /// Whoever has a signed address, while it holds.
    Private,
}

impl Visibility {
    /// The visibility of that name; an empty one is public.
    ///
    /// # Errors
    /// `invalid`, for the field `visibility`.
    pub fn read(name: &str) -> Result<Self, FieldError> {
        match name {
            "" | "public" => Ok(Self::Public),
            "private" => Ok(Self::Private),
            _ => Err(FieldError::new(
                "visibility",
                "invalid",
                "Choose public or private.",
            )),
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// What may be allowed around files.
pub static PERMISSIONS: &[Permission] = &[
    Permission {
        key: "files.library.read",
        title: "See the files",
        roles: &[Role::Manager, Role::Editor, Role::Author, Role::Viewer],
    },
    Permission {
        key: "files.library.upload",
        title: "Upload files, and change or delete one's own",
        roles: &[Role::Manager, Role::Editor, Role::Author],
    },
    Permission {
        key: "files.library.manage",
        title: "Change and delete everybody's files, and empty the trash",
        roles: &[Role::Manager, Role::Editor],
    },
];

/// What keys of programs may carry, whichever product their application belongs to.
pub static SCOPES: &[Scope] = &[
    Scope {
        key: "files:read",
        title: "Read files",
        permissions: &["files.library.read"],
    },
    Scope {
        key: "files:write",
        title: "Upload, change and delete files",
        permissions: &[
            "files.library.read",
            "files.library.upload",
            "files.library.manage",
        ],
    },
];

module::guard!(
    /// May see the files.
    ReadFiles = "files.library.read"
);
module::guard!(
    /// May upload files.
    UploadFiles = "files.library.upload"
);
module::guard!(
    /// May change and delete everybody's files.
    ManageFiles = "files.library.manage"
);

/// Style sheets and scripts.
pub static ASSETS: &[ui::Asset] = &[
    ui::Asset::css("files.css", include_bytes!("../assets/files.css")),
    ui::Asset::js("files.js", include_bytes!("../assets/files.js")),
    ui::Asset::js(
        "files-upload.js",
        include_bytes!("../assets/files-upload.js"),
    ),
];

/// Whether a request carries a file, which may take longer to arrive than other requests.
#[must_use]
pub fn is_upload(method: &http::Method, path: &str) -> bool {
    method == http::Method::POST && matches!(path, "/app/files" | "/api/v1/files")
}

/// Pages of the library, operations of the API, and the files themselves, on a tenant's host.
#[must_use]
pub fn tenant_routes() -> Routes {
    Routes::new()
        .merge(media::routes())
        .merge(objects::pages::routes())
        .merge(objects::api::routes())
}
