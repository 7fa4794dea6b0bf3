-- Address of the header List-Unsubscribe (RFC 8058), for mail that its reader may not want again.
alter table mail_messages add column unsubscribe_url text;
