"""Media: landing against a bare copy, examining and rendering against bare Pillow and PyAV, look-alikes among many.

Each figure is a ratio measured in this run: landing by the clock, the best of several rounds that take turns; decoding
by CPU seconds of all processes, so that one busy neighbour does not decide it.
"""

import hashlib
import io
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import duckdb
from PIL import Image

from infra import copying
from infra.sources import drop_of
from infra.storage.store import open_store
from tests.bench.memory import landed_mib
from tests.servers import seaweedfs
from transforms import similar
from transforms.media import encode
from transforms.media.probe import probe
from transforms.media.rendition import Rights, render

MIB = 1 << 20
FILES = {
    "tiny": [MIB],
    "small": [2 * MIB] * 8,
    "default": [4 * MIB] * 24 + [64 * MIB] * 2,
    "large": [4 * MIB] * 100 + [1024 * MIB] * 2,
}
BIG = {"tiny": 8 * MIB, "small": 256 * MIB, "default": 2048 * MIB, "large": 8192 * MIB}
PHOTOS = {"tiny": 1, "small": 2, "default": 12, "large": 100}
VIDEOS = {"tiny": 1, "small": 1, "default": 6, "large": 40}
HASHES = {"tiny": 10_000, "small": 100_000, "default": 1_000_000, "large": 5_000_000}
ROUNDS = 3
RIGHTS = Rights("Humas contoh", None, "Creative Commons Atribusi 4.0")

Figures = Iterator[tuple[str, float | None, str, str]]


