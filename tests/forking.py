"""A component that forks a child which forks another; each waits for ever and says its process id first."""

import os
import time

for _ in range(2):
    print(os.getpid(), flush=True)
    if os.fork():
        break
else:
    print(os.getpid(), flush=True)
time.sleep(600)
