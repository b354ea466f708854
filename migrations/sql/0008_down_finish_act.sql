-- Closes every act: keeps the answer for a repeated key (24 hours; older ones are cleared here, where the
-- project's head lock is held anyway), drops nulls, and adds the caller's unread count, which is never kept.
create or replace function finish_act_v1(act act_ref, ctx act_context, answer jsonb)
returns jsonb language plpgsql as $$
declare
    unread integer;
    result jsonb := jsonb_strip_nulls(answer);
begin
    if act.key is not null then
        delete from idempotency_keys k
        where k.project_id = ctx.project_id and k.created_at <= ctx.at - interval '24 hours';
        insert into idempotency_keys
            (project_id, participation_id, tool, key, arguments_hash, answer, created_at)
        values
            (ctx.project_id, ctx.participation_id, act.tool, act.key, act.arguments_hash, result, ctx.at);
    end if;
    unread := unread_posts_v1(ctx.project_id, ctx.participation_id);
    if unread > 0 then
        result := result || jsonb_build_object('_unread_posts', unread);
    end if;
    return result;
end $$;
