//! Pages that belong to no crate below: the front page, the staff's home, search, the API's
//! description and reference, errors.

pub mod description;
pub mod error;
pub mod gallery;
pub mod home;
pub mod marketing;
pub mod reference;
pub mod search;
pub mod site;
