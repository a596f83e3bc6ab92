-- How many people live in each Polda's jurisdiction, as far as that can be said, for each time between two changes.
--
-- A Polda is not a province: its jurisdiction is looked up in `yurisdiksi`. Below the kabupaten/kota there are no
-- figures, so where one is split between two Polda (Kabupaten Tangerang, between Metro Jaya and Banten) its people
-- count in `penduduk_maks` of both and in `penduduk_min` of neither. The people are always those of `periode`; only
-- whose they are follows the time.
--
-- kolom kode_polda: Polda
-- kolom polda: its name
-- kolom berlaku_dari: first day of this jurisdiction; empty: since ever
-- kolom berlaku_sampai: first day it holds no more; empty: it still does
-- kolom periode: what the population is about
-- kolom penduduk_min: people in the provinces, kabupaten and kota that are wholly in it
-- kolom penduduk_maks: with those of the kabupaten and kota that are partly in it
-- kolom terbagi: the codes of these
--
-- contoh: SELECT polda, penduduk_min, penduduk_maks, terbagi FROM penduduk_polda WHERE berlaku_sampai IS NULL ORDER BY 2 DESC
WITH hukum AS (
    SELECT
        kode_satker,
        kode_wilayah,
        bagian,
        coalesce(berlaku_dari, DATE '0001-01-01') AS dari,
        coalesce(berlaku_sampai, DATE '9999-12-31') AS sampai
    FROM yurisdiksi
    WHERE tipe = 'POLDA'
),

batas AS (
    SELECT DISTINCT dari AS hari FROM hukum
    UNION
    SELECT sampai FROM hukum
),

masa AS (
    SELECT hari AS dari, lead(hari) OVER (ORDER BY hari) AS sampai FROM batas
)

SELECT
    h.kode_satker AS kode_polda,
    any_value(s.nama) AS polda,
    nullif(m.dari, DATE '0001-01-01') AS berlaku_dari,
    nullif(m.sampai, DATE '9999-12-31') AS berlaku_sampai,
    p.periode,
    CAST(coalesce(sum(p.jumlah) FILTER (WHERE h.bagian = 'PENUH'), 0) AS BIGINT) AS penduduk_min,
    CAST(sum(p.jumlah) AS BIGINT) AS penduduk_maks,
    string_agg(h.kode_wilayah, ', ' ORDER BY h.kode_wilayah) FILTER (WHERE h.bagian = 'SEBAGIAN') AS terbagi
FROM masa AS m
INNER JOIN hukum AS h ON h.dari <= m.dari AND h.sampai >= m.sampai
-- A province that is partly in it has its kabupaten and kota listed one by one.
INNER JOIN penduduk AS p ON p.kode_wilayah = h.kode_wilayah AND NOT (h.bagian = 'SEBAGIAN' AND length(h.kode_wilayah) = 2)
INNER JOIN satker AS s ON s.kode = h.kode_satker
GROUP BY h.kode_satker, m.dari, m.sampai, p.periode
ORDER BY kode_polda, m.dari
