-- Phrases without a walk through every post: which posts have all of the words, the index knows; whether they stand beside
-- each other, only the posts themselves. Where few posts have them, all of these are looked at, else the newest posts of
-- the tenant, so that the longest search takes about as long as any.
create or replace function blog_search(tenant uuid, wanted text, most integer)
    returns table (post_id uuid, no integer, rank real) rows 100
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
    -- The best plan depends on how common the words are, and never is to read every tenant's rows.
    set plan_cache_mode = force_custom_plan
    set enable_seqscan = off
as $$
declare
    -- Posts that are looked at one by one.
    few constant integer := 1000;
    newest constant integer := 2000;
    bound uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    languages text[];
    asked tsquery;
    -- What the index can answer: the same words, wherever they stand.
    anywhere tsquery;
    near uuid[];
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
    if asked::text !~ '<(-|\d+)>' then
        return query
            with found as materialized (
                select d.post_id, d.no, d.words from public.blog_search_documents d
                where d.tenant_id = bound and d.words @@ asked
                order by d.post_id desc, d.no desc
                limit most
            )
            select f.post_id, f.no, ts_rank(f.words, asked) from found f;
        return;
    end if;
    anywhere := regexp_replace(querytree(asked), '<(-|\d+)>', '&', 'g')::tsquery;
    select array_agg(n.post_id) into near
    from (select d.post_id from public.blog_search_documents d
          where d.tenant_id = bound and d.words @@ anywhere limit few + 1) n;
    if cardinality(near) <= few then
        return query
            select d.post_id, d.no, ts_rank(d.words, asked) from public.blog_search_documents d
            where d.tenant_id = bound and d.post_id = any (near) and d.words @@ asked
            order by d.post_id desc, d.no desc
            limit most;
    elsif near is not null then
        return query
            select d.post_id, d.no, ts_rank(d.words, asked)
            from (select l.post_id, l.no, l.words from public.blog_search_documents l
                  where l.tenant_id = bound order by l.post_id desc, l.no desc limit newest) d
            where d.words @@ asked
            limit most;
    end if;
end
$$;
