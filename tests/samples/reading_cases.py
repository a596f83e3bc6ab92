"""Tables as text: what their dialect, header, lines and cells may hide, and what is no table at all."""

from tests.samples.make import GOOD, ITEM, ROWS, Case, Files, manifest, raw_table
from transforms.tabular.reading import MAX_COLUMNS

T = "teks"
TEXTS = [
    ["judul", "nomor", "isi"],
    ["Apel pagi", "UJI/1", GOOD[T]["isi"]],
    ["Patroli sore", "UJI/2", GOOD[T]["isi"]],
]
REST = {key: value for key, value in {**ITEM, "genre": "RILIS"}.items() if key not in TEXTS[0]}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64)


def sent(data: bytes | str, name: str = "tabel.csv") -> Files:
    """A table of texts, whatever is in it; what its columns do not say, the envelope does."""
    file = {name: data if isinstance(data, bytes) else data.encode()}
    return {**file, **manifest(T, {"tabel": [name]}, bawaan=REST)}


def lines(*changes: tuple[int, int, str], sep: str = ",", after: str = "") -> str:
    """The two texts as CSV, some cells (line, column) changed; `after` is appended."""
    rows = [list(row) for row in TEXTS]
    for line, column, value in changes:
        rows[line][column] = value
    return "".join(sep.join(row) + "\n" for row in rows) + after


def title(name: str, value: str, *findings: str, near: tuple[str, ...] = (), back: int = 0) -> Case:
    """Two texts, the second one's title changed."""
    return Case(T, name, sent(lines((2, 0, value))), (2 - back, back, 0), [(f, 3) for f in findings], near)


def of_file(name: str, data: bytes, kode: str) -> Case:
    """A file that is not read at all."""
    return Case(T, name, sent(data), (0, 0, 0), [(f"{kode}:", None)])


