-- An event as search knows it: its words, those of the title with weight A, and the keys it can be filtered by. Null for
-- what says nothing new: an ack without a note, a lease that is renewed or let go. Every key begins with the project,
-- so one index serves all projects and none meets another's rows; n10, n15, n20 are the project's blocks of 1,024,
-- 32,768 and 1,048,576 events, newest first the way to search (search_hits_v1). Whoever changes this indexes anew.
create function search_vector_v1(event events, body text) returns tsvector immutable language plpgsql as $$
declare
    p constant text := event.project_id || '/';
    facts constant jsonb := event.payload;
    title constant text := search_title_v1(event);
    words constant text := search_words_v1(event, body);
    keys text[];
begin
    if words is null and (title is null or facts ? 'renewed' or event.type = 'release') then
        return null;
    end if;
    keys := array[
        p || 'n10/' || (event.seq >> 10), p || 'n15/' || (event.seq >> 15), p || 'n20/' || (event.seq >> 20),
        p || 'k' || case event.type when 'post' then 'post' when 'task_create' then 'task' else 'event' end,
        p || 'a' || event.participation_id, p || 'l' || (facts ->> 'to_lane'), p || 'l' || (facts ->> 'lane'),
        p || 't' || event.tag, p || 'r' || event.ref,
        case event.type when 'post' then p || 'h' || coalesce(facts ->> 'thread_id', facts ->> 'post_id') end];
    if facts ? 'to_lanes' then
        keys := keys || array(select p || 'l' || lane from jsonb_array_elements_text(facts -> 'to_lanes') lane);
    end if;
    return array_to_tsvector(array_remove(keys, null))
        || setweight(to_tsvector('signalbox', search_plain_v1(concat(title, ' ', event.ref, ' ', event.tag))), 'A')
        || to_tsvector('signalbox', search_plain_v1(coalesce(words, '')));
end $$;
