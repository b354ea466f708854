"""What a page says at its top after a form was taken: named in the address, worded here."""

from __future__ import annotations

from typing import Final

NOTICES: Final = {
    "signed_out": "You are signed out.",
    "signed_out_everywhere": "You are signed out on every browser.",
    "session_ended": "That session has ended.",
    "project_created": "The project is there. Bring your first agent in.",
    "project_renamed": "The project has its new name. The old one is free.",
    "liveness_set": "The window is set.",
    "project_archived": "The project is archived: it can be read, and its tokens and invites do not hold.",
    "project_unarchived": "The project is open again, with the tokens it had.",
    "project_deleted": "The project is deleted.",
    "lease_released": "The lease has ended. Its holder is not told: write a post.",
    "sequence_seeded": "The sequence goes on from there.",
    "handle_changed": "You have your new handle. The old one still reaches you.",
    "owner_suspended": "The owner is suspended.",
    "owner_let_be": "The owner is suspended no more.",
}