def cpu() -> float:
    """CPU seconds of this process and of all its children that have ended."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def spent(work: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began


def bare_copy(source: Path, target: Path) -> None:
    """Read, hash and write each file once, and see it on disk: what no landing can do without."""
    target.mkdir()
    for path in source.iterdir():
        digest = hashlib.sha256()
        with path.open("rb") as file, (target / path.name).open("wb") as copy:
            while chunk := file.read(MIB):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        (target / path.name).rename(target / digest.hexdigest())


def landing(size: str, home: Path) -> Figures:
    source = home / "kiriman"
    source.mkdir()
    for number, length in enumerate(FILES[size]):
        with (source / f"{number}.bin").open("wb") as file:
            for _ in range(length // MIB):
                file.write(os.urandom(MIB))
    drop, total = drop_of(source), sum(FILES[size])
    bare, ours = [], []
    for turn in range(ROUNDS):
        store = open_store(str(home / f"lake-{turn}"))
        bare.append(spent(lambda turn=turn: bare_copy(source, home / f"bare-{turn}"), time.perf_counter))
        ours.append(spent(lambda store=store: copying.copied([drop], store), time.perf_counter))
    yield "landing_share", round(min(bare) / min(ours), 2), "of a bare copy + sha256", ">= 0.8"
    yield "landing_mib_s", round(total / MIB / min(ours)), "MiB/s", ""
    with seaweedfs(home / "weed") as bucket:
        for name, value in bucket.environment.items():
            os.environ[name] = value
        client, bare, ours = bucket.client(), [], []

        def upload(turn: int) -> None:
            for path in source.iterdir():
                client.upload_file(str(path), bucket.name, f"bare-{turn}/{path.name}")

        for turn in range(ROUNDS):
            store = open_store(f"s3://{bucket.name}/lake-{turn}", endpoint=bucket.endpoint)
            bare.append(spent(lambda turn=turn: upload(turn), time.perf_counter))
            ours.append(spent(lambda store=store: copying.copied([drop], store), time.perf_counter))
    yield "landing_share_s3", round(min(bare) / min(ours), 2), "of a bare boto3 upload", ">= 0.8"


def bare_photo(path: Path) -> None:
    """Decode in full and make the two copies of a rendition, no questions asked."""
    with Image.open(path) as image:
        image.load()
        for side, fmt in ((1600, "JPEG"), (400, "WEBP")):
            small = image.copy()
            small.thumbnail((side, side))
            small.save(io.BytesIO(), fmt, quality=80)


def bare_video(path: Path) -> None:
    """Decode everything, keep a poster, and encode the first eight seconds at 640 pixels."""
    with av.open(path) as container:
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            del frame
    with av.open(path) as container, av.open(io.BytesIO(), "w", format="mp4") as copy:
        film, sound = container.streams.video[0], container.streams.audio[0]
        picture = copy.add_stream("libx264", rate=25, options={"crf": "28", "preset": "veryfast"})
        picture.width, picture.height, picture.pix_fmt = 640, 360, "yuv420p"
        picture.codec_context.thread_count = 1
        heard = copy.add_stream("aac", rate=sound.rate, layout="mono")
        for frame in container.decode(film, sound):
            if frame.time > 8:
                break
            if isinstance(frame, av.AudioFrame):
                copy.mux(heard.encode(frame))
            else:
                if not frame.pts:
                    frame.to_image().save(io.BytesIO(), "JPEG")
                copy.mux(picture.encode(frame.reformat(640, 360)))
        copy.mux(picture.encode(None))
        copy.mux(heard.encode(None))


def everything(paths: list[Path]) -> None:
    """What becomes of media here: bytes hashed, examined to the end, and copies made."""
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    assert set(probe(paths)["galat"].to_pylist()) == {None}
    assert set(render(paths, [RIGHTS] * len(paths))["galat"].to_pylist()) == {None}


def decoding(size: str, home: Path) -> Figures:
    exif = {"Make": "Contoh", "DateTimeOriginal": "2026:11:20 07:40:00"}
    photo = encode.photo(4000, 3000, text="Foto", exif=exif, gps=(-7.42, 109.24), quality=92)
    video = encode.video(10, 1280, 720, text="Video")
    photos, videos = [home / f"{n}.jpg" for n in range(PHOTOS[size])], [home / f"{n}.mp4" for n in range(VIDEOS[size])]
    for path in (*photos, *videos):
        path.write_bytes(photo if path in photos else video)
    for name, paths, bare in (("photo", photos, bare_photo), ("video", videos, bare_video)):
        floors, ours = [], []
        for _ in range(2):
            floors.append(spent(lambda bare=bare, paths=paths: [bare(path) for path in paths], cpu))
            ours.append(spent(lambda paths=paths: everything(paths), cpu))
        lib = "Pillow" if name == "photo" else "PyAV"
        yield f"{name}_share", round(min(floors) / min(ours), 2), f"of bare {lib}", ">= 0.7"
        yield f"{name}s_per_cpu_s", round(len(paths) / min(ours), 1), "a CPU second", ""


def memory(size: str, home: Path) -> Figures:
    yield "media_peak_mib", landed_mib(home, BIG[size]), f"MiB, {BIG[size] // MIB} MiB landed", "<= 128"


def look_alikes(size: str) -> Figures:
    """So many hashes, evenly spread, and one in a hundred beside another that differs in two bits."""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE sidik AS SELECT i AS id, hash(i)::UBIGINT AS h FROM range({HASHES[size]}) r(i)")
        con.execute(
            "INSERT INTO sidik SELECT -1 - id, xor(h, (1::UBIGINT << (id * 7 % 64)::UBIGINT) | (1::UBIGINT << (id * 13 % 64)::UBIGINT))"
            " FROM sidik WHERE id % 100 = 0"
        )
        pairs = f"SELECT count(*) FROM (SELECT a, b, min(jarak) FROM ({similar.among('sidik')}) GROUP BY a, b)"
        times = []
        for _ in range(2):
            began = time.perf_counter()
            (found,) = con.execute(pairs).fetchall()[0]
            times.append(time.perf_counter() - began)
        assert found >= HASHES[size] // 100
    yield "neardup_s", round(min(times), 1), f"s, {HASHES[size]:,} hashes against each other", "<= 10"


def crowd(size: str) -> Figures:
    """View `kemiripan` over media that nearly all show the same poster, each in bytes of its own."""
    count = HASHES[size] // 50
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE media AS SELECT 'foto' AS dataset, 'JATENG' AS kode_satker, i::VARCHAR AS nomor,"
            " md5(i::VARCHAR) AS sha256, md5(i::VARCHAR) AS sidik_piksel, NULL::BIGINT AS durasi_ms,"
            " printf('%016x', CASE WHEN i % 100 THEN 71777214294589695 ELSE hash(i) END) AS sidik_mirip,"
            f" i::VARCHAR AS _kunci, to_timestamp(i) AS _diterima_pada FROM range({count}) r(i)"
        )
        began = time.perf_counter()
        (found,) = con.execute(f"SELECT count(*) FROM ({similar.view()})").fetchall()[0]
        took = time.perf_counter() - began
        assert count * 9 // 10 < found < count
    yield "neardup_crowd_s", round(took, 1), f"s, {count:,} media, nearly all the same", "<= 5"


def run(size: str) -> Figures:
    for part in (landing, decoding, memory):
        with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
            yield from part(size, Path(folder))
    yield from look_alikes(size)
    yield from crowd(size)
