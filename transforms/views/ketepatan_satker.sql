-- Corrections and lateness: how each satker hands in each dataset, by month.
--
-- Submissions and months are those of `kontribusi_satker`. Late is a submission with the finding `TERLAMBAT`: it came
-- after the due day of its period, which only a dataset with a schedule has. Mended is one with more than one version.
--
-- kolom kode_satker: the satker the submission speaks for
-- kolom dataset: the standard it was judged by; `-` when its manifest could not be read
-- kolom bulan: month of the first version
-- kolom kiriman: submissions
-- kolom terlambat: late ones
-- kolom hari_terlambat: days late, median of the late ones
-- kolom hari_terlambat_maks: days late, the latest
-- kolom diperbaiki: submissions with more than one version
-- kolom hari_sampai_benar: days from the first version to the first that came back in no row, median of those of which something came back
--
-- contoh: SELECT * FROM ketepatan_satker WHERE terlambat > 0 OR diperbaiki > 0
WITH versi AS (
    SELECT
        split_part(k.kiriman, '.', 1) AS nomor,
        k.versi,
        coalesce(k.kode_satker, '-') AS kode_satker,
        coalesce(k.dataset, '-') AS dataset,
        k._diterima_pada AS pada,
        (k._diterima_pada AT TIME ZONE 'UTC')
        + to_hours(CASE s.zona_waktu WHEN 'WIT' THEN 9 WHEN 'WITA' THEN 8 ELSE 7 END) AS di_sana,
        k.baris_dikembalikan > 0 OR k.status = 'DIKEMBALIKAN' AS kembali,
        t.batas
    FROM kiriman AS k
    LEFT JOIN satker AS s ON s.kode = k.kode_satker
    LEFT JOIN (
        SELECT kiriman, min(TRY_CAST(batas AS DATE)) AS batas FROM temuan WHERE kode = 'TERLAMBAT' GROUP BY kiriman
    ) AS t ON t.kiriman = k.kiriman
),

utuh AS (
    SELECT
        nomor,
        arg_min(kode_satker, versi) AS kode_satker,
        arg_max(dataset, versi) AS dataset,
        strftime(arg_min(di_sana, versi), '%Y-%m') AS bulan,
        count(*) AS versi,
        max(date_diff('day', batas, CAST(di_sana AS DATE))) AS hari_terlambat,
        bool_or(batas IS NOT NULL) AS terlambat,
        arg_min(kembali, versi) AS pernah_kembali,
        date_diff('day', min(pada), min(pada) FILTER (WHERE NOT kembali)) AS hari_sampai_benar
    FROM versi
    GROUP BY nomor
)

SELECT
    kode_satker,
    dataset,
    bulan,
    count(*) AS kiriman,
    count(*) FILTER (WHERE terlambat) AS terlambat,
    median(hari_terlambat) AS hari_terlambat,
    max(hari_terlambat) AS hari_terlambat_maks,
    count(*) FILTER (WHERE versi > 1) AS diperbaiki,
    median(hari_sampai_benar) FILTER (WHERE pernah_kembali) AS hari_sampai_benar
FROM utuh
GROUP BY kode_satker, dataset, bulan
ORDER BY bulan DESC, kode_satker, dataset
