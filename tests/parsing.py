"""Parse each Dag file as Airflow would, each in a process of its own, and print what it found as JSON lines."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def parse(path: Path) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    began = time.process_time()
    bag = DagBag(path, bundle_path=path.parent, bundle_name="test")
    return {
        "file": path.name,
        "seconds": time.process_time() - began,
        "errors": list(bag.import_errors.values()),
        "dags": [
            {
                "id": dag.dag_id,
                "doc": dag.doc_md or "",
                "tags": sorted(dag.tags),
                "catchup": dag.catchup,
                "runs": dag.max_active_runs,
                "tasks": {
                    task.task_id: {
                        "retries": task.retries,
                        "backoff": task.retry_exponential_backoff,
                        "policy": task.retry_policy.serialize() if task.retry_policy else None,
                        "downstream": sorted(task.downstream_task_ids),
                        "outlets": [asset.name for asset in task.outlets],
                    }
                    for task in dag.tasks
                },
            }
            for dag in bag.dags.values()
        ],
    }


if __name__ == "__main__":
    import airflow.dag_processing.dagbag
    import airflow.sdk.definitions.dag  # noqa: F401 - what a parsing process has always imported already

    for name in sys.argv[1:]:
        if (child := os.fork()) == 0:
            print(json.dumps(parse(Path(name))), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
