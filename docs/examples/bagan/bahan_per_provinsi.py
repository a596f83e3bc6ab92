from pathlib import Path

from infra.sql.query import ask
from infra.sql.result import render

found = ask("SELECT provinsi, sum(bahan) AS bahan FROM bahan_wilayah GROUP BY 1 ORDER BY 2 DESC")
Path("bahan.svg").write_bytes(render(found, "svg"))
