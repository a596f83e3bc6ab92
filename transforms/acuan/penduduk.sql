SELECT kode AS kode_wilayah, '2024-S2' AS periode,
    CAST(laki_laki AS BIGINT) AS laki_laki,
    CAST(perempuan AS BIGINT) AS perempuan,
    CAST(total AS BIGINT) AS jumlah
FROM daftar_penduduk
ORDER BY kode
