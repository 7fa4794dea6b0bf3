-- What posts are searched by: the words of each version that is a draft or live, as the code that saves it prepares them
-- (`blog::search`). A version that is neither any more has no row.
create extension if not exists btree_gin;

create table blog_search_documents (
    tenant_id uuid not null,
    post_id uuid not null,
    no integer not null,
    -- The language that its words were brought to their stems in; a workspace may change its own.
    language text not null,
    -- Title A, excerpt B, text C.
    words tsvector not null,
    constraint blog_search_documents_pkey primary key (tenant_id, post_id, no),
    constraint blog_search_documents_no_fkey foreign key (tenant_id, post_id, no)
        references blog_post_versions (tenant_id, post_id, no) on delete cascade
);
-- Words stay in their row as long as they fit on its page: a search looks at hundreds of them, and each that it had to
-- fetch from beside the row would cost three more pages (measured: 1.4 ms instead of 7.7 for a word in every tenth post).
alter table blog_search_documents alter column words set storage main;
alter table blog_search_documents set (toast_tuple_target = 8160);
-- Without a list of entries that wait: a search never has to go through one.
create index blog_search_documents_words_idx on blog_search_documents using gin (tenant_id, words) with (fastupdate = off);
create index blog_search_documents_language_idx on blog_search_documents (tenant_id, language);

alter table blog_search_documents enable row level security;
alter table blog_search_documents force row level security;
create policy tenant on blog_search_documents to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on blog_search_documents to atelier_tenant;
grant select on blog_search_documents to atelier_search;

-- How words of a language (BCP 47) are brought to their stems; `simple`, as they are, where nobody knows.
create function blog_search_config(language text) returns regconfig
    language sql immutable parallel safe
    return case lower(split_part(language, '-', 1))
        when 'ar' then 'pg_catalog.arabic'::regconfig
        when 'ca' then 'pg_catalog.catalan'::regconfig
        when 'da' then 'pg_catalog.danish'::regconfig
        when 'de' then 'pg_catalog.german'::regconfig
        when 'el' then 'pg_catalog.greek'::regconfig
        when 'en' then 'pg_catalog.english'::regconfig
        when 'es' then 'pg_catalog.spanish'::regconfig
        when 'eu' then 'pg_catalog.basque'::regconfig
        when 'fi' then 'pg_catalog.finnish'::regconfig
        when 'fr' then 'pg_catalog.french'::regconfig
        when 'ga' then 'pg_catalog.irish'::regconfig
        when 'hi' then 'pg_catalog.hindi'::regconfig
        when 'hu' then 'pg_catalog.hungarian'::regconfig
        when 'hy' then 'pg_catalog.armenian'::regconfig
        when 'id' then 'pg_catalog.indonesian'::regconfig
        when 'it' then 'pg_catalog.italian'::regconfig
        when 'lt' then 'pg_catalog.lithuanian'::regconfig
        when 'nb' then 'pg_catalog.norwegian'::regconfig
        when 'ne' then 'pg_catalog.nepali'::regconfig
        when 'nl' then 'pg_catalog.dutch'::regconfig
        when 'no' then 'pg_catalog.norwegian'::regconfig
        when 'pt' then 'pg_catalog.portuguese'::regconfig
        when 'ro' then 'pg_catalog.romanian'::regconfig
        when 'ru' then 'pg_catalog.russian'::regconfig
        when 'sr' then 'pg_catalog.serbian'::regconfig
        when 'sv' then 'pg_catalog.swedish'::regconfig
        when 'ta' then 'pg_catalog.tamil'::regconfig
        when 'tr' then 'pg_catalog.turkish'::regconfig
        when 'yi' then 'pg_catalog.yiddish'::regconfig
        else 'pg_catalog.simple'::regconfig
    end;

-- What is looked for, in every language that the tenant's posts have.
create function blog_search_query(languages text[], wanted text) returns tsquery
    language plpgsql immutable parallel safe set search_path = pg_catalog, public, pg_temp
as $$
declare
    one tsquery;
    asked tsquery;
    language text;
begin
    foreach language in array languages loop
        one := to_tsquery(public.blog_search_config(language), wanted);
        asked := case when asked is null then one else asked || one end;
    end loop;
    return asked;
end
$$;

-- The versions of the tenant's posts that have the words of `wanted` (the syntax of to_tsquery), at most `most` of them,
-- the newest posts first when there are more; each with its rank.
--
-- Row security keeps `@@` from using an index, since that operator is not leakproof. So this function runs with the
-- rights of `atelier_search`, whom row security does not bind and who can read this one table and nothing else. It takes
-- the tenant from the transaction, which must be the one that the caller names, and hands out ids alone: what they stand
-- for is read by the caller, under row security.
create function blog_search(tenant uuid, wanted text, most integer)
    returns table (post_id uuid, no integer, rank real) rows 100
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
    -- The best plan depends on how common the words are, and never is to read every tenant's rows.
    set plan_cache_mode = force_custom_plan
    set enable_seqscan = off
as $$
declare
    bound uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    languages text[];
    asked tsquery;
begin
    if bound is null or tenant is distinct from bound then
        raise exception 'blog_search: the transaction is not bound to this tenant' using errcode = 'insufficient_privilege';
    end if;
    with recursive known (language) as (
        (select d.language from public.blog_search_documents d where d.tenant_id = bound order by d.language limit 1)
        union all
        select (select d.language from public.blog_search_documents d
                where d.tenant_id = bound and d.language > known.language order by d.language limit 1)
        from known where known.language is not null
    )
    select array_agg(known.language) into languages from known where known.language is not null;
    if languages is null then
        return;
    end if;
    asked := public.blog_search_query(languages, wanted);
    if asked is null or numnode(asked) = 0 then
        return;
    end if;
    return query
        with found as materialized (
            select d.post_id, d.no, d.words from public.blog_search_documents d
            where d.tenant_id = bound and d.words @@ asked
            order by d.post_id desc, d.no desc
            limit most
        )
        select f.post_id, f.no, ts_rank(f.words, asked) from found f;
end
$$;

revoke all on function blog_search(uuid, text, integer) from public;
grant execute on function blog_search(uuid, text, integer) to atelier_tenant;
-- Whoever owns a function must for that moment be able to make one.
grant usage, create on schema public to atelier_search;
alter function blog_search(uuid, text, integer) owner to atelier_search;
revoke create on schema public from atelier_search;
