"""The API as a process: `python -m infra.serving.server HOST PORT`, which is what `satu serve` and the stack run."""

from __future__ import annotations

import sys

from infra.settings import Settings


def serve(settings: Settings, host: str, port: int) -> None:
    """Answer until told to stop."""
    import uvicorn

    from infra.serving.app import application
    from infra.serving.callers import Callers

    store = settings.open_store()
    app = application(store, Callers(settings.api_keys), settings.public_base, settings.indexes)
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


if __name__ == "__main__":
    serve(Settings.from_env(), sys.argv[1], int(sys.argv[2]))
