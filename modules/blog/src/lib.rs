//! The blog: posts, tags, authors, feeds.
