//! What is sold, who subscribes to it, and what becomes of that.

mod acts;
mod catalogue;
mod races;
mod shop;
mod time;
