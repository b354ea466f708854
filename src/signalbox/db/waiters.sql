-- name: who_waits
-- All of a worker in one statement; see the function.
select place, project_id
from who_waits_v1(:token_hashes, :waiting_projects, :session_ids, :project_ids, :after_seqs);

-- name: moves
-- What happened in projects since somebody there was told, for all of a worker's at once; see the function.
select place, seq, type, participation_id, ref, tag, sequence, acked, recipients
from moves_v1(:project_ids, :after_seqs, :waiting_projects, :waiting, :rows_max);

-- name: lease_turns
-- Whose turn it is of those who wait for surfaces of a project, and the sign that they still do; see the function.
select participation_id, surface from lease_turns_v1(:project_id, :participation_ids, :surfaces);
