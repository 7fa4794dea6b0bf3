//! The way of an upload, from a request to a file that can be shown.

use std::io::{BufReader, Read as _, Seek as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::try_join_all;
use imaging::{Header, Kind, Made};
use kernel::{Error, Result};
use module::Ctx;
use object_store::path::Path;
use tenant_resolver::TenantTx;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::objects::store::{self, NewFile};
use crate::sign::Signer;
use crate::storage::{Storage, StorageSettings, derivative_key, key};
use crate::{File, FileId, Incoming, Size, Visibility, get, name, quota};

/// Memory that all pictures being decoded may take together, in MiB. One alone may take it all.
const MEMORY: u32 = 768;
/// Kept while a picture's copies are on their way to the store, in MiB.
const SENDING: usize = 64;
const MIB: u64 = 1024 * 1024;
/// How many bytes tell what a file is.
const HEAD: usize = 4096;

/// Where files are kept and how much is taken at once.
#[derive(Clone, Debug)]
pub struct FilesSettings {
    /// Where the bytes are.
    pub storage: StorageSettings,
    /// Secret that addresses of private files are signed with; `None`: one that ends with this process.
    pub signing_key: Option<SigningKey>,
    /// Most bytes of one file.
    pub max_upload: u64,
}

/// A secret that does not show.
#[derive(Clone)]
pub struct SigningKey(String);

impl From<&str> for SigningKey {
    fn from(key: &str) -> Self {
        Self(key.to_owned())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// Files, as the server and the handlers know them. Cloning shares the state.
#[derive(Clone, Debug)]
pub struct Files(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    storage: Storage,
    signer: Signer,
    max_upload: u64,
    memory: Arc<Semaphore>,
}

/// What became of an upload.
#[derive(Debug)]
pub struct Taken {
    /// The file.
    pub file: File,
    /// Whether this made it visible, as opposed to one with the same bytes that was there.
    pub fresh: bool,
}

/// A file of which is known that it is a picture of a size that can be decoded.
struct Looked {
    kind: Kind,
    header: Header,
    incoming: Incoming,
}

/// A picture that is ready to be stored.
struct Ready {
    kind: Kind,
    original: Bytes,
    made: Made,
    /// Room in memory for what is above.
    _memory: OwnedSemaphorePermit,
}

impl Files {
    /// Opens the store.
    ///
    /// # Errors
    /// [`Error::BadRequest`] that names the setting which cannot be used.
    pub fn open(settings: &FilesSettings) -> Result<Self> {
        let signer = match &settings.signing_key {
            Some(SigningKey(key)) => Signer::new(key.as_bytes()),
            None => Signer::new(
                &[kernel::new_uuid(), uuid::Uuid::new_v4()]
                    .map(uuid::Uuid::into_bytes)
                    .concat(),
            ),
        };
        Ok(Self(Arc::new(Inner {
            storage: Storage::open(&settings.storage)?,
            signer,
            max_upload: settings.max_upload,
            memory: Arc::new(Semaphore::new(MEMORY as usize)),
        })))
    }

    /// Most bytes of one file.
    #[must_use]
    pub fn max_upload(&self) -> u64 {
        self.0.max_upload
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.0.storage
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0.signer
    }

    /// The address of a variant for the page of a member: signed for a while when the file is private.
    #[must_use]
    pub fn signed_path(&self, ctx: &Ctx, file: &File, variant: &str, lasting: Duration) -> String {
        let path = file.path(variant);
        if file.visibility == Visibility::Public {
            return path;
        }
        let signed = self
            .0
            .signer
            .sign(ctx.tenant().id, file.id, variant, ctx.now(), lasting);
        format!(
            "{path}?expires={}&signature={}",
            signed.expires.unwrap_or_default(),
            signed.signature.unwrap_or_default()
        )
    }

    /// Takes a file in for the person of this request. The transaction that is returned makes it visible when it is
    /// committed.
    ///
    /// The row is written first and marked as ready last. If this is interrupted in between, at any point, a repeated
    /// upload of the same bytes goes on with it, and the sweeper removes what nobody came back for.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the field `file` (`empty`, `unsupported_type`, `too_many_pixels`, `corrupt`) and for
    /// `alt_text`; [`Error::LimitReached`] when the plan's room is taken; [`Error::SubscriptionRequired`];
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn take(&self, ctx: &Ctx, incoming: Incoming) -> Result<(TenantTx, Taken)> {
        let person = ctx.person()?;
        let alt_text = crate::objects::alt_text(&incoming.alt_text)?;
        let (sha256, visibility) = (incoming.sha256.clone(), incoming.visibility);
        let mut tx = ctx.begin().await?;
        if let Some(there) = store::with_bytes(&mut tx, &sha256, visibility).await? {
            let file = get(&mut tx, there).await?;
            return Ok((tx, Taken { file, fresh: false }));
        }
        drop(tx);

        let sent = incoming.name.clone();
        let looked = look(incoming).await?;
        let limit = quota::allowance(ctx)?;
        let ready = self.prepare(looked).await?;
        let sizes = sizes(&ready.made)?;
        let new = NewFile {
            id: FileId::new(),
            sha256: &sha256,
            visibility,
            name: &name::of_upload(&sent, ready.kind.extension()),
            mime: ready.kind.mime(),
            bytes: count(ready.original.len())?,
            width: side(ready.made.width)?,
            height: side(ready.made.height)?,
            thumbhash: &ready.made.thumbhash,
            alt_text: &alt_text,
            by: person.membership,
            sizes: &sizes,
        };
        let mut tx = ctx.begin().await?;
        let reserved = store::reserve(&mut tx, &new, ctx.now()).await?;
        if reserved.id == new.id {
            quota::take(&mut tx, new.bytes, limit).await?;
        }
        tx.commit().await?;

        if !reserved.ready {
            let original = key(ctx.tenant().id, visibility, &sha256);
            self.send(&original, ready).await?;
        }
        let mut tx = ctx.begin().await?;
        let finished = store::finish(&mut tx, reserved.id, ctx.now()).await?;
        let file = store::find(&mut tx, reserved.id)
            .await?
            .ok_or(Error::Unavailable("The file store"))?;
        if finished {
            ctx.audit("files.file.uploaded")
                .on("file", file.id, &file.name)
                .detail(serde_json::json!({ "bytes": file.bytes, "mime": file.mime }))
                .write(&mut tx)
                .await?;
        }
        let fresh = finished;
        Ok((tx, Taken { file, fresh }))
    }

    /// Decodes a picture within limits and makes the smaller copies. Memory is asked for before anything is decoded, so
    /// that many uploads at once wait for each other instead of filling the machine.
    async fn prepare(&self, looked: Looked) -> Result<Ready> {
        let Looked {
            kind,
            header,
            mut incoming,
        } = looked;
        let length = incoming.length;
        // The original is held twice for a moment: as it came, and without its metadata.
        let wanted = (header.memory + 2 * length) / MIB + 1;
        let wanted = u32::try_from(wanted).unwrap_or(MEMORY).min(MEMORY);
        let mut memory = Arc::clone(&self.0.memory)
            .acquire_many_owned(wanted)
            .await
            .map_err(Error::internal)?;
        let (original, made) = blocking(move || {
            let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            incoming.bytes.rewind().map_err(Error::internal)?;
            incoming
                .bytes
                .read_to_end(&mut bytes)
                .map_err(Error::internal)?;
            let original = imaging::strip(kind, &bytes, header.orientation.to_exif())?;
            drop(bytes);
            let made = imaging::make(kind, &original)?;
            Ok((original, made))
        })
        .await?;
        let kept = memory.split(SENDING.min(memory.num_permits()));
        drop(memory);
        Ok(Ready {
            kind,
            original: original.into(),
            made,
            _memory: kept.ok_or_else(|| Error::internal("room in memory was lost"))?,
        })
    }

    /// Stores an original and its copies, the copies first.
    async fn send(&self, original: &Path, ready: Ready) -> Result<()> {
        let storage = &self.0.storage;
        try_join_all(ready.made.derivatives.into_iter().map(|copy| async move {
            storage
                .ensure(&derivative_key(original, &copy.variant), copy.bytes)
                .await
        }))
        .await?;
        storage.ensure(original, ready.original).await
    }
}

/// Looks at the first bytes: what it is, and how large.
async fn look(mut incoming: Incoming) -> Result<Looked> {
    blocking(move || {
        let head = usize::try_from(incoming.length).map_or(HEAD, |length| length.min(HEAD));
        let mut head = vec![0; head];
        incoming.bytes.rewind().map_err(Error::internal)?;
        incoming
            .bytes
            .read_exact(&mut head)
            .map_err(Error::internal)?;
        let kind = imaging::sniff(&head)?;
        incoming.bytes.rewind().map_err(Error::internal)?;
        let header = imaging::header(kind, BufReader::new(&incoming.bytes))?;
        Ok(Looked {
            kind,
            header,
            incoming,
        })
    })
    .await
}

fn sizes(made: &Made) -> Result<Vec<Size>> {
    made.derivatives
        .iter()
        .map(|copy| {
            Ok(Size {
                variant: copy.variant.clone(),
                mime: copy.mime.to_owned(),
                bytes: count(copy.bytes.len())?,
                width: side(copy.width)?,
                height: side(copy.height)?,
            })
        })
        .collect()
}

fn count(bytes: usize) -> Result<i64> {
    i64::try_from(bytes).map_err(Error::internal)
}

fn side(pixels: u32) -> Result<i32> {
    i32::try_from(pixels).map_err(Error::internal)
}

/// Work that would hold up others, on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
