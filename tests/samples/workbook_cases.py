"""Workbooks and archives: sheets, merged cells, links and macros; what a zip may hold."""

from tests.samples.make import ROWS, Case, raw_table, workbook
from tests.samples.reading_cases import TEXTS, T, lines, sent
from tests.spreadsheets import altered, ods, ods_cell, zipped

P = "pantauan_media"


def of_file(name: str, data: bytes, kode: str) -> Case:
    """A file that is not read at all."""
    return Case(T, name, sent(data, "tabel.xlsx"), (0, 0, 0), [(f"{kode}:", None)])


def read(name: str, data: bytes, *findings: str, near: tuple[str, ...] = (), called: str = "tabel.xlsx") -> Case:
    """The two texts, read."""
    return Case(T, name, sent(data, called), (2, 0, 0), [(f, None) for f in findings], near)


def merged(*areas: str, above: list[list[str]] | None = None) -> bytes:
    """Two rows of media coverage as a workbook with merged cells."""
    from openpyxl import Workbook

    from transforms.template import packed

    book = Workbook()
    sheet = book.worksheets[0]
    for row in [*(above or []), *ROWS[P]]:
        sheet.append(row)
    for area in areas:
        sheet.merge_cells(area)
    return packed(book)


def protected() -> bytes:
    """A workbook whose cells are locked against typing, which locks nobody out."""
    from openpyxl import Workbook

    from transforms.template import packed

    book = Workbook()
    for row in TEXTS:
        book.worksheets[0].append(row)
    book.worksheets[0].protection.sheet = True
    book.worksheets[0]["A2"].hyperlink = "https://contoh.go.id/"
    return packed(book)


def filtered(line: int) -> bytes:
    """The two texts and an empty line, one line hidden as by a filter."""
    from openpyxl import Workbook

    from transforms.template import packed

    book = Workbook()
    for row in [TEXTS[0], TEXTS[1], [" "], TEXTS[2]]:
        book.worksheets[0].append(row)
    book.worksheets[0].row_dimensions[line].hidden = True
    return packed(book)


def cases() -> list[Case]:
    plain, csv = workbook(Isi=TEXTS), lines().encode()
    blank = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    many = f'<table:table-row table:number-rows-repeated="2000000">{ods_cell("x")}</table:table-row>'
    rows = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in TEXTS)
    return [
        Case(
            P,
            "buku-kerja",
            raw_table(P, {"tabel.xlsx": workbook(Rekap=[["Rekap"], [], *ROWS[P]])}),
            (2, 0, 0),
        ),
        Case(
            P,
            "buku-sel-gabungan",
            raw_table(P, {"tabel.xlsx": merged("B2:B3")}),
            (2, 0, 0),
            [("SEL_GABUNGAN_DIISI:periode", 2)],
        ),
        Case(
            P,
            "buku-judul-gabungan",
            raw_table(P, {"tabel.xlsx": merged("A1:F1", above=[["Rekap media"]])}),
            (2, 0, 0),
            near=("SEL_GABUNGAN_DIISI",),
        ),
        of_file("buku-terpotong", plain[:-200], "BERKAS_TABEL_TIDAK_TERBACA"),
        of_file("buku-bermakro", altered(plain, {"xl/vbaProject.bin": b"x"}), "BUKU_BERMAKRO"),
        read("buku-xlsm-tanpa-makro", plain, near=("BUKU_BERMAKRO", "FORMAT_LAMA"), called="tabel.xlsm"),
        read("buku-dilindungi", protected(), near=("BUKU_TERKUNCI", "TAUTAN_LUAR")),
        read("buku-bertaut", altered(plain, {"xl/externalLinks/externalLink1.xml": "<x/>"}), "TAUTAN_LUAR:"),
        Case(
            T,
            "buku-tersaring",
            sent(filtered(4), "tabel.xlsx"),
            (2, 0, 1),
            [("BARIS_KOSONG:", 3), ("BARIS_TERSEMBUNYI:", None)],
        ),
        Case(
            T,
            "buku-baris-kosong-tersaring",
            sent(filtered(3), "tabel.xlsx"),
            (2, 0, 1),
            [("BARIS_KOSONG:", 3)],
            near=("BARIS_TERSEMBUNYI",),
        ),
        read("buku-petunjuk", workbook(Isi=TEXTS, Catatan=[["Cara mengisi"], ["a"]]), "LEMBAR_DILEWATI:"),
        read("buku-dua-lembar", workbook(Isi=TEXTS[:2], Lagi=[TEXTS[0], TEXTS[2]]), near=("LEMBAR_DILEWATI",)),
        of_file("ods-terlalu-besar", ods(body=rows + many), "TABEL_TERLALU_BESAR"),
        read("ods-sampai-tepi", ods(body=rows + blank), near=("TABEL_TERLALU_BESAR",)),
        # archives
        of_file("arsip-jalur", zipped({"../tabel.csv": csv}), "ARSIP_JALUR"),
        of_file("arsip-bersarang", zipped({"a.zip": zipped({"tabel.csv": csv})}), "ARSIP_BERSARANG"),
        of_file("arsip-dua-tabel", zipped({"a.csv": csv, "b.csv": csv}), "ARSIP_ISI"),
        of_file("arsip-bom", zipped({"tabel.csv": bytes(17 << 20)}), "ARSIP_BOM"),
        read(
            "arsip-satu-tabel",
            zipped({"rekap/tabel..csv": csv, "__MACOSX/._tabel.csv": bytes((16 << 20) - len(csv))}),
            near=("ARSIP_JALUR", "ARSIP_BOM", "ARSIP_ISI"),
        ),
        read("arsip-berisi-buku", zipped({"tabel.xlsx": plain}), near=("ARSIP_BERSARANG",)),
    ]
