//! Operations on files: `/api/v1/files`.

use axum::Extension;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Error, MembershipId, PageRequest, Timestamp};
use module::extract::{Json, Path, Query};
use module::problems::{Conflict, Invalid, Missing, Refused, Stale};
use module::{Allowed, Answer, App, IdempotencyKey, IfMatch, Result, Routes, etag};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Change, File, Filter, Sort, get, list, remove, restore, update};
use crate::{FileId, Files, ReadFiles, UploadFiles, Visibility, receive};

pub(crate) fn routes() -> Routes {
    let upload = module::operations!(Routes::new(), upload)
        // Counted while it is read; see `receive`.
        .map_router(|router| router.layer(DefaultBodyLimit::disable()));
    module::operations!(
        upload,
        list_files,
        read,
        change,
        delete_file,
        restore_file,
        sign
    )
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileBody {
    /// Its id.
    id: FileId,
    /// Counts changes; the `ETag` of the file, for `If-Match`.
    rev: i64,
    /// Its name, with its ending.
    name: String,
    /// Media type, as found in the bytes.
    mime: String,
    /// Bytes of the original, without the metadata that it came with.
    bytes: i64,
    /// Width in pixels, turned upright.
    width: i32,
    /// Height in pixels, turned upright.
    height: i32,
    /// A blurred picture (thumbhash), in base64.
    thumbhash: String,
    /// Who may see it.
    visibility: Visibility,
    /// What can be seen, for those who cannot.
    alt_text: String,
    /// What stands below it.
    caption: String,
    /// Path of the size that texts show, on this host. Null when it is private: see `sign`.
    path: Option<String>,
    /// Its smaller copies, by width.
    sizes: Vec<SizeBody>,
    /// How many things show it.
    uses: i64,
    /// Who uploaded it.
    uploaded_by: MembershipId,
    /// When it came.
    created_at: Timestamp,
    /// Its last change.
    updated_at: Timestamp,
    /// In the trash since then; removed for good after 30 days.
    deleted_at: Option<Timestamp>,
}

/// A smaller copy of a file.
#[derive(Debug, Serialize, ToSchema)]
struct SizeBody {
    /// `thumb`, or the width in pixels.
    variant: String,
    /// Media type.
    mime: String,
    /// How many bytes.
    bytes: i64,
    /// Width in pixels.
    width: i32,
    /// Height in pixels.
    height: i32,
    /// Path on this host. Null when it is private.
    path: Option<String>,
}

impl From<File> for FileBody {
    fn from(file: File) -> Self {
        let open = file.visibility == Visibility::Public;
        let sizes = file.sizes.iter().map(|size| SizeBody {
            path: open.then(|| file.path(&size.variant)),
            variant: size.variant.clone(),
            mime: size.mime.clone(),
            bytes: size.bytes,
            width: size.width,
            height: size.height,
        });
        Self {
            sizes: sizes.collect(),
            path: file
                .shown()
                .filter(|_| open)
                .map(|size| file.path(&size.variant)),
            id: file.id,
            rev: file.rev,
            name: file.name,
            mime: file.mime,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
            thumbhash: file.thumbhash,
            visibility: file.visibility,
            alt_text: file.alt_text,
            caption: file.caption,
            uses: file.uses,
            uploaded_by: file.uploaded_by,
            created_at: file.created_at,
            updated_at: file.updated_at,
            deleted_at: file.deleted_at,
        }
    }
}

/// One part of a list of files.
#[derive(Debug, Serialize, ToSchema)]
struct FileList {
    /// The files.
    data: Vec<FileBody>,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most files to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// Words of the name or the alt text.
    q: Option<String>,
    /// Order: `newest` (first, the default), `name`, or `largest` (first).
    sort: Option<String>,
    /// `true`: those in the trash, instead of all others.
    trash: Option<bool>,
    /// `true`: those that something shows; `false`: those that nothing does.
    used: Option<bool>,
    /// Those of this visibility.
    visibility: Option<Visibility>,
}

/// What is said of a raw upload.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// Name of a file that is sent as it is; its ending is corrected.
    name: Option<String>,
    /// What can be seen, for those who cannot; at most 500 characters.
    alt_text: Option<String>,
    /// Who may see it; left out: everybody.
    visibility: Option<Visibility>,
}

/// What changes in a file; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FilePatch {
    /// Name; the file keeps its ending.
    name: Option<String>,
    /// What can be seen, for those who cannot; at most 500 characters.
    alt_text: Option<String>,
    /// What stands below it; at most 1000 characters.
    caption: Option<String>,
}

