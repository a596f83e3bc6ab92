import random
from pathlib import Path

import pytest

from tests.media_files import signed
from tests.test_media import GOOD
from transforms.media.encode import photo
from transforms.media.probe import probe
from transforms.media.rendition import Rights, render

CODES = {None, "BERKAS_KOSONG", "BERKAS_RUSAK", "BERKAS_TERLALU_BESAR", "BERKAS_MACET", "TIPE_TIDAK_DIDUKUNG"}
NUMBERS = [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0"]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Flip, overwrite with telling numbers, cut out and repeat, mostly where the structure is."""
    bent = bytearray(data)
    for _ in range(chance.choice([1, 3, 10, 60])):
        at = chance.randrange(min(len(bent), chance.choice([64, 1000, len(bent)])))
        match chance.randrange(4):
            case 0:
                bent[at] = chance.randrange(256)
            case 1:
                bent[at : at + 4] = chance.choice(NUMBERS)
            case 2:
                del bent[at : at + chance.randrange(1, 200)]
            case _:
                start = chance.randrange(len(bent))
                bent[at:at] = bent[start : start + chance.randrange(1, 300)]
        bent = bent or bytearray(1)
    return bytes(bent)


def originals() -> list[bytes]:
    """One of each kind, and some whose metadata are worth breaking."""
    tagged = {"exif": {"Make": "C"}, "gps": (-6.8, 110.8), "xmp": {"kredit": "H"}}
    picture = photo(200, 150, text="x", **tagged, iptc={"kredit": "H"})
    action = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
    }
    made = [make() for make, _, _ in GOOD.values()]
    return [*made, picture, photo(200, 150, text="x", fmt="TIFF", **tagged), signed(picture, "image/jpeg", action)]


def hammer(folder: Path, seed: int, count: int) -> list[str | None]:
    """`galat` of so many mutated files, once that of what can be rendered of them has been seen to be one we know."""
    chance, whole = random.Random(seed), originals()
    paths = [folder / str(number) for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(mutate(whole[number % len(whole)], chance))
    rows = probe(paths, seconds=20).to_pylist()
    found = [row["galat"] for row in rows]
    assert set(found) <= CODES
    # Those that were refused as well: the darkroom opens what it is given by itself.
    some = [*paths[:: max(1, count // 40)]]
    made = render(some, [Rights("H")] * len(some), ["0,0,50,50"] * len(some), seconds=30)
    assert set(made["galat"].to_pylist()) <= CODES
    good = {number for number, path in enumerate(some) if rows[paths.index(path)]["sidik_piksel"]}
    assert good <= set(made["berkas"].to_pylist()), "what decodes gives copies or says why not"
    return found


def test_some_mutated_files_end_as_findings(tmp_path: Path):
    found = hammer(tmp_path, 99, 66)
    assert found.count("BERKAS_RUSAK") > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_mutated_files_end_as_findings(tmp_path: Path, seed: int):
    assert hammer(tmp_path, seed, 1000).count("BERKAS_RUSAK") > 200
