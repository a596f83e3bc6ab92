import random
from pathlib import Path

import pytest

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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_end_as_findings(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    tagged = {"exif": {"Make": "C"}, "gps": (-6.8, 110.8), "xmp": {"kredit": "H"}}
    originals = [make() for make, _, _ in GOOD.values()]
    originals += [
        photo(200, 150, text="x", **tagged, iptc={"kredit": "H"}),
        photo(200, 150, text="x", fmt="TIFF", **tagged),
    ]
    paths = []
    for number in range(1000):
        path = tmp_path / str(number)
        path.write_bytes(mutate(chance.choice(originals), chance))
        paths.append(path)
    rows = probe(paths, seconds=20).to_pylist()
    found = [row["galat"] for row in rows]
    assert set(found) <= CODES
    assert found.count("BERKAS_RUSAK") > 200
    whole = [path for path, row in zip(paths, rows, strict=True) if row["galat"] is None and row["sidik_piksel"]][:60]
    made = render(whole, [Rights("H")] * len(whole), seconds=30)
    assert set(made["galat"].to_pylist()) <= CODES
    assert set(made["berkas"].to_pylist()) == set(range(len(whole)))
