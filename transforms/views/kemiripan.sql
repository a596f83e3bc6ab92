-- Media that are the same, or look it.
--
-- BYTE: the same bytes; PIKSEL: the same picture or sound under other metadata; MIRIP: a picture
-- or key frame that differs in at most 5 of 64 bits (and a video of about the same length). The older one of a
-- pair comes second; of many that are the same, each stands beside the oldest, a video once for each key frame. The SQL
-- is made by `python -m transforms.similar`; a test keeps the two equal.
--
-- kolom dataset: foto, video or audio
-- kolom kode_satker: whose item the newer one belongs to
-- kolom nomor: its item
-- kolom dataset_lain: foto, video or audio
-- kolom kode_satker_lain: whose item the older one belongs to
-- kolom nomor_lain: its item
-- kolom sama: BYTE, PIKSEL or MIRIP
-- kolom jarak: bits that differ
--
-- contoh: SELECT nomor, nomor_lain, sama, jarak FROM kemiripan WHERE kode_satker <> kode_satker_lain
WITH baris AS (
    SELECT dataset, kode_satker, nomor, sha256, sidik_piksel, sidik_mirip, durasi_ms, _diterima_pada, _kunci,
        first_value(_kunci) OVER (PARTITION BY sha256 ORDER BY _diterima_pada, _kunci) AS pertama_byte,
        first_value(_kunci) OVER (PARTITION BY coalesce(sidik_piksel, sha256) ORDER BY _diterima_pada, _kunci)
            AS pertama_piksel,
        row_number() OVER (ORDER BY _diterima_pada, _kunci) AS urut
    FROM media
    WHERE sha256 IS NOT NULL
),

isi AS (SELECT * FROM baris WHERE _kunci = pertama_piksel),

bingkai AS (SELECT * FROM (SELECT urut AS id, ('0x' || unnest(string_split(sidik_mirip, ' ')))::UBIGINT AS h, durasi_ms FROM isi WHERE sidik_mirip <> '') WHERE bit_count(h) BETWEEN 6 AND 58),

wakil AS (SELECT h, durasi_ms, min(id) AS id FROM bingkai GROUP BY h, durasi_ms QUALIFY count(*) OVER (PARTITION BY h) <= 50),

tetangga AS (
    SELECT m.a, min(m.b) AS b, arg_min(m.jarak, m.b) AS jarak FROM (SELECT x.id AS a, y.id AS b, bit_count(xor(x.h, y.h)) AS jarak, x.h FROM (SELECT id, h, xor((h >> 0) & 4194303, unnest([0::UBIGINT, 1::UBIGINT, 2::UBIGINT, 4::UBIGINT, 8::UBIGINT, 16::UBIGINT, 32::UBIGINT, 64::UBIGINT, 128::UBIGINT, 256::UBIGINT, 512::UBIGINT, 1024::UBIGINT, 2048::UBIGINT, 4096::UBIGINT, 8192::UBIGINT, 16384::UBIGINT, 32768::UBIGINT, 65536::UBIGINT, 131072::UBIGINT, 262144::UBIGINT, 524288::UBIGINT, 1048576::UBIGINT, 2097152::UBIGINT])) AS k FROM wakil) x JOIN (SELECT id, h, (h >> 0) & 4194303 AS k FROM wakil) y ON x.k = y.k WHERE bit_count(xor(x.h, y.h)) <= 5 AND x.id > y.id UNION ALL SELECT x.id AS a, y.id AS b, bit_count(xor(x.h, y.h)) AS jarak, x.h FROM (SELECT id, h, xor((h >> 22) & 2097151, unnest([0::UBIGINT, 1::UBIGINT, 2::UBIGINT, 4::UBIGINT, 8::UBIGINT, 16::UBIGINT, 32::UBIGINT, 64::UBIGINT, 128::UBIGINT, 256::UBIGINT, 512::UBIGINT, 1024::UBIGINT, 2048::UBIGINT, 4096::UBIGINT, 8192::UBIGINT, 16384::UBIGINT, 32768::UBIGINT, 65536::UBIGINT, 131072::UBIGINT, 262144::UBIGINT, 524288::UBIGINT, 1048576::UBIGINT])) AS k FROM wakil) x JOIN (SELECT id, h, (h >> 22) & 2097151 AS k FROM wakil) y ON x.k = y.k WHERE bit_count(xor(x.h, y.h)) <= 5 AND x.id > y.id UNION ALL SELECT x.id AS a, y.id AS b, bit_count(xor(x.h, y.h)) AS jarak, x.h FROM (SELECT id, h, xor((h >> 43) & 2097151, unnest([0::UBIGINT, 1::UBIGINT, 2::UBIGINT, 4::UBIGINT, 8::UBIGINT, 16::UBIGINT, 32::UBIGINT, 64::UBIGINT, 128::UBIGINT, 256::UBIGINT, 512::UBIGINT, 1024::UBIGINT, 2048::UBIGINT, 4096::UBIGINT, 8192::UBIGINT, 16384::UBIGINT, 32768::UBIGINT, 65536::UBIGINT, 131072::UBIGINT, 262144::UBIGINT, 524288::UBIGINT, 1048576::UBIGINT])) AS k FROM wakil) x JOIN (SELECT id, h, (h >> 43) & 2097151 AS k FROM wakil) y ON x.k = y.k WHERE bit_count(xor(x.h, y.h)) <= 5 AND x.id > y.id) AS m
    JOIN isi AS x ON x.urut = m.a JOIN isi AS y ON y.urut = m.b
    WHERE coalesce(abs(x.durasi_ms - y.durasi_ms) <= greatest(x.durasi_ms, y.durasi_ms) // 10, TRUE)
    GROUP BY m.a, m.h
),

mirip AS (
    SELECT a, b, min(jarak) AS jarak FROM (
        FROM tetangga
        UNION ALL
        SELECT s.id, w.id, 0 FROM bingkai AS s
        JOIN wakil AS w ON w.h = s.h AND w.durasi_ms IS NOT DISTINCT FROM s.durasi_ms AND w.id < s.id
    ) GROUP BY a, b
),

pasangan AS (
    SELECT _kunci AS ini, pertama_byte AS itu, 'BYTE' AS sama, 0 AS jarak FROM baris WHERE _kunci <> pertama_byte
    UNION ALL
    SELECT _kunci, pertama_piksel, 'PIKSEL', 0 FROM baris WHERE _kunci = pertama_byte AND _kunci <> pertama_piksel
    UNION ALL
    SELECT x._kunci, y._kunci, 'MIRIP', m.jarak FROM mirip AS m JOIN isi AS x ON x.urut = m.a
    JOIN isi AS y ON y.urut = m.b
)

SELECT x.dataset, x.kode_satker, x.nomor, y.dataset AS dataset_lain, y.kode_satker AS kode_satker_lain,
    y.nomor AS nomor_lain, p.sama, CAST(p.jarak AS INTEGER) AS jarak
FROM pasangan AS p
JOIN baris AS x ON x._kunci = p.ini
JOIN baris AS y ON y._kunci = p.itu
ORDER BY p.jarak, x.dataset, x.kode_satker, x.nomor, y.dataset, y.kode_satker, y.nomor
