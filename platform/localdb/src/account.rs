//! The user that the server runs as: the one who runs the program or, when that is root, an unprivileged one.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// Users that a server may run as when the program runs as root, in order.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A user of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: Option<PathBuf>,
    /// Whether a child has to change to this user: the program runs as root.
    pub(crate) switch: bool,
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Account {
    /// The user who runs this program.
    pub(crate) fn current() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let known = passwd().into_iter().find(|account| account.uid == uid);
        known.unwrap_or_else(|| Self {
            name: uid.to_string(),
            uid,
            gid: rustix::process::getegid().as_raw(),
            home: None,
            switch: false,
        })
    }

    /// The user who is to run the server on `data`.
    ///
    /// As root that is the owner of existing data, so that a user `postgres` who appears later (with a package)
    /// does not lock the server out of what `nobody` wrote.
    pub(crate) fn for_server(data: &Path) -> Result<Self, Error> {
        if !is_root() {
            return Ok(Self::current());
        }
        let owner = fs::metadata(data).ok().map(|found| found.uid());
        choose(&passwd(), owner).ok_or(Error::NoUnprivilegedUser)
    }
}

fn choose(users: &[Account], owner: Option<u32>) -> Option<Account> {
    let by_owner = users
        .iter()
        .find(|user| user.uid != 0 && Some(user.uid) == owner);
    let by_name = || {
        UNPRIVILEGED.iter().find_map(|name| {
            users
                .iter()
                .find(|user| user.name == *name && user.uid != 0)
        })
    };
    let mut chosen = by_owner.or_else(by_name)?.clone();
    chosen.switch = true;
    Some(chosen)
}

/// The users in `/etc/passwd`. The lookup through the C library would need `unsafe`, and a directory service holds
/// none of the system users that are wanted here.
fn passwd() -> Vec<Account> {
    parse(&fs::read_to_string("/etc/passwd").unwrap_or_default())
}

fn parse(passwd: &str) -> Vec<Account> {
    let user = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        Some(Account {
            name: (*fields.first()?).to_owned(),
            uid: fields.get(2)?.parse().ok()?,
            gid: fields.get(3)?.parse().ok()?,
            home: fields
                .get(5)
                .filter(|home| !home.is_empty())
                .map(PathBuf::from),
            switch: false,
        })
    };
    passwd.lines().filter_map(user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n# comment\nnobody:x:65534:65534::/nonexistent:/bin/false\n\
                          postgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\nkim:x:1000:1000::/home/kim:/bin/sh\n";

    #[test]
    fn root_hands_the_server_to_postgres_or_else_to_nobody() {
        let mut users = parse(PASSWD);
        assert_eq!(choose(&users, None).unwrap().name, "postgres");
        users.retain(|user| user.name != "postgres");
        let nobody = choose(&users, None).unwrap();
        assert_eq!(
            (nobody.name.as_str(), nobody.gid, nobody.switch),
            ("nobody", 65534, true)
        );
        users.retain(|user| user.name != "nobody");
        assert_eq!(choose(&users, None), None);
    }

    #[test]
    fn existing_data_keeps_its_owner_unless_that_is_root() {
        let users = parse(PASSWD);
        assert_eq!(choose(&users, Some(65534)).unwrap().name, "nobody");
        assert_eq!(choose(&users, Some(0)).unwrap().name, "postgres");
    }
}
