-- Whether somebody has acked a post after a seq of the ledger, or answered the question that it is.
create function acked_after_v1(project bigint, post posts, after_seq bigint)
returns boolean language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    since bigint := greatest(after_seq, post.seq);
begin
    return exists (
        select 1
        from events e
        where e.project_id = project
            and e.type = 'ack'
            and e.seq > since
            and (e.post_id = post.post_id or e.payload -> 'post_ids' @> to_jsonb(post.post_id))
    ) or exists (
        select 1
        from posts p
        cross join lateral (
            select *
            from events v
            where v.project_id = project and v.seq = p.seq
            limit 1
        ) e
        where p.project_id = project
            and p.thread_id = post.thread_id
            and p.reply_to = post.post_id
            and p.seq > since
            and e.payload ? 'answers'
    );
end $$;