/// How to delete.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// `true`: even if something shows it.
    force: Option<bool>,
}

/// For what, and how long.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignBody {
    /// `original`, `thumb`, or the width in pixels of one of its sizes.
    variant: String,
    /// Seconds that the address holds: at most 604800, a week.
    #[schema(minimum = 1, maximum = 604_800)]
    seconds: u64,
}

/// An address that holds for a while.
#[derive(Debug, Serialize, ToSchema)]
struct Signed {
    /// The whole address.
    url: String,
    /// When it ends.
    expires_at: Timestamp,
}

/// A file as it is sent, when it is sent in a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; fields are read as they come")]
struct UploadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What can be seen, for those who cannot; at most 500 characters.
    alt_text: Option<String>,
    /// Who may see it.
    visibility: Option<Visibility>,
}

/// Upload a file
///
/// JPEG, PNG or WebP, at most 25 MB and 50 megapixels. Send a form with the field `file`, or the bytes themselves with
/// any other content type. What the file is, is found in its bytes. Metadata such as places and names of cameras is
/// removed. The same bytes again give the file that is there, with status 200.
///
/// Refusals of the field `file` have the codes `required`, `empty`, `too_large`, `too_many`, `too_many_pixels`,
/// `unsupported_type` and `corrupt`; a plan without room answers 402 `entitlement_exceeded`.
#[utoipa::path(
    post, path = "/api/v1/files", operation_id = "files.library.upload", tag = "Files",
    params(UploadQuery, IdempotencyKey),
    request_body(content((UploadForm = "multipart/form-data"), (String = "application/octet-stream"))),
    responses(
        (status = 201, description = "The file.", body = FileBody,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        (status = 200, description = "The file with these bytes that was there.", body = FileBody),
        Refused, Conflict, Invalid
    )
)]
async fn upload(
    ctx: Allowed<UploadFiles>,
    Extension(files): Extension<Files>,
    State(app): State<App>,
    key: IdempotencyKey,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Response> {
    let mut incoming = receive::one(request, &app, files.max_upload()).await?;
    if let Some(name) = &query.name {
        incoming.name.clone_from(name);
    }
    if let Some(alt_text) = &query.alt_text {
        incoming.alt_text.clone_from(alt_text);
    }
    if let Some(visibility) = query.visibility {
        incoming.visibility = visibility;
    }
    let said = (
        incoming.sha256.clone(),
        incoming.name.clone(),
        incoming.alt_text.clone(),
        incoming.visibility,
    );
    // Looked up before the work, so that a repetition is quick; claimed with the result, so that it is done once.
    let mut tx = ctx.begin().await?;
    if let Some(response) = key.replay(tx.conn(), &ctx, &said).await? {
        return Ok(response);
    }
    drop(tx);
    let (mut tx, taken) = files.take(&ctx, incoming).await?;
    if let Some(response) = key.replay(tx.conn(), &ctx, &said).await? {
        tx.commit().await?;
        return Ok(response);
    }
    let status = if taken.fresh {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let file = FileBody::from(taken.file);
    let answer = Answer::new(status, &file)
        .tagged(file.rev)
        .at(format!("/api/v1/files/{}", file.id));
    let response = key.answer(tx.conn(), &ctx, answer).await?;
    tx.commit().await?;
    Ok(response)
}

/// List files
#[utoipa::path(
    get, path = "/api/v1/files", operation_id = "files.library.list", tag = "Files", params(ListQuery),
    responses((status = 200, description = "The files.", body = FileList), Refused)
)]
async fn list_files(
    ctx: Allowed<ReadFiles>,
    Query(query): Query<ListQuery>,
) -> Result<Json<FileList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let sort = match query.sort.as_deref() {
        None => Sort::default(),
        Some(name) => Sort::parse(name).ok_or_else(|| {
            Error::bad_request("invalid_sort", "Sort by newest, name or largest.")
        })?,
    };
    let filter = Filter {
        trash: query.trash.unwrap_or(false),
        q: query.q.filter(|q| !q.trim().is_empty()),
        used: query.used,
        without_alt: None,
        visibility: query.visibility,
    };
    let mut tx = ctx.begin().await?;
    let files = list(&mut tx, &filter, sort, page).await?;
    Ok(Json(FileList {
        data: files.items.into_iter().map(FileBody::from).collect(),
        next_cursor: files.next,
    }))
}

