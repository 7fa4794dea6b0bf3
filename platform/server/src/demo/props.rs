//! What takes long to make and needs no database: the demo's pictures and the hash of its password.

use std::collections::HashMap;

use accounts::passwords;
use futures::future::try_join_all;
use kernel::{Error, Result};
use tokio::sync::OnceCell;
use tokio::task;

use super::{PASSWORD, STUDIOS, art};

/// Made once in a process, whoever asks first.
static PROPS: OnceCell<Props> = OnceCell::const_new();

/// What the demo is furnished with.
#[derive(Debug)]
pub(super) struct Props {
    /// Hash of the password that everybody has.
    pub password_hash: String,
    /// Pictures as JPEG, by the number that makes each its own.
    pub pictures: HashMap<u32, Vec<u8>>,
}

/// The props, ready to use. A start that has to make its database asks for them while that is being made, since
/// the database keeps one core busy and leaves the others idle.
///
/// # Errors
/// When a picture cannot be painted.
pub(super) async fn props() -> Result<&'static Props> {
    PROPS.get_or_try_init(make).await
}

async fn make() -> Result<Props> {
    let posts = STUDIOS.iter().flat_map(|studio| studio.posts);
    let pictures = try_join_all(posts.map(async |post| {
        let (palette, seed, _) = post.picture;
        let painting = task::spawn_blocking(move || art::landscape(palette, seed));
        Ok::<_, Error>((seed, painting.await.map_err(Error::internal)??))
    }));
    let (password_hash, pictures) = tokio::try_join!(passwords::hash(PASSWORD), pictures)?;
    Ok(Props {
        password_hash,
        pictures: pictures.into_iter().collect(),
    })
}
