-- The figures of the statistical tables per Polda and period, and per 100,000 people of its jurisdiction.
--
-- A Polda's figure adds up its own and those of the Polres below it (`satker.induk`; that they do not overlap is ours).
-- The jurisdiction is that of the period's last day, its population that of `penduduk_polda`. Where a kabupaten is
-- split between two Polda the rate lies between the two given; else they are equal. Head-office satker have no people.
--
-- kolom kode_polda: Polda
-- kolom polda: its name
-- kolom dataset: layanan_informasi or pantauan_media
-- kolom periode: month, as in the dataset
-- kolom ukuran: the column that was added up
-- kolom satker: how many satker reported
-- kolom nilai: the sum
-- kolom per_100_ribu_min: per 100,000 of penduduk_maks
-- kolom per_100_ribu_maks: per 100,000 of penduduk_min
--
-- contoh: SELECT polda, periode, nilai, per_100_ribu_maks FROM statistik_polda WHERE ukuran = 'jumlah_permohonan' ORDER BY 2 DESC, 1
WITH angka AS (
    SELECT kode_satker, periode, 'layanan_informasi' AS dataset, 'jumlah_permohonan' AS ukuran, jumlah_permohonan AS nilai
    FROM layanan_informasi
    UNION ALL
    SELECT kode_satker, periode, 'layanan_informasi', 'jumlah_dikabulkan', jumlah_dikabulkan FROM layanan_informasi
    UNION ALL
    SELECT kode_satker, periode, 'layanan_informasi', 'jumlah_ditolak', jumlah_ditolak FROM layanan_informasi
    UNION ALL
    SELECT kode_satker, periode, 'pantauan_media', 'jumlah_berita', jumlah_berita FROM pantauan_media
),

jumlah AS (
    SELECT
        CASE WHEN s.tipe = 'POLDA' THEN s.kode ELSE s.induk END AS kode_polda,
        a.dataset,
        a.periode,
        a.ukuran,
        count(DISTINCT a.kode_satker) AS satker,
        CAST(sum(a.nilai) AS BIGINT) AS nilai,
        last_day(strptime(left(a.periode, 7), '%Y-%m')) AS hari
    FROM angka AS a
    INNER JOIN satker AS s ON s.kode = a.kode_satker
    GROUP BY ALL
)

SELECT
    j.kode_polda, p.polda, j.dataset, j.periode, j.ukuran, j.satker, j.nilai,
    round(100000 * j.nilai / p.penduduk_maks, 4) AS per_100_ribu_min,
    round(100000 * j.nilai / nullif(p.penduduk_min, 0), 4) AS per_100_ribu_maks
FROM jumlah AS j
INNER JOIN penduduk_polda AS p
    ON p.kode_polda = j.kode_polda
    AND j.hari >= coalesce(p.berlaku_dari, DATE '0001-01-01')
    AND j.hari < coalesce(p.berlaku_sampai, DATE '9999-12-31')
ORDER BY j.periode DESC, j.dataset, j.ukuran, j.kode_polda
