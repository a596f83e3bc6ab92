-- Contribution by satker and month.
--
-- A submission counts once, with all its versions, in the month in which its first version arrived by the satker's own
-- clock: 23.30 WIB on 31 October is November in Jayapura. A satker that could not be read is `-`. First-time right:
-- nothing of the first version came back. What was refused at the door (`DITOLAK`), is stuck (`MACET`) or waits for its
-- Pembina is in no release and not counted.
--
-- kolom kode_satker: the satker the submission speaks for
-- kolom bulan: month of the first version, `2026-11`
-- kolom kiriman: submissions
-- kolom baris_diterima: rows taken into the tables by all versions; a corrected row counts again
-- kolom baris_terbuka: rows that went back with the newest version: still to be mended
-- kolom langsung_benar: submissions of whose first version nothing came back
-- kolom porsi_langsung_benar: their share of `kiriman`, 0 to 1
-- kolom terlambat: submissions with a period after its due day (`TERLAMBAT`)
-- kolom koreksi_terbuka: submissions whose newest version has something to mend
--
-- contoh: SELECT * FROM kontribusi_satker WHERE bulan = '2026-11' ORDER BY kiriman DESC
-- contoh: SELECT s.nama, k.koreksi_terbuka FROM kontribusi_satker k JOIN satker s ON s.kode = k.kode_satker
WITH versi AS (
    SELECT
        split_part(k.kiriman, '.', 1) AS nomor,
        k.versi,
        coalesce(k.kode_satker, '-') AS kode_satker,
        strftime(
            (k._diterima_pada AT TIME ZONE 'UTC')
            + to_hours(CASE s.zona_waktu WHEN 'WIT' THEN 9 WHEN 'WITA' THEN 8 ELSE 7 END),
            '%Y-%m'
        ) AS bulan,
        k.baris_diterima,
        k.baris_dikembalikan,
        k.baris_dikembalikan > 0 OR k.status = 'DIKEMBALIKAN' AS kembali,
        k.kiriman IN (SELECT t.kiriman FROM temuan AS t WHERE t.kode = 'TERLAMBAT') AS terlambat
    FROM kiriman AS k
    LEFT JOIN satker AS s ON s.kode = k.kode_satker
),

utuh AS (
    SELECT
        nomor,
        arg_min(kode_satker, versi) AS kode_satker,
        arg_min(bulan, versi) AS bulan,
        sum(baris_diterima) AS baris_diterima,
        arg_max(baris_dikembalikan, versi) AS baris_terbuka,
        NOT arg_min(kembali, versi) AS langsung_benar,
        bool_or(terlambat) AS terlambat,
        arg_max(kembali, versi) AS koreksi_terbuka
    FROM versi
    GROUP BY nomor
)

SELECT
    kode_satker,
    bulan,
    count(*) AS kiriman,
    CAST(sum(baris_diterima) AS BIGINT) AS baris_diterima,
    CAST(sum(baris_terbuka) AS BIGINT) AS baris_terbuka,
    count(*) FILTER (WHERE langsung_benar) AS langsung_benar,
    round(count(*) FILTER (WHERE langsung_benar) / count(*), 4) AS porsi_langsung_benar,
    count(*) FILTER (WHERE terlambat) AS terlambat,
    count(*) FILTER (WHERE koreksi_terbuka) AS koreksi_terbuka
FROM utuh
GROUP BY kode_satker, bulan
ORDER BY bulan DESC, kode_satker
