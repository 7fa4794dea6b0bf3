//! The statements of files and their smaller copies.

use kernel::{Cursor, MembershipId, PageRequest, Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::{Change, File, Filter, Size, Sort};
use crate::{FileId, Visibility};

/// A file that is about to be stored.
pub(crate) struct NewFile<'a> {
    pub id: FileId,
    pub sha256: &'a str,
    pub visibility: Visibility,
    pub name: &'a str,
    pub mime: &'a str,
    pub bytes: i64,
    pub width: i32,
    pub height: i32,
    pub thumbhash: &'a str,
    pub alt_text: &'a str,
    pub by: MembershipId,
    pub sizes: &'a [Size],
}

/// What has the bytes of a new file: the new file itself, or one that was there.
pub(crate) struct Reserved {
    pub id: FileId,
    /// Whether all bytes are in the object store already.
    pub ready: bool,
}

/// Writes a file that is about to be stored. Where the tenant has the same bytes already, that file comes back from the
/// trash if it was there, and is returned.
pub(crate) async fn reserve(
    tx: &mut TenantTx,
    new: &NewFile<'_>,
    now: Timestamp,
) -> Result<Reserved> {
    let tenant = tx.tenant();
    let reserved = sqlx::query_as!(
        Reserved,
        r#"insert into files_objects as f (tenant_id, id, sha256, state, visibility, name, mime, bytes, width, height,
                                           thumbhash, alt_text, uploaded_by, created_at, updated_at)
           values ($1, $2, $3, 'storing', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
           on conflict on constraint files_objects_sha256_key
           do update set deleted_at = null, updated_at = $13, rev = f.rev + (f.deleted_at is not null)::int
           returning f.id as "id!: FileId", f.state = 'ready' as "ready!""#,
        tenant as _,
        new.id as _,
        new.sha256,
        new.visibility as _,
        new.name,
        new.mime,
        new.bytes,
        new.width,
        new.height,
        new.thumbhash,
        new.alt_text,
        new.by as _,
        now as _,
    )
    .fetch_one(tx.conn())
    .await?;
    if reserved.id == new.id {
        insert_sizes(tx, new).await?;
    }
    Ok(reserved)
}

async fn insert_sizes(tx: &mut TenantTx, new: &NewFile<'_>) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into files_derivatives (tenant_id, file_id, variant, mime, bytes, width, height)
         select $1, $2, s.variant, s.mime, s.bytes, s.width, s.height
         from jsonb_to_recordset($3) as s (variant text, mime text, bytes bigint, width int, height int)",
        tenant as _,
        new.id as _,
        serde_json::to_value(new.sizes)?,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that all bytes are stored; `false` when that was noted before, or the file is gone.
pub(crate) async fn finish(tx: &mut TenantTx, id: FileId, now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    let finished = sqlx::query!(
        "update files_objects set state = 'ready', updated_at = $3 where tenant_id = $1 and id = $2 and state = 'storing'",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// The file with these bytes, if it is all there and not in the trash.
pub(crate) async fn with_bytes(
    tx: &mut TenantTx,
    sha256: &str,
    visibility: Visibility,
) -> Result<Option<FileId>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select id as "id: FileId" from files_objects
           where tenant_id = $1 and sha256 = $2 and visibility = $3 and state = 'ready' and deleted_at is null"#,
        tenant as _,
        sha256,
        visibility as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The statement of a file once, with what differs between one and many.
macro_rules! files {
    ($tail:tt $(+ $more:tt)*, $($value:expr),* $(,)?) => {
        sqlx::query_as!(
            File,
            r#"select f.id as "id: FileId", f.rev, f.visibility as "visibility: Visibility", f.name, f.mime, f.bytes, f.width, f.height,
                      f.thumbhash, f.alt_text, f.caption, f.uploaded_by as "uploaded_by: MembershipId",
                      (select p.display_name from tenant_people p where p.tenant_id = $1 and p.membership_id = f.uploaded_by)
                        as "uploader!",
                      f.created_at, f.updated_at, f.deleted_at,
                      (select count(*) from files_usages u where u.tenant_id = $1 and u.file_id = f.id) as "uses!",
                      (select coalesce(jsonb_agg(jsonb_build_object('variant', d.variant, 'mime', d.mime, 'bytes', d.bytes,
                                                                    'width', d.width, 'height', d.height) order by d.width), '[]')
                       from files_derivatives d where d.tenant_id = $1 and d.file_id = f.id) as "sizes!: Json<Vec<Size>>"
               from files_objects f
               where f.tenant_id = $1 and f.state = 'ready' "# + $tail $(+ $more)*,
            $($value),*
        )
    };
}

/// A file, in the trash or not.
pub(crate) async fn find(tx: &mut TenantTx, id: FileId) -> Result<Option<File>> {
    let tenant = tx.tenant();
    Ok(files!("and f.id = $2", tenant as _, id as _)
        .fetch_optional(tx.conn())
        .await?)
}

/// Those of these files that exist and are not in the trash.
pub(crate) async fn some(tx: &mut TenantTx, ids: &[FileId]) -> Result<Vec<File>> {
    let tenant = tx.tenant();
    Ok(files!(
        "and f.deleted_at is null and f.id = any ($2)",
        tenant as _,
        ids as _
    )
    .fetch_all(tx.conn())
    .await?)
}

/// One part of the library; one row more than asked for tells that there is a next part.
pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    sort: Sort,
    page: PageRequest,
) -> Result<Vec<File>> {
    /// The statement once, with what differs between orders.
    macro_rules! listing {
        ($order:tt) => {
            files!(
                "and (f.deleted_at is not null) = $2
                 and ($3::text is null or position(lower($3) in lower(f.name || ' ' || f.alt_text)) > 0)
                 and ($4::bool is null or $4 = exists (select from files_usages u where u.tenant_id = $1 and u.file_id = f.id))
                 and ($5::bool is null or $5 = (f.alt_text = ''))
                 and ($6::text is null or $6 = f.visibility) " + $order,
                tx.tenant() as _,
                filter.trash,
                filter.q.as_deref(),
                filter.used,
                filter.without_alt,
                filter.visibility as _,
                page.fetch(),
                page.after.map(|cursor| cursor.id),
            )
            .fetch_all(tx.conn())
            .await?
        };
    }
    // The cursor names the last row, whose name and size are looked up: they do not fit into cursors.
    Ok(match sort {
        Sort::Newest => listing!("and ($8::uuid is null or f.id < $8) order by f.id desc limit $7"),
        Sort::Name => listing!(
            "and ($8::uuid is null or (lower(f.name), f.id) >
                  (select lower(l.name), l.id from files_objects l where l.tenant_id = $1 and l.id = $8))
             order by lower(f.name), f.id limit $7"
        ),
        Sort::Largest => listing!(
            "and ($8::uuid is null or (f.bytes, f.id) <
                  (select l.bytes, l.id from files_objects l where l.tenant_id = $1 and l.id = $8))
             order by f.bytes desc, f.id desc limit $7"
        ),
    })
}

