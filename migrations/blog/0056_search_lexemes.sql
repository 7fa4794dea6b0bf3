-- Rows of the index are as before `0055_search_parts.sql` again: plain words, and a place if the release that wrote them
-- knows of places. What sets a tenant's words apart, and the parts that a post is in, is made of the row by the index. So
-- each release finds what any other has written while they run side by side.

-- The part that posts without a place are in, as the index has it.
create function blog_search_unplaced(tenant uuid) returns text
    language sql immutable parallel safe
    return blog_search_key(tenant) || '#';

-- As it was, of parts that say themselves that they never change, so that it can be a part of what asks for it.
create or replace function blog_search_part(tenant uuid, step integer, place integer) returns text
    language sql immutable parallel safe
    return blog_search_key(tenant) || '#' || step::text || ':' || (place >> step)::text;

-- What the index has of a row. Each write makes it anew: in this language without a plan for each.
create function blog_search_lexemes(tenant uuid, place integer, words tsvector) returns tsvector
    language plpgsql immutable parallel safe
as $$
declare
    key constant text := public.blog_search_key(tenant);
    lexemes text[] := tsvector_to_array(words);
begin
    for i in 1..cardinality(lexemes) loop
        lexemes[i] := key || lexemes[i];
    end loop;
    if place is null then
        return array_to_tsvector(lexemes || public.blog_search_unplaced(tenant));
    end if;
    for step in 10..14 loop
        lexemes := lexemes || public.blog_search_part(tenant, step, place);
    end loop;
    return array_to_tsvector(lexemes);
end
$$;

-- The release before writes what this returns.
create or replace function blog_search_entries(tenant uuid, place integer, words tsvector) returns tsvector
    language sql immutable parallel safe
    return strip(words);

-- A post after one without a place has the next place after the last that is known.
create or replace function blog_search_place(tenant uuid, post uuid) returns integer
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    before record;
begin
    select i.post_id, i.place into before from public.blog_search_index i
    where i.tenant_id = tenant and i.post_id <= post and i.place is not null
    order by i.post_id desc, i.no desc limit 1;
    return case when not found then 0 when before.post_id = post then before.place else before.place + 1 end;
end
$$;

-- Words of the rows that are there, without the key of their tenant and without parts.
create function pg_temp.plain(words tsvector) returns tsvector
    language sql immutable
    return array_to_tsvector(
        array(select substr(word, 9) from unnest(tsvector_to_array(words)) word where substr(word, 9, 1) <> '#')
    );

drop index blog_search_index_words_idx;
alter table blog_search_index
    alter column place drop not null,
    alter column words type tsvector using pg_temp.plain(words);
alter table blog_search_index alter column words set storage external;

-- Led by tenant_id as any index of a tenant's table, but searches ask for lexemes alone: the tenant's key is in these, and
-- each match would be held against a list of all posts of the tenant.
create index blog_search_index_words_idx on blog_search_index
    using gin (tenant_id, blog_search_lexemes(tenant_id, place, words)) with (fastupdate = off);
alter index blog_search_index_words_idx alter column 2 set statistics 0;

-- The newest posts of a tenant that the index has under these words, which begin with its key.
create or replace function blog_search_newest(tenant uuid, asked tsquery, most integer, out posts uuid[], out versions integer[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    -- One plan, which reads the index of words: figures about words would lead astray, and a plan for each search costs
    -- as much as a search.
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_indexscan = off
    set enable_bitmapscan = on
as $$
begin
    -- The tenant is told apart behind the index, lest all of its posts are collected first: a condition is not moved into
    -- a query with an offset.
    select array_agg(n.post_id), array_agg(n.no) into posts, versions
    from (select m.post_id, m.no
          from (select i.tenant_id, i.post_id, i.no from public.blog_search_index i
                where public.blog_search_lexemes(i.tenant_id, i.place, i.words) @@ asked offset 0) m
          where m.tenant_id = tenant order by m.post_id desc, m.no desc limit most) n;
end
$$;

-- Two hundred of the newest posts tell how common the words are. Very common ones are found soonest by going through the
-- newest posts; others by the index, within as many of the newest posts as the matches that are wanted will be among.
-- Phrases cannot be asked of the index: posts that have all of their words are, and the newest of these are looked at.
create or replace function blog_search(tenant uuid, wanted text, most integer)
    returns table (post_id uuid, no integer, rank real) rows 100
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = auto
    set enable_seqscan = off
    set enable_bitmapscan = off
as $$
declare
    -- Posts that tell how common the words are, and how many of them have the words when these are very common.
    newest constant integer := 200;
    common constant integer := 24;
    -- Most posts that are gone through.
    reach constant integer := 2000;
    -- Posts with all words of a phrase that are looked at.
    near constant integer := 150;
    bound uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    languages text[];
    asked tsquery;
    -- What the index can answer: the same words, wherever they stand.
    anywhere tsquery;
    phrase boolean;
    -- The same with the tenant's key before each word.
    keyed tsquery;
    hits integer;
    -- How many posts are to be found for ranking.
    enough integer := most;
    -- The place of the newest post, and the size of the parts that are asked.
    place integer;
    step integer;
    posts uuid[];
    versions integer[];
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
    phrase := asked::text ~ '<(-|\d+)>';
    anywhere := case when phrase then regexp_replace(querytree(asked), '<(-|\d+)>', '&', 'g')::tsquery else asked end;

    select count(*) into hits
    from (select d.words from public.blog_search_documents d
          where d.tenant_id = bound order by d.post_id desc, d.no desc limit newest) n
    where n.words @@ anywhere;
    if hits >= common then
        select array_agg(n.post_id), array_agg(n.no) into posts, versions
        from (select l.post_id, l.no
              from (select d.post_id, d.no, d.words from public.blog_search_documents d
                    where d.tenant_id = bound order by d.post_id desc, d.no desc limit reach) l
              where l.words @@ asked limit most) n;
    end if;
    -- Less common, or common of late alone.
    if hits < common or not phrase and cardinality(posts) is distinct from most then
        if phrase then
            enough := near;
        end if;
        keyed := regexp_replace(anywhere::text, $q$'((?:[^']|'')+)'$q$,
                                $q$'$q$ || public.blog_search_key(bound) || $q$\1'$q$, 'g')::tsquery;
        if hits > 0 then
            select i.place into place from public.blog_search_index i
            where i.tenant_id = bound and i.place is not null order by i.post_id desc, i.no desc limit 1;
            -- The two newest parts have half as many posts again as are expected to do.
            select min(s) into step from generate_series(10, 14) s
            where place >> s > 0 and (1 << s) + place % (1 << s) >= 1.5 * enough * newest / hits;
        end if;
        if step is not null then
            select n.posts, n.versions into posts, versions
            from public.blog_search_newest(
                bound,
                keyed && (quote_literal(public.blog_search_part(bound, step, place)) || '|'
                          || quote_literal(public.blog_search_part(bound, step, place - (1 << step))) || '|'
                          || quote_literal(public.blog_search_unplaced(bound)))::tsquery,
                enough
            ) n;
        end if;
        if step is null or cardinality(posts) is distinct from enough then
            select n.posts, n.versions into posts, versions
            from public.blog_search_newest(bound, keyed, enough) n;
        end if;
    end if;
    return query
        select d.post_id, d.no, ts_rank(d.words, asked) from public.blog_search_documents d
        where d.tenant_id = bound and d.post_id = any(posts) and d.no = any(versions) and d.words @@ asked
        order by d.post_id desc, d.no desc limit most;
end
$$;
