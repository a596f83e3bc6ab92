"""Judging: opened parcels in, a verdict out. One DuckDB pass per dataset gives every row all its findings.

The pipeline and `satu check` call the same `judge`; a dry run simply knows nothing of what the lake already holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import duckdb
import pyarrow as pa

from expectations import rules
from infra.parcel import Opened, Parcel, altered, open_parcel
from schemas import reference
from schemas.dataset import Dataset, datasets, tables
from schemas.finding import VALUE_LIMIT
from transforms import shape
from transforms.media.probe import FACTS
from transforms.shape import OFFLINE

Known = Callable[[str], Sequence[str]]
"""Table name → the Parquet files that hold its rows judged so far."""


@dataclass(frozen=True)
class Outcome:
    """What became of one submission; `rows_in = accepted + returned + skipped`, always."""

    kiriman: str
    satker: str | None
    dataset: str | None
    rows_in: int
    accepted: int
    returned: int
    skipped: int
    faults: int

    @property
    def status(self) -> str:
        """Its state after judging: see docs/architecture.md."""
        if self.accepted:
            return "DIPERIKSA"
        return "DIKEMBALIKAN" if self.returned or self.faults else "DILEWATI"


@dataclass(frozen=True)
class Verdict:
    """What a batch adds to each table, and what became of each submission, in order."""

    tables: dict[str, pa.Table]
    outcomes: list[Outcome]


def judge(
    parcels: Iterable[Parcel],
    batch: int,
    *,
    known: Known = lambda _: (),
    owner_of: Callable[[str], str | None] | None = None,
) -> Verdict:
    """Judge parcels together. `known` finds rows judged before; `owner_of` the source of a receipt number."""
    opened = [open_parcel(parcel, owner_of) for parcel in parcels]
    temuan = [f.row(batch) for o in opened for f in o.findings]
    balance = {
        (o.parcel.kiriman, name): [rows, 0, returned, skipped]
        for o in opened
        for name, (rows, skipped, returned) in o.balances.items()
    }
    out: dict[str, list[pa.Table]] = {}
    for name in sorted({o.dataset for o in opened if o.manifest and o.rows and o.dataset}):
        _Pass(datasets()[name], [o for o in opened if o.manifest and o.dataset == name], batch, known).run(out, balance)
    neraca = [
        {"kiriman": k, "berkas": b, "masuk": n, "diterima": a, "dikembalikan": r, "dilewati": s, "_batch": batch}
        for (k, b), (n, a, r, s) in balance.items()
    ]
    out.setdefault("temuan", []).append(_table("temuan", temuan))
    out["neraca_baris"] = [_table("neraca_baris", neraca)]
    verdict = {name: pa.concat_tables(parts) for name, parts in out.items()}
    outcomes = _outcomes(opened, verdict)
    verdict["kiriman"] = _table("kiriman", [_kiriman(o, r, batch) for o, r in zip(opened, outcomes, strict=True)])
    return Verdict(verdict, outcomes)


class _Pass:
    """One dataset's rows of one batch in one DuckDB connection: text → typed and masked → decided → tables."""

    def __init__(self, dataset: Dataset, opened: list[Opened], batch: int, known: Known) -> None:
        self.dataset, self.opened, self.batch, self.known = dataset, opened, batch, known
        self.con = duckdb.connect(config=OFFLINE)

    def run(self, out: dict[str, list[pa.Table]], balance: dict[tuple[str, str], list[int]]) -> None:
        """Add this dataset's rows, media and findings to `out`, and its counts to `balance`."""
        with self.con:
            self._load()
            self._mask()
            self._decide()
            accepted = self._accepted()
            out[self.dataset.name] = [accepted]
            if self.dataset.of_media:
                self.con.register("diterima", accepted)
                out.setdefault("media", []).append(self._media())
            out.setdefault("temuan", []).append(self._findings())
            for kiriman, berkas, taken, back, skipped in self.con.execute(
                "SELECT _kiriman, _berkas, count(*) FILTER (putusan IN ('BARU', 'PERBAIKAN')),"
                " count(*) FILTER (putusan IN ('DIKEMBALIKAN', 'KUNCI_GANDA', 'KUNCI_SUDAH_ADA')),"
                " count(*) FILTER (putusan IN ('DUPLIKAT', 'SUDAH_DIGANTIKAN')) FROM diputus GROUP BY ALL"
            ).fetchall():
                cell = balance[kiriman, berkas]
                cell[1] += taken
                cell[2] += back
                cell[3] += skipped

    def _load(self) -> None:
        con, d = self.con, self.dataset
        con.register("masuk", pa.concat_tables(table for o in self.opened for table in o.rows))
        con.register("pengirim", _senders(self.opened, self.batch))
        spoilt = [(o.parcel.kiriman, *place) for o in self.opened for place in o.spoilt]
        con.register("cacat", _rows(spoilt, ["_kiriman", "_berkas", "_lembar"], "_baris"))
        absent = [(o.parcel.kiriman, *place) for o in self.opened for place in o.absent]
        con.register("absen", _rows(absent, ["_kiriman", "_berkas", "kolom"]))
        lists = {f.reference for f in d.office_fields if f.reference}
        for name in lists | ({"wilayah_lama"} if "wilayah" in lists else set()):
            con.execute(f"CREATE VIEW rujukan_{name} AS FROM read_csv('{reference.path(name)}', all_varchar = true)")
        if d.of_media:
            con.register("fakta", _facts(self.opened))

    def _mask(self) -> None:
        d = self.dataset
        defaults = {"kode_satker"} | {name for o in self.opened if o.manifest for name in o.manifest.defaults}
        self.con.execute(
            f"CREATE TABLE dinilai AS WITH teks AS ({shape.text_columns(d, defaults)}),"
            f" baris AS ({shape.typed_columns(d)}), lengkap AS ({rules.written(d)})"
            f" SELECT *, {shape.key(d)} AS _kunci, {shape.fingerprint(d)} AS _sidik, {', '.join(rules.masks(d))}"
            f" FROM lengkap"
        )

    def _decide(self) -> None:
        """`diputus`: what becomes of each row. A valid row meets what is already here under its key, oldest first.

        Rounds: the n-th submission of the batch that carries a key is weighed against the lake and rounds before it.
        """
        con = self.con
        con.execute(
            f"CREATE TABLE diputus AS SELECT d.rowid AS id, _kiriman, _berkas, _kunci, _sidik, dasar, memperbaiki,"
            f" _diterima_pada, urut, CAST(NULL AS VARCHAR) AS lawan,"
            f" CASE WHEN {rules.returned(self.dataset)} OR EXISTS (FROM cacat c WHERE c._kiriman = d._kiriman"
            f" AND c._berkas = d._berkas AND c._baris = d._baris AND c._lembar IS NOT DISTINCT FROM d._lembar)"
            f" THEN 'DIKEMBALIKAN' END AS putusan FROM dinilai d"
        )
        con.execute(
            "WITH sama AS (SELECT id, count(DISTINCT _sidik) OVER w AS isi, row_number() OVER (w ORDER BY id) AS ke"
            " FROM diputus WHERE putusan IS NULL WINDOW w AS (PARTITION BY _kiriman, _kunci))"
            " UPDATE diputus SET putusan = CASE WHEN isi > 1 THEN 'KUNCI_GANDA' ELSE 'DUPLIKAT' END, lawan = _kiriman"
            " FROM sama WHERE sama.id = diputus.id AND (isi > 1 OR ke > 1)"
        )
        con.execute(
            "CREATE TABLE putaran AS SELECT id, dense_rank() OVER (PARTITION BY _kunci ORDER BY urut) AS ke"
            " FROM diputus WHERE putusan IS NULL"
        )
        con.execute("CREATE TABLE ada (_kunci VARCHAR PRIMARY KEY, _sidik VARCHAR, _kiriman VARCHAR, pada TIMESTAMPTZ)")
        if files := list(self.known(self.dataset.name)):
            con.execute(
                "INSERT INTO ada SELECT _kunci, arg_max(_sidik, _diterima_pada), arg_max(_kiriman, _diterima_pada),"
                " max(_diterima_pada) FROM read_parquet(?)"
                " WHERE _kunci IN (SELECT _kunci FROM diputus) GROUP BY _kunci",
                [files],
            )
        (rounds,) = con.execute("SELECT coalesce(max(ke), 0) FROM putaran").fetchall()[0]
        for ke in range(1, rounds + 1):
            con.execute(
                "UPDATE diputus SET lawan = ada._kiriman, putusan = CASE"
                " WHEN ada._kunci IS NULL THEN 'BARU' WHEN ada._sidik = diputus._sidik THEN 'DUPLIKAT'"
                " WHEN split_part(ada._kiriman, '.', 1) IN (q.dasar, q.memperbaiki) THEN"
                "   CASE WHEN ada.pada > diputus._diterima_pada THEN 'SUDAH_DIGANTIKAN' ELSE 'PERBAIKAN' END"
                " ELSE 'KUNCI_SUDAH_ADA' END"
                " FROM putaran p LEFT JOIN diputus q ON q.id = p.id LEFT JOIN ada ON ada._kunci = q._kunci"
                " WHERE p.ke = ? AND p.id = diputus.id",
                [ke],
            )
            con.execute(
                "INSERT OR REPLACE INTO ada SELECT _kunci, _sidik, _kiriman, _diterima_pada"
                " FROM diputus JOIN putaran USING (id) WHERE ke = ? AND putusan IN ('BARU', 'PERBAIKAN')",
                [ke],
            )

    def _accepted(self) -> pa.Table:
        found = self.con.execute(
            f"SELECT {shape.final_columns(self.dataset)} FROM dinilai d SEMI JOIN"
            " (SELECT id FROM diputus WHERE putusan IN ('BARU', 'PERBAIKAN')) s ON s.id = d.rowid"
            " ORDER BY _kunci"
        )
        return found.to_arrow_table().cast(self.dataset.arrow)

    def _media(self) -> pa.Table:
        return self.con.execute(media_rows(self.dataset)).to_arrow_table().cast(tables()["media"].arrow)

    def _findings(self) -> pa.Table:
        """Rule findings of masked rows, then what the keys said, then media that is already here."""
        con, d = self.con, self.dataset
        listed = [
            {"kode": r.kode, "kolom": r.kolom, "batas": r.batas, "kata": at // rules.BITS, "bit": at % rules.BITS}
            for at, r in enumerate(rules.rules(d))
        ]
        con.register("aturan", pa.Table.from_pylist(listed))
        words = ", ".join(f"_m{n}" for n in range(-(-len(listed) // rules.BITS)))
        names = [f.name for f in d.office_fields]
        texts = ", ".join(shape.quoted(f"x_{n}") for n in names)
        values = f"map([{', '.join(map(shape.literal, names))}], [{texts}])"
        regions = [f.name for f in d.office_fields if f.reference == "wilayah"]
        renamed = " ".join(f"WHEN a.kode = 'KODE_LAMA' AND a.kolom = '{n}' THEN \"l_{n}\"" for n in regions)
        batas = f"CASE {renamed} ELSE nullif(a.batas, '') END" if regions else "nullif(a.batas, '')"
        con.execute(
            f"CREATE TABLE temuan AS SELECT _kiriman AS kiriman, a.kode, _berkas AS berkas, _lembar AS lembar,"
            f" _baris AS baris, a.kolom, {values}[a.kolom] AS nilai, {batas} AS batas"
            f" FROM dinilai JOIN aturan a ON (([{words}][a.kata + 1] >> a.bit) & 1) = 1"
            f" WHERE {rules.flagged(d)} AND NOT EXISTS (FROM absen n WHERE n._kiriman = dinilai._kiriman"
            f" AND n._berkas = dinilai._berkas AND n.kolom = a.kolom)"
        )
        con.execute(
            "INSERT INTO temuan SELECT d._kiriman, putusan, d._berkas, d._lembar, d._baris, NULL, d._kunci, lawan"
            " FROM diputus p JOIN dinilai d ON d.rowid = p.id"
            " WHERE putusan NOT IN ('BARU', 'PERBAIKAN', 'DIKEMBALIKAN')"
        )
        if d.of_media:
            self._seen_media()
        levels = [{"kode": m.kode, "tingkat": m.tingkat} for m in rules.messages().values()]
        con.register("kata", pa.Table.from_pylist(levels))
        found = con.execute(
            f"SELECT kiriman, kode, tingkat, berkas, lembar, baris, kolom, left(nilai, {VALUE_LIMIT}) AS nilai, batas,"
            f" {self.batch}::BIGINT AS _batch FROM temuan JOIN kata USING (kode)"
            " ORDER BY kiriman, berkas, lembar, baris, kolom, kode"
        )
        return found.to_arrow_table().cast(tables()["temuan"].arrow)

    def _seen_media(self) -> None:
        earlier = "SELECT sha256, kiriman, urut FROM (VALUES (NULL, NULL, 0)) t(sha256, kiriman, urut) WHERE false"
        if files := list(self.known("media")):
            listed = ", ".join(shape.literal(f) for f in files)
            earlier = (
                f"SELECT sha256, min(_kiriman) AS kiriman, -1 AS urut FROM read_parquet([{listed}])"
                " WHERE sha256 IN (SELECT f_sha256 FROM dinilai) GROUP BY sha256"
            )
        self.con.execute(
            f"INSERT INTO temuan WITH milik AS (SELECT d.*, d.rowid AS id FROM dinilai d JOIN diputus p"
            f" ON p.id = d.rowid WHERE putusan = 'BARU'), ada AS ({earlier} UNION ALL"
            f" SELECT f_sha256, _kiriman, id FROM milik)"
            f" SELECT m._kiriman, 'MEDIA_SUDAH_ADA', m._berkas, m._lembar, m._baris, 'berkas', m.x_berkas,"
            f" arg_min(a.kiriman, a.urut) FROM milik m JOIN ada a ON a.sha256 = m.f_sha256 AND a.urut < m.id"
            f" GROUP BY ALL"
        )


def media_rows(dataset: Dataset) -> str:
    """SQL: the media reference of each accepted row of a dataset of media (table `media`)."""
    own = {f.name for f in dataset.fields}
    special = {
        "dataset": shape.literal(dataset.name),
        "uri": "'urn:spit:media:sha256:' || sha256",
        "ada_gps": "ada_gps",
        "_kunci": f"concat_ws('|', {shape.literal(dataset.name)}, _kunci)",
    }
    lineage = ("_kiriman", "_batch", "_diterima_pada")
    columns = [
        f"{special.get(f.name) or (f.name if f.name in own or f.name in lineage else 'NULL')} AS {f.name}"
        for f in tables()["media"].fields
    ]
    return (
        f"SELECT {', '.join(columns)} FROM diterima LEFT JOIN"
        " (SELECT sha256, bool_or(ada_gps) AS ada_gps FROM fakta GROUP BY sha256) USING (sha256) ORDER BY _kunci"
    )


def _senders(opened: Sequence[Opened], batch: int) -> pa.Table:
    """Relation `pengirim`: what the rows of each submission share."""
    rows = []
    for at, o in enumerate(opened):
        assert o.manifest is not None
        offset = reference.offset(o.manifest.satker)
        hours = timedelta(hours=int(offset[1:3]))
        rows.append(
            {
                "_kiriman": o.parcel.kiriman,
                "dasar": o.parcel.root,
                "memperbaiki": o.manifest.corrects,
                "satker": o.manifest.satker,
                "zona": offset,
                "hari_terima": (o.parcel.arrived_at + hours).date(),
                "bawaan": list({"kode_satker": o.manifest.satker, **o.manifest.defaults}.items()),
                "urut": at,
                "_batch": batch,
                "_diterima_pada": o.parcel.arrived_at,
            }
        )
    schema = pa.schema(
        [
            *[(name, pa.string()) for name in ("_kiriman", "dasar", "memperbaiki", "satker", "zona")],
            ("hari_terima", pa.date32()),
            ("bawaan", pa.map_(pa.string(), pa.string())),
            ("urut", pa.int64()),
            ("_batch", pa.int64()),
            ("_diterima_pada", pa.timestamp("us", tz="UTC")),
        ]
    )
    return pa.Table.from_pylist(rows, schema)


def _facts(opened: Sequence[Opened]) -> pa.Table:
    """Relation `fakta`: what examining each file of each submission found; a file altered on its way says so."""
    rows = []
    for o in opened:
        assert o.manifest is not None
        for file in o.parcel.files.values():
            fact = dict(o.parcel.facts.get(file.sha256, {}))
            if altered(o.manifest, file):
                fact["galat"] = "BERKAS_BERUBAH"
            rows.append({**fact, "_kiriman": o.parcel.kiriman, "berkas": file.name, "sha256": file.sha256})
    keys = pa.schema([("_kiriman", pa.string()), ("berkas", pa.string()), ("sha256", pa.string())])
    return pa.Table.from_pylist(rows, pa.schema([*keys, *FACTS]))


def _rows(rows: Sequence[tuple[object, ...]], names: Sequence[str], number: str | None = None) -> pa.Table:
    fields = [(name, pa.string()) for name in names] + ([(number, pa.int64())] if number else [])
    schema = pa.schema(fields)
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def _table(name: str, rows: Sequence[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), tables()[name].arrow)


def _outcomes(opened: Sequence[Opened], verdict: dict[str, pa.Table]) -> list[Outcome]:
    with duckdb.connect(config=OFFLINE) as con:
        con.register("neraca", verdict["neraca_baris"])
        con.register("temuan", verdict["temuan"])
        counts = {
            k: c
            for k, *c in con.execute(
                "SELECT kiriman, sum(masuk)::BIGINT, sum(diterima)::BIGINT, sum(dikembalikan)::BIGINT,"
                " sum(dilewati)::BIGINT FROM neraca GROUP BY 1"
            ).fetchall()
        }
        faults = dict(con.execute("SELECT kiriman, count(*) FROM temuan WHERE tingkat = 'GALAT' GROUP BY 1").fetchall())
    return [
        Outcome(
            o.parcel.kiriman, o.satker, o.dataset, *counts[o.parcel.kiriman], faults=faults.get(o.parcel.kiriman, 0)
        )
        for o in opened
    ]


def _kiriman(o: Opened, outcome: Outcome, batch: int) -> dict[str, object]:
    return {
        "kiriman": outcome.kiriman,
        "sumber": o.parcel.source,
        "nama": o.parcel.name,
        "versi": o.parcel.version,
        "kode_satker": outcome.satker,
        "dataset": outcome.dataset,
        "status": outcome.status,
        "baris_masuk": outcome.rows_in,
        "baris_diterima": outcome.accepted,
        "baris_dikembalikan": outcome.returned,
        "baris_dilewati": outcome.skipped,
        "ukuran_byte": o.parcel.size,
        "_batch": batch,
        "_diterima_pada": o.parcel.arrived_at,
    }
