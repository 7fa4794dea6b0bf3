//! What tests share: a PostgreSQL cluster, a browser, an SMTP sink.
