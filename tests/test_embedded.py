import hashlib
import io
import json
from pathlib import Path
from typing import Any

import av
import pytest

from transforms.media import iptc
from transforms.media.encode import photo, video
from transforms.media.probe import probe

PHOTO = {"Make": "Canon", "Model": "EOS R6", "DateTimeOriginal": "2026:11:20 09:15:00", "OffsetTimeOriginal": "+07:00"}


def facts(directory: Path, *files: bytes) -> list[dict[str, Any]]:
    paths = [directory / str(number) for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return probe(paths).to_pylist()


def core(row: dict[str, Any]) -> dict[str, list[str]]:
    return json.loads(row["metadata_tertanam"])


def test_the_three_blocks_meet_in_one_core(tmp_path):
    (row,) = facts(
        tmp_path,
        photo(
            240,
            160,
            text="x",
            exif=PHOTO | {"Copyright": "Polri"},
            iptc={"kredit": "Humas Polres Kudus", "keterangan": "Kapolres meninjau pos — siaga ½", "kota": "Kudus"},
            xmp={"tajuk": "Operasi Zebra", "kata_kunci": "lalu lintas", "teks_alternatif": "Polisi di <pos> & warga"},
        ),
    )
    assert core(row) == {
        "tajuk": ["Operasi Zebra"],
        "keterangan": ["Kapolres meninjau pos — siaga ½"],
        "kata_kunci": ["lalu lintas"],
        "diambil_pada": ["2026-11-20T09:15:00+07:00"],
        "kota": ["Kudus"],
        "kredit": ["Humas Polres Kudus"],
        "hak_cipta": ["Polri"],
        "teks_alternatif": ["Polisi di <pos> & warga"],
    }
    assert row["kredit_tertanam"] == "Humas Polres Kudus"
    assert row["metadata_bentrok"] is None


def test_every_property_survives_writing_and_reading():
    values = {name: f"nilai {name} & <é>" for name in iptc.PROPERTIES}
    assert iptc.read_xmp(iptc.xmp_packet(values)) == {name: [value] for name, value in values.items()}
    in_iim = {name: value for name, value in values.items() if iptc.PROPERTIES[name].iim and name != "diambil_pada"}
    assert iptc.read_iim(iptc.iim_block(in_iim)) == {name: [value] for name, value in in_iim.items()}


def test_disagreement_is_reported_and_xmp_wins(tmp_path):
    (row,) = facts(
        tmp_path,
        photo(
            240,
            160,
            text="x",
            exif=PHOTO,
            iptc={"kredit": "Humas Polda Jateng", "diambil_pada": "2026-11-20", "kota": "KUDUS "},
            xmp={"kredit": "Humas Polres Kudus", "diambil_pada": "2026-11-21T09:15:00+07:00", "kota": "Kudus"},
        ),
    )
    assert row["kredit_tertanam"] == "Humas Polres Kudus"
    assert json.loads(row["metadata_bentrok"]) == {
        "kredit": {"xmp": "Humas Polres Kudus", "iim": "Humas Polda Jateng"},
        "diambil_pada": {
            "xmp": "2026-11-21T09:15:00+07:00",
            "iim": "2026-11-20",
            "exif": "2026-11-20T09:15:00+07:00",
        },
    }


@pytest.mark.parametrize(("digest_of", "winner"), [("now", "dari XMP"), ("before", "dari IIM")])
def test_iim_wins_when_its_digest_says_it_was_edited_later(tmp_path, digest_of, winner):
    block = iptc.iim_block({"kredit": "dari IIM"})
    digest = hashlib.md5(block if digest_of == "now" else b"yang lama", usedforsecurity=False).digest()
    jpeg = photo(240, 160, text="x", iptc={"kredit": "dari IIM"}, xmp={"kredit": "dari XMP"})
    end = 4 + int.from_bytes(jpeg[4:6], "big")
    resource = b"8BIM\x04\x25\0\0" + len(digest).to_bytes(4, "big") + digest
    grown = jpeg[:4] + (end - 4 + len(resource)).to_bytes(2, "big") + jpeg[6:end] + resource + jpeg[end:]
    (row,) = facts(tmp_path, grown)
    assert row["kredit_tertanam"] == winner
    assert json.loads(row["metadata_bentrok"])["kredit"].keys() == {"xmp", "iim"}


def test_iim_without_a_declared_encoding_is_read_as_windows_1252():
    assert iptc.read_iim(b"\x1c\x02\x78\x00\x04caf\xe9") == {"keterangan": ["café"]}
    assert iptc.read_iim(b"\x1c\x02\x37\x00\x0820261120\x1c\x02\x3c\x00\x0b091500+0700") == {
        "diambil_pada": ["2026-11-20T09:15:00+07:00"]
    }


def test_xmp_written_as_attributes_structures_and_languages():
    packet = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Credit="Humas"
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
      <dc:description><rdf:Alt><rdf:li xml:lang="x-default">Pos siaga</rdf:li><rdf:li xml:lang="en">A post</rdf:li>
      </rdf:Alt></dc:description>
      <e:LocationCreated><rdf:Bag><rdf:li rdf:parseType="Resource"><e:City>Kudus</e:City>
      <e:CountryName>Indonesia</e:CountryName></rdf:li></rdf:Bag></e:LocationCreated>
      <e:DigitalSourceType rdf:resource="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/>
    </rdf:Description></rdf:RDF></x:xmpmeta>"""
    assert iptc.read_xmp(packet) == {
        "kredit": ["Humas"],
        "keterangan": ["Pos siaga"],
        "lokasi_dibuat": ["Kudus, Indonesia"],
        "sumber_digital": ["http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xmp_with_entities_is_refused_and_the_picture_kept(tmp_path, encoding):
    secret = tmp_path / "rahasia"
    secret.write_text("kata sandi")
    packet = f"""<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE r [<!ENTITY e SYSTEM "file://{secret}">]>
    <r xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"><photoshop:Credit>&e;</photoshop:Credit></r>""".encode(
        encoding
    )
    with pytest.raises(ValueError, match="document type"):
        iptc.read_xmp(packet)
    (row,) = facts(tmp_path, _with_xmp(packet))
    assert (row["galat"], row["lebar_px"], row["galat_rinci"]) == (None, 240, "metadata tidak terbaca: xmp")


def _with_xmp(packet: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(photo(240, 160, text="x"))).save(out, "JPEG", xmp=packet)
    return out.getvalue()


def test_damaged_metadata_is_a_note_not_an_error(tmp_path):
    broken_iim = photo(240, 160, text="x", iptc={"kredit": "Humas"}).replace(
        b"\x1c\x02\x6e\x00\x05Humas", b"\x1c\x02\x6e\x7f\x05Humas"
    )
    row, xml = facts(tmp_path, broken_iim, _with_xmp(b"<x:xmpmeta><tidak tertutup"))
    assert (row["galat"], row["galat_rinci"]) == (None, "metadata tidak terbaca: iim")
    assert (xml["galat"], xml["galat_rinci"]) == (None, "metadata tidak terbaca: xmp")


def test_origin_is_what_the_picture_claims(tmp_path):
    kinds = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    claims = {
        "AI": [
            photo(240, 160, text="x", exif=PHOTO, xmp={"sumber_digital": f"{kinds}trainedAlgorithmicMedia"}),
            photo(240, 160, text="x", xmp={"sumber_digital": f"{kinds}compositeWithTrainedAlgorithmicMedia"}),
        ],
        "KAMERA": [
            photo(240, 160, text="x", exif=PHOTO),
            photo(240, 160, text="x", xmp={"sumber_digital": f"{kinds}digitalCapture"}),
        ],
        "SUNTINGAN": [
            photo(240, 160, text="x", exif=PHOTO | {"Software": "Adobe Photoshop 26.0"}),
            photo(240, 160, text="x", xmp={"sumber_digital": f"{kinds}humanEdits"}),
        ],
        "TIDAK_DIKETAHUI": [photo(240, 160, text="x")],
    }
    expected = [claim for claim, files in claims.items() for _ in files]
    rows = facts(tmp_path, *(data for files in claims.values() for data in files))
    assert [row["asal_digital"] for row in rows] == expected


def test_sameness(tmp_path):
    base = photo(600, 400, text="Operasi Zebra")
    retagged = photo(600, 400, text="Operasi Zebra", exif=PHOTO, iptc={"kredit": "Humas"}, gps=(-6.8, 110.8))
    recompressed = photo(600, 400, text="Operasi Zebra", quality=50)
    smaller = photo(300, 200, text="Operasi Zebra", fmt="PNG")
    other = photo(600, 400, text="Razia malam")
    rows = facts(tmp_path, base, retagged, recompressed, smaller, other)
    pixels = [row["sidik_piksel"] for row in rows]
    assert pixels[0] == pixels[1]
    assert len(set(pixels)) == 4
    distances = [bin((row["dhash"][0] ^ rows[0]["dhash"][0]) & (1 << 64) - 1).count("1") for row in rows]
    assert distances[1] == 0
    assert max(distances[:4]) <= 6
    assert distances[4] > 12


def repacked(film: bytes, fmt: str) -> bytes:
    """The packets of a film in another container, without its tags. (Encoding twice need not give the same bytes.)"""
    out = io.BytesIO()
    with av.open(io.BytesIO(film)) as there, av.open(out, "w", format=fmt) as here:
        streams = {stream.index: here.add_stream_from_template(stream) for stream in there.streams}
        for packet in there.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                here.mux(packet)
    return out.getvalue()


def test_the_same_streams_in_another_container_are_the_same(tmp_path):
    film = video(1, 160, 90, text="a", tags={"comment": "satu"})
    mp4, mov, other = facts(tmp_path, film, repacked(film, "mov"), video(1, 160, 90, text="b"))
    assert (mp4["tipe_media"], mov["tipe_media"]) == ("video/mp4", "video/quicktime")
    assert mp4["sidik_piksel"] == mov["sidik_piksel"] != other["sidik_piksel"]
    assert len(mp4["dhash"]) >= 1
