//! From the bytes of a picture to what is kept of it. Bytes in, bytes out: nothing here reads a file or waits.
//!
//! It stands alone so that it alone is optimised in development: each pixel goes through here, and through the crates
//! below, whose generic encoders are compiled where they are called.
#![warn(missing_docs)]

mod copies;
mod kind;
mod strip;

pub use copies::{
    Derivative, Header, MAX_PIXELS, MAX_SIDE, Made, THUMB, WIDTHS, header, jpeg, make, resize,
};
pub use kind::{Kind, sniff};
pub use strip::strip;
