-- A post that nobody waits for any more: what its recipients have not acked is over, and leaves their inboxes.
create function expire_post_v1(ctx act_context, post bigint) returns void language plpgsql as $$
declare
    old posts;
    unacked integer;
begin
    select * into old from posts p where p.project_id = ctx.project_id and p.post_id = post;
    update deliveries d
    set state = 'expired', acked_at = ctx.at, due_at = coalesce(d.due_at, old.expires_at)
    where d.project_id = ctx.project_id
        and d.participation_id in (select m.participation_id from members m where m.project_id = ctx.project_id)
        and d.post_id = old.post_id
        and d.acked_at is null;
    get diagnostics unacked = row_count;
    if unacked = 0 and old.acked_at is not null then
        return;
    end if;
    update posts p set expired_at = ctx.at where p.project_id = ctx.project_id and p.post_id = old.post_id;
    ctx.participation_id := old.author_id;
    ctx.actor := old.author;
    perform append_event_v1(ctx, 'expire', jsonb_build_object(
        'post_id', old.post_id, 'unacked', unacked, 'closed_lane', old.closed_lane));
end $$;
