-- A handoff that answers nothing, as servers of the version before call it.
create function post_v1(
    act act_ref, lane_name text, actor_name text, subject text, body text, ref text, tag text
)
returns jsonb language plpgsql as $$
begin
    return post_v2(act, lane_name, actor_name, subject, body, ref, tag, null);
end $$;
