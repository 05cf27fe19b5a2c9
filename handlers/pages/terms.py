"""What the words of a page mean, for those who meet them for the first time."""

from __future__ import annotations

from handlers.core.recovery_point import STUCK
from handlers.pages.words import duration

TERMS = {
    "Recovery point": (
        "When the newest backup was made whose copy is AVAILABLE in the destination. If the source region were lost "
        "now, whatever was written since then would be lost with it: that is the age of the recovery point."
    ),
    "Target": "How old the policy allows a recovery point to be. Unless it says so, twice the interval of the backups.",
    "No copy yet": (
        "The policy wants copies there, and there is none so far. It is not late: its target has not passed yet, or "
        "nobody has said how old it may be. There is nothing to recover to all the same."
    ),
    "As far as is known": (
        "A destination that cannot be read may have copies that nobody sees. The tags of the backups in the source "
        "region name the copies that were seen last: a recovery point is taken to be that of the newest of these."
    ),
    "Behind": "How much older the recovery point is than the newest backup of the source; all, where there is none.",
    "Too old before": (
        "How often, and for how long in all, a recovery point was older than today's target in the days shown. Only "
        "the copies that are left can tell: what retention may have taken does not count as missing."
    ),
    "In flight": f"Copies under way. One that takes longer than {duration(STUCK)} is stuck, and will hardly arrive.",
    "FAULTY": "Oracle's word for a backup or copy that failed. Nothing can be restored from it.",
    "Orphan": "A copy whose backup in the source region is gone. It can be restored from like any other.",
    "Stray": "A copy in a region where the policy wants none.",
    "Source gone": "The volume or volume group was deleted. Its copies are there, and nothing is due any more.",
    "Stored": "What AVAILABLE copies hold of their own: one that is incremental holds only what has changed.",
}
