//! Whether to start a server at all.

use crate::Error;

/// Which PostgreSQL server a process is to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The server named by `DATABASE_URL`; nothing is started.
    External(String),
    /// A private server of this process.
    Local,
}

impl Target {
    /// Decides from the value of `DATABASE_URL` (an empty one counts as none) and the kind of environment.
    ///
    /// Production without a database is refused: a private server on a node's own disk would lose data with the node.
    pub fn decide(database_url: Option<&str>, production: bool) -> Result<Self, Error> {
        match database_url.map(str::trim).filter(|url| !url.is_empty()) {
            Some(url) => Ok(Self::External(url.to_owned())),
            None if production => Err(Error::ProductionWithoutDatabase),
            None => Ok(Self::Local),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_database_is_used_and_nothing_is_started() {
        let url = "postgres://db.internal/atelier";
        for production in [false, true] {
            let target = Target::decide(Some(url), production).unwrap();
            assert_eq!(target, Target::External(url.to_owned()));
        }
    }

    #[test]
    fn without_a_database_development_starts_its_own_and_production_refuses() {
        for missing in [None, Some(""), Some("  ")] {
            assert_eq!(Target::decide(missing, false).unwrap(), Target::Local);
            let refusal = Target::decide(missing, true).unwrap_err();
            assert!(refusal.to_string().contains("DATABASE_URL"), "{refusal}");
        }
    }
}
