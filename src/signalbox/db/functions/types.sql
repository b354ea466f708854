-- Who acts, through which token and tool, and the retry key it was given: what every act starts from.
create type act_ref as (
    project_id bigint,
    participation_id bigint,
    token_hash bytea,       -- null: a signed-in owner, whose session the page has checked
    tool text,
    key text,               -- null: not to be remembered
    arguments_hash bytea
);

-- What an act knows once it holds the head lock.
create type act_context as (
    project_id bigint,
    participation_id bigint,
    actor text,
    role text,
    at timestamptz,         -- the time of everything this act writes
    post_head bigint,
    task_head bigint,
    lease_head bigint,
    replay jsonb            -- not null: this was done before; answer it again and stop
);
