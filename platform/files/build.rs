//! Compiles anew when a migration of this crate changes.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/files");
}
