-- Every item of the four kinds of material, newest state, in columns they share.
--
-- A text's body, or the caption and the alternative text of a photo, video or recording, is in `isi`.
--
-- kolom dataset: teks, foto, video or audio
-- kolom kode_satker: the satker whose item it is
-- kolom nomor: the item's number in the satker's own books
-- kolom judul: title
-- kolom isi: body, or caption and alternative text
-- kolom tanggal_kejadian: day of the event, by the satker's clock
-- kolom kode_wilayah: where it happened, province to village
-- kolom topik: topic
-- kolom peristiwa: what ties items about one event together
-- kolom klasifikasi_informasi: class of information (UU 14/2008)
-- kolom _kunci: the key of the row in its dataset
-- kolom _kiriman: the receipt of the submission that brought it
-- kolom _batch: the batch that brought it
-- kolom _diterima_pada: when that submission arrived
--
-- contoh: SELECT dataset, judul, tanggal_kejadian FROM bahan WHERE kode_satker = 'JATENG' ORDER BY 3 DESC, 1, 2
SELECT
    'teks' AS dataset, kode_satker, nomor, judul, isi, tanggal_kejadian, kode_wilayah, topik, peristiwa,
    klasifikasi_informasi, _kunci, _kiriman, _batch, _diterima_pada
FROM teks
UNION ALL
SELECT
    'foto', kode_satker, nomor, judul, concat_ws(chr(10), keterangan, teks_alternatif), tanggal_kejadian, kode_wilayah,
    topik, peristiwa, klasifikasi_informasi, _kunci, _kiriman, _batch, _diterima_pada
FROM foto
UNION ALL
SELECT
    'video', kode_satker, nomor, judul, concat_ws(chr(10), keterangan, teks_alternatif), tanggal_kejadian, kode_wilayah,
    topik, peristiwa, klasifikasi_informasi, _kunci, _kiriman, _batch, _diterima_pada
FROM video
UNION ALL
SELECT
    'audio', kode_satker, nomor, judul, concat_ws(chr(10), keterangan, teks_alternatif), tanggal_kejadian, kode_wilayah,
    topik, peristiwa, klasifikasi_informasi, _kunci, _kiriman, _batch, _diterima_pada
FROM audio
