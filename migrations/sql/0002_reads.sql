-- What is asked for in twos: without these, a rare combination of two common things is looked for in all of one of them.
create index events_by_participation_and_type on events (project_id, participation_id, type, seq);
create index events_by_tag_and_participation on events (project_id, tag, participation_id, seq) where tag is not null;
create index events_by_sequence_and_participation on events (project_id, sequence, participation_id, seq)
    where sequence is not null;
create index posts_by_lane_and_tag on posts (project_id, to_lane, tag, post_id)
    where to_lane is not null and tag is not null;
create index tasks_by_owner_and_status on tasks (project_id, owner_id, status, task_id) where owner_id is not null;
create index posts_open on posts (project_id, post_id) where acked_at is null;
-- Deliveries are always looked up by recipient first, so one index does for the key and the inbox.
drop index deliveries_by_recipient;
alter table deliveries drop constraint deliveries_pkey;
alter table deliveries add constraint deliveries_pkey primary key (project_id, participation_id, post_id);
-- The caller's posts of one lane, however many came to it by others, and however many others have in that lane.
alter table deliveries add column if not exists to_lane text;
select set_config('signalbox.project_ids', coalesce((select string_agg(project_id::text, ',') from projects), ''), true);
update deliveries d
set to_lane = p.to_lane
from posts p
where p.project_id = d.project_id and p.post_id = d.post_id and p.to_lane is not null;
create index deliveries_by_lane on deliveries (project_id, participation_id, to_lane, post_id) where to_lane is not null;
-- Rows that are written again and again: room on the page keeps the new version out of the indexes.
alter table ledgers set (fillfactor = 50);
alter table sequences set (fillfactor = 50);
alter table presence set (fillfactor = 50);
alter table cursors set (fillfactor = 50);
-- Never filtered on, so nothing is gained by looking through them for statistics.
alter table events alter column payload set statistics 0;
alter table posts alter column body set statistics 0;
alter table posts alter column subject set statistics 0;
alter table idempotency_keys alter column answer set statistics 0;
