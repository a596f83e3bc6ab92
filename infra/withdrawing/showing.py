"""What `satu withdraw` tells: what it has done, what each place still owes, and whether a text is anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from infra.sql.result import aligned
from infra.withdrawing.records import Withdrawal
from infra.withdrawing.request import Target


def made(withdrawal: Withdrawal, new: bool, counts: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A withdrawal as data and in words."""
    said = "ditarik / withdrawn" if new else "sudah ditarik sebelumnya / withdrawn before"
    public = (
        f"terbit tanpa itu pada rilis {counts['release']} / published without it, {counts['written']} files written"
    )
    if not counts["release"]:
        public = "belum terbit tanpa itu; langkah deliver berikutnya / owed: the next deliver publishes without it"
    if counts["failed"]:
        public += f"; {counts['failed']} partners could not be reached and are tried again"
    if counts.get("wrong"):
        public += f"; owed by {', '.join(counts['wrong'])}, whose file has to be mended (satu status)"
    lines = [
        f"{withdrawal.item}: {said} (nomor {withdrawal.nomor}, oleh {withdrawal.oleh})",
        f"  tidak tampak lagi di satu sql / hidden from satu sql: {_clock(withdrawal.at)}",
        f"  {public}",
        f"  isinya dihapus oleh maintain, paling lambat / erased by maintain, by {_clock(withdrawal.due)}",
        "  satu withdraw --list",
    ]
    return {**asdict(withdrawal), "due": withdrawal.due.isoformat(), "new": new, "deliver": counts}, "\n".join(lines)


def listed(targets: Sequence[Target]) -> tuple[list[dict[str, Any]], str]:
    """Every place of every withdrawal, as data and as a table."""
    now = datetime.now(UTC)
    rows = [[str(t.nomor), t.item, t.target, _state(t, now), _clock(t.due)] for t in targets]
    text = aligned(["NOMOR", "YANG DITARIK", "DI", "KEADAAN", "PALING LAMBAT"], rows)
    return [asdict(t) for t in targets], text if rows else "belum ada penarikan / nothing has been withdrawn"


def overdue(targets: Sequence[Target]) -> bool:
    """Whether a place has not done it in time."""
    return any(t.overdue(datetime.now(UTC)) for t in targets)


def _state(target: Target, now: datetime) -> str:
    if target.done:
        return f"selesai {_clock(target.done)}"
    return "TERLAMBAT / overdue" if target.overdue(now) else "belum / owed"


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M %Z")
