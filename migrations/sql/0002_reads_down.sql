drop index events_by_participation_and_type;
drop index events_by_tag_and_participation;
drop index events_by_sequence_and_participation;
drop index posts_by_lane_and_tag;
drop index tasks_by_owner_and_status;
drop index posts_open;
alter table deliveries drop constraint deliveries_pkey;
alter table deliveries add constraint deliveries_pkey primary key (project_id, post_id, participation_id);
create index deliveries_by_recipient on deliveries (project_id, participation_id, post_id);
