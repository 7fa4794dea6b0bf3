//! Where the bytes are: a folder of this machine, or a bucket that speaks S3.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use kernel::{Error, Result, TenantId};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
};
use url::Url;

use crate::Visibility;

/// What people are told does not answer.
const STORE: &str = "The file store";

/// Where files are kept, and how it is reached.
#[derive(Clone, Default)]
pub struct StorageSettings {
    /// `s3://bucket`, `s3://bucket/prefix` or `file:///folder`; empty: `folder`.
    pub url: String,
    /// The folder that is used when there is no URL. Made when it is missing.
    pub folder: PathBuf,
    /// Base URL of an S3 server that is not Amazon's; empty: Amazon's.
    pub endpoint: String,
    /// Region of the bucket.
    pub region: String,
    /// Id of the access key.
    pub access_key: Option<String>,
    /// Secret of the access key.
    pub secret_key: Option<String>,
}

impl fmt::Debug for StorageSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageSettings")
            .field("url", &self.url)
            .field("folder", &self.folder)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl StorageSettings {
    /// Whether files would stay on this machine, where other nodes do not see them.
    #[must_use]
    pub fn is_local(&self) -> bool {
        !self.url.starts_with("s3://")
    }
}

/// An object store. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Storage(Arc<dyn ObjectStore>);

/// Part of an object, as it is read.
pub struct Reading {
    /// The bytes, in pieces.
    pub stream: BoxStream<'static, std::io::Result<Bytes>>,
    /// How many there are.
    pub length: u64,
}

impl Storage {
    /// Opens the store that the settings name. A folder is made when it is missing; a bucket has to exist.
    ///
    /// # Errors
    /// [`Error::BadRequest`] that names the setting which cannot be used.
    pub fn open(settings: &StorageSettings) -> Result<Self> {
        if settings.url.is_empty() {
            return Self::local(&settings.folder);
        }
        let url = Url::parse(&settings.url)
            .map_err(|_| refused("storage.url is neither s3://bucket nor file:///folder"))?;
        match url.scheme() {
            "file" => Self::local(
                &url.to_file_path()
                    .map_err(|()| refused("storage.url names no folder of this machine"))?,
            ),
            "s3" => Self::bucket(settings, &url),
            _ => Err(refused(
                "storage.url is neither s3://bucket nor file:///folder",
            )),
        }
    }

    fn local(folder: &std::path::Path) -> Result<Self> {
        let unusable = |error: &dyn fmt::Display| {
            refused(&format!(
                "the folder {} for files cannot be used: {error}",
                folder.display()
            ))
        };
        make_private(folder).map_err(|error| unusable(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| unusable(&error))?
            // A row that says `ready` must not lead to bytes that a power cut took away.
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self(Arc::new(store)))
    }

    fn bucket(settings: &StorageSettings, url: &Url) -> Result<Self> {
        let bucket = url
            .host_str()
            .ok_or_else(|| refused("storage.url names no bucket: s3://bucket"))?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&settings.region)
            .with_client_options(
                ClientOptions::new().with_allow_http(settings.endpoint.starts_with("http://")),
            );
        if !settings.endpoint.is_empty() {
            builder = builder.with_endpoint(&settings.endpoint);
        }
        if let (Some(id), Some(secret)) = (&settings.access_key, &settings.secret_key) {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret);
        }
        let store = builder
            .build()
            .map_err(|error| refused(&format!("storage: {error}")))?;
        let prefix = url.path().trim_matches('/');
        Ok(if prefix.is_empty() {
            Self(Arc::new(store))
        } else {
            Self(Arc::new(PrefixStore::new(store, prefix)))
        })
    }

    /// Stores bytes under a key that nothing has yet; `false` when something has it already, which stays as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn create(&self, key: &Path, bytes: Bytes) -> Result<bool> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        match self.0.put_opts(key, bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(failed(key, &error)),
        }
    }

    /// Makes sure that a key has these bytes. What an interrupted upload left is kept when it has their length: keys are
    /// made of the hash of what was sent.
    ///
    /// # Errors
    /// As [`Storage::create`].
    pub async fn ensure(&self, key: &Path, bytes: Bytes) -> Result<()> {
        if self.create(key, bytes.clone()).await? {
            return Ok(());
        }
        let there = self
            .0
            .head(key)
            .await
            .map_err(|error| failed(key, &error))?;
        if there.size != bytes.len() as u64 {
            self.0
                .put(key, bytes.into())
                .await
                .map_err(|error| failed(key, &error))?;
        }
        Ok(())
    }

    /// Reads an object, or the part between two bytes, the end excluded; `None` when there is no such object.
    ///
    /// # Errors
    /// As [`Storage::create`].
    pub async fn read(
        &self,
        key: &Path,
        part: Option<std::ops::Range<u64>>,
    ) -> Result<Option<Reading>> {
        let options = GetOptions {
            range: part.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        match self.0.get_opts(key, options).await {
            Ok(found) => Ok(Some(Reading {
                length: found.range.end - found.range.start,
                stream: found
                    .into_stream()
                    .map(|piece| piece.map_err(std::io::Error::other))
                    .boxed(),
            })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(key, &error)),
        }
    }

    /// Removes an object. One that is not there is removed already.
    ///
    /// # Errors
    /// As [`Storage::create`].
    pub async fn remove(&self, key: &Path) -> Result<()> {
        match self.0.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(key, &error)),
        }
    }
}

