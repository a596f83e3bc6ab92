-- What was found in each satker's submissions of a month, by rule.
--
-- Months and submissions are those of `kontribusi_satker`; findings are those of all versions.
--
-- kolom kode_satker: the satker the submission speaks for
-- kolom bulan: month of the first version
-- kolom kode: the rule, as in `schemas/messages.csv`
-- kolom tingkat: GALAT, PERINGATAN or CATATAN
-- kolom temuan: findings, in all versions
-- kolom kiriman: submissions with at least one
-- kolom porsi_kiriman: their share of the satker's submissions of that month, 0 to 1
--
-- contoh: SELECT kode, sum(temuan) AS temuan FROM mutu_satker WHERE bulan = '2026-11' GROUP BY 1 ORDER BY 2 DESC
WITH versi AS (
    SELECT
        k.kiriman,
        split_part(k.kiriman, '.', 1) AS nomor,
        k.versi,
        coalesce(k.kode_satker, '-') AS kode_satker,
        strftime(
            (k._diterima_pada AT TIME ZONE 'UTC')
            + to_hours(CASE s.zona_waktu WHEN 'WIT' THEN 9 WHEN 'WITA' THEN 8 ELSE 7 END),
            '%Y-%m'
        ) AS bulan
    FROM kiriman AS k
    LEFT JOIN satker AS s ON s.kode = k.kode_satker
),

utuh AS (
    SELECT
        nomor,
        arg_min(kode_satker, versi) AS kode_satker,
        arg_min(bulan, versi) AS bulan
    FROM versi
    GROUP BY nomor
),

semua AS (
    SELECT
        kode_satker,
        bulan,
        count(*) AS kiriman
    FROM utuh
    GROUP BY kode_satker, bulan
)

SELECT
    u.kode_satker,
    u.bulan,
    t.kode,
    t.tingkat,
    count(*) AS temuan,
    count(DISTINCT u.nomor) AS kiriman,
    round(count(DISTINCT u.nomor) / any_value(a.kiriman), 4) AS porsi_kiriman
FROM temuan AS t
INNER JOIN versi AS v ON v.kiriman = t.kiriman
INNER JOIN utuh AS u ON u.nomor = v.nomor
INNER JOIN semua AS a ON a.kode_satker = u.kode_satker AND a.bulan = u.bulan
GROUP BY u.kode_satker, u.bulan, t.kode, t.tingkat
ORDER BY u.bulan DESC, u.kode_satker, temuan DESC, t.kode
