"""What each client of `bench_api` does; Locust runs this, in an environment of its own that has nothing of ours."""

import json
import os
import random
from pathlib import Path

from locust import FastHttpUser, events, task

FOLDER = Path(os.environ["BENCH_FOLDER"])
QUESTIONS = json.loads((FOLDER / "questions.json").read_text())
PAGES = 4
"""How many pages of an answer are read before the next question."""

taken: dict[str, list[float]] = {}


class Client(FastHttpUser):
    """Asks one question after the other without a pause, each read on for some pages."""

    @task
    def ask(self) -> None:
        kind, page = random.choice(QUESTIONS)
        for _ in range(PAGES):
            answer = self.client.get(page, name=kind, headers={"X-API-Key": os.environ["BENCH_KEY"]})
            page = answer.json()["lanjut"] if answer.status_code == 200 else None
            if not page:
                return


@events.request.add_listener
def note(name: str, response_time: float, **_: object) -> None:
    """Milliseconds to the whole answer; Locust's own figures are rounded."""
    taken.setdefault(name, []).append(response_time)


@events.quitting.add_listener
def keep(**_: object) -> None:
    (FOLDER / "taken.json").write_text(json.dumps(taken))
