"""Envelopes: manifests that cannot be read, or that say what may not be said; and a workbook that claims to mend."""

from schemas.manifest import LIMIT_BYTES
from tests.samples.make import GOOD, Case, back, items, manifest, whole, workbook

T = "teks"


def cases() -> list[Case]:
    good = items(T, {})["manifest.json"]
    return [
        whole(T, "manifes-bukan-json", {"manifest.json": b'{"versi": 1,'}, "MANIFES_TIDAK_TERBACA:"),
        Case(
            T,
            "manifes-berpenanda-bom",
            {"manifest.json": b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n")},
            (1, 0, 0),
            near=("MANIFES_TIDAK_TERBACA",),
        ),
        whole(T, "manifes-daftar", {"manifest.json": b"[]"}, "MANIFES_TIDAK_SAH:/"),
        whole(
            T,
            "manifes-tanpa-dataset",
            {"manifest.json": b'{"versi": 1, "satker": "JATENG", "isi": [{}]}'},
            "MANIFES_WAJIB:dataset",
            rows=1,
        ),
        whole(
            T, "manifes-kunci-asing", items(T, {}, memperbaki="2026-000001"), "MANIFES_KUNCI_ASING:/memperbaki", rows=1
        ),
        Case(T, "manifes-kunci-boleh", items(T, {}, catatan="-"), (1, 0, 0), near=("MANIFES_KUNCI_ASING",)),
        whole(
            T,
            "manifes-dataset-asing",
            items(T, {}) | manifest("tekss", {"isi": [{}]}),
            "DATASET_TIDAK_DIKENAL:dataset",
            rows=1,
        ),
        whole(T, "manifes-standar-lama", items(T, {}, standar="teks@9"), "STANDAR_TIDAK_BERLAKU:standar", rows=1),
        Case(
            T,
            "manifes-standar-berlaku",
            items(T, {}, standar="teks@1"),
            (1, 0, 0),
            near=("STANDAR_TIDAK_BERLAKU", "DATASET_TIDAK_DIKENAL"),
        ),
        whole(T, "manifes-satker-asing", items(T, {}, satker="ATLANTIS"), "SATKER_TIDAK_DIKENAL:satker", rows=1),
        Case(
            T,
            "manifes-satker-bawahan",
            items(T, {}, satker="JATENG.BANYUMAS"),
            (1, 0, 0),
            near=("SATKER_TIDAK_DIKENAL",),
        ),
        whole(
            T,
            "manifes-terlalu-besar",
            {"manifest.json": good.ljust(LIMIT_BYTES + 1)},
            "MANIFES_TERLALU_BESAR:",
        ),
        Case(
            T,
            "manifes-paling-besar",
            {"manifest.json": good.ljust(LIMIT_BYTES)},
            (1, 0, 0),
            near=("MANIFES_TERLALU_BESAR",),
        ),
        back("tanpa-standar", {"standar": None}, "KIRIMAN_TANPA_STANDAR:standar"),
        back("tanpa-metadata", {"metadata": None}, "KIRIMAN_TANPA_METADATA:metadata"),
        whole(
            T,
            "perbaikan-tanpa-versi",
            mending("2026-000007", '["2026-000007.1","manifest.json",null,1,""]'),
            "PERBAIKAN_TIDAK_DIKENAL:perbaikan",
        ),
        Case(
            T,
            "perbaikan",
            mending("2026-000007.1", '["2026-000007.1","manifest.json",null,1,""]'),
            (1, 0, 0),
            near=("PERBAIKAN_TIDAK_DIKENAL", "BARIS_TANPA_ASAL"),
        ),
        Case(
            T,
            "perbaikan-baris-lain",
            mending("2026-000007.1", '["2026-000008.1","manifest.json",null,1,""]'),
            (0, 1, 0),
            [("BARIS_TANPA_ASAL:", 2)],
        ),
    ]


def mending(number: str, row_id: str) -> dict[str, bytes]:
    """One mended text as it comes back: a workbook that names the receipt, and the row by its hidden id."""
    rows = [[*GOOD[T], "asal_baris"], [*GOOD[T].values(), row_id]]
    envelope = [["nama", "nilai"], ["satker", "JATENG"], ["dataset", T], ["perbaikan", number]]
    return {"manifest.xlsx": workbook(Isi=rows, Kiriman=envelope)}
