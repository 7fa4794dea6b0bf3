//! Tenants: sign-up, members, invitations, the way between hosts and the directory, as the run-time roles and with a
//! clock that is moved.

mod bench;
mod directory;
mod entry;
mod invitations;
mod members;
mod pages;
mod settings;
mod signup;
