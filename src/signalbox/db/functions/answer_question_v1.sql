-- A reply to a question is its answer, when it comes from a recipient or says that it is one: it acks the question, and
-- the event of the reply says that, too. Null where it acks nothing: the question was answered before.
create function answer_question_v1(ctx act_context, question bigint, reply bigint, is_answer boolean)
returns jsonb language plpgsql as $$
declare
    was_late boolean;
    is_first boolean;
begin
    update deliveries d
    set acked_at = ctx.at, outcome = 'done', state = 'acked', answer_id = reply
    where d.project_id = ctx.project_id
        and d.participation_id = ctx.participation_id
        and d.post_id = question
        and (d.acked_at is null or d.state = 'expired')
    returning coalesce(d.due_at < ctx.at, false) into was_late;
    if was_late is null and not is_answer then
        return null;
    end if;
    update posts p
    set acked_at = ctx.at
    where p.project_id = ctx.project_id and p.post_id = question and p.acked_at is null;
    is_first := found;
    if was_late is null and not is_first then
        return null;
    end if;
    return jsonb_build_object('answers', question, 'late', nullif(was_late, false));
end $$;
