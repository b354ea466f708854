-- Keeps an error for the operator, and the newest 200 of them.
create function note_error_v1(request_id text, method text, path text, kind text, place text)
returns void language plpgsql as $$
declare
    newest bigint;
begin
    insert into server_errors (request_id, method, path, kind, place)
    values (request_id, method, path, kind, place)
    returning error_id into newest;
    delete from server_errors e where e.error_id <= newest - 200;
end $$;
