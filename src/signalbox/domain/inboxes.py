"""Inboxes: what came to whom, and what still waits for an ack. `read_posts` chooses among these statements."""

from __future__ import annotations

from typing import Final

from signalbox.db.statements import statements

sql = statements(__file__)

CHOSEN_BY_POSTS: Final = ("inbox", "inbox_of_lane", "unread", "open_posts", "open_posts_by_lane")
