//! Files in a bucket: the same journey against a server that speaks S3 (moto), which `cargo dev test` installs.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use files::{FilesSettings, Storage, StorageSettings};
use kernel::TenantId;
use serde_json::Value;

use crate::files::jpeg;
use crate::support::{Client, TestApp};

/// Names the folder of moto's packages.
const MOTO: &str = "ATELIER_MOTO";

/// A server with an empty bucket. It ends with the test.
struct Bucket {
    server: Child,
    endpoint: String,
}

impl Bucket {
    /// `None`, with a word about it, where moto is not installed.
    async fn start() -> Option<Self> {
        let Some(packages) = std::env::var_os(MOTO) else {
            eprintln!("skipped: no S3 server; `cargo dev test` installs one");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let server = Command::new("python3")
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
            .arg(port.to_string())
            .env("PYTHONPATH", packages)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3");
        let bucket = Self {
            server,
            endpoint: format!("http://127.0.0.1:{port}"),
        };
        // Without a signature moto lets anybody make a bucket, as soon as it is up.
        let begun = Instant::now();
        loop {
            if put(&format!("{}/atelier", bucket.endpoint)).await {
                return Some(bucket);
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "moto is not up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn settings(&self, url: &str) -> FilesSettings {
        FilesSettings {
            storage: StorageSettings {
                url: url.to_owned(),
                endpoint: self.endpoint.clone(),
                region: "us-east-1".to_owned(),
                access_key: Some("test".to_owned()),
                secret_key: Some("test".to_owned()),
                ..StorageSettings::default()
            },
            signing_key: Some("a key that only tests know of".into()),
            max_upload: 25_000_000,
        }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

async fn put(url: &str) -> bool {
    let reply = reqwest::Client::new().put(url).send().await;
    reply.is_ok_and(|reply| reply.status().is_success())
}

fn ring() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn a_bucket_creates_reads_parts_and_forgets() {
    ring();
    let Some(bucket) = Bucket::start().await else {
        return;
    };
    let storage = Storage::open(&bucket.settings("s3://atelier/some/prefix").storage).unwrap();
    let tenant = TenantId::new();
    let key = files::key(tenant, files::Visibility::Public, &"ab".repeat(32));
    assert!(storage.create(&key, "first".into()).await.unwrap());
    // The server refuses with 412: two nodes that send the same file do not overwrite each other.
    assert!(!storage.create(&key, "other".into()).await.unwrap());
    let text = async |part| {
        use futures::StreamExt as _;
        let reading = storage.read(&key, part).await.unwrap()?;
        let pieces: Vec<_> = reading.stream.collect().await;
        let bytes: Vec<u8> = pieces.into_iter().flat_map(Result::unwrap).collect();
        Some((reading.length, String::from_utf8(bytes).unwrap()))
    };
    assert_eq!(text(None).await, Some((5, "first".to_owned())));
    assert_eq!(text(Some(1..3)).await, Some((2, "ir".to_owned())));
    storage.remove(&key).await.unwrap();
    storage.remove(&key).await.unwrap();
    assert_eq!(text(None).await, None);
    // A bucket that is not there is a fault that passes, not a missing file.
    let lost = Storage::open(&bucket.settings("s3://nowhere").storage).unwrap();
    assert!(matches!(
        lost.create(&key, "x".into()).await,
        Err(kernel::Error::Unavailable(_))
    ));
}

#[tokio::test]
async fn uploads_live_in_a_bucket() {
    ring();
    let Some(bucket) = Bucket::start().await else {
        return;
    };
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let node = app.node_with_files(bucket.settings("s3://atelier"));
    let owner: Client = north.owner.through(node.router.clone());
    let file: Value = owner
        .upload("a.jpg", jpeg(700, 400, 40))
        .await
        .expect(201)
        .json();
    let visitor = app
        .visitor()
        .on(&north.origin())
        .through(node.router.clone());
    for size in file["sizes"].as_array().unwrap() {
        let shown = visitor
            .get(size["path"].as_str().unwrap())
            .await
            .expect(200);
        assert_eq!(serde_json::json!(shown.bytes.len()), size["bytes"]);
    }
    let id = file["id"].as_str().unwrap();
    owner
        .post(&format!("/app/files/{id}/delete"), &[])
        .await
        .expect(303);
    owner.post("/app/files/empty-trash", &[]).await.expect(303);
    // Uploaded anew it is stored anew: nothing was left of it.
    let again: Value = owner
        .upload("a.jpg", jpeg(700, 400, 40))
        .await
        .expect(201)
        .json();
    assert_ne!(again["id"], file["id"]);
    visitor
        .get(again["path"].as_str().unwrap())
        .await
        .expect(200);
}
