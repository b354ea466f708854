drop table search_entries, search_progress;
drop text search configuration signalbox;
drop text search dictionary signalbox_stem;
