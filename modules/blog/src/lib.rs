//! The blog: posts, tags, authors, feeds.

pub mod content;
