//! What is sold, who subscribes to it, and what becomes of that.

mod acts;
mod api;
mod catalogue;
mod debts;
mod pages;
mod races;
mod shop;
mod time;
