"""Keeps a table of a partner's dataset; run again and again, it takes what is new."""

# ruff: noqa: T201
import csv
import json
import sqlite3
import sys
from pathlib import Path

place, dataset = Path(sys.argv[1]), sys.argv[2]
told = json.loads((place / "perubahan.json").read_text())["dataset"][dataset]
db = sqlite3.connect(f"{dataset}.db")
db.execute("CREATE TABLE IF NOT EXISTS baris (kunci TEXT PRIMARY KEY, isi TEXT)")
at = db.execute("PRAGMA user_version").fetchone()[0]
steps = {step["nomor"]: step["berkas"] for step in told["perubahan"]}


def rows(files):
    """The rows of the CSV among the files of a step."""
    (path,) = [f["berkas"] for f in files if f["berkas"].endswith(".csv")]
    with (place / path).open(newline="") as lines:
        yield from csv.DictReader(lines)


with db:
    if at == 0 or any(n not in steps for n in range(at + 1, told["nomor"] + 1)):
        base = [file for file in told["dasar"] if file["berkas"].endswith(".csv")]
        if not base:
            sys.exit("the whole is made anew tonight; ask again tomorrow")
        at = base[0]["nomor"]
        db.execute("DELETE FROM baris")
        db.executemany("INSERT INTO baris VALUES (?, ?)", ((r["_kunci"], json.dumps(r)) for r in rows(base)))
    for number in range(at + 1, told["nomor"] + 1):
        for row in rows(steps[number]):
            if row.pop("_ubah") == "HAPUS":
                db.execute("DELETE FROM baris WHERE kunci = ?", (row["_kunci"],))
            else:
                db.execute("INSERT OR REPLACE INTO baris VALUES (?, ?)", (row["_kunci"], json.dumps(row)))
    db.execute(f"PRAGMA user_version = {told['nomor']}")
print(dataset, told["nomor"], db.execute("SELECT count(*) FROM baris").fetchone()[0], "rows")
