//! Rows to threads: what hangs below what, and what is left where something is not public.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Cursor, Timestamp};

use super::public_store::{MOST, Row, THREADS};
use super::{CommentId, EDITABLE, Status};

/// What a reader sees of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// What it says.
    Text(String),
    /// It was deleted, and answered before.
    Removed,
    /// It is not public at present, and answered.
    Withheld,
}

/// A comment with what hangs below it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub id: CommentId,
    pub rev: i64,
    pub shown: Shown,
    /// `None`: nobody that is known any more.
    pub name: Option<String>,
    pub by_author: bool,
    pub reply_to: Option<String>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    /// Whether the one who reads wrote it.
    pub mine: bool,
    /// Whether it stands above all others.
    pub pinned: bool,
    /// Source, while the one who reads may change it.
    pub editable: Option<String>,
    pub replies: Vec<Node>,
}

/// A page of threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Threads {
    pub threads: Vec<Node>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
}

/// Where the others begin when the pinned thread fills a page of its own.
fn before_all() -> Option<Cursor> {
    Some(Cursor {
        at: Timestamp::from_microseconds(0)?,
        id: uuid::Uuid::nil(),
    })
}

/// Builds the threads of a page. What is not public stays out unless something public hangs below it.
pub(super) fn build(rows: Vec<Row>, now: Timestamp) -> Threads {
    let mut roots: Vec<CommentId> = Vec::new();
    for row in &rows {
        if roots.last() != Some(&row.root_id) {
            roots.push(row.root_id);
        }
    }
    let size = usize::try_from(THREADS).unwrap_or(usize::MAX);
    let mut more = roots.len() > size;
    roots.truncate(size);
    // Where so much was said that not all of it was read, the last thread may be half of one.
    if rows.len() >= usize::try_from(MOST).unwrap_or(usize::MAX) && roots.len() > 1 && !more {
        roots.pop();
        more = true;
    }
    let next = roots.last().filter(|_| more).and_then(|last| {
        let last = rows.iter().find(|row| row.id == *last)?;
        if last.pinned {
            return before_all();
        }
        Some(Cursor {
            at: last.created_at,
            id: last.id.0,
        })
    });
    let wanted: BTreeSet<CommentId> = roots.iter().copied().collect();
    let mut below: BTreeMap<Option<CommentId>, Vec<Row>> = BTreeMap::new();
    for row in rows {
        if wanted.contains(&row.root_id) {
            below.entry(row.parent_id).or_default().push(row);
        }
    }
    Threads {
        threads: branch(None, &mut below, now),
        next,
    }
}

fn branch(
    parent: Option<CommentId>,
    below: &mut BTreeMap<Option<CommentId>, Vec<Row>>,
    now: Timestamp,
) -> Vec<Node> {
    let rows = below.remove(&parent).unwrap_or_default();
    let mut nodes = Vec::with_capacity(rows.len());
    for row in rows {
        let replies = branch(Some(row.id), below, now);
        let shown = match row.status {
            Status::Approved => Shown::Text(row.html),
            _ if replies.is_empty() => continue,
            Status::Deleted => Shown::Removed,
            _ => Shown::Withheld,
        };
        let public = row.status == Status::Approved;
        let young = now.since(row.created_at) <= EDITABLE;
        nodes.push(Node {
            id: row.id,
            rev: row.rev,
            name: row.name.filter(|_| public),
            by_author: row.by_author && public,
            reply_to: row.reply_to_name.filter(|_| public),
            created_at: row.created_at,
            edited_at: row.edited_at,
            mine: row.mine && public,
            pinned: row.pinned && public,
            editable: (row.mine && public && young).then_some(row.content),
            shown,
            replies,
        });
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u64) -> Timestamp {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        start.plus(std::time::Duration::from_mins(minute))
    }

    fn row(n: u128, parent: Option<u128>, status: Status) -> Row {
        let id = |n: u128| CommentId(uuid::Uuid::from_u128(n));
        Row {
            id: id(n),
            parent_id: parent.map(id),
            root_id: id(n / 100 * 100),
            reply_to_name: None,
            by_author: false,
            name: Some(format!("N{n}")),
            html: "<p>x</p>".into(),
            content: "x".into(),
            status,
            mine: true,
            pinned: false,
            rev: 1,
            created_at: at(0),
            edited_at: None,
        }
    }

    fn words(nodes: &[Node]) -> String {
        let one = |node: &Node| {
            let word = match &node.shown {
                Shown::Text(_) => node.name.clone().unwrap_or_default(),
                Shown::Removed => "removed".into(),
                Shown::Withheld => "withheld".into(),
            };
            if node.replies.is_empty() {
                word
            } else {
                format!("{word}({})", words(&node.replies))
            }
        };
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn traces_are_left_where_something_public_hangs_below() {
        use Status::{Approved, Deleted, Hidden, Pending, Spam};
        let rows = vec![
            row(100, None, Approved),
            row(101, Some(100), Deleted),
            row(102, Some(101), Approved),
            row(103, Some(100), Deleted),
            row(104, Some(103), Spam),
            row(200, None, Pending),
            row(201, Some(200), Approved),
            row(300, None, Hidden),
            row(301, Some(300), Hidden),
        ];
        let built = build(rows, at(1));
        assert_eq!(words(&built.threads), "N100(removed(N102)) withheld(N201)");
        assert!(built.next.is_none());
    }

    #[test]
    fn only_a_young_comment_of_ones_own_is_edited() {
        let build_at = |minute| build(vec![row(100, None, Status::Approved)], at(minute));
        assert!(build_at(15).threads[0].editable.is_some());
        assert!(build_at(16).threads[0].editable.is_none());
        let mut others = row(100, None, Status::Approved);
        others.mine = false;
        assert!(build(vec![others], at(1)).threads[0].editable.is_none());
    }

    #[test]
    fn after_a_pinned_thread_that_fills_a_page_come_all_others() {
        let mut rows = vec![row(100, None, Status::Approved)];
        rows[0].pinned = true;
        let root = rows[0].id;
        let answers = u128::try_from(MOST).unwrap() - 2;
        rows.extend((0..answers).map(|n| Row {
            id: CommentId(uuid::Uuid::from_u128(1_000_000 + n)),
            root_id: root,
            parent_id: Some(root),
            ..row(101, None, Status::Approved)
        }));
        rows.push(row(200, None, Status::Approved));
        let built = build(rows, at(1));
        assert_eq!(built.threads.len(), 1);
        assert!(built.threads[0].pinned && !built.threads[0].replies[0].pinned);
        assert_eq!(built.next, before_all());
    }

    #[test]
    fn a_page_ends_after_its_last_thread() {
        let rows = (1..=u128::try_from(THREADS).unwrap() + 1)
            .map(|n| row(n * 100, None, Status::Approved))
            .collect();
        let built = build(rows, at(1));
        assert_eq!(built.threads.len(), 50);
        assert_eq!(built.next.unwrap().id, uuid::Uuid::from_u128(5000));
    }
}
