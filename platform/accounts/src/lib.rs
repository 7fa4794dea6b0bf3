//! People: credentials, sessions, tokens.
