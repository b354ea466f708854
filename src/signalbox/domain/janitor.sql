-- name: purge_deleted
-- The server's role may not delete from the ledger; see the function.
select purge_deleted_v1(:rows_max) as rows;
