"""Start the stack of the home in the environment, say "started", and wait to be ended."""

import time

from infra.embedded.stack import Stack
from infra.settings import Settings

if __name__ == "__main__":
    with Stack(Settings.from_env(), say=lambda line: print(line, flush=True)) as stack:
        stack.wait_healthy()
        print("started", flush=True)
        while True:
            time.sleep(1)
