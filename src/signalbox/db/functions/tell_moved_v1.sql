-- Wakes who waits for something in a project, in all processes, once this transaction has committed. For acts that are
-- rare and that the server does not send through its queue of writes, which tells by itself: transactions that notify
-- commit one after the other.
create function tell_moved_v1(project bigint) returns void language plpgsql as $$
begin
    perform pg_notify('signalbox', project::text);
end $$;
