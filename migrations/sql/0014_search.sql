-- Words without stop words: what is stemmed the same on both sides is found in any language and in code, retries by
-- retry too, and "to be or not to be" as well as anything else.
create text search dictionary signalbox_stem (template = snowball, language = english);
create text search configuration signalbox (copy = english);
alter text search configuration signalbox
    alter mapping for asciiword, asciihword, hword_asciipart, word, hword, hword_part with signalbox_stem;

-- What can be searched of an event; see search_vector_v1 and search_hits_v1. The server's role has no grants here.
create table search_entries (
    project_id bigint not null,
    seq bigint not null,
    closed_lane text,
    vector tsvector not null,
    constraint search_entries_pkey primary key (project_id, seq)
);
-- Every key in a vector begins with the project. What waits to be put in is searched word by word, so it is kept short.
create index search_entries_by_word on search_entries using gin (vector) with (gin_pending_list_limit = 2048);

-- Up to which event a project is indexed.
create table search_progress (
    project_id bigint not null,
    seq bigint not null,
    constraint search_progress_pkey primary key (project_id)
);
