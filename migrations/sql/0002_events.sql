-- append_event_v1 writes these itself: a generated column has its expression parsed at every insert.
alter table events
    alter column ref drop expression if exists,
    alter column tag drop expression if exists,
    alter column sequence drop expression if exists,
    alter column post_id drop expression if exists,
    alter column task_id drop expression if exists,
    alter column lease_id drop expression if exists;
