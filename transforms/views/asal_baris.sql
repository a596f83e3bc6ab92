-- Where a row comes from: submission, file, sheet, row, standard, batch and release, and what was found in it.
--
-- One row for every row as it was committed, the corrected ones too; join it on `_kunci` and `_kiriman`. `temuan` is
-- what the receipt said of this very row, with the value as it was sent and what was recorded or allowed instead: a
-- region code that had been replaced (`KODE_LAMA`), a merged cell filled down, a suspected personal datum. The rules
-- the row was held to are those of its standard in table `aturan`. The original bytes are in raw under the hash the
-- submission's record names. Numbers and dates that were only written differently (1.250,5; 20/11/2026) are read
-- leniently without a note: their spelling stands in the original alone.
--
-- kolom dataset: dataset
-- kolom _kunci: key of the row
-- kolom _kiriman: receipt number and version of the submission that brought it
-- kolom sumber: registered source that handed it in
-- kolom nama_kiriman: name of the submission
-- kolom versi: its version
-- kolom berkas: file in the submission
-- kolom lembar: sheet of a workbook
-- kolom baris: row in the file, as an editor shows it; the place among the items of a manifest
-- kolom standar: standard and version it was judged by
-- kolom batch: batch that judged and stored it
-- kolom rilis: first release that showed it
-- kolom diterima_pada: when the submission arrived
-- kolom temuan: findings about this row: rule, level, column, value sent, what was recorded or allowed
-- kolom temuan_berkas: rules with a finding about its file or submission as a whole
--
-- contoh: SELECT dataset, _kunci, sumber, berkas, lembar, baris, standar, rilis, temuan FROM asal_baris WHERE dataset = 'teks' ORDER BY _kunci LIMIT 5
-- contoh: SELECT m.uri, a.sumber, a.berkas, a.baris, r.peran FROM media m JOIN asal_baris a ON a._kiriman = m._kiriman AND a.dataset || '|' || a._kunci = m._kunci LEFT JOIN rendisi r USING (sha256) LIMIT 5
-- contoh: SELECT a.kode, a.kolom, a.batas FROM aturan a JOIN asal_baris b ON b.standar = a.standar WHERE b.dataset = 'foto' LIMIT 5
WITH semua AS (
    {{SELECT '$dataset' AS dataset, _kunci, _kiriman, _berkas, _lembar, _baris, _standar, _batch, _diterima_pada
    FROM $dataset_riwayat}}
),

per_baris AS (
    SELECT
        kiriman, berkas, lembar, baris,
        list(struct_pack(kode := kode, tingkat := tingkat, kolom := kolom, nilai := nilai, batas := batas)) AS isi
    FROM temuan
    WHERE baris IS NOT NULL
    GROUP BY ALL
),

per_berkas AS (
    SELECT kiriman, berkas, list(DISTINCT kode ORDER BY kode) AS kode
    FROM temuan
    WHERE baris IS NULL
    GROUP BY ALL
),

terbit AS (
    SELECT batch, min(nomor) AS rilis
    FROM (SELECT CAST(unnest(string_split(batch, ',')) AS BIGINT) AS batch, nomor FROM rilis WHERE batch IS NOT NULL)
    GROUP BY batch
)

SELECT
    s.dataset,
    s._kunci,
    s._kiriman,
    k.sumber,
    k.nama AS nama_kiriman,
    k.versi,
    s._berkas AS berkas,
    s._lembar AS lembar,
    s._baris AS baris,
    s._standar AS standar,
    s._batch AS batch,
    t.rilis,
    s._diterima_pada AS diterima_pada,
    b.isi AS temuan,
    f.kode AS temuan_berkas
FROM semua AS s
LEFT JOIN kiriman AS k ON k.kiriman = s._kiriman
LEFT JOIN terbit AS t ON t.batch = s._batch
LEFT JOIN per_baris AS b
    ON b.kiriman = s._kiriman AND b.berkas = s._berkas AND b.baris = s._baris AND b.lembar IS NOT DISTINCT FROM s._lembar
LEFT JOIN per_berkas AS f ON f.kiriman = s._kiriman AND f.berkas IS NOT DISTINCT FROM s._berkas
