//! Pages that belong to no crate below: the front page, the staff's home, search, errors.

pub mod description;
pub mod error;
pub mod gallery;
pub mod home;
pub mod marketing;
pub mod search;
pub mod site;
