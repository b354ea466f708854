-- append_event_v1 writes these itself: a generated column has its expression parsed at every insert.
alter table events
    alter column ref drop expression,
    alter column tag drop expression,
    alter column sequence drop expression,
    alter column post_id drop expression,
    alter column task_id drop expression,
    alter column lease_id drop expression;
