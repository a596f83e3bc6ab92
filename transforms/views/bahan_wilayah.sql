-- How much material there is of each region, topic and month of the event.
--
-- The region is where it happened, not whose it is: a Polres may report on a place outside its own jurisdiction. Items
-- that name only a province have no kabupaten/kota.
--
-- kolom kode_provinsi: province
-- kolom provinsi: its name
-- kolom kode_kabupaten_kota: kabupaten or kota; empty when the item names only a province
-- kolom kabupaten_kota: its name
-- kolom topik: topic
-- kolom bulan: month of the event, `2026-11`
-- kolom dataset: teks, foto, video or audio
-- kolom bahan: items
--
-- contoh: SELECT provinsi, topik, sum(bahan) AS bahan FROM bahan_wilayah WHERE bulan = '2026-11' GROUP BY ALL ORDER BY 3 DESC
WITH tempat AS (
    SELECT
        left(kode_wilayah, 2) AS kode_provinsi,
        CASE WHEN length(kode_wilayah) >= 5 THEN left(kode_wilayah, 5) END AS kode_kabupaten_kota,
        topik,
        strftime(tanggal_kejadian, '%Y-%m') AS bulan,
        dataset,
        count(*) AS bahan
    FROM bahan
    GROUP BY ALL
)

SELECT t.kode_provinsi, p.nama AS provinsi, t.kode_kabupaten_kota, k.nama AS kabupaten_kota, topik, bulan, dataset, bahan
FROM tempat AS t
LEFT JOIN wilayah AS p ON p.kode = t.kode_provinsi
LEFT JOIN wilayah AS k ON k.kode = t.kode_kabupaten_kota
ORDER BY bulan DESC, t.kode_provinsi, t.kode_kabupaten_kota, topik, dataset