def cases() -> list[Case]:
    ok = (2, 0, 0)
    figures = ROWS["layanan_informasi"]
    total = [",".join(["JUMLAH", "", "", "22", "18", "2", ""]), ",".join(["JUMLAH", "2026-10", "LAMAN", "1", "1", "0"])]
    text = "".join(",".join(row) + "\n" for row in figures)
    return [
        # what the bytes are
        of_file("format-pdf", b"%PDF-1.7\n", "FORMAT_TIDAK_DIKENAL"),
        Case(
            T,
            "format-tsv",
            sent(lines(sep="\t"), "laporan.pdf"),
            ok,
            near=("FORMAT_TIDAK_DIKENAL", "BERKAS_TABEL_TIDAK_TERBACA"),
        ),
        of_file("format-xls", OLE + "Workbook".encode("utf-16-le"), "FORMAT_LAMA"),
        of_file("buku-terkunci", OLE + "EncryptedPackage".encode("utf-16-le"), "BUKU_TERKUNCI"),
        of_file("json-terpotong", b'[{"judul": "Apel pagi", "nomor": ', "BERKAS_TABEL_TIDAK_TERBACA"),
        Case(T, "sandi-1252", sent(lines((2, 0, "Patroli di Café")).encode("cp1252")), ok, [("SANDI_DITEBAK:", None)]),
        title("sandi-utf8", "Patroli di Café", near=("SANDI_DITEBAK",)),
        title("sandi-rusak", "Patroli \0 sore", "SANDI_TIDAK_TERBACA:judul", back=1),
        title("sandi-utuh", "Patroli ß sore", near=("SANDI_TIDAK_TERBACA",)),
        # the header
        Case(
            T,
            "kepala-tidak-ada",
            sent(lines().partition("\n")[2]),
            (0, 2, 0),
            [
                ("KEPALA_TIDAK_DITEMUKAN:", None),
                *[(f"KOLOM_TIDAK_ADA:{name}", None) for name in TEXTS[0]],
            ],
        ),
        Case(
            T,
            "kepala-di-bawah",
            sent("Daftar rilis\n\nSatker,JATENG\n" + lines()),
            ok,
            near=("KEPALA_TIDAK_DITEMUKAN",),
        ),
        Case(
            T,
            "kolom-ganda",
            sent(lines().replace("\n", ",Apel lagi\n").replace("Apel lagi", "Judul", 1)),
            (0, 2, 0),
            [("KOLOM_GANDA:judul", 2), ("KOLOM_GANDA:judul", 3)],
            near=("KOLOM_BERULANG",),
        ),
        Case(
            T,
            "kolom-berulang",
            sent("judul,nomor,isi,Judul\n" + "".join(f"{','.join(row)}, {row[0]}\n" for row in TEXTS[1:])),
            ok,
            [("KOLOM_BERULANG:judul", None)],
            near=("KOLOM_GANDA",),
        ),
        Case(
            T,
            "kolom-mirip",
            sent(lines().replace("\n", ",Apel lagi\n").replace("Apel lagi", "Judul lama", 1)),
            ok,
            [("KOLOM_TIDAK_DIKENAL:Judul lama", None)],
            near=("KOLOM_GANDA",),
        ),
        Case(
            T,
            "kolom-tanpa-nama",
            sent(lines().replace("\n", ",x\n").replace(",x", ",", 1)),
            ok,
            [("KOLOM_TANPA_NAMA:kolom D", None)],
        ),
        Case(T, "kolom-kosong", sent(lines().replace("\n", ",\n")), ok, near=("KOLOM_TANPA_NAMA",)),
        of_file("kolom-703", lines().replace("\n", "," * (MAX_COLUMNS - 2) + "\n").encode(), "TERLALU_BANYAK_KOLOM"),
        Case(
            T,
            "kolom-702",
            sent(lines().replace("\n", "," * (MAX_COLUMNS - 3) + "\n")),
            ok,
            near=("TERLALU_BANYAK_KOLOM",),
        ),
        # the lines
        Case(T, "baris-kosong", sent(lines(after=",,\n")), (2, 0, 1), [("BARIS_KOSONG:", 4)]),
        Case(
            T,
            "baris-hampir-kosong",
            sent(lines(after=",UJI/3,\n")),
            (2, 1, 0),
            [("WAJIB_DIISI:judul", 4), ("WAJIB_DIISI:isi", 4)],
            near=("BARIS_KOSONG",),
        ),
        Case(T, "baris-catatan", sent(lines(after="Sumber: Humas,,\n")), (2, 0, 1), [("BARIS_CATATAN:", 4)]),
        title("baris-bersumber", "Sumber air dipulihkan", near=("BARIS_CATATAN",)),
        Case(
            T, "baris-lebih", sent(lines(after="\n").replace("\n\n", ",x\n")), (1, 1, 0), [("BARIS_KELEBIHAN_SEL:", 3)]
        ),
        Case(
            T,
            "baris-lebih-kosong",
            sent(lines(after="\n").replace("\n\n", ",,\n")),
            ok,
            near=("BARIS_KELEBIHAN_SEL",),
        ),
        Case(
            "layanan_informasi",
            "baris-jumlah",
            raw_table("layanan_informasi", {"tabel.csv": f"{text}{total[0]}\n".encode()}),
            (2, 0, 1),
            [("BARIS_JUMLAH:", 4)],
        ),
        Case(
            "layanan_informasi",
            "baris-bukan-jumlah",
            raw_table("layanan_informasi", {"tabel.csv": f"{text}{total[1]}\n".encode()}),
            (2, 1, 0),
            [("KODE_TIDAK_DIKENAL:kode_satker", 4), ("SATKER_DI_LUAR_WEWENANG:kode_satker", 4)],
            near=("BARIS_JUMLAH",),
        ),
        Case(
            "layanan_informasi",
            "titik-koma",
            raw_table("layanan_informasi", {"tabel.csv": text.replace(",", ";").replace(".", ",").encode()}),
            ok,
        ),
        # the cells
        title("kutip-terbuka", '"Patroli sore', "KUTIP_TIDAK_TERTUTUP:"),
        title("kutip-tertutup", '"Patroli ""sore"""', near=("KUTIP_TIDAK_TERTUTUP",)),
        title("rumus", "=SUM(A1)", "RUMUS_BERBAHAYA:judul"),
        title("bukan-rumus", "- patroli sore", near=("RUMUS_BERBAHAYA",)),
        title("rumus-galat", "#DIV/0!", "NILAI_RUMUS_GALAT:judul", back=1),
        title("bukan-rumus-galat", "#DivHumas!", near=("NILAI_RUMUS_GALAT",)),
    ]
