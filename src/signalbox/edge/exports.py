"""`GET /api/export`: the ledger, a lane or a thread as a file, as far as the caller may read it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from signalbox.catalog import CATALOG
from signalbox.db.callers import Callers
from signalbox.domain.exports import ExportWish, begin_export, export_lines
from signalbox.domain.presence import Heartbeats
from signalbox.edge.download import KINDS, Download, attached
from signalbox.edge.http import bearer, note, note_caller
from signalbox.edge.query import arguments_in
from signalbox.edge.turns import Turns
from signalbox.tool import parse_arguments, require_scope


class ExportEdge:
    """The route."""

    def __init__(self, callers: Callers, heartbeats: Heartbeats, turns: Turns) -> None:
        self._callers = callers
        self._heartbeats = heartbeats
        self._turns = turns

    async def get(self, request: Request) -> Response:
        """Answer with the file. What is read after its begin is read with the caller proved anew, page by page."""
        token_hash = bearer(request.headers)
        await self._turns.mine(self._callers.project_of(token_hash))
        async with self._callers.session(token_hash) as session:
            who = await session.who()
            note_caller(request.scope, who)
            note(request.scope, tool="export")
            require_scope(CATALOG.tools["query_events"], who)
            self._heartbeats.saw(who)
            wish = parse_arguments(ExportWish, arguments_in(request.query_params, ExportWish))
            head = await begin_export(session, who, wish)
        kind, headers = KINDS[wish.format], attached(who.project, wish)
        if request.method == "HEAD":
            return Response(media_type=kind, headers=headers)
        text = export_lines(self._callers.reads(token_hash), who, wish, upto=head)
        return Download(text, media_type=kind, headers=headers)
