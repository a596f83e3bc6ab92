import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.media_files import docx, heic, pdf
from transforms.media.encode import audio, photo, video
from transforms.media.probe import FACTS, patience, probe
from transforms.sandbox import SandboxError

CREDIT, CAPTION = "Humas Polres Kudus", "Kapolres meninjau pos pengamanan"
EXIF = {"Make": "Canon", "Model": "EOS R6", "BodySerialNumber": "SN-77", "DateTimeOriginal": "2026:11:20 09:15:00"}
ALUN_ALUN_KUDUS = (-6.8048, 110.8405)
LINES = [f"Rilis pers nomor {number}" for number in range(2000)]

SOUND = {"kanal": 1, "ada_gps": False}
MOVING = SOUND | {"lebar_px": 320, "tinggi_px": 180, "laju_frame": 25.0}

# name → bytes, type, exact facts
GOOD = {
    "jpeg": (lambda: photo(640, 480, text="Kudus"), "image/jpeg", {"lebar_px": 640, "tinggi_px": 480}),
    "png": (lambda: photo(640, 480, text="Kudus", fmt="PNG"), "image/png", {"lebar_px": 640, "tinggi_px": 480}),
    "webp": (lambda: photo(640, 480, text="Kudus", fmt="WEBP"), "image/webp", {"lebar_px": 640, "tinggi_px": 480}),
    "gif": (lambda: photo(640, 480, text="Kudus", fmt="GIF"), "image/gif", {"lebar_px": 640, "tinggi_px": 480}),
    "tiff": (lambda: photo(640, 480, text="Kudus", fmt="TIFF"), "image/tiff", {"lebar_px": 640, "tinggi_px": 480}),
    "avif": (lambda: photo(640, 480, text="Kudus", fmt="AVIF"), "image/avif", {"lebar_px": 640, "tinggi_px": 480}),
    "mp4": (
        lambda: video(2, 320, 180, text="Kudus"),
        "video/mp4",
        MOVING | {"durasi_ms": 2000, "kodek": "h264", "frekuensi_hz": 44_100},
    ),
    "mov": (
        lambda: video(2, 320, 180, text="Kudus", fmt="mov"),
        "video/quicktime",
        MOVING | {"durasi_ms": 2000, "kodek": "h264", "frekuensi_hz": 44_100},
    ),
    "webm": (
        lambda: video(2, 320, 180, text="Kudus", fmt="webm"),
        "video/webm",
        MOVING | {"durasi_ms": 2008, "kodek": "vp8", "frekuensi_hz": 48_000},
    ),
    "avi": (
        lambda: video(2, 320, 180, text="Kudus", fmt="avi"),
        "video/x-msvideo",
        MOVING | {"durasi_ms": 2040, "kodek": "mpeg4", "frekuensi_hz": 44_100},
    ),
    "mp3": (
        lambda: audio(2, "mp3"),
        "audio/mpeg",
        SOUND | {"durasi_ms": 2000, "kodek": "mp3", "frekuensi_hz": 44_100},
    ),
    "wav": (
        lambda: audio(2, "wav"),
        "audio/wav",
        SOUND | {"durasi_ms": 2000, "kodek": "pcm_s16le", "frekuensi_hz": 8_000, "laju_bit": 128_176},
    ),
    "flac": (
        lambda: audio(2, "flac"),
        "audio/flac",
        SOUND | {"durasi_ms": 2000, "kodek": "flac", "frekuensi_hz": 8_000},
    ),
    "opus": (
        lambda: audio(2, "opus"),
        "audio/ogg",
        SOUND | {"durasi_ms": 2006, "kodek": "opus", "frekuensi_hz": 48_000},
    ),
    "m4a": (
        lambda: audio(2, "aac"),
        "audio/mp4",
        SOUND | {"durasi_ms": 2000, "kodek": "aac", "frekuensi_hz": 44_100},
    ),
    "heic": (lambda: heic(photo(640, 480, text="Kudus")), "image/heic", {"lebar_px": 640, "tinggi_px": 480}),
    "pdf": (
        lambda: pdf("Rilis pers", "Halaman dua"),
        "application/pdf",
        {"halaman": 2, "teks": "Rilis pers\nHalaman dua"},
    ),
    "docx": (
        lambda: docx(*LINES),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        {"teks": "\n".join(LINES)},
    ),
}