/// The key of an original: `t/<tenant>/<first two of the hash>/<hash>`. What is private has a folder of its own, so that
/// a public and a private file with the same bytes do not depend on each other.
#[must_use]
pub fn key(tenant: TenantId, visibility: Visibility, sha256: &str) -> Path {
    let folder = match visibility {
        Visibility::Public => "",
        Visibility::Private => "private/",
    };
    // `Path` leaves no way out of the store: it drops empty parts and escapes `.` and `..`.
    Path::from(format!(
        "t/{tenant}/{folder}{}/{sha256}",
        sha256.get(..2).unwrap_or("__")
    ))
}

/// The key of a smaller copy, beside its original.
#[must_use]
pub fn derivative_key(original: &Path, variant: &str) -> Path {
    Path::from(format!("{original}.{variant}"))
}

/// Only the user of the server looks into the folder. Folders above it may be shared with the private database, whose
/// user must be able to pass.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(above) = folder.parent() {
        std::fs::create_dir_all(above)?;
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

fn refused(message: &str) -> Error {
    Error::bad_request("settings", format!("Settings: {message}"))
}

/// The store's own words are for the log: they may name hosts and keys.
fn failed(key: &Path, error: &object_store::Error) -> Error {
    tracing::error!(%key, error = %error, "the file store failed");
    Error::Unavailable(STORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &std::path::Path) -> Storage {
        Storage::open(&StorageSettings {
            folder: folder.join("files"),
            ..StorageSettings::default()
        })
        .unwrap()
    }

    async fn text(storage: &Storage, key: &Path) -> Option<String> {
        let reading = storage.read(key, None).await.unwrap()?;
        let pieces: Vec<_> = reading.stream.collect().await;
        let bytes: Vec<u8> = pieces.into_iter().flat_map(Result::unwrap).collect();
        Some(String::from_utf8(bytes).unwrap())
    }

    #[tokio::test]
    async fn what_is_there_is_not_overwritten_unless_it_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let storage = store(folder.path());
        let key = Path::from("t/a/b");
        assert!(storage.create(&key, "one".into()).await.unwrap());
        assert!(!storage.create(&key, "two".into()).await.unwrap());
        storage.ensure(&key, "six".into()).await.unwrap();
        assert_eq!(text(&storage, &key).await.unwrap(), "one");
        storage.ensure(&key, "longer".into()).await.unwrap();
        assert_eq!(text(&storage, &key).await.unwrap(), "longer");
        storage.remove(&key).await.unwrap();
        storage.remove(&key).await.unwrap();
        assert!(text(&storage, &key).await.is_none());
    }

    #[tokio::test]
    async fn a_local_store_does_not_leave_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let storage = store(folder.path());
        let outside = folder.path().join("secret");
        std::fs::write(&outside, "secret").unwrap();
        for way_out in [
            "../secret",
            "t/../../secret",
            "/secret",
            "t/./../../secret",
            "..%2fsecret",
            &format!("/{}", outside.display()),
        ] {
            let key = Path::from(way_out);
            assert!(text(&storage, &key).await.is_none(), "{way_out} was read");
            storage.ensure(&key, "mine".into()).await.unwrap();
            storage.remove(&key).await.unwrap();
            assert_eq!(
                std::fs::read_to_string(&outside).unwrap(),
                "secret",
                "{way_out}"
            );
        }
        let hash = key(TenantId::new(), Visibility::Public, "../../../secret");
        assert!(text(&storage, &hash).await.is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn a_folder_is_seen_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        store(folder.path());
        let mode = std::fs::metadata(folder.path().join("files")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn settings_are_refused_by_name() {
        for url in ["ftp://x", "s3://", "nonsense", "file://host/x"] {
            let settings = StorageSettings {
                url: url.into(),
                ..StorageSettings::default()
            };
            let error = Storage::open(&settings).unwrap_err();
            assert!(error.to_string().contains("storage"), "{url}: {error}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = StorageSettings {
            secret_key: Some("hunter2".into()),
            ..StorageSettings::default()
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
