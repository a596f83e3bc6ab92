"""The zones of the lake as assets, and what watches the landing zone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger, TriggerEvent


class LandingTrigger(BaseEventTrigger):
    """Says "look now" when a complete drop shows up in a landing folder.

    An event is a hint, so there is no cursor that could fall out of step: what lies there *is* what is due. A drop that
    still lies there after its hint (a file is missing, an event was lost) is hinted at again, after LOOK_S at first
    and then ever more seldom.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """No arguments: the folders come from the settings where this runs, not where a Dag is parsed."""
        return f"{__name__}.{type(self).__name__}", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield `{"drops": how many are worth a look}`; a burst makes one event."""
        import watchfiles

        from infra.settings import Settings
        from infra.sources import sources
        from infra.sources.hints import LOOK_S, Hints, complete

        settings = Settings.from_env()
        folders = {source.folder for source in sources(settings.sources, settings.landing).values()}
        for folder in folders | {settings.landing}:
            folder.mkdir(parents=True, exist_ok=True)
        # A look when all has been quiet for 200 ms, after a second of unbroken change, and every LOOK_S.
        changes = watchfiles.awatch(
            settings.landing,
            *folders,
            watch_filter=None,
            step=200,
            debounce=1_000,
            rust_timeout=LOOK_S * 1_000,
            yield_on_timeout=True,
        )
        hints = Hints()
        if drops := hints.due(await asyncio.to_thread(complete, settings), monotonic()):
            yield TriggerEvent({"drops": drops})
        async for _ in changes:
            if drops := hints.due(await asyncio.to_thread(complete, settings), monotonic()):
                yield TriggerEvent({"drops": drops})


LANDING = Asset("lake://landing", watchers=[AssetWatcher(name="landing", trigger=LandingTrigger())])
CURATED = Asset("lake://curated")
RELEASED = Asset("lake://released")