/// Where a list goes on after this file.
pub(crate) fn cursor(file: &File) -> Cursor {
    Cursor {
        at: file.created_at,
        id: file.id.0,
    }
}

/// How many files there are of each kind that the library filters by.
#[derive(Debug)]
pub(crate) struct Counts {
    pub all: i64,
    pub unused: i64,
    pub without_alt: i64,
    pub private: i64,
    pub trash: i64,
}

pub(crate) async fn counts(tx: &mut TenantTx) -> Result<Counts> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Counts,
        r#"select count(*) filter (where f.deleted_at is null) as "all!",
                  count(*) filter (where f.deleted_at is null
                    and not exists (select from files_usages u where u.tenant_id = $1 and u.file_id = f.id)) as "unused!",
                  count(*) filter (where f.deleted_at is null and f.alt_text = '') as "without_alt!",
                  count(*) filter (where f.deleted_at is null and f.visibility = 'private') as "private!",
                  count(*) filter (where f.deleted_at is not null) as "trash!"
           from files_objects f where f.tenant_id = $1 and f.state = 'ready'"#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// A file that is being changed: nobody else changes it until the transaction ends.
pub(crate) async fn hold(tx: &mut TenantTx, id: FileId) -> Result<Option<Held>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Held,
        r#"select rev, uploaded_by as "uploaded_by: MembershipId", name, deleted_at from files_objects
           where tenant_id = $1 and id = $2 and state = 'ready' for update"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// See [`hold`].
pub(crate) struct Held {
    pub rev: i64,
    pub uploaded_by: MembershipId,
    pub name: String,
    pub deleted_at: Option<Timestamp>,
}

pub(crate) async fn change(
    tx: &mut TenantTx,
    id: FileId,
    change: &Change,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update files_objects set name = coalesce($3, name), alt_text = coalesce($4, alt_text), caption = coalesce($5, caption),
                                  rev = rev + 1, updated_at = $6
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        change.name,
        change.alt_text,
        change.caption,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts a file into the trash, or takes it back.
pub(crate) async fn set_deleted(
    tx: &mut TenantTx,
    id: FileId,
    deleted_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update files_objects set deleted_at = $3, rev = rev + 1, updated_at = $4 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        deleted_at as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One file as it is sent.
pub(crate) struct Served {
    pub sha256: String,
    pub visibility: Visibility,
    pub name: String,
    pub mime: String,
    pub bytes: i64,
}

/// The original or a smaller copy of a file that is not in the trash.
pub(crate) async fn served(tx: &mut TenantTx, id: FileId, variant: &str) -> Result<Option<Served>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Served,
        r#"select f.sha256, f.visibility as "visibility: Visibility", f.name, coalesce(d.mime, f.mime) as "mime!",
                  coalesce(d.bytes, f.bytes) as "bytes!"
           from files_objects f
           left join files_derivatives d on d.tenant_id = f.tenant_id and d.tenant_id = $1 and d.file_id = f.id and d.variant = $3
           where f.tenant_id = $1 and f.id = $2 and f.state = 'ready' and f.deleted_at is null
             and (d.variant is not null or $3 = 'original')"#,
        tenant as _,
        id as _,
        variant,
    )
    .fetch_optional(tx.conn())
    .await?)
}
