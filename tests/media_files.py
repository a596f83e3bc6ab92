"""Files made by real encoders that the project itself has no use for: HEIC, PDF, DOCX, signed pictures."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from PIL import Image

from transforms.media.iptc import xmp_packet

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def heic(picture: bytes, *, xmp: Mapping[str, str] | None = None) -> bytes:
    """A picture and its EXIF as HEIC, by libheif and x265; XMP as given. An EXIF orientation becomes HEIF's own."""
    import pillow_heif

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    options: dict[str, Any] = {"exif": image.info["exif"]} if "exif" in image.info else {}
    image.info = {}  # or its EXIF would turn the pixels first, and the file would then ask for another turn
    out = io.BytesIO()
    if xmp:
        options["xmp"] = xmp_packet(xmp)
    pillow_heif.from_pillow(image).save(out, quality=60, **options)
    return out.getvalue()


def pdf(*pages: str, title: str = "Rilis", password: str | None = None) -> bytes:
    """A page of Windows-1252 text each, set in Helvetica, written by pypdf."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    name = NameObject
    font = DictionaryObject(
        {name("/Type"): name("/Font"), name("/Subtype"): name("/Type1"), name("/BaseFont"): name("/Helvetica")}
        | {name("/Encoding"): name("/WinAnsiEncoding")}
    )
    for text in pages:
        page = writer.add_blank_page(595, 842)
        content = DecodedStreamObject()
        lines = "".join(f"({line}) Tj 0 -16 Td " for line in text.split("\n"))
        content.set_data(f"BT /F1 12 Tf 72 770 Td {lines}ET".encode("cp1252"))
        page[name("/Contents")] = writer._add_object(content)
        page[name("/Resources")] = DictionaryObject({name("/Font"): DictionaryObject({name("/F1"): font})})
    writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx(*paragraphs: str, before: str = "", part: str = "word/document.xml", namespace: str = _W) -> bytes:
    """The least a word processor opens (ECMA-376), with `before` in front of the root of its `part`."""
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument'
        '.wordprocessingml.document.main+xml"/></Types>'
    )
    rels = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Target="{part}" Type="http://schemas.openxmlformats.org/officeDocument'
        '/2006/relationships/officeDocument"/></Relationships>'
    )
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", rels)
        archive.writestr(part, f'{before}<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>')
    return out.getvalue()


def signed(data: bytes, kind: str, *actions: Mapping[str, str]) -> bytes:
    """The bytes with a C2PA manifest that says `actions`, signed by a certificate nobody knows."""
    import c2pa

    chain, key = _certificate()
    info = c2pa.C2paSignerInfo(b"es256", chain, key, None)
    said = {"label": "c2pa.actions", "data": {"actions": list(actions)}}
    manifest = {"claim_generator_info": [{"name": "Uji", "version": "1"}], "assertions": [said]}
    out = io.BytesIO()
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(manifest) as builder:
        builder.sign(signer, kind, io.BytesIO(data), out)
    return out.getvalue()


@cache
def _certificate() -> tuple[bytes, bytes]:
    """A signing certificate with its issuer's, and its key, all PEM: what C2PA 2.2, 14.5 asks of one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> x509.Name:
        own = [(NameOID.ORGANIZATION_NAME, "Humas contoh"), (NameOID.COMMON_NAME, common)]
        return x509.Name([x509.NameAttribute(oid, text) for oid, text in own])

    def usage(*used: str) -> x509.KeyUsage:
        every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        every += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
        return x509.KeyUsage(**{each: each in used for each in every})

    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = datetime.now(UTC) - timedelta(days=1)
    above_id = x509.SubjectKeyIdentifier.from_public_key(above.public_key())
    own_id = x509.SubjectKeyIdentifier.from_public_key(own.public_key())

    def made(number: int, common: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name(common)).issuer_name(name("Penerbit uji"))
        builder = builder.public_key(key).serial_number(number)
        return builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=365))

    issuer = made(1, "Penerbit uji", above.public_key()).add_extension(x509.BasicConstraints(True, None), True)
    issuer = issuer.add_extension(usage("key_cert_sign", "crl_sign"), True).add_extension(above_id, False)
    leaf = made(2, "Kamera uji", own.public_key()).add_extension(x509.BasicConstraints(False, None), True)
    leaf = leaf.add_extension(usage("digital_signature"), True).add_extension(own_id, False)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above_id)
    leaf = leaf.add_extension(issued_by, False)
    pem = serialization.Encoding.PEM
    chain = b"".join(c.sign(above, hashes.SHA256()).public_bytes(pem) for c in (leaf, issuer))
    secret = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return chain, secret
