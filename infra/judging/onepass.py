"""One dataset's rows of one batch in one DuckDB connection: text → typed and masked → decided → tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from expectations import personal, rules
from infra.judging import seen
from infra.judging.engine import connect
from infra.judging.lane import described, meeting
from infra.judging.parcel import Opened, altered, keyed
from infra.judging.registry import Known
from infra.judging.senders import senders
from schemas import reference
from schemas.dataset import Dataset, tables
from schemas.finding import VALUE_LIMIT, Finding
from transforms import shape
from transforms.media.probe import FACTS
from transforms.mending import Origins, is_same
from transforms.tabular.reading import Refused

ROOM = 384
"""MiB that judging the rows of a dataset may hold, beside as much again as their text."""


class Pass:
    """Judges what `opened` holds of `dataset`; `run` once."""

    def __init__(
        self,
        dataset: Dataset,
        opened: list[Opened],
        batch: int,
        known: Known,
        origins_of: Callable[[str], Origins] = lambda _: {},
        folder: Path | None = None,
    ) -> None:
        self.dataset, self.opened, self.batch, self.known, self.origins_of = dataset, opened, batch, known, origins_of
        self.folder = folder

    def run(self, out: dict[str, list[pa.Table]], balance: dict[tuple[str, str], list[int]]) -> None:
        """Add this dataset's rows, media and findings to `out`, and its counts to `balance`."""
        self._weigh()
        if self._rejoin(balance):
            self.con.close()
            self._weigh()
        with self.con:
            self._hold()
            self._decide()
            accepted = self._accepted()
            out[self.dataset.name] = [accepted]
            if self.dataset.of_media:
                self.con.register("diterima", accepted)
                out.setdefault("media", []).append(self._media())
            out.setdefault("temuan", []).append(self._findings())
            out.setdefault("perbaikan", []).append(self._replacing())
            for kiriman, berkas, taken, back, skipped in self.con.execute(
                "SELECT _kiriman, _berkas, count(*) FILTER (putusan IN ('BARU', 'PERBAIKAN')),"
                " count(*) FILTER (putusan IN ('DIKEMBALIKAN', 'KUNCI_GANDA', 'KUNCI_SUDAH_ADA')),"
                " count(*) FILTER (putusan IN ('DUPLIKAT', 'SUDAH_DIGANTIKAN')) FROM diputus GROUP BY ALL"
            ).fetchall():
                cell = balance[kiriman, berkas]
                cell[1] += taken
                cell[2] += back
                cell[3] += skipped
            for o in self.opened:
                for name, lane in o.lanes.items():
                    balance[o.parcel.kiriman, name][1] += lane.rows

    def _weigh(self) -> None:
        """`dinilai` of the rows there are by now."""
        self._load()
        self._mask()

    def _load(self) -> None:
        rows = pa.concat_tables(table for o in self.opened for table in o.rows.values())
        self.con = con = connect(self.folder, ROOM + (rows.nbytes >> 20))
        d = self.dataset
        # The optimizer takes a file for 42 rows and then builds its hash tables on the wrong side of every join.
        con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,in_clause'")
        con.register("masuk", rows.append_column("_n", pa.array(np.arange(rows.num_rows))))
        con.register("pengirim", senders(self.opened, self.batch))
        spoilt = [(o.parcel.kiriman, *place) for o in self.opened for place in o.spoilt]
        con.register("cacat", _rows(spoilt, ["_kiriman", "_berkas", "_lembar"], "_baris"))
        absent = [(o.parcel.kiriman, *place) for o in self.opened for place in o.absent]
        con.register("absen", _rows(absent, ["_kiriman", "_berkas", "kolom"]))
        strays = [
            (o.parcel.kiriman, f.berkas, f.lembar, f.baris)
            for o in self.opened
            for f in o.findings
            if f.kode == "BARIS_TANPA_ASAL"
        ]
        con.register("asing", _rows(strays, ["_kiriman", "_berkas", "_lembar"], "_baris"))
        for name in shape.code_lists(d):
            con.register(f"rujukan_{name}", reference.columns(name))
        if d.of_media:
            con.register("fakta", _facts(self.opened))
        defaults = {"kode_satker"} | {name for o in self.opened if o.manifest for name in o.manifest.defaults}
        con.execute(f"CREATE VIEW teks AS {shape.text_columns(d, defaults)}")

    def _mask(self) -> None:
        """`dinilai`: the typed row as it would be stored, and a mask of the rules it breaks."""
        d = self.dataset
        regions = [f"l_{f.name}" for f in d.office_fields if f.reference == "wilayah"]
        self.con.execute(
            f"CREATE TABLE dinilai AS WITH baris AS ({shape.typed_columns(d)}), lengkap AS ({rules.written(d)})"
            f" SELECT _n, {', '.join([*shape.own_columns(d), *shape.KEYS, *regions])}, dasar, memperbaiki, urut,"
            f" _batch, _diterima_pada, {shape.key(d)} AS _kunci, {shape.fingerprint(d)} AS _sidik,"
            f" {personal.row_suspicious(d)} AS _curiga, {', '.join(rules.masks(d))} FROM lengkap"
        )

    def _rejoin(self, balance: dict[tuple[str, str], list[int]]) -> bool:
        """Whether rows came back from the fast lane: those that share their key, or are sent back with all others.

        Where they are more than can be read the careful way, none of the file is taken, as of any file too large.
        """
        lanes = [(o, name, lane) for o in self.opened for name, lane in o.lanes.items()]
        if not lanes:
            return False
        met = meeting([lane for *_, lane in lanes], self.con, self.known)
        back = False
        for (o, name, lane), numbers in zip(lanes, met, strict=True):
            some = lane.numbers() if o.sent_back else numbers
            if not len(some):
                continue
            back = True
            try:
                rows = pa.concat_tables([o.rows[name], keyed(o, lane.give_back(some).rows, name)])
                o.rows[name] = rows.sort_by("_baris")  # of several rows the same, the first one counts
            except Refused as refused:
                o.findings.append(Finding(o.parcel.kiriman, refused.kode, name, nilai=f"{name} ({refused.detail})"))
                o.rows[name] = o.rows[name].slice(0, 0)
                del o.lanes[name]
                balance[o.parcel.kiriman, name] = [0, 0, 0, 0]
        return back

    def _hold(self) -> None:
        """`pribadi`: what is personal in each row, and where; `tahanan`: the rules that hold a row from the public."""
        con, d = self.con, self.dataset
        con.execute("CREATE TABLE pribadi (_n BIGINT, kolom VARCHAR, kode VARCHAR, nilai VARCHAR)")
        if con.execute("FROM dinilai WHERE _curiga LIMIT 1").fetchone():
            suspects = "SELECT * FROM teks SEMI JOIN (SELECT _n FROM dinilai WHERE _curiga) USING (_n)"
            con.execute(f"INSERT INTO pribadi {personal.row_hits(d, f'({suspects})')}")
        if "subjek_anak" in d.arrow.names:
            con.execute(
                f"INSERT INTO pribadi SELECT _n, 'subjek_anak', '{personal.CHILD}', NULL FROM dinilai WHERE subjek_anak"
            )
        con.execute(
            "CREATE TABLE tahanan AS SELECT _n, string_agg(DISTINCT kode, ',' ORDER BY kode) AS _tertahan"
            " FROM pribadi GROUP BY _n"
        )

    def _decide(self) -> None:
        """`diputus`: what becomes of each row. A valid row meets what is already here under its key, oldest first.

        Most keys are met for the first time. The others are weighed in rounds: the n-th submission of the batch that
        carries a key is held against the lake and the rounds before it.
        """
        con = self.con
        spoilt = (
            "EXISTS (FROM cacat c WHERE c._kiriman = d._kiriman AND c._berkas = d._berkas AND c._baris = d._baris"
            " AND c._lembar IS NOT DISTINCT FROM d._lembar)"
        )
        back = [shape.literal(o.parcel.kiriman) for o in self.opened if o.sent_back]
        returned = [rules.returned(self.dataset), spoilt, *([f"_kiriman IN ({', '.join(back)})"] if back else [])]
        con.execute(
            f"CREATE TABLE diputus AS SELECT _n, _kiriman, _berkas, _kunci, _sidik, dasar, memperbaiki, _diterima_pada,"
            f" urut, CAST(NULL AS VARCHAR) AS lawan,"
            f" CASE WHEN {' OR '.join(returned)} THEN 'DIKEMBALIKAN' END AS putusan FROM dinilai d"
        )
        con.execute(
            "WITH sama AS (SELECT _kiriman, _kunci, count(DISTINCT _sidik) AS isi, min(_n) AS pertama FROM diputus"
            " WHERE putusan IS NULL GROUP BY ALL HAVING count(*) > 1)"
            " UPDATE diputus d SET putusan = CASE WHEN isi > 1 THEN 'KUNCI_GANDA' ELSE 'DUPLIKAT' END,"
            " lawan = d._kiriman FROM sama s WHERE putusan IS NULL AND s._kiriman = d._kiriman"
            " AND s._kunci = d._kunci AND (isi > 1 OR _n > pertama)"
        )
        con.execute("CREATE TABLE ada (_kunci VARCHAR, _sidik VARCHAR, _kiriman VARCHAR, pada TIMESTAMPTZ)")
        if files := list(self.known(self.dataset.name)):
            listed = ", ".join(map(shape.literal, files))
            con.execute(
                "INSERT INTO ada SELECT _kunci, arg_max(_sidik, _diterima_pada), arg_max(_kiriman, _diterima_pada),"
                f" max(_diterima_pada) FROM read_parquet([{listed}], union_by_name = true)"
                " WHERE _kunci IN (SELECT _kunci FROM diputus) GROUP BY _kunci"
            )
        con.execute(
            "CREATE TABLE putaran AS SELECT _n, dense_rank() OVER (PARTITION BY _kunci ORDER BY urut) AS ke"
            " FROM diputus WHERE putusan IS NULL AND (_kunci IN (SELECT _kunci FROM ada) OR _kunci IN"
            " (SELECT _kunci FROM diputus WHERE putusan IS NULL GROUP BY 1 HAVING count(DISTINCT urut) > 1))"
        )
        con.execute("UPDATE diputus SET putusan = 'BARU' WHERE putusan IS NULL AND _n NOT IN (SELECT _n FROM putaran)")
        (rounds,) = con.execute("SELECT coalesce(max(ke), 0) FROM putaran").fetchall()[0]
        for ke in range(1, rounds + 1):
            self._tell_apart(ke, files)
            con.execute(
                "UPDATE diputus d SET lawan = ada._kiriman, putusan = CASE"
                " WHEN ada._kunci IS NULL THEN 'BARU' WHEN ada._sidik = d._sidik THEN 'DUPLIKAT'"
                " WHEN d._n IN (SELECT _n FROM lain) THEN 'KUNCI_SUDAH_ADA'"
                " WHEN split_part(ada._kiriman, '.', 1) IN (q.dasar, q.memperbaiki) THEN"
                "   CASE WHEN ada.pada > d._diterima_pada THEN 'SUDAH_DIGANTIKAN' ELSE 'PERBAIKAN' END"
                " ELSE 'KUNCI_SUDAH_ADA' END"
                " FROM putaran p LEFT JOIN diputus q ON q._n = p._n LEFT JOIN ada ON ada._kunci = q._kunci"
                f" WHERE p.ke = {ke} AND p._n = d._n"
            )
            taken = f"diputus JOIN putaran USING (_n) WHERE ke = {ke} AND putusan IN ('BARU', 'PERBAIKAN')"
            con.execute(f"DELETE FROM ada WHERE _kunci IN (SELECT _kunci FROM {taken})")
            con.execute(f"INSERT INTO ada SELECT _kunci, _sidik, _kiriman, _diterima_pada FROM {taken}")

    def _tell_apart(self, ke: int, files: Sequence[str]) -> None:
        """`lain`: rows of corrections that met under their key another row than the one they mend."""
        con = self.con
        con.execute("CREATE OR REPLACE TABLE lain (_n BIGINT)")
        mending = {o.parcel.kiriman: o.origins for o in self.opened if o.origins}
        if not mending:
            return
        place = "_berkas, _lembar, _baris"
        con.execute(
            f"CREATE OR REPLACE TABLE bentrok AS SELECT _n, d._kiriman, {place}, _kunci, ada._kiriman AS di"
            f" FROM putaran p JOIN dinilai d USING (_n) JOIN ada USING (_kunci) WHERE ke = {ke}"
            f" AND ada._sidik <> d._sidik AND d._kiriman IN ({', '.join(map(shape.literal, mending))})"
        )
        here = [
            f"SELECT _kunci, _kiriman, {place} FROM dinilai SEMI JOIN"
            " (SELECT _n FROM diputus WHERE putusan IN ('BARU', 'PERBAIKAN')) USING (_n)"
        ]
        if files:
            listed = ", ".join(map(shape.literal, files))
            here.append(f"SELECT _kunci, _kiriman, {place} FROM read_parquet([{listed}], union_by_name = true)")
        met = con.execute(
            "SELECT b._n, b._kiriman, b._berkas, b._lembar, b._baris, b.di, h._berkas, h._lembar, h._baris"
            f" FROM bentrok b JOIN ({' UNION ALL '.join(here)}) h ON h._kunci = b._kunci AND h._kiriman = b.di"
        ).fetchall()
        for n, mine, *places in met:
            row, other = (mine, tuple(places[:3])), (places[3], tuple(places[4:]))
            if not is_same(row, other, lambda number: mending.get(number) or self.origins_of(number)):
                con.execute("INSERT INTO lain VALUES (?)", [n])

    def _accepted(self) -> pa.Table:
        found = self.con.execute(
            f"SELECT {shape.final_columns(self.dataset)} FROM dinilai LEFT JOIN tahanan USING (_n) SEMI JOIN"
            " (SELECT _n FROM diputus WHERE putusan IN ('BARU', 'PERBAIKAN')) USING (_n) ORDER BY _kunci"
        )
        return found.to_arrow_table().cast(self.dataset.arrow)

    def _replacing(self) -> pa.Table:
        """The accepted rows that replace another, and their references where they are media (table `perbaikan`)."""
        names = [(shape.literal(self.dataset.name), "_kunci")]
        if self.dataset.of_media:
            names.append(("'media'", f"concat_ws('|', {shape.literal(self.dataset.name)}, _kunci)"))
        each = [
            f"SELECT {table} AS dataset, {key} AS kunci, d._kiriman AS kiriman, d._baris AS baris, p.lawan, d._batch,"
            " d._diterima_pada FROM dinilai d JOIN (SELECT _n, lawan FROM diputus WHERE putusan = 'PERBAIKAN') p"
            " USING (_n)"
            for table, key in names
        ]
        found = self.con.execute(f"{' UNION ALL '.join(each)} ORDER BY ALL")
        return found.to_arrow_table().cast(tables()["perbaikan"].arrow)

    def _media(self) -> pa.Table:
        return self.con.execute(seen.rows(self.dataset)).to_arrow_table().cast(tables()["media"].arrow)

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
        value = " ".join(f"WHEN {shape.literal(n)} THEN {shape.quoted('x_' + n)}" for n in names)
        regions = [f.name for f in d.office_fields if f.reference == "wilayah"]
        renamed = " ".join(f"WHEN a.kode = 'KODE_LAMA' AND a.kolom = '{n}' THEN \"l_{n}\"" for n in regions)
        batas = f"CASE {renamed} ELSE nullif(a.batas, '') END" if regions else "nullif(a.batas, '')"
        # What is held is which rule which row breaks; the texts pass by it.
        broken = (
            f"SELECT _n, a.kode, a.kolom, {batas} AS batas FROM dinilai d JOIN aturan a"
            f" ON (([{words}][a.kata + 1] >> a.bit) & 1) = 1 WHERE {rules.flagged(d)}"
            f" AND NOT EXISTS (FROM absen n WHERE n._kiriman = d._kiriman AND n._berkas = d._berkas"
            f" AND n.kolom = a.kolom) AND NOT EXISTS (FROM asing s WHERE s._kiriman = d._kiriman"
            f" AND s._berkas = d._berkas AND s._lembar IS NOT DISTINCT FROM d._lembar AND s._baris = d._baris)"
        )
        con.execute(
            f"CREATE TABLE temuan AS SELECT d._kiriman AS kiriman, a.kode, d._berkas AS berkas, d._lembar AS lembar,"
            f" d._baris AS baris, a.kolom, CASE a.kolom {value} END AS nilai, a.batas"
            f" FROM teks d JOIN ({broken}) a USING (_n)"
        )
        con.execute(
            "INSERT INTO temuan SELECT d._kiriman, putusan, d._berkas, d._lembar, d._baris, NULL, d._kunci, lawan"
            " FROM diputus p JOIN dinilai d USING (_n)"
            " WHERE putusan NOT IN ('BARU', 'PERBAIKAN', 'DIKEMBALIKAN')"
        )
        con.execute(
            "INSERT INTO temuan SELECT d._kiriman, p.kode, d._berkas, d._lembar, d._baris, p.kolom, p.nilai, NULL"
            " FROM pribadi p JOIN dinilai d USING (_n)"
        )
        if d.of_media:
            for sql in seen.findings(list(self.known("media"))):
                con.execute(sql)
        told = [name for name in (d.period, *regions) if name]
        lanes = [lane for o in self.opened for lane in o.lanes.values()]
        taken = "_n IN (SELECT _n FROM diputus WHERE putusan IN ('BARU', 'PERBAIKAN')) AS diterima"
        files = (
            [f"SELECT _kiriman, _berkas, {', '.join(map(shape.quoted, told))}, {taken} FROM dinilai"] if told else []
        )
        files += [described(lanes, told)] if told and lanes else []
        if files:
            con.execute(f"CREATE VIEW isi_berkas AS {' UNION ALL '.join(files)}")
        for sql in rules.of_files(d):
            con.execute(sql)
        levels = [{"kode": m.kode, "tingkat": m.tingkat} for m in rules.messages().values()]
        con.register("kata", pa.Table.from_pylist(levels))
        found = con.execute(
            f"SELECT kiriman, kode, tingkat, berkas, lembar, baris, kolom,"
            f" left({personal.masked('nilai')}, {VALUE_LIMIT}) AS nilai, batas,"
            f" {self.batch}::BIGINT AS _batch FROM temuan JOIN kata USING (kode)"
            " ORDER BY kiriman, berkas, lembar, baris, kolom, kode"
        )
        return found.to_arrow_table().cast(tables()["temuan"].arrow)


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
