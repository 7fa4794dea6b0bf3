//! Redirects in files: CSV in, with every line judged before any is taken, and CSV out.

use kernel::{Error, FieldError, Result};
use module::Ctx;
use serde::Deserialize;
use tenant_resolver::TenantTx;

use super::{Kind, Origin, QueryRule, Redirect, RedirectInput, add, replace, store};

/// Longest file, in bytes.
pub const LONGEST: usize = 1024 * 1024;
/// Most lines of a file.
const MAX_LINES: usize = 1_000;

/// A line of a file.
#[derive(Debug, Deserialize)]
struct Row {
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    enabled: String,
    #[serde(default)]
    position: String,
}

/// What a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It adds a redirect.
    Adds,
    /// It changes the one from there.
    Changes,
    /// It says what is so already.
    Same,
    /// It breaks rules, and does nothing.
    Refused(Vec<FieldError>),
}

/// A line and what it does.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the file, from 1; the heading is the first.
    pub number: u64,
    /// What it leads from, as it was written.
    pub from: String,
    /// Where it leads, as it was written.
    pub to: String,
    /// What it does.
    pub effect: Effect,
}

/// Takes a file. Nothing holds unless the caller commits: a caller that wants to know beforehand does not. The lines of
/// a file with one that is refused must not be committed.
///
/// # Errors
/// A broken rule of the field `csv`: the file itself cannot be read.
pub async fn import(tx: &mut TenantTx, ctx: &Ctx, text: &str) -> Result<Vec<Line>> {
    let rows = read(text)?;
    store::lock(tx).await?;
    let mut lines = Vec::new();
    let mut taken = 0_usize;
    for (number, row) in rows {
        let (from, to, effect) = match row {
            Ok(row) => {
                let effect = match take(tx, ctx, &row).await {
                    Ok(effect) => effect,
                    Err(Error::Invalid(errors)) => Effect::Refused(errors),
                    Err(error) => return Err(error),
                };
                (row.from, row.to, effect)
            }
            Err(error) => (String::new(), String::new(), Effect::Refused(vec![error])),
        };
        taken += usize::from(matches!(effect, Effect::Adds | Effect::Changes));
        lines.push(Line {
            number,
            from,
            to,
            effect,
        });
    }
    if taken > 0 {
        ctx.audit("blog.redirect.imported")
            .detail(serde_json::json!({ "lines": taken }))
            .write(tx)
            .await?;
    }
    Ok(lines)
}

/// The lines of a file with their numbers.
fn read(text: &str) -> Result<Vec<(u64, Result<Row, FieldError>)>> {
    let refuse = |code: &'static str, message: &'static str| -> Error {
        FieldError::new("csv", code, message).into()
    };
    if text.len() > LONGEST {
        return Err(refuse("too_large", "The file is larger than 1 MB."));
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let named = reader
        .headers()
        .is_ok_and(|headers| headers.iter().any(|name| name == "from"));
    if !named {
        return Err(refuse(
            "heading",
            "The first line names the columns: from,to,status,query,kind,enabled,position. Only from is needed.",
        ));
    }
    let mut rows = Vec::new();
    for (row, number) in reader.deserialize::<Row>().zip(2..) {
        if rows.len() == MAX_LINES {
            return Err(refuse("too_long", "Use at most 1,000 lines in one file."));
        }
        let row = row.map_err(|_| {
            FieldError::new("line", "invalid", "This line does not fit the first one.")
        });
        rows.push((number, row));
    }
    if rows.is_empty() {
        return Err(refuse("required", "The file has no redirects."));
    }
    Ok(rows)
}

/// Adds or changes what a line says.
async fn take(tx: &mut TenantTx, ctx: &Ctx, row: &Row) -> Result<Effect> {
    let input = row.input()?;
    let checked = input.check()?;
    let Some(before) = store::find_source(tx, checked.kind, &checked.source).await? else {
        add(tx, checked, Origin::Import, ctx.now()).await?;
        return Ok(Effect::Adds);
    };
    // Where it stands among patterns and whether it is in use was decided here, unless the line says so.
    let mut changed = checked;
    if row.position.is_empty() {
        changed.position = before.position;
    }
    if row.enabled.is_empty() {
        changed.enabled = before.enabled;
    }
    let same = before.target == changed.target
        && (before.status, before.query, before.position, before.enabled)
            == (
                changed.status,
                changed.query,
                changed.position,
                changed.enabled,
            );
    if same {
        return Ok(Effect::Same);
    }
    replace(tx, before.id, changed, ctx.now()).await?;
    Ok(Effect::Changes)
}

impl Row {
    fn input(&self) -> Result<RedirectInput, FieldError> {
        let invalid =
            |field: &'static str, message: &'static str| FieldError::new(field, "invalid", message);
        let status = match (self.status.as_str(), self.to.is_empty()) {
            ("", true) => 410,
            ("", false) => 301,
            (text, _) => text
                .parse()
                .map_err(|_| invalid("status", "Use 301, 302, 307, 308 or 410."))?,
        };
        let query = match self.query.as_str() {
            "" => QueryRule::default(),
            text => QueryRule::parse(text).ok_or_else(|| invalid("query", "Use drop or keep."))?,
        };
        let kind = match self.kind.as_str() {
            "" => Kind::default(),
            text => Kind::parse(text).ok_or_else(|| invalid("kind", "Use exact or pattern."))?,
        };
        let blank = RedirectInput::default();
        let enabled = match self.enabled.as_str() {
            "" => blank.enabled,
            "yes" => true,
            "no" => false,
            _ => return Err(invalid("enabled", "Use yes or no.")),
        };
        let position = match self.position.as_str() {
            "" => blank.position,
            text => text
                .parse()
                .map_err(|_| invalid("position", "Use a number between 0 and 100000."))?,
        };
        Ok(RedirectInput {
            kind,
            source: self.from.clone(),
            target: self.to.clone(),
            status,
            query,
            position,
            enabled,
        })
    }
}

/// All redirects of a tenant as a file that [`import`] takes.
pub(super) async fn export(tx: &mut TenantTx) -> Result<String> {
    let redirects = store::all(tx).await?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = [
        "from", "to", "status", "query", "kind", "enabled", "position",
    ];
    writer.write_record(head).map_err(Error::internal)?;
    for redirect in &redirects {
        writer
            .write_record(record(redirect))
            .map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(Error::internal)?;
    String::from_utf8(bytes).map_err(Error::internal)
}

fn record(redirect: &Redirect) -> [String; 7] {
    [
        redirect.source.clone(),
        redirect.target.clone().unwrap_or_default(),
        redirect.status.to_string(),
        redirect.query.as_str().to_owned(),
        redirect.kind.as_str().to_owned(),
        if redirect.enabled { "yes" } else { "no" }.to_owned(),
        redirect.position.to_string(),
    ]
}
