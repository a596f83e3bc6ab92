"""The sample submissions `satu run` feeds: three sources in three time zones, all invented, some of them wrong.

Real encoders make the media. Each run feeds a new *edition*, so that a lake that has seen one before has something new
to take in; the shape of what is good and bad in it never changes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from schemas.dataset import datasets
from transforms.media import encode

Files = dict[str, bytes]


@dataclass(frozen=True)
class Sample:
    """One submission to hand in. `after`: only once an earlier one of this run has landed. `says`: what is in it."""

    source: str
    name: str
    says: str
    build: Callable[[], Files]
    after: bool = False


def samples(edition: int, at: datetime) -> list[Sample]:
    """The sixteen submissions of one edition, dated on the day of `at` (an aware instant)."""
    e = _Edition(edition, at)
    return [
        Sample("jateng", e.name("foto-pasar"), "3 foto baik", e.photos),
        Sample("jateng", e.name("rilis"), "2 teks baik", e.texts),
        Sample("jateng", e.name("layanan"), "CSV: 4 baris, 1 salah, 1 baris jumlah", e.requests),
        Sample("jateng", e.name("video-arus"), "1 video baik", e.video),
        Sample("sulsel", e.name("rilis"), "1 teks baik, nama kiriman sama dengan jateng", e.clarification),
        Sample("sulsel", e.name("audio-pernyataan"), "2 audio baik (MP3, Opus)", e.sounds),
        Sample("sulsel", e.name("pantauan"), "XLSX: 6 baris, 2 salah", e.coverage),
        Sample("sulsel", e.name("foto-rusak"), "3 foto: 1 baik, 1 terpotong, 1 tidak ada", e.damaged_photos),
        Sample("papua", e.name("foto-bakti"), "2 foto baik, kode wilayah lama", e.old_codes),
        Sample("papua", e.name("teks-salah"), "2 teks, semuanya salah", e.wrong_texts),
        Sample("papua", e.name("manifes-salah"), "manifes bukan JSON", e.broken_manifest),
        Sample("papua", e.name("video-dermaga"), "2 video: 1 baik, 1 ternyata HTML", e.mislabelled),
        Sample("papua", e.name("layanan"), "CSV baik", e.requests_papua),
        Sample("papua", e.name("titip-jateng"), "berbicara untuk satker lain", e.trespass),
        Sample("jateng", e.name("foto-pasar-ulang"), "duplikat foto-pasar", e.photos, after=True),
        Sample("jateng", e.name("layanan"), "perbaikan layanan", partial(e.requests, mended=True), after=True),
    ]


@dataclass(frozen=True)
class _Edition:
    number: int
    at: datetime

    def name(self, what: str) -> str:
        return f"{what}-e{self.number:04d}"

    @property
    def month(self) -> str:
        """A reporting month no other edition has."""
        return f"{2020 + (self.number - 1) // 12}-{(self.number - 1) % 12 + 1:02d}"

    @property
    def day(self) -> str:
        return self.at.date().isoformat()

    def item(self, satker: str, number: int, region: str, title: str, **more: Any) -> dict[str, Any]:
        return {
            "kode_satker": satker,
            "nomor": f"E{self.number:04d}/{satker}/{number:03d}",
            "judul": title,
            "tanggal_kejadian": self.day,
            "kode_wilayah": region,
            "kredit": "Humas " + satker.replace(".", " ").replace("_", " ").title(),
            "lisensi": "CC-BY-4.0",
            "subjek_anak": False,
            **more,
        }

    def medium(self, satker: str, number: int, region: str, title: str, file: str, **more: Any) -> dict[str, Any]:
        about = {
            "keterangan": f"{title}. Petugas melayani warga sejak pagi hari; kegiatan berjalan tertib.",
            "berkas": file,
            "direkam_pada": f"{self.day}T00:15:00+00:00",
            "topik": "PELAYANAN",
            "sumber_digital": "digitalCapture",
            "teks_alternatif": f"{title}, dilihat dari tepi jalan.",
        }
        return self.item(satker, number, region, title, **{**about, **more})

    def picture(self, text: str, **more: Any) -> bytes:
        return encode.photo(960, 640, text=f"{text} #{self.number}", quality=72, **more)

    def photos(self) -> Files:
        exif = {"Make": "Kamera Contoh", "Model": "KC-1", "DateTimeOriginal": self.day.replace("-", ":") + " 07:15:00"}
        iptc = {"tajuk": "Apel pengamanan pasar", "kredit": "Sihumas Polresta Banyumas"}
        titles = ["Apel pengamanan pasar", "Pengaturan arus di pasar", "Warga bertanya kepada petugas"]
        extras: list[dict[str, Any]] = [{"gps": (-7.4214, 109.2479), "iptc": iptc}, {"orientation": 6}, {}]
        files = {
            f"pasar-{n}.jpg": self.picture(title, exif=exif, **extra)
            for n, (title, extra) in enumerate(zip(titles, extras, strict=True), 1)
        }
        items = [
            self.medium("JATENG.BANYUMAS", n, "33.02", title, f"pasar-{n}.jpg", peristiwa=f"PASAR-{self.number}")
            for n, title in enumerate(titles, 1)
        ]
        return {**files, **_manifest("JATENG", "foto", items, bawaan={"klasifikasi_informasi": "BERKALA"})}

    def texts(self) -> Files:
        """One event told twice: by the office that was there, and by its Polda for social media."""
        body = "Polresta menggelar apel kesiapan pengamanan pasar pagi ini. Kegiatan berlangsung tertib dan lancar."
        about = {"genre": "RILIS", "topik": "KAMTIBMAS", "peristiwa": f"PASAR-{self.number}"}
        formal, short = (f"{body} Edisi {self.number}, tulisan {n}." for n in (0, 1))
        first = self.item("JATENG.BANYUMAS", 10, "33.02", "Pasar aman menjelang hari raya", isi=formal, **about)
        again = {
            "ragam": "MEDIA_SOSIAL",
            "turunan_dari": f"foto/JATENG.BANYUMAS|E{self.number:04d}/JATENG.BANYUMAS/001",
        }
        credit = f"{first['kredit']} / Humas Jateng"
        second = self.item("JATENG", 11, "33.02", "Belanja tenang, pasar dijaga", isi=short, **about, **again)
        items = [first, second | {"kredit": credit}]
        return _manifest("JATENG", "teks", items, bawaan={"klasifikasi_informasi": "BERKALA", "bahasa": "id"})

    def requests(self, *, mended: bool = False) -> Files:
        granted = 9 if mended else 19
        rows = [
            ["Kode Satker", "Bulan", "Saluran", "Permohonan", "Dikabulkan", "Ditolak", "Waktu Layanan"],
            ["JATENG", self.month, "LANGSUNG", "12", "10", "1", "6,5"],
            ["JATENG", self.month, "SURAT", "10", str(granted), "1", "7,2"],
            ["JATENG", self.month, "SUREL", "1.204", "1.100", "60", "4,0"],
            ["JATENG", self.month, "LAMAN", "31", "30", "0", "3,1"],
            ["JUMLAH", "", "", "1.257", "", "", ""],
        ]
        defaults = {"klasifikasi_informasi": "SETIAP_SAAT"}
        return {"layanan.csv": _csv(rows, ";"), **_table("JATENG", "layanan_informasi", "layanan.csv", defaults)}

    def requests_papua(self) -> Files:
        rows = [
            ["kode_satker", "periode", "saluran", "jumlah_permohonan", "jumlah_dikabulkan", "jumlah_ditolak"],
            ["PAPUA", self.month, "LANGSUNG", "4", "4", "0"],
            ["PAPUA", self.month, "LAMAN", "7", "5", "1"],
        ]
        defaults = {"klasifikasi_informasi": "SETIAP_SAAT"}
        return {"layanan.csv": _csv(rows, ","), **_table("PAPUA", "layanan_informasi", "layanan.csv", defaults)}

    def video(self) -> Files:
        film = encode.video(2, 480, 270, 12, text=f"Arus lalu lintas #{self.number}")
        items = [self.medium("JATENG", 20, "33.74", "Pemantauan arus lalu lintas", "arus.mp4", topik="LALU_LINTAS")]
        return {"arus.mp4": film, **_manifest("JATENG", "video", items, bawaan={"klasifikasi_informasi": "BERKALA"})}

    def clarification(self) -> Files:
        items = [
            self.item(
                "SULSEL",
                1,
                "73.71",
                "Klarifikasi kabar penutupan jalan",
                genre="KLARIFIKASI",
                topik="KLARIFIKASI",
                isi=f"Kabar penutupan jalan yang beredar tidak benar; jalan tetap dibuka. Edisi {self.number}.",
                klaim="Jalan utama kota ditutup selama sepekan",
                klaim_beredar_di="grup percakapan; https://contoh.example/unggahan/1",
                penilaian_klaim="SALAH",
                bukti_klaim="https://contoh.example/jadwal-rekayasa-lalu-lintas",
            )
        ]
        return _manifest("SULSEL", "teks", items, bawaan={"klasifikasi_informasi": "SERTA_MERTA"})

    def sounds(self) -> Files:
        files = {
            "pernyataan.mp3": encode.audio(2, "mp3", tags={"title": f"Pernyataan {self.number}"}),
            "wawancara.opus": encode.audio(2, "opus", tags={"title": f"Wawancara {self.number}"}),
        }
        items = [
            self.medium("SULSEL", 10 + n, "73.71", f"Rekaman {name.split('.')[0]} pejabat humas", name)
            for n, name in enumerate(files)
        ]
        return {**files, **_manifest("SULSEL", "audio", items, bawaan={"klasifikasi_informasi": "BERKALA"})}

    def coverage(self) -> Files:
        header = ["Kode satker", "Periode", "Jenis media", "Nada", "Jumlah berita", "Perkiraan jangkauan"]
        rows: list[list[Any]] = [
            ["SULSEL", self.month, "DARING", "POSITIF", 120, 45000],
            ["SULSEL", self.month, "DARING", "NETRAL", 310, 91000],
            ["SULSEL", self.month, "DARING", "NEGATIF", 41, 20000],
            ["SULSEL", self.month, "CETAK", "POSITIF", 22, None],
            ["SULSEL", self.month, "TELEVISI", "BAGUS", 9, 800000],
            ["SULSEL", self.month, "RADIO", "NETRAL", "banyak", None],
        ]
        defaults = {"klasifikasi_informasi": "BERKALA"}
        title = "Rekap pantauan pemberitaan"
        return {
            "pantauan.xlsx": _xlsx([[title], [], header, *rows]),
            **_table("SULSEL", "pantauan_media", "pantauan.xlsx", defaults),
        }

    def damaged_photos(self) -> Files:
        whole = self.picture("Patroli pantai", gps=(-5.14, 119.41))
        items = [
            self.medium("SULSEL.MAKASSAR", 30 + n, "73.71", "Patroli pantai", name)
            for n, name in enumerate(["pantai-1.jpg", "pantai-2.jpg", "pantai-3.jpg"])
        ]
        files = {"pantai-1.jpg": whole, "pantai-2.jpg": self.picture("Patroli pantai kedua")[:9000]}
        return {**files, **_manifest("SULSEL", "foto", items, bawaan={"klasifikasi_informasi": "BERKALA"})}

    def old_codes(self) -> Files:
        files = {f"bakti-{n}.jpg": self.picture(f"Bakti sosial {n}") for n in (1, 2)}
        items = [
            self.medium("PAPUA", n, region, "Bakti sosial di kampung", f"bakti-{n}.jpg", topik="SOSIAL")
            for n, region in enumerate(["91.01", "91.71"], 1)
        ]
        return {**files, **_manifest("PAPUA", "foto", items, bawaan={"klasifikasi_informasi": "BERKALA"})}

    def wrong_texts(self) -> Files:
        items = [
            self.item("PAPUA", 40, "9401", "Pendek", genre="BERITA", isi="Terlalu pendek.", topik="UMUM"),
            self.item("METRO", 41, "99", "Kode satker bukan miliknya", genre="RILIS", isi="", topik="KAMTIBMAS"),
        ]
        return _manifest("PAPUA", "teks", items, bawaan={"klasifikasi_informasi": "RAHASIA"})

    def broken_manifest(self) -> Files:
        return {
            "catatan.txt": b"draf\n",
            "manifest.json": b'{"versi": 1, "satker": "PAPUA", "dataset": "teks", "isi": [',
        }

    def mislabelled(self) -> Files:
        page = b"<!doctype html><html><body><h1>404 Not Found</h1></body></html>\n" * 20
        film = encode.video(2, 480, 270, 12, text=f"Dermaga #{self.number}")
        items = [
            self.medium("PAPUA", 50 + n, "91.71", "Pengamanan dermaga", name, topik="KAMTIBMAS")
            for n, name in enumerate(["dermaga.mp4", "unduhan.mp4"])
        ]
        files = {"dermaga.mp4": film, "unduhan.mp4": page}
        return {**files, **_manifest("PAPUA", "video", items, bawaan={"klasifikasi_informasi": "BERKALA"})}

    def trespass(self) -> Files:
        items = [self.item("JATENG", 60, "33.74", "Rilis titipan", genre="RILIS", topik="KAMTIBMAS", isi="Isi. " * 20)]
        return _manifest("JATENG", "teks", items, bawaan={"klasifikasi_informasi": "BERKALA"})


def _manifest(satker: str, dataset: str, items: list[dict[str, Any]], **more: Any) -> Files:
    sent = {"versi": 1, "satker": satker, "dataset": dataset, **more, "isi": items}
    return {"manifest.json": json.dumps(sent, ensure_ascii=False, indent=1).encode()}


def _table(satker: str, dataset: str, file: str, defaults: dict[str, str]) -> Files:
    sent = {
        "versi": 1,
        "satker": satker,
        "dataset": dataset,
        "standar": datasets()[dataset].standard,
        "metadata": f"{dataset}/2026",
        "bawaan": defaults,
        "tabel": [file],
    }
    return {"manifest.json": json.dumps(sent, ensure_ascii=False, indent=1).encode()}


def _csv(rows: list[list[str]], delimiter: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _xlsx(rows: list[list[Any]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Rekap"
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def editions(names: Iterator[str]) -> int:
    """The newest edition among submission names; 0 when there is none."""
    marks = (name.rpartition("-e")[2] for name in names)
    return max((int(mark) for mark in marks if len(mark) == 4 and mark.isdigit()), default=0)
