import io
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from transforms.tabular.reading import Refused

MAX_MEMBERS = 5_000
MAX_INFLATED = 512 << 20
MAX_RATIO = 200  # a sheet that repeats one value packs about 100:1
_FREE = 16 << 20  # below this no ratio is a danger
_CHUNK = 1 << 20
_ENCRYPTED = 0x1


class Archive:
    """A zip file that is only opened when its directory is harmless, and inflated under one budget.

    Used for zips, and for the containers of XLSX and ODS alike. Raises Refused: BERKAS_TABEL_TIDAK_TERBACA,
    ARSIP_JALUR, ARSIP_BOM, BUKU_TERKUNCI.
    """

    def __init__(self, data: bytes | Path):
        try:
            self._zip = zipfile.ZipFile(data if isinstance(data, Path) else io.BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", str(error)) from error
        self._packed = data.stat().st_size if isinstance(data, Path) else len(data)
        self._inflated = 0
        if len(infos) > MAX_MEMBERS:
            raise Refused("ARSIP_BOM", f"{len(infos)} berkas")
        for info in infos:
            if _is_trick(info.orig_filename):
                raise Refused("ARSIP_JALUR", info.orig_filename)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused("BERKAS_TABEL_TIDAK_TERBACA", info.filename)
        self._weigh(sum(info.file_size for info in infos))
        self.locked = any(info.flag_bits & _ENCRYPTED for info in infos)
        self.files = {info.filename: info for info in infos if not info.is_dir()}
        if len({name.casefold() for name in self.files}) != len([i for i in infos if not i.is_dir()]):
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", "nama berkas berulang")

    def read(self, name: str) -> bytes:
        """A member's bytes; stops while inflating when the archive outgrows its limits."""
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """A member's bytes, some at a time."""
        if self.locked:
            raise Refused("BUKU_TERKUNCI", name)
        try:
            with self._zip.open(self.files[name]) as member:
                while part := member.read(_CHUNK):
                    self._inflated += len(part)
                    self._weigh(self._inflated)
                    yield part
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", name) from error

    def _weigh(self, inflated: int) -> None:
        if inflated > MAX_INFLATED or (inflated > _FREE and inflated > MAX_RATIO * self._packed):
            raise Refused("ARSIP_BOM", f"{self._packed} → {inflated} byte")


def _is_trick(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or any(sign in name for sign in ("\\", "\0", ":")) or not name


_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$)", re.IGNORECASE)
_OFFICE = ("[Content_Types].xml", "META-INF/manifest.xml")


def unpack(source: Path, folder: Path) -> dict[str, Path]:
    """Inflate a zipped submission into `folder`: the files by their name inside it.

    What programs leave behind is left out, and so is the one folder that everything may lie in. On disk the files are
    numbered, so that no name of theirs can mean a place. Refused also for a zip within the zip (ARSIP_BERSARANG) and
    for links (ARSIP_JALUR).
    """
    archive = Archive(source)
    names = [name for name, info in archive.files.items() if not _JUNK.search(name)]
    for name in names:
        if stat.S_ISLNK(archive.files[name].external_attr >> 16):
            raise Refused("ARSIP_JALUR", name)
    tops = {name.partition("/")[0] if "/" in name else "" for name in names}
    above = f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""
    files: dict[str, Path] = {}
    for at, name in enumerate(names):
        path = folder / str(at)
        with path.open("wb") as out:
            out.writelines(archive.pieces(name))
        if _is_zip(path):
            raise Refused("ARSIP_BERSARANG", name)
        files[unicodedata.normalize("NFC", name.removeprefix(above))] = path
    if len(files) != len(names):
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", "nama berkas berulang")
    return files


def _is_zip(path: Path) -> bool:
    """Whether a file is an archive, and not merely a document that is kept like one."""
    with path.open("rb") as stream:
        if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    return not any(name in Archive(path).files for name in _OFFICE)