@pytest.fixture(scope="module")
def good() -> dict[str, bytes]:
    return {name: make() for name, (make, _, _) in GOOD.items()}


def facts(directory: Path, files: dict[str, bytes], **limits: Any) -> dict[str, dict]:
    """Write the files, probe them in one go, and give their rows by name."""
    paths = [directory / name for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    table = probe(paths, **limits)
    assert table.schema == FACTS
    return dict(zip(files, table.to_pylist(), strict=True))


def test_every_format_is_known_by_content_and_measured(tmp_path, good):
    rows = facts(tmp_path, {f"{name}.bin": data for name, data in good.items()})
    for name, (_, kind, expected) in GOOD.items():
        row = rows[f"{name}.bin"]
        assert (row["galat"], row["galat_rinci"]) == (None, None), (name, row)
        assert row["tipe_media"] == kind
        assert row["ukuran_byte"] == len(good[name])
        assert {column: row[column] for column in expected} == expected, name


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_every_truncated_file_is_found(tmp_path, good, share):
    rows = facts(tmp_path, {name: data[: int(len(data) * share)] for name, data in good.items()})
    assert {name: row["galat"] for name, row in rows.items()} == dict.fromkeys(good, "BERKAS_RUSAK")
    assert all(row["galat_rinci"] for row in rows.values())


def test_a_video_with_its_index_in_front_is_found_truncated_too(tmp_path, good):
    whole = good["mp4"]
    boxes, at = {}, 0
    while at < len(whole):
        size = int.from_bytes(whole[at : at + 4], "big")
        boxes[whole[at + 4 : at + 8]] = whole[at : at + size]
        at += size
    fast = boxes[b"ftyp"] + boxes[b"moov"] + boxes[b"mdat"]
    rows = facts(tmp_path, {"cepat.mp4": fast[: int(len(fast) * 0.8)]})
    assert rows["cepat.mp4"]["galat"] == "BERKAS_RUSAK"


def test_a_long_video_is_judged_by_its_key_frames_and_its_tail(tmp_path):
    long = video(33, 128, 72, 10, text="panjang")
    data_end = long.index(b"moov") - 4
    hole = long[: data_end - 8_000] + bytes(7_000) + long[data_end - 1_000 :]
    rows = facts(tmp_path, {"utuh": long, "ekor": hole, "pendek": long[: len(long) * 9 // 10]})
    assert rows["utuh"]["galat"] is None
    assert rows["utuh"]["durasi_ms"] == 33_000
    assert 1 <= len(rows["utuh"]["dhash"]) <= 8
    assert [rows[name]["galat"] for name in ("ekor", "pendek")] == ["BERKAS_RUSAK", "BERKAS_RUSAK"]


def test_a_video_of_very_many_pixels_is_judged_like_a_long_one(tmp_path, monkeypatch):
    """Half a minute of 4K would else take longer than a file may, and its row would come back."""
    from transforms.media import playback, stream

    (tmp_path / "v.mp4").write_bytes(video(11, 64, 36, 50, text="x"))
    taken: list[int] = []
    take = playback.Playback._take
    monkeypatch.setattr(playback.Playback, "_take", lambda self, i, f: (taken.append(i), take(self, i, f)))
    whole = stream.read(tmp_path / "v.mp4", "video/mp4")
    frames = taken.count(0)
    taken.clear()
    monkeypatch.setattr(playback, "_WHOLE_PIXELS", 64 * 36 * 50 * 10)
    assert stream.read(tmp_path / "v.mp4", "video/mp4") == whole
    assert frames == 550 and taken.count(0) < 350


def test_a_large_file_may_take_longer():
    assert patience(1000, 60) == pytest.approx(60, abs=0.01)
    assert 200 < patience(100 << 20, 60) < patience(300 << 20, 60) <= patience(8 << 30, 60) <= 900
    assert patience(8 << 30, 1000) == 1000


def test_zeroed_blocks_in_the_middle_are_found(tmp_path, good):
    """A copy from a failing card keeps its length."""
    checked = ["png", "webp", "mp4", "avi", "flac", "mp3"]
    holes = {}
    for name in checked:
        data = bytearray(good[name])
        data[len(data) // 4 : len(data) // 4 * 3] = bytes(len(data) // 4 * 3 - len(data) // 4)
        holes[name] = bytes(data)
    rows = facts(tmp_path, holes)
    assert {name: row["galat"] for name, row in rows.items()} == dict.fromkeys(checked, "BERKAS_RUSAK")


def test_names_do_not_decide(tmp_path, good):
    rows = facts(
        tmp_path,
        {
            "foto.jpg": b"<!DOCTYPE html><html><body>404</body></html>",
            "foto.png": good["jpeg"],
            "kosong.jpg": b"",
            "daftar.mp4": b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1/rahasia.ts\n",
            "gambar.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        },
    )
    assert [(row["tipe_media"], row["galat"]) for row in rows.values()] == [
        ("text/html", "TIPE_TIDAK_DIDUKUNG"),
        ("image/jpeg", None),
        (None, "BERKAS_KOSONG"),
        ("text/plain", "TIPE_TIDAK_DIDUKUNG"),
        ("application/postscript", "TIPE_TIDAK_DIDUKUNG"),
    ]


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_a_pixel_bomb_is_refused_by_its_header(tmp_path):
    begin = time.monotonic()
    row = facts(tmp_path, {"bom.png": png_claiming(60_000, 60_000)})["bom.png"]
    assert (row["tipe_media"], row["galat"]) == ("image/png", "BERKAS_TERLALU_BESAR")
    assert "60000 x 60000" in row["galat_rinci"]
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_position_is_seen_but_not_copied(tmp_path, fmt):
    with_gps = photo(240, 160, text="Kudus", exif=EXIF, gps=ALUN_ALUN_KUDUS, fmt=fmt)
    without = photo(240, 160, text="Kudus", exif=EXIF, fmt=fmt)
    rows = facts(tmp_path, {"ada": with_gps, "tidak": without})
    assert [row["ada_gps"] for row in rows.values()] == [True, False]
    assert rows["ada"]["diambil_pada_exif"] == "2026:11:20 09:15:00"
    assert "6.80" not in str(rows["ada"])


def test_a_position_in_a_video_is_seen(tmp_path):
    tagged = video(1, 160, 90, text="x", tags={"location": "-06.8048+110.8405/", "comment": CAPTION, "artist": CREDIT})
    row = facts(tmp_path, {"v.mp4": tagged})["v.mp4"]
    assert (row["ada_gps"], row["kredit_tertanam"], row["keterangan_tertanam"]) == (True, CREDIT, CAPTION)
    assert "6.80" not in str(row)


def test_width_and_height_are_as_seen(tmp_path):
    turned = {str(n): photo(300, 200, text="putar", orientation=n) for n in range(1, 9)}
    rows = facts(tmp_path, turned | {"v": video(1, 320, 180, text="putar", rotation=-90)})
    assert {(row["lebar_px"], row["tinggi_px"]) for name, row in rows.items() if name != "v"} == {(300, 200)}
    assert [rows[str(n)]["orientasi"] for n in range(1, 9)] == [None, 2, 3, 4, 5, 6, 7, 8]
    assert (rows["v"]["lebar_px"], rows["v"]["tinggi_px"], rows["v"]["orientasi"]) == (180, 320, 6)
    upright = rows["1"]["dhash"][0]
    assert all(bin((rows[str(n)]["dhash"][0] ^ upright) & (1 << 64) - 1).count("1") <= 4 for n in range(2, 9))


def test_encoders_repeat_themselves_and_stay_small():
    assert photo(text="a", exif=EXIF, gps=ALUN_ALUN_KUDUS) == photo(text="a", exif=EXIF, gps=ALUN_ALUN_KUDUS)
    assert photo(text="a") != photo(text="b")
    assert max(len(photo(text="Operasi Zebra", fmt=fmt)) for fmt in ("JPEG", "PNG", "WEBP", "GIF")) < 120_000
    assert video(text="a") == video(text="a")
    assert max(len(video(text="Operasi Zebra", fmt=fmt)) for fmt in ("mp4", "mov", "webm", "avi")) < 200_000
    assert audio(codec="opus") == audio(codec="opus")
    assert max(len(audio(codec=codec)) for codec in ("mp3", "opus", "wav", "flac", "aac")) < 40_000


# ---- the sandbox ----

TRAPS: dict[str, Any] = {"_target": "tests.traps:by_name"}


def test_what_a_child_does_wrong_becomes_a_finding_and_the_next_file_is_fine(tmp_path):
    names = ["a", "macet", "b", "rakus", "c", "jatuh", "d", "cerewet", "e", "menulis", "f", "terkejut", "g"]
    rows = facts(tmp_path, dict.fromkeys(names, b"x"), seconds=1.5, megabytes=512, workers=1, **TRAPS)
    assert {name: row["galat"] for name, row in rows.items() if len(name) > 1} == {
        "macet": "BERKAS_MACET",
        "rakus": "BERKAS_TERLALU_BESAR",
        "jatuh": "BERKAS_RUSAK",
        "cerewet": "BERKAS_TERLALU_BESAR",
        "menulis": "BERKAS_RUSAK",
        "terkejut": "BERKAS_RUSAK",
    }
    assert rows["jatuh"]["galat_rinci"] == "SIGSEGV"
    assert rows["terkejut"]["galat_rinci"] == "AttributeError: tidak terduga"
    assert all(row["galat"] is None for name, row in rows.items() if len(name) == 1)
    assert (tmp_path / "menulis.baru").read_bytes() == b""


def test_children_are_few_and_see_no_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rahasia")
    rows = facts(tmp_path, dict.fromkeys([*map(str, range(100)), "berisik", "rahasia"], b"x"), workers=2, **TRAPS)
    seen = rows.pop("rahasia")["galat_rinci"]
    assert "MALLOC_ARENA_MAX" in seen
    assert "AWS" not in seen
    assert len({row["ukuran_byte"] for row in rows.values()}) <= 2
    assert all(row["galat"] is None for row in rows.values())


def test_a_broken_installation_is_not_blamed_on_the_file(tmp_path):
    (tmp_path / "tanpa_pustaka").write_bytes(b"x")
    with pytest.raises(SandboxError, match="PIL"):
        probe([tmp_path / "tanpa_pustaka"], **TRAPS)
    with pytest.raises(SandboxError, match="tidak_ada"):
        probe([tmp_path / "tanpa_pustaka"], _target="tests.tidak_ada:x")
    with pytest.raises(FileNotFoundError):
        probe([tmp_path / "hilang"])


def test_no_files_no_children():
    assert probe([]).num_rows == 0


def test_children_die_with_their_parent(tmp_path):
    (tmp_path / "macet").write_bytes(b"x")
    code = (
        "import pathlib, sys; from transforms.media.probe import probe; "
        "probe([pathlib.Path(sys.argv[1])], _target='tests.traps:by_name')"
    )
    root = Path(__file__).parents[1]
    parent = subprocess.Popen([sys.executable, "-c", code, tmp_path / "macet"], cwd=root, stdin=subprocess.DEVNULL)
    children = Path(f"/proc/{parent.pid}/task/")

    def child() -> int | None:
        found = [pid for task in children.iterdir() for pid in (task / "children").read_text().split()]
        return int(found[0]) if found else None

    deadline = time.monotonic() + 20
    while not (pid := child()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pid
    time.sleep(0.5)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()
