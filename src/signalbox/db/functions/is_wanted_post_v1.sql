-- Whether a post is of an author, to a lane, with a tag, of a kind, as far as these are wanted.
create function is_wanted_post_v1(project bigint, post bigint, wanted_author bigint, wanted jsonb)
returns boolean language plpgsql stable set plan_cache_mode = force_generic_plan as $$
begin
    return exists (
        select 1
        from posts p
        where p.project_id = project
            and p.post_id = post
            and (wanted_author is null or p.author_id = wanted_author)
            and (wanted ->> 'lane' is null or p.to_lane = wanted ->> 'lane' or wanted ->> 'lane' = any(p.to_lanes))
            and (wanted ->> 'tag' is null or p.tag = wanted ->> 'tag')
            and (wanted ->> 'kind' is null or p.kind = wanted ->> 'kind'));
end $$;
