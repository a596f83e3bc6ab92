"""C2PA: what a signed manifest inside a file says of its origin, and whether it still fits (runs in the sandbox).

A manifest that fits proves that nothing changed since somebody signed. Who that was is not judged: we carry no list of
signers to trust, and nothing is fetched over the network.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transforms.media.iptc import clean
from transforms.media.scan import holds_at_its_ends

_MARK = b"jumdc2pa"  # C2PA 2.2, 11.1: the manifest store's JUMBF description box begins so
_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_NEUTRAL = {"c2pa.created", "c2pa.opened", "c2pa.placed", "c2pa.published", "c2pa.repackaged", "c2pa.transcoded"}


def read(path: Path, kind: str) -> dict[str, Any]:
    """Nothing without a manifest; else `c2pa`, `c2pa_penanda`, and `asal_digital` where an intact one says it."""
    if not _marked(path):
        return {}
    import c2pa

    try:
        with (
            path.open("rb") as file,
            c2pa.Context.from_dict(_OFFLINE) as context,
            c2pa.Reader(kind, file, context=context) as reader,
        ):
            state, said = reader.get_validation_state(), json.loads(reader.json())
    except (c2pa.C2paError, ValueError):
        return {"c2pa": "TIDAK_TERBACA"}
    manifest = said.get("manifests", {}).get(said.get("active_manifest"), {})
    signer = manifest.get("signature_info", {})
    names = [signer.get("issuer"), signer.get("common_name")]
    facts = {"c2pa_penanda": clean(", ".join(name for name in names if name)) or None}
    if state not in {"Valid", "Trusted"}:
        return facts | {"c2pa": "TIDAK_SAH"}
    origin = _origin(list(_actions(manifest)))
    return facts | {"c2pa": "SAH"} | ({"asal_digital": origin} if origin else {})


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions", ()):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            yield from assertion.get("data", {}).get("actions", ())


def _origin(actions: list[dict[str, Any]]) -> str | None:
    """KAMERA, SUNTINGAN, AI, or None where the actions do not say."""
    kinds = [str(action.get("digitalSourceType", "")).rpartition("/")[2].casefold() for action in actions]
    if any("algorithmic" in kind for kind in kinds):
        return "AI"
    if any(action.get("action") not in _NEUTRAL for action in actions):
        return "SUNTINGAN"
    known = [kind for kind in kinds if kind]
    if not known:
        return None
    return "KAMERA" if set(known) <= {"digitalcapture", "computationalcapture"} else "SUNTINGAN"


def _marked(path: Path) -> bool:
    with path.open("rb") as file:
        return holds_at_its_ends(file, [_MARK], path.stat().st_size)
