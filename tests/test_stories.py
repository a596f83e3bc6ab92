"""Items that retell others: what they name has to be here, and its credit is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from infra.judging.judge import Verdict, judge
from tests.samples import make
from tests.test_samples import ARRIVED, parcel
from transforms.stories import originals


def sent(folder: Path, name: str, dataset: str, *items: dict[str, Any], satker: str = "JATENG") -> Any:
    files = make.items(dataset, *items, satker=satker)
    make.write(make.Case(dataset, name, files, (1, 0, 0)), folder / name)
    return parcel(folder / name, f"2026-{len(list(folder.iterdir())):06d}.1")


def said(verdict: Verdict) -> list[tuple[str, str]]:
    return [(f["kode"], f["nilai"]) for f in verdict.tables["temuan"].to_pylist()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, []),
        ("foto/A|1", [("foto", "A|1")]),
        (
            "foto/A|B/1/2 ; layanan_informasi/A|2026-10;foto/A|B/1/2",
            [("foto", "A|B/1/2"), ("layanan_informasi", "A|2026-10")],
        ),
    ],
)
def test_what_is_retold_is_named_by_dataset_and_key(text: str | None, found: list[tuple[str, str]]) -> None:
    assert originals(text) == found


def test_what_an_item_retells_has_to_be_here(tmp_path: Path) -> None:
    """TURUNAN_TIDAK_ADA: unless it came before, or comes in the same batch."""
    photo = sent(tmp_path, "foto", "foto", {"nomor": "BMS/1"}, satker="JATENG.BANYUMAS")
    known = judge([photo], 1).tables["foto"]
    pq.write_table(known, tmp_path / "foto.parquet")
    rows = [
        "foto/JATENG.BANYUMAS|BMS/1",
        "foto/JATENG.BANYUMAS|BMS/2",
        "fotoo/JATENG|1",
        "layanan_informasi/JATENG|2026-10",
    ]
    text = sent(tmp_path, "teks", "teks", *({"turunan_dari": each} for each in rows))
    figures = tmp_path / "angka"
    make.write(
        make.Case("layanan_informasi", "x", make.table("layanan_informasi", make.ROWS["layanan_informasi"]), (2, 0, 0)),
        figures,
    )

    def lake(name: str) -> list[str]:
        return [str(tmp_path / "foto.parquet")] if name == "foto" else []

    missing = [("TURUNAN_TIDAK_ADA", rows[1]), ("TURUNAN_TIDAK_ADA", rows[2])]
    batch = [text, parcel(figures, "2026-000009.1")]
    assert said(judge(batch, 2, known=lake, owner_of=lambda _: None)) == missing
    both = judge([photo, *batch], 2, owner_of=lambda _: None)
    assert [f for f in said(both) if f[0] == "TURUNAN_TIDAK_ADA"] == missing
    assert {o.status for o in both.outcomes} == {"DIPERIKSA"}, "nothing comes back for it"


def test_a_dry_run_cannot_know_what_is_not_here_but_knows_every_dataset(tmp_path: Path) -> None:
    text = sent(tmp_path, "teks", "teks", {"turunan_dari": "foto/JATENG|1"}, {"turunan_dari": "fotoo/JATENG|1"})
    assert said(judge([text], 1)) == [("TURUNAN_TIDAK_ADA", "fotoo/JATENG|1")]


def test_the_credit_asked_for_is_the_one_the_original_has_now(tmp_path: Path) -> None:
    old = sent(tmp_path, "lama", "foto", {"kredit": "Sihumas lama"})
    new = sent(tmp_path, "baru", "foto", {"kredit": "Sihumas baru"})
    pq.write_table(judge([old], 1).tables["foto"], tmp_path / "1.parquet")
    later = judge([parcel(tmp_path / "baru", new.kiriman, ARRIVED.replace(hour=9))], 2).tables["foto"]
    pq.write_table(later, tmp_path / "2.parquet")
    files = [str(tmp_path / f"{n}.parquet") for n in (1, 2)]
    text = sent(
        tmp_path,
        "teks",
        "teks",
        {"turunan_dari": "foto/JATENG|UJI/2026/001", "kredit": "Sihumas baru / Divhumas"},
        {"turunan_dari": "foto/JATENG|UJI/2026/001", "kredit": "Sihumas lama / Divhumas"},
    )
    verdict = judge([text], 3, known=lambda name: files if name == "foto" else [], owner_of=lambda _: None)
    (only,) = verdict.tables["temuan"].to_pylist()
    assert (only["kode"], only["baris"], only["batas"]) == ("KREDIT_ASAL_HILANG", 2, "foto/JATENG|UJI/2026/001")


def test_a_column_added_at_the_end_of_a_standard_changes_no_fingerprint(tmp_path: Path) -> None:
    """Else everything that was handed in before would come as a correction of itself."""
    text = sent(
        tmp_path, "teks", "teks", {}, {"turunan_dari": "teks/JATENG|UJI/2026/001", "kredit": "Humas contoh, ulang"}
    )
    first, second = judge([text], 1).tables["teks"].to_pylist()
    # As it was computed when `subjek_anak` was the last column.

    words = ["JATENG", *(first[n] or "" for n in ("nomor", "judul", "genre", "isi", "bahasa"))]
    words += [first["tanggal_kejadian"].isoformat(), *(first[n] or "" for n in ("kode_wilayah", "topik", "peristiwa"))]
    words += [first["kredit"], first["lisensi"], first["klasifikasi_informasi"], "", "", "", "", "false"]
    assert first["_sidik"] == hashlib.md5("\x1f".join(words).encode()).hexdigest()
    assert second["_sidik"] != first["_sidik"]
