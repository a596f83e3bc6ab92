import io
import zipfile
import zlib
from pathlib import PurePosixPath

from transforms.reading import Refused

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

    def __init__(self, data: bytes):
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", str(error)) from error
        self._packed = len(data)
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
        if self.locked:
            raise Refused("BUKU_TERKUNCI", name)
        parts: list[bytes] = []
        try:
            with self._zip.open(self.files[name]) as member:
                while part := member.read(_CHUNK):
                    self._inflated += len(part)
                    self._weigh(self._inflated)
                    parts.append(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", name) from error
        return b"".join(parts)

    def _weigh(self, inflated: int) -> None:
        if inflated > MAX_INFLATED or (inflated > _FREE and inflated > MAX_RATIO * self._packed):
            raise Refused("ARSIP_BOM", f"{self._packed} → {inflated} byte")


def _is_trick(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or any(sign in name for sign in ("\\", "\0", ":")) or not name
