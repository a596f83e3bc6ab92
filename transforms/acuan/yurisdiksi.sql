SELECT
    satker_kode AS kode_satker,
    satker_tipe AS tipe,
    wilayah_otoritas AS otoritas,
    wilayah_vintage AS vintage,
    wilayah_kode AS kode_wilayah,
    wilayah_tingkat AS tingkat,
    bagian,
    CAST(berlaku_dari AS DATE) AS berlaku_dari,
    CAST(berlaku_sampai AS DATE) AS berlaku_sampai,
    keyakinan,
    sumber,
    CASE perlu_tinjau WHEN 'ya' THEN true WHEN 'tidak' THEN false END AS perlu_tinjau,
    catatan
FROM daftar_yurisdiksi
ORDER BY kode_satker, kode_wilayah, berlaku_dari
