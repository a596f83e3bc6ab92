"""Stories: one event (`peristiwa`), told several times, in items that name what they retell (`turunan_dari`).

`turunan_dari` holds `DATASET/KEY`, several of them separated by semicolons, as `satu withdraw` names a row; the key of
a table may be cut after any of its parts (ours).
"""

from __future__ import annotations


def originals(text: str | None) -> list[tuple[str, str]]:
    """What `turunan_dari` names, in its order and each once: dataset and key."""
    parts = [each.strip().partition("/") for each in (text or "").split(";")]
    return list(dict.fromkeys((dataset, key) for dataset, _, key in parts if dataset and key))
