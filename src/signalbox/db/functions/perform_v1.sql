-- An act by its name, with its arguments as JSON: the table of contents of all acts. The most frequent ones come
-- first, since a case is tried from the top.
create function perform_v1(act act_ref, given jsonb) returns jsonb language plpgsql as $$
begin
    case act.tool
        when 'post' then
            return post_v3(act, given ->> 'to_lane', given ->> 'to_actor', given ->> 'subject', given ->> 'body',
                given ->> 'ref', given ->> 'tag', (given ->> 'reply_to')::bigint, given -> 'further');
        when 'ack' then
            return ack_v1(act, bigints_v1(given -> 'post_ids'), (given ->> 'through_id')::bigint,
                given ->> 'outcome', given ->> 'note');
        when 'lease' then
            return lease_v2(act, given ->> 'surface', (given ->> 'ttl_seconds')::integer, given ->> 'note',
                given ->> 'mode', (given ->> 'queue')::boolean);
        when 'release' then
            return release_v2(act, given ->> 'surface', (given ->> 'lease_id')::bigint, given ->> 'reason');
        when 'claim' then
            return claim_v1(act, given ->> 'sequence', given ->> 'note');
        when 'register' then
            return register_v2(act, given ->> 'lane', given ->> 'status', given);
        when 'task_create' then
            return task_create_v2(act, given ->> 'title', given ->> 'detail', given ->> 'lane', given ->> 'owner',
                bigints_v1(given -> 'depends_on'), given ->> 'priority', given ->> 'ref');
        when 'task_assign' then
            return task_assign_v1(act, (given ->> 'task_id')::bigint, given ->> 'owner');
        when 'task_start' then
            return task_start_v1(act, (given ->> 'task_id')::bigint);
        when 'task_block' then
            return task_block_v1(act, (given ->> 'task_id')::bigint, given ->> 'reason', (given ->> 'on')::bigint);
        when 'task_resolve' then
            return task_resolve_v1(act, (given ->> 'task_id')::bigint, (given ->> 'blocker')::bigint);
        when 'task_ship' then
            return task_ship_v1(act, (given ->> 'task_id')::bigint);
        when 'seed_sequence' then
            return seed_sequence_v1(act, given ->> 'sequence', (given ->> 'current')::bigint, given ->> 'prefix',
                (given ->> 'pad')::integer);
        when 'admin_provision' then
            return with_tools_v1(
                admin_provision_v1(act, given ->> 'label', given ->> 'kind', given ->> 'lane', given ->> 'role',
                    (given ->> 'allow_existing')::boolean, decode(given ->> 'new_token_hash', 'hex'),
                    array(select jsonb_array_elements_text(given -> 'scopes'))),
                decode(given ->> 'new_token_hash', 'hex'), given -> 'tool_groups');
        when 'admin_rotate' then
            return admin_rotate_v1(act, given ->> 'name', decode(given ->> 'new_token_hash', 'hex'));
        when 'admin_revoke' then
            return admin_revoke_v1(act, given ->> 'name');
        when 'create_invite' then
            return create_invite_v1(act, decode(given ->> 'code_hash', 'hex'), given ->> 'label', given ->> 'kind',
                given ->> 'lane', given ->> 'role', (given ->> 'uses')::integer, (given ->> 'ttl_hours')::integer);
        when 'rename_project' then
            return rename_project_v1(act, given ->> 'name');
        when 'set_liveness' then
            return set_liveness_v1(act, (given ->> 'liveness_seconds')::integer);
        when 'archive_project' then
            return archive_project_v1(act, true);
        when 'unarchive_project' then
            return archive_project_v1(act, false);
        when 'note_export' then
            return note_export_v1(act, (given ->> 'upto_seq')::bigint);
        when 'delete_project' then
            return delete_project_v1(act, given ->> 'typed_name');
        when 'revoke_token' then
            return revoke_token_v1(act, (given ->> 'token_id')::bigint);
        when 'rotate_token' then
            return rotate_token_v1(act, (given ->> 'token_id')::bigint, decode(given ->> 'new_token_hash', 'hex'),
                (given ->> 'overlap_seconds')::integer);
        when 'admin_grant' then
            return admin_grant_v1(act, given ->> 'label', given ->> 'kind', given ->> 'lane', given ->> 'role',
                decode(given ->> 'new_token_hash', 'hex'), array(select jsonb_array_elements_text(given -> 'scopes')),
                (given ->> 'valid_seconds')::integer);
        when 'admin_mint' then
            return with_tools_v1(
                admin_mint_v1(act, given ->> 'name', decode(given ->> 'new_token_hash', 'hex'),
                    array(select jsonb_array_elements_text(given -> 'scopes')), (given ->> 'valid_seconds')::integer),
                decode(given ->> 'new_token_hash', 'hex'), given -> 'tool_groups');
        when 'change_member' then
            return change_member_v1(act, given ->> 'name', given ->> 'role', given ->> 'lane');
        when 'admin_remove' then
            return admin_remove_v1(act, given ->> 'name');
        when 'leave' then
            return leave_project_v1(act);
        when 'force_release' then
            return force_release_v1(act, (given ->> 'lease_id')::bigint, given ->> 'reason');
        when 'revoke_invite' then
            return revoke_invite_v1(act, (given ->> 'invite_id')::bigint);
        when 'note_override' then
            return note_override_v1(act, given ->> 'hook', given ->> 'reason', given -> 'surfaces');
        when 'join_lane' then
            return enter_lane_v1(act, given ->> 'lane');
        when 'leave_lane' then
            return leave_lane_v1(act, given ->> 'lane');
        when 'configure_lane' then
            return configure_lane_v1(act, given ->> 'lane', given ->> 'access', given ->> 'description',
                array(select jsonb_array_elements_text(nullif(given -> 'invite', 'null'))),
                array(select jsonb_array_elements_text(nullif(given -> 'remove', 'null'))));
        when 'task_next' then
            return task_next_v1(act, given ->> 'lane');
        when 'task_release' then
            return task_release_v1(act, (given ->> 'task_id')::bigint, given ->> 'note');
        when 'task_cancel' then
            return task_cancel_v1(act, (given ->> 'task_id')::bigint, given ->> 'reason');
        when 'task_note' then
            return task_note_v1(act, (given ->> 'task_id')::bigint, given ->> 'note');
        when 'settle_claim' then
            return settle_claim_v1(act, given ->> 'sequence', (given ->> 'number')::bigint, given ->> 'outcome',
                given ->> 'ref');
        when 'rename' then
            return rename_v1(act, given ->> 'label');
    end case;
end $$;
