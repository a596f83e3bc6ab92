-- The codes of today, then those of provinces and kabupaten/kota that are no more. A code is in force from the decree
-- that first has it to the one that first has it no more; of those in the oldest vintage we do not know since when.
WITH keputusan AS (
    SELECT
        vintage,
        CAST(ditetapkan AS DATE) AS pada,
        lead(CAST(ditetapkan AS DATE)) OVER (ORDER BY ditetapkan) AS berikut,
        row_number() OVER (ORDER BY ditetapkan) AS ke
    FROM daftar_vintage
),

riwayat AS (
    SELECT
        w.kode,
        arg_max(w.tingkat, k.ke) AS tingkat,
        arg_max(w.nama, k.ke) AS nama,
        arg_max(w.vintage, k.ke) AS vintage,
        arg_min(w.vintage, k.ke) AS vintage_awal,
        CASE WHEN min(k.ke) > 1 THEN min(k.pada) END AS berlaku_dari,
        arg_max(k.berikut, k.ke) AS berlaku_sampai,
        max(k.ke) AS ke
    FROM daftar_wilayah_vintage AS w
    INNER JOIN keputusan AS k ON k.vintage = w.vintage
    GROUP BY w.kode
),

semua AS (
    SELECT kode, tingkat, nama, induk FROM daftar_wilayah
    UNION ALL
    SELECT r.kode, r.tingkat, r.nama, left(r.kode, 2) AS induk
    FROM riwayat AS r ANTI JOIN daftar_wilayah AS w ON w.kode = r.kode
)

SELECT
    s.kode,
    s.tingkat,
    s.nama,
    s.induk,
    'KEMENDAGRI' AS otoritas,
    coalesce(r.vintage, (SELECT max_by(vintage, ke) FROM keputusan)) AS vintage,
    r.vintage_awal,
    r.berlaku_dari,
    -- arg_max passes over NULL, and the newest decree has no successor.
    CASE WHEN r.ke < (SELECT max(ke) FROM keputusan) THEN r.berlaku_sampai END AS berlaku_sampai,
    pengganti.kode_baru,
    pendahulu.kode AS kode_lama,
    CAST(l.luas_km2 AS DOUBLE) AS luas_km2
FROM semua AS s
LEFT JOIN riwayat AS r ON r.kode = s.kode
LEFT JOIN daftar_wilayah_lama AS pengganti ON pengganti.kode = s.kode
LEFT JOIN daftar_wilayah_lama AS pendahulu ON pendahulu.kode_baru = s.kode
LEFT JOIN daftar_luas AS l ON l.kode = s.kode
ORDER BY s.kode
