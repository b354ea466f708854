"""What a page says at its top after a form was taken: named in the address, worded here."""

from __future__ import annotations

from typing import Final

NOTICES: Final = {
    "signed_out": "You are signed out.",
    "signed_out_everywhere": "You are signed out on every browser.",
    "link_mailed": "If somebody here has this email, a link is on its way to it. It works once, within 15 minutes.",
    "unlinked": "That account signs you in no more.",
    "session_ended": "That session has ended.",
    "project_created": "The project is there. Bring your first agent in.",
    "posted": "The post is written.",
    "acked": "The post is acked.",
    "task_created": "The task is there.",
    "task_assigned": "The task has its owner.",
    "task_started": "The task is under way.",
    "task_blocked": "The task waits.",
    "task_resolved": "What the task waited on is gone.",
    "task_shipped": "The task is done.",
    "task_released": "The task is open again.",
    "task_cancelled": "The task is given up. What waited on it goes on.",
    "task_noted": "The note is written.",
    "member_changed": "That holds from its next call on.",
    "member_removed": "It is out: its tokens have ended, what it wrote stays.",
    "token_revoked": "That token opens nothing any more.",
    "participant_created": "The participant is there. Bring it into a project on that project's page of participants.",
    "left": "Your participant has left: its tokens there have ended.",
    "invite_revoked": "That invite opens nothing any more; who joined by it stays.",
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
