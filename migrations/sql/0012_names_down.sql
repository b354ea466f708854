alter table presence
    drop column availability,
    drop column visibility,
    drop column tags,
    drop column reach,
    drop column reach_at;
alter table tokens drop column tool_groups;
