-- The roles and the database of Atelier, for a server whose administrator makes them. Run it once, as a superuser:
--
--   psql -v owner_password=.. -v tenant_password=.. -v platform_password=.. -f deploy/roles.sql
--
-- Then: DATABASE_URL=postgres://atelier_owner:..@host/atelier, and ATELIER__DATABASE__TENANT_URL and
-- ATELIER__DATABASE__PLATFORM_URL for the other two (not needed when all three passwords are the same).
-- `atelier migrate` verifies what was made here, and names what is missing.
\set ON_ERROR_STOP on

-- Owns every table; used by migrations alone.
create role atelier_owner login password :'owner_password';
alter role atelier_owner set search_path = 'public';

-- Run time: the rows of the tenant that a transaction is bound to.
create role atelier_tenant login password :'tenant_password';
alter role atelier_tenant set search_path = 'public';
alter role atelier_tenant set statement_timeout = '15s';
alter role atelier_tenant set lock_timeout = '2s';
alter role atelier_tenant set idle_in_transaction_session_timeout = '30s';

-- Run time: what the platform does across tenants.
create role atelier_platform login password :'platform_password';
alter role atelier_platform set search_path = 'public';
alter role atelier_platform set statement_timeout = '15s';
alter role atelier_platform set lock_timeout = '2s';
alter role atelier_platform set idle_in_transaction_session_timeout = '30s';

-- Dumps alone: sees all rows, cannot write. It has no password yet.
create role atelier_backup login bypassrls;
alter role atelier_backup set search_path = 'public';
alter role atelier_backup set default_transaction_read_only = 'on';
grant pg_read_all_data to atelier_backup;

-- Owns the functions that search posts, and can read what they search alone. Nobody connects as it.
create role atelier_search nologin bypassrls;
grant atelier_search to atelier_owner;

create database atelier owner atelier_owner;
\connect atelier
create extension btree_gist;
revoke all on database atelier from public;
grant connect on database atelier to atelier_owner, atelier_tenant, atelier_platform, atelier_backup;
revoke all on schema public from public;
grant usage, create on schema public to atelier_owner;
grant usage on schema public to atelier_tenant, atelier_platform, atelier_backup;
