//! What shows which file: told by the modules, kept so that nobody deletes a picture that visitors see.

mod store;

use kernel::Result;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::FileId;

/// A thing that shows files.
#[derive(Clone, Copy, Debug)]
pub struct Entity<'a> {
    /// Its kind, such as `blog.post`.
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
    /// What people know it by.
    pub title: &'a str,
    /// The page it stands on, such as `/app/blog/posts/../edit`.
    pub path: &'a str,
}

/// A place where a file is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Kind of the thing that shows it.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// What people know it by.
    pub title: String,
    /// The page it stands on.
    pub path: String,
}

/// Notes which files a thing shows, and forgets those that it showed before; in the transaction that changes the thing.
/// Ids that name no file of the tenant are left out.
///
/// # Errors
/// When the database cannot answer.
pub async fn set_usages(tx: &mut TenantTx, entity: Entity<'_>, files: &[FileId]) -> Result<()> {
    store::forget_others(tx, entity.kind, entity.id, files).await?;
    if files.is_empty() {
        return Ok(());
    }
    store::note(tx, entity, files).await
}

/// Where a file is shown, by title.
///
/// # Errors
/// When the database cannot answer.
pub async fn usages(tx: &mut TenantTx, file: FileId) -> Result<Vec<Usage>> {
    store::of(tx, file).await
}

pub(crate) use usages as of;

/// Why a file that is shown somewhere is not deleted.
pub(crate) fn refusal(used: &[Usage]) -> String {
    const NAMED: usize = 5;
    let mut names: Vec<String> = used
        .iter()
        .take(NAMED)
        .map(|usage| format!("\u{201c}{}\u{201d}", usage.title))
        .collect();
    if used.len() > NAMED {
        names.push(format!("{} more", used.len() - NAMED));
    }
    format!(
        "The file is shown in {}. Take it out there first, or delete it anyway.",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_places_and_stays_short() {
        let usage = |number: usize| Usage {
            kind: "blog.post".into(),
            id: Uuid::nil(),
            title: format!("Post {number}"),
            path: "/app".into(),
        };
        let one = refusal(&[usage(1)]);
        assert!(one.contains("\u{201c}Post 1\u{201d}."), "{one}");
        let many = refusal(&(1..=8).map(usage).collect::<Vec<_>>());
        assert!(many.contains("Post 5\u{201d}, 3 more."), "{many}");
        assert!(!many.contains("Post 6"), "{many}");
    }
}