/// Read what is said of a file
#[utoipa::path(
    get, path = "/api/v1/files/{id}", operation_id = "files.library.read", tag = "Files", params(("id" = FileId, Path)),
    responses((status = 200, description = "The file.", body = FileBody, headers(("ETag" = String, description = "Its revision."))), Refused, Missing)
)]
async fn read(ctx: Allowed<ReadFiles>, Path(id): Path<FileId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    Ok(tagged(get(&mut tx, id).await?)?)
}

/// Change what is said of a file
#[utoipa::path(
    patch, path = "/api/v1/files/{id}", operation_id = "files.library.update", tag = "Files", request_body = FilePatch,
    params(("id" = FileId, Path), IfMatch),
    responses(
        (status = 200, description = "The file.", body = FileBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<UploadFiles>,
    Path(id): Path<FileId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<FilePatch>,
) -> Result<Response> {
    let change = Change {
        name: body.name,
        alt_text: body.alt_text,
        caption: body.caption,
    };
    let mut tx = ctx.begin().await?;
    let file = update(&mut tx, &ctx, id, Some(rev), change).await?;
    tx.commit().await?;
    Ok(tagged(file)?)
}

/// Delete a file
///
/// It goes to the trash and can be restored for 30 days. A file that something shows is kept unless `force` is set.
#[utoipa::path(
    delete, path = "/api/v1/files/{id}", operation_id = "files.library.delete", tag = "Files",
    params(("id" = FileId, Path), DeleteQuery, IfMatch),
    responses((status = 204, description = "It is in the trash."), Refused, Missing, Conflict, Stale)
)]
async fn delete_file(
    ctx: Allowed<UploadFiles>,
    Path(id): Path<FileId>,
    IfMatch(rev): IfMatch,
    Query(query): Query<DeleteQuery>,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    remove(&mut tx, &ctx, id, Some(rev), query.force.unwrap_or(false)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a file back from the trash
#[utoipa::path(
    post, path = "/api/v1/files/{id}/restore", operation_id = "files.library.restore", tag = "Files",
    params(("id" = FileId, Path), IdempotencyKey),
    responses((status = 200, description = "The file.", body = FileBody, headers(("ETag" = String, description = "Its revision."))), Refused, Missing, Conflict, Invalid)
)]
async fn restore_file(
    ctx: Allowed<UploadFiles>,
    key: IdempotencyKey,
    Path(id): Path<FileId>,
) -> Result<Response> {
    key.once(&ctx, id, async |tx, id| {
        let file = FileBody::from(restore(tx, &ctx, id).await?);
        Ok(Answer::ok(&file).tagged(file.rev))
    })
    .await
}

/// Make an address for a private file
///
/// Whoever has it sees the file until it ends; it cannot be taken back before.
#[utoipa::path(
    post, path = "/api/v1/files/{id}/sign", operation_id = "files.library.sign", tag = "Files", request_body = SignBody,
    params(("id" = FileId, Path), IdempotencyKey),
    responses((status = 200, description = "The address.", body = Signed), Refused, Missing, Conflict, Invalid)
)]
async fn sign(
    ctx: Allowed<ReadFiles>,
    Extension(files): Extension<Files>,
    key: IdempotencyKey,
    Path(id): Path<FileId>,
    Json(body): Json<SignBody>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let file = get(tx, id).await?;
        if file.deleted_at.is_some() {
            return Err(Error::NotFound("file").into());
        }
        let lasting = std::time::Duration::from_secs(body.seconds);
        let mut fields = kernel::Fields::default();
        fields
            .check(
                body.variant == "original"
                    || file.sizes.iter().any(|size| size.variant == body.variant),
                "variant",
                "unknown",
                "Name one of the file's sizes, or original.",
            )
            .check(
                body.seconds > 0 && lasting <= crate::LONGEST,
                "seconds",
                "out_of_range",
                "Choose 1 to 604800 seconds, a week.",
            );
        fields.finish()?;
        let path = files.signed_path(&ctx, &file, &body.variant, lasting);
        let signed = Signed {
            url: ctx.link(&path),
            expires_at: ctx.now().plus(lasting),
        };
        Ok(Answer::ok(&signed))
    })
    .await
}

fn tagged(file: File) -> kernel::Result<Response> {
    let tag = HeaderValue::try_from(etag(file.rev)).map_err(Error::internal)?;
    let mut response = axum::Json(FileBody::from(file)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}
