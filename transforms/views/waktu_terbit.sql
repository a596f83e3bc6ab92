-- How long an item takes from the event to the submission and to the release, per satker, dataset and month.
--
-- Each item counts once, as it first came, in the month it arrived in, by the satker's own clock. An item that no
-- release shows yet is not counted.
--
-- kolom kode_satker: the satker whose item it is
-- kolom dataset: teks, foto, video or audio
-- kolom bulan: month of arrival
-- kolom bahan: items
-- kolom hari_sampai_diterima: days from the day of the event to that of arrival, median
-- kolom hari_sampai_terbit: days from the day of the event to that of the release, median
-- kolom menit_di_sini: minutes from arrival to release, median
-- kolom menit_di_sini_p95: the same, of which 95 of 100 take less
--
-- contoh: SELECT kode_satker, dataset, bahan, hari_sampai_terbit, menit_di_sini FROM waktu_terbit ORDER BY 1, 2
WITH pertama AS (
    SELECT 'teks' AS dataset, _kunci, min_by(kode_satker, _batch) AS kode_satker,
        min_by(tanggal_kejadian, _batch) AS kejadian, min(_batch) AS batch, min_by(_diterima_pada, _batch) AS diterima
    FROM teks_riwayat GROUP BY _kunci
    UNION ALL
    SELECT 'foto', _kunci, min_by(kode_satker, _batch), min_by(tanggal_kejadian, _batch), min(_batch),
        min_by(_diterima_pada, _batch)
    FROM foto_riwayat GROUP BY _kunci
    UNION ALL
    SELECT 'video', _kunci, min_by(kode_satker, _batch), min_by(tanggal_kejadian, _batch), min(_batch),
        min_by(_diterima_pada, _batch)
    FROM video_riwayat GROUP BY _kunci
    UNION ALL
    SELECT 'audio', _kunci, min_by(kode_satker, _batch), min_by(tanggal_kejadian, _batch), min(_batch),
        min_by(_diterima_pada, _batch)
    FROM audio_riwayat GROUP BY _kunci
),

terbit AS (
    SELECT CAST(unnest(string_split(batch, ',')) AS BIGINT) AS batch, dirilis_pada
    FROM rilis
    WHERE batch IS NOT NULL
),

saat AS (
    SELECT
        p.dataset,
        p.kode_satker,
        p.kejadian,
        p.diterima,
        t.dirilis_pada,
        to_hours(CASE s.zona_waktu WHEN 'WIT' THEN 9 WHEN 'WITA' THEN 8 ELSE 7 END) AS zona
    FROM pertama AS p
    INNER JOIN (SELECT batch, min(dirilis_pada) AS dirilis_pada FROM terbit GROUP BY batch) AS t ON t.batch = p.batch
    LEFT JOIN satker AS s ON s.kode = p.kode_satker
)

SELECT
    kode_satker,
    dataset,
    strftime((diterima AT TIME ZONE 'UTC') + zona, '%Y-%m') AS bulan,
    count(*) AS bahan,
    median(date_diff('day', kejadian, CAST((diterima AT TIME ZONE 'UTC') + zona AS DATE))) AS hari_sampai_diterima,
    median(date_diff('day', kejadian, CAST((dirilis_pada AT TIME ZONE 'UTC') + zona AS DATE))) AS hari_sampai_terbit,
    round(median(date_diff('second', diterima, dirilis_pada)) / 60, 2) AS menit_di_sini,
    round(quantile_cont(date_diff('second', diterima, dirilis_pada), 0.95) / 60, 2) AS menit_di_sini_p95
FROM saat
GROUP BY kode_satker, dataset, bulan
ORDER BY bulan DESC, kode_satker, dataset
