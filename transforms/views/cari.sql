-- Full-text search in Indonesian over titles, captions and bodies, the best match first.
--
-- `cari('pengamanan pasar')` finds the forms of each word (aman, keamanan, diamankan; pasar, pasarnya): affixes are
-- stripped by spelling alone, without a dictionary (the rules are ours, in transforms/macros.sql), so now and then it
-- finds a word that only looks related, or misses one. Up to four words count. An item needs one of them, and the more
-- of them it has, the oftener, in the title above all, the higher is its `nilai` (BM25). The texts are read at every
-- search, so there is no index that could be behind or hold what was erased; in a large lake say from which day of the
-- event on (`sejak`): what is older is not read.
--
-- parameter: tanya, sejak := DATE '0001-01-01'
-- kolom nilai: the score; it compares items of one search only
-- kolom cocok: how many of the words stand in it
-- kolom dataset: teks, foto, video or audio
-- kolom kode_satker: the satker whose item it is
-- kolom nomor: the item's number
-- kolom judul: title
-- kolom tanggal_kejadian: day of the event
-- kolom kode_wilayah: where it happened
-- kolom topik: topic
-- kolom _kunci: the key of the row in its dataset
-- kolom _kiriman: the receipt of the submission that brought it
--
-- contoh: SELECT round(nilai, 1) AS nilai, dataset, judul FROM cari('pengamanan pasar') LIMIT 10
-- contoh: SELECT judul FROM cari('lalu lintas', sejak := DATE '2026-01-01') WHERE cocok = 2
WITH semua AS MATERIALIZED (
    SELECT count(*) AS banyak, avg(strlen(isi)) AS rata FROM bahan WHERE tanggal_kejadian >= sejak
),

kena AS MATERIALIZED (
    SELECT
        dataset, kode_satker, nomor, judul, tanggal_kejadian, kode_wilayah, topik, _kunci, _kiriman,
        strlen(isi) AS panjang,
        banyak_cocok(judul, isi, pola_ke(tanya, 1)) AS b1,
        banyak_cocok(judul, isi, pola_ke(tanya, 2)) AS b2,
        banyak_cocok(judul, isi, pola_ke(tanya, 3)) AS b3,
        banyak_cocok(judul, isi, pola_ke(tanya, 4)) AS b4
    FROM bahan
    WHERE tanggal_kejadian >= sejak AND regexp_matches(isi || chr(10) || judul, pola_semua(tanya))
),

jumlah AS MATERIALIZED (
    SELECT
        count(*) FILTER (WHERE b1 > 0) AS d1,
        count(*) FILTER (WHERE b2 > 0) AS d2,
        count(*) FILTER (WHERE b3 > 0) AS d3,
        count(*) FILTER (WHERE b4 > 0) AS d4
    FROM kena
)

SELECT
    bm25(b1, d1, banyak, panjang, rata) + bm25(b2, d2, banyak, panjang, rata)
    + bm25(b3, d3, banyak, panjang, rata) + bm25(b4, d4, banyak, panjang, rata) AS nilai,
    (b1 > 0)::INTEGER + (b2 > 0)::INTEGER + (b3 > 0)::INTEGER + (b4 > 0)::INTEGER AS cocok,
    dataset, kode_satker, nomor, judul, tanggal_kejadian, kode_wilayah, topik, _kunci, _kiriman
FROM kena, jumlah, semua
ORDER BY nilai DESC, tanggal_kejadian DESC, _kunci
